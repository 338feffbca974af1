"""A picture of a page as a person had it: same window, same values of its inputs, same place on it.

The page may be hostile: nothing that it says is believed, and its time is limited. It reaches nothing but the edge.
"""

import asyncio
import base64
from collections.abc import Sequence
from contextlib import suppress
from importlib.resources import files
from typing import Any
from urllib.parse import urlsplit

from playwright.async_api import CDPSession, Error, Page

from sandbox_server.visitor.base import Itinerary, Picture, View
from sandbox_server.visitor.opening import is_about_the_page, open_page
from sandbox_server.visitor.page import rest

WIDTHS = (320, 2560)
HEIGHTS = (320, 2000)
"""CSS pixels; whoever had another window gets the nearest."""
LARGEST = 5 * 1024 * 1024
"""Bytes of a picture."""
SCALES = (1, 0.5, 0.25)
MOST_INPUTS = 500
"""As many as a comment may have."""

_INPUTS = (files("sandbox_templates") / "images" / "runner" / "inputs.js").read_text(encoding="utf-8")
_RESTORE = f"([wanted, limit]) => (\n{_INPUTS}\n).restore(wanted, limit)"
_SCROLL = f"([x, y]) => (\n{_INPUTS}\n).scrollTo(x, y)"

_SHOT = 5.0
"""Seconds kept for the picture itself."""
_RESTORING = 8.0
_AGAIN = 0.5
"""Seconds after which a page that is not there yet is opened again."""
_DRAWN = 0.3
"""Seconds in which a page draws what came into view."""
_NOT_YET = "The page answered 503"
_TRIES = 3
"""To open a page that breaks off while it comes: the machine's network may just have changed."""


def window(view: View) -> tuple[int, int]:
    """Width and height of the window that the picture shows."""
    return _within(view.width, WIDTHS), _within(view.height, HEIGHTS)


def left(names: Sequence[str], said: Any) -> tuple[str, ...]:
    """Which of the inputs a page says it could not set; all, if it says no such thing."""
    if not isinstance(said, list):
        return tuple(names)
    told = {name for name in said[:MOST_INPUTS] if isinstance(name, str)}
    return tuple(name for name in names if name in told)


async def take(page: Page, view: View) -> Picture:
    """Open the page, restore it, take the picture. Raises Playwright's `Error` only if the browser itself went away."""
    page.context.on("page", _close)
    try:
        async with asyncio.timeout(view.timeout):
            return await _take(page, view, asyncio.get_running_loop().time() + view.timeout)
    except TimeoutError:
        return Picture(b"", f"The page held its browser up for {view.timeout:g} s.")
    except Error as error:
        if not is_about_the_page(page):
            raise
        return Picture(b"", f"The page could not be shown: {error.message.splitlines()[0]}.")


async def _take(page: Page, view: View, deadline: float) -> Picture:
    clock = asyncio.get_running_loop().time
    problem = await _open(page, view, deadline - _SHOT)
    if problem:
        return Picture(b"", problem)
    remark = await _settle(page, view, deadline - _SHOT - clock())
    left: tuple[str, ...] = ()
    if view.inputs:
        left = await _restore(page, view, min(_RESTORING, deadline - _SHOT - clock()))
        remark = await _settle(page, view, deadline - _SHOT - clock())
    await _scroll(page, view)
    png, smaller = await _shot(page, view)
    if urlsplit(page.url).netloc != urlsplit(view.url).netloc:
        return Picture(b"", "The page went to another address by itself.")
    return Picture(png, " ".join(words for words in (remark, smaller) if words), left)


async def _open(page: Page, view: View, until: float) -> str:
    """Why the page is not there, or an empty string. What sleeps is woken by the first attempt."""
    clock, tries = asyncio.get_running_loop().time, 0
    while (left := until - clock()) > 0:
        try:
            problem = await open_page(page, Itinerary(view.url, timeout=left))
        except TimeoutError:
            break
        tries += problem.startswith("The page did not open")
        if not problem or (not problem.startswith(_NOT_YET) and tries in (0, _TRIES)):
            return problem
        await asyncio.sleep(_AGAIN)
    return "The page did not open in time."


async def _settle(page: Page, view: View, seconds: float) -> str:
    """Why the page does not rest, or an empty string."""
    if seconds <= 0:
        return "The page was still busy."
    if view.expects == "session":
        return await rest(page, Itinerary(view.url, timeout=seconds))
    with suppress(Error):
        await page.wait_for_load_state("load", timeout=seconds * 1000)
    await asyncio.sleep(min(_DRAWN, seconds))
    return ""


async def _restore(page: Page, view: View, seconds: float) -> tuple[str, ...]:
    """The inputs that could not be set."""
    names = tuple(view.inputs)
    if seconds <= 0:
        return names
    said: Any = None
    with suppress(Error, TimeoutError):
        async with asyncio.timeout(seconds + 1):
            said = await page.evaluate(_RESTORE, [dict(view.inputs), seconds * 1000])
    return left(names, said)


async def _scroll(page: Page, view: View) -> None:
    with suppress(Error):
        await page.evaluate(_SCROLL, [view.scroll_x, view.scroll_y])
    await asyncio.sleep(_DRAWN)


async def _shot(page: Page, view: View) -> tuple[bytes, str]:
    """The window's picture, smaller if it would be too large, which is then said."""
    devtools = await page.context.new_cdp_session(page)
    png = b""
    for scale in SCALES:
        png = await _capture(devtools, view, scale)
        if len(png) <= LARGEST:
            return png, "" if scale == 1 else f"It is shown at {scale:.0%} of its size."
    return b"", f"The picture would be larger than {LARGEST // 1024**2} MB."


async def _capture(devtools: CDPSession, view: View, scale: float) -> bytes:
    asked: dict[str, Any] = {"format": "png"}
    if scale != 1:
        width, height = window(view)
        seen = (await devtools.send("Page.getLayoutMetrics"))["cssVisualViewport"]
        place = {"x": seen["pageX"], "y": seen["pageY"], "width": width, "height": height}
        asked["clip"] = place | {"scale": scale}
    answer = await devtools.send("Page.captureScreenshot", asked)
    return base64.b64decode(answer["data"])


async def _close(popup: Page) -> None:
    with suppress(Error):
        await popup.close()


def _within(value: float, limits: tuple[int, int]) -> int:
    return max(limits[0], min(limits[1], round(value)))
