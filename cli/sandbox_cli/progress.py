"""What a phase says of how far it is: "installing 3 of 12 packages: zoo"."""

import re
from time import monotonic

COUNTED = re.compile(r"(?P<doing>.*?)\b(?P<done>\d{1,6}) of (?P<all>\d{1,6})\b(?P<rest>.*)")
WIDTH = 16
QUIET = 30
"""Seconds after which a phase that goes on is told again, where lines cannot change."""


def bar(text: str, width: int = WIDTH) -> str:
    """The text with a bar before it, if it counts something."""
    found = COUNTED.fullmatch(text)
    if not found or not int(found["all"]):
        return text
    full = min(int(found["done"]) * width // int(found["all"]), width)
    return f"{'━' * full}{'╌' * (width - full)} {text}"


class Lines:
    """Decides which news become lines: a new phase at once, the next item of the same phase now and then."""

    def __init__(self) -> None:
        self._phase: str | None = None
        self._said_at = self._began = monotonic()

    def line(self, text: str) -> str | None:
        """What to print for this news, or nothing."""
        found = COUNTED.fullmatch(text)
        phase = found["doing"] if found else text
        now = monotonic()
        if phase == self._phase and now - self._said_at < QUIET:
            return None
        first, self._phase, self._said_at = phase != self._phase, phase, now
        if not found:
            return text if first else None
        said = f"{phase}{found['all']}{found['rest'].partition(':')[0]}" if first else text
        return said if first else f"{said} ({now - self._began:.0f} s)"
