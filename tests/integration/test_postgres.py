"""The whole platform on Postgres: the way from a push to users and back, and a database that goes away meanwhile."""

import re
import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from tests.integration.platform import (
    NO_BROWSER,
    Platform,
    app_folder,
    branch_host,
    deployment_host,
    packed,
    release_host,
    until,
)
from tests.server.databases import Postgres, running_postgres

pytestmark = [pytest.mark.engine]

RITA = "Rita Reviewer <rita@example.org>"
STREAMS = 50


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    with running_postgres() as made:
        yield made


@pytest.fixture(scope="module")
def platform(base_image: None, postgres: Postgres) -> Iterator[Platform]:
    """On the database that every Postgres has. Without a browser: what is seen here is the database."""
    made = Platform(chromium=NO_BROWSER, database=postgres.url("postgres"))
    try:
        made.start()
        yield made
    finally:
        made.destroy()


@pytest.fixture(autouse=True)
def steady(platform: Platform, postgres: Postgres) -> Iterator[None]:
    """After each test database and server run again."""
    yield
    if not postgres.runs:
        postgres.start()
    if platform.ended:
        platform.start()


def test_from_a_push_to_users_and_back(platform: Platform, tmp_path: Path) -> None:
    app, folder = "whole", gated(tmp_path)
    assert platform.deploy(folder, app, "main", "--note", "Größe — 大きさ")["status"] == "ready"
    link = ask(platform, app)
    remark(platform, link, 1, "The button is too small; it’s 5 px.")
    refused = platform.sandbox("promote", "d1", "--app", app)
    assert (refused.code, refused.error["code"]) == (1, "gate_closed"), refused
    judge(platform, link, 1, "accepted")
    platform.promote(app, 1)
    assert platform.shown(release_host(app)) == "d1"

    (folder / "NEWS.md").write_text("# Second\n")
    platform.deploy(folder, app)
    assert platform.sandbox("promote", "d2", "--app", app).error["code"] == "gate_closed"
    judge(platform, link, 2, "accepted")
    platform.promote(app, 2)
    assert platform.shown(release_host(app)) == "d2"
    platform.rollback(app)
    assert platform.shown(release_host(app)) == "d1"
    assert [row["kind"] for row in platform.releases(app)] == ["rollback", "promote", "promote"]

    said = platform.sandbox("review", "list", "--app", app).document
    assert said["comments"][0]["text"] == "The button is too small; it’s 5 px."
    assert [one["outcome"] for one in said["reviews"][0]["verdicts"]] == ["accepted", "accepted"]
    assert not (platform.home / "sandbox.db").exists()
    assert_well(platform)


def test_a_kill_in_the_middle_of_a_promote_is_finished_with_one_release(platform: Platform) -> None:
    app = "killed"
    pushed(platform, app, 1)
    platform.promote(app, 1)
    pushed(platform, app, 2)
    seen = platform.releases(app)[0]["release"]
    platform.stop()
    platform.start("switch.released")
    assert platform.api("POST", f"/apps/{app}/releases", {"deployment": 2, "seen": seen}).status_code == 202
    platform.wait_until_killed()
    assert platform.shown(release_host(app)) == "d1"

    platform.start()
    until(
        lambda: platform.shown(release_host(app)) == "d2",
        "the switch is finished",
        lambda: platform.log[-3000:],
    )
    assert [row["deployment"] for row in platform.releases(app)] == [2, 1]
    assert_well(platform)


def test_a_database_that_goes_away_is_said_and_changes_nothing(
    platform: Platform, postgres: Postgres, tmp_path: Path
) -> None:
    app, pid, began = "alone", platform.pid, len(platform.log)
    for _ in range(2):
        platform.deploy(gated(tmp_path), app)
    platform.wait_status(app, 1, "asleep")
    link = ask(platform, app)
    cookie = log_in(platform)
    before = rows(platform, app)
    with platform.session(branch_host(app, "main")) as session:
        postgres.stop()
        for refused in (
            platform.api("GET", f"/apps/{app}"),
            platform.api("POST", f"/apps/{app}/releases", {"deployment": 2, "seen": 0}),
            platform.api("POST", f"/apps/{app}/deployments/2/restart"),
        ):
            assert refused.status_code == 503
            assert refused.json()["error"]["code"] == "store_unavailable"
            assert refused.json()["error"]["message"] == "The database does not answer just now."
        assert platform.sandbox("promote", "d2", "--app", app).error["code"] == "store_unavailable"
        for page in (
            browse(platform, "GET", link),
            browse(platform, "POST", f"{link}/comments", {"version": "2", "key": "0" * 32, "text": "Lost?"}),
            platform.get("sandbox.localhost", f"/apps/{app}", Cookie=cookie),
            platform.get(deployment_host(app, 1)),
        ):
            assert (page.status_code, "Not available just now" in page.text) == (503, True), page.text
        assert "database: The database does not answer" in platform.sandboxd("doctor").out
        assert session.click() == 1
        postgres.start()
        until(lambda: platform.api("GET", f"/apps/{app}").status_code == 200, "the server is back")
        assert session.click() == 2
    assert (platform.pid, platform.ended) == (pid, False)
    assert rows(platform, app) == before
    away, back = "the database does not answer", "the database answers again"
    until(
        lambda: platform.log.count(away, began) == platform.log.count(back, began) > 0,
        "both are in the log, once",
        lambda: [line for line in platform.log[began:].splitlines() if "database" in line],
    )
    remark(platform, link, 2, "Not lost.")
    judge(platform, link, 2, "accepted")
    platform.promote(app, 2)
    assert_well(platform)


