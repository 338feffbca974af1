"""The reviewer's page in a real browser that knows nothing, over a server in memory and a stand-in for the apps."""

import pytest
from playwright.async_api import Browser, expect
from tests.browser.stage import APP, Stage, choose, come, look, said

from sandbox_server.operations.reviews import verdicts_of

pytestmark = [pytest.mark.anyio, pytest.mark.browser]

SCRIPT = "- Choose the region South\n- Download the table"
NO_THIRD_PARTY_COOKIES = "--test-third-party-cookie-phaseout"


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


async def test_from_the_link_to_the_verdict_with_the_keyboard_alone(stage: Stage, browser: Browser) -> None:
    number = await stage.push("keyboard")
    rita = await come(browser)
    page, press = rita.page, rita.page.keyboard.press
    await look(page, await stage.ask("keyboard", SCRIPT))
    await expect(page.locator("#app-state")).to_be_empty()
    await press("Tab")
    await expect(page.get_by_role("link", name="Skip the app")).to_be_focused()
    await press("Enter")
    await expect(page.locator("#panel")).to_be_focused()
    await page.get_by_label("Choose the region South").focus()
    await press("Space")
    await page.get_by_role("button", name="Point at something").focus()
    await press("Enter")
    await expect(page.get_by_role("application")).to_be_focused()
    for key in ("ArrowUp", "Shift+ArrowLeft", "Enter"):
        await press(key)
    await expect(page.get_by_label("What do you notice?")).to_be_focused()
    await page.keyboard.type("The sum is wrong")
    await page.get_by_role("button", name="Send the comment").focus()
    await press("Enter")
    await expect(page.get_by_text("Your comment was sent.")).to_be_visible()
    place = (await said(stage, "keyboard"))[0].place
    assert place
    assert (place.x, place.inputs) == (round(place.width / 2) - 60, {"region": "North"})
    await page.get_by_role("radio", name="Accept “").focus()
    await press("ArrowDown")
    await press("ArrowDown")
    await page.get_by_role("button", name="Sign and send").focus()
    await press("Enter")
    await expect(page.get_by_text("You rejected test version")).to_be_visible()
    await expect(page.get_by_role("heading", name="Your verdict")).to_be_focused()
    verdict = (await verdicts_of(stage.platform.parts, APP, number))[0]
    assert (verdict.outcome, [step.done for step in verdict.steps]) == ("rejected", [True, False])
    assert rita.complaints == []


async def test_a_mark_goes_when_the_app_moves_below_it_and_the_place_stays(
    stage: Stage, browser: Browser
) -> None:
    await stage.push("moves")
    page = (await come(browser)).page
    await look(page, await stage.ask("moves"))
    await page.get_by_role("button", name="Point at something").click()
    await page.locator("#pointing").click(position={"x": 300, "y": 212})
    await expect(page.locator("#pin")).to_be_visible()
    await page.frame_locator("#app").locator("body").evaluate("() => window.scrollTo(0, 300)")
    await expect(page.locator("#pin")).to_be_hidden()
    await page.get_by_label("What do you notice?").fill("Here")
    await page.get_by_role("button", name="Send the comment").click()
    await expect(page.get_by_text("Your comment was sent.")).to_be_visible()
    place = (await said(stage, "moves"))[0].place
    assert place
    assert (place.x, place.y, place.scroll_y) == (300, 212, 0)


async def test_pointing_is_given_up_by_a_button_too(stage: Stage, browser: Browser) -> None:
    await stage.push("cancel")
    page = (await come(browser)).page
    await look(page, await stage.ask("cancel"))
    await page.get_by_role("button", name="Point at something").click()
    await page.get_by_role("button", name="Cancel").click()
    await expect(page.get_by_role("application")).to_be_hidden()
    await expect(page.locator("#pin")).to_be_hidden()


async def test_escape_gives_up_pointing(stage: Stage, browser: Browser) -> None:
    await stage.push("escape")
    page = (await come(browser)).page
    await look(page, await stage.ask("escape"))
    await page.get_by_role("button", name="Point at something").click()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("application")).to_be_hidden()
    await expect(page.get_by_role("button", name="Point at something")).to_be_focused()
    await expect(page.locator("#pin")).to_be_hidden()


