"""What an instance tells the platform of its sessions: every way to start, errors by their place, no values."""

import pytest
from tests.integration.r_apps import Apps
from tests.integration.runner_door import (
    KEY,
    SECRET,
    VISITOR,
    ask,
    bare_session,
    hear,
    press,
    report,
    reported,
)

from sandbox_server.domain.report import Report, SessionEvent

pytestmark = [pytest.mark.anyio, pytest.mark.engine]

BUTTONS = ("crash", "flood", "leave")
OUTPUTS = ("fine", "failing", "silent", "invalid", "ticking")


def of(said: Report, session: str) -> list[SessionEvent]:
    return [event for event in said.events if event.session == session]


def kinds(said: Report, session: str) -> list[str]:
    return [event.kind for event in of(said, session)]


async def test_a_session_is_seen_from_its_start_to_its_end(apps: Apps) -> None:
    instance = await apps.start("hello", KEY)
    await instance.answer()
    before = await report(instance)
    assert (before.last, before.sessions, before.events) == (0, 0, ())
    async with bare_session(instance, "greeting", "count") as socket:
        await hear(socket, "values")
        during = await reported(instance, lambda said: said.last == 2)
        assert (during.sessions, during.visits, kinds(during, "1")) == (1, 0, ["start", "flush"])
        assert 0 < during.events[1].seconds < 30
    after = await reported(instance, lambda said: said.sessions == 0, after=2)
    assert [event.kind for event in after.events] == ["end"]
    assert after.events[0].seconds >= during.events[1].seconds
    assert 0 < after.busy < after.uptime
    assert 20e6 < after.memory < 1e9
    assert after.lost == 0


async def test_only_who_has_the_secret_is_answered_and_the_app_does_not_find_it(apps: Apps) -> None:
    code = b"""
    library(shiny)
    found <- Sys.getenv("SANDBOX_SECRET", "nothing")
    shinyApp(fluidPage(found), function(input, output) NULL)
    """
    profile = b'options(found = Sys.getenv("SANDBOX_SECRET", "nothing")); stopifnot(getOption("found") == "nothing")'
    instance = await apps.start({"app.R": code, ".Rprofile": profile}, KEY)
    page = (await instance.answer()).text
    assert "nothing" in page
    assert SECRET not in page
    assert ".Rprofile failed" not in await instance.log()
    for secret in ("", "wrong", SECRET[:-1]):
        assert (await ask(instance, "GET", "report", secret)).status_code == 404
        assert (await ask(instance, "PUT", "notice", secret, json={})).status_code == 404
    assert (await ask(instance, "GET", "report")).status_code == 200
    assert (await ask(instance, "GET", "elsewhere")).status_code == 404
    assert (await ask(instance, "PUT", "notice", content=b"garbage")).status_code == 400
    assert (await ask(instance, "PUT", "notice", json={"id": "x", "kind": "dance"})).status_code == 400


async def test_without_a_secret_nobody_is_answered(apps: Apps) -> None:
    instance = await apps.start("hello")
    await instance.answer()
    for secret in ("", "NA", SECRET):
        assert (await ask(instance, "GET", "report", secret)).status_code == 404


async def test_errors_have_a_place_and_words_only_of_the_platforms_own_visit(apps: Apps) -> None:
    """The app sets `shiny.error` itself, and fails at the end of each session."""
    instance = await apps.start("observed", KEY)
    await instance.answer()
    async with (
        bare_session(instance, *OUTPUTS, buttons=BUTTONS) as user,
        bare_session(instance, *OUTPUTS, buttons=BUTTONS, agent=VISITOR) as visitor,
    ):
        await hear(user, "errors")
        await hear(visitor, "errors")
        both = await reported(instance, lambda said: said.last == 6)
        assert (both.sessions, both.visits) == (1, 1)
        for socket in (user, visitor):
            await press(socket, "crash")
    said = await reported(instance, lambda said: said.sessions == 0 and said.visits == 0)
    for session, words in (
        ("1", ["", ""]),
        ("2", ["no price for pears", "non-numeric argument to mathematical function"]),
    ):
        assert kinds(said, session) == ["start", "error", "flush", "error", "end"]
        errors = [event for event in of(said, session) if event.kind == "error"]
        assert [error.place for error in errors] == ["output failing", "observer app.R#23"]
        assert [error.message for error in errors] == words
        assert {error.condition for error in errors} == {"simpleError"}
        assert all(event.visit is (session == "2") for event in of(said, session))


async def test_an_error_that_ticks_is_counted_and_pushes_nothing_out(apps: Apps) -> None:
    instance = await apps.start("observed", KEY)
    await instance.answer()
    async with bare_session(instance, *OUTPUTS, buttons=BUTTONS) as socket:
        await press(socket, "flood")
        said = await reported(instance, lambda said: said.last > 100)
        assert len(said.events) < 30
        assert said.lost == said.last - len(said.events)
    said = await reported(instance, lambda said: said.sessions == 0)
    assert [kinds(said, "1")[0], kinds(said, "1")[-1]] == ["start", "end"]
    assert (await report(instance, said.last)).lost == 0


async def test_a_server_function_that_throws_is_an_error_of_the_server(apps: Apps) -> None:
    instance = await apps.start("throws", KEY)
    await instance.answer()
    async with bare_session(instance):
        said = await reported(instance, lambda said: said.last == 3)
    assert [(event.kind, event.place) for event in said.events] == [
        ("start", ""), ("error", "server app.R#5"), ("end", ""),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "app",
    ["two_files", "kind-single-file", "kind-package", "kind-page-and-server", "kind-rmd-shiny", "kind-rmd-prerendered",
     "kind-scripts-elsewhere"],
)  # fmt: skip
async def test_every_way_to_start_is_observed(apps: Apps, app: str) -> None:
    instance = await apps.start(app, KEY)
    await instance.answer()
    async with bare_session(instance, "__reactivedoc__"):
        said = await reported(instance, lambda said: "flush" in kinds(said, "1"))
        assert said.sessions == 1
    await reported(instance, lambda said: said.sessions == 0)
