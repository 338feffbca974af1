"""The engine's own news of processes that ended."""

from collections.abc import Iterator
from typing import Any

from docker import APIClient
from docker.types import CancellableStream

from sandbox_server.runtime.request import INSTANCE_ROLE, PLATFORM_LABEL, ROLE_LABEL


class Deaths:
    """Names of our instances' containers as they end; `close` from another thread ends it."""

    def __init__(self, client: APIClient, platform: str) -> None:
        self._events: CancellableStream[dict[str, Any]] = client.events(
            decode=True,
            filters={
                "type": "container",
                "event": "die",
                "label": [f"{PLATFORM_LABEL}={platform}", f"{ROLE_LABEL}={INSTANCE_ROLE}"],
            },
        )

    def __iter__(self) -> Iterator[str]:
        return (str(event["Actor"]["Attributes"].get("name", "")) for event in self._events)

    def close(self) -> None:
        self._events.close()