async def test_drafts_survive_a_reload_and_a_newer_version_that_moves_nobody(
    stage: Stage, browser: Browser
) -> None:
    first = await stage.push("drafts")
    review = await stage.ask("drafts", SCRIPT)
    rita = await come(browser)
    page = rita.page
    await look(page, review)
    await page.get_by_label("Download the table").check()
    await page.get_by_role("button", name="Point at something").click()
    await page.locator("#pointing").click(position={"x": 300, "y": 212})
    await expect(page.get_by_text("The place is marked in the app.")).to_be_visible()
    await page.get_by_label("What do you notice?").fill("Not yet sent")
    await page.get_by_label("In your own words").fill("Nearly good")
    await choose(page, "South")
    second = await stage.push("drafts", "shinyApp(ui, better)")
    await expect(page.get_by_text(f"There is a newer test version {second}.")).to_be_visible()
    await expect(page.get_by_text("can be judged now")).to_be_hidden()  # not while somebody writes there
    assert await page.frame_locator("#app").locator("#region").input_value() == "South"
    await page.reload()
    await expect(page.get_by_role("heading", level=1)).to_contain_text(f"Test version {first} ")
    await expect(page.get_by_text("can be judged now")).to_be_visible()
    await expect(page.get_by_label("What do you notice?")).to_have_value("Not yet sent")
    await expect(page.get_by_text("The place that you pointed at is kept.")).to_be_visible()
    await expect(page.locator("#pin")).to_be_hidden()
    await page.get_by_role("link", name=f"Show test version {second}").first.click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text(f"Test version {second} ")
    await expect(page.get_by_label("What do you notice?")).to_have_value("Not yet sent")
    await expect(page.get_by_label("In your own words")).to_have_value("Nearly good")
    await expect(page.get_by_label("Download the table")).not_to_be_checked()
    await expect(page.get_by_text(f"(you tried it on test version {first})")).to_be_visible()
    await expect(page.get_by_text(f"A place on test version {first} is marked.")).to_be_visible()
    await page.get_by_role("button", name="Send the comment").click()
    await expect(page.get_by_text("Your comment was sent.")).to_be_visible()
    assert (await said(stage, "drafts"))[0].deployment == first
    await page.reload()
    await expect(page.get_by_label("What do you notice?")).to_have_value("")
    assert rita.complaints == []


async def test_a_script_that_does_not_come_twice_is_asked_for_again(stage: Stage, browser: Browser) -> None:
    await stage.push("again")
    page = (await come(browser)).page
    await page.route("**/review/ticks.js*", lambda route: route.abort(), times=2)
    await page.goto((await stage.ask("again")).url)
    await expect(page.get_by_role("button", name="Hide the review")).to_be_visible()


async def test_a_page_without_its_scripts_is_left_alone_once_somebody_writes(
    stage: Stage, browser: Browser
) -> None:
    await stage.push("without")
    page = (await come(browser)).page
    await page.clock.install()
    await page.route("**/review/ticks.js*", lambda route: route.abort())
    await page.goto((await stage.ask("without")).url)
    async with page.expect_event("domcontentloaded"):
        await page.clock.run_for(1)
    await page.get_by_label("What do you notice?").fill("Half a thought")
    await page.clock.run_for(60_000)
    await expect(page.get_by_label("What do you notice?")).to_have_value("Half a thought")
    await page.get_by_role("button", name="Send the comment").click()
    await expect(page.get_by_text("Half a thought", exact=True)).to_be_visible()
    assert [one.text for one in await said(stage, "without")] == ["Half a thought"]


async def test_what_is_too_large_is_said_beside_the_form_which_keeps_its_words(
    stage: Stage, browser: Browser
) -> None:
    await stage.push("large")
    review = await stage.ask("large")
    page = (await come(browser)).page
    await look(page, review)
    words = page.get_by_label("What do you notice?")
    await words.fill("Keep me")
    await page.locator("#comment-form").evaluate(
        """(form) => {
          const more = Object.assign(document.createElement("input"), { type: "hidden", name: "more" });
          more.value = "x".repeat(9e6);
          form.append(more);
        }"""
    )
    await page.get_by_role("button", name="Send the comment").click()
    told = page.locator("#comment-form [data-status]")
    await expect(told).to_contain_text("What you sent is too large.")
    await expect(words).to_have_value("Keep me")

    bare = (await come(browser, java_script_enabled=False)).page
    await bare.goto(review.url)
    await bare.get_by_label("What do you notice?").fill("Keep me")
    huge = {"name": "huge.png", "mimeType": "image/png", "buffer": bytes(9_000_000)}
    await bare.locator("#comment-picture").set_input_files(huge)
    await bare.get_by_role("button", name="Send the comment").click()
    await expect(bare.get_by_role("heading", name="That is too large")).to_be_visible()
    await bare.get_by_role("link", name="Back to the review").click()
    await expect(bare.get_by_role("heading", name="Your verdict")).to_be_visible()


