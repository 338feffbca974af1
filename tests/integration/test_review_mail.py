"""A review by mail alone: a real mail server, which hangs at first, and a reviewer who has nothing but letters."""

import re
from collections.abc import AsyncIterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from anyio import to_thread
from playwright.async_api import Browser, Page, async_playwright, expect
from tests.chromium import CHROMIUM, QUIET
from tests.integration.platform import NO_BROWSER, Platform, app_folder, release_host, until
from tests.server.post.servers import PostOffice, post_office, silence

pytestmark = [pytest.mark.anyio, pytest.mark.engine, pytest.mark.browser]

APP = "posted"
RITA, ADA = "rita@example.org", "ada@example.org"
MOMENT = 30_000
"""Milliseconds."""


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        try:
            yield started
        finally:
            await started.close()


async def test_mail_alone_leads_from_the_request_to_the_release(
    base_image: None, browser: Browser, tmp_path: Path
) -> None:
    async with silence() as port:
        platform = Platform(smtp=f"smtp://127.0.0.1:{port}", chromium=NO_BROWSER)
        try:
            await do(platform.start)
            await push(platform, tmp_path)
            url = await ask_while_the_mail_server_hangs(platform)
        except BaseException:
            await do(platform.destroy)
            raise
    try:
        async with post_office(port=port) as office:
            assert await the_letter_comes_once_it_answers(platform, browser, office) == url
            await only_the_code_from_the_mail_signs(browser, office)
            await who_asked_hears_of_it(platform, office)
            assert sorted(office.recipients) == [[ADA], [RITA], [RITA]]
        await a_link_that_is_withdrawn_later_is_told(platform)
    finally:
        await do(platform.destroy)


async def push(platform: Platform, folder: Path) -> None:
    assert (await do(platform.sandboxd, "user", "email", "ada", ADA)).code == 0
    app = app_folder(folder, "reviewed")
    (app / "sandbox.toml").write_text("[gates]\nreviews = 1\nidentified = true\n")
    await do(platform.deploy, app, APP)
    refused = await do(platform.sandbox, "promote", "d1", "--app", APP)
    assert refused.error["code"] == "gate_closed"


async def ask_while_the_mail_server_hangs(platform: Platform) -> str:
    """The link that is shown all the same."""
    asked = await do(
        platform.sandbox, "review", "request", "d1", "--app", APP, "--to", f"Rita Reviewer <{RITA}>"
    )
    assert asked.code == 0, asked
    assert (asked.document["mail"], asked.document["mail_why"]) == ("waiting", "")
    told = await do(until, lambda: (found := link(platform))["mail_why"] and found, "the mail server is slow")
    assert told["mail"] == "waiting"
    assert "cannot be reached" in told["mail_why"]
    assert told["url"] == asked.document["url"]
    return str(told["url"])


async def the_letter_comes_once_it_answers(platform: Platform, browser: Browser, office: PostOffice) -> str:
    """The link in it."""
    page = await (await browser.new_context()).new_page()
    await page.goto((await do(platform.api, "POST", "/login-links")).json()["url"])
    await page.get_by_role("button", name=re.compile("Log in", re.IGNORECASE)).click()
    await page.goto(f"{platform.url}/apps/{APP}/reviews/1")
    await expect(page.locator("#link")).to_contain_text("/r/1.")
    letter = await arrived(office, 1)
    assert (letter["To"], letter["Reply-To"]) == (RITA, ADA)
    await expect(page.get_by_text("mail sent")).to_be_visible(timeout=MOMENT)
    assert (await do(link, platform))["mail"] == "sent"
    await page.context.close()
    found = re.search(r"^http://\S+/r/\S+", letter.get_content(), re.MULTILINE)
    assert found, letter.get_content()
    return found[0]


async def only_the_code_from_the_mail_signs(browser: Browser, office: PostOffice) -> None:
    found = re.search(r"http://\S+/r/\S+", office.mails[0].get_content())
    assert found
    page = await (await browser.new_context(viewport={"width": 390, "height": 844})).new_page()
    await page.goto(found[0])
    await page.locator("#panel").get_by_text("What do you say of test version 1?").wait_for()
    await page.get_by_role("radio", name=re.compile("^Accept “")).check()
    await page.get_by_role("button", name="Mail me the code").click()
    letter = await arrived(office, 2)
    code = re.search(r"^([\d ]+) is your code", letter.get_content(), re.MULTILINE)
    assert code, letter.get_content()
    await expect(page.get_by_label("Code from the mail")).to_be_visible(timeout=MOMENT)
    await sign_with(page, wrong(code[1]))
    await expect(page.get_by_text("This is not the code of the newest mail.")).to_be_visible(timeout=MOMENT)
    await expect(page.get_by_text("You may try 4 more times.")).to_be_in_viewport()
    await expect(page.locator("#said")).to_be_empty()
    await sign_with(page, code[1])
    await expect(page.locator("#verdict")).to_contain_text("You accepted test version 1", timeout=MOMENT)
    await page.context.close()


async def who_asked_hears_of_it(platform: Platform, office: PostOffice) -> None:
    letter = await arrived(office, 3)
    assert (letter["To"], letter["Reply-To"]) == (ADA, RITA)
    assert letter["Subject"] == f"Rita Reviewer accepted d1 of {APP}"
    assert f"sandbox promote d1 --app {APP}" in letter.get_content().splitlines()
    await do(platform.promote, APP, 1)
    assert await do(platform.shown, release_host(APP)) == "d1"


async def a_link_that_is_withdrawn_later_is_told(platform: Platform) -> None:
    assert (await do(platform.sandbox, "review", "revoke", "1", "--app", APP)).code == 0
    [verdict] = (await do(link, platform))["verdicts"]
    assert verdict["identified"] == "code"
    assert verdict["link_revoked_at"]
    report = (await do(platform.sandbox, "gates", "d1", "--app", APP)).document
    assert report["open"]
    assert any(
        "Rita Reviewer (by a link that was withdrawn later)" in met["message"] for met in report["met"]
    )


async def sign_with(page: Page, code: str) -> None:
    await page.get_by_label("Code from the mail").fill(code)
    await page.get_by_role("button", name="Sign and send my verdict").click()


async def arrived(office: PostOffice, number: int) -> EmailMessage:
    """The mail of this number, from 1."""
    await do(until, lambda: len(office.mails) >= number, f"mail {number} arrives")
    return office.mails[number - 1]


def link(platform: Platform) -> dict[str, Any]:
    shown: dict[str, Any] = platform.sandbox("review", "show", "1", "--app", APP).document
    return shown


def wrong(code: str) -> str:
    digits = code.replace(" ", "")
    return digits[:-1] + str((int(digits[-1]) + 1) % 10)


async def do(call: Any, *words: Any, **more: Any) -> Any:
    return await to_thread.run_sync(lambda: call(*words, **more))
