"""Reads what mmdebstrap says, and tells a person how far it is."""

import re
from collections import deque
from collections.abc import Callable

_STAGES = {
    "running apt-get update": "reading Debian's package lists",
    "downloading packages with apt": "downloading the system",
    "extracting archives": "unpacking the system",
    "installing essential packages": "installing the system",
    "installing remaining packages": "installing R and its packages",
    "cleaning package lists": "cleaning up",
    "creating tarball": "handing it to the engine",
}
_EVERY = 25


class Steps:
    """Counts packages and names stages; `tail` is the end of what was read, for an error's detail."""

    def __init__(self, progress: Callable[[str], None]) -> None:
        self._progress = progress
        self._lines: deque[str] = deque(maxlen=20)
        self._counts: dict[str, int] = {}
        self._total = 0

    def read(self, line: str) -> None:
        self._lines.append(line)
        if stage := next((say for said, say in _STAGES.items() if line.startswith(f"I: {said}")), None):
            self._counts.clear()
            self._progress(stage)
        elif match := re.match(r"\d+ upgraded, (\d+) newly installed", line):
            self._total = int(match[1])
        elif match := re.match(r"(Get|Unpacking|Setting up)[: ]", line):
            self._count(match[1])

    @property
    def tail(self) -> str:
        return "\n".join(self._lines)

    def _count(self, what: str) -> None:
        done = self._counts[what] = self._counts.get(what, 0) + 1
        verb = {"Get": "downloading", "Unpacking": "unpacking", "Setting up": "setting up"}[what]
        if self._total and (done % _EVERY == 0 or done == self._total):
            self._progress(f"{verb} {done} of {self._total} packages")
