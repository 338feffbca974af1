"""Tiny R packages, written in the tests: source archives as a repository has them."""

import hashlib
import io
import tarfile
from collections.abc import Mapping
from pathlib import Path

from sandbox_server.builder import SourcePackage


def r_package(
    folder: Path,
    name: str,
    version: str = "1.0",
    *,
    fields: Mapping[str, str] | None = None,
    files: Mapping[str, str] | None = None,
    exports: str = 'exportPattern("^[a-z]")\n',
    shared: bool = False,
) -> SourcePackage:
    """A source package below `folder`: `fields` go into its DESCRIPTION, `files` beside it."""
    description = {
        "Package": name,
        "Version": version,
        "Title": f"The Package {name}",
        "Author": "A Test",
        "Maintainer": "A Test <a@example.org>",
        "Description": "Made for a test.",
        "License": "GPL-3",
        **(fields or {}),
    }
    content = {
        "DESCRIPTION": "".join(f"{key}: {value}\n" for key, value in description.items()),
        "NAMESPACE": exports,
        "R/code.R": f'hello <- function() "{name} {version}"\n',
        **(files or {}),
    }
    data = _packed(name, content)
    digest = hashlib.sha256(data).hexdigest()
    archive = folder / digest
    archive.write_bytes(data)
    return SourcePackage(name, version, archive, digest, "https://cran.example", shared)


def compiled(
    folder: Path, name: str, code: str = "int answer(void) { return 42; }\n", **more: object
) -> SourcePackage:
    """One with C code."""
    namespace = f'useDynLib({name})\nexportPattern("^[a-z]")\n'
    return r_package(folder, name, files={"src/code.c": code}, exports=namespace, **more)  # type: ignore[arg-type]


def _packed(name: str, content: Mapping[str, str]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for path, text in content.items():
            entry = tarfile.TarInfo(f"{name}/{path}")
            entry.size = len(text.encode())
            entry.mode = 0o755 if path == "configure" else 0o644
            tar.addfile(entry, io.BytesIO(text.encode()))
    return buffer.getvalue()
