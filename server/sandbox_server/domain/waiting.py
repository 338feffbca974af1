"""Containers that wait with a library loaded: which app may take one, and what it is handed then.

What R reads only when it starts, or when a package is loaded, cannot be given to a process that has done both. An app
for which that could matter starts cold.
"""

import json
import re
import struct
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from sandbox_server.domain.archive import MIB, Unpacked
from sandbox_server.domain.kind import Kind

LARGEST_FILE = 8 * MIB
"""A larger one is no copy in memory but a link into the image."""
LARGEST_BUNDLE = 32 * MIB
"""Above this, handing over takes longer than what it saves."""
MEMORY = 256 * MIB
"""Bytes that a container may use while it waits."""

_LOADS = {Kind.shiny: "shiny", Kind.plumber: "plumber"}
"""What the runner attaches for a kind."""
_READ_AT_START = re.compile(
    r"_?R_.*|LC_.*|LD_.*|LANG(UAGE)?|OMP_.*|(OPEN|GOTO)?BLAS_.*|BLIS_.*|MKL_.*|RCPP_.*|ARROW_.*|MC_CORES|MALLOC_.*"
    r"|PATH|HOME|USER|SHELL|TERM|TMP(DIR)?|TEMP|TZDIR|COLUMNS|LINES|EDITOR|PAGER|BROWSER|DISPLAY"
    r"|RENV_.*|RETICULATE_.*|PYTHON.*|_?JAVA.*|CUDA.*|CURL_.*|SSL_.*|GDAL_.*|PROJ_.*|PLUMBER_.*|SHINY_.*"
    r"|NO_COLOR|FORCE_COLOR|CLI_.*|CRAYON_.*|PKG_.*|QUARTO_.*|TAR|UNZIP|VISUAL"
)
_SAID_LATER = frozenset({"R_CONFIG_ACTIVE"})
"""Begins like those, but is read when the app asks for its settings."""
_LOOKS_AT_LOADED = re.compile(
    rb"\.libPaths\s*\(\s*[^)\s]|lib\.loc|load_all|loadedNamespaces|isNamespaceLoaded|unloadNamespace|packageEvent"
)
"""Code that chooses where packages come from, or asks which are loaded."""
_OF_RENV = re.compile(rb"\s*(source\([\"'](renv/activate|packrat/init)\.R[\"']\)\s*)?(#.*)?")


@dataclass(frozen=True)
class Shape:
    """What a container is made with and cannot change later."""

    library: str
    """The image Id of the library."""
    packages: frozenset[str]
    """Loaded, not attached."""
    memory: int
    """Bytes that its temporary folders are made for."""
    cpus: float

    def suits(self, wanted: "Shape") -> bool:
        """Whether an app that would load `wanted.packages` finds nothing here that it has not asked for."""
        same = (self.library, self.memory, self.cpus) == (wanted.library, wanted.memory, wanted.cpus)
        return same and self.packages <= wanted.packages


def packages_of(kind: Kind, asked: Collection[str]) -> frozenset[str]:
    """What the app and its runner load; empty: this kind starts cold."""
    own = _LOADS.get(kind)
    return frozenset({own, *asked}) if own else frozenset()


def wanted_shapes(pushed: Iterable[Shape], each: int, total: int, memory: int) -> list[Shape]:
    """For what containers shall wait, in this order: `each` for every shape of `pushed` (newest first), until there are
    `total`, or until `memory` bytes are full."""
    most = min(total, memory // MEMORY)
    return [shape for shape in dict.fromkeys(pushed) if shape.packages for _ in range(each)][:most]


def may_set_late(names: Collection[str]) -> bool:
    """Whether variables with these names mean the same to a process that is there already."""
    return not any(_READ_AT_START.fullmatch(name) for name in names if name not in _SAID_LATER)


def may_hand_over(files: Sequence[Unpacked]) -> bool:
    """Whether these files do the same in a process that has packages loaded."""
    if sum(len(file.content) for file in files) > LARGEST_BUNDLE:
        return False
    paths = {file.path for file in files}
    is_package = "DESCRIPTION" in paths and "R" in paths
    return not is_package and all(_is_plain(file) for file in files if not file.folder)


def handed_over(kind: Kind, entry: str, environment: Mapping[str, str], files: Sequence[Unpacked]) -> bytes:
    """What the runner reads: the length of what is said, what is said as JSON, the bytes of all files."""
    rows = [
        {
            "path": file.path, "folder": file.folder, "size": len(file.content),
            "executable": file.executable, "modified": file.modified,
        }
        for file in files
    ]  # fmt: skip
    said = json.dumps(
        {"kind": kind, "entry": entry, "environment": dict(environment), "files": rows}
    ).encode()
    return b"".join([struct.pack(">i", len(said)), said, *(file.content for file in files)])


def _is_plain(file: Unpacked) -> bool:
    if len(file.content) > LARGEST_FILE:
        return False
    if file.path == ".Rprofile":
        return all(_OF_RENV.fullmatch(line) for line in file.content.splitlines())
    return not (file.path.lower().endswith((".r", ".rmd")) and _LOOKS_AT_LOADED.search(file.content))
