"""A push that does not come up: it says why, and what was live stays live."""

import pytest
from tests.server.cast import HELLO
from tests.server.platform import Platform

from sandbox_server.errors import RuntimeUnavailable
from sandbox_server.visitor.base import Itinerary, Outcome, OutputError, Visit

pytestmark = pytest.mark.anyio

BROKEN = {"app.R": "library(shiny)\nstop('not today')\n"}
SECOND = "http://d2--"


async def test_what_was_live_stays_live_if_the_server_function_throws(platform: Platform) -> None:
    await platform.deploy()
    await platform.promote(1)
    platform.visitor.outcomes[SECOND] = Visit(Outcome.failed, 1.2, "The session closed.")
    number = await platform.deploy(files=BROKEN)
    shown = await platform.show(number)
    assert (shown.status, shown.current) == ("failed", False)
    assert shown.error is not None
    assert (shown.error.code, shown.error.message) == (
        "start_failed",
        "No session came up: The session closed.",
    )
    assert platform.sandbox_shows() == "d1"
    assert platform.users_get() == "d1"


async def test_the_error_of_r_is_in_the_answer(long_start: Platform) -> None:
    platform = long_start
    platform.runtime.status = None
    number = await platform.push(files=BROKEN)
    async with platform.worker():
        name = await first_container(platform)
        platform.runtime.say(name, "stderr", "Error in shinyApp() : object 'ui' not found (app.R:2)")
        platform.runtime.say(name, "stderr", "Execution halted")
        platform.runtime.crash(name, 1)
        await platform.until_status(number, "failed")
    error = (await platform.show(number)).error
    assert error is not None
    assert "object 'ui' not found (app.R:2)" in error.detail


async def test_an_app_that_ends_at_once_says_its_exit_code(long_start: Platform) -> None:
    platform = long_start
    platform.runtime.status = None
    number = await platform.push(files=BROKEN)
    async with platform.worker():
        platform.runtime.crash(await first_container(platform), 3)
        await platform.until_status(number, "failed")
    error = (await platform.show(number)).error
    assert error is not None
    assert error.message == "R ended by itself with exit code 3."


async def test_an_app_without_memory_says_that_it_ran_out(long_start: Platform) -> None:
    platform = long_start
    platform.runtime.status = None
    number = await platform.push(files=BROKEN)
    async with platform.worker():
        platform.runtime.crash(await first_container(platform), 137, out_of_memory=True)
        await platform.until_status(number, "failed")
    error = (await platform.show(number)).error
    assert error is not None
    assert error.message == "The app ran out of memory, limit 1 GiB."
    assert "memory" in error.hint


async def test_an_app_that_never_listens_is_given_up(platform: Platform) -> None:
    platform.runtime.status = None
    number = await platform.deploy()
    error = (await platform.show(number)).error
    assert error is not None
    assert "did not listen within 0 s" in error.message
    assert await platform.running() == []


async def test_an_app_that_answers_errors_only_is_given_up(platform: Platform) -> None:
    platform.runtime.status = 500
    number = await platform.deploy()
    error = (await platform.show(number)).error
    assert error is not None
    assert "answered with status 500 only" in error.message


async def test_a_package_that_nobody_has_is_named_with_its_line(platform: Platform) -> None:
    number = await platform.deploy(files={"app.R": "library(shiny)\nlibrary(leaflet)\n"})
    error = (await platform.show(number)).error
    assert error is not None
    assert (error.code, error.message) == ("build_failed", "1 package could not be had.")
    assert "leaflet  any version (app.R:2)" in error.detail


async def test_a_package_that_debian_has_is_installed(platform: Platform) -> None:
    number = await platform.deploy(files={"app.R": "library(shiny)\nlibrary(zoo)\n"})
    assert await platform.status(number) == "ready"
    assert platform.builder.installations == 1


async def test_a_package_that_cannot_be_installed_fails_the_push(platform: Platform) -> None:
    platform.builder.broken = {"r-cran-zoo"}
    number = await platform.deploy(files={"app.R": "library(shiny)\nlibrary(zoo)\n"})
    assert await platform.status(number) == "failed"


async def test_a_failed_push_leaves_no_instance_behind(platform: Platform) -> None:
    platform.visitor.outcomes["http://d1--"] = Visit(Outcome.failed, 1, "It did not connect.")
    await platform.deploy()
    await platform.sleep(60)
    assert await platform.running() == []
    assert await platform.live() == []


async def test_errors_of_single_outputs_leave_it_ready_and_named(platform: Platform) -> None:
    found = Visit(Outcome.idle, 2.0, errors=(OutputError("totals", "object 'x' not found"),))
    platform.visitor.outcomes["d1--"] = found
    number = await platform.deploy()
    shown = await platform.show(number)
    assert (shown.status, shown.smoke.status) == ("ready", "failed")
    assert shown.smoke.reason == "Errors in outputs: totals"
    assert platform.sandbox_shows() == "d1"


