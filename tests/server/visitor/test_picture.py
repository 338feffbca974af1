"""What only the real browser can show of pictures. Its pages come from a server on loopback."""

import asyncio
import struct
from collections.abc import AsyncIterator

import pytest
from tests.contract.shiny_pages import PAGE, Pages, shiny_pages
from tests.server.visitor.processes import until

from sandbox_server.visitor import ChromiumVisitor, Itinerary, Outcome, View
from sandbox_server.visitor.picture import LARGEST

pytestmark = [pytest.mark.anyio, pytest.mark.browser]

STRIPES = """<!doctype html><style>html, body { margin: 0 } div { height: 100px }</style><body><script>
for (let i = 0; i < 100; i += 1) {
  const stripe = document.createElement("div");
  stripe.style.background = `rgb(${i * 2}, 0, 0)`;
  document.body.append(stripe);
}
</script>"""
NOISE = """<!doctype html><style>html, body { margin: 0 }</style><canvas width="2560" height="2000"></canvas><script>
const canvas = document.querySelector("canvas").getContext("2d"), image = canvas.createImageData(2560, 2000);
for (let i = 0; i < image.data.length; i += 1) image.data[i] = i % 4 === 3 ? 255 : Math.random() * 256;
canvas.putImageData(image, 0, 0);
</script>"""
HOSTILE = {
    "alerts": "<!doctype html><script>for (;;) alert(1)</script>",
    "loop": "<!doctype html><script>setTimeout(() => { for (;;) {} }, 100)</script>",
    "leaves": "<!doctype html><script>location = location.href.replace('leaves', 'plain')</script>",
    "far": "<!doctype html><script>setInterval(() => { location = 'http://example.com/' }, 50)</script>",
    "again": "<!doctype html><script>location.reload()</script>",
    "stays": "<!doctype html><script>onbeforeunload = () => 'no'; setInterval(() => open('/'), 10)</script>",
    "saves": "<!doctype html><a download href='data:,x'></a><script>setInterval('document.links[0].click()')</script>",
    "lies": PAGE.replace(
        "<script>", "<script>window.Promise = class { constructor() { return [1, `n`, {}] } }; "
    ),
}


@pytest.fixture
async def pages() -> AsyncIterator[Pages]:
    async with shiny_pages() as served:
        yield served


@pytest.fixture
async def visitor(pages: Pages) -> AsyncIterator[ChromiumVisitor]:
    made = ChromiumVisitor(pages.edge, "apps.localhost")
    yield made
    await made.close()


def size(png: bytes) -> tuple[int, int]:
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", png[16:24])
    return width, height


@pytest.mark.parametrize(
    ("asked", "shown"), [((390, 844), (390, 844)), ((1, 1), (320, 320)), ((9999, 9999), (2560, 2000))]
)
async def test_the_picture_is_as_large_as_the_window(
    visitor: ChromiumVisitor, pages: Pages, asked: tuple[int, int], shown: tuple[int, int]
) -> None:
    found = await visitor.picture(View(pages.url("good"), *asked))
    assert (size(found.png), found.reason) == (shown, "")


async def test_it_shows_the_place_to_which_the_page_was_scrolled(
    visitor: ChromiumVisitor, pages: Pages
) -> None:
    pages.extra["stripes"] = STRIPES
    top = await visitor.picture(View(pages.url("stripes"), 400, 400, expects="page"))
    below = await visitor.picture(View(pages.url("stripes"), 400, 400, expects="page", scroll_y=3000))
    assert top.png != below.png
    assert (size(below.png), below.reason) == ((400, 400), "")


async def test_a_picture_that_would_be_too_large_is_smaller_and_says_so(
    visitor: ChromiumVisitor, pages: Pages
) -> None:
    pages.extra["noise"] = NOISE
    found = await visitor.picture(View(pages.url("noise"), 2560, 2000, expects="page"))
    assert len(found.png) <= LARGEST
    assert (size(found.png), found.reason) == ((1280, 1000), "It is shown at 50% of its size.")


async def test_inputs_that_the_page_has_not_are_named(visitor: ChromiumVisitor, pages: Pages) -> None:
    found = await visitor.picture(View(pages.url("good"), 800, 600, inputs={"n": 1}))
    assert size(found.png) == (800, 600)
    assert found.left == ("n",)


async def test_a_session_that_does_not_rest_is_shown_as_it_is(visitor: ChromiumVisitor, pages: Pages) -> None:
    found = await visitor.picture(View(pages.url("busy"), 800, 600, timeout=7))
    assert size(found.png) == (800, 600)
    assert found.reason.startswith("The page was still busy after")


@pytest.mark.parametrize("kind", HOSTILE)
async def test_a_hostile_page_holds_nothing_up(visitor: ChromiumVisitor, pages: Pages, kind: str) -> None:
    pages.extra[kind] = HOSTILE[kind]
    found = await visitor.picture(View(pages.url(kind), 800, 600, expects="page", inputs={"n": 1}, timeout=8))
    assert size(found.png) == (800, 600) if found.png else found.reason
    assert set(found.left) <= {"n"}
    assert size((await visitor.picture(View(pages.url("good"), 320, 320))).png) == (320, 320)


async def test_no_picture_of_another_app_that_a_page_leads_to(visitor: ChromiumVisitor, pages: Pages) -> None:
    pages.extra["leaves"] = HOSTILE["leaves"]
    found = await visitor.picture(View(pages.url("leaves"), 800, 600, expects="page"))
    assert (found.png, found.reason) == (b"", "The page went to another address by itself.")


async def test_many_pictures_leave_a_place_for_a_push(visitor: ChromiumVisitor, pages: Pages) -> None:
    waiting = [
        asyncio.create_task(visitor.picture(View(pages.url("busy"), 320, 320, timeout=60))) for _ in range(3)
    ]
    await until(lambda: pages.open_now == 1)
    assert (await visitor.visit(Itinerary(pages.url("good")))).outcome is Outcome.idle
    assert pages.page_loads["busy"] == 1
    for one in waiting:
        one.cancel()
    await asyncio.wait(waiting)
