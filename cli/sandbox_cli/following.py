"""Following a push until it came up; Ctrl-C asks whether to cancel it."""

from sandbox_cli import waiting
from sandbox_cli.answers import Deployment
from sandbox_cli.client import Client
from sandbox_cli.console import console
from sandbox_cli.errors import INTERRUPTED, Failure, Refused


def follow(client: Client, deployment: Deployment) -> Deployment:
    """The deployment once it came up or ended. Raises `Failure` with exit code 130 if the person stops it."""
    try:
        with console.live() as show:
            return waiting.settled(client, deployment, show)
    except KeyboardInterrupt:
        stopped = _cancelled(client, deployment) if _wants_to_cancel(deployment) else _left(deployment)
    stopped.exit_code = INTERRUPTED
    raise stopped


def _wants_to_cancel(deployment: Deployment) -> bool:
    if not console.asks():
        return False
    from typer import Abort

    try:
        return console.confirm(f"\nCancel the build of d{deployment['deployment']}?")
    except (Abort, KeyboardInterrupt):
        # Who presses Ctrl-C again wants to leave, which harms nothing.
        console.say("")
        return False


def _left(deployment: Deployment) -> Failure:
    number = f"d{deployment['deployment']}"
    return Failure(
        f"You stopped waiting; {number} goes on.",
        f"Follow it: `sandbox wait {number}`. End it: `sandbox cancel {number}`.",
        code="interrupted",
    )


def _cancelled(client: Client, deployment: Deployment) -> Failure:
    number = f"d{deployment['deployment']}"
    try:
        client.cancel(deployment["app"], deployment["deployment"])
    except Refused as refused:
        return Failure(refused.message, f"See `sandbox wait {number}`.", code=refused.code)
    return Failure(
        f"{number} is cancelled. What was live is untouched.",
        "Push again: `sandbox deploy`.",
        code="cancelled",
    )
