"""`sandbox wait`, `cancel`, `restart`: one deployment."""

from time import monotonic
from typing import Annotated, Literal

from sandbox_cli import place, waiting
from sandbox_cli.answers import Deployment
from sandbox_cli.client import Client
from sandbox_cli.console import console
from sandbox_cli.errors import Failure
from sandbox_cli.options import App, OneDeployment, Option
from sandbox_cli.words import seconds

Goal = Literal["building", "starting", "ready", "asleep", "failed", "cancelled", "superseded", "retired"]


def wait(
    deployment: OneDeployment,
    goal: Annotated[
        Goal | None, Option(("--for",), "A status; by default until it came up or failed.")
    ] = None,
    timeout: Annotated[
        float | None, Option(("--timeout",), "Seconds; by default as long as it takes.", min=0)
    ] = None,
    app: App = None,
) -> None:
    """Wait until a deployment has come up (exit 0) or failed (exit 1), or has the status you name."""
    name, number = place.named(deployment, app)
    client = place.client()
    found = _reached(client, client.deployment(name, number), goal, timeout)
    if found["status"] != goal and found["status"] in waiting.ENDED:
        failure = waiting.failure(found)
        failure.document = _status(found)
        raise failure
    _tell(found, f"d{number} is {found['status']}.")


def cancel(deployment: OneDeployment, app: App = None) -> None:
    """End a deployment that is queued, building or starting."""
    name, number = place.named(deployment, app)
    client = place.client()
    found = client.cancel(name, number)
    with console.live() as show:
        found = waiting.settled(client, found, show)
    _tell(found, f"d{number} is {found['status']}. What was live is untouched.")


def restart(deployment: OneDeployment, app: App = None) -> None:
    """Fresh instances of the same image; also starts one again that is asleep."""
    name, number = place.named(deployment, app)
    client = place.client()
    with console.live() as show:
        waiting.finished(client, client.restart(name, number), show)
        found = waiting.settled(client, client.deployment(name, number), show)
    _tell(found, f"d{number} has fresh instances and is {found['status']}.")


def _reached(client: Client, found: Deployment, goal: Goal | None, timeout: float | None) -> Deployment:
    began = monotonic()
    with console.live() as show:
        while not _there(found, goal):
            if timeout is not None and monotonic() - began > timeout:
                failure = Failure(
                    f"d{found['deployment']} is {found['status']} after {seconds(timeout)}.",
                    f"It goes on: `sandbox wait d{found['deployment']}`.",
                    code="timeout",
                )
                failure.document = _status(found)
                raise failure
            show(f"d{found['deployment']} {waiting.phase(found)}")
            left = None if timeout is None else max(timeout - (monotonic() - began), 0)
            found = waiting.newer(client, found, show, left)
    return found


def _there(found: Deployment, goal: Goal | None) -> bool:
    if goal is None:
        return found["status"] not in waiting.UNDER_WAY
    return found["status"] == goal or found["status"] in waiting.ENDED


def _status(found: Deployment) -> dict[str, object]:
    return {key: found[key] for key in ("app", "branch", "deployment", "status", "url", "permalink")}


def _tell(found: Deployment, sentence: str) -> None:
    console.document(_status(found))
    console.done(sentence)
    console.next(f"sandbox logs d{found['deployment']}", "sandbox status")
    console.result(found["status"])
