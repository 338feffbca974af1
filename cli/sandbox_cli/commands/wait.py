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
WAY_UP = ("building", "starting", "ready")
AT_REST = ("ready", "asleep")
"""A deployment leaves these only if somebody asks for it, or nobody uses it any more."""


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
    if found["status"] != goal and (goal or not _is_up(found)):
        raise _failed(found, _missed(found, goal))
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
    if found["status"] != "ready":
        raise _failed(found, waiting.failure(found))
    _tell(found, f"d{number} has fresh instances and is ready.")


def _reached(client: Client, found: Deployment, goal: Goal | None, timeout: float | None) -> Deployment:
    began = monotonic()
    with console.live() as show:
        while not _there(found, goal):
            if timeout is not None and monotonic() - began > timeout:
                raise _failed(found, _too_late(found, goal, timeout))
            show(f"d{found['deployment']} {waiting.phase(found)}")
            left = None if timeout is None else max(timeout - (monotonic() - began), 0)
            found = waiting.newer(client, found, show, left)
    return found


def _there(found: Deployment, goal: Goal | None) -> bool:
    """Whether it has the status, or does not get it any more by itself."""
    status = found["status"]
    if goal is None:
        return status not in waiting.UNDER_WAY
    return status == goal or status in waiting.ENDED or (goal in WAY_UP and status in AT_REST)


def _is_up(found: Deployment) -> bool:
    return found["status"] == "ready" or (found["status"] == "asleep" and not found["error"])


def _missed(found: Deployment, goal: Goal | None) -> Failure:
    number, status = f"d{found['deployment']}", found["status"]
    if found["error"] or status in waiting.ENDED:
        return waiting.failure(found)
    hint = f"Start it again: `sandbox restart {number}`." if status == "asleep" else "See `sandbox status`."
    return Failure(f"{number} is {status} and will not be {goal} by itself.", hint, code="not_possible")


def _too_late(found: Deployment, goal: Goal | None, timeout: float) -> Failure:
    number = f"d{found['deployment']}"
    again = f"sandbox wait {number}" + (f" --for {goal}" if goal else "")
    return Failure(
        f"{number} is still {found['status']} after {seconds(timeout)}.",
        f"Nothing was stopped. Wait on: `{again}`.",
        code="timeout",
    )


def _failed(found: Deployment, failure: Failure) -> Failure:
    failure.document = _status(found)
    return failure


def _status(found: Deployment) -> dict[str, object]:
    return {key: found[key] for key in ("app", "branch", "deployment", "status", "url", "permalink")}


def _tell(found: Deployment, sentence: str) -> None:
    console.document(_status(found))
    console.done(sentence)
    console.next(f"sandbox logs d{found['deployment']}", "sandbox status")
    console.result(found["status"])
