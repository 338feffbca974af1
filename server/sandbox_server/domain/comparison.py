"""Is a new version worse than the one before? Pure: counts of both, and what the app says it tolerates.

Two things must hold together: the difference is larger than the app tolerates, and chance is an unlikely explanation.
Somebody looks every few seconds for hours, so the second is a test that may be looked at as often as one likes: the
odds against chance (a martingale while both are alike) exceed `ODDS` at any time with a probability of 1 / `ODDS` at
the most. It needs no minimal number, so a version on which nearly everything fails is found after a few sessions.
"""

import math
from dataclasses import dataclass
from typing import Literal

from sandbox_server.domain.figures import EDGES, Counts
from sandbox_server.domain.running import WatchConfig

ODDS = 1000.0
"""Against chance: a version that is as good as the other is called worse once in so many steps at the most."""

_SUSPICIOUS = 3.0
"""Odds from which on more sessions are waited for."""

NOTICEABLE = 0.5
"""Seconds: a first flush that is late by less is not called slow."""

_TIMES_WORSE = (3.0, 10.0, 100.0)
"""How much more often something may happen on a bad version; the odds are an average over these."""

State = Literal["worse", "fine", "few"]
Unit = Literal["session", "request"]


@dataclass(frozen=True)
class Baseline:
    """What the candidate is compared with."""

    counts: Counts
    name: str
    """Such as "d39"."""
    span: float
    """Seconds over which its counts were taken."""
    over: str = ""
    """Said after its name if it is not the same minutes: " over the last day"."""


@dataclass(frozen=True)
class Comparison:
    state: State
    words: str
    """One sentence."""


def judge(
    newer: Counts, base: Baseline, span: float, config: WatchConfig, unit: Unit = "session"
) -> Comparison:
    """`newer` was counted over `span` seconds. What has no sessions (pages, APIs) is judged by its requests."""
    own, other = _tries(newer, unit), _tries(base.counts, unit)
    for found in (
        _crashes(newer, base, span, config),
        _failures(own, other, base, config, unit),
        _refusals(newer, base) if unit == "session" else None,
        _first_flush(newer, base, config) if unit == "session" else None,
    ):
        if found:
            return Comparison("worse", found)
    if own[1] < config.sessions:
        return Comparison("few", f"Too few {unit}s to judge: {own[1]} of {config.sessions}.")
    if other[1] < config.sessions:
        return Comparison(
            "few", f"Too few {unit}s of {base.name} to compare with: {other[1]} of {config.sessions}."
        )
    if said := _unclear(own, other, base, config, unit):
        return Comparison("few", said)
    return Comparison(
        "fine", f"Nothing is worse: errors in {_part(own, unit)}, against {_part(other)}{_with(base)}."
    )


def alone(newer: Counts, config: WatchConfig, unit: Unit = "session") -> Comparison:
    """Without any version before: only what is clearly broken is called so."""
    failed, tried = _tries(newer, unit)
    if newer.crashes > config.crashes:
        return Comparison("worse", f"It crashed {newer.crashes} times.")
    if failed >= _CLEARLY and failed > tried / 2:
        return Comparison("worse", f"Most {unit}s meet errors: {_part((failed, tried))}.")
    if tried < config.sessions:
        return Comparison("few", f"Too few {unit}s to judge: {tried} of {config.sessions}.")
    return Comparison("fine", f"Nothing is clearly broken: errors in {_part((failed, tried), unit)}.")


_CLEARLY = 5
"""Failures in a row that are not taken for an accident when there is nothing to compare with."""


def odds(failed: int, tried: int, base_failed: int, base_tried: int) -> float:
    """How much better "it fails more often" explains what was seen than "both are alike"; 1 says nothing.

    If both are alike, each failure falls on the newer one with the probability of its part in all tries, whatever the
    rate of failures is. So the ratio of the likelihoods is a martingale, and so is an average over several guesses of
    how much worse it may be.
    """
    if not tried or not base_tried:
        return 1.0
    part = tried / (tried + base_tried)
    total = 0.0
    for times in _TIMES_WORSE:
        whole = times * part + 1 - part
        total += math.exp(min(failed * math.log(times / whole) - base_failed * math.log(whole), 700.0))
    return total / len(_TIMES_WORSE)


