"""Variables, by scope and branch."""

import pytest
from tests.server.cast import ANNA, APP
from tests.server.platform import Platform

from sandbox_server import wire
from sandbox_server.domain.instance import Scope
from sandbox_server.errors import BadRequest, NotFound
from sandbox_server.operations.variables import LONGEST, list_variables, remove_variable, set_variables

pytestmark = pytest.mark.anyio


async def put(
    platform: Platform, scope: str = "sandbox", branch: str | None = None, **values: str
) -> wire.Variables:
    request = wire.VariablesSet.model_validate({"variables": values, "scope": scope, "branch": branch})
    answer = await set_variables(platform.parts, ANNA, APP, request)
    await platform.quiet()
    return answer


async def test_it_works(platform: Platform) -> None:
    await platform.deploy()
    answer = await put(platform, DB="test")
    assert answer.effect == "Running sandboxes get fresh instances with it now."
    assert (await platform.environment(1))["DB"] == "test"


async def test_the_old_instance_drains_beside_the_fresh_one(platform: Platform) -> None:
    await platform.deploy()
    old = await platform.instance(1)
    platform.people(old, 1)
    await put(platform, DB="test")
    await platform.sleep(60)
    assert old.name in await platform.running()
    assert len(await platform.running()) == 2


async def test_a_removed_variable_is_gone_at_once(platform: Platform) -> None:
    await platform.deploy()
    await put(platform, DB="test")
    await remove_variable(platform.parts, ANNA, APP, "DB", "sandbox", None)
    await platform.quiet()
    assert "DB" not in await platform.environment(1)
    await platform.sleep(60)
    assert "DB" not in await platform.environment(1)
    assert len(await platform.running()) == 1


async def test_a_sandbox_never_gets_what_is_a_releases(platform: Platform) -> None:
    await platform.deploy()
    await put(platform, scope="release", DB="production")
    await platform.promote(1)
    assert (await platform.environment(1, Scope.release))["DB"] == "production"
    assert "DB" not in await platform.environment(1)


async def test_a_releases_variable_waits_for_the_next_release(platform: Platform) -> None:
    await platform.deploy()
    await put(platform, scope="release", DB="one")
    await platform.promote(1)
    await put(platform, scope="release", DB="two")
    assert (await platform.environment(1, Scope.release))["DB"] == "one"
    await platform.promote(1)
    assert (await platform.environment(1, Scope.release))["DB"] == "two"


async def test_a_rollback_brings_the_old_values_back(platform: Platform) -> None:
    await platform.deploy()
    await put(platform, scope="release", DB="one")
    await platform.promote(1)
    first = await platform.instance(1, Scope.release)
    await put(platform, scope="release", DB="two")
    await platform.promote(1)
    await platform.rollback()
    assert platform.router.running is not None
    slot = platform.router.running.routes[f"{APP}.apps.localhost"]
    assert slot == f"slot{first.slot}"
    assert platform.runtime.spec(first.name).environment["DB"] == "one"


async def test_a_branch_has_its_own(platform: Platform) -> None:
    await platform.deploy("main")
    await platform.deploy("feature-x")
    await put(platform, branch="feature-x", DB="own")
    assert "DB" not in await platform.environment(1)
    assert (await platform.environment(2))["DB"] == "own"


@pytest.mark.parametrize("name", ["SANDBOX_APP", "sandbox_x", "PATH", "LD_PRELOAD", "HOME", "1ST", "A B", ""])
async def test_names_that_are_the_platforms_or_none_are_refused(platform: Platform, name: str) -> None:
    await platform.deploy()
    with pytest.raises(BadRequest):
        await put(platform, **{"GOOD": "x", name: "x"})
    assert (await list_variables(platform.parts, APP)).variables == []


async def test_values_that_cannot_be_are_refused(platform: Platform) -> None:
    await platform.deploy()
    for value in ("x" * 40_000, "nul\0"):
        with pytest.raises(BadRequest):
            await put(platform, DB=value)


async def test_the_release_scope_has_no_branches(platform: Platform) -> None:
    await platform.deploy()
    with pytest.raises(BadRequest, match="no branches"):
        await put(platform, scope="release", branch="main", DB="x")


async def test_what_is_not_set_cannot_be_removed(platform: Platform) -> None:
    await platform.deploy()
    with pytest.raises(NotFound):
        await remove_variable(platform.parts, ANNA, APP, "DB", "sandbox", None)


async def test_values_are_encrypted_on_the_disk(platform: Platform) -> None:
    await platform.deploy()
    await put(platform, DB="swordfish")
    home = platform.parts.settings.home
    files = [path for path in home.rglob("*") if path.is_file()]
    assert not [path for path in files if b"swordfish" in path.read_bytes()]


async def test_one_that_is_set_while_a_push_comes_up_is_not_lost(platform: Platform) -> None:
    await platform.deploy()
    number = await platform.push()
    async with platform.worker():
        await platform.until_status(number, "ready")
    await set_variables(
        platform.parts, ANNA, APP, wire.VariablesSet(variables={"DB": "test"}, scope="sandbox", branch=None)
    )
    third = await platform.push()
    await put(platform, DB="newer")
    await platform.quiet()
    assert (await platform.environment(third))["DB"] == "newer"


async def test_more_than_a_program_can_be_started_with_is_refused(platform: Platform) -> None:
    await platform.deploy()
    await put(platform, DB="test", **{f"A{number}": "x" * LONGEST for number in range(20)})
    for branch in (None, "main"):
        with pytest.raises(BadRequest, match="can be given to an app"):
            await put(platform, branch=branch, **{f"B{number}": "x" * LONGEST for number in range(20)})
    listed = await list_variables(platform.parts, APP)
    assert not [row for row in listed.variables if row.name.startswith("B")]
    assert (await platform.environment(1))["DB"] == "test"


async def test_a_value_is_measured_in_bytes(platform: Platform) -> None:
    await platform.deploy()
    with pytest.raises(BadRequest, match="bytes"):
        await put(platform, DB="日" * (LONGEST // 2))
