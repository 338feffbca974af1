"""Reviews as publishers see and handle them, in a real browser, over a server in memory."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import expect
from tests.browser.anna import Anna, arrive, browsing
from tests.browser.stage import Stage, open_stage
from tests.server.commenting import png
from tests.server.pages import reviewers
from tests.server.pages.platform import ANNA
from tests.server.pages.test_pages import APP

from sandbox_server.operations.comment import answer
from sandbox_server.store.tables_review import Comment
from sandbox_server.wire_review import AnswerRequest

pytestmark = [pytest.mark.anyio, pytest.mark.browser]

SESSION = """
Shiny.shinyapp.$socket = { readyState: 1 };
Shiny.shinyapp.config = {};
Shiny.shinyapp.$inputValues.region = "South";
"""
"""As if a session had come up in which South is chosen."""

WHERE: dict[str, Any] = {"url": "/?tab=2", "width": 800, "height": 500, "x": 200, "y": 100}


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with open_stage(tmp_path) as made:
        yield made


@pytest.fixture
async def anna(stage: Stage) -> AsyncIterator[Anna]:
    async with browsing() as browser:
        yield await arrive(browser, stage.platform, stage.url)


async def test_a_review_is_requested_and_its_link_is_copied_by_the_keyboard(stage: Stage, anna: Anna) -> None:
    await stage.push()
    page = anna.page
    await page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=stage.url)
    await anna.go(APP)
    await page.get_by_role("link", name="Request a review of feature-x").click()
    await expect(page.get_by_label("The link works for")).to_have_value("7d")
    await expect(page.get_by_label("Name", exact=True)).to_be_focused()
    await page.keyboard.type("Ann Berger")
    await page.keyboard.press("Tab")
    await page.keyboard.type("ann@example.com")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Review by Ann Berger")).to_be_visible()
    link = await page.locator("#link").inner_text()
    assert link.startswith(f"{stage.url}/r/1.")
    await page.get_by_role("button", name="Copy link").focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert await page.evaluate("navigator.clipboard.readText()") == link
    await expect(page.get_by_role("button", name="Copy link")).to_be_focused()
    assert anna.complaints == []


async def test_what_reviewers_say_appears_while_the_page_is_open(stage: Stage, anna: Anna) -> None:
    number = await stage.push()
    review = await reviewers.ask(stage.platform, "Ann", "feature-x")
    page = anna.page
    await anna.go(f"{APP}/reviews")
    await expect(page.get_by_text("waiting for Ann")).to_be_visible()
    await reviewers.remark(stage.platform, review, number, "Totals are <b>empty</b>")
    await expect(page.get_by_role("link", name="Totals are <b>empty</b>")).to_be_visible()
    await reviewers.judge(stage.platform, review, "rejected", number, text="Not yet.")
    await expect(page.get_by_text("rejected by Ann")).to_be_visible()
    await expect(page.get_by_text("Not yet.")).to_be_visible()
    await anna.go(APP)
    await expect(page.get_by_role("link", name="rejected by Ann")).to_be_visible()
    await stage.push(code="shinyApp(a, b)")
    await expect(page.get_by_role("link", name="waiting for Ann")).to_be_visible()
    assert anna.complaints == []


async def test_revoking_asks_in_words_first(stage: Stage, anna: Anna) -> None:
    await stage.push()
    await reviewers.ask(stage.platform, "Ann", "feature-x")
    page = anna.page
    await anna.go(f"{APP}/reviews")
    await page.get_by_role("link", name="Revoke… the link of Ann").click()
    await expect(page.get_by_text("the page says that it was withdrawn")).to_be_visible()
    await page.get_by_role("button", name="Revoke the link").click()
    await page.get_by_role("link", name="Ask Ann again").click()
    await expect(page.get_by_label("Mail address")).to_have_value("ann@example.com")
    assert anna.complaints == []


async def test_an_answer_that_is_being_written_stays_when_others_write(stage: Stage, anna: Anna) -> None:
    number = await stage.push()
    review = await reviewers.ask(stage.platform, "Ann", "feature-x")
    said = await reviewers.remark(stage.platform, review, number)
    page = anna.page
    await anna.go(f"{APP}/comments/{said.id}")
    await page.get_by_label("Your answer").fill("Which year?")
    guest = await reviewers.guest(stage.platform, review)
    for who, text in ((guest, "In 2025."), (ANNA, "Seen.")):
        request = AnswerRequest(key=f"{len(text):032x}", text=text)
        await answer(stage.platform.parts, who, reviewers.APP, said.id, request)
        await expect(page.get_by_text(text)).to_be_visible()
    await expect(page.get_by_label("Your answer")).to_have_value("Which year?")
    await page.get_by_role("button", name="Answer and resolve").click()
    await expect(page.get_by_text("resolved by anna")).to_be_visible()
    await page.get_by_role("button", name="Reopen").click()
    await expect(page.get_by_role("button", name="Resolve", exact=True)).to_be_visible()
    assert anna.complaints == []


@pytest.mark.parametrize("width", [1280, 390])
async def test_the_ring_lies_on_the_point_at_every_width(stage: Stage, anna: Anna, width: int) -> None:
    number = await stage.push()
    review = await reviewers.ask(stage.platform, "Ann", "feature-x")
    said = await reviewers.remark(stage.platform, review, number, picture=png(800, 500), **WHERE)
    await _set_taken(stage, said.id)
    page = anna.page
    await page.set_viewport_size({"width": width, "height": 844})
    await anna.go(f"{APP}/comments/{said.id}")
    picture = page.get_by_role("img", name="the point meant is at the top left")
    await expect(picture).to_be_visible()
    box, ring = await picture.bounding_box(), await page.locator(".pin .ring").bounding_box()
    assert box is not None
    assert ring is not None
    assert abs(box["x"] + box["width"] * 0.25 - (ring["x"] + ring["width"] / 2)) < 3
    assert abs(box["y"] + box["height"] * 0.2 - (ring["y"] + ring["height"] / 2)) < 3
    assert box["width"] / box["height"] == pytest.approx(1.6, rel=0.02)
    assert await anna.overflow() <= 0
    assert anna.complaints == []


async def test_the_app_is_opened_with_the_inputs_of_a_comment(stage: Stage, anna: Anna) -> None:
    stage.apps.script = SESSION
    number = await stage.push()
    review = await reviewers.ask(stage.platform, "Ann", "feature-x")
    inputs = {"region": "South", "years": [2024, 2026]}
    said = await reviewers.remark(stage.platform, review, number, **{**WHERE, "inputs": inputs})
    page = anna.page
    await anna.go(f"{APP}/comments/{said.id}")
    await page.get_by_role("link", name="Open with these inputs").click()
    app = page.frame_locator("#app")
    await expect(app.get_by_role("heading", name=f"Sales (d{number})")).to_be_visible()
    await expect(page.get_by_text("Could not be set: years. All else is as it was.")).to_be_visible()
    frame = await page.locator("#app").bounding_box()
    assert frame is not None
    assert (frame["width"], frame["height"]) == (800, 500)
    await expect(page.locator(".pin")).to_be_visible()
    await page.set_viewport_size({"width": 390, "height": 844})
    await page.reload(wait_until="domcontentloaded")
    await expect(page.locator(".pin .ring")).to_be_in_viewport()
    assert await anna.overflow() <= 0
    await page.get_by_label("Show the point").uncheck()
    await expect(page.locator(".pin")).to_be_hidden()
    assert all(not one.get("referer") and "__Host" not in one.get("cookie", "") for one in stage.apps.asked)
    assert anna.complaints == []


async def test_words_of_an_app_in_the_frame_stay_words(stage: Stage, anna: Anna) -> None:
    stage.apps.script = """
    const say = (words) => parent.postMessage(words, "*");
    setInterval(function () {
      say(null);
      say({ sandbox: "restored", id: 1, left: "no list" });
      say({ sandbox: "restored", id: 1, left: ["<img src=x onerror=alert(1)>", {}, null, "<b>bold</b>"] });
    }, 100);
    """
    number = await stage.push()
    review = await reviewers.ask(stage.platform, "Ann", "feature-x")
    said = await reviewers.remark(stage.platform, review, number, **WHERE)
    await anna.go(f"{APP}/comments/{said.id}/open")
    await expect(anna.page.get_by_text("<b>bold</b>")).to_be_visible()
    assert await anna.page.locator("#how b, #how img").count() == 0
    assert anna.complaints == []


async def _set_taken(stage: Stage, id: int) -> None:
    """As if the platform's own browser had taken the picture."""
    async with stage.platform.parts.store.write() as tx:
        row = await tx.get_one(Comment, id)
        row.picture_state = "taken"
        tx.add(row)
