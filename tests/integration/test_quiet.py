"""`sandboxd quiet`: stopped on purpose, and back with the next start."""

import sqlite3
from collections.abc import Iterator

import pytest
from tests.integration.platform import APPS, NO_BROWSER, Platform, packed, release_host, until

pytestmark = [pytest.mark.engine]

APP = "calm"


@pytest.fixture
def platform(base_image: None) -> Iterator[Platform]:
    made = Platform(chromium=NO_BROWSER)
    try:
        made.start()
        made.push_no_wait(APP, "main", packed({"app.R": (APPS / "hello" / "app.R").read_bytes()}))
        made.wait_status(APP, 1, "ready")
        made.promote(APP, 1)
        yield made
    finally:
        made.destroy()


def test_it_stops_everything_and_is_not_told_as_a_crash(platform: Platform) -> None:
    refused = platform.sandboxd("quiet")
    assert "A server runs already" in refused.err
    assert platform.shown(release_host(APP)) == "d1"

    platform.stop()
    assert platform.sandboxd("quiet").code == 0
    assert platform.containers(running=True) == []

    platform.start()
    until(lambda: platform.shown(release_host(APP)) == "d1", "the release is back")
    with sqlite3.connect(platform.home / "sandbox.db") as database:
        told = {action for (action,) in database.execute("select action from event")}
    assert "instance.crashed" not in told
