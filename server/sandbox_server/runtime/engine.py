"""The Docker engine's API: one client, calls in threads of our own, and what its errors mean."""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import anyio
import anyio.to_thread
from docker import APIClient
from docker.context import ContextAPI
from docker.errors import APIError, DockerException
from docker.utils import kwargs_from_env
from requests.exceptions import RequestException
from urllib3.exceptions import HTTPError

from sandbox_server.errors import RuntimeUnavailable

Result = TypeVar("Result")

_OLDEST_API = (1, 41)
"""Docker 20.10, the first that tells memory in use without measuring for a second."""
_ANSWER_TIMEOUT = 60
"""Seconds. A machine that builds may take long to create a container."""
_THREADS = 12
_WAITING_THREADS = 12


class Engine:
    """Runs functions that use the SDK's client, away from the event loop."""

    def __init__(self, url: str = "") -> None:
        self._url = url
        self._client: APIClient | None = None
        self._lock = threading.Lock()
        self._quick = anyio.CapacityLimiter(_THREADS)
        self._slow = anyio.CapacityLimiter(_WAITING_THREADS)

    async def call(self, work: Callable[[APIClient], Result], *, slow: bool = False) -> Result:
        """Run `work` in a thread; `slow` work (seconds of waiting) cannot hold up the rest.

        Raises `RuntimeUnavailable` for whatever the engine refuses and `work` does not handle.
        """
        return await anyio.to_thread.run_sync(self._work, work, limiter=self._slow if slow else self._quick)

    def client(self) -> APIClient:
        """The client, made at the first use: blocks, so call it in a thread."""
        with self._lock:
            if self._client is None:
                self._client = _connect(self._url)
            return self._client

    async def close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await anyio.to_thread.run_sync(client.close, limiter=self._quick)

    def _work(self, work: Callable[[APIClient], Result]) -> Result:
        with engine_errors():
            return work(self.client())


@contextmanager
def engine_errors() -> Iterator[None]:
    """Turn the SDK's errors, and those of the libraries below it, into `RuntimeUnavailable`."""
    try:
        yield
    except APIError as error:
        raise RuntimeUnavailable(f"The Docker engine refused: {explain(error)}") from error
    except (DockerException, RequestException, HTTPError, OSError) as error:
        raise RuntimeUnavailable("The Docker engine does not answer.", detail=str(error)) from error


def explain(error: APIError) -> str:
    """The engine's own words, in one line."""
    words = error.explanation or str(error)
    return " ".join(str(words).split())[:500]


def _connect(url: str) -> APIClient:
    client = APIClient(version="auto", timeout=_ANSWER_TIMEOUT, max_pool_size=_THREADS * 2, **_where(url))
    version = tuple(int(part) for part in str(client.api_version).split("."))
    if version < _OLDEST_API:
        client.close()
        raise RuntimeUnavailable("This Docker engine is too old.", hint="Install Docker 20.10 or newer.")
    return client


def _where(url: str) -> dict[str, Any]:
    """As the docker command finds it: what was asked for, DOCKER_HOST, else the current context."""
    if url:
        return {"base_url": url}
    if os.environ.get("DOCKER_HOST"):
        return {**kwargs_from_env()}
    context = ContextAPI.get_current_context()
    if context is None or not context.Host:
        return {}
    return {"base_url": context.Host, "tls": context.TLSConfig or False}
