"""The Docker engine as the builder sees it: calls in threads of ours, failures as errors of ours."""

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

from sandbox_server.errors import RuntimeUnavailable, StorageFull

Result = TypeVar("Result")

_THREADS = 8
_STREAMS = 16
_SILENCE = 300
"""Seconds. A commit of a large layer, or an import, answers only when it is done."""


class Engine:
    """A connection that is made at the first call, and again after the engine was away."""

    def __init__(self, url: str = "") -> None:
        """`url` is a Docker host; by default what the docker command uses."""
        self._url = url
        self._client: APIClient | None = None
        self._lock = threading.Lock()
        self._limiter = anyio.CapacityLimiter(_THREADS)
        self._streams = anyio.CapacityLimiter(_STREAMS)

    async def call(self, work: Callable[[APIClient], Result]) -> Result:
        """Run `work` in a thread. Docker's `NotFound` and other 4xx come as they are, the rest as errors of ours."""
        return await anyio.to_thread.run_sync(self._run, work, limiter=self._limiter)

    async def stream(self, work: Callable[[APIClient], Result]) -> Result:
        """Like `call`, for what lasts as long as something else does.

        A cancelled caller goes on at once; the thread ends when that something is ended.
        """
        return await anyio.to_thread.run_sync(self._run, work, limiter=self._streams, abandon_on_cancel=True)

    async def close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            client.close()

    def _run(self, work: Callable[[APIClient], Result]) -> Result:
        with _as_ours():
            with self._lock:
                self._client = self._client or _connect(self._url)
            return work(self._client)


@contextmanager
def _as_ours() -> Iterator[None]:
    try:
        yield
    except APIError as error:
        if "no space left" in str(error.explanation):
            raise StorageFull(
                "The engine's disk is full.", "Free disk space on the server, then try again."
            ) from error
        if error.status_code is not None and error.status_code < 500:
            raise
        raise RuntimeUnavailable(f"The Docker engine refused: {error.explanation}") from error
    except (DockerException, RequestException, HTTPError, OSError) as error:
        raise RuntimeUnavailable("The Docker engine does not answer.", detail=str(error)) from error


def _connect(url: str) -> APIClient:
    return APIClient(version="auto", timeout=_SILENCE, **_where(url))


def _where(url: str) -> dict[str, Any]:
    if url:
        return {"base_url": url}
    if os.environ.get("DOCKER_HOST"):
        return {**kwargs_from_env()}
    context = ContextAPI.get_current_context()
    if context is None or not context.Host:
        return {}
    return {"base_url": context.Host, "tls": context.TLSConfig or False}
