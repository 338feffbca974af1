"""The main job: a branch is live at its own URL, promote switches the traffic, rollback takes it back."""

import base64
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from tests.integration.platform import (
    Platform,
    app_folder,
    branch_host,
    deployment_host,
    release_host,
    until,
)

pytestmark = [pytest.mark.engine, pytest.mark.browser]


def test_a_push_is_live_at_its_urls_and_a_promote_starts_the_same_image(platform: Platform) -> None:
    app = "first"
    pushed = platform.deploy("hello", app, "main")

    assert pushed["status"] == "ready"
    assert pushed["smoke"]["status"] == "passed"
    assert pushed["url"] == f"http://main--first.apps.localhost:{platform.port}"
    assert pushed["permalink"] == f"http://d1--first.apps.localhost:{platform.port}"
    assert {"upload", "build", "start", "smoke", "total"} <= pushed["seconds"].keys()
    assert platform.shown(branch_host(app, "main")) == "d1"
    assert platform.shown(deployment_host(app, 1)) == "d1"
    assert platform.get(release_host(app)).status_code == 404

    released = platform.promote(app, 1)

    assert released["image"] == pushed["image"]
    assert released["release"] == 1
    assert platform.shown(release_host(app)) == "d1"
    of_app = [row for row in platform.containers() if f"-{app}-d1-" in row["Name"]]
    assert {row["Image"] for row in of_app} == {pushed["image"]}
    assert len(of_app) == 2


def test_no_push_changes_what_users_get(quick: Platform) -> None:
    app = "quiet"
    quick.deploy("hello", app, "main")
    quick.promote(app, 1)
    body = quick.get(release_host(app)).text

    for branch in ("main", "feature-x"):
        quick.deploy("two_files", app, branch)

        assert quick.shown(release_host(app)) == "d1"
        assert quick.get(release_host(app)).text == body
        assert "two files" in quick.get(branch_host(app, branch)).text


def test_people_keep_their_sessions_over_promote_and_rollback(platform: Platform, tmp_path: Path) -> None:
    app = "switched"
    for version in ("one", "two", "three"):
        platform.deploy(app_folder(tmp_path, "hello", version=version), app, version)
    platform.promote(app, 1)
    host = release_host(app)
    with platform.session(host) as first:
        assert (first.deployment, first.click()) == ("d1", 1)
        platform.promote(app, 2)
        with platform.session(host) as second:
            assert (second.deployment, second.click()) == ("d2", 1)
            assert first.click() == 2
            assert first.download().text == "2\n"
            assert second.download().text == "1\n"

            until(lambda: platform.releases(app)[0]["sessions"] == 1, "the second session is counted")
            back = platform.rollback(app)
            assert back["deployment"] == 1
            assert back["left_sessions"] == 1
            with platform.session(host) as third:
                # The instance that was left goes on: nothing had to start, so users are back at once.
                assert third.worker == first.worker
                assert (third.deployment, third.click()) == ("d1", 1)
            assert (first.click(), second.click()) == (3, 2)
            assert second.download().text == "2\n"

            platform.promote(app, 3)
            assert platform.shown(host) == "d3"
            assert (first.click(), second.click()) == (4, 3)
            # d1 is what a rollback would bring back; d2 is needed by nobody but this session.
            assert _running(platform, app, "release") == {"d1", "d2", "d3"}
        until(lambda: _running(platform, app, "release") == {"d1", "d3"}, "d2 left with its last session")
        assert first.is_open()
        assert first.click() == 5

    assert [row["kind"] for row in platform.releases(app)] == ["promote", "rollback", "promote", "promote"]


def test_what_does_not_come_up_in_the_release_scope_changes_nothing(quick: Platform, tmp_path: Path) -> None:
    app = "picky"
    quick.deploy("hello", app, "main")
    quick.promote(app, 1)
    folder = app_folder(tmp_path, "hello")
    file = folder / "app.R"
    file.write_text(f'if (Sys.getenv("SANDBOX_SCOPE") == "release") stop("no database")\n{file.read_text()}')
    quick.deploy(folder, app, "main")
    assert quick.shown(branch_host(app, "main")) == "d2"

    refused = quick.sandbox("promote", "d2", "--app", app)

    assert refused.code == 1
    assert "no database" in refused.error["detail"]
    assert refused.error["hint"]
    assert quick.shown(release_host(app)) == "d1"
    assert [row["deployment"] for row in quick.releases(app)] == [1]
    until(lambda: _running(quick, app, "release") == {"d1"}, "nothing of it is left")


def test_of_two_people_at_once_the_one_who_saw_an_older_state_is_refused(quick: Platform) -> None:
    app = "both"
    quick.deploy("hello", app, "main")
    quick.promote(app, 1)
    late = quick.api("POST", f"/apps/{app}/releases", {"deployment": 1, "seen": 0})
    assert late.status_code == 409
    assert late.json()["error"]["code"] == "state_changed"
    assert "release 1" in late.json()["error"]["message"]

    # The second one is refused at the door, or when its job finds the release of the first.
    assert sorted(_promote_at_once(quick, app, seen=1)) == ["", "state_changed"]
    assert [row["release"] for row in quick.releases(app)] == [2, 1]


