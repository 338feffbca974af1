"""The proxy's files as a pure function of the settings and of what is wanted."""

import hashlib
import os
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from sandbox_server.domain.edge import APP_PORT, WAKER, Backend, Edge, Mode, Server, Table
from sandbox_server.router.answers import answers

CONFIG = "haproxy.cfg"
NOWHERE = "192.0.2.1"
"""Address of free servers, from the range that is reserved for documentation: nothing ever answers there."""


@dataclass(frozen=True)
class EdgeSettings:
    """What stays the same while the proxy runs; a change of any of it is a reload."""

    bind: str = "127.0.0.1"
    port: int = 8080
    domain: str = "sandbox.localhost"
    apps_domain: str = "apps.localhost"
    control: str = "127.0.0.1:8081"
    """Host and port of pages and API."""
    waker: str = "127.0.0.1:8082"
    """Host and port of the page for apps that do not run."""
    scheme: Literal["http", "https"] = "http"
    """How people reach the edge; for cookies and X-Forwarded-Proto."""
    slots: int = 512
    servers_per_slot: int = 8
    max_connections: int = 6000
    """Lowered if the machine's limit of open files is too small for it."""
    threads: int = max(1, (os.cpu_count() or 1) // 2)
    """Half of the machine: one does 30,000 requests a second, more of them cost 15 % each, and apps need the rest."""
    tunnel_timeout: float = 24 * 3600
    """Idle seconds after which a WebSocket is closed."""
    answer_timeout: float = 600
    """Seconds to wait for an app's answer."""
    certificate: Path | None = None
    """PEM file with certificate and key."""
    program: str = "haproxy"
    version: str = ""
    """Of the program: a newer one takes over by a reload."""

    def __post_init__(self) -> None:
        for value in (self.bind, self.domain, self.apps_domain, self.control, self.waker):
            if not re.fullmatch(r"[A-Za-z0-9.:_\[\]-]+", value):
                raise ValueError(f"{value!r} cannot be a host or an address.")
        if self.certificate and re.search(r'["\\\s$]', str(self.certificate)):
            raise ValueError(f"The path of the certificate holds a space or a quote: {self.certificate}")


def render(settings: EdgeSettings, wanted: Edge, user: str = "") -> dict[str, str]:
    """Text by file name, in the order in which to write them; `user` is whom the workers run as."""
    return {
        **answers(),
        CONFIG: _config(settings, wanted, user, digest(settings, user)),
        **{map_file(table): _map(wanted, table) for table in reversed(Table)},
    }


@lru_cache(maxsize=8)
def digest(settings: EdgeSettings, user: str = "") -> str:
    """Of everything that the runtime cannot change."""
    static = _config(settings, Edge(), user, "") + "".join(answers().values())
    return hashlib.sha256(static.encode()).hexdigest()[:32]


def map_file(table: Table) -> str:
    return f"{table.value}.map"


_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
    autoescape=False,  # noqa: S701 - not HTML, and every value is checked before
)


def _config(settings: EdgeSettings, wanted: Edge, user: str, static: str) -> str:
    return _TEMPLATES.get_template("haproxy.cfg.j2").render(
        settings=settings,
        milliseconds=_milliseconds,
        digest=static,
        user=user,
        waker=WAKER,
        bucket=_bucket(settings),
        slots=[
            (f"slot{index}", _servers(settings, wanted, f"slot{index}")) for index in range(settings.slots)
        ],
    )


def _bucket(settings: EdgeSettings) -> str:
    # Of this form browsers take a cookie from its own host only: no sibling's script can move visitors about.
    return "__Host-sandbox_bucket" if settings.scheme == "https" else "sandbox_bucket"


def _milliseconds(seconds: float) -> int:
    return max(1, round(seconds * 1000))


def _servers(settings: EdgeSettings, wanted: Edge, slot: str) -> list[str]:
    lines: list[str] = []
    free: list[int] = []
    for number in range(1, settings.servers_per_slot + 1):
        backend = wanted.servers.get(Server(slot, number))
        if backend is None:
            free.append(number)
            continue
        lines += [*_free(free), _leased(number, backend)]
        free = []
    return [*lines, *_free(free)]


def _free(numbers: list[int]) -> list[str]:
    if not numbers:
        return []
    return [f"server-template s {numbers[0]}-{numbers[-1]} {NOWHERE}:{APP_PORT} disabled"]


def _leased(number: int, backend: Backend) -> str:
    # Weight 0 is a drain that a file can say and that a rule by name still reaches.
    return f"server s{number} {backend.address}:{APP_PORT}" + (
        " weight 0" if backend.mode is Mode.drain else ""
    )


def _map(wanted: Edge, table: Table) -> str:
    entries: dict[str, str] = getattr(wanted, table.value)
    return "".join(f"{key} {value}\n" for key, value in sorted(entries.items()))
