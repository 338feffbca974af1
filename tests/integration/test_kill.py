"""`kill -9` at each arrow of the write orders: what was acknowledged is there, and what was live stays live."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from hashlib import sha256
from typing import Any

import httpx
import pytest
from tests.integration.engine_door import EngineDoor
from tests.integration.platform import (
    APPS,
    NO_BROWSER,
    Platform,
    branch_host,
    deployment_host,
    packed,
    processes,
    release_host,
    until,
)

pytestmark = [pytest.mark.engine]

APP = "shop"
MAIN, RELEASE = branch_host(APP, "main"), release_host(APP)
HELLO = (APPS / "hello" / "app.R").read_text()


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineDoor]:
    """The way to the engine."""
    made = EngineDoor(tmp_path_factory.mktemp("door") / "engine.sock")
    made.open()
    yield made
    made.shut()


@pytest.fixture(scope="module")
def platform(base_image: None, door: EngineDoor) -> Iterator[Platform]:
    """One for all kills. The release before is not kept, so that every promote has to start something."""
    made = Platform(chromium=NO_BROWSER, keep_previous=0, engine=door.url)
    try:
        made.start()
        _push(made)
        made.wait_status(APP, 1, "ready")
        made.promote(APP, 1)
        yield made
    finally:
        made.destroy()


@pytest.fixture(autouse=True)
def steady(platform: Platform) -> Iterator[None]:
    """Around each test: a server runs, and on the machine is what the database intends, and nothing else."""
    if platform.ended:
        platform.start()
    _wait_until_settled(platform)
    yield
    if platform.ended:
        platform.start()
    _wait_until_settled(platform)


@pytest.mark.parametrize("place", ["upload.written", "upload.kept"])
def test_a_kill_during_an_upload_leaves_the_whole_bundle_or_nothing(platform: Platform, place: str) -> None:
    before = _newest(platform)
    bundle = _bundle()
    digest = sha256(bundle).hexdigest()
    _restart(platform, place)

    with suppress(httpx.HTTPError):
        assert platform.api("PUT", f"/bundles/{digest}", content=bundle).status_code >= 500
    platform.wait_until_killed()

    _still(platform, before)
    platform.start()
    kept = platform.api("HEAD", f"/bundles/{digest}").status_code == 200
    assert kept == (place == "upload.kept")
    assert not list((platform.home / "bundles" / "arriving").iterdir())
    assert _newest(platform) == before
    number = platform.push_no_wait(APP, "main", bundle)["deployment"]
    platform.wait_status(APP, number, "ready")


def test_a_push_that_was_killed_before_its_answer_is_whole(platform: Platform) -> None:
    before = _newest(platform)
    _restart(platform, "push.queued")

    with suppress(httpx.HTTPError):
        _push(platform)
    platform.wait_until_killed()

    _still(platform, before)
    platform.start()
    assert platform.wait_status(APP, before + 1, "ready")["current"]
    until(lambda: platform.shown(MAIN) == f"d{before + 1}", "the branch moved")


@pytest.mark.parametrize(
    "place", ["start.leased", "start.started", "deploy.built", "deploy.routed", "deploy.published"]
)
def test_an_acknowledged_push_is_finished_after_a_kill(platform: Platform, place: str) -> None:
    before = _newest(platform)
    _restart(platform, place)

    number = _push(platform)
    platform.wait_until_killed()

    _still(platform, before)
    platform.start()
    assert platform.wait_status(APP, number, "ready")["image"]
    until(lambda: platform.shown(MAIN) == f"d{number}", "the branch moved")
    assert platform.shown(deployment_host(APP, number)) == f"d{number}"
    assert platform.shown(RELEASE) == _released(platform)


@pytest.mark.parametrize("place", ["build.planned", "build.installed"])
def test_a_build_that_was_killed_is_told_again(platform: Platform, place: str) -> None:
    before = _newest(platform)
    _restart(platform, place)

    number = _push(platform, "library(abind)\n")
    platform.wait_until_killed()

    _still(platform, before)
    platform.start()
    assert platform.wait_status(APP, number, "ready")["image"]
    until(lambda: platform.shown(MAIN) == f"d{number}", "the branch moved")


def test_a_kill_in_the_middle_of_an_installation_leaves_no_builder(platform: Platform) -> None:
    number = _push(platform, "library(zoo)\n")
    until(lambda: _builders(platform), "packages are being installed")

    platform.kill()
    platform.start()

    platform.wait_status(APP, number, "ready")
    assert not _builders(platform)


@pytest.mark.parametrize("place", ["switch.started", "switch.visited", "switch.released", "switch.applied"])
def test_a_promote_is_finished_after_a_kill_with_one_release(platform: Platform, place: str) -> None:
    number, releases, was = _newest(platform), platform.releases(APP), platform.shown(RELEASE)
    if releases[0]["deployment"] == number:
        number = _push(platform)
        platform.wait_status(APP, number, "ready")
    _restart(platform, place)

    with platform.session(RELEASE) as session:
        assert session.click() == 1
        body = {"deployment": number, "seen": releases[0]["release"], "reason": place}
        assert platform.api("POST", f"/apps/{APP}/releases", body).status_code == 202
        platform.wait_until_killed()

        during = f"d{number}" if place == "switch.applied" else was
        assert platform.shown(RELEASE) == during
        assert session.click() == 2
        platform.start()
        until(
            lambda: platform.shown(RELEASE) == f"d{number}",
            "the switch was finished",
            lambda: platform.log[-3000:],
        )
        assert session.click() == 3
    made = until(lambda: len(found := platform.releases(APP)) > len(releases) and found, "there is a release")
    assert [row["reason"] for row in made].count(place) == 1
    assert made[0]["deployment"] == number


def test_a_kill_between_files_and_running_proxy_is_finished(platform: Platform) -> None:
    number = _push(platform)
    platform.wait_status(APP, number, "ready")
    was, seen = platform.shown(RELEASE), platform.releases(APP)[0]["release"]
    _restart(platform, "switch.released")
    platform.api("POST", f"/apps/{APP}/releases", {"deployment": number, "seen": seen}).raise_for_status()
    platform.wait_until_killed()

    platform.start("edge.written", wait=False)
    platform.wait_until_killed()

    assert platform.shown(RELEASE) == was
    assert f"{RELEASE} " in (platform.home / "edge" / "routes.map").read_text()
    platform.start()
    until(lambda: platform.shown(RELEASE) == f"d{number}", "the switch was finished")


@pytest.mark.parametrize("place", ["retire.unrouted", "retire.saved"])
def test_an_instance_that_was_leaving_at_a_kill_leaves_once_and_its_log_stays(
    platform: Platform, place: str
) -> None:
    before, released = _newest(platform), _released(platform)
    _restart(platform, place)

    number = _push(platform)
    platform.wait_until_killed()

    assert platform.shown(RELEASE) == released
    platform.start()
    platform.wait_status(APP, number, "ready")
    platform.wait_status(APP, before, "asleep")
    _wait_until_settled(platform)
    starts = [line["text"] for line in platform.sandbox("logs", f"d{before}", "--app", APP).document]
    live = [row for row in platform.containers() if f"-{APP}-d{before}-" in row["Name"]]
    assert starts.count("hello is up") == len(_runs(platform, before)) + len(live)


def test_a_kill_of_the_proxy_brings_it_back_with_the_same_routes(platform: Platform) -> None:
    shown = _all_shown(platform)
    _kill_haproxy(platform)

    until(lambda: _all_shown(platform) == shown, "the edge is back", lambda: platform.log[-3000:])


def test_a_kill_of_server_and_proxy_comes_back_from_files_and_rows(platform: Platform) -> None:
    shown = _all_shown(platform)
    platform.kill()
    _kill_haproxy(platform)

    platform.start()
    until(lambda: _all_shown(platform) == shown, "everything is back", lambda: platform.log[-3000:])


def test_containers_that_die_are_started_again_in_their_scope(platform: Platform) -> None:
    shown = _all_shown(platform)
    for row in platform.containers():
        platform.docker.kill(row["Id"])

    until(lambda: _all_shown(platform) == shown, "everything runs again", lambda: platform.log[-3000:])


def test_an_engine_that_dies_with_all_containers_and_comes_back(platform: Platform, door: EngineDoor) -> None:
    before, shown = _newest(platform), _all_shown(platform)
    door.shut()
    try:
        for row in platform.containers():
            platform.docker.kill(row["Id"])
        number = _push(platform)
        until(
            lambda: "engine" in platform.log.splitlines()[-1].lower(),
            "the server says so",
            lambda: platform.log[-900:],
        )
        assert platform.get(RELEASE).status_code in (502, 503)
        assert platform.deployment(APP, before)["status"] == "ready"
    finally:
        door.open()

    platform.wait_status(APP, number, "ready")
    until(lambda: platform.shown(MAIN) == f"d{number}", "the push was finished", lambda: platform.log[-3000:])
    until(lambda: f"{RELEASE} {platform.shown(RELEASE)}" in shown, "users have the release again")


def test_containers_that_nobody_knows_are_removed_and_foreign_ones_are_not(platform: Platform) -> None:
    image = platform.containers()[0]["Image"]
    labels = {"sandbox.platform": platform.id, "sandbox.role": "instance"}
    lost = platform.docker.create_container(image, labels=labels)["Id"]
    foreign = platform.docker.create_container(
        image, labels={"sandbox.platform": "xxxxxx", "sandbox.role": "instance"}
    )
    try:
        until(lambda: lost not in {row["Id"] for row in platform.containers(running=False)}, "it is removed")
        assert platform.docker.inspect_container(foreign["Id"])["State"]["Status"] == "created"
    finally:
        platform.docker.remove_container(foreign["Id"])


def test_a_killed_server_leaves_no_checking_browser_behind(base_image: None) -> None:
    platform = Platform()
    try:
        platform.start()
        platform.deploy("hello", "seen")
        browsers = processes(f"sandbox-visit-{platform.pid}-")
        assert browsers
        mark = f"sandbox-visit-{platform.pid}-"
        platform.kill()
        until(lambda: not processes(mark), "the browser ended with its server", lambda: processes(mark))
    finally:
        platform.destroy()


def _builders(platform: Platform) -> list[Any]:
    """Containers in which packages are installed."""
    label = {"label": [f"sandbox.platform={platform.id}", "sandbox.role=builder"]}
    found: list[Any] = platform.docker.containers(all=True, filters=label)
    return found


def _bundle(more: str = "") -> bytes:
    # Each push is a bundle of its own, therefore an image of its own.
    return packed({"app.R": f'message("hello is up")\n# {time.time_ns()}\n{more}{HELLO}'.encode()})


def _push(platform: Platform, more: str = "") -> int:
    return int(platform.push_no_wait(APP, "main", _bundle(more))["deployment"])


def _restart(platform: Platform, failpoint: str) -> None:
    platform.stop()
    platform.start(failpoint)


def _newest(platform: Platform) -> int:
    rows: list[dict[str, Any]] = platform.api("GET", f"/apps/{APP}/deployments").json()
    return int(rows[0]["deployment"])


def _still(platform: Platform, number: int) -> None:
    """With the server dead, branch and release answer as before."""
    assert platform.ended
    assert platform.shown(MAIN) == f"d{number}"
    assert platform.shown(RELEASE)


def _released(platform: Platform) -> str:
    return f"d{platform.releases(APP)[0]['deployment']}"


def _all_shown(platform: Platform) -> list[str]:
    newest = (platform.home / "edge" / "routes.map").read_text()
    hosts = sorted(line.split()[0] for line in newest.splitlines() if APP in line and "waker" not in line)
    return [f"{host} {platform.shown(host)}" for host in hosts]


def _kill_haproxy(platform: Platform) -> None:
    for pid in platform.haproxy():
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _runs(platform: Platform, number: int) -> list[str]:
    return [path.name for path in (platform.home / "logs" / APP / f"d{number}").glob("run-*.jsonl")]


def _wait_until_settled(platform: Platform) -> None:
    """One instance of the release, one of the branch's newest, and both are shown."""

    def settled() -> bool:
        if platform.ended or not platform.shown(RELEASE):
            return False
        release, newest = platform.releases(APP)[0]["deployment"], _current(platform)
        names = sorted(
            row["Name"].split(f"-{APP}-")[1].rsplit("-", 2)[0] for row in platform.containers(running=False)
        )
        return names == sorted([f"d{release}-release", f"d{newest}-sandbox"]) and (
            platform.shown(MAIN), platform.shown(RELEASE)
        ) == (f"d{newest}", f"d{release}")  # fmt: skip

    until(settled, "rows, containers and routes agree", lambda: (
        [row["Name"] for row in platform.containers(running=False)], platform.log[-3000:]
    ))  # fmt: skip


def _current(platform: Platform) -> int:
    detail = platform.api("GET", f"/apps/{APP}").json()
    return int(detail["sandboxes"][0]["current"]["deployment"])
