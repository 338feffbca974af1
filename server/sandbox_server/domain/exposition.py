"""Prometheus's text format: families of samples as text."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@dataclass(frozen=True)
class Sample:
    labels: Mapping[str, str]
    value: float
    suffix: str = ""
    """Of a histogram: "_bucket", "_sum" or "_count"."""


@dataclass
class Family:
    """All samples of one name."""

    name: str
    type: Literal["counter", "gauge", "histogram"]
    help: str
    samples: list[Sample] = field(default_factory=list)

    def add(self, labels: Mapping[str, str], value: float) -> None:
        self.samples.append(Sample(labels, value))

    def observe(
        self, labels: Mapping[str, str], edges: Sequence[float], counts: Mapping[int, int], total: float
    ) -> None:
        """A histogram: `counts` by class, of which the one beyond the last edge is open; `total` of all values."""
        seen = 0
        for place, edge in enumerate((*edges, float("inf"))):
            seen += counts.get(place, 0)
            self.samples.append(Sample({**labels, "le": _number(edge)}, seen, "_bucket"))
        self.samples += [Sample(labels, total, "_sum"), Sample(labels, seen, "_count")]


def text(families: Iterable[Family]) -> str:
    """Families without samples are left out."""
    return "".join(line + "\n" for family in families if family.samples for line in _lines(family))


def _lines(family: Family) -> list[str]:
    return [
        f"# HELP {family.name} {family.help}",
        f"# TYPE {family.name} {family.type}",
        *(
            f"{family.name}{sample.suffix}{_labels(sample.labels)} {_number(sample.value)}"
            for sample in family.samples
        ),
    ]


def _labels(labels: Mapping[str, str]) -> str:
    said = ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items())
    return f"{{{said}}}" if said else ""


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _number(value: float) -> str:
    if value == float("inf"):
        return "+Inf"
    return str(int(value)) if float(value).is_integer() else repr(round(value, 6))
