"""sandboxd: the server's program."""

import asyncio
import contextlib
import gc
import logging
import os
import shutil
import socket
import sys
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
import uvicorn
from pydantic import ValidationError

from sandbox_server import __version__
from sandbox_server.app import (
    ByPort,
    base_sources,
    create_app,
    create_waker,
    only_one,
    open_parts,
    open_repositories,
    wait_for_database,
)
from sandbox_server.builder import BaseImage, Engine, keep_overlay, list_bases, remove_base
from sandbox_server.domain.requirement import Declaration, Trouble
from sandbox_server.domain.resolve import table
from sandbox_server.errors import Conflict, SandboxError, Unavailable
from sandbox_server.operations import doctor, login, mirror
from sandbox_server.operations.parts import Parts
from sandbox_server.operations.quiet import stop_all
from sandbox_server.operations.trouble import shown_size
from sandbox_server.settings import Settings
from sandbox_server.store.migrate import migrate

T = TypeVar("T")


class Told:
    """A build's report on the terminal, where each step is a line."""

    def __init__(self) -> None:
        self._last = ""

    def line(self, text: str) -> None:
        self._last = text
        typer.echo(text, err=True)

    def step(self, words: str) -> None:
        if not (self._last and words.endswith(self._last)):
            self.line(words)


cli = typer.Typer(help="The server of Sandbox. Settings come from SANDBOX_* variables.", no_args_is_help=True)
users = typer.Typer(help="Who may use this server.", no_args_is_help=True)
bases = typer.Typer(help="Base images: R and Debian below every app.", no_args_is_help=True)
cli.add_typer(users, name="user")
cli.add_typer(bases, name="base")


def main() -> None:
    """Print known errors as one line and a hint; exit 1."""
    try:
        cli()
    except SandboxError as error:
        typer.secho(error.message, fg="red", err=True)
        typer.echo(error.hint, err=True)
        sys.exit(1)
    except ValidationError as error:
        first = error.errors()[0]
        name = "SANDBOX_" + "_".join(str(part) for part in first["loc"]).upper()
        typer.secho(f"{name}: {first['msg']}.", fg="red", err=True)
        typer.echo("All settings are described in docs/operations/settings.md.", err=True)
        sys.exit(1)


@cli.command()
def serve() -> None:
    """Run the server in the foreground: pages, API, jobs, and the edge in front of them."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    settings = Settings()
    parts = open_parts(settings)
    sockets = [_listen(settings.control_port), _listen(settings.wake_port)]
    app = ByPort(create_app(parts), create_waker(parts), settings.wake_port)
    config = uvicorn.Config(
        app, log_level="warning", access_log=False, timeout_graceful_shutdown=3, server_header=False
    )
    server = uvicorn.Server(config)
    logging.getLogger(__name__).info("Sandbox %s at %s", __version__, settings.control_url)
    # What was imported stays for ever: looking through it for rubbish would only stop the world now and then.
    gc.freeze()
    asyncio.run(_serve(server, sockets, parts))
    if not server.started:
        sys.exit(1)


@cli.command("migrate")
def migrate_database() -> None:
    """Bring the database to the present form."""

    async def work(parts: Parts) -> None:
        await migrate(parts.store)

    _with_parts(work)
    typer.echo("The database is up to date.")


@cli.command("doctor")
def examine() -> None:
    """Look at every part, and say the remedy for what is wrong."""
    findings = _with_parts(doctor.examine)
    for finding in findings:
        typer.echo(f"{finding.status:8} {finding.part}: {finding.message}")
        if finding.remedy:
            typer.echo(f"{'':8} {finding.remedy}")
    if any(finding.status == "failed" for finding in findings):
        raise typer.Exit(1)


@cli.command()
def destroy(
    yes: Annotated[bool, typer.Option("--yes", help="Do it.")] = False,
    with_bases: Annotated[bool, typer.Option("--bases", help="Base images too.")] = False,
) -> None:
    """Remove everything of this platform from the machine: instances, network, images, edge. The home folder stays."""
    if not yes:
        raise SandboxError(
            "This removes all apps from this machine.", "If you mean it: `sandboxd destroy --yes`."
        )
    _with_parts(lambda parts: _destroy(parts, with_bases), alone=True)
    typer.echo("Everything of this platform was removed from the engine and the edge.")


@cli.command()
def quiet() -> None:
    """Stop the edge and all instances; the next `serve` brings them back."""

    async def work(parts: Parts) -> None:
        await migrate(parts.store)
        await stop_all(parts)

    _with_parts(work, alone=True)


@cli.command("mirror")
def make_mirror(
    locks: Annotated[list[Path], typer.Argument(help="renv.lock or manifest.json files.")],
    to: Annotated[
        Path, typer.Option("--to", help="The folder; what is there stays and is not fetched again.")
    ],
) -> None:
    """Fetch what lock files name into a folder that serves as a repository, for machines without internet."""
    found = [mirror.read_lock(path) for path in locks]
    troubles = asyncio.run(_mirror(found, to.absolute()))
    if troubles:
        raise SandboxError(
            f"{len(troubles)} package{'s'[: len(troubles) > 1]} of the locks could not be had.\n{table(troubles)}",
            "What could be had is in the folder; run the same command again for the rest.",
        )
    typer.echo(to.absolute().as_uri())
    typer.echo(f"Take the folder along, then set SANDBOX_CRAN={to.absolute().as_uri()} there.", err=True)


@users.command("add")
def add_user(
    name: str,
    admin: Annotated[bool, typer.Option("--admin", help="May administer the server.")] = False,
    email: Annotated[str, typer.Option("--email", help="By which reviews know this person.")] = "",
) -> None:
    """Add a user and print their first token, once."""

    async def work(parts: Parts) -> str:
        await migrate(parts.store)
        return await login.add_user(parts, name, admin=admin, email=email)

    typer.echo(_with_parts(work))


@users.command("token")
def add_token(name: str) -> None:
    """Print a new token for a user who lost theirs; the old ones stay valid until they are removed."""

    async def work(parts: Parts) -> str:
        await migrate(parts.store)
        return await login.recover_token(parts, name)

    typer.echo(_with_parts(work))


@users.command("email")
def set_email(
    name: str, address: Annotated[str, typer.Argument(help='The mail address; "" for none.')]
) -> None:
    """Set the mail address by which reviews know a user, who then can sign by logging in."""

    async def work(parts: Parts) -> str:
        await migrate(parts.store)
        return await login.set_email(parts, name, address)

    typer.echo(f"{name} is {_with_parts(work) or 'without a mail address'}.")


@bases.command("build")
def build_base(
    r: Annotated[
        str, typer.Option("--r", help="R's version, such as 4.2; by default that of SANDBOX_SUITE.")
    ] = "",
    overlay: Annotated[
        Path | None,
        typer.Option(help="Folder to lay over the root of this base and all later ones: drivers, fonts …"),
    ] = None,
) -> None:
    """Make a base image from Debian's packages; takes a minute or two."""
    settings = Settings()
    if overlay is not None:
        keep_overlay(settings.home, overlay)
    typer.echo(asyncio.run(_build_base(settings, r)))


