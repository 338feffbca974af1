"""Whose verdict counts, and for whom it stands. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sandbox_server.domain.durations import in_words
from sandbox_server.domain.gates import GatesConfig


@dataclass(frozen=True)
class Signed:
    """A verdict, as far as gates care."""

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

    @property
    def shown(self) -> str:
        """Who says it was them, and whose link it was."""
        return f"{self.name} ({self.user or self.email})"


@dataclass(frozen=True)
class Tally:
    accepted: list[Signed]
    """Of each person one."""
    rejected: list[Signed]
    ignored: list[tuple[Signed, str]]
    """What does not count, of each person the newest, and why."""
    heard: frozenset[str]
    """Mail addresses of those who have accepted."""


def tally(
    gates: GatesConfig,
    signed: Sequence[Signed],
    image: str,
    author: str,
    mails: Mapping[str, str],
    now: datetime,
) -> Tally:
    """Of verdicts, newest first: those that count and stand. Only what counts can take the place of what counts.

    The person is the one whose link it was; somebody who signed by other people's links is still one person. No time
    heals a rejection: it stands until that person judges anew.
    """
    standing: dict[str, Signed] = {}
    ignored: dict[str, tuple[Signed, str]] = {}
    for one in signed:
        why = _why_not(gates, one, image, author, mails)
        if why:
            ignored.setdefault(_plain(one.email), (one, why))
        else:
            standing.setdefault(_plain(one.email), one)
    given = {mail: one for mail, one in standing.items() if one.outcome != "rejected"}
    accepted = {mail: one for mail, one in given.items() if not _is_old(gates, one, now)}
    told = [told for mail, told in ignored.items() if mail not in standing]
    told += [
        (one, f"it is older than {in_words(gates.max_age or 0)}")
        for mail, one in given.items()
        if mail not in accepted
    ]
    return Tally(
        accepted=[*{_hand(one, mails): one for one in accepted.values()}.values()],
        rejected=[one for one in standing.values() if one.outcome == "rejected"],
        ignored=told,
        heard=frozenset(accepted),
    )


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
    """Whether the author signed it, or got its link."""
    mail = _plain(mails.get(author, ""))
    return one.user == author or bool(mail and mail in (_plain(one.email), _mail(one, mails)))


def _hand(one: Signed, mails: Mapping[str, str]) -> str:
    """Whose hand signed, as far as it is known; a code proves that it was the link's owner."""
    by_user = one.user and one.identified == "link" and not mails.get(one.user)
    return f"user {one.user}" if by_user else _mail(one, mails)


def _mail(one: Signed, mails: Mapping[str, str]) -> str:
    """The address of whoever signed: of a user the own one if it is known, else the link's."""
    own = mails.get(one.user, "") if one.user and one.identified == "link" else ""
    return _plain(own or one.email)


def _plain(mail: str) -> str:
    return mail.strip().lower()
