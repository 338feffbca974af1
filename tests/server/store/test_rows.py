"""Deployments, variables, leases, credentials."""

from datetime import timedelta
from ipaddress import IPv4Network

import pytest
from sqlmodel import select
from tests.server.store.rows import NOON, a_deployment, an_app

from sandbox_server.domain.instance import Scope, Spec
from sandbox_server.errors import BadName, BadRequest, Full, NotFound, NotPossible
from sandbox_server.store import Store, apps, deployments, events, instances, users, variables
from sandbox_server.store.tables import Credential, Instance
from sandbox_server.wire import Status

pytestmark = pytest.mark.anyio

SUBNET = IPv4Network("10.9.0.0/22")


async def test_a_move_tells_the_history(store: Store) -> None:
    async with store.write() as tx:
        row = await a_deployment(tx)
        await deployments.move(tx, row, Status.building, at=NOON, by="platform", app="sales-dashboard")
        assert (row.status, row.version) == ("building", 2)
        told = (await events.recent(tx))[0]
    assert (told.old, told.new, told.subject) == ("queued", "building", "d1")


async def test_who_moves_second_is_refused(store: Store) -> None:
    async with store.write() as tx:
        await a_deployment(tx)
    async with store.read() as tx:
        stale = await deployments.by_id(tx, 1)
    async with store.write() as tx:
        fresh = await deployments.by_id(tx, 1)
        await deployments.move(tx, fresh, Status.cancelled, at=NOON, by="anna", app="sales-dashboard")
    with pytest.raises(NotPossible, match="not queued any more"):
        async with store.write() as tx:
            await deployments.move(tx, stale, Status.building, at=NOON, by="platform", app="sales-dashboard")


async def test_moves_that_the_machine_has_not_are_refused(store: Store) -> None:
    async with store.write() as tx:
        row = await a_deployment(tx)
        with pytest.raises(NotPossible, match="cannot become ready"):
            await deployments.move(tx, row, Status.ready, at=NOON, by="anna", app="sales-dashboard")


async def test_branches_that_would_share_a_host_are_refused(store: Store) -> None:
    async with store.write() as tx:
        app = await an_app(tx)
        first = await apps.ensure_branch(tx, app, "one", "anna", NOON)
        first.name = "another"
        tx.add(first)
        await tx.flush()
        with pytest.raises(BadName, match="same host"):
            await apps.ensure_branch(tx, app, "one", "anna", NOON)


async def test_a_branch_overrides_what_its_app_sets(store: Store) -> None:
    async with store.write() as tx:
        app = await an_app(tx)
        for branch, value in ((None, b"all"), ("feature-x", b"own")):
            await set_to(tx, app.id, branch, "DB", value)
        await set_to(tx, app.id, None, "KEY", b"k")
        own = await variables.in_effect(tx, app.id or 0, "sandbox", "feature-x")
        other = await variables.in_effect(tx, app.id or 0, "sandbox", "main")
    assert [(row.name, row.ciphertext) for row in own] == [("DB", b"own"), ("KEY", b"k")]
    assert [(row.name, row.ciphertext) for row in other] == [("DB", b"all"), ("KEY", b"k")]


async def test_a_removed_override_shows_the_apps_value_again(store: Store) -> None:
    async with store.write() as tx:
        app = await an_app(tx)
        await set_to(tx, app.id, None, "DB", b"all")
        await set_to(tx, app.id, "main", "DB", b"own")
        await set_to(tx, app.id, "main", "DB", None)
        rows = await variables.in_effect(tx, app.id or 0, "sandbox", "main")
    assert [row.ciphertext for row in rows] == [b"all"]


async def test_an_earlier_state_of_the_variables_can_be_had(store: Store) -> None:
    async with store.write() as tx:
        app = await an_app(tx)
        await set_to(tx, app.id, None, "DB", b"old", scope="release")
        at = await variables.newest_id(tx, app.id or 0)
        await set_to(tx, app.id, None, "DB", b"new", scope="release")
        await set_to(tx, app.id, None, "MORE", b"x", scope="release")
        then = await variables.in_effect(tx, app.id or 0, "release", None, at=at)
        never = await variables.in_effect(tx, app.id or 0, "release", None, at=0)
    assert [(row.name, row.ciphertext) for row in then] == [("DB", b"old")]
    assert never == []


async def test_a_sandbox_never_gets_a_releases_variables(store: Store) -> None:
    async with store.write() as tx:
        app = await an_app(tx)
        await set_to(tx, app.id, None, "DB", b"secret", scope="release")
        assert await variables.in_effect(tx, app.id or 0, "sandbox", "main") == []


