"""Server-side bookmarks: they outlive the instance that saved them, are bounded, and stay with their app and scope."""

import pytest
from anyio import to_thread
from docker import APIClient
from playwright.async_api import Page, expect
from tests.building import files_of
from tests.integration.r_apps import Apps, browser_page

pytestmark = [pytest.mark.anyio, pytest.mark.engine, pytest.mark.browser]


async def save(page: Page) -> str:
    """The bookmark's query."""
    await page.get_by_role("button", name="Bookmark").click()
    said = page.locator("#shiny-notification-url")
    await expect(said).to_contain_text("_state_id_=")
    return (await said.inner_text()).strip().rpartition("?")[2].split()[0]


async def test_a_bookmark_outlives_its_instance_and_its_release(apps: Apps) -> None:
    before = await apps.start("bookmarks", volume="bookmarks-1-release")
    await before.answer()
    async with browser_page() as page:
        await page.goto(before.url)
        await page.locator("#name").fill("ada")
        content = {"name": "data.txt", "mimeType": "text/plain", "buffer": b"with data"}
        await page.locator("#data").set_input_files(content)  # type: ignore[arg-type]
        await expect(page.locator("#greeting")).to_have_text("hello ada with data")
        query = await save(page)
        files = files_of("bookmarks")
        newer = {"app.R": files["app.R"].replace(b'"hello"', b'"welcome back"')}
        after = await apps.start(newer, volume="bookmarks-1-release")
        await after.answer()
        await page.goto(f"{after.url}?{query}")
        await expect(page.locator("#greeting")).to_have_text("welcome back ada with data")
        other = await apps.start(newer, volume="bookmarks-1-sandbox")
        await other.answer()
        await page.goto(f"{other.url}?{query}")
        await expect(page.locator("#name")).to_have_value("nobody")


async def test_beyond_the_limit_saving_is_refused_in_clear_words_and_leaves_nothing(apps: Apps) -> None:
    fill = b"""
    file <- file("/opt/sandbox/bookmarks/large", "wb")
    seek(file, 1024^3)
    writeBin(as.raw(1), file)
    close(file)
    """
    code = files_of("bookmarks")["app.R"]
    instance = await apps.start({"app.R": fill + code}, volume="bookmarks-1-sandbox")
    await instance.answer()
    async with browser_page() as page:
        await page.goto(instance.url)
        await page.get_by_role("button", name="Bookmark").click()
        words = "this app's bookmarks have reached the limit of 1024 MB; nothing was saved"
        await expect(page.locator("#shiny-notification-panel")).to_contain_text(words)
    assert words in await instance.log()


async def test_volumes_are_the_platforms_and_go_with_it(apps: Apps) -> None:
    instance = await apps.start("hello", volume="bookmarks-1-release")
    await instance.answer()
    runtime = instance.runtime
    [name] = await runtime.volumes()
    assert name.endswith("-bookmarks-1-release")
    await runtime.remove(instance.name)
    await runtime.remove_volume(name)
    await runtime.remove_volume(name)
    assert await runtime.volumes() == {}
    await apps.start("hello", volume="bookmarks-1-release")
    await runtime.destroy()
    assert await to_thread.run_sync(volumes_named, name) == []


def volumes_named(name: str) -> list[str]:
    client = APIClient(version="auto")
    found = client.volumes(filters={"name": name})["Volumes"] or []
    client.close()
    return [volume["Name"] for volume in found]
