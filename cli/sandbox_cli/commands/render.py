"""`sandbox render`: a static document is rendered again."""

from typing import Annotated, Literal

from sandbox_cli import place, waiting
from sandbox_cli.client import Client
from sandbox_cli.console import console
from sandbox_cli.errors import Failure, WrongUse
from sandbox_cli.options import App, Deployment, Option
from sandbox_cli.words import seconds

Parameters = Annotated[
    list[str] | None,
    Option(("--parameter", "-P"), "NAME=VALUE for the document's params; again for more.", "NAME=VALUE"),
]
Scope = Annotated[
    Literal["sandbox", "release"], Option(("--scope",), "Where: in its sandbox, or what users get now.")
]


def render(
    deployment: Deployment = None, parameter: Parameters = None, scope: Scope = "sandbox", app: App = None
) -> None:
    """Render a document again, with newer data or other parameters; it is shown as soon as it is whole."""
    parameters = dict(map(_split, parameter or []))
    client = place.client()
    name, number = _which(client, deployment, scope, app)
    with console.live() as show:
        waiting.finished(client, client.render(name, number, scope, parameters), show)
    output = next((one for one in client.outputs(name, number) if one["scope"] == scope), None)
    if output is None:
        raise Failure(
            "It was rendered, but nothing is kept of it.", f"Read the log: `sandbox logs d{number}`."
        )
    url = client.app(name)["url"] if scope == "release" else client.deployment(name, number)["permalink"]
    console.document({"app": name, "url": url, **output})
    sees = "Users see it now" if scope == "release" else "Its sandbox shows it now"
    console.done(f"d{number} was rendered in {seconds(output['seconds'])}. {sees}.")
    console.next("sandbox open --release" if scope == "release" else f"sandbox promote d{number}")
    console.result(url)


def _split(given: str) -> tuple[str, str]:
    name, equals, value = given.partition("=")
    if not name or not equals:
        raise WrongUse(f"{given} is not NAME=VALUE.", "Such as `sandbox render -P year=2026`.")
    return name, value


def _which(client: Client, given: str | None, scope: str, app: str | None) -> tuple[str, int]:
    if given or scope == "sandbox":
        return place.deployment(client, given, None, app)
    name = place.app(app)
    release = client.app(name)["release"]
    if release is None:
        raise Failure(
            f"Nothing of {name} is released yet.",
            "Release something: `sandbox promote`.",
            code="not_possible",
        )
    return name, release["deployment"]
