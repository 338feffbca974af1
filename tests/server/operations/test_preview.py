"""What a release would bring, beside what is usual; and which variables nobody reviewed."""

from pathlib import Path

import pytest
from tests.server.cast import ANNA, APP, BEN, HELLO
from tests.server.platform import Platform
from tests.server.reviewing import asked, demand, opened, signed

from sandbox_server import wire
from sandbox_server.errors import NotFound
from sandbox_server.operations.collect import collect
from sandbox_server.operations.preview import preview
from sandbox_server.operations.variables import remove_variable, set_variables
from sandbox_server.wire_review import Batch, Preview

pytestmark = pytest.mark.anyio

DAY = 86400


async def seen(platform: Platform, number: int) -> Preview:
    return await preview(platform.parts, BEN, APP, number)


async def pushed(platform: Platform, commits: int, lines: int, branch: str = "main") -> int:
    """With so many commits since the first one, and so many lines in a file of its own."""
    code = HELLO["app.R"] + "".join(f"line {n}\n" for n in range(lines))
    told = [f"{n:07x} Change {n}" for n in range(commits, 0, -1)]
    return await platform.deploy(branch, {"app.R": code}, commits=told, commit="a" * 40)


async def set_variable(platform: Platform, name: str, scope: str = "release") -> None:
    request = wire.VariablesSet.model_validate({"variables": {name: "1"}, "scope": scope})
    await set_variables(platform.parts, ANNA, APP, request)
    await platform.quiet()


async def accepted(platform: Platform, number: int, outcome: str = "accepted") -> None:
    await signed(platform, await opened(platform, await asked(platform)), number, outcome)


async def test_it_works(platform: Platform) -> None:
    await platform.promote(await pushed(platform, commits=2, lines=10))
    platform.clock.advance(3 * DAY)
    found = await seen(platform, await pushed(platform, commits=5, lines=14))
    assert found.batch == Batch(commits=3, lines=4, files=1, days=3)
    assert found.usual is None
    assert (found.unreviewed, found.verdicts, found.sessions) == ([], [], 0)
    assert found.gates.open


async def test_a_first_release_brings_everything(platform: Platform) -> None:
    found = await seen(platform, await pushed(platform, commits=2, lines=10))
    assert found.batch == Batch(commits=2, lines=12, files=1, days=None)
    assert (found.usual, found.sessions) == (None, 0)


async def test_what_is_usual_is_the_middle_of_the_earlier_releases(platform: Platform) -> None:
    commits, lines = 1, 1
    await platform.promote(await pushed(platform, commits, lines))
    for more, days in ((4, 2), (1, 9), (30, 5)):
        commits, lines = commits + more, lines + 10 * more
        platform.clock.advance(days * DAY)
        await platform.promote(await pushed(platform, commits, lines))
    found = await seen(platform, await pushed(platform, commits + 31, lines))
    assert found.batch.commits == 31
    assert found.usual == Batch(commits=4, lines=40, files=1, days=5)


async def test_rollbacks_and_the_same_again_are_no_habit(platform: Platform) -> None:
    for lines in (1, 5, 9):
        await platform.promote(await pushed(platform, lines, lines))
    await platform.rollback()
    await platform.promote(3)
    await set_variable(platform, "DB_HOST")
    await platform.promote(3)
    found = await seen(platform, 3)
    assert found.usual == Batch(commits=4, lines=4, files=1, days=0)


async def test_without_git_commits_are_not_known(platform: Platform) -> None:
    await platform.promote(await platform.deploy())
    found = await seen(platform, await platform.deploy(files=HELLO | {"b.R": "1\n2\n"}))
    assert found.batch == Batch(commits=None, lines=2, files=1, days=0)


async def test_what_was_counted_outlives_its_bundle(platform: Platform) -> None:
    for lines in (1, 5, 7):
        await platform.promote(await pushed(platform, lines, lines))
    before = await seen(platform, 3)
    remove(platform, (await platform.row(1)).bundle)
    assert (await seen(platform, 3)).usual == before.usual


async def test_a_bundle_that_is_gone_leaves_its_release_out(platform: Platform) -> None:
    for lines in (1, 5, 7):
        await platform.promote(await pushed(platform, lines, lines))
    remove(platform, (await platform.row(1)).bundle)
    found = await seen(platform, 3)
    assert found.usual == Batch(commits=3, lines=2, files=1, days=0)


