"""What tests may do with the twin."""

import pytest

from sandbox_server.domain.edge import Edge, Server, SetEntry, Table
from sandbox_server.errors import RouterUnavailable
from sandbox_server.router import MemoryRouter

pytestmark = pytest.mark.anyio


async def test_sessions_and_visits_are_set_by_hand() -> None:
    router = MemoryRouter()
    await router.prepare(Edge())
    router.set_sessions(Server("slot0", 1), 3)
    router.set_sessions(Server("slot0", 2), 0)
    router.set_visits("slot0", 1)
    assert await router.sessions() == {Server("slot0", 1): 3}
    router.set_left_over(Server("slot0", 1), 2)
    assert await router.visits() == {"slot0": 1}
    assert await router.left_over() == {Server("slot0", 1): 2}


async def test_a_proxy_that_cannot_be_asked_serves_on() -> None:
    router = MemoryRouter()
    await router.prepare(Edge(routes={"a": "slot0"}))
    router.readable = False
    with pytest.raises(RouterUnavailable):
        await router.sessions()
    assert router.running == Edge(routes={"a": "slot0"})


async def test_a_kill_leaves_the_files() -> None:
    router = MemoryRouter()
    await router.prepare(Edge())
    await router.execute([SetEntry(Table.routes, "a", "slot0")])
    router.kill()
    with pytest.raises(RouterUnavailable):
        await router.read()
    await router.prepare(router.files)
    assert await router.read() == Edge()
