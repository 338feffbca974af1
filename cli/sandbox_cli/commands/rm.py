"""`sandbox rm` and `sandbox apps rm`: remove what is ours of a branch or of an app."""

from typing import Annotated

from sandbox_cli import names, place
from sandbox_cli.answers import Removed
from sandbox_cli.console import console
from sandbox_cli.errors import Failure
from sandbox_cli.options import App, Argument, BranchOfSandbox, Yes
from sandbox_cli.words import plural


def rm(branch: BranchOfSandbox, app: App = None, yes: Yes = False) -> None:
    """Remove a branch's sandbox and its deployments; what is released is refused."""
    name = place.app(app)
    _ask(f"The sandbox of {branch} in {name} and its deployments will be gone for good. Remove it?", yes)
    _tell(place.client().remove_branch(name, branch))


def rm_app(app: Annotated[str, Argument("APP", "The app.")], yes: Yes = False) -> None:
    """Remove an app with all its sandboxes; one that has a release is refused."""
    name = names.checked_app(app)
    _ask(f"{name} with all its sandboxes will be gone for good. Remove it?", yes)
    _tell(place.client().remove_app(name))


def _ask(question: str, yes: bool) -> None:
    if not yes and console.asks() and not console.confirm(question):
        raise Failure("Nothing was removed.", "See what there is: `sandbox status`.", code="declined")


def _tell(answer: Removed) -> None:
    console.document(answer)
    for removed in answer["removed"]:
        console.result(removed)
    console.done(f"Removed {plural(len(answer['removed']), 'thing')}.")
    console.next("sandbox ls", "sandbox status")