def test_work_goes_on_after_the_database_was_away(platform: Platform, postgres: Postgres) -> None:
    app = "onward"
    pushed(platform, app, 1)
    number = push(platform, app)
    until(lambda: platform.deployment(app, number)["status"] == "building", "it is being built")
    postgres.stop()
    postgres.start()
    until(lambda: platform.api("GET", f"/apps/{app}").status_code == 200, "the server is back")
    platform.wait_status(app, number, "ready")
    until(lambda: platform.shown(branch_host(app, "main")) == f"d{number}", "the branch moved")


def test_a_server_that_is_there_before_its_database_waits_for_it(
    platform: Platform, postgres: Postgres
) -> None:
    pushed(platform, "early", 1)
    platform.stop()
    postgres.stop()
    said = platform.log.count("the database does not answer")
    platform.start(wait=False)
    until(lambda: platform.log.count("the database does not answer") > said, "it says what it waits for")
    platform.stop()  # whoever asks it to end is heard
    platform.start(wait=False)
    postgres.start()
    until(lambda: platform.api("GET", "/health").status_code == 200, "the server answers")
    until(lambda: platform.shown(branch_host("early", "main")) == "d1", "all is as before")
    assert_well(platform)


def test_fifty_open_pages_leave_connections_for_others(platform: Platform) -> None:
    app = "watched"
    pushed(platform, app, 1)
    headers = {"Cookie": log_in(platform), "Host": f"sandbox.localhost:{platform.port}"}
    live = f"http://127.0.0.1:{platform.port}/apps/{app}/live"
    with ExitStack() as open_ones, ThreadPoolExecutor(STREAMS) as threads:
        client = open_ones.enter_context(httpx.Client(trust_env=False, timeout=120, limits=httpx.Limits()))

        def watch(_: int) -> Iterator[str]:
            asked = client.stream("GET", live, headers=headers)
            return open_ones.enter_context(asked).iter_lines()

        lines = list(threads.map(watch, range(STREAMS)))
        assert all(threads.map(lambda one: next(one).startswith("event:"), lines))
        number = push(platform, app)
        platform.wait_status(app, number, "ready")
        mark = f"d{number}"
        assert all(threads.map(lambda one: any(mark in line for line in one), lines))
        answers = threads.map(lambda _: platform.api("GET", f"/apps/{app}").status_code, range(STREAMS))
        assert set(answers) == {200}


def gated(tmp_path: Path) -> Path:
    folder = app_folder(tmp_path, "hello", push=secrets.token_hex(4))
    (folder / "sandbox.toml").write_text("[gates]\nreviews = 1\n")
    return folder


def push(platform: Platform, app: str) -> int:
    code = (app_folder(platform.folder, "hello", push=secrets.token_hex(4)) / "app.R").read_bytes()
    return int(platform.push_no_wait(app, "main", packed({"app.R": code}))["deployment"])


def pushed(platform: Platform, app: str, number: int) -> None:
    assert push(platform, app) == number
    platform.wait_status(app, number, "ready")


def ask(platform: Platform, app: str) -> str:
    """The path of a review's link."""
    asked = platform.sandbox("review", "request", "--branch", "main", "--to", RITA, "--app", app)
    assert asked.code == 0, asked
    return urlsplit(str(asked.document["url"])).path


def remark(platform: Platform, link: str, version: int, text: str) -> None:
    form = {"version": str(version), "key": secrets.token_hex(16), "text": text}
    done = browse(platform, "POST", f"{link}/comments", form)
    assert done.status_code == 303, done.text


def judge(platform: Platform, link: str, version: int, outcome: str) -> None:
    page = browse(platform, "GET", f"{link}?version={version}")
    found = re.search(r'name="seen" value="(\d+)"', page.text)
    assert found, page.text
    form = {"version": str(version), "seen": found[1], "outcome": outcome, "name": "Rita Reviewer"}
    done = browse(platform, "POST", f"{link}/verdict", form)
    assert done.status_code == 303, done.text


def log_in(platform: Platform) -> str:
    """The cookie of somebody who logged in."""
    link = urlsplit(platform.api("POST", "/login-links").json()["url"]).path
    done = browse(platform, "POST", link)
    assert done.status_code == 303, done.text
    return str(done.headers["set-cookie"]).partition(";")[0]


def browse(platform: Platform, method: str, path: str, form: dict[str, str] | None = None) -> httpx.Response:
    """As a browser does on the pages of the platform."""
    headers = {"Host": f"sandbox.localhost:{platform.port}", "Origin": platform.url}
    url = f"http://127.0.0.1:{platform.port}{path}"
    with httpx.Client(trust_env=False, timeout=120) as client:
        return client.request(method, url, data=form, headers=headers)


def rows(platform: Platform, app: str) -> list[Any]:
    """What there is of an app, as far as people can see it, and what runs of it."""
    releases, comments, reviews, pushed = (
        platform.api("GET", f"/apps/{app}/{what}").raise_for_status().json()
        for what in ("releases", "comments", "reviews", "deployments")
    )
    statuses = [(row["deployment"], row["status"]) for row in pushed]
    running = {row["Id"] for row in platform.containers() if f"-{app}-d" in row["Name"]}
    return [releases, comments, reviews, statuses, running]


def assert_well(platform: Platform) -> None:
    done = platform.sandbox("doctor")
    assert done.code == 0, done
    [database] = [one for one in done.document if one["part"] == "database"]
    assert database["status"] == "ok"
    assert "sqlalchemy.exc" not in platform.log, platform.log[-5000:]
