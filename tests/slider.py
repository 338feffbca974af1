"""Moving a slider of Shiny as a person does."""

import time

from playwright.sync_api import Locator, Page, expect

PATIENCE = 120.0
"""Seconds: under load a click may be handled much later, and a page that was just bound anew loses one."""
_AGAIN = 15_000
"""Milliseconds after which somebody clicks once more."""


def slide(page: Page, share: float, said: Locator, words: str) -> None:
    """Click at this share of the page's only slider until `said` shows `words`."""
    deadline = time.monotonic() + PATIENCE
    while True:
        _click(page, share)
        try:
            expect(said).to_have_text(words, timeout=_AGAIN)
        except AssertionError:
            if time.monotonic() > deadline:
                raise
        else:
            return


def _click(page: Page, share: float) -> None:
    line, handle = page.locator(".irs-line"), page.locator(".irs-handle").first
    line.scroll_into_view_if_needed()
    whole, knob = line.bounding_box(), handle.bounding_box()
    assert whole is not None
    assert knob is not None
    x = knob["width"] / 2 + (whole["width"] - knob["width"]) * share
    # The knob may lie over the line's end; what is clicked is the place, as with a mouse.
    page.mouse.click(whole["x"] + x, whole["y"] + whole["height"] / 2)
