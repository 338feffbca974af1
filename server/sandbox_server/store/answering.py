"""Whether the database answers: its being away is told apart from errors of ours, and said once."""

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnectionLeft
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from sandbox_server.errors import BadRequest, StoreUnavailable, Unavailable

log = logging.getLogger(__name__)

_PATIENCE = {"timeout": 10, "command_timeout": 60}
"""Seconds for a connection and for one answer: a network that swallows everything holds up nobody for ever."""
_GOING = ("08", "57P", "53300")
"""How the states begin that Postgres names when it stops, starts, or has no connection left."""


def open_engine(url: str) -> AsyncEngine:
    """Raises `BadRequest` for what is no database of ours, `Unavailable` if its driver is missing."""
    url = re.sub(r"^postgres(ql)?://", "postgresql+asyncpg://", url)
    try:
        name = make_url(url).drivername
    except ArgumentError:
        name = ""
    if name == "sqlite+aiosqlite":
        return create_async_engine(url)
    if name != "postgresql+asyncpg":
        raise BadRequest(
            "SANDBOX_DATABASE is no URL of a Postgres database.",
            "Write it as postgresql://USER:PASSWORD@HOST/DATABASE, or leave it out: SQLite needs none.",
        )
    try:
        # As psql spells it. Connections are tried before use: a restart of Postgres costs nobody an error.
        return create_async_engine(
            re.sub(r"([?&])sslmode=", r"\1ssl=", url), pool_size=10, max_overflow=20, pool_pre_ping=True,
            connect_args=_PATIENCE,
        )  # fmt: skip
    except ModuleNotFoundError:
        raise Unavailable(
            "The driver for Postgres is not installed.", "Install the server with its extra `postgres`."
        ) from None


class Answering:
    """Turns what a lost database raises into `StoreUnavailable`, and logs when it goes and comes back."""

    def __init__(self) -> None:
        self._away = False

    @contextmanager
    def connecting(self) -> Iterator[None]:
        """Around no more than the connection itself: whatever goes wrong there, there is none."""
        try:
            yield
        except Exception as error:
            self._gone(error)
        if self._away:
            self._away = False
            log.info("the database answers again")

    @contextmanager
    def working(self) -> Iterator[None]:
        """Around a transaction."""
        try:
            yield
        except (DBAPIError, ConnectionError, TimeoutError) as error:
            if isinstance(error, DBAPIError) and not _is_lost(error):
                raise
            self._gone(error)

    def _gone(self, error: Exception) -> NoReturn:
        if not self._away:
            self._away = True
            log.warning("the database does not answer: %s", _reason(error))
        raise StoreUnavailable("The database does not answer just now.") from error


def _is_lost(error: DBAPIError) -> bool:
    return error.connection_invalidated or str(_state(error)).startswith(_GOING)


def _state(error: DBAPIError) -> Any:
    return getattr(error.orig, "sqlstate", None)


def _reason(error: Exception) -> str:
    """In one line, and without the statement and its values."""
    if isinstance(error, NoConnectionLeft):
        return "all of this server's connections to it are in use"
    said = error.orig if isinstance(error, DBAPIError) else error
    return " ".join(f"{type(said).__name__}: {said}".split())
