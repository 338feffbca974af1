"""sandboxd: the server's program."""

import asyncio
import contextlib
import gc
import logging
import os
import socket
import sys
from collections.abc import Callable, Coroutine
from typing import Annotated, Any, TypeVar

import typer
import uvicorn
from pydantic import ValidationError

from sandbox_server import __version__
from sandbox_server.app import ByPort, create_app, create_waker, only_one, open_parts
from sandbox_server.builder import Engine, list_bases, make_base, remove_base
from sandbox_server.errors import Conflict, SandboxError, Unavailable
from sandbox_server.operations import doctor, login
from sandbox_server.operations.parts import Parts
from sandbox_server.operations.quiet import stop_all
from sandbox_server.operations.trouble import shown_size
from sandbox_server.settings import Settings
from sandbox_server.store.migrate import migrate

T = TypeVar("T")

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
    asyncio.run(server.serve(sockets=sockets))
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


@users.command("add")
def add_user(
    name: str, admin: Annotated[bool, typer.Option("--admin", help="May administer the server.")] = False
) -> None:
    """Add a user and print their first token, once."""

    async def work(parts: Parts) -> str:
        await migrate(parts.store)
        return await login.add_user(parts, name, admin=admin)

    typer.echo(_with_parts(work))


@users.command("token")
def add_token(name: str) -> None:
    """Print a new token for a user who lost theirs; the old ones stay valid until they are removed."""

    async def work(parts: Parts) -> str:
        await migrate(parts.store)
        return await login.recover_token(parts, name)

    typer.echo(_with_parts(work))


@bases.command("build")
def build_base() -> None:
    """Make the base image of SANDBOX_SUITE from Debian's packages; takes a minute or two."""
    settings = Settings()
    work = settings.home / "work"
    work.mkdir(parents=True, exist_ok=True)
    image = asyncio.run(
        make_base(
            Engine(settings.engine),
            settings.suite,
            settings.mirror,
            work,
            lambda step: typer.echo(step, err=True),
        )
    )
    typer.echo(image)


@bases.command("list")
def show_bases() -> None:
    """What there is on this machine."""
    for base in asyncio.run(list_bases(Engine(Settings().engine))):
        typer.echo(f"{base.tag}  {base.id[:19]}  {shown_size(base.size)}  {base.created:%Y-%m-%d %H:%M}")


@bases.command("rm")
def drop_base(base: str) -> None:
    """Remove one, by Id or tag."""
    asyncio.run(remove_base(Engine(Settings().engine), base))


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
            for part in (parts.visitor, parts.runtime, parts.builder, parts.store):
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
