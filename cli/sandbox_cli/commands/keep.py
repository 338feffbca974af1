"""`sandbox keep`: a sandbox stays, although its branch is gone or nobody touched it for long."""

from sandbox_cli import place
from sandbox_cli.console import console
from sandbox_cli.options import App, BranchOfSandbox
from sandbox_cli.words import day


def keep(branch: BranchOfSandbox, app: App = None) -> None:
    """Keep a branch's sandbox that was to be removed."""
    kept = place.client().keep(place.app(app), branch)
    console.document(kept)
    until = f" It is removed if nobody touches it until {day(kept['until'])}." if kept["until"] else ""
    console.done(f"The sandbox of {kept['branch']} in {kept['app']} stays.{until}")
    console.next("sandbox ls --sandboxes", "sandbox status")
