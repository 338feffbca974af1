"""Pictures that the platform takes of comments' places."""

from typing import Any

import pytest
from tests.server.cast import APP
from tests.server.commenting import a_guest, png, said
from tests.server.platform import Platform

from sandbox_server.operations.comment import comment
from sandbox_server.operations.comments import picture_of, show_comment
from sandbox_server.operations.picture import picture
from sandbox_server.store import jobs
from sandbox_server.store.tables import Deployment
from sandbox_server.visitor import Picture
from sandbox_server.wire import Status
from sandbox_server.wire_review import Comment

pytestmark = pytest.mark.anyio

PLACE: dict[str, Any] = {
    "url": "/?tab=2#top", "width": 800, "height": 600, "scroll_y": 40, "x": 10, "y": 20, "inputs": {"n": 7},
}  # fmt: skip


async def commented(platform: Platform, picture: bytes = b"", **place: object) -> Comment:
    """A comment by a reviewer, and all that follows from it."""
    guest = await a_guest(platform)
    made = await comment(platform.parts, guest, APP, 1, said(place=PLACE | place), picture)
    await platform.quiet()
    return await show_comment(platform.parts, APP, made.id)


async def test_a_comment_gets_a_picture_of_its_place(platform: Platform) -> None:
    await platform.deploy()
    made = await commented(platform)
    assert (made.picture_state, made.picture_why) == ("taken", "")
    assert (await picture_of(platform.parts, APP, made.id))[0].startswith(b"\x89PNG")
    [view] = platform.visitor.seen
    assert view.url == f"http://d1--{APP}.apps.localhost:8080/?tab=2#top"
    assert (view.width, view.height, view.expects) == (800, 600, "session")
    assert (view.scroll_y, dict(view.inputs)) == (40, {"n": 7})
    assert any("comment.picture.taken" in line for line in await platform.history())


async def test_what_is_just_woken_gets_its_picture_too(platform: Platform) -> None:
    await platform.deploy()
    async with platform.parts.store.write() as tx:
        (await tx.get_one(Deployment, 1)).status = Status.starting
    guest = await a_guest(platform)
    made = await comment(platform.parts, guest, APP, 1, said(place=PLACE))
    async with platform.parts.store.read() as tx:
        [job] = [one for one in await jobs.open_jobs(tx) if one.kind == "picture"]
    await picture(platform.parts, job)
    assert (await show_comment(platform.parts, APP, made.id)).picture_state == "taken"


async def test_what_a_picture_lacks_at_the_second_try_too_is_named(platform: Platform) -> None:
    await platform.deploy()
    names = tuple(f"n{number}" for number in range(30))
    platform.visitor.pictures["//d1"] = Picture(
        b"\x89PNG\r\n\x1a\n", "The page was still busy after 5 s.", names
    )
    made = await commented(platform)
    assert made.picture_state == "waiting"
    platform.clock.advance(60)
    await platform.quiet()
    made = await show_comment(platform.parts, APP, made.id)
    assert made.picture_state == "taken"
    assert made.picture_why.startswith(
        "The page was still busy after 5 s. Not as the reviewer had them: n0, n1,"
    )
    assert made.picture_why.endswith("n19 and 10 more.")


async def test_a_page_that_does_not_come_up_is_tried_again_and_then_given_up(platform: Platform) -> None:
    await platform.deploy()
    platform.visitor.pictures["//d1"] = Picture(b"", "The page answered 500.")
    made = await commented(platform)
    assert made.picture_state == "waiting"
    for _ in range(5):
        platform.clock.advance(60)
        await platform.quiet()
    made = await show_comment(platform.parts, APP, made.id)
    assert (made.picture_state, made.picture_why) == ("failed", "The page answered 500.")
    assert len(platform.visitor.seen) == 2


async def test_without_a_browser_it_is_said_at_once(platform: Platform) -> None:
    await platform.deploy()
    platform.visitor.why_not = "There is no browser: no Chromium is installed."
    made = await commented(platform)
    assert (made.picture_state, made.picture_why) == ("failed", platform.visitor.why_not)


async def test_a_version_that_does_not_run_any_more_has_no_picture(platform: Platform) -> None:
    await platform.deploy()
    async with platform.parts.store.write() as tx:
        row = await platform.row(1)
        row.status = Status.retired
        await tx.merge(row)
    made = await commented(platform)
    assert (made.picture_state, made.picture_why) == ("failed", "Test version 1 did not run any more.")
    assert platform.visitor.seen == []


async def test_a_job_that_is_told_again_changes_nothing(platform: Platform) -> None:
    await platform.deploy()
    made = await commented(platform, png())
    async with platform.parts.store.write() as tx:
        payload = {"comment": made.id}
        await jobs.add(tx, "picture", "again", payload, by="anna", now=platform.clock())
        await jobs.add(tx, "picture", "gone", {"comment": 999}, by="anna", now=platform.clock())
    await platform.quiet()
    assert (await show_comment(platform.parts, APP, made.id)).picture_state == "given"
    assert platform.visitor.seen == []


async def test_no_address_leads_out_of_the_apps_host(platform: Platform) -> None:
    await platform.deploy()
    for url in ("/", "/@evil.example/", "/a?next=//evil.example"):
        await commented(platform, url=url)
    base = f"http://d1--{APP}.apps.localhost:8080"
    assert [view.url for view in platform.visitor.seen] == [
        f"{base}/", f"{base}/@evil.example/", f"{base}/a?next=//evil.example"
    ]  # fmt: skip