async def test_a_session_that_is_still_busy_is_ready_and_noted(platform: Platform) -> None:
    platform.visitor.outcomes["d1--"] = Visit(Outcome.busy, 60, "It was still computing.")
    number = await platform.deploy()
    shown = await platform.show(number)
    assert (shown.status, shown.smoke.status, shown.smoke.reason) == (
        "ready",
        "busy",
        "It was still computing.",
    )


async def test_without_a_browser_it_works_and_says_so(platform: Platform) -> None:
    platform.visitor.why_not = "There is no Chromium."
    number = await platform.deploy()
    shown = await platform.show(number)
    assert (shown.status, shown.smoke.status) == ("ready", "skipped")


async def test_without_a_base_image_the_push_fails_with_the_remedy(platform: Platform) -> None:
    platform.builder.now = None
    number = await platform.deploy()
    error = (await platform.show(number)).error
    assert error is not None
    assert error.hint == "Make one on the server: `sandboxd base build`."


async def test_a_builder_that_goes_away_is_tried_again(platform: Platform) -> None:
    platform.builder.away = True
    number = await platform.push()
    await platform.work()
    assert await platform.status(number) == "building"
    platform.builder.away = False
    await platform.sleep(60)
    assert await platform.status(number) == "ready"


async def test_an_engine_that_stays_away_fails_the_push_in_the_end(platform: Platform) -> None:
    platform.builder.away = True
    number = await platform.push()
    for _ in range(6):
        await platform.work()
        platform.clock.advance(60)
    error = (await platform.show(number)).error
    assert error is not None
    assert (await platform.status(number), error.code) == ("failed", "runtime_unavailable")
    assert [job.status for job in await platform.jobs()] == ["failed"]


async def test_a_container_that_vanishes_while_it_starts_is_made_again(long_start: Platform) -> None:
    platform = long_start
    platform.runtime.status = None
    number = await platform.push()
    async with platform.worker():
        await platform.runtime.remove(await first_container(platform))
        await platform.until(lambda: put_off(platform))
    platform.runtime.status = 200
    await platform.sleep(60)
    assert await platform.status(number) == "ready"


async def test_a_failed_one_can_be_pushed_again(platform: Platform) -> None:
    platform.visitor.outcomes["http://d1--"] = Visit(Outcome.failed, 1, "It did not connect.")
    await platform.deploy()
    assert platform.sandbox_shows() == "waker"
    await platform.deploy(files=HELLO)
    assert platform.sandbox_shows() == "d2"


async def test_an_unexpected_error_is_an_apology_and_not_a_push_for_ever(platform: Platform) -> None:
    class Surprising(type(platform.builder)):  # type: ignore[misc]
        async def base(self) -> object:
            raise ZeroDivisionError

    platform.parts.builder = Surprising()
    number = await platform.push()
    await platform.work()
    error = (await platform.show(number)).error
    assert error is not None
    assert await platform.status(number) == "failed"
    assert "unexpected" in error.message


async def test_a_full_edge_says_so(platform: Platform) -> None:
    platform.parts.settings = platform.parts.settings.model_copy(update={"slots": 1})
    await platform.deploy("main")
    number = await platform.deploy("feature-x")
    error = (await platform.show(number)).error
    assert error is not None
    assert (error.code, error.message) == ("full", "All 1 slots are taken.")
    assert platform.sandbox_shows("main") == "d1"


async def test_the_engines_words_are_kept_out_of_the_story_of_a_good_push(platform: Platform) -> None:
    platform.runtime.fail_next(RuntimeUnavailable("The engine does not answer."))
    number = await platform.push()
    await platform.work()
    await platform.sleep(60)
    shown = await platform.show(number)
    assert (shown.status, shown.error) == ("ready", None)


async def first_container(platform: Platform) -> str:
    return (await platform.until(platform.running))[0]


async def put_off(platform: Platform) -> bool:
    return (await platform.jobs())[0].status == "queued"


async def test_an_app_that_ends_before_the_browser_says_why_it_ended(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def dies(_: Itinerary) -> Visit:
        for name in await platform.running():
            platform.runtime.crash(name, 137, out_of_memory=True)
        return Visit(Outcome.failed, 1.2, "The page answered 503 Service Unavailable.")

    monkeypatch.setattr(platform.visitor, "visit", dies)
    error = (await platform.show(await platform.deploy())).error
    assert error is not None
    assert error.message == "The app ran out of memory, limit 1 GiB."
