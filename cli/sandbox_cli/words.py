"""Numbers and times as people say them."""

from datetime import UTC, datetime

KIB = 1024
UNITS = {"d": 86400, "h": 3600, "min": 60}
"""Seconds."""


def size(count: int | None) -> str:
    if count is None:
        return "–"
    amount = float(count)
    for unit in ("B", "KiB", "MiB"):
        if amount < KIB:
            return f"{amount:.0f} {unit}" if unit == "B" or amount >= 10 else f"{amount:.1f} {unit}"
        amount /= KIB
    return f"{amount:.1f} GiB"


KINDS = {
    "shiny": "Shiny app",
    "rmd-shiny": "Interactive R Markdown document",
    "quarto-shiny": "Interactive Quarto document",
    "rmd": "R Markdown document",
    "quarto": "Quarto document",
    "plumber": "Plumber API",
    "static": "Static site",
}


def kind(word: str) -> str:
    """How people call a kind of app."""
    return KINDS.get(word, word)


def plural(count: int, one: str, many: str = "") -> str:
    return f"{count} {one if count == 1 else many or one + 's'}"


def sessions(count: int | None) -> str:
    return "?" if count is None else str(count)


def seconds(span: float) -> str:
    return f"{span:.1f} s" if span < 60 else f"{int(span // 60)} min {int(span % 60)} s"


def span(length: float) -> str:
    """Seconds as one number: "40 s", "12 min", "3 h", "2 d"."""
    for unit, size in UNITS.items():
        if length >= 2 * size:
            return f"{round(length / size)} {unit}"
    return f"{length:.0f} s"


def ago(moment: str | None, now: datetime | None = None) -> str:
    """ "3 min ago" of an ISO time; a dash for none."""
    if not moment:
        return "–"
    passed = ((now or datetime.now(UTC)) - _time(moment)).total_seconds()
    for unit, size in UNITS.items():
        if passed >= size:
            return f"{int(passed // size)} {unit} ago"
    return "just now"


def left(moment: str | None, now: datetime | None = None) -> str:
    """ "in 3 min" of an ISO time; "never" for none."""
    if not moment:
        return "never"
    length = (_time(moment) - (now or datetime.now(UTC))).total_seconds()
    return f"in {span(length)}" if length >= 1 else "now"


def day(moment: str) -> str:
    """ "25 Nov" of an ISO time."""
    then = _time(moment).astimezone()
    return f"{then.day} {then:%b}"


def clock(moment: str) -> str:
    return f"{_time(moment).astimezone():%H:%M:%S}"


def _time(moment: str) -> datetime:
    then = datetime.fromisoformat(moment)
    return then if then.tzinfo else then.replace(tzinfo=UTC)
