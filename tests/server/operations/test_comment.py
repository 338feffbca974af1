"""What reviewers and publishers say of places in a deployment."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.server.cast import ANNA, APP, BEN, HELLO
from tests.server.commenting import a_guest, a_key, answered, listed, png, said, told
from tests.server.platform import Platform

from sandbox_server.domain.comment import MOST_AT_ONCE
from sandbox_server.errors import (
    BadPicture,
    BadRequest,
    Conflict,
    LinkOver,
    NotFound,
    TooLarge,
    TooMany,
)
from sandbox_server.operations import pinned
from sandbox_server.operations.comment import answer, comment, reopen, resolve
from sandbox_server.operations.comments import list_comments, picture_of, show_comment
from sandbox_server.runtime import MemoryRuntime
from sandbox_server.store.tables_review import Review
from sandbox_server.wire import LogLine
from sandbox_server.wire_review import AnswerRequest

pytestmark = pytest.mark.anyio

PLACE: dict[str, Any] = {
    "url": "/?tab=2#top",
    "width": 800,
    "height": 600,
    "x": 10,
    "y": 20,
    "inputs": {"n": 7},
}


def write(platform: Platform, lines: list[str], instance: str = "sandbox-1") -> None:
    """The app says these lines now, and they are saved."""
    path = platform.parts.logs.run(APP, 1, instance)
    platform.parts.logs.save(
        path, [LogLine(time=platform.clock(), stream="stderr", text=one) for one in lines]
    )


async def test_a_reviewers_comment_is_kept_with_its_place_and_follows_the_branch(platform: Platform) -> None:
    await platform.deploy()
    rita = await a_guest(platform)
    made = await comment(platform.parts, rita, APP, 1, said("No label.", place=PLACE))
    assert (made.name, made.user, made.review, made.deployment) == ("Rita", "", rita.review_id, 1)
    assert made.place is not None
    assert (made.place.url, made.place.inputs) == ("/?tab=2#top", {"n": 7})
    await platform.deploy(files={**HELLO, "new.R": "x <- 1\n"})
    (one,) = await listed(platform, "main", open_only=True)
    assert (one.id, one.deployment) == (made.id, 1)


async def test_a_publisher_comments_under_the_own_name(platform: Platform) -> None:
    await platform.deploy()
    made = await comment(platform.parts, BEN, APP, 1, said())
    assert (made.name, made.user, made.review, made.place) == ("ben", "ben", None, None)


@pytest.mark.parametrize("by_link", [True, False])
async def test_a_double_click_is_one_comment(platform: Platform, by_link: bool) -> None:
    await platform.deploy()
    who = await a_guest(platform) if by_link else BEN
    once = said(place=PLACE)
    made = await asyncio.gather(*(comment(platform.parts, who, APP, 1, once) for _ in range(4)))
    assert len({one.id for one in made}) == 1
    assert len(await listed(platform)) == 1
    assert [job.kind for job in await platform.jobs()].count("picture") == 1
    assert len(await told(platform)) == 1


async def test_two_people_may_choose_the_same_key(platform: Platform) -> None:
    await platform.deploy()
    same = said()
    people = [ANNA, BEN, await a_guest(platform), await a_guest(platform, name="Tom")]
    made = [await comment(platform.parts, who, APP, 1, same) for who in people]
    assert len({one.id for one in made}) == 4


async def test_a_picture_is_kept_without_what_its_maker_wrote_beside_it(platform: Platform) -> None:
    await platform.deploy()
    place = b"\x00\x00\x00\x04tEXtwestbyte"
    made = await comment(platform.parts, BEN, APP, 1, said(), png()[:33] + place + png()[33:])
    assert (await picture_of(platform.parts, APP, made.id))[0] == png()


async def test_a_key_that_was_used_for_an_answer_makes_no_comment(platform: Platform) -> None:
    await platform.deploy()
    made = await comment(platform.parts, BEN, APP, 1, first := said())
    other = said()
    await answer(platform.parts, BEN, APP, made.id, AnswerRequest(key=other.key, text="Yes"))
    with pytest.raises(Conflict, match="key"):
        await comment(platform.parts, BEN, APP, 1, other)
    with pytest.raises(Conflict, match="key"):
        await answer(platform.parts, BEN, APP, made.id, AnswerRequest(key=first.key, text="Yes"))


async def test_a_picture_is_asked_for_if_there_is_a_place_and_none_was_given(platform: Platform) -> None:
    await platform.deploy()
    with_place = await comment(platform.parts, BEN, APP, 1, said(place=PLACE))
    without = await comment(platform.parts, BEN, APP, 1, said())
    given = await comment(platform.parts, BEN, APP, 1, said(place=PLACE), png())
    assert [one.picture_state for one in (with_place, without, given)] == ["waiting", "none", "given"]
    jobs = [job for job in await platform.jobs() if job.kind == "picture"]
    assert [(job.payload, job.target) for job in jobs] == [
        ({"comment": with_place.id}, f"comment:{with_place.id}")
    ]
    assert await picture_of(platform.parts, APP, given.id) == (png(), "image/png")
    with pytest.raises(NotFound, match="no picture"):
        await picture_of(platform.parts, APP, without.id)


@pytest.mark.parametrize(
    ("picture", "error"),
    [(b"<svg onload=alert(1)>", BadPicture), (png()[:-4], BadPicture), (png() + bytes(6_000_000), TooLarge)],
)
async def test_what_is_no_picture_is_refused_and_nothing_is_kept(
    platform: Platform, picture: bytes, error: type[Exception]
) -> None:
    await platform.deploy()
    with pytest.raises(error):
        await comment(platform.parts, BEN, APP, 1, said(), picture)
    assert await listed(platform) == []
    assert list(platform.parts.pictures.path("x").parent.glob("*")) == []


async def test_the_apps_lines_of_that_minute_are_kept_for_publishers(platform: Platform) -> None:
    await platform.deploy()
    write(platform, ["long ago"])
    platform.clock.advance(61)
    write(platform, [f"line {number}" for number in range(150)])
    platform.clock.advance(30)
    made = await comment(platform.parts, await a_guest(platform), APP, 1, said())
    texts = [line.text for line in (await show_comment(platform.parts, APP, made.id)).log]
    assert texts == [f"line {number}" for number in range(150)]
    assert "log" not in made.model_dump()


async def test_what_users_of_the_release_did_in_that_minute_is_not_kept(platform: Platform) -> None:
    await platform.promote(await platform.deploy())
    write(platform, ["tried by a reviewer"])
    write(platform, ["a customer's own words"], "release-2")
    runtime = platform.parts.runtime
    assert isinstance(runtime, MemoryRuntime)
    for container in await runtime.containers():
        scope = "release" if "-release-" in container.name else "sandbox"
        runtime.say(container.name, "stderr", f"said by the {scope}")
    made = await comment(platform.parts, await a_guest(platform), APP, 1, said())
    texts = {line.text for line in (await show_comment(platform.parts, APP, made.id)).log}
    assert texts == {"tried by a reviewer", "said by the sandbox"}


async def test_lines_without_end_are_cut(platform: Platform) -> None:
    await platform.deploy()
    for lines in ([f"line {number}" for number in range(300)], ["ü" * 100_000] * 40):
        write(platform, lines)
        made = await comment(platform.parts, BEN, APP, 1, said())
        kept = (await show_comment(platform.parts, APP, made.id)).log
        assert 0 < len(kept) <= 200
        assert 0 < sum(len(line.text.encode()) for line in kept) <= 64 * 1024


async def test_a_log_that_cannot_be_read_loses_no_comment(platform: Platform) -> None:
    await platform.deploy()
    broken = platform.parts.logs.run(APP, 1, "sandbox-1")
    broken.parent.mkdir(parents=True, exist_ok=True)
    broken.write_text("no JSON\n")
    made = await comment(platform.parts, BEN, APP, 1, said())
    (line,) = (await show_comment(platform.parts, APP, made.id)).log
    assert (line.stream, line.text) == ("platform", "The log could not be read at that time.")


async def test_a_log_that_never_comes_is_not_waited_for(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Stuck(MemoryRuntime):
        async def logs(self, *_: Any, **__: Any) -> AsyncIterator[Any]:
            await asyncio.Event().wait()
            yield

    await platform.deploy()
    platform.parts.runtime = Stuck("abc123")
    monkeypatch.setattr(pinned, "PATIENCE", 0.01)
    made = await comment(platform.parts, BEN, APP, 1, said())
    (line,) = (await show_comment(platform.parts, APP, made.id)).log
    assert line.stream == "platform"


@pytest.mark.parametrize(
    "url",
    [
        "//evil.example",
        "/\\evil.example",
        "https://evil.example/",
        "javascript:alert(1)",
        "?a=1",
        "/a\nb",
        "/a b",
    ],
)
async def test_a_place_outside_of_the_app_is_refused(platform: Platform, url: str) -> None:
    await platform.deploy()
    with pytest.raises(BadRequest, match="place is no page of the app"):
        await comment(platform.parts, BEN, APP, 1, said(place={**PLACE, "url": url}))


async def test_inputs_have_limits(platform: Platform) -> None:
    await platform.deploy()
    for inputs, words in (
        ({"text": "x" * 70_000}, "65,536"),
        ({"a": {"b": {"c": {"d": {"e": {"f": 1}}}}}}, "5 levels"),
    ):
        with pytest.raises(BadRequest, match=words):
            await comment(platform.parts, BEN, APP, 1, said(place={**PLACE, "inputs": inputs}))
    deep = {"a": {"b": {"c": {"d": [1, 2]}}}, "e": [None, True, "ü"]}
    made = await comment(platform.parts, BEN, APP, 1, said(place={**PLACE, "inputs": deep}))
    assert made.place is not None
    assert made.place.inputs == deep


async def test_markup_stays_text_and_what_moves_a_cursor_goes(platform: Platform) -> None:
    await platform.deploy()
    text = "<script>alert(1)</script>\r\nnot\x01 \x1b[31mred\u202e 👩‍👩‍👧 "
    made = await comment(platform.parts, BEN, APP, 1, said(text))
    assert made.text == "<script>alert(1)</script>\nnot [31mred 👩‍👩‍👧"


@pytest.mark.parametrize("text", [" \n ", "\x01\x1b", "\u202e"])
async def test_a_comment_that_says_nothing_is_refused(platform: Platform, text: str) -> None:
    await platform.deploy()
    with pytest.raises(BadRequest, match="says nothing"):
        await comment(platform.parts, BEN, APP, 1, said(text))


async def test_a_link_leads_to_its_own_branch_and_app_alone(platform: Platform) -> None:
    await platform.deploy("main")
    await platform.deploy("feature-x", {**HELLO, "new.R": "x <- 1\n"})
    await platform.push(app="other-app")
    await platform.quiet()
    rita = await a_guest(platform, "feature-x")
    mine = await comment(platform.parts, rita, APP, 2, said())
    others = await comment(platform.parts, BEN, APP, 1, said())
    for call in (
        comment(platform.parts, rita, APP, 1, said()),
        comment(platform.parts, rita, "other-app", 1, said()),
        answer(platform.parts, rita, APP, others.id, answered()),
        answer(platform.parts, rita, "other-app", mine.id, answered()),
        resolve(platform.parts, rita, APP, others.id),
        reopen(platform.parts, rita, APP, others.id),
    ):
        with pytest.raises(NotFound):
            await call
    assert [one.id for one in await listed(platform)] == [others.id, mine.id]


async def test_a_link_that_was_withdrawn_meanwhile_says_nothing_more(platform: Platform) -> None:
    await platform.deploy()
    rita = await a_guest(platform)
    made = await comment(platform.parts, rita, APP, 1, said())
    async with platform.parts.store.write() as tx:
        (await tx.get_one(Review, rita.review_id)).revoked_at = platform.clock()
    for call in (
        comment(platform.parts, rita, APP, 1, said()),
        answer(platform.parts, rita, APP, made.id, answered()),
        resolve(platform.parts, rita, APP, made.id),
    ):
        with pytest.raises(LinkOver):
            await call


async def test_a_comment_on_an_earlier_version_is_taken(platform: Platform) -> None:
    await platform.deploy()
    await platform.deploy(files={**HELLO, "new.R": "x <- 1\n"})
    made = await comment(platform.parts, await a_guest(platform), APP, 1, said())
    assert made.deployment == 1


async def test_a_link_has_its_rate(platform: Platform) -> None:
    await platform.deploy()
    rita = await a_guest(platform)
    made = [await comment(platform.parts, rita, APP, 1, said()) for _ in range(29)]
    again = AnswerRequest(key=a_key(), text="And this")
    await answer(platform.parts, rita, APP, made[0].id, again)
    with pytest.raises(TooMany, match="30 comments"):
        await comment(platform.parts, rita, APP, 1, said())
    with pytest.raises(TooMany, match="30 comments"):
        await answer(platform.parts, rita, APP, made[0].id, answered())
    await answer(platform.parts, rita, APP, made[0].id, again)
    await comment(platform.parts, await a_guest(platform, name="Tom"), APP, 1, said())
    platform.clock.advance(601)
    await comment(platform.parts, rita, APP, 1, said())


async def test_a_link_has_a_most(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sandbox_server.domain.comment.MOST_IN_ALL", 2)
    await platform.deploy()
    rita = await a_guest(platform)
    for _ in range(2):
        await comment(platform.parts, rita, APP, 1, said())
    platform.clock.advance(3600)
    with pytest.raises(TooMany, match="By this link 2"):
        await comment(platform.parts, rita, APP, 1, said())


async def test_a_links_pictures_have_a_most(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sandbox_server.domain.comment.MOST_PICTURES", len(png()))
    await platform.deploy()
    rita = await a_guest(platform)
    await comment(platform.parts, rita, APP, 1, said(), png())
    with pytest.raises(TooMany, match="pictures"):
        await comment(platform.parts, rita, APP, 1, said(), png(3, 3))
    assert len(list(platform.parts.pictures.path("x").parent.glob("*"))) == 1


async def test_what_is_not_there_is_not_found(platform: Platform) -> None:
    await platform.deploy()
    with pytest.raises(NotFound, match="no deployment d9"):
        await comment(platform.parts, BEN, APP, 9, said())
    with pytest.raises(NotFound, match="no comment 9"):
        await show_comment(platform.parts, APP, 9)
    with pytest.raises(NotFound, match="no branch 'nowhere'"):
        await list_comments(platform.parts, APP, "nowhere")
    with pytest.raises(NotFound, match="no app"):
        await list_comments(platform.parts, "nowhere")


async def test_pictures_that_come_at_once_are_kept_as_often_as_comments_are(platform: Platform) -> None:
    await platform.deploy()
    rita = await a_guest(platform)
    sent = [
        comment(platform.parts, rita, APP, 1, said(), png(colour=number))
        for number in range(MOST_AT_ONCE + 5)
    ]
    made = await asyncio.gather(*sent, return_exceptions=True)
    assert len([one for one in made if isinstance(one, TooMany)]) == 5
    kept = [one for one in platform.parts.pictures.path("x").parent.glob("*") if one.is_file()]
    assert len(kept) == MOST_AT_ONCE
    assert not platform.parts.sending
