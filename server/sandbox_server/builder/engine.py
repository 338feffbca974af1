"""The Docker engine as the builder sees it: calls in threads of ours, failures as errors of ours."""

import errno
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

import anyio
import anyio.to_thread
from docker import APIClient
from docker.context import ContextAPI
from docker.errors import APIError, DockerException, ImageNotFound
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
        """Run `work` in a thread; what it lets out of the engine's failures comes as ours.

        Docker's 4xx as well: what `work` has looked up went away meanwhile, and is looked up again by the next try.
        """
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


def create(client: APIClient, request: Mapping[str, Any]) -> str:
    """A container from exactly this request; returns its Id."""
    make: Callable[[Mapping[str, Any]], dict[str, Any]] = client.create_container_from_config
    container: str = make(request)["Id"]
    return container


def commit(client: APIClient, container: str, repository: str, config: Mapping[str, Any]) -> str:
    """The container's files as an image; returns its Id. `config` has our labels."""
    labels = config["Labels"]
    # A tag, so that nobody's `docker image prune` takes it for rubbish.
    tag = f"{labels['sandbox.role']}-{labels['sandbox.key']}"
    made = client.commit(container, repository=repository, tag=tag, pause=False, conf=dict(config))
    image: str = made["Id"]
    return image


def discard(client: APIClient, container: str) -> None:
    """Remove a container with all that is its own; absent is success."""
    try:
        client.remove_container(container, v=True, force=True)
    except APIError as error:
        if error.status_code not in {404, 409}:  # gone, or going already
            raise


def image_id(client: APIClient, name: str) -> str | None:
    inspect: Callable[[str], dict[str, Any]] = client.inspect_image
    try:
        found: str = inspect(name)["Id"]
    except ImageNotFound:
        return None
    return found


@contextmanager
def _as_ours() -> Iterator[None]:
    try:
        yield
    except APIError as error:
        if "no space left" in str(error.explanation):
            raise StorageFull(
                "The engine's disk is full.", "Free disk space on the server, then try again."
            ) from error
        raise RuntimeUnavailable(f"The Docker engine refused: {error.explanation}") from error
    except (DockerException, RequestException, HTTPError, OSError) as error:
        if isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise StorageFull("The server's disk is full.", "Free disk space on the server.") from error
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
