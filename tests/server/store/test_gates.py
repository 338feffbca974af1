"""Gates: rows are added, and the newest is in force."""

import pytest
from tests.server.store.rows import NOON, an_app

from sandbox_server.domain.gates import GatesConfig, parse
from sandbox_server.store import Store, gates

pytestmark = pytest.mark.anyio


async def test_it_works(store: Store) -> None:
    wanted = parse({"reviews": 2, "max_age": "14d", "groups": {"qa": ["rita@example.org"]}})
    async with store.write() as tx:
        app, other = await an_app(tx), await an_app(tx, "other")
        await tx.flush()
        assert app.id is not None
        assert other.id is not None
        assert await gates.newest(tx, app.id) is None
        assert await gates.in_force(tx, app.id) == GatesConfig()
        await gates.add(tx, app.id, parse({"reviews": 1}), by="anna", now=NOON)
        await gates.add(tx, other.id, parse({"reviews": 9}), by="anna", now=NOON)
        await gates.add(tx, app.id, wanted, by="ben", now=NOON, reason="more eyes")
    async with store.read() as tx:
        assert await gates.in_force(tx, app.id) == wanted
        row = await gates.newest(tx, app.id)
        assert row is not None
        assert (row.by, row.reason, row.deployment_id, row.release) == ("ben", "more eyes", None, None)
        assert row.created_at == NOON
