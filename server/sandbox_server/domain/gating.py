"""May this deployment be released now? What its app demands, held against what is there. Pure."""

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal
from zoneinfo import ZoneInfo

from sandbox_server.domain import freeze
from sandbox_server.domain.gate_words import listed, people
from sandbox_server.domain.gates import GatesConfig
from sandbox_server.domain.person import person
from sandbox_server.domain.reviewers import Signed, Tally, tally
from sandbox_server.wire import Smoke
from sandbox_server.wire_review import Met, Missing

_NOT_PASSED = {
    "pending": "has not ended yet",
    "failed": "failed",
    "busy": "did not see the app come to rest",
    "skipped": "was left out",
}
_PLAIN = re.compile(r"[\w .,'+<>@-]+")

Gate = Literal["reviews", "rejected", "checks", "freeze", "max_commits"]


@dataclass(frozen=True)
class Asked:
    """A deployment that somebody wants to release, with all that gates look at."""

    app: str
    number: int
    branch: str
    shown: int
    """Number of what its branch shows now, 0 for nothing: only that can be reviewed."""
    image: str
    author: str
    smoke: Smoke
    release_smoke: Smoke | None = None
    """What the visit with the release's variables saw, if there was one."""
    base: int | None = None
    """Number of the deployment that users have now."""
    commits: int | None = None
    """That are new against `base`; None: the pushes do not say."""
    zone: str = ""
    """The app's time zone; empty: UTC."""
    signed: Sequence[Signed] = ()
    """Newest first."""
    mails: Mapping[str, str] = field(default_factory=dict)
    """Mail addresses of users, by name, as far as they are known."""

    @property
    def push(self) -> str:
        """The command that brings another deployment of its branch."""
        return f"sandbox deploy --branch {shlex.quote(self.branch)}"

    @property
    def typed(self) -> str:
        """How commands name it."""
        return f"d{self.number} --app {self.app}"


@dataclass(frozen=True)
class Judgement:
    missing: list[Missing] = field(default_factory=list)
    met: list[Met] = field(default_factory=list)

    def lacks(self, gate: Gate, message: str, hint: str) -> None:
        self.missing.append(Missing(gate=gate, message=message, hint=hint))

    def has(self, gate: Gate, message: str) -> None:
        self.met.append(Met(gate=gate, message=message))


def judge(gates: GatesConfig, asked: Asked, now: datetime) -> Judgement:
    found = Judgement()
    if gates.reviews:
        said = tally(gates, asked.signed, asked.image, asked.author, asked.mails, now)
        _judge_rejections(found, asked, said)
        _judge_reviews(found, gates, asked, said)
    if "smoke" in gates.checks:
        _judge_smoke(found, asked)
    _judge_time(found, gates, asked, now)
    _judge_commits(found, gates, asked)
    return found


def _judge_rejections(found: Judgement, asked: Asked, said: Tally) -> None:
    if not said.rejected:
        found.has("rejected", "Nobody whose review counts rejected it.")
    for one in said.rejected:
        found.lacks(
            "rejected",
            f"{one.shown} rejected it on {_day(one.at)}.",
            f"Mend it and push again: `{asked.push}`; or ask them to judge anew: "
            f"{_request(asked, one.name, one.email)}."
            if asked.shown == asked.number
            else f"Push again what mends it: `{asked.push}`.",
        )


def _judge_reviews(found: Judgement, gates: GatesConfig, asked: Asked, said: Tally) -> None:
    names = [one.name for one in said.accepted]
    have = len(names)
    if have >= gates.reviews:
        found.has("reviews", f"{people(have)} accepted it: {listed(names)}.")
        return
    whose = f" of {listed(gates.reviewers)}" if gates.reviewers else ""
    needs = f"It needs {_reviews(gates.reviews)}{whose}, and has {have or 'none'}"
    counted = f" ({listed(names)})" if names else ""
    ignored = [f" {one.shown} does not count: {why}." for one, why in said.ignored[:3]]
    found.lacks("reviews", f"{needs}{counted}.{''.join(ignored)}", _how_to_ask(gates, asked, said))


