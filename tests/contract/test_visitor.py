"""One suite over the real and the in-memory visitor; the real one sees pages that behave like Shiny apps."""

from collections.abc import AsyncIterator, Callable
from typing import Literal

import pytest
from tests.contract.shiny_pages import Pages, shiny_pages

from sandbox_server.visitor import (
    ChromiumVisitor,
    Itinerary,
    MemoryVisitor,
    Outcome,
    OutputError,
    Picture,
    View,
    Visit,
    Visitor,
)

pytestmark = pytest.mark.anyio

ERRORS = (OutputError("plot", "object 'x' not found"),)
DECIDED = {
    "//stops": Visit(Outcome.failed, 0.2, "The session closed."),
    "//closes": Visit(Outcome.failed, 0.4, "The session closed."),
    "//throws": Visit(Outcome.failed, 1.5, "The session closed."),
    "//never": Visit(Outcome.failed, 2, "No session came up within 2 s."),
    "//refuses": Visit(Outcome.failed, 0.2, "The page could not connect to its session."),
    "//missing": Visit(Outcome.failed, 0.1, "The page answered 404 Not Found."),
    "//silent": Visit(Outcome.failed, 2, "No session came up within 2 s."),
    "//plain": Visit(Outcome.failed, 2, "No session came up within 2 s."),
    "//error": Visit(Outcome.idle, 2, errors=ERRORS),
    "//half": Visit(Outcome.failed, 0.4, "Files of the page are missing: /site.css (404)."),
    "//words": Visit(Outcome.failed, 0.1, "/openapi.json is not JSON."),
    "//broken": Visit(Outcome.failed, 0.1, "/openapi.json answered 500 Internal Server Error."),
    "//busy": Visit(Outcome.busy, 2, "The page was still busy after 6 s."),
}
PICTURES = {"//missing": Picture(b"", "The page answered 404 Not Found.")}


@pytest.fixture
async def pages() -> AsyncIterator[Pages]:
    async with shiny_pages() as served:
        yield served


@pytest.fixture(params=["memory", pytest.param("chromium", marks=pytest.mark.browser)])
async def visitor(request: pytest.FixtureRequest, pages: Pages) -> AsyncIterator[Visitor]:
    make: dict[str, Callable[[], Visitor]] = {
        "memory": lambda: MemoryVisitor(dict(DECIDED), pictures=dict(PICTURES)),
        "chromium": lambda: ChromiumVisitor(pages.edge, "apps.localhost"),
    }
    made = make[request.param]()
    yield made
    await made.close()


async def test_a_healthy_session_gets_idle(visitor: Visitor, pages: Pages) -> None:
    assert await visitor.available() == ""
    found = await visitor.visit(Itinerary(pages.url("good")))
    assert (found.outcome, found.reason, found.errors) == (Outcome.idle, "", ())


@pytest.mark.parametrize(
    "kind", ["stops", "closes", "throws", "never", "refuses", "missing", "silent", "plain"]
)
async def test_no_lasting_session_is_failed_with_a_reason(visitor: Visitor, pages: Pages, kind: str) -> None:
    found = await visitor.visit(Itinerary(pages.url(kind), timeout=2))
    decided = DECIDED[f"//{kind}"]
    assert found.outcome is Outcome.failed
    assert found.reason.split(":")[0].rstrip(".") == decided.reason.split(":")[0].rstrip(".")


async def test_errors_of_outputs_are_named_and_leave_it_idle(visitor: Visitor, pages: Pages) -> None:
    found = await visitor.visit(Itinerary(pages.url("error")))
    assert (found.outcome, found.errors) == (Outcome.idle, ERRORS)


async def test_connected_but_busy_at_the_timeout_is_busy(visitor: Visitor, pages: Pages) -> None:
    found = await visitor.visit(Itinerary(pages.url("busy"), timeout=6))
    assert (found.outcome, found.reason) == (Outcome.busy, "The page was still busy after 6 s.")


async def test_outputs_that_nobody_fills_do_not_keep_it_busy(visitor: Visitor, pages: Pages) -> None:
    found = await visitor.visit(Itinerary(pages.url("unfilled"), timeout=20))
    assert found.outcome is Outcome.idle


async def test_a_selector_can_count_as_rest(visitor: Visitor, pages: Pages) -> None:
    found = await visitor.visit(Itinerary(pages.url("restless"), timeout=10, wait_for="#map"))
    assert found.outcome is Outcome.idle


@pytest.mark.parametrize("kind", ["whole", "half", "missing"])
async def test_a_page_is_there_with_all_of_its_own_files(visitor: Visitor, pages: Pages, kind: str) -> None:
    found = await visitor.visit(Itinerary(pages.url(kind), expects="page", timeout=10))
    decided = DECIDED.get(f"//{kind}", Visit(Outcome.idle, 0))
    assert (found.outcome, found.reason) == (decided.outcome, decided.reason)


@pytest.mark.parametrize("kind", ["api", "guarded", "hidden", "words", "broken"])
async def test_an_api_describes_itself(visitor: Visitor, pages: Pages, kind: str) -> None:
    found = await visitor.visit(Itinerary(pages.url(kind), expects="api", timeout=10))
    decided = DECIDED.get(f"//{kind}", Visit(Outcome.idle, 0))
    assert (found.outcome, found.reason) == (decided.outcome, decided.reason)


@pytest.mark.parametrize(("kind", "expects"), [("good", "session"), ("whole", "page"), ("plain", "api")])
async def test_a_picture_is_taken_of_what_is_there(
    visitor: Visitor, pages: Pages, kind: str, expects: Literal["session", "page", "api"]
) -> None:
    found = await visitor.picture(View(pages.url(kind), 800, 600, expects=expects))
    assert found.png.startswith(b"\x89PNG\r\n")
    assert (found.reason, found.left) == ("", ())


async def test_there_is_no_picture_of_what_is_not_there(visitor: Visitor, pages: Pages) -> None:
    found = await visitor.picture(View(pages.url("missing"), 800, 600))
    assert found == Picture(b"", "The page answered 404 Not Found.")


async def test_after_close_there_is_no_browser(visitor: Visitor, pages: Pages) -> None:
    await visitor.close()
    await visitor.close()
    found = await visitor.visit(Itinerary(pages.url("good")))
    assert (found.outcome, found.reason) == (Outcome.no_browser, "The browser is closed: the platform stops.")
    assert await visitor.picture(View(pages.url("good"), 800, 600)) == Picture(b"", found.reason)
