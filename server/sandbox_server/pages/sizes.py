"""How big a batch is beside what is usual, in words and as bars. Pure."""

from dataclasses import dataclass

from sandbox_server.domain.durations import in_words
from sandbox_server.pages.words import count_of
from sandbox_server.wire_review import Batch

_DAY = 86400.0
_WORTH_A_WORD = {"Commits": 3.0, "Lines": 20.0, "Files": 3.0, "Last release": 2.0}
"""Below these numbers nothing is large, whatever is usual."""


@dataclass(frozen=True)
class Measure:
    """One number of a batch."""

    name: str
    words: str
    """Such as "31 commits"."""
    usual: str
    """Such as "usually 4"; empty if nothing is usual yet."""
    width: float
    """Of its bar, in percent of the longer one of the two."""
    mark: float
    """Where the usual one ends, in percent."""
    large: bool
    """More than twice the usual."""


def measures(batch: Batch, usual: Batch | None) -> list[Measure]:
    """Those that are known."""
    often = usual or Batch(commits=None, lines=None, files=None, days=None)
    told = [
        ("Commits", batch.commits, often.commits),
        ("Lines", batch.lines, often.lines),
        ("Files", batch.files, often.files),
        ("Last release", batch.days, often.days),
    ]
    return [_measure(name, value, middle) for name, value, middle in told if value is not None]


def _measure(name: str, value: float, often: float | None) -> Measure:
    if often is None:
        return Measure(name, _words(name, value), "", 0, 0, large=False)
    longest = max(value, often) or 1
    return Measure(
        name=name,
        words=_words(name, value),
        usual=f"usually {_usual(name, often)}",
        width=round(value / longest * 100, 1),
        mark=round(often / longest * 100, 1),
        large=value > 2 * often and value >= _WORTH_A_WORD[name],
    )


def _words(name: str, value: float) -> str:
    if name == "Last release":
        return f"{in_words(value * _DAY)} ago"
    return count_of(round(value), name.lower().removesuffix("s")).replace(
        str(round(value)), f"{round(value):,}", 1
    )


def _usual(name: str, often: float) -> str:
    return in_words(often * _DAY) if name == "Last release" else f"{round(often):,}"
