"""`sandbox token create/ls/rm`."""

from typing import Annotated

from sandbox_cli import place
from sandbox_cli.console import console
from sandbox_cli.options import Argument, Option
from sandbox_cli.words import ago

Name = Annotated[str, Argument("NAME", "What you call it, such as ci.")]


def create(
    name: Name,
    days: Annotated[
        int | None, Option(("--days",), "How long it is valid; by default for ever.", min=1, max=3650)
    ] = None,
) -> None:
    """Make a token. It is shown this once."""
    made = place.client().create_token(name, days)
    console.document(made)
    until = f", valid until {made['expires_at'][:10]}" if made["expires_at"] else ""
    console.done(f"Token {name}{until}. It is shown only now:")
    console.result(made["token"] or "")
    console.say("In a CI, set SANDBOX_TOKEN to it and SANDBOX_URL to the server.")
    console.next("sandbox token ls", f"sandbox token rm {name}")


def ls() -> None:
    """My tokens."""
    tokens = place.client().tokens()
    console.document(tokens)
    console.table(
        ("token", "made", "last used", "valid until"),
        [
            (t["name"], ago(t["created_at"]), ago(t["used_at"]), (t["expires_at"] or "for ever")[:10])
            for t in tokens
        ],
    )
    if not tokens:
        console.say("You have no tokens.")
    console.next("sandbox token create ci", "sandbox token rm NAME")


def rm(name: Name) -> None:
    """End a token: whoever uses it is refused from now on."""
    place.client().remove_token(name)
    console.document({"removed": [name]})
    console.done(f"Token {name} is no longer valid.")
    console.next("sandbox token ls")
