"""One table: what was measured, what it was compared with, and whether that is good enough."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles

USUAL = {"slots": 512, "max_connections": 6000, "reconcile_every": 2, "settle": 10}
"""Settings as people have them; those of other tests are for haste."""

HEAD = ("what", "Sandbox", "compared with", "ratio", "target", "met")


@dataclass(frozen=True)
class Row:
    what: str
    ours: str
    theirs: str = ""
    ratio: str = ""
    target: str = ""
    met: bool | None = None
    """None: there is no target, the row is for information."""

    @property
    def cells(self) -> tuple[str, ...]:
        verdict = {None: "", True: "yes", False: "**no**"}[self.met]
        return (self.what, self.ours, self.theirs, self.ratio, self.target, verdict)


def table(rows: Sequence[Row]) -> str:
    lines = [HEAD, *(row.cells for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEAD))]
    texts = ["| " + " | ".join(map(str.ljust, line, widths)) + " |" for line in lines]
    rule = "| " + " | ".join("-" * width for width in widths) + " |"
    return "\n".join([texts[0], rule, *texts[1:]])


def at_most(limit: float) -> Callable[[float], bool]:
    return lambda value: value <= limit


def compared(
    what: str, ours: Sequence[float], theirs: Sequence[float], unit: str, other: str, target: str,
    good: Callable[[float], bool] | None = None,
) -> Row:  # fmt: skip
    """Medians of both and their ratio."""
    ratio = median(ours) / median(theirs)
    return Row(
        what, _value(median(ours), unit), f"{_value(median(theirs), unit)} ({other})", f"{ratio:.2f}", target,
        good(ratio) if good else None,
    )  # fmt: skip


def percentile(values: Sequence[float], percent: int) -> float:
    return quantiles(values, n=100, method="inclusive")[percent - 1]


def machine() -> str:
    """What the figures were taken on: they mean little elsewhere, the ratios do."""
    processors = len(os.sched_getaffinity(0))
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3
    load = Path("/proc/loadavg").read_text().split()[0]
    return f"{processors} processors, {memory:.0f} GiB of memory, load {load} before the run"


def _value(value: float, unit: str) -> str:
    digits = 0 if value >= 1000 else 2 if value < 10 else 1
    return f"{value:,.{digits}f} {unit}"
