"""Figures for a page: what its charts and its list of errors are made from."""

from collections.abc import Awaitable, Callable
from typing import Any

from sandbox_server.domain.instance import Scope
from sandbox_server.domain.kind import Kind
from sandbox_server.operations import overview
from sandbox_server.operations.figures import figures
from sandbox_server.operations.parts import Parts
from sandbox_server.pages import charts
from sandbox_server.pages.spans import WINDOWS, Name
from sandbox_server.wire import AppDetail, Deployment
from sandbox_server.wire_sessions import Figures

Values = dict[str, Any]

_EVERY = 5.0
"""Seconds between two looks: they read a day's rows, and are measured by the minute."""


class Slowly:
    """Values that are looked up anew after some seconds only, however often they are asked for."""

    def __init__(self, parts: Parts) -> None:
        self._now = parts.monotonic
        self._seen: tuple[float, Values] | None = None

    async def see(self, look: Callable[[], Awaitable[Values]]) -> Values:
        if self._seen is None or self._now() >= self._seen[0] + _EVERY:
            self._seen = (self._now(), await look())
        return self._seen[1]


async def of_app(parts: Parts, app: AppDetail, span: Name) -> Values:
    """Of whatever had the app's users."""
    window, now = WINDOWS[span], parts.clock()
    since, _ = window.bounds(now)
    found = await figures(parts, app.app, None, Scope.release, window.point, since)
    released = app.release and await overview.show_deployment(parts, app.app, app.release.deployment)
    return _values(parts, found, span, released or None, "Users’ sessions", "")


async def of_deployment(parts: Parts, deployment: Deployment, span: Name, scope: Scope) -> Values:
    window, now = WINDOWS[span], parts.clock()
    since, _ = window.bounds(now)
    found = await figures(parts, deployment.app, deployment.deployment, scope, window.point, since)
    title = "Sessions in its sandbox" if scope is Scope.sandbox else "Users’ sessions"
    return _values(parts, found, span, deployment, title, f"&scope={scope}")


def _values(
    parts: Parts, found: Figures, span: Name, deployment: Deployment | None, title: str, also: str
) -> Values:
    serves = Kind(deployment.kind).serves if deployment else "session"
    return {
        "board": charts.board(found, WINDOWS[span], parts.clock(), serves),
        "faults": found.faults,
        "window": WINDOWS[span],
        "windows": list(WINDOWS.values()),
        "serves": serves,
        "figures_title": title if serves == "session" else "Requests",
        "also": also,
        "scope": found.scope if found.deployment else "",
    }