def test_each_scope_gets_its_own_variables(quick: Platform) -> None:
    app = "scopes"
    quick.deploy("environment", app, "main")
    _set(quick, app, "sandbox", "hello reviewers")
    _set(quick, app, "release", "hello users")
    until(
        lambda: _environment(quick, branch_host(app, "main"))["GREETING"] == "hello reviewers",
        "it got the value",
    )

    quick.promote(app, 1)

    sandbox = _environment(quick, branch_host(app, "main"))
    release = _environment(quick, release_host(app))
    assert sandbox == {
        "GREETING": "hello reviewers", "SANDBOX_APP": app, "SANDBOX_BRANCH": "main", "SANDBOX_SCOPE": "sandbox",
        "SANDBOX_URL": f"http://main--{app}.apps.localhost:{quick.port}", "SANDBOX_DEPLOYMENT": "d1",
        "R_CONFIG_ACTIVE": "sandbox", "TZ": "UTC",
    }  # fmt: skip
    assert release == {
        "GREETING": "hello users", "SANDBOX_APP": app, "SANDBOX_BRANCH": "main", "SANDBOX_SCOPE": "release",
        "SANDBOX_URL": f"http://{app}.apps.localhost:{quick.port}", "SANDBOX_DEPLOYMENT": "d1",
        "R_CONFIG_ACTIVE": "production", "TZ": "UTC",
    }  # fmt: skip


def test_a_rollback_brings_the_variables_back_that_the_release_had(quick: Platform) -> None:
    app = "pinned"
    quick.deploy("environment", app, "main")
    _set(quick, app, "release", "old")
    quick.promote(app, 1)
    _set(quick, app, "release", "new")
    assert _environment(quick, release_host(app))["GREETING"] == "old"

    quick.promote(app, 1)
    assert _environment(quick, release_host(app))["GREETING"] == "new"

    quick.rollback(app)
    assert _environment(quick, release_host(app))["GREETING"] == "old"


def test_an_app_finds_what_a_laptop_has(platform: Platform, tmp_path: Path) -> None:
    app = "laptop"
    folder = app_folder(tmp_path, "laptop")
    (folder / "sandbox.toml").write_text('timezone = "Asia/Tokyo"\n')
    pushed = platform.deploy(folder, app, "main")

    assert pushed["smoke"]["status"] == "passed"
    with platform.session(branch_host(app, "main"), "visits", "clock", "locale", plots=("plot",)) as session:
        assert re.fullmatch(r"visits: \d+", session.wait_for("visits"))
        assert session.wait_for("clock") == "JST"
        assert session.wait_for("locale") == "Ä 2"
        picture = base64.b64decode(session.wait_for("plot")["src"].partition(",")[2])
    assert picture.startswith(b"\x89PNG")
    assert "7a1f5c" in _styles(platform, branch_host(app, "main")).lower()


def test_packages_that_debian_has_are_installed_once(platform: Platform, tmp_path: Path) -> None:
    app = "series"
    first = platform.deploy("needs_package", app, "main")
    with platform.session(branch_host(app, "main"), "mean") as session:
        assert session.wait_for("mean") == "mean: 2"
    second = platform.deploy(app_folder(tmp_path, "needs_package", again="yes"), app, "main")

    logs = [platform.sandbox("logs", f"d{n}", "--app", app, "--build").document for n in (1, 2)]
    assert any("zoo" in line["text"] for line in logs[0])
    assert len(logs[1]) < len(logs[0])
    assert first["image"] != second["image"]


def _running(platform: Platform, app: str, scope: str) -> set[str]:
    """Deployments of the app with a container in that scope."""
    pattern = re.compile(rf"-{app}-(d\d+)-{scope}-")
    return {found[1] for row in platform.containers() if (found := pattern.search(row["Name"]))}


def _promote_at_once(platform: Platform, app: str, seen: int) -> list[str]:
    """Two promotes that both saw the same release; the code of each one's error, empty for success."""
    gate = Barrier(2)

    def promote() -> str:
        gate.wait()
        answer = platform.api("POST", f"/apps/{app}/releases", {"deployment": 1, "seen": seen})
        if answer.status_code != 202:
            return str(answer.json()["error"]["code"])
        error = _finished(platform, answer.json()["job"])["error"]
        return str(error["code"]) if error else ""

    with ThreadPoolExecutor(2) as pool:
        return [asked.result() for asked in [pool.submit(promote) for _ in range(2)]]


def _finished(platform: Platform, number: int) -> dict[str, Any]:
    def look() -> dict[str, Any] | None:
        job: dict[str, Any] = platform.api("GET", f"/jobs/{number}").json()
        return job if job["status"] in ("done", "failed") else None

    found = until(look, f"job {number} ended")
    assert found is not None
    return found


def _set(platform: Platform, app: str, scope: str, value: str) -> None:
    done = platform.sandbox("env", "set", "GREETING", "--scope", scope, "--app", app, stdin=value)
    assert done.code == 0, done
    assert value not in done.out


def _environment(platform: Platform, host: str) -> dict[str, str]:
    with platform.session(host, "environment") as session:
        lines = str(session.wait_for("environment")).splitlines()
    return dict(line.split("=", 1) for line in lines)


def _styles(platform: Platform, host: str) -> str:
    page = platform.get(host).text
    links = re.findall(r'href="([^"]+\.css)"', page)
    return page + "".join(platform.get(host, f"/{link}", Accept="text/css").text for link in links)
