"""A container's log as the engine sends it."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from typing import Any

from docker import APIClient
from docker.types import CancellableStream

from sandbox_server.errors import RuntimeUnavailable
from sandbox_server.runtime.base import LogLine
from sandbox_server.runtime.logs import log_lines


class EngineLog:
    """A log that is being read."""

    def __init__(self, response: Any, since: datetime | None) -> None:
        self._response = response
        self._since = since

    @classmethod
    def of(
        cls, client: APIClient, container: str, tail: int | None, since: datetime | None, follow: bool
    ) -> "EngineLog | None":
        """Open it; None if the container is being removed.

        The SDK's own `logs` loses which stream a line is of.
        """
        query = {
            "stdout": 1,
            "stderr": 1,
            "timestamps": 1,
            "follow": int(follow),
            "tail": "all" if tail is None else tail,
            "since": 0 if since is None else int(since.timestamp()),
        }
        url = f"{client.base_url}/v{client.api_version}/containers/{container}/logs"
        response = client.get(url, params=query, stream=True, timeout=(10, None if follow else 60))
        if response.status_code in (404, 409):
            response.close()
            return None
        if response.status_code != 200:
            words = response.text.strip()[:500]
            raise RuntimeUnavailable(f"The Docker engine refused: {words}")
        return cls(response, since)

    def __iter__(self) -> Iterator[LogLine]:
        return log_lines(self._response.raw.stream(64 * 1024), self._since)

    def close(self) -> None:
        # Closing the response would wait for its reader; shutting the socket wakes it.
        with suppress(OSError, AttributeError):
            CancellableStream(iter(()), self._response).close()
