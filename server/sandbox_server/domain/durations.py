"""Spans of time as people write them: "90s", "30m", "24h", "7d"."""

import re

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_SPAN = re.compile(r"(?P<number>[0-9]{1,6}(\.[0-9]{1,3})?)\s*(?P<unit>[smhd])")


def seconds_of(text: str) -> float:
    """Raises `ValueError` with a sentence."""
    match = _SPAN.fullmatch(text.strip().lower())
    if not match:
        raise ValueError(f'{text[:40]!r} is no span of time; write "90s", "30m", "24h" or "7d"')
    return float(match["number"]) * _UNITS[match["unit"]]


def in_words(seconds: float) -> str:
    """Such as "90 s", "30 min", "24 h" or "7 days"."""
    for size, name in ((86400, "days"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size or (seconds == size and size != 86400):
            return f"{seconds / size:.1f}".removesuffix(".0") + f" {name}"
    return f"{seconds:.0f} s" if seconds < 86400 else "24 h"
