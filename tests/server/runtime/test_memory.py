"""The handles of the twin; what it promises is in the contract suite."""

from ipaddress import IPv4Address

import pytest

from sandbox_server.errors import RuntimeUnavailable
from sandbox_server.runtime import ContainerSpec, MemoryRuntime

pytestmark = pytest.mark.anyio

SPEC = ContainerSpec("sbx-a", "sha256:1", IPv4Address("10.231.0.10"), {"A": "b"}, 64 * 1024 * 1024, 1, "h")


async def test_a_call_fails_as_often_as_asked() -> None:
    runtime = MemoryRuntime()
    runtime.fail_next(times=2)
    for _ in range(2):
        with pytest.raises(RuntimeUnavailable):
            await runtime.start(SPEC)
    await runtime.start(SPEC)


async def test_it_shows_what_a_container_was_made_from() -> None:
    runtime = MemoryRuntime()
    await runtime.start(SPEC)
    assert runtime.spec(SPEC.name).environment == {"A": "b"}


async def test_an_app_answers_as_told() -> None:
    runtime = MemoryRuntime()
    await runtime.start(SPEC)
    assert await runtime.probe(SPEC.name, SPEC.address) == 200
    runtime.answer(SPEC.name, 500)
    assert await runtime.probe(SPEC.name, SPEC.address) == 500
    runtime.crash(SPEC.name)
    assert await runtime.probe(SPEC.name, SPEC.address) is None
