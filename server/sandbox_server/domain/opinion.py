"""Who said what of a deployment, as names by outcome. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal

from sandbox_server.domain.gates import GatesConfig
from sandbox_server.domain.reviewers import Signed, standing, uncounted

Kind = Literal["rejected", "remarks", "accepted", "ignored"]

KINDS: tuple[Kind, ...] = ("rejected", "remarks", "accepted", "ignored")


def names_by_outcome(
    gates: GatesConfig,
    signed: Sequence[Signed],
    image: str,
    author: str,
    mails: Mapping[str, str],
    until: datetime,
) -> dict[Kind, list[str]]:
    """Of the verdicts on one deployment that stood at that time, the oldest first, as these gates looked at them.

    Who was not counted, whatever the outcome, is "ignored". Kinds without a name are left out.
    """
    by_then = sorted((one for one in signed if one.at <= until), key=lambda one: one.id)
    stood = standing(gates, by_then, image, author, mails)
    left_out = uncounted(gates, by_then, image, author, mails, until)
    found: dict[Kind, list[str]] = {kind: [] for kind in KINDS}
    for one in by_then:
        if one.id in stood:
            found["ignored" if one.id in left_out else _kind(one)].append(one.named)
    return {kind: names for kind, names in found.items() if names}


def _kind(one: Signed) -> Kind:
    return next(kind for kind in KINDS if kind == one.outcome)
