"""`sandbox login`, `logout`, `whoami`."""

import sys
from typing import Annotated

from sandbox_cli import config, place
from sandbox_cli.client import Client
from sandbox_cli.config import Login
from sandbox_cli.console import console
from sandbox_cli.errors import Failure, Refused, Unreachable, WrongUse
from sandbox_cli.options import Argument, Option


def login(
    url: Annotated[str, Argument("URL", "The server, such as http://sandbox.localhost:8080.")],
    token: Annotated[
        str,
        Option(("--token",), "Your token, or - to read it from stdin; by default it is asked for."),
    ] = "",
) -> None:
    """Log in to a server with a token."""
    address = _address(url)
    secret = _token(address, token)
    try:
        me = Client(address, secret).me()
    except Refused as error:
        if error.status == 401:
            error.hint = "On the server, `sandboxd user token NAME` makes a new one."
        raise
    except Unreachable as error:
        error.hint = "Check that the address is right, and that the server runs."
        raise
    config.remember(Login(address, secret, me["user"]))
    console.document({"url": address, "user": me["user"]})
    console.done(f"You are {me['user']} at {address}.")
    console.next("sandbox init my-app", "sandbox deploy", "sandbox ls")
    console.result(address)


def logout() -> None:
    """Forget this server's token on this computer."""
    address = config.login().url
    if not config.forget(address):
        raise Failure(
            f"No token for {address} is saved here.",
            "It comes from SANDBOX_TOKEN: unset that.",
            code="not_logged_in",
        )
    console.document({"url": address, "user": None})
    console.done(f"Forgot the token for {address}. It is still valid: `sandbox token rm` ends one.")
    console.next(f"sandbox login {address}")


def whoami() -> None:
    """Which server this is, and who I am there."""
    login = config.login()
    me = place.client().me()
    console.document({"url": login.url, "user": me["user"], "admin": me["admin"], "version": me["version"]})
    console.result(f"{me['user']} at {login.url}")
    console.next("sandbox ls", "sandbox token ls")


def _address(url: str) -> str:
    from urllib.parse import urlsplit

    text = url if "://" in url else f"http://{url}"
    parts = urlsplit(text)
    try:
        good = (
            parts.scheme in ("http", "https")
            and bool(parts.hostname)
            and not parts.username
            and parts.port != 0
        )
    except ValueError:
        good = False
    if not good:
        raise WrongUse(
            f"{url} is not an address of a server.", "Such as `sandbox login http://sandbox.localhost:8080`."
        )
    return f"{parts.scheme}://{parts.netloc}"


def _token(address: str, given: str) -> str:
    if given == "-" or (not given and not sys.stdin.isatty()):
        secret = sys.stdin.readline().strip()
    elif given:
        secret = given.strip()
    else:
        secret = console.ask(f"Token for {address}", hidden=True)
    if not secret or not secret.isascii() or not secret.isprintable():
        raise WrongUse(
            "There is no token.", f"`sandbox login {address}` asks for it; in a script, pipe it in."
        )
    return secret
