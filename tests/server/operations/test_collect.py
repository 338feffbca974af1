"""What goes because nobody can need it any more."""

import os

import pytest
from tests.server.cast import ANNA, APP, HELLO
from tests.server.commenting import png, said
from tests.server.platform import Platform

from sandbox_server.builder.memory import BASE
from sandbox_server.domain.instance import Scope
from sandbox_server.operations.collect import collect
from sandbox_server.operations.comment import comment
from sandbox_server.operations.remove import remove_app, remove_branch
from sandbox_server.store import instances, releases

pytestmark = pytest.mark.anyio

WITH_ZOO = {"app.R": HELLO["app.R"] + "library(zoo)\n"}


async def collect_after_long(platform: Platform) -> None:
    """All bundles came long ago."""
    for path in platform.parts.bundles.path("0" * 64).parent.parent.glob("??/*.tar.gz"):
        os.utime(path, (0, 0))
    await collect(platform.parts)


async def bundle_of(platform: Platform, number: int) -> str:
    return (await platform.row(number)).bundle


async def test_a_removed_deployment_loses_its_bundle(platform: Platform) -> None:
    await platform.deploy("main")
    await platform.deploy("feature-x", {**HELLO, "new.R": "x <- 1\n"})
    await remove_branch(platform.parts, ANNA, APP, "feature-x")
    await platform.sleep(60)
    await collect_after_long(platform)
    has = [platform.parts.bundles.path(await bundle_of(platform, number)).exists() for number in (1, 2)]
    assert has == [True, False]


async def test_what_was_ever_released_keeps_its_bundle(platform: Platform) -> None:
    platform.parts.settings = platform.parts.settings.model_copy(update={"keep_previous": 0})
    await platform.promote(await platform.deploy("main"))
    await platform.promote(await platform.deploy("feature-x", {**HELLO, "new.R": "x <- 1\n"}))
    await remove_branch(platform.parts, ANNA, APP, "main")
    await platform.sleep(60)
    await collect_after_long(platform)
    assert await platform.status(1) == "retired"
    assert platform.parts.bundles.has(await bundle_of(platform, 1))


async def test_pictures_stay_as_long_as_their_app(platform: Platform) -> None:
    await platform.deploy()
    await platform.push(app="other-app")
    await platform.quiet()
    for app, picture in ((APP, png()), ("other-app", png(3, 3))):
        await comment(platform.parts, ANNA, app, 1, said(), picture)
    orphan = await platform.parts.pictures.keep(png(4, 4))
    await remove_app(platform.parts, ANNA, "other-app")
    for path in platform.parts.pictures.path(orphan).parent.iterdir():
        os.utime(path, (0, 0))
    await collect(platform.parts)
    kept = [path.read_bytes() for path in platform.parts.pictures.path(orphan).parent.iterdir()]
    assert kept == [png()]


async def test_a_library_goes_when_no_image_stands_on_it_any_more(platform: Platform) -> None:
    await platform.deploy("main")
    await platform.deploy("feature-x", WITH_ZOO)
    library = {image.library for image in await platform.builder.images()} - {BASE.image}
    await collect(platform.parts)
    assert [await platform.builder.has(image) for image in library] == [True]
    await remove_branch(platform.parts, ANNA, APP, "feature-x")
    await platform.sleep(60)
    await collect(platform.parts)
    assert [await platform.builder.has(image) for image in library] == [False]


async def test_while_something_is_built_no_image_goes(platform: Platform) -> None:
    await platform.deploy("main")
    await platform.deploy("feature-x", WITH_ZOO)
    await remove_branch(platform.parts, ANNA, APP, "feature-x")
    await platform.sleep(60)
    await platform.push("main", {**HELLO, "new.R": "x <- 1\n"})
    before = await platform.builder.images()
    await collect(platform.parts)
    assert await platform.builder.images() == before


async def test_what_ran_long_ago_is_forgotten_and_what_crashes_later_still_comes_back_without_a_browser(
    platform: Platform,
) -> None:
    await platform.promote(await platform.deploy())
    for _ in range(2):
        (row,) = await platform.live(1, Scope.release)
        platform.runtime.crash(row.name, 1)
        await platform.quiet()
    async with platform.parts.store.read() as tx:
        before = len(await instances.of_deployment(tx, row.deployment_id))
    platform.clock.advance(15 * 24 * 3600)
    await collect(platform.parts)
    async with platform.parts.store.read() as tx:
        kept = await instances.of_deployment(tx, row.deployment_id)
        assert await releases.made_by(
            tx, next(job.id or 0 for job in await platform.jobs() if job.kind == "switch")
        )
    assert before - len(kept) == 2
    platform.visitor.visited.clear()
    (row,) = await platform.live(1, Scope.release)
    platform.runtime.crash(row.name, 1)
    await platform.quiet()
    assert (len(await platform.live(1, Scope.release)), platform.visitor.visited) == (1, [])