def _tries(counts: Counts, unit: Unit) -> tuple[int, int]:
    """How many failed of how many. An error may come long after the minute in which its session began."""
    if unit == "session":
        return min(counts.failed, counts.started), counts.started
    return min(counts.refused, counts.requests), counts.requests


def _crashes(newer: Counts, base: Baseline, span: float, config: WatchConfig) -> str:
    usual = base.counts.crashes * min(span / base.span, 1.0) if base.span else 0.0
    if newer.crashes <= config.crashes + usual:
        return ""
    return f"It crashed {newer.crashes} times, against {base.counts.crashes}{_with(base)}."


def _failures(
    own: tuple[int, int], other: tuple[int, int], base: Baseline, config: WatchConfig, unit: Unit
) -> str:
    if not _more(own, other, config) or odds(*own, *other) < ODDS:
        return ""
    return f"More {unit}s meet errors: {_part(own)}, against {_part(other)}{_with(base)}."


def _unclear(
    own: tuple[int, int], other: tuple[int, int], base: Baseline, config: WatchConfig, unit: Unit
) -> str:
    """More than is tolerated, while chance may still explain it: nobody should be led on in the dark."""
    if not _more(own, other, config) or odds(*own, *other) < _SUSPICIOUS:
        return ""
    seen = f"errors in {_part(own, unit)}, against {_part(other)}{_with(base)}"
    return f"Too few {unit}s to tell trouble from chance: {seen}."


def _more(own: tuple[int, int], other: tuple[int, int], config: WatchConfig) -> bool:
    return bool(own[1] and other[1]) and own[0] / own[1] > other[0] / other[1] + config.errors


def _refusals(newer: Counts, base: Baseline) -> str:
    """A page that answers with an error begins no session. Requests come in bunches: only the clear case counts."""
    if (
        newer.requests < 20
        or newer.refused * 2 <= newer.requests
        or base.counts.refused * 10 > base.counts.requests
    ):
        return ""
    return (
        f"Its pages fail: {newer.refused} of {newer.requests} requests, "
        f"against {base.counts.refused} of {base.counts.requests}{_with(base)}."
    )


def _first_flush(newer: Counts, base: Baseline, config: WatchConfig) -> str:
    flushes, usual = sum(newer.flushes.values()), base.counts.quantile(0.95)
    if usual is None or min(flushes, sum(base.counts.flushes.values())) < config.sessions:
        return ""
    limit = max(usual * config.first_flush, usual + NOTICEABLE)
    slow, base_slow = _slower(newer, limit), _slower(base.counts, limit)
    if slow <= 0.05 * flushes or odds(slow, flushes, base_slow, sum(base.counts.flushes.values())) < ODDS:
        return ""
    return (
        f"The first outputs come late: 95 % of the sessions within {newer.quantile(0.95):g} s, "
        f"against {usual:g} s{_with(base)}."
    )


def _slower(counts: Counts, limit: float) -> int:
    """Sessions that surely took longer: a class counts if its lower end is not below the limit."""
    return sum(count for place, count in counts.flushes.items() if place and EDGES[place - 1] >= limit)


def _with(base: Baseline) -> str:
    return f" with {base.name}{base.over}"


def _part(tries: tuple[int, int], unit: str = "") -> str:
    """Such as "9 of 45 sessions (20 %)"."""
    failed, tried = tries
    percent = 100 * failed / tried if tried else 0
    shown = f" ({percent:.{0 if percent >= 10 else 1}f} %)" if failed else ""
    return f"{failed} of {tried}{f' {unit}s' if unit else ''}{shown}"
