"""Releases that judge themselves, with real Shiny sessions: errors in an observer, which HTTP never shows."""

import secrets
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest
from tests.integration.platform import APPS, NO_BROWSER, Platform, packed, release_host
from websockets.exceptions import ConnectionClosed

pytestmark = [pytest.mark.engine]

HELLO = (APPS / "hello" / "app.R").read_text()
SOMETIMES = HELLO.replace(
    "count(count() + 1)", '{ if (runif(1) < 0.2) stop("a fifth of the clicks"); count(count() + 1) }'
)
WATCH = b"[watch]\nsessions = 8\nminutes = 10\n"
AT_ONCE = 4
CLICKS = 3
MOST = 600
"""Sessions that are opened before a test gives up."""


@pytest.fixture(scope="module")
def watched(base_image: None) -> Iterator[Platform]:
    """Looks at releases each second."""
    made = Platform(chromium=NO_BROWSER, judge_every=1, report_every=1, visit_every=0)
    try:
        made.start()
        yield made
    finally:
        made.destroy()


def test_a_version_that_fails_in_an_observer_is_given_up_and_few_saw_it(watched: Platform) -> None:
    app = "failing"
    first, second = _push(watched, app, HELLO), _push(watched, app, SOMETIMES)
    watched.promote(app, first)
    _promote(watched, app, second, canary="40@30s,60@30s")

    met = _visit_until(watched, app, lambda: _watch(watched, app)["state"] == "aborted")

    newest, *canary = watched.releases(app)[:-1]
    assert (newest["deployment"], newest["share"], newest["kind"], newest["by"]) == (
        second, 0, "abort", "platform"
    )  # fmt: skip
    assert newest["reason"].startswith("More sessions meet errors: ")
    assert len(canary) <= 2
    share = max(row["share"] for row in canary)
    assert met[f"d{second}"] <= sum(met.values()) * share / 100 + 3 * (sum(met.values()) * 0.25) ** 0.5
    after = Counter(_session(watched, app) for _ in range(8))
    assert after == {f"d{first}": 8}
    done = watched.sandbox("release", "watch", "--app", app)
    assert (done.code, done.document["state"], done.error["code"]) == (1, "aborted", "aborted")
    assert watched.api("GET", f"/apps/{app}").json()["notices"] == 1


def test_a_version_that_is_as_good_gets_all_visitors(watched: Platform) -> None:
    app = "equal"
    first, second = _push(watched, app, HELLO), _push(watched, app, HELLO)
    watched.promote(app, first)
    _promote(watched, app, second, canary="50@10s")

    met = _visit_until(watched, app, lambda: watched.releases(app)[0]["share"] == 100)

    assert [(row["deployment"], row["share"]) for row in watched.releases(app)] == [
        (second, 100), (second, 50), (first, 100),
    ]  # fmt: skip
    assert met.keys() == {f"d{first}", f"d{second}"}
    assert Counter(_session(watched, app) for _ in range(10)) == {f"d{second}": 10}
    assert _watch(watched, app)["state"] == "watching"


def _push(platform: Platform, app: str, code: str) -> int:
    files = {"app.R": f"# {secrets.token_hex(4)}\n{code}".encode(), "sandbox.toml": WATCH}
    number = int(platform.push_no_wait(app, "main", packed(files))["deployment"])
    platform.wait_status(app, number, "ready")
    return number


def _promote(platform: Platform, app: str, number: int, **share: Any) -> None:
    seen = platform.releases(app)[0]["release"]
    body = {"deployment": number, "seen": seen, **share}
    job = platform.api("POST", f"/apps/{app}/releases?wait=60", body).raise_for_status().json()
    assert job["status"] == "done", job


def _watch(platform: Platform, app: str) -> dict[str, Any]:
    found: dict[str, Any] = platform.api("GET", f"/apps/{app}/watch").raise_for_status().json()
    return found


def _visit_until(platform: Platform, app: str, done: Callable[[], bool]) -> Counter[str]:
    """People come one after the other, each with a browser of their own; which deployment they met."""
    met: Counter[str] = Counter()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        while not done():
            met.update(pool.map(lambda _: _session(platform, app), range(AT_ONCE)))
            assert sum(met.values()) < MOST, (met, _watch(platform, app), platform.log[-3000:])
    return met


def _session(platform: Platform, app: str) -> str:
    """Somebody comes, clicks three times, and goes; an error in an observer ends the session."""
    with platform.session(release_host(app)) as session, suppress(ConnectionClosed):
        for _ in range(CLICKS):
            session.click()
    met: str = session.deployment
    return met
