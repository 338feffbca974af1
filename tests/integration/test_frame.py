"""What an app's pages do for the review page that shows them in a frame, and that a release's pages do none of it."""

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.async_api import expect
from tests.integration.frames import Reviews, review_page, serve_reviews, show
from tests.integration.r_apps import Apps, Instance, browser_page
from tests.integration.runner_door import KEY

pytestmark = [pytest.mark.anyio, pytest.mark.engine, pytest.mark.browser]

BEFORE: dict[str, Any] = {
    "text": "begin", "area": "", "number": 1, "slide": 10, "range": [0.1, 0.2], "day": "2026-02-01", "moment": 3600,
    "date": "2026-01-01", "dates": ["2026-01-01", "2026-01-31"], "choice": "a", "of_choice": "only", "many": [],
    "bare": "a", "served": "item 00001", "check": False, "checks": [], "radio": "a", "go": 0,
    "place": "first", "inner": "one",
}  # fmt: skip
BRUSHED = {
    "xmin": 2, "xmax": 4, "ymin": 2, "ymax": 5, "mapping": {"x": None, "y": None},
    "brushId": "area_of_plot", "outputId": "plot",
}  # fmt: skip
WANTED: dict[str, Any] = {
    "text": "hello </script>", "area": "a\nb", "number": 7.5, "slide": 55, "range": [0.3, 0.8], "day": "2026-05-05",
    "moment": 7200, "date": "2026-03-04", "dates": ["2026-02-01", "2026-02-03"], "choice": "q", "of_choice": "second",
    "many": ["c", "a"], "bare": "z", "served": "item 15000", "check": True, "checks": ["b", "d"], "radio": "c",
    "place": "second", "inner": "two", "late": "typed late", "latest_one": "y", "area_of_plot": BRUSHED,
}  # fmt: skip
ORDERS = {"go": 2, "delete": {"row": 1}, "pass": "hunter2", "slide": 1000}
"""A button, what might be an order, a password, and what the app does not take."""

FOLDER = Path(__file__).parents[1] / "apps" / "kind-static"
BARE = b"\xef\xbb\xbf<!DOCTYPE html>\n<p>caf\xc3\xa9</p><script>document.title = document.compatMode</script>"
PIECE = b"<ul><li>piece</li></ul>"


@pytest.fixture
async def reviews(anyio_backend: str) -> AsyncIterator[Reviews]:
    async with serve_reviews() as served:
        yield served


async def test_the_inputs_of_an_app_are_told_and_set_again(apps: Apps, reviews: Reviews) -> None:
    instance = await apps.start("inputs", KEY | reviews.told)
    await instance.answer()
    async with review_page(reviews.control) as review:
        await show(review, instance.url)
        assert await review.heard("hello") == {"sandbox": "hello", "deployment": 42, "sessions": True}
        await review.heard("state")
        await review.frame.wait_for_function("Shiny.shinyapp.$inputValues['served'] === 'item 00001'")
        place = await review.ask("where", "place")
        assert place["inputs"] == BEFORE
        assert (place["url"], place["width"], place["height"], place["scroll_y"]) == ("/", 1000, 700, 0)

        done = await review.ask("restore", "restored", inputs=WANTED, scroll_x=0, scroll_y=500)
        assert done["left"] == []
        place = await review.ask("where", "place")
        assert {name: place["inputs"].get(name) for name in WANTED} == WANTED
        assert place["scroll_y"] == 500
        said = review.frame.locator("#said")
        await expect(said).to_contain_text("latest_one=y")
        await expect(said).to_contain_text("moment=1970-01-01 02:00:00")
        await expect(said).to_contain_text("told=nothing")

        done = await review.ask("restore", "restored", inputs=ORDERS)
        assert done["left"] == list(ORDERS)
        await expect(said).to_contain_text("go=0")
        assert await review.frame.locator("#pass").input_value() == ""

        await review.frame.evaluate("Shiny.shinyapp.$socket.close()")
        await review.page.wait_for_function("heard.some((said) => said.state === 'lost')")
    await nobody_else_is_answered(instance, reviews)
    await the_ribbon_folds(instance)