async def test_no_place_and_no_address_is_given_out_twice(store: Store) -> None:
    async with store.write() as tx:
        rows = [await lease(tx, number, memory) for number in (1, 2) for memory in (1, 1, 2)]
    assert len({(row.slot, row.server) for row in rows}) == 6
    assert len({row.address for row in rows}) == 6
    assert len({row.slot for row in rows}) == 4


async def test_an_address_does_not_come_back_soon(store: Store) -> None:
    given = []
    async with store.write() as tx:
        for _ in range(5):
            row = await lease(tx, 1)
            given.append(row.address)
            await instances.end(tx, row, NOON)
    assert len(set(given)) == 5


async def test_more_slots_than_there_are_is_full(store: Store) -> None:
    async with store.write() as tx:
        for memory in range(3):
            await lease(tx, 1, memory, slots=3)
        with pytest.raises(Full, match="All 3 slots"):
            await lease(tx, 1, 99, slots=3)


async def test_more_instances_of_one_spec_than_a_slot_carries_is_full(store: Store) -> None:
    async with store.write() as tx:
        for _ in range(2):
            await lease(tx, 1, servers=2)
        with pytest.raises(Full, match="All 2 places"):
            await lease(tx, 1, servers=2)


async def test_more_instances_than_addresses_is_full(store: Store) -> None:
    async with store.write() as tx:
        for memory in range(5):
            await lease(tx, 1, memory, subnet=IPv4Network("10.9.0.0/29"))
        with pytest.raises(Full, match="no address left"):
            await lease(tx, 1, 99, subnet=IPv4Network("10.9.0.0/29"))


async def test_what_ended_gives_its_lease_back(store: Store) -> None:
    async with store.write() as tx:
        row = await lease(tx, 1, slots=1)
        await instances.end(tx, row, NOON)
        assert await instances.live(tx) == []
        assert (await lease(tx, 1, 2, slots=1)).slot == 0


async def test_secrets_of_people_are_stored_as_hashes_only(store: Store) -> None:
    async with store.write() as tx:
        anna = await users.add(tx, "anna", admin=True, now=NOON)
        secret, _ = await users.issue(tx, anna, users.Kind.token, name="first", now=NOON, expires_at=None)
    async with store.read() as tx:
        row = (await tx.exec(select(Credential))).one()
        assert secret not in row.model_dump_json()
        found = await users.owner(tx, users.Kind.token, secret, NOON)
    assert found is not None
    assert found[0].name == "anna"


async def test_a_secret_is_good_for_its_own_kind_and_time_only(store: Store) -> None:
    soon = NOON + timedelta(hours=1)
    async with store.write() as tx:
        anna = await users.add(tx, "anna", admin=True, now=NOON)
        secret, _ = await users.issue(tx, anna, users.Kind.link, now=NOON, expires_at=soon)
    async with store.read() as tx:
        assert await users.owner(tx, users.Kind.link, secret, NOON) is not None
        assert await users.owner(tx, users.Kind.token, secret, NOON) is None
        assert await users.owner(tx, users.Kind.session, secret, NOON) is None
        assert await users.owner(tx, users.Kind.link, secret, soon) is None
        assert await users.owner(tx, users.Kind.link, secret + "x", NOON) is None


async def test_names_of_people_are_unique_and_printable(store: Store) -> None:
    async with store.write() as tx:
        await users.add(tx, "anna", admin=False, now=NOON)
        for name in ("anna", "", "a" * 61, "new\nline"):
            with pytest.raises(BadRequest):
                await users.add(tx, name, admin=False, now=NOON)


async def test_an_unknown_app_names_the_nearest(store: Store) -> None:
    async with store.write() as tx:
        await an_app(tx)
        with pytest.raises(NotFound) as caught:
            await apps.get(tx, "sales-dashbord")
    assert caught.value.hint == "Did you mean sales-dashboard?"


async def set_to(tx, app_id, branch, name, ciphertext, scope="sandbox") -> None:  # type: ignore[no-untyped-def]
    await variables.add(
        tx, app_id, scope=scope, branch=branch, name=name, ciphertext=ciphertext, by="anna", now=NOON
    )


async def lease(tx, number, memory=1, *, slots=8, servers=4, subnet=SUBNET) -> Instance:  # type: ignore[no-untyped-def]
    app = await an_app(tx)
    known = await deployments.of_app(tx, app.id or 0)
    row = next((row for row in known if row.number == number), None) or await a_deployment(tx, number=number)
    spec = Spec("sha256:1", Scope.sandbox, memory, 1.0, "UTC")
    return await instances.lease(
        tx, app, row, spec, variables_at=0, platform="abc123", subnet=subnet, slots=slots,
        servers_per_slot=servers, now=NOON,
    )  # fmt: skip
