"""Say in words what went wrong with an app."""

import re
from collections.abc import Sequence
from typing import Any

from sandbox_server.errors import NotPossible, SandboxError, StartFailed
from sandbox_server.runtime.base import Container, LogLine

KILLED = 137
_R_ERROR = re.compile(r"^\s*(Error\b|Warning: Error\b|Execution halted)")
_CANNOT_RENDER = re.compile(r"^sandbox: cannot render: (.*)")
_QUITTING = re.compile(
    r"Quitting from (?:lines (?P<span>[\d-]+) (?:\[(?P<name>[^]]*)\] )?\((?P<path>.+)\)"
    r"|(?P<file>.+?):(?P<lines>\d+(?:-\d+)?)(?: \[(?P<chunk>[^]]*)\])?)"
)
"""knitr's words, in its older and its newer form."""
_R_TRACE = re.compile(r"^\s*\d+: ")


def problem(error: SandboxError) -> dict[str, Any]:
    """An error as it is stored and sent."""
    return {"code": error.code, "message": error.message, "hint": error.hint, "detail": error.detail}


CANCELLED = problem(NotPossible("It was cancelled."))


def ended(container: Container, memory: int, lines: Sequence[LogLine]) -> StartFailed:
    """An app whose process is gone, in words."""
    detail = r_error(lines)
    more = 'Set `memory` in sandbox.toml, such as memory = "2GiB".'
    if container.out_of_memory:
        return StartFailed(f"The app ran out of memory, limit {shown_size(memory)}.", more, detail)
    if container.exit_code == KILLED:
        # Not every engine tells why; nobody else kills an app.
        message = (
            f"The app was killed (exit code {KILLED}), most likely out of memory, limit {shown_size(memory)}."
        )
        return StartFailed(message, more, detail)
    if said := _not_rendered(lines):
        return StartFailed(f"The document could not be rendered: {said}", "", detail)
    return StartFailed(f"R ended by itself with exit code {container.exit_code}.", "", detail)


def point_at(error: SandboxError, number: int) -> None:
    """Make its hint name the deployment: by itself `sandbox logs` shows the newest one's."""
    error.hint = error.hint.replace("`sandbox logs", f"`sandbox logs d{number}")


def r_error(lines: Sequence[LogLine], most: int = 25) -> str:
    """The last lines of the log, from R's error on if there is one."""
    texts = [line.text for line in lines][-200:]
    starts = [number for number, text in enumerate(texts) if _R_ERROR.match(text)]
    starts = [number for number in starts if "Execution halted" not in texts[number]] or starts
    first = _before_trace(texts, starts[-1]) if starts else max(len(texts) - most, 0)
    return "\n".join(texts[first : first + most])


def _not_rendered(lines: Sequence[LogLine]) -> str:
    """Why a document was not rendered, with its chunk; empty if it was something else."""
    texts = [line.text for line in lines]
    why = next((found[1] for text in reversed(texts) if (found := _CANNOT_RENDER.match(text))), "")
    place = next((found for text in reversed(texts) if (found := _QUITTING.search(text))), None)
    if not why or place is None:
        return why
    name = place["chunk"] or place["name"]
    chunk = f" (chunk {name})" if name else ""
    return f"{place['file'] or place['path']}, lines {place['lines'] or place['span']}{chunk}: {why}"


def _before_trace(texts: Sequence[str], error: int) -> int:
    """Where the story of this error begins: R says files and lines before it repeats the error itself."""
    first = error
    while first > 0 and (_R_TRACE.match(texts[first - 1]) or _R_ERROR.match(texts[first - 1])):
        first -= 1
    return max(first - 2, 0)


def shown_size(size: int) -> str:
    for unit, factor in (("GiB", 1024**3), ("MiB", 1024**2), ("KiB", 1024)):
        if size >= factor:
            return f"{size / factor:.3g} {unit}"
    return f"{size} B"
