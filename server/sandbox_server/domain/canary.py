"""A canary's plan: shares of the visitors one after the other, each with its time; all of them after the last."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from sandbox_server.domain.durations import in_words, seconds_of
from sandbox_server.domain.release import ALL
from sandbox_server.errors import BadRequest

SHORTEST, LONGEST = 10.0, 7 * 86400.0
"""Seconds of one step."""
MOST_STEPS = 20

_FORM = 'Write shares that rise, each with its time, such as "10@10m,50@10m".'


@dataclass(frozen=True)
class Step:
    percent: int
    seconds: float


@dataclass(frozen=True)
class Wish:
    """What somebody wants a deployment's share to be."""

    share: int = ALL
    seconds: float | None = None
    """Of this step; None: it stays until somebody decides."""
    steps: tuple[Step, ...] = field(default=())
    """Still to come."""

    @property
    def planned(self) -> bool:
        return self.seconds is not None

    @property
    def plan(self) -> dict[str, Any]:
        """As a release row keeps it; empty without a plan."""
        if self.seconds is None:
            return {}
        return {"seconds": self.seconds, "steps": [[step.percent, step.seconds] for step in self.steps]}


def wished(percent: int | None, canary: str | None) -> Wish:
    """Raises `BadRequest`."""
    if percent is not None and canary is not None:
        raise BadRequest("A canary says its shares itself.", "Give `--percent` or `--canary`, not both.")
    if canary is None:
        return Wish(ALL if percent is None else percent)
    first, *later = parse(canary)
    return Wish(first.percent, first.seconds, tuple(later))


def stored(share: int, plan: Mapping[str, Any]) -> Wish:
    """What a release row keeps."""
    steps = tuple(Step(int(percent), float(seconds)) for percent, seconds in plan.get("steps", ()))
    return Wish(share, plan.get("seconds"), steps)


def after(wish: Wish) -> Wish:
    """The next step of a planned one."""
    if not wish.steps:
        return Wish()
    first, *later = wish.steps
    return Wish(first.percent, first.seconds, tuple(later))


def larger(share: int) -> int:
    """A good next share of the visitors."""
    return next((step for step in (10, 25, 50) if step > share), min(share + 25, 99))


def parse(text: str) -> list[Step]:
    """ "10@10m,50@10m" as steps; a last "100" may stand there, since it is what comes anyway. Raises `BadRequest`."""
    parts = [part.strip() for part in text.split(",")]
    if len(parts) > 1 and parts[-1].rstrip("%") == str(ALL):
        parts.pop()
    if len(parts) > MOST_STEPS:
        raise BadRequest(f"A canary has {MOST_STEPS} steps at most, and this one has {len(parts)}.", _FORM)
    steps = [_step(part) for part in parts]
    for before, step in pairwise(steps):
        if step.percent <= before.percent:
            raise BadRequest(f"The shares must rise, but {step.percent} follows {before.percent}.", _FORM)
    return steps


def _step(part: str) -> Step:
    percent, at, span = part.partition("@")
    number = percent.strip().removesuffix("%").strip()
    if not (at and number.isascii() and number.isdigit() and len(number) <= 3):
        raise BadRequest(f"{part[:40]!r} is no step of a canary.", _FORM)
    if not 0 < int(number) < ALL:
        raise BadRequest(f"A step's share is 1 to 99 percent, not {int(number)}.", _FORM)
    return Step(int(number), _seconds(span))


def _seconds(span: str) -> float:
    try:
        seconds = seconds_of(span)
    except ValueError as error:
        raise BadRequest(f"{str(error)[:1].upper()}{str(error)[1:]}.", _FORM) from error
    if not SHORTEST <= seconds <= LONGEST:
        raise BadRequest(
            f"A step takes {in_words(SHORTEST)} to {in_words(LONGEST)}, not {in_words(seconds)}.", _FORM
        )
    return seconds
