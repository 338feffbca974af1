"""The application: the only place that chooses implementations."""

import asyncio
import contextlib
import fcntl
import os
import secrets
import string
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from fastapi import FastAPI, Request, Response
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

from sandbox_server import __version__, pages
from sandbox_server.api import (  # fmt: skip
    apps,
    availability,
    comments,
    deployments,
    draining,
    errors,
    figures,
    gates,
    packages,
    people,
    reviews,
    sandboxes,
)
from sandbox_server.api.body_limit import BodyLimit
from sandbox_server.api.plain_address import PlainAddress
from sandbox_server.builder import BaseSources, BuildLimits, DockerBuilder, Engine, kept_overlay
from sandbox_server.builder.proxies import proxies
from sandbox_server.errors import SandboxError, StoreUnavailable, Unavailable
from sandbox_server.jobs import work
from sandbox_server.operations import pool
from sandbox_server.operations.bell import Bell
from sandbox_server.operations.parts import Parts
from sandbox_server.pages import waker
from sandbox_server.post import Mail, Way, Webhook
from sandbox_server.repositories import Repositories
from sandbox_server.router import EdgeSettings, HAProxyRouter
from sandbox_server.runtime import DockerRuntime, builders_network
from sandbox_server.settings import Settings
from sandbox_server.store import Bundles, Inventories, Logs, Outputs, Pictures, Sealer, Store
from sandbox_server.store.migrate import migrate
from sandbox_server.store.once import read_or_make
from sandbox_server.visitor import ChromiumVisitor
from sandbox_server.wire import API

_ALPHABET = string.ascii_lowercase + string.digits


def create_app(parts: Parts) -> FastAPI:
    """Pages and API over these parts. Its lifespan migrates the database, works on jobs and keeps reality in step."""
    app = FastAPI(
        title="Sandbox", version=__version__, lifespan=_lifespan, docs_url=None, redoc_url=None,
        openapi_url=f"{API}/openapi.json",
    )  # fmt: skip
    app.state.parts = parts
    routed = (
        people, apps, sandboxes, deployments, packages, figures, draining, availability, comments, reviews, gates,
    )  # fmt: skip
    for part in routed:
        app.include_router(part.router, prefix=API)
    app.include_router(figures.for_prometheus)
    pages.install(app)
    errors.install(app)
    app.add_exception_handler(HTTPException, _not_found)
    app.add_middleware(BodyLimit, tell=_tell)
    app.add_middleware(PlainAddress, tell=_tell)
    app.middleware("http")(_request_id)
    return app