async def test_what_was_counted_goes_with_the_deployment(platform: Platform) -> None:
    await platform.promote(await pushed(platform, 1, 1))
    await pushed(platform, 2, 2)
    await seen(platform, 2)
    kept = list(platform.parts.bundles.path("0").parent.parent.glob("differences/*"))
    assert len(kept) == 1
    needed = {(await platform.row(1)).bundle}
    platform.parts.bundles.remove_all_but(needed, younger_than=kept[0].stat().st_mtime + 1)
    assert not kept[0].exists()


async def test_what_is_counted_stays_while_it_is_needed(platform: Platform) -> None:
    await platform.promote(await pushed(platform, 1, 1))
    await pushed(platform, 2, 2)
    await seen(platform, 2)
    await collect(platform.parts)
    assert list(differences(platform).iterdir())


async def test_pictures_count_as_files_without_lines(platform: Platform) -> None:
    await platform.promote(await platform.deploy())
    found = await seen(platform, await platform.deploy(files=HELLO | {"logo.png": "\0\n" * 40}))
    assert (found.batch.files, found.batch.lines) == (1, 0)


async def test_variables_of_users_that_changed_since_the_push_are_named(platform: Platform) -> None:
    await platform.deploy("feature-x")
    await set_variable(platform, "OLD")
    platform.clock.advance(1)
    await platform.deploy()
    platform.clock.advance(1)
    await set_variable(platform, "DB_HOST")
    await set_variable(platform, "ONLY_HERE", scope="sandbox")
    assert (await seen(platform, 2)).unreviewed == ["DB_HOST"]


async def test_variables_that_changed_before_the_verdict_were_there_when_it_was_given(
    platform: Platform,
) -> None:
    await platform.deploy()
    await set_variable(platform, "DB_HOST")
    await accepted(platform, 1)
    assert (await seen(platform, 1)).unreviewed == []
    await set_variable(platform, "DB_HOST")
    await set_variable(platform, "PRICE_TABLE")
    assert (await seen(platform, 1)).unreviewed == ["DB_HOST", "PRICE_TABLE"]


async def test_a_rejection_reviews_no_variable(platform: Platform) -> None:
    await platform.deploy()
    platform.clock.advance(1)
    await set_variable(platform, "DB_HOST")
    await accepted(platform, 1, "rejected")
    assert (await seen(platform, 1)).unreviewed == ["DB_HOST"]


async def test_a_verdict_that_does_not_count_reviews_no_variable(platform: Platform) -> None:
    await platform.deploy()
    await demand(platform, reviews=1, reviewers=["omar@example.org"])
    platform.clock.advance(1)
    await set_variable(platform, "DB_HOST")
    await accepted(platform, 1)
    assert (await seen(platform, 1)).unreviewed == ["DB_HOST"]


async def test_the_author_s_own_acceptance_reviews_no_variable(platform: Platform) -> None:
    await platform.deploy(by=BEN)
    platform.clock.advance(1)
    await set_variable(platform, "DB_HOST")
    await signed(platform, await opened(platform, await asked(platform)), 1, caller=BEN)
    assert (await seen(platform, 1)).unreviewed == ["DB_HOST"]


async def test_a_removed_variable_is_a_change_and_one_that_came_and_went_is_none(platform: Platform) -> None:
    await platform.deploy("feature-x")
    await set_variable(platform, "OLD")
    platform.clock.advance(1)
    await platform.deploy()
    platform.clock.advance(1)
    await set_variable(platform, "BRIEF")
    for name in ("OLD", "BRIEF"):
        await remove_variable(platform.parts, ANNA, APP, name, "release", None)
    assert (await seen(platform, 2)).unreviewed == ["OLD"]


async def test_gates_verdicts_and_people_are_told_with_it(platform: Platform) -> None:
    await platform.promote(await platform.deploy())
    platform.people((await platform.live(1))[-1], 0)
    second = await platform.deploy(files=HELLO | {"b.R": "1\n"})
    await demand(platform, reviews=1)
    found = await seen(platform, second)
    assert [one.gate for one in found.gates.missing] == ["reviews"]
    await accepted(platform, second)
    found = await seen(platform, second)
    assert found.gates.open
    assert [one.outcome for one in found.verdicts] == ["accepted"]


async def test_what_is_not_there_cannot_be_previewed(platform: Platform) -> None:
    await platform.deploy()
    with pytest.raises(NotFound):
        await seen(platform, 9)


def differences(platform: Platform) -> Path:
    return platform.parts.bundles.measure_path("a", "b").parent


def remove(platform: Platform, digest: str) -> None:
    platform.parts.bundles.path(digest).unlink()
