"""What people say of an app's branches, in few words."""

from datetime import timedelta

import pytest
from tests.server.cast import ANNA, APP
from tests.server.commenting import a_guest, said
from tests.server.platform import Platform
from tests.server.store.test_comments import statements

from sandbox_server.auth.guests import Guest
from sandbox_server.errors import NotFound
from sandbox_server.operations import opinions
from sandbox_server.operations.comment import comment, resolve
from sandbox_server.operations.opinions import Opinion
from sandbox_server.operations.remove import remove_branch
from sandbox_server.operations.sign import sign
from sandbox_server.store.tables_review import Review
from sandbox_server.wire_review import VerdictRequest

pytestmark = pytest.mark.anyio


async def judge(platform: Platform, guest: Guest, outcome: str, number: int, seen: int = 0) -> int:
    request = VerdictRequest.model_validate(
        {"deployment": number, "outcome": outcome, "name": guest.name, "seen": seen}
    )
    return (await sign(platform.parts, guest, None, request)).id


async def test_a_branch_of_which_nobody_was_asked_has_no_opinion(platform: Platform) -> None:
    await platform.deploy()
    assert await opinions.of_app(platform.parts, APP) == {}
    assert await opinions.of_deployment(platform.parts, APP, 1) == Opinion()
    with pytest.raises(NotFound):
        await opinions.of_app(platform.parts, "unknown")
    with pytest.raises(NotFound):
        await opinions.of_deployment(platform.parts, APP, 7)


async def test_verdicts_waiting_and_open_comments_are_told_by_branch(platform: Platform) -> None:
    await platform.deploy()
    await platform.deploy("feature-x", {"app.R": "library(shiny)\nshinyApp(a, b)"})
    rita, omar = await a_guest(platform, "feature-x"), await a_guest(platform, "feature-x", "Omar")
    await a_guest(platform, "main", "Sven")
    await judge(platform, rita, "remarks", 2)
    first = await comment(platform.parts, omar, APP, 2, said())
    await comment(platform.parts, rita, APP, 2, said())
    found = await opinions.of_app(platform.parts, APP)
    assert found["feature-x"] == Opinion(remarks=("Rita",), waiting=("Omar",), open_comments=2)
    assert found["main"] == Opinion(waiting=("Sven",))
    assert await opinions.of_deployment(platform.parts, APP, 2) == found["feature-x"]
    assert await opinions.open_comments(platform.parts) == {APP: 2}
    await resolve(platform.parts, ANNA, APP, first.id)
    assert (await opinions.of_app(platform.parts, APP))["feature-x"].open_comments == 1


async def test_of_each_person_the_newest_verdict_counts(platform: Platform) -> None:
    await platform.deploy()
    rita = await a_guest(platform)
    first = await judge(platform, rita, "rejected", 1)
    await judge(platform, rita, "accepted", 1, first)
    assert (await opinions.of_app(platform.parts, APP))["main"] == Opinion(accepted=("Rita",))


async def test_a_push_starts_without_verdicts_and_keeps_what_is_open(platform: Platform) -> None:
    await platform.deploy()
    rita = await a_guest(platform)
    await judge(platform, rita, "accepted", 1)
    await comment(platform.parts, rita, APP, 1, said())
    await platform.deploy("main", {"app.R": "library(shiny)\nshinyApp(a, b)"})
    assert (await opinions.of_app(platform.parts, APP))["main"] == Opinion(waiting=("Rita",), open_comments=1)
    assert await opinions.of_deployment(platform.parts, APP, 1) == Opinion(
        accepted=("Rita",), open_comments=1
    )


async def test_whoever_has_a_link_of_no_use_is_not_waited_for(platform: Platform) -> None:
    await platform.deploy()
    rita = await a_guest(platform)
    platform.clock.advance(timedelta(days=8).total_seconds())
    assert await opinions.of_app(platform.parts, APP) == {}
    async with platform.parts.store.write() as tx:
        row = await tx.get_one(Review, rita.review_id)
        row.expires_at, row.revoked_at = platform.clock() + timedelta(days=9), platform.clock()
        tx.add(row)
    assert await opinions.of_app(platform.parts, APP) == {}


async def test_a_removed_branch_has_no_opinion(platform: Platform) -> None:
    await platform.deploy()
    await platform.deploy("feature-x", {"app.R": "library(shiny)\nshinyApp(a, b)"})
    await comment(platform.parts, await a_guest(platform, "feature-x"), APP, 2, said())
    await remove_branch(platform.parts, ANNA, APP, "feature-x")
    assert await opinions.of_app(platform.parts, APP) == {}


async def test_ten_branches_cost_as_many_statements_as_one(platform: Platform) -> None:
    await platform.deploy()
    await a_guest(platform)
    with statements(platform.parts.store) as few:
        await opinions.of_app(platform.parts, APP)
    for number in range(2, 11):
        name = f"branch-{number}"
        await platform.deploy(name, {"app.R": f"library(shiny)\nshinyApp(a, b{number})"})
        guest = await a_guest(platform, name)
        await judge(platform, guest, "accepted", number)
        await comment(platform.parts, guest, APP, number, said())
    with statements(platform.parts.store) as many:
        found = await opinions.of_app(platform.parts, APP)
    assert len(found) == 10
    assert len(many) == len(few)
