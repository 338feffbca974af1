"""Fifty people work while the platform changes everything around them. `make bench` does the same for ten minutes."""

import pytest
from tests.integration.platform import NO_BROWSER, Platform
from tests.survival import live_through

pytestmark = [pytest.mark.engine, pytest.mark.timeout(600)]

SESSIONS = 50


def test_nobody_is_cut_or_led_astray(base_image: None) -> None:
    platform = Platform(chromium=NO_BROWSER, keep_previous=0)
    try:
        platform.start()
        outcome = live_through(platform, SESSIONS, seconds=30)
    finally:
        platform.destroy()

    assert outcome.ended == []
    assert outcome.astray == 0
    assert outcome.wrong_visitors == []
    assert (outcome.downloads, outcome.uploads) == (2 * SESSIONS, 2 * SESSIONS)
    assert outcome.events.keys() >= {
        "promote",
        "rollback",
        "branch push",
        "server kill -9",
        "reload of the edge",
    }
