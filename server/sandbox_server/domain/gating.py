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
from sandbox_server.domain.reviewers import Signed, Weighed, weigh
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
class Case:
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


def judge(gates: GatesConfig, case: Case, now: datetime) -> Judgement:
    found = Judgement()
    if gates.reviews:
        said = weigh(gates, case.signed, case.image, case.author, case.mails, now)
        _judge_rejections(found, case, said)
        _judge_reviews(found, gates, case, said)
    if "smoke" in gates.checks:
        _judge_smoke(found, case)
    _judge_time(found, gates, case, now)
    _judge_commits(found, gates, case)
    return found


def _judge_rejections(found: Judgement, case: Case, said: Weighed) -> None:
    if not said.rejected:
        found.has("rejected", "Nobody whose review counts rejected it.")
    for one in said.rejected:
        found.lacks(
            "rejected",
            f"{one.shown} rejected it on {_day(one.at)}.",
            f"Mend it and push again: `{case.push}`; or ask them to judge anew: "
            f"{_request(case, one.name, one.email)}."
            if case.shown == case.number
            else f"Push again what mends it: `{case.push}`.",
        )


def _judge_reviews(found: Judgement, gates: GatesConfig, case: Case, said: Weighed) -> None:
    names = [one.named for one in said.accepted]
    have = len(names)
    if have >= gates.reviews:
        found.has("reviews", f"{people(have)} accepted it: {listed(names)}.")
        return
    whose = f" of {listed(gates.reviewers)}" if gates.reviewers else ""
    needs = f"It needs {_reviews(gates.reviews)}{whose}, and has {have or 'none'}"
    counted = f" ({listed(names)})" if names else ""
    ignored = [f" {one.shown} does not count: {why}." for one, why in said.ignored[:3]]
    found.lacks("reviews", f"{needs}{counted}.{''.join(ignored)}", _how_to_ask(gates, case, said))


def _how_to_ask(gates: GatesConfig, case: Case, said: Weighed) -> str:
    if case.shown == case.number:
        barred = set() if gates.author_may_review else {person(case.mails.get(case.author, ""))}
        left = sorted(mail for who, mail in gates.people.items() if who not in said.heard | barred)
        return f"Ask for one: {_request(case, 'Name', left[0] if left else 'mail')}."
    if case.shown:
        return (
            f"{case.branch} shows d{case.shown} by now, and only that can be reviewed: "
            f'`sandbox review request d{case.shown} --app {case.app} --to "Name <mail>"`.'
        )
    again = f"`{case.push}`"
    return f"Nothing of {case.branch} can be reviewed any more; push it again: {again}."


def _judge_smoke(found: Judgement, case: Case) -> None:
    before_users = case.smoke.status == "passed" and case.release_smoke is not None
    seen = case.release_smoke if before_users and case.release_smoke else case.smoke
    check = "The smoke check with the release's variables" if before_users else "The smoke check"
    if seen.status == "passed":
        again = (
            "" if before_users else "; before the switch it is made once more, with the release's variables"
        )
        found.has("checks", f"{check} has passed{again}.")
        return
    told = f": {seen.reason.rstrip('.')}" if seen.reason else ""
    hint = _before_users_hint(case) if before_users else _smoke_hint(case)
    found.lacks("checks", f"{check} {_NOT_PASSED[seen.status]}{told}.", hint)


def _smoke_hint(case: Case) -> str:
    again = f"have it visited again: `sandbox restart {case.typed}`"
    return {
        "pending": f"Wait for it: `sandbox wait {case.typed}`.",
        "failed": f"Read its log: `sandbox logs {case.typed}`, then push again: `{case.push}`.",
        "busy": f"If it never rests, name what people wait for in sandbox.toml, `[smoke] wait_for`; else {again}.",
        "skipped": f"Once the server has a browser (`sandbox doctor`), {again}.",
    }[case.smoke.status]


def _before_users_hint(case: Case) -> str:
    return (
        f"Look at the release's variables: `sandbox env ls --scope release --app {case.app}`, "
        "then ask for the release again."
    )


def _judge_time(found: Judgement, gates: GatesConfig, case: Case, now: datetime) -> None:
    if not gates.freeze:
        return
    zone = ZoneInfo(case.zone or "UTC")
    closed = [(text, ends) for text in gates.freeze if (ends := freeze.parse(text).ends(now, zone))]
    if not closed:
        found.has("freeze", "It is not a time at which releases rest.")
    for text, ends in closed:
        found.lacks(
            "freeze",
            f"Releases rest now: {text.strip()}, in {zone.key}.",
            f"Wait until {ends:%A %Y-%m-%d %H:%M} ({zone.key}).",
        )


def _judge_commits(found: Judgement, gates: GatesConfig, case: Case) -> None:
    if gates.max_commits is None:
        return
    if case.base is None:
        found.has("max_commits", "It is the first release, so commits are not counted.")
    elif case.commits is None:
        found.lacks(
            "max_commits",
            f"How many commits it brings against d{case.base} is not known: "
            "the pushes tell of no commit that both have.",
            f"Push it from its git repository, with the whole history: `{case.push}`.",
        )
    elif case.commits > gates.max_commits:
        found.lacks(
            "max_commits",
            f"It brings {_commits(case.commits)} against d{case.base}; {gates.max_commits} at most are allowed.",
            f"Release a part of them first; see them: `sandbox diff d{case.base} {case.typed}`.",
        )
    else:
        found.has(
            "max_commits", f"It brings {_commits(case.commits)}; {gates.max_commits} at most are allowed."
        )


def _request(case: Case, name: str, mail: str) -> str:
    return f"`sandbox review request {case.typed} --to {_typed(f'{name} <{mail}>')}`"


def _typed(text: str) -> str:
    """As a shell takes it. Names and branches are other people's words, and people copy commands."""
    return f'"{text}"' if _PLAIN.fullmatch(text) else shlex.quote(text)


def _day(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _reviews(count: int) -> str:
    return "1 review" if count == 1 else f"{count} reviews"


def _commits(count: int) -> str:
    return "1 commit" if count == 1 else f"{count} commits"
