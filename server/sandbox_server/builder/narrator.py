"""Reads what an installation prints: keeps each step's own lines, and tells a person how far it is."""

import re
from collections import deque

from sandbox_server.builder.base import Report
from sandbox_server.domain.build_trouble import Step

MARK = "::sandbox:: "
_FIRST = 400
_LAST = 200
_APT = {"Get": "downloading", "Unpacking": "unpacking", "Setting up": "setting up"}
_TAIL = 60


class Narrator:
    """`line` takes what the installer prints, in the event loop."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._packages = 0
        self._done = 0
        self._apt_total = 0
        self._apt: dict[str, int] = {}
        self._first: list[str] = []
        self._last: deque[str] = deque(maxlen=_LAST)
        self.step = Step("start")
        self.status = 0
        """What R ended with, once a package failed."""

    @property
    def lines(self) -> list[str]:
        """Of the present step: its beginning and its end."""
        return [*self._first, *self._last]

    @property
    def tail(self) -> str:
        return "\n".join(self.lines[-_TAIL:])

    def expect(self, packages: int) -> None:
        """How many R packages will be installed from archives."""
        self._packages = packages

    def line(self, text: str) -> None:
        if text.startswith(MARK):
            self._mark(text.removeprefix(MARK).split(" "))
            return
        self._report.line(text)
        if len(self._first) < _FIRST:
            self._first.append(text)
        else:
            self._last.append(text)
        if self.step.what == "debian":
            self._count(text)

    def _mark(self, words: list[str]) -> None:
        if words[0] == "failed":
            self.status = int(words[-1]) if re.fullmatch("[0-9]{1,3}", words[-1]) else 1
            return
        self.step = Step(*words[:3])
        self._first.clear()
        self._last.clear()
        if self.step.what == "package":
            self._done += 1
        self._tell()

    def _tell(self) -> None:
        step = self.step
        words = {
            "debian": "reading Debian's package lists",
            "package": f"installing {self._done} of {self._packages} packages: {step.package}",
            "python": "installing Python's packages",
            "quarto": "unpacking Quarto",
            "stock": "taking stock",
        }.get(step.what, "installing")
        self._report.step(words)
        if step.what == "package":
            self._report.line(f"[{self._done} of {self._packages}] {step.package} {step.version}")

    def _count(self, text: str) -> None:
        if match := re.match(r"\d+ upgraded, (\d+) newly installed", text):
            self._apt_total = int(match[1])
            self._apt.clear()
        elif self._apt_total and (match := re.match(r"(Get|Unpacking|Setting up)[: ](\S+)", text)):
            done = self._apt[match[1]] = self._apt.get(match[1], 0) + 1
            name = "" if match[1] == "Get" else f": {match[2].split(':')[0]}"
            self._report.step(f"{_APT[match[1]]} {done} of {self._apt_total} Debian packages{name}")