def create_waker(parts: Parts) -> FastAPI:
    """What app hosts reach while nothing runs behind them: no page and no API of the control plane."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.state.parts = parts
    app.include_router(waker.router)
    app.add_exception_handler(StoreUnavailable, waker.troubled)
    return app


class ByPort:
    """One server on two sockets: requests that came in by `port` go to `special`, all others to `usual`."""

    def __init__(self, usual: ASGIApp, special: ASGIApp, port: int) -> None:
        self._usual, self._special, self._port = usual, special, port

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        server = scope.get("server")
        app = self._special if server and server[1] == self._port else self._usual
        await app(scope, receive, send)


def open_parts(settings: Settings) -> Parts:
    """The real ones. Raises `SandboxError` for settings that would be unsafe."""
    _check_safe(settings)
    home = settings.home
    _make_home(settings)
    bell = Bell()
    platform = platform_id(home)
    engine = Engine(settings.engine)
    mail = _mail(settings)
    return Parts(
        settings=settings,
        platform=platform,
        store=Store(settings.database_url, bell.ring),
        bundles=Bundles(home / "bundles", limit=settings.bundle_limit, reserve=settings.disk_reserve),
        logs=Logs(home / "logs"),
        inventories=Inventories(home / "inventories"),
        outputs=Outputs(home / "outputs", limit=settings.output_limit, reserve=settings.disk_reserve),
        pictures=Pictures(home / "pictures", reserve=settings.disk_reserve),
        sealer=Sealer(home / "key"),
        runtime=DockerRuntime(platform, settings.engine, settings.subnet, settings.firewall),
        router=HAProxyRouter(home / "edge", _edge_settings(settings)),
        builder=DockerBuilder(
            platform,
            engine=engine,
            base=settings.base,
            suite=settings.suite,
            limits=_build_limits(settings),
            packages=home / "packages" / "built",
            sources=base_sources(settings),
            network=builders_network(platform),
        ),
        visitor=ChromiumVisitor(
            f"{_reachable(settings.bind)}:{settings.port}", settings.apps_domain, settings.chromium
        ),
        repositories=open_repositories(settings, home / "packages"),
        bell=bell,
        clock=lambda: datetime.now(UTC),
        proxies=proxies(os.environ),
        ways=_ways(settings, mail),
        post=mail,
    )


def _mail(settings: Settings) -> Mail | None:
    server = settings.smtp.get_secret_value()
    return Mail(server, settings.mail_from, settings.control_url, settings.ca_bundle) if server else None


def _ways(settings: Settings, mail: Mail | None) -> list[Way]:
    """To the owners of apps."""
    found: list[Way] = [mail] if mail else []
    if url := settings.webhook.get_secret_value():
        found.append(Webhook(url, settings.ca_bundle))
    return found


def base_sources(settings: Settings) -> BaseSources:
    """Where base images come from, and what they get beside their recipe."""
    return BaseSources(
        mirror=settings.mirror,
        work=settings.home / "work",
        images=settings.r_images,
        cran=settings.cran,
        overlay=kept_overlay(settings.home),
        ca_bundle=settings.ca_bundle,
    )


def open_repositories(settings: Settings, folder: Path, first: Sequence[str] = ()) -> Repositories:
    """`folder` keeps what comes; `first`: repositories before the configured ones. Raises `Unavailable`."""
    return Repositories(
        folder,
        cran=[*first, *settings.cran.split()],
        bioconductor=settings.bioconductor,
        netrc=settings.netrc,
        ca_bundle=settings.ca_bundle,
        timeout=settings.fetch_timeout,
        archive_limit=settings.archive_limit,
        programs=[settings.quarto],
        reserve=settings.disk_reserve,
        total=settings.build_disk,
    )


def platform_id(home: Path) -> str:
    """Six letters and digits that mark what is ours on the machine; made once, kept in the home folder."""
    made = read_or_make(home / "platform", _any_id, mode=0o644)
    return made.decode().strip()


@contextlib.contextmanager
def only_one(home: Path) -> Iterator[IO[str]]:
    """Two programs that act on one home folder would work against each other. Raises `Unavailable`."""
    home.mkdir(parents=True, exist_ok=True)
    with (home / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Unavailable(
                f"A server runs already on {home}.",
                "Stop it first: `make stop`, or `systemctl stop sandboxd`.",
            ) from None
        yield file


async def wait_for_database(parts: Parts) -> None:
    """Until it answers: one on the same machine may start later than this server."""
    while True:
        try:
            async with parts.store.read():
                return
        except StoreUnavailable:
            await asyncio.sleep(parts.settings.reconcile_every)


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    parts: Parts = app.state.parts
    with only_one(parts.settings.home):
        await migrate(parts.store)
        parts.bundles.tidy()
        parts.repositories.tidy()
        working = asyncio.create_task(work(parts))
        try:
            yield
        finally:
            working.cancel()
            await asyncio.gather(working, return_exceptions=True)
            await pool.empty(parts)
            for part in (parts.visitor, parts.runtime, parts.builder, parts.repositories, parts.store):
                await part.close()


def _any_id() -> bytes:
    return "".join(secrets.choice(_ALPHABET) for _ in range(6)).encode()


async def _request_id(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    request.state.request_id = secrets.token_hex(6)
    response = await call_next(request)
    response.headers["X-Request-Id"] = request.state.request_id
    return response


async def _not_found(request: Request, error: Exception) -> Response:
    """Addresses that no route has: a page for people, JSON below the API."""
    if request.url.path.startswith("/api/"):
        return await errors.http(request, error)
    return await _tell(request, pages.no_such_page())


async def _tell(request: Request, error: SandboxError) -> Response:
    """Before any route: a page for people, JSON below the API and for the scripts of our pages."""
    if early := pages.tell_early(request, error):
        early.headers.update(pages.HEADERS)
        return early
    if request.url.path.startswith("/api/") or request.headers.get("accept") == "application/json":
        return await errors.known(request, error)
    response = pages.error_page(request, error)
    response.headers.update(pages.HEADERS)
    return response


def _make_home(settings: Settings) -> None:
    """Others on the machine may pass through, as apt's user must while a base image is made, and read nothing."""
    home = settings.home
    home.mkdir(parents=True, exist_ok=True, mode=0o711)
    for folder in ("bundles", "logs"):
        (home / folder).mkdir(exist_ok=True, mode=0o700)
    if not settings.database.get_secret_value():
        # SQLite gives the files beside it the same mode.
        (home / "sandbox.db").touch(mode=0o600)


def _check_safe(settings: Settings) -> None:
    local = all(name.endswith("localhost") for name in (settings.domain, settings.apps_domain))
    if local:
        return
    if settings.scheme != "https":
        raise SandboxError(
            "A domain other than localhost needs https: browsers would drop the login cookie.",
            "Set SANDBOX_SCHEME=https, and SANDBOX_CERTIFICATE unless something before the edge ends TLS.",
        )
    if not settings.open:
        raise SandboxError(
            "Apps on a domain other than localhost are open to everybody who reaches it.",
            "If that is what you want, say so with SANDBOX_OPEN=yes.",
        )


def _build_limits(settings: Settings) -> BuildLimits:
    return BuildLimits(
        memory=settings.build_memory,
        cpus=settings.build_cpus,
        pids=settings.build_pids,
        timeout=settings.build_timeout,
        layer=settings.build_disk,
        log=settings.build_log,
        reserve=settings.disk_reserve,
    )


def _edge_settings(settings: Settings) -> EdgeSettings:
    return EdgeSettings(
        bind=settings.bind,
        scheme=settings.scheme,
        port=settings.port,
        domain=settings.domain,
        apps_domain=settings.apps_domain,
        control=f"127.0.0.1:{settings.control_port}",
        waker=f"127.0.0.1:{settings.wake_port}",
        slots=settings.slots,
        servers_per_slot=settings.servers_per_slot,
        max_connections=settings.max_connections,
        tunnel_timeout=settings.tunnel_timeout,
        answer_timeout=settings.answer_timeout,
        certificate=settings.certificate,
        program=settings.haproxy,
    )


def _reachable(bind: str) -> str:
    return "127.0.0.1" if bind in ("0.0.0.0", "*", "") else bind  # noqa: S104 - compared, not bound
