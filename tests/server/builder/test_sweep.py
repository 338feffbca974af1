"""What a kill left behind, and what others on the machine are still working with."""

import time
from typing import Any, cast

import pytest
from docker import APIClient

from sandbox_server.builder import DockerBuilder, Engine

pytestmark = pytest.mark.anyio


class Client:
    """An engine with builder containers, by the label that finds them."""

    def __init__(self, **found: list[dict[str, Any]]) -> None:
        self._found = found
        self.removed: list[str] = []

    def containers(self, filters: dict[str, list[str]], **_options: object) -> list[dict[str, Any]]:
        return self._found["ours" if "sandbox.platform=abc123" in filters["label"] else "bases"]

    def remove_container(self, container: str, **_options: object) -> None:
        self.removed.append(container)


class KnownEngine(Engine):
    def __init__(self, client: Client) -> None:
        super().__init__()
        self._client = cast("APIClient", client)


async def test_a_base_that_another_program_is_making_is_left_alone() -> None:
    now = time.time()
    client = Client(
        ours=[{"Id": "ours", "Created": now}],
        bases=[{"Id": "left", "Created": now - 3600}, {"Id": "making", "Created": now - 1800}],
    )
    await DockerBuilder("abc123", engine=KnownEngine(client)).sweep()
    assert client.removed == ["ours", "left"]