async def nobody_else_is_answered(instance: Instance, reviews: Reviews) -> None:
    async with review_page(reviews.elsewhere) as other:
        await show(other, instance.url)
        await other.page.evaluate(
            "ask({ sandbox: 'where', id: 1 }), ask({ sandbox: 'restore', id: 2, inputs: {} })"
        )
        # What is answered later than this comes before this.
        await other.frame.evaluate("parent.postMessage('seen', '*')")
        await other.page.wait_for_function("heard.includes('seen')")
        assert [said for said in await other.all_heard() if isinstance(said, dict)] == []


async def the_ribbon_folds(instance: Instance) -> None:
    async with browser_page() as page:
        await page.goto(instance.url)
        ribbon = page.get_by_role("button", name="test version 42")
        await expect(ribbon).to_have_text("test version 42")
        await ribbon.focus()
        await page.keyboard.press("Enter")
        await expect(ribbon).to_have_text("")
        await expect(ribbon).to_have_attribute("aria-expanded", "false")
        await page.reload()
        await expect(ribbon).to_have_text("")
        await page.emulate_media(media="print")
        await expect(page.locator("sandbox-ribbon")).to_be_hidden()


async def test_pages_that_are_files_have_the_script_and_are_else_as_they_were(
    apps: Apps, reviews: Reviews
) -> None:
    files = {str(path.relative_to(FOLDER)): path.read_bytes() for path in FOLDER.rglob("*.*")}
    instance = await apps.start(
        files | {"bare.HTML": BARE, "piece.html": PIECE, "404.html": BARE}, KEY | reviews.told
    )
    await instance.answer()
    async with asks(instance) as client:
        page = await client.get("/")
        assert without_script(page.content) == files["index.html"]
        assert (await client.get("/site.css")).content == files["site.css"]
        assert without_script((await client.get("/bare.HTML")).content) == BARE
        assert (await client.get("/bare.HTML")).content.startswith(BARE[:18])
        sent_on = await client.get("/about?from=here")
        assert (sent_on.status_code, sent_on.headers["location"]) == (301, "/about/?from=here")
        assert without_script((await client.get("/about/")).content) == files["about/index.html"]
        lost = await client.get("/nowhere")
        assert (lost.status_code, without_script(lost.content)) == (404, BARE)

        fetched = await client.get("/piece.html", headers={"Sec-Fetch-Dest": "empty"})
        assert (fetched.content, fetched.headers["vary"]) == (PIECE, "Sec-Fetch-Dest")
        again = await client.get("/", headers={"If-None-Match": page.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        head = await client.head("/")
        assert (head.headers["content-length"], head.content) == (str(len(page.content)), b"")
        for header in ("content-type", "etag"):
            assert head.headers[header] == page.headers[header]
    async with review_page(reviews.control) as review:
        await show(review, f"{instance.url}bare.HTML?tab=2#top", "document.title")
        assert await review.heard("hello") == {"sandbox": "hello", "deployment": 42, "sessions": False}
        place = await review.ask("where", "place")
        assert (place["url"], place["inputs"]) == ("/bare.HTML?tab=2#top", {})
        assert (await review.ask("restore", "restored", inputs={}))["left"] == []
        assert await review.frame.title() == "CSS1Compat"
        await expect(review.frame.get_by_role("button", name="test version 42")).to_be_visible()


@pytest.mark.parametrize("app", ["hello", "kind-static"])
async def test_a_releases_pages_have_none_of_it(apps: Apps, reviews: Reviews, app: str) -> None:
    instance = await apps.start(app, KEY | reviews.told | {"SANDBOX_SCOPE": "release"})
    page = await instance.answer()
    assert reviews.control not in page.text
    assert "sandbox.frame" not in page.text
    assert "sandbox-ribbon" not in page.text
    if app == "kind-static":
        assert page.content == (FOLDER / "index.html").read_bytes()


def asks(instance: Instance) -> "contextlib.AbstractAsyncContextManager[httpx.AsyncClient]":
    return httpx.AsyncClient(base_url=instance.url, trust_env=False, timeout=30)


def without_script(page: bytes) -> bytes:
    """The page before our script was put into it, once."""
    before, found, rest = page.partition(b"<script>\n// In every page of a sandbox")
    assert found
    ours, _, after = rest.partition(b"</script>")
    assert b"sandbox.frame" in ours
    assert b"sandbox.frame" not in after
    return before + after
