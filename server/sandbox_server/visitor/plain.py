"""Visits of what has no session: pages, and APIs that describe themselves."""

import asyncio
from urllib.parse import urlsplit

from playwright.async_api import Error, Page, Request, Response

from sandbox_server.visitor.base import Itinerary, Outcome, Visit
from sandbox_server.visitor.opening import is_about_the_page, open_page

OPENAPI = "openapi.json"
REST = 0.3
"""Seconds after a page has loaded in which its scripts ask for more."""
SHOWN = 5

_WITHHELD = (401, 403, 404)
"""Its author does not show the document, or not to everybody: the API answers all the same."""


async def see_page(page: Page, itinerary: Itinerary) -> Visit:
    """Open the page and stay until all of its own files are there, or time is over.

    Raises Playwright's `Error` only if the browser itself went away.
    """
    clock = asyncio.get_running_loop().time
    start, missing = clock(), _Missing(page, itinerary)
    try:
        async with asyncio.timeout(itinerary.timeout):
            problem = await open_page(page, itinerary) or await _load(page, itinerary)
    except TimeoutError:
        if page.url == "about:blank":
            return Visit(Outcome.failed, clock() - start, f"No page came within {itinerary.timeout:g} s.")
        late = f"The page was still loading after {itinerary.timeout:g} s."
        return missing.judge(clock() - start) or Visit(Outcome.busy, clock() - start, late)
    if problem:
        return Visit(Outcome.failed, clock() - start, problem)
    return missing.judge(clock() - start) or Visit(Outcome.idle, clock() - start)


async def ask_api(page: Page, itinerary: Itinerary) -> Visit:
    """Ask for the OpenAPI document. Raises Playwright's `Error` only if the browser itself went away."""
    clock = asyncio.get_running_loop().time
    start = clock()
    try:
        async with asyncio.timeout(itinerary.timeout):
            problem = await _ask(page, itinerary)
    except TimeoutError:
        problem = f"/{OPENAPI} did not answer within {itinerary.timeout:g} s."
    return Visit(Outcome.failed if problem else Outcome.idle, clock() - start, problem)


class _Missing:
    """What the page asked of its own host and did not get."""

    def __init__(self, page: Page, itinerary: Itinerary) -> None:
        self._host = urlsplit(itinerary.url).netloc
        self._found: dict[str, str] = {}
        page.on("response", self._answered)
        page.on("requestfailed", self._failed)

    def judge(self, seconds: float) -> Visit | None:
        """The verdict, if there is anything."""
        if not self._found:
            return None
        named = ", ".join(f"{path} ({why})" for path, why in list(self._found.items())[:SHOWN])
        more = f" and {len(self._found) - SHOWN} more" if len(self._found) > SHOWN else ""
        return Visit(Outcome.failed, seconds, f"Files of the page are missing: {named}{more}.")

    def _answered(self, response: Response) -> None:
        if response.status >= 400:
            self._miss(response.url, str(response.status))

    def _failed(self, request: Request) -> None:
        # Ended by the page itself, such as a video of which the beginning was enough.
        if request.failure != "net::ERR_ABORTED":
            self._miss(request.url, (request.failure or "failed").removeprefix("net::"))

    def _miss(self, url: str, why: str) -> None:
        place = urlsplit(url)
        if place.netloc == self._host:
            self._found.setdefault(place.path[:200], why)


async def _load(page: Page, itinerary: Itinerary) -> str:
    """Wait until everything is there; why that cannot be seen, or an empty string."""
    left = itinerary.timeout * 1000
    try:
        if itinerary.wait_for:
            await page.wait_for_selector(itinerary.wait_for, timeout=left)
        else:
            await page.wait_for_load_state("load", timeout=left)
            await asyncio.sleep(REST)
    except Error as error:
        if "Timeout" in error.message:
            raise TimeoutError from None
        if not is_about_the_page(page):
            raise
        return f"The page did not load: {error.message.splitlines()[0]}."
    return ""


async def _ask(page: Page, itinerary: Itinerary) -> str:
    answers: list[Response] = []
    page.on("response", lambda answer: answers.append(answer))  # noqa: PLW0108 - Playwright wraps no builtins
    try:
        response = await page.goto(
            f"{itinerary.url}{OPENAPI}", wait_until="commit", timeout=itinerary.timeout * 1000
        )
        if response is None:
            return f"/{OPENAPI} gave no answer."
        if response.status >= 400:
            return _refused(response)
        await response.json()
    except Error as error:
        if "Timeout" in error.message:
            raise TimeoutError from None
        # An error without a body is no page for the browser; its status was seen all the same.
        if answers and answers[-1].status >= 400:
            return _refused(answers[-1])
        if not is_about_the_page(page):
            raise
        return f"/{OPENAPI} did not open: {error.message.splitlines()[0]}."
    except ValueError:
        return f"/{OPENAPI} is not JSON."
    return ""


def _refused(response: Response) -> str:
    if response.status in _WITHHELD:
        return ""
    return f"/{OPENAPI} answered {response.status} {response.status_text}".rstrip() + "."
