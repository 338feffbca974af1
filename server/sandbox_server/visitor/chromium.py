"""The checking browser: headless Chromium, there only while there is something to visit."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, nullcontext
from dataclasses import replace
from typing import TypeVar

import anyio
from playwright.async_api import BrowserContext, Error

from sandbox_server.visitor import launch
from sandbox_server.visitor.base import Itinerary, Outcome, OutputError, Picture, View, Visit
from sandbox_server.visitor.page import watch
from sandbox_server.visitor.picture import take, window
from sandbox_server.visitor.plain import ask_api, see_page

T = TypeVar("T")

MARK = "SandboxVisit/1"
"""Ends the User-Agent of every visit."""
PIN_COOKIE = "sandbox_pin"
AT_ONCE = 3
"""Visits at a time; others queue. One place is only for those for which users wait; pictures, of which people may ask
for many, get one."""
CLOSING = 5.0
ENOUGH = 20.0
"""Seconds after which a visit that fails is not repeated."""
LOOKS = {"session": watch, "page": see_page, "api": ask_api}


class ChromiumVisitor:
    """Implements `Visitor`. Must live on the event loop of the main thread."""

    def __init__(self, edge: str, apps_domain: str, program: str = "", idle_after: float = 300) -> None:
        """`edge`: where every app host is, as `127.0.0.1:8080`. `idle_after`: seconds until it leaves."""
        self._edge = edge
        self._apps_domain = apps_domain
        self._program = program
        self._idle_after = idle_after
        self._room = asyncio.Semaphore(AT_ONCE)
        self._room_for_others = asyncio.Semaphore(AT_ONCE - 1)
        self._room_for_pictures = asyncio.Semaphore(1)
        self._door = asyncio.Lock()
        self._chromium: launch.Chromium | None = None
        self._visits = 0
        self._timer: asyncio.TimerHandle | None = None
        self._leaving: asyncio.Task[None] | None = None
        self._closed = False
        self._why_not = ""

    async def visit(self, itinerary: Itinerary) -> Visit:
        queue = nullcontext() if itinerary.users_wait else self._room_for_others
        async with queue, self._room:
            self._enter()
            try:
                return await self._visit_twice(itinerary)
            except launch.NoBrowserError as error:
                return Visit(Outcome.no_browser, 0, str(error))
            finally:
                self._exit()

    async def picture(self, view: View) -> Picture:
        async with self._room_for_pictures, self._room_for_others, self._room:
            self._enter()
            try:
                return await self._twice(lambda: self._take(view))
            except launch.NoBrowserError as error:
                return Picture(b"", str(error))
            finally:
                self._exit()

    async def available(self) -> str:
        try:
            launch.find(self._program)
        except launch.NoBrowserError as error:
            return str(error)
        return self._why_not

    async def close(self) -> None:
        self._closed = True
        if self._timer:
            self._timer.cancel()
        if self._leaving:
            await self._leaving
        async with self._door:
            await self._close_browser()

    async def _visit_twice(self, itinerary: Itinerary) -> Visit:
        """An output's error counts only if a second visit sees it as well, and so does a failure.

        A moment's trouble says nothing about the app. Who let time run out had its chance.
        """
        first = await self._twice(lambda: self._look_at(itinerary))
        failed = first.outcome is Outcome.failed and first.seconds < min(itinerary.timeout, ENOUGH)
        if not first.errors and not failed:
            return first
        second = await self._twice(lambda: self._look_at(itinerary))
        return replace(
            second, seconds=first.seconds + second.seconds, errors=_in_both(first.errors, second.errors)
        )

    async def _twice(self, work: Callable[[], Awaitable[T]]) -> T:
        """A browser that went away meanwhile says nothing about the page: one more try."""
        try:
            return await work()
        except Error:
            pass
        try:
            return await work()
        except Error as error:
            raise launch.NoBrowserError(
                f"The browser went away twice: {error.message.splitlines()[0]}."
            ) from error

    async def _look_at(self, itinerary: Itinerary) -> Visit:
        async with self._profile(1280, 800) as context:
            if itinerary.pin:
                await context.add_cookies(
                    [{"name": PIN_COOKIE, "value": itinerary.pin, "url": itinerary.url}]
                )
            return await LOOKS[itinerary.expects](await context.new_page(), itinerary)

    async def _take(self, view: View) -> Picture:
        async with self._profile(*window(view)) as context:
            return await take(await context.new_page(), view)

    @asynccontextmanager
    async def _profile(self, width: int, height: int) -> AsyncIterator[BrowserContext]:
        """A fresh one, with a window of this size."""
        chromium = await self._browser()
        context = await chromium.browser.new_context(
            user_agent=_user_agent(chromium.browser.version),
            viewport={"width": width, "height": height},
            accept_downloads=False,
            ignore_https_errors=True,  # the only host that it can reach is our own edge
        )
        try:
            yield context
        finally:
            with anyio.move_on_after(CLOSING, shield=True):
                await _close(context)

    async def _browser(self) -> launch.Chromium:
        async with self._door:
            if self._closed:
                raise launch.NoBrowserError("The browser is closed: the platform stops.")
            if self._chromium is None or not self._chromium.is_alive:
                await self._close_browser()
                self._chromium = await self._launch()
            return self._chromium

    async def _launch(self) -> launch.Chromium:
        try:
            chromium = await launch.launch(self._program, self._edge, self._apps_domain)
        except launch.NoBrowserError as error:
            self._why_not = str(error)
            raise
        self._why_not = ""
        return chromium

    async def _close_browser(self) -> None:
        chromium, self._chromium = self._chromium, None
        if chromium:
            await chromium.close()

    def _enter(self) -> None:
        self._visits += 1
        if self._timer:
            self._timer.cancel()

    def _exit(self) -> None:
        self._visits -= 1
        if self._visits == 0 and not self._closed:
            self._timer = asyncio.get_running_loop().call_later(self._idle_after, self._leave)

    def _leave(self) -> None:
        self._leaving = asyncio.get_running_loop().create_task(self._leave_if_idle())

    async def _leave_if_idle(self) -> None:
        async with self._door:
            if self._visits == 0:
                await self._close_browser()


async def _close(context: BrowserContext) -> None:
    try:
        await context.close()
    except Error:
        return  # it went away with its browser


def _user_agent(version: str) -> str:
    engine = f"AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{version} Safari/537.36"
    return f"Mozilla/5.0 (X11; Linux x86_64) {engine} {MARK}"


def _in_both(first: tuple[OutputError, ...], second: tuple[OutputError, ...]) -> tuple[OutputError, ...]:
    outputs = {error.output for error in first}
    return tuple(error for error in second if error.output in outputs)
