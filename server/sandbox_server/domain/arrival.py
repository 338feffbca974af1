"""What kind of request came to a host behind which nothing runs, and what it gets. Pure rules."""

from collections.abc import Mapping
from enum import StrEnum

_IDLE_PATHS = ("/favicon.ico", "/robots.txt", "/apple-touch-icon.png", "/apple-touch-icon-precomposed.png")
"""What browsers and crawlers ask for by themselves."""

_FRAMES = ("iframe", "frame", "embed", "object")


class Arrival(StrEnum):
    page = "page"
    """A page load: gets a page that tells how far it is, and opens the app."""
    held = "held"
    """Waits, and gets the app's own answer."""
    resent = "resent"
    """Waits, and is told to come again: it changes something, so nobody but its sender may repeat it."""
    idle = "idle"
    """Nobody waits for it, so it starts nothing."""


def arrival(method: str, path: str, headers: Mapping[str, str]) -> Arrival:
    """`headers` by their names in small letters.

    A page load is the same as at the edge, but for a frame in a page of the same origin: it waits, pinned or not.
    """
    if "prefetch" in headers.get("sec-purpose", headers.get("purpose", "")).lower() or path in _IDLE_PATHS:
        return Arrival.idle
    if method == "GET" and _is_page(headers):
        return Arrival.page
    # A browser takes no redirect for a preflight.
    return Arrival.held if method in ("GET", "HEAD", "OPTIONS") else Arrival.resent


def _is_page(headers: Mapping[str, str]) -> bool:
    what = headers.get("sec-fetch-dest", "").lower()
    if not what:
        return "text/html" in headers.get("accept", "").lower()
    own = headers.get("sec-fetch-site", "").lower() == "same-origin"
    return what == "document" or (what in _FRAMES and not own)
