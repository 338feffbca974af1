"""Several instances of one app: they come, go, crash and hang, and nobody on the others notices."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.integration.platform import NO_BROWSER, Platform, app_folder, deployment_host, release_host, until
from tests.shiny_client import ShinySession

pytestmark = [pytest.mark.engine]

APP = "many"


@pytest.fixture(scope="module")
def platform(base_image: None) -> Iterator[Platform]:
    platform = Platform(
        chromium=NO_BROWSER, reconcile_every=1, report_every=1, shrink_after=3, hang_after=4, keep_previous=0
    )
    try:
        platform.start()
        yield platform
    finally:
        platform.destroy()


def with_config(platform: Platform, app: str, text: str) -> Path:
    folder = app_folder(platform.folder, app)
    (folder / "sandbox.toml").write_text(text)
    return folder


def container_of(platform: Platform, worker: str) -> dict[str, Any] | None:
    """The container whose sessions carry this `w`."""
    own = f"SANDBOX_WORKER={worker}"
    return next((one for one in platform.containers() if own in one["Config"]["Env"]), None)


def workers(platform: Platform, app: str, scope: str = "release") -> set[str]:
    """Of all running instances of an app."""
    found = set()
    for one in platform.containers():
        said = dict(line.split("=", 1) for line in one["Config"]["Env"] if "=" in line)
        if (said.get("SANDBOX_APP"), said.get("SANDBOX_SCOPE")) == (app, scope):
            found.add(said["SANDBOX_WORKER"])
    return found


def draining(platform: Platform, app: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = platform.api("GET", f"/apps/{app}/draining").raise_for_status().json()
    return found


def test_an_app_grows_with_its_sessions_and_shrinks_without_cutting_one(platform: Platform) -> None:
    folder = with_config(platform, "hello", "[instances]\nmax = 2\nsessions_per_instance = 6\n")
    number = platform.deploy(folder, APP)["deployment"]
    platform.promote(APP, number)
    host = release_host(APP)
    early = [platform.session(host) for _ in range(5)]
    assert len({session.worker for session in early}) == 1
    until(lambda: len(workers(platform, APP)) == 2, "a second instance runs", lambda: platform.log[-3000:])

    def elsewhere() -> ShinySession | None:
        session = platform.session(host)
        if session.worker != early[0].worker:
            return session
        session.close()
        return None

    late = until(elsewhere, "new sessions go to the emptier one")
    for session in early[1:]:
        session.close()
    left = until(lambda: draining(platform, APP), "one of them drains")
    assert [row["sessions"] for row in left] == [1]
    assert (early[0].click(), late.click()) == (1, 1)
    for session in (early[0], late):
        assert session.is_open()
        session.close()
    until(lambda: len(workers(platform, APP)) == 1, "the drained one is gone")
    assert platform.shown(host) == f"d{number}"


def test_a_crash_is_replaced_and_touches_nobody_else(platform: Platform) -> None:
    folder = with_config(platform, "hello", "[instances]\nmin = 2\n")
    number = platform.deploy(folder, "pair")["deployment"]
    platform.promote("pair", number)
    host = release_host("pair")
    until(lambda: len(workers(platform, "pair")) == 2, "two instances run", lambda: platform.log[-3000:])
    sessions = [platform.session(host)]

    def on_the_other() -> ShinySession | None:
        session = platform.session(host)
        if session.worker != sessions[0].worker:
            return session
        session.close()
        return None

    sessions.append(until(on_the_other, "each has a session"))
    before = workers(platform, "pair")
    victim = container_of(platform, sessions[1].worker)
    assert victim is not None
    platform.docker.kill(victim["Id"])
    until(
        lambda: len(now := workers(platform, "pair")) == 2 and now != before,
        "another one runs in its place", lambda: platform.log[-3000:],
    )  # fmt: skip
    assert sessions[0].click() == 1
    assert platform.shown(host) == f"d{number}"
    for session in sessions:
        session.close()


def test_what_computes_for_somebody_gives_way_to_others_and_ends_its_work(platform: Platform) -> None:
    folder = with_config(platform, "busy", "[instances.sandbox]\nmax = 1\n")
    number = platform.deploy(folder, "busy")["deployment"]
    host = deployment_host("busy", number)
    until(lambda: platform.shown(host) == f"d{number}", "it is shown")
    owner = platform.session(host, "count")
    owner.press()

    def fresh() -> str | None:
        page = platform.get(host)
        found = re.search(r'worker = "([0-9a-f]+)"', page.text)
        return found[1] if found and found[1] != owner.worker else None

    until(fresh, "somebody else gets an instance of his own", lambda: platform.log[-3000:])
    assert container_of(platform, owner.worker) is not None
    owner.counted()
    owner.close()
