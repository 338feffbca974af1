"""The first step of every visit: the page opens, or it is said why not."""

from playwright.async_api import Error, Page
from playwright.async_api import TimeoutError as NoAnswer

from sandbox_server.visitor.base import Itinerary


async def open_page(page: Page, itinerary: Itinerary) -> str:
    """Why the page cannot be seen, or an empty string. Raises `TimeoutError` when the visit's time is over."""
    try:
        response = await page.goto(
            itinerary.url, wait_until="domcontentloaded", timeout=itinerary.timeout * 1000
        )
    except NoAnswer:
        raise TimeoutError from None
    except Error as error:
        if not is_about_the_page(page):
            raise
        return f"The page did not open: {error.message.splitlines()[0]}."
    if response is not None and response.status >= 400:
        return f"The page answered {response.status} {response.status_text}".rstrip() + "."
    return ""


def is_about_the_page(page: Page) -> bool:
    """Whether an error says something about the page: the browser is still there."""
    browser = page.context.browser
    return not page.is_closed() and browser is not None and browser.is_connected()
