"""An installation whose engine is slow or refuses: what only a client of ours can bring about at the right moment."""

import asyncio
import threading
from collections.abc import Iterator
from typing import Any, cast

import anyio
import pytest
from anyio import to_thread
from docker import APIClient
from docker.errors import APIError
from requests import Response
from tests.building import Told

from sandbox_server.builder import BuildLimits, Engine
from sandbox_server.builder.installation import Installation
from sandbox_server.builder.narrator import Narrator
from sandbox_server.errors import BuildFailed, RuntimeUnavailable

pytestmark = pytest.mark.anyio


class Client:
    """An engine with one container, which goes on when it is told to."""

    def __init__(self) -> None:
        self.containers_made: list[str] = []
        self.creating, self.may_create = threading.Event(), threading.Event()
        self.kills, self.may_end = threading.Event(), threading.Event()
        self.refuses_files, self.refuses_kills = False, True
        self.output: list[bytes] = []

    def info(self) -> dict[str, str]:
        return {"DockerRootDir": "/"}

    def create_container_from_config(self, _request: object) -> dict[str, str]:
        self.creating.set()
        assert self.may_create.wait(10)
        self.containers_made.append("c1")
        return {"Id": "c1"}

    def fill(self, _client: object, _container: str) -> None:
        if self.refuses_files:
            raise refusal(404)

    def wait(self, _container: str) -> None:
        pass

    def stats(self, *_arguments: object, **_options: object) -> dict[str, Any]:
        return {"pids_stats": {"current": 1}}

    def start(self, _container: str) -> None:
        pass

    def attach(self, *_arguments: object, **_options: object) -> Iterator[bytes]:
        yield from self.output
        assert self.may_end.wait(10)
        yield b"done\n"

    def inspect_container(self, _container: str) -> dict[str, Any]:
        return {"State": {"ExitCode": 0, "OOMKilled": False}}

    def containers(self, **_options: object) -> list[dict[str, int]]:
        return [{"SizeRw": 0}]

    def kill(self, _container: str) -> None:
        self.kills.set()
        if self.refuses_kills:
            raise refusal(409)
        self.may_end.set()

    def remove_container(self, container: str, **_options: object) -> None:
        self.containers_made.remove(container)


def refusal(status: int) -> APIError:
    response = Response()
    response.status_code = status
    return APIError("refused", response)


class KnownEngine(Engine):
    """The engine's own error handling, over that client."""

    def __init__(self, client: Client) -> None:
        super().__init__()
        self._client = cast("APIClient", client)


def installation(client: Client, **limits: Any) -> Installation:
    known = KnownEngine(client)
    return Installation(known, {}, BuildLimits(reserve=0, **limits), Narrator(Told()), client.fill)


async def _release_later(client: Client) -> None:
    await anyio.sleep(0.3)
    client.may_create.set()


async def test_a_call_that_is_cancelled_while_its_container_is_made_leaves_none() -> None:
    client = Client()
    entering = asyncio.create_task(installation(client).__aenter__())
    await to_thread.run_sync(client.creating.wait, 10)
    entering.cancel()
    await asyncio.sleep(0)
    client.may_create.set()
    with anyio.fail_after(60), pytest.raises(asyncio.CancelledError):
        await entering
    assert client.containers_made == []


async def test_neither_a_time_limit_nor_many_cancels_leave_a_container() -> None:
    client = Client()

    async def enter() -> None:
        with anyio.fail_after(0.05):
            await installation(client).__aenter__()

    entering = asyncio.create_task(enter())
    await to_thread.run_sync(client.creating.wait, 10)
    await asyncio.sleep(0.1)  # beyond the limit
    for _ in range(3):
        entering.cancel()
        await asyncio.sleep(0)
    client.may_create.set()
    with anyio.fail_after(60), pytest.raises((asyncio.CancelledError, TimeoutError)):
        await entering
    assert client.containers_made == []


async def test_a_time_limit_alone_leaves_no_container() -> None:
    client = Client()
    async with anyio.create_task_group() as others:
        others.start_soon(_release_later, client)
        with pytest.raises(TimeoutError), anyio.fail_after(0.05):
            await installation(client).__aenter__()
    assert client.containers_made == []


async def test_a_limit_names_the_package_at_which_it_was_passed() -> None:
    client = Client()
    client.may_create.set()
    client.refuses_kills = False
    client.output = [b"::sandbox:: package kettle 1.0\n"]
    with anyio.fail_after(60), pytest.raises(BuildFailed, match="took longer than 0 seconds") as failure:
        async with installation(client, timeout=0) as installing:
            await installing.run()
    assert failure.value.message.startswith("While package kettle 1.0 was being installed, the build took")


async def test_a_container_that_cannot_be_prepared_is_removed() -> None:
    client = Client()
    client.may_create.set()
    client.refuses_files = True
    with pytest.raises(RuntimeUnavailable):
        await installation(client).__aenter__()
    assert client.containers_made == []


async def test_an_installation_that_had_just_ended_when_it_was_to_be_killed_counts() -> None:
    client = Client()
    client.may_create.set()
    async with installation(client, timeout=0) as installing:
        running = asyncio.create_task(installing.run())
        await to_thread.run_sync(client.kills.wait, 10)
        client.may_end.set()
        with anyio.fail_after(60):
            await running
    assert client.containers_made == []
