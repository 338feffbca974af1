"""What each kind of job does, and what is done when it is given up."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from sandbox_server.errors import SandboxError
from sandbox_server.operations import letters, picture
from sandbox_server.operations.deploy import deploy, fail
from sandbox_server.operations.parts import Parts
from sandbox_server.operations.refresh import refresh
from sandbox_server.operations.switch import made, switch
from sandbox_server.operations.wake import wake_up
from sandbox_server.settings import Settings
from sandbox_server.store.tables import Job


@dataclass(frozen=True)
class Kind:
    run: Callable[[Parts, Job], Awaitable[dict[str, Any] | None]]
    at_once: Callable[[Settings], int]
    """How many of it may run at the same time."""
    given_up: Callable[[Parts, Job, SandboxError], Awaitable[dict[str, Any] | None]] | None = None
    """Called when trying ends; its result, if there is one, says that the goal was reached all the same."""


async def _deploy_given_up(parts: Parts, job: Job, error: SandboxError) -> None:
    await fail(parts, job.payload["deployment"], error)


async def _switch_given_up(parts: Parts, job: Job, _: SandboxError) -> dict[str, Any] | None:
    """Once the release row is there, the edge follows as soon as it answers."""
    return await made(parts, job)


_NOT_BUILDING = 6
"""Pushes that start, are visited or rendered, or wait for a place, beside those that are built."""

_WAKING = 4
"""Sandboxes that start at the same time; the others stand in a queue, and their pages say at which place."""

KINDS = {
    "deploy": Kind(
        deploy, at_once=lambda settings: settings.builds_at_once + _NOT_BUILDING, given_up=_deploy_given_up
    ),
    "switch": Kind(switch, at_once=lambda _: 8, given_up=_switch_given_up),
    "refresh": Kind(refresh, at_once=lambda _: 4),
    "wake": Kind(wake_up, at_once=lambda _: _WAKING, given_up=_deploy_given_up),
    "render": Kind(refresh, at_once=lambda _: 2),
    "start": Kind(refresh, at_once=lambda _: 8),
    "picture": Kind(picture.picture, at_once=lambda _: 2, given_up=picture.give_up),
    "letter": Kind(letters.send, at_once=lambda _: 4, given_up=letters.give_up),
}