async def test_what_was_sent_without_an_answer_and_is_sent_again_is_one_comment(
    stage: Stage, browser: Browser
) -> None:
    await stage.push("twice")
    page = (await come(browser)).page
    await look(page, await stage.ask("twice"))
    await page.get_by_label("What do you notice?").fill("Only once")

    stage.apps.lost = 1
    await page.get_by_role("button", name="Send the comment").click()
    await expect(page.get_by_text("What you wrote is kept; try again in a while.")).to_be_visible()
    assert len(await said(stage, "twice")) == 1
    await page.reload()
    await page.get_by_role("button", name="Send the comment").click()
    await expect(page.get_by_text("Your comment was sent.")).to_be_visible()
    assert len(await said(stage, "twice")) == 1


async def test_a_pasted_picture_goes_with_the_comment(stage: Stage, browser: Browser) -> None:
    await stage.push("paste")
    rita = await come(browser)
    page = rita.page
    await look(page, await stage.ask("paste"))
    await page.get_by_label("What do you notice?").fill("Look")
    await page.evaluate(
        """async () => {
          const canvas = document.createElement("canvas");
          canvas.width = 40;
          const blob = await new Promise((done) => canvas.toBlob(done, "image/png"));
          const pasted = new DataTransfer();
          pasted.items.add(new File([blob], "shot.png", { type: "image/png" }));
          document.dispatchEvent(new ClipboardEvent("paste", { clipboardData: pasted, cancelable: true }));
        }"""
    )
    await expect(page.get_by_text("This picture goes with the comment (40 × 150).")).to_be_visible()
    await page.get_by_role("button", name="Send the comment").click()
    await expect(page.get_by_role("img", name="Picture to the comment of Rita Moreno")).to_be_visible()
    assert (await said(stage, "paste"))[0].picture_state == "given"
    assert rita.complaints == []


async def test_on_a_phone_the_review_is_below_the_app_and_can_be_folded(
    stage: Stage, browser: Browser
) -> None:
    await stage.push("phone")
    rita = await come(browser, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page = rita.page
    await look(page, await stage.ask("phone", "- " + "a_word_without_any_break" * 20))
    app, panel = page.locator("#app"), page.locator("#panel")
    above, below = await app.bounding_box(), await panel.bounding_box()
    assert above
    assert below
    assert above["y"] + above["height"] <= below["y"]
    assert min(above["height"], below["height"]) > 250
    root = "document.documentElement"
    assert await page.evaluate(f"{root}.scrollWidth <= {root}.clientWidth")
    assert await panel.evaluate("side => side.scrollWidth <= side.clientWidth")
    await page.get_by_role("button", name="Point at it").first.tap()
    await page.locator("#pointing").tap(position={"x": 200, "y": 120})
    await expect(page.get_by_text("The place is marked in the app.")).to_be_visible()
    await page.get_by_role("button", name="Hide the review").tap()
    await expect(panel).to_be_hidden()
    await page.reload()
    await expect(panel).to_be_hidden()
    await page.get_by_role("button", name="Show the review").tap()
    await expect(panel).to_be_visible()
    assert rita.complaints == []


async def test_the_panel_is_made_wider_with_the_keyboard(stage: Stage, browser: Browser) -> None:
    await stage.push("wide")
    page = (await come(browser)).page
    await look(page, await stage.ask("wide"))
    divider = page.get_by_role("separator", name="Size of the review")
    await divider.focus()
    before = await page.locator("#panel").evaluate("one => one.clientWidth")
    await page.keyboard.press("ArrowLeft")
    await expect(divider).to_have_attribute("aria-valuenow", "36")
    assert await page.locator("#panel").evaluate("one => one.clientWidth") > before
