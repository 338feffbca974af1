"""Remove, collect, compare, doctor, login."""

import pytest
from tests.server.cast import ANNA, APP, HELLO
from tests.server.platform import Platform

from sandbox_server.errors import NotFound, NotPossible, Unauthorized
from sandbox_server.operations import login
from sandbox_server.operations.collect import collect
from sandbox_server.operations.compare import compare
from sandbox_server.operations.doctor import examine
from sandbox_server.operations.remove import remove_app, remove_branch

pytestmark = pytest.mark.anyio


async def test_it_works(platform: Platform) -> None:
    await platform.deploy("feature-x")
    removed = await remove_branch(platform.parts, ANNA, APP, "feature-x")
    assert removed.removed == ["sandbox feature-x", "d1"]
    assert platform.sandbox_shows("feature-x") == platform.permalink_shows(1) == "nothing"
    await platform.sleep(60)
    assert (await platform.running(), await platform.status(1)) == ([], "retired")


async def test_what_is_released_stays(platform: Platform) -> None:
    await platform.promote(await platform.deploy())
    with pytest.raises(NotPossible, match="has the app's users"):
        await remove_branch(platform.parts, ANNA, APP, "main")
    with pytest.raises(NotPossible) as caught:
        await remove_app(platform.parts, ANNA, APP)
    assert "another branch" not in caught.value.hint
    assert platform.users_get() == "d1"


async def test_what_is_kept_for_a_rollback_stays(platform: Platform) -> None:
    await platform.promote(await platform.deploy("main"))
    await platform.promote(await platform.deploy("feature-x"))
    with pytest.raises(NotPossible, match="kept for a rollback"):
        await remove_branch(platform.parts, ANNA, APP, "main")


async def test_who_is_on_a_removed_app_may_finish(platform: Platform) -> None:
    await platform.deploy()
    row = await platform.instance(1)
    platform.people(row, 1)
    await remove_app(platform.parts, ANNA, APP)
    await platform.sleep(60)
    assert row.name in await platform.running()
    assert platform.router.running is not None
    assert len(platform.router.running.servers) == 1
    platform.people(row, 0)
    await platform.quiet()
    assert await platform.running() == []


async def test_a_removed_branch_comes_back_with_the_next_number(platform: Platform) -> None:
    await platform.deploy()
    await remove_branch(platform.parts, ANNA, APP, "main")
    assert await platform.deploy() == 2
    assert platform.sandbox_shows() == "d2"


async def test_an_unknown_branch_names_the_nearest(platform: Platform) -> None:
    await platform.deploy("feature-x")
    with pytest.raises(NotFound) as caught:
        await remove_branch(platform.parts, ANNA, APP, "feature-y")
    assert caught.value.hint == "Did you mean feature-x?"


async def test_images_beyond_the_retention_go_and_released_ones_stay(platform: Platform) -> None:
    platform.parts.settings = platform.parts.settings.model_copy(update={"keep_images": 2})
    for number in range(1, 6):
        await platform.deploy(files={**HELLO, "number.txt": str(number)})
        if number == 1:
            await platform.promote(1)
        await platform.sleep(60)
    await platform.sleep(60)
    await collect(platform.parts)
    images = {image.id for image in await platform.builder.images()}
    states = [await platform.status(number) for number in range(1, 6)]
    kept = [(await platform.show(number)).image in images for number in range(1, 6)]
    assert states == ["asleep", "retired", "retired", "asleep", "ready"]
    assert kept == [True, False, False, True, True]
    assert platform.parts.logs.build(APP, 2).exists()


async def test_the_difference_between_the_release_and_a_branch(platform: Platform) -> None:
    await platform.deploy(commits=["aaa First"])
    await platform.promote(1)
    files = {"app.R": HELLO["app.R"] + "library(zoo)\n", "new.R": "x <- 1\n"}
    await platform.deploy("feature-x", files, commits=["bbb Second", "aaa First"], commit="bbb")
    found = await compare(platform.parts, APP, branch="feature-x")
    assert (found.a, found.b, found.commits[0]) == (1, 2, "bbb Second")
    assert [(file.path, file.change) for file in found.files] == [("app.R", "changed"), ("new.R", "added")]
    assert found.packages == ["+ zoo"]


async def test_the_doctor_finds_what_is_wrong(platform: Platform) -> None:
    well = await examine(platform.parts)
    assert {row.status for row in well if row.part != "disk"} == {"ok"}
    platform.router.kill()
    platform.builder.now = None
    platform.visitor.why_not = "There is no Chromium."
    ill = {row.part: row for row in await examine(platform.parts)}
    assert (ill["proxy"].status, ill["base image"].status, ill["browser"].status) == (
        "failed",
        "failed",
        "warning",
    )
    assert all(row.remedy for row in ill.values() if row.status != "ok")


async def test_a_login_link_is_good_once(platform: Platform) -> None:
    await login.add_user(platform.parts, "anna", admin=True)
    secret = (await login.make_link(platform.parts, ANNA)).url.rsplit("/", 1)[1]
    assert await login.owner_of_link(platform.parts, secret) == "anna"
    assert await login.sign_in_with_link(platform.parts, secret)
    with pytest.raises(Unauthorized, match="used before or has expired"):
        await login.sign_in_with_link(platform.parts, secret)


async def test_a_login_link_is_good_for_half_an_hour(platform: Platform) -> None:
    await login.add_user(platform.parts, "anna", admin=True)
    secret = (await login.make_link(platform.parts, ANNA)).url.rsplit("/", 1)[1]
    platform.clock.advance(31 * 60)
    with pytest.raises(Unauthorized):
        await login.sign_in_with_link(platform.parts, secret)


async def test_a_link_is_no_token_and_a_token_no_link(platform: Platform) -> None:
    token = await login.add_user(platform.parts, "anna", admin=True)
    secret = (await login.make_link(platform.parts, ANNA)).url.rsplit("/", 1)[1]
    with pytest.raises(Unauthorized):
        await login.sign_in_with_token(platform.parts, secret)
    with pytest.raises(Unauthorized):
        await login.sign_in_with_link(platform.parts, token)
    assert await login.sign_in_with_token(platform.parts, token)
