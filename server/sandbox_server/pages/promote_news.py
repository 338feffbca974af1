"""What happened after somebody opened a page of a release. The page itself stays as it was read."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends

from sandbox_server.wire import AppDetail, Deployment
from sandbox_server.wire_review import Verdict


@dataclass(frozen=True)
class Opened:
    """What was so when the page was made; the page names it when it asks for news."""

    seen: int = 0
    """The newest release's number."""
    newest: int = 0
    """The number of the branch's newest push."""
    verdict: int = 0
    """The newest verdict's id."""
    mark: str = ""
    """Of what decides."""


OpenedBy = Annotated[Opened, Depends()]


def opened(app: AppDetail, d: Deployment, said: Sequence[Verdict], mark: str) -> Opened:
    return Opened(app.seen, newest_push(app, d), max((one.id for one in said), default=0), mark)


def newest_push(app: AppDetail, d: Deployment) -> int:
    """The newest of its branch, whatever became of it; itself if the branch is gone."""
    return max([one.latest.deployment for one in app.sandboxes if one.branch == d.branch] + [d.deployment])


def news(before: Opened, now: Opened, d: Deployment, app: AppDetail, said: Sequence[Verdict]) -> list[str]:
    """A sentence for each thing that happened; empty: nothing."""
    told = [_verdict(one) for one in reversed(said) if one.id > before.verdict]
    if now.newest > before.newest:
        told.append(f"{d.branch} has a newer push, d{now.newest}. This page is about d{d.deployment}.")
    if now.seen > before.seen:
        users = f"d{app.release.deployment}" if app.release else "nothing"
        told.append(f"Release {now.seen} was made: users get {users} now.")
    if now.mark != before.mark:
        told.append("What is missing, or what the release would change, is not what stands here any more.")
    return told


def _verdict(one: Verdict) -> str:
    remarks = " with remarks" if one.outcome == "remarks" else ""
    return f"{one.name} {'rejected' if one.outcome == 'rejected' else 'accepted'} d{one.deployment}{remarks}."
