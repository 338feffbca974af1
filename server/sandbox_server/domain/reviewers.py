"""Whose verdict counts, and for whom it stands. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sandbox_server.domain.durations import in_words
from sandbox_server.domain.gates import GatesConfig
from sandbox_server.domain.person import person
from sandbox_server.domain.signature import newest

WITHDRAWN = "by a link that was withdrawn later"


@dataclass(frozen=True)
class Signed:
    """A verdict, as far as gates care."""

    id: int
    """Of two, the newer one has the larger."""
    deployment_id: int
    review: int
    """The link by which it came."""
    outcome: str
    name: str
    email: str
    """Of the link."""
    user: str
    """Who was logged in; empty: nobody."""
    identified: str
    image: str
    at: datetime
    variables_at: int = 0
    """The newest variable row of that moment."""
    withdrawn: bool = False
    """The link was taken back later; it counts all the same."""

    @property
    def shown(self) -> str:
        """Who says it was them, and whose link it was."""
        return f"{self.name} ({self.user or self.email}{f', {WITHDRAWN}' if self.withdrawn else ''})"

    @property
    def named(self) -> str:
        """In a list of names."""
        return f"{self.name} ({WITHDRAWN})" if self.withdrawn else self.name


@dataclass(frozen=True)
class Weighed:
    accepted: list[Signed]
    """Of each person one."""
    rejected: list[Signed]
    ignored: list[tuple[Signed, str]]
    """What does not count, of each person the newest, and why."""
    heard: frozenset[str]
    """Who have accepted, as `person` names them."""


def weigh(
    gates: GatesConfig,
    signed: Sequence[Signed],
    image: str,
    author: str,
    mails: Mapping[str, str],
    now: datetime,
) -> Weighed:
    """Of verdicts on one deployment: those that count and stand.

    The person is the one whose link it was; somebody who signed by other people's links is still one person. No time
    heals a rejection: it stands until that person judges anew.
    """
    why = {one.id: _why_not(gates, one, image, author, mails) for one in signed}
    stands = newest(signed, lambda one: not why[one.id])
    counted = [one for one in stands if not why[one.id]]
    given = [one for one in counted if one.outcome != "rejected"]
    accepted = [one for one in given if not _is_old(gates, one, now)]
    ignored = [(one, why[one.id]) for one in stands if why[one.id]]
    ignored += [
        (one, f"it is older than {in_words(gates.max_age or 0)}") for one in given if one not in accepted
    ]
    # Of one hand's several the newest: it has seen the most.
    hands = {_hand(one, mails): one for one in reversed(accepted)}
    ignored += [
        (one, f"the same person signed as {hands[_hand(one, mails)].name} too")
        for one in accepted
        if one not in hands.values()
    ]
    return Weighed(
        accepted=[*hands.values()],
        rejected=[one for one in counted if one.outcome == "rejected"],
        ignored=ignored,
        heard=frozenset(person(one.email) for one in accepted),
    )


def standing(
    gates: GatesConfig, signed: Sequence[Signed], image: str, author: str, mails: Mapping[str, str]
) -> set[int]:
    """Ids of the verdicts on one deployment that stand: those that gates look at, and of people of whom none counts
    the newest."""
    return {one.id for one in newest(signed, lambda one: not _why_not(gates, one, image, author, mails))}


def uncounted(
    gates: GatesConfig,
    signed: Sequence[Signed],
    image: str,
    author: str,
    mails: Mapping[str, str],
    now: datetime,
) -> dict[int, str]:
    """Why gates do not count verdicts that stand, by their ids; empty where no gate asks for reviews."""
    if not gates.reviews:
        return {}
    return {one.id: why for one, why in weigh(gates, signed, image, author, mails, now).ignored}


def _why_not(gates: GatesConfig, one: Signed, image: str, author: str, mails: Mapping[str, str]) -> str:
    """Why this verdict does not count, whenever it was given; empty: it does."""
    if one.image != image:
        return "it is about other bytes"
    if not gates.author_may_review and _is_of(one, author, mails):
        return f"{author} pushed this deployment"
    if gates.identified and one.identified not in ("code", "login"):
        return "it was signed without a code or a login"
    if gates.people and _mail(one, mails) not in gates.people:
        return "they are not among the reviewers"
    return ""


def _is_old(gates: GatesConfig, one: Signed, now: datetime) -> bool:
    return gates.max_age is not None and (now - one.at).total_seconds() > gates.max_age


def _is_of(one: Signed, author: str, mails: Mapping[str, str]) -> bool:
    """Whether the author signed it, or got its link; of an author without a known address only a login tells."""
    mail = person(mails.get(author, ""))
    return one.user == author or bool(mail and mail in (person(one.email), person(mails.get(one.user, ""))))


def _hand(one: Signed, mails: Mapping[str, str]) -> str:
    """Whose hand signed, as far as it is known; a code proves that it was the link's owner.

    Whoever was logged in is that user, whatever address the user had then.
    """
    if not one.user or one.identified == "code":
        return person(one.email)
    own = mails.get(one.user, "")
    return person(own) if own else f"user {one.user}"


def _mail(one: Signed, mails: Mapping[str, str]) -> str:
    """Whoever signed, by the address: of a user the own one if it is known, else the link's."""
    own = mails.get(one.user, "") if one.user and one.identified == "link" else ""
    return person(own or one.email)
