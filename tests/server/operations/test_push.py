"""Push: built, started, visited, and only then shown."""

import pytest
from tests.server.cast import ANNA, APP, BEN, HELLO
from tests.server.platform import Platform

from sandbox_server import wire
from sandbox_server.errors import BadBundle, BadConfig, BadName, BadRequest, NotAnApp
from sandbox_server.operations.push import push

pytestmark = pytest.mark.anyio


async def test_it_works(platform: Platform) -> None:
    number = await platform.deploy()
    shown = await platform.show(number)
    assert (shown.status, shown.phase, shown.current, shown.released) == ("ready", "", True, False)
    assert shown.smoke.status == "passed"
    assert {"upload", "build", "start", "smoke"} <= shown.seconds.keys()
    assert platform.sandbox_shows() == platform.permalink_shows(number) == "d1"
    assert platform.users_get() == "waker"


async def test_a_push_answers_before_anything_is_built(platform: Platform) -> None:
    number = await platform.push()
    shown = await platform.show(number)
    assert (shown.status, shown.image, shown.author) == ("queued", None, "anna")


async def test_a_second_push_replaces_what_the_branch_shows(platform: Platform) -> None:
    await platform.deploy()
    second = await platform.deploy()
    assert platform.sandbox_shows() == "d2"
    assert (await platform.show(second)).current
    assert not (await platform.show(1)).current


async def test_the_same_files_give_the_same_image(platform: Platform) -> None:
    first, second = await platform.deploy("main"), await platform.deploy("feature-x")
    assert (await platform.show(first)).image == (await platform.show(second)).image


async def test_branches_of_one_app_stand_side_by_side(platform: Platform) -> None:
    await platform.deploy("main")
    await platform.deploy("feature/x")
    assert (platform.sandbox_shows("main"), platform.sandbox_shows("feature/x")) == ("d1", "d2")


async def test_a_push_that_waits_is_superseded_by_the_next_one(platform: Platform) -> None:
    first, second = await platform.push(), await platform.push()
    await platform.quiet()
    assert [await platform.status(number) for number in (first, second)] == ["superseded", "ready"]
    assert not any("d1 queued>building" in line for line in await platform.history())


async def test_pushes_of_two_branches_do_not_supersede_each_other(platform: Platform) -> None:
    numbers = [await platform.push("main"), await platform.push("feature-x")]
    await platform.quiet()
    assert [await platform.status(number) for number in numbers] == ["ready", "ready"]


async def test_an_older_push_that_ends_late_does_not_take_the_url_back(platform: Platform) -> None:
    first, second = await platform.deploy(), await platform.deploy()
    await platform.sleep(60)
    await platform.sleep(60)
    assert await platform.status(first) == "asleep"
    async with platform.parts.store.write() as tx:
        row = await platform.row(first)
        row.status = "starting"
        await tx.merge(row)
    await platform.quiet()
    assert await platform.status(first) == "ready"
    assert platform.sandbox_shows() == f"d{second}"


async def test_every_step_is_in_the_history_with_its_user(platform: Platform) -> None:
    await platform.deploy()
    assert await platform.history() == [
        "anna app.added sales-dashboard >",
        "anna sandbox.added main >",
        "anna deployment.pushed d1 >main",
        "platform deployment.moved d1 queued>building",
        "platform deployment.moved d1 building>starting",
        "platform deployment.moved d1 starting>ready",
        "platform sandbox.moved main >d1",
    ]


@pytest.mark.parametrize(
    ("app", "branch", "error"),
    [("Sales", "main", BadName), ("api", "main", BadName), (APP, "a..b", BadRequest), (APP, " ", BadRequest)],
)
async def test_names_that_cannot_be_hosts_are_refused(
    platform: Platform, app: str, branch: str, error: type[Exception]
) -> None:
    with pytest.raises(error):
        await platform.push(branch, app=app)
    assert await platform.history() == []


async def test_a_bundle_that_was_not_uploaded_is_refused(platform: Platform) -> None:
    with pytest.raises(BadBundle, match="not uploaded"):
        await push(platform.parts, ANNA, APP, wire.Push(bundle="0" * 64, branch="main"))


async def test_a_folder_without_an_app_is_refused(platform: Platform) -> None:
    with pytest.raises(NotAnApp):
        await platform.push(files={"notes.txt": "nothing here"})
    assert await platform.history() == []


async def test_an_impossible_sandbox_toml_is_refused(platform: Platform) -> None:
    with pytest.raises(BadConfig, match="memory"):
        await platform.push(files={**HELLO, "sandbox.toml": "memory = 3\n"})


async def test_the_limits_of_sandbox_toml_reach_the_instance(platform: Platform) -> None:
    number = await platform.deploy(
        files={**HELLO, "sandbox.toml": 'memory = "2GiB"\ncpus = 0.5\ntimezone = "Europe/Berlin"\n'}
    )
    spec = platform.runtime.spec((await platform.instance(number)).name)
    assert (spec.memory, spec.cpus, spec.environment["TZ"]) == (2 * 1024**3, 0.5, "Europe/Berlin")


async def test_an_app_that_asks_for_more_memory_than_the_server_gives_is_refused(platform: Platform) -> None:
    with pytest.raises(BadConfig, match="900 GiB"):
        await platform.push(files={**HELLO, "sandbox.toml": 'memory = "900GiB"\n'})


async def test_a_changed_setting_does_not_change_what_was_pushed(platform: Platform) -> None:
    number = await platform.deploy()
    await platform.promote(number)
    before = (await platform.instance(number)).spec_hash
    platform.parts.settings.memory *= 2
    platform.parts.settings.cpus = 3
    for instance in await platform.live():
        platform.runtime.crash(instance.name)
    await platform.quiet()
    assert (await platform.instance(number)).spec_hash == before
    assert platform.users_get() == f"d{number}"


async def test_an_instance_knows_where_it_stands(platform: Platform) -> None:
    number = await platform.deploy("feature-x")
    told = await platform.environment(number)
    assert told["SANDBOX_APP"] == APP
    assert told["SANDBOX_BRANCH"] == "feature-x"
    assert told["SANDBOX_SCOPE"] == told["R_CONFIG_ACTIVE"] == "sandbox"
    assert told["SANDBOX_URL"] == "http://feature-x--sales-dashboard.apps.localhost:8080"
    assert told["SANDBOX_DEPLOYMENT"] == "d1"


async def test_a_push_by_somebody_else_carries_their_name(platform: Platform) -> None:
    number = await platform.push(by=BEN)
    assert (await platform.show(number)).author == "ben"


async def test_apps_know_the_way_out_that_the_server_knows(platform: Platform) -> None:
    platform.parts.proxies = {"HTTPS_PROXY": "http://proxy.example:3128"}

    number = await platform.deploy()

    told = await platform.environment(number)
    assert told["HTTPS_PROXY"] == "http://proxy.example:3128"