def _how_to_ask(gates: GatesConfig, asked: Asked, said: Tally) -> str:
    if asked.shown == asked.number:
        barred = set() if gates.author_may_review else {person(asked.mails.get(asked.author, ""))}
        left = sorted(mail for who, mail in gates.people.items() if who not in said.heard | barred)
        return f"Ask for one: {_request(asked, 'Name', left[0] if left else 'mail')}."
    if asked.shown:
        return (
            f"{asked.branch} shows d{asked.shown} by now, and only that can be reviewed: "
            f'`sandbox review request d{asked.shown} --app {asked.app} --to "Name <mail>"`.'
        )
    again = f"`{asked.push}`"
    return f"Nothing of {asked.branch} can be reviewed any more; push it again: {again}."


def _judge_smoke(found: Judgement, asked: Asked) -> None:
    before_users = asked.smoke.status == "passed" and asked.release_smoke is not None
    seen = asked.release_smoke if before_users and asked.release_smoke else asked.smoke
    check = "The smoke check with the release's variables" if before_users else "The smoke check"
    if seen.status == "passed":
        again = (
            "" if before_users else "; before the switch it is made once more, with the release's variables"
        )
        found.has("checks", f"{check} has passed{again}.")
        return
    told = f": {seen.reason.rstrip('.')}" if seen.reason else ""
    hint = _before_users_hint(asked) if before_users else _smoke_hint(asked)
    found.lacks("checks", f"{check} {_NOT_PASSED[seen.status]}{told}.", hint)


def _smoke_hint(asked: Asked) -> str:
    again = f"have it visited again: `sandbox restart {asked.typed}`"
    return {
        "pending": f"Wait for it: `sandbox wait {asked.typed}`.",
        "failed": f"Read its log: `sandbox logs {asked.typed}`, then push again: `{asked.push}`.",
        "busy": f"If it never rests, name what people wait for in sandbox.toml, `[smoke] wait_for`; else {again}.",
        "skipped": f"Once the server has a browser (`sandbox doctor`), {again}.",
    }[asked.smoke.status]


def _before_users_hint(asked: Asked) -> str:
    return (
        f"Look at the release's variables: `sandbox env ls --scope release --app {asked.app}`, "
        f"then try again: `sandbox promote {asked.typed}`."
    )


def _judge_time(found: Judgement, gates: GatesConfig, asked: Asked, now: datetime) -> None:
    if not gates.freeze:
        return
    zone = ZoneInfo(asked.zone or "UTC")
    closed = [(text, ends) for text in gates.freeze if (ends := freeze.parse(text).ends(now, zone))]
    if not closed:
        found.has("freeze", "It is not a time at which releases rest.")
    for text, ends in closed:
        found.lacks(
            "freeze",
            f"Releases rest now: {text.strip()}, in {zone.key}.",
            f"Wait until {ends:%A %Y-%m-%d %H:%M} ({zone.key}).",
        )


def _judge_commits(found: Judgement, gates: GatesConfig, asked: Asked) -> None:
    if gates.max_commits is None:
        return
    if asked.base is None:
        found.has("max_commits", "It is the first release, so commits are not counted.")
    elif asked.commits is None:
        found.lacks(
            "max_commits",
            f"How many commits it brings against d{asked.base} is not known: "
            "the pushes tell of no commit that both have.",
            f"Push it from its git repository, with the whole history: `{asked.push}`.",
        )
    elif asked.commits > gates.max_commits:
        found.lacks(
            "max_commits",
            f"It brings {_commits(asked.commits)} against d{asked.base}; {gates.max_commits} at most are allowed.",
            f"Release a part of them first; see them: `sandbox diff d{asked.base} {asked.typed}`.",
        )
    else:
        found.has(
            "max_commits", f"It brings {_commits(asked.commits)}; {gates.max_commits} at most are allowed."
        )


def _request(asked: Asked, name: str, mail: str) -> str:
    return f"`sandbox review request {asked.typed} --to {_typed(f'{name} <{mail}>')}`"


def _typed(text: str) -> str:
    """As a shell takes it. Names and branches are other people's words, and people copy commands."""
    return f'"{text}"' if _PLAIN.fullmatch(text) else shlex.quote(text)


def _day(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _reviews(count: int) -> str:
    return "1 review" if count == 1 else f"{count} reviews"


def _commits(count: int) -> str:
    return "1 commit" if count == 1 else f"{count} commits"