@bases.command("list")
def show_bases() -> None:
    """What there is on this machine."""
    for base in asyncio.run(_list_bases(Settings())):
        outdated = "  outdated" if base.outdated else ""
        typer.echo(
            f"{base.tag}  {base.id[:19]}  {shown_size(base.size)}  {base.created:%Y-%m-%d %H:%M}{outdated}"
        )


@bases.command("rm")
def drop_base(base: str) -> None:
    """Remove one, by Id or tag."""
    asyncio.run(remove_base(Engine(Settings().engine), base))


async def _serve(server: uvicorn.Server, sockets: list[socket.socket], parts: Parts) -> None:
    # Before uvicorn takes the signals: it hears none while it starts, and nobody could end this one.
    await wait_for_database(parts)
    await server.serve(sockets=sockets)


async def _list_bases(settings: Settings) -> list[BaseImage]:
    engine = Engine(settings.engine)
    try:
        return await list_bases(engine, base_sources(settings).extras)
    finally:
        await engine.close()


async def _build_base(settings: Settings, r: str) -> str:
    engine = Engine(settings.engine)
    try:
        return await base_sources(settings).make(engine, r or settings.suite, Told())
    finally:
        await engine.close()


async def _mirror(locks: Sequence[Declaration], folder: Path) -> list[Trouble]:
    fetched = folder / ".fetched"
    repositories = open_repositories(Settings(), fetched, [folder.as_uri()])
    try:
        repositories.tidy()
        return [
            trouble
            for lock in locks
            for trouble in await mirror.mirror(
                repositories, lock, folder, lambda line: typer.echo(line, err=True)
            )
        ]
    finally:
        await repositories.close()
        shutil.rmtree(fetched)


async def _destroy(parts: Parts, with_bases: bool) -> None:
    await parts.router.shutdown()
    await parts.runtime.destroy()
    await parts.builder.destroy()
    if with_bases:
        engine = Engine(parts.settings.engine)
        for base in await list_bases(engine):
            with contextlib.suppress(Conflict):  # another platform's apps stand on it
                await remove_base(engine, base.id)


def _with_parts(work: Callable[[Parts], Coroutine[Any, Any, T]], *, alone: bool = False) -> T:
    """`alone`: not beside a server that would bring back what this takes away. Raises `Unavailable` then."""
    settings = Settings()

    async def run() -> T:
        parts = open_parts(settings)
        try:
            return await work(parts)
        finally:
            for part in (parts.visitor, parts.runtime, parts.builder, parts.repositories, parts.store):
                await part.close()

    with only_one(settings.home) if alone else contextlib.nullcontext():
        return asyncio.run(run())


def _listen(port: int) -> socket.socket:
    """Loopback only: people come through the edge."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
    except OSError as error:
        listener.close()
        raise Unavailable(
            f"Port {port} is taken ({os.strerror(error.errno or 0)}).",
            "End what listens there, or choose others with SANDBOX_CONTROL_PORT and SANDBOX_WAKE_PORT.",
        ) from None
    return listener
