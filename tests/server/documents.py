"""An app in memory that behaves as a document does: each rendering is another one, and what was given is shown."""

import io
import json
import tarfile
from collections.abc import Mapping
from dataclasses import replace

from tests.server.platform import Platform

from sandbox_server.builder.memory import BASE
from sandbox_server.domain.instance import Scope
from sandbox_server.operations.documents import FOLDER
from sandbox_server.runtime import ContainerSpec

REPORT = {"report.Rmd": "---\ntitle: Sales\noutput: html_document\n---\n"}


class Pages:
    """Renders `index.html` with the database's name, the parameters, and how often anything was rendered."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._made: dict[str, bytes] = {}
        platform.runtime.makes = self._make
        platform.builder.now = replace(
            BASE, installed={**BASE.installed, "knitr": "1.50", "rmarkdown": "2.29"}
        )

    async def shown(self, number: int, scope: Scope = Scope.sandbox) -> str:
        """What a visitor reads."""
        instance = await self._platform.instance(number, scope)
        chunks = [chunk async for chunk in self._platform.runtime.take(instance.name, FOLDER)]
        with tarfile.open(fileobj=io.BytesIO(b"".join(chunks))) as tar:
            file = tar.extractfile(f"{FOLDER.rpartition('/')[2]}/index.html")
            assert file is not None
            return file.read().decode()

    def _make(self, spec: ContainerSpec, path: str) -> bytes | None:
        if path != FOLDER or "SANDBOX_OUTPUT" in spec.environment:
            return None
        if spec.name not in self._made:
            text = f"<p>{_words(spec.environment)}</p><p>rendering {len(self._made) + 1}</p>"
            self._made[spec.name] = packed({"index.html": text})
        return self._made[spec.name]


def packed(files: Mapping[str, str]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for path, text in files.items():
            entry = tarfile.TarInfo(f"{FOLDER.rpartition('/')[2]}/{path}")
            entry.size = len(text.encode())
            tar.addfile(entry, io.BytesIO(text.encode()))
    return buffer.getvalue()


def _words(environment: Mapping[str, str]) -> str:
    parameters = json.loads(environment["SANDBOX_PARAMETERS"])
    said = "".join(f" {name}={value}" for name, value in sorted(parameters.items()))
    return f"database {environment.get('DB_NAME', 'none')}{said}"
