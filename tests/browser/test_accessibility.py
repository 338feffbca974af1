"""Every page, for every eye and hand: axe-core finds nothing serious, and nothing is wider than the screen."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from tests.browser.anna import Anna, arrive, browsing, free_port, listening
from tests.browser.checker import COLOURS, barriers
from tests.browser.every_page import NO_HTML, VISITS, Visit, page_routes
from tests.browser.filled import Filled, fill
from tests.browser.stage import open_stage
from tests.server.pages.platform import memory_parts

from sandbox_server.app import create_app, create_waker

pytestmark = [pytest.mark.anyio, pytest.mark.browser]

WIDTHS = (1280, 390)


@dataclass(frozen=True)
class Stage:
    filled: Filled
    anna: Anna
    stranger: Anna


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    """One platform and one browser for all: these tests only look."""
    async with open_stage(tmp_path_factory.mktemp("home")) as made, browsing() as browser:
        filled = await fill(made.platform, made.url)
        anna, stranger = [
            await arrive(browser, made.platform, made.url, known=known) for known in (True, False)
        ]
        with free_port() as (free, port):
            filled.names["waker"] = str(port)
            async with listening(create_waker(made.platform.parts), free):
                yield Stage(filled, anna, stranger)


def test_every_page_is_visited(tmp_path_factory: pytest.TempPathFactory) -> None:
    routes = page_routes(create_app(memory_parts(tmp_path_factory.mktemp("home"))))
    visited = {visit.route for visit in VISITS if visit.route}
    assert routes - NO_HTML - visited == set(), "add a Visit to tests/browser/every_page.py"
    assert (visited | NO_HTML) - routes == set(), "these are no pages any more"


async def test_what_is_wrong_is_found(stage: Stage) -> None:
    page = stage.stranger.page
    await page.goto("about:blank")
    await page.set_content('<main><input><p style="color:#ccc;background:#fff">pale</p></main>')
    found = {one.partition(" ")[0] for one in await barriers(page)}
    assert {"label", "color-contrast", "html-has-lang"} <= found
    assert {one.partition(" ")[0] for one in await barriers(page, COLOURS)} == {"color-contrast"}


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("visit", VISITS, ids=lambda visit: visit.id)
async def test_nothing_keeps_people_out(stage: Stage, visit: Visit, width: int) -> None:
    person = stage.stranger if visit.open else stage.anna
    page = person.page
    person.complaints.clear()
    await page.set_viewport_size({"width": width, "height": 844})
    await page.emulate_media(color_scheme="light", reduced_motion="reduce")
    answer = await page.goto(visit.url(stage.filled), wait_until="load")
    assert answer is not None
    assert answer.status == visit.status, await page.inner_text("body")
    await page.evaluate("() => document.fonts.ready.then(() => null)")
    assert await barriers(page) == []
    assert await person.overflow() <= 0
    assert visit.status != 200 or person.complaints == []
    await page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    assert await barriers(page, COLOURS) == []
    assert await person.overflow() <= 0
