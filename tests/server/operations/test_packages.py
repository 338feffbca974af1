"""The packages of a deployment, against the release, and as a lock."""

import json
import os

import pytest
from tests.server.cast import APP, HELLO
from tests.server.inventories import LISTED, give, with_version
from tests.server.platform import Platform

from sandbox_server.errors import NotPossible
from sandbox_server.operations import packages
from sandbox_server.operations.collect import collect

pytestmark = pytest.mark.anyio


async def test_what_the_app_asks_for_is_marked(platform: Platform) -> None:
    number = await platform.push()
    await give(
        platform.parts, APP, number, LISTED, packages=["zoo"], r_version="4.5.0", origin="code",
        drift=["zoo 1.8-14 instead of 1.8-12"], notices=["R 4.5.0 serves 4.5.1."],
    )  # fmt: skip
    shown = await packages.show_packages(platform.parts, APP, number)
    assert [row.name for row in shown.packages if row.wanted] == ["shiny", "zoo"]
    assert (shown.origin, shown.r_version) == ("code", "4.5.0")
    assert shown.drift == ["zoo 1.8-14 instead of 1.8-12"]
    assert (await platform.show(number)).drift == shown.drift
    assert (await platform.show(number)).notices == shown.notices


async def test_before_it_is_built_there_is_no_list(platform: Platform) -> None:
    number = await platform.push()
    with pytest.raises(NotPossible, match="it is queued"):
        await packages.show_packages(platform.parts, APP, number)


async def test_by_default_the_difference_is_to_what_is_released(platform: Platform) -> None:
    released = await platform.deploy()
    await give(platform.parts, APP, released, LISTED)
    await platform.promote(released)
    number = await platform.push("feature-x", {**HELLO, "new.R": "x <- 1\n"})
    await give(platform.parts, APP, number, with_version("zoo", "1.8-15"))
    diff = await packages.diff_packages(platform.parts, APP, number)
    assert (diff.a, diff.b) == (released, number)
    assert [(row.name, row.before, row.after) for row in diff.changes] == [("zoo", "1.8-14", "1.8-15")]
    assert (await packages.diff_packages(platform.parts, APP, number, number)).changes == []


async def test_without_a_release_everything_is_new(platform: Platform) -> None:
    number = await platform.push()
    await give(platform.parts, APP, number, LISTED)
    diff = await packages.diff_packages(platform.parts, APP, number)
    assert diff.a is None
    assert {row.before for row in diff.changes} == {""}


async def test_a_lock_that_was_met_is_given_back_as_it_was(platform: Platform) -> None:
    lock = '{"R": {"Version": "4.5.0"}, "Packages": {}}\n'
    number = await platform.push(files={**HELLO, "renv.lock": lock})
    await give(platform.parts, APP, number, LISTED, origin="renv.lock", r_version="4.5.0")
    assert (await packages.make_lock(platform.parts, APP, number)).text == lock
    await give(platform.parts, APP, number, LISTED, drift=["zoo 1.8-14 instead of 1.8-12"])
    made = json.loads((await packages.make_lock(platform.parts, APP, number)).text)
    assert set(made["Packages"]) == {"leaflet", "shiny", "zoo"}


async def test_of_several_locks_it_is_the_one_that_counted(platform: Platform) -> None:
    top, own = (json.dumps({"R": {"Version": version}, "Packages": {}}) for version in ("4.4.0", "4.5.0"))
    files = {"sub/app/app.R": HELLO["app.R"], "sub/renv.lock": own, "renv.lock": top}
    number = await platform.push(files=files)
    await give(platform.parts, APP, number, LISTED, origin="renv.lock", entry="sub/app/app.R")
    assert (await packages.make_lock(platform.parts, APP, number)).text == own


async def test_a_list_stays_as_long_as_a_deployment_names_it(platform: Platform) -> None:
    number = await platform.push()
    named = await give(platform.parts, APP, number, LISTED)
    other = platform.parts.inventories.put(LISTED[:1])
    for path in (platform.parts.settings.home / "inventories").iterdir():
        os.utime(path, (0, 0))
    await collect(platform.parts)
    kept = {path.stem for path in (platform.parts.settings.home / "inventories").iterdir()}
    assert kept == {named}
    assert other != named
