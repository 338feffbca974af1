"""Static documents: rendered by a run in each scope, kept, shown again, and rendered anew on demand."""

import re
from pathlib import Path
from typing import Any

import pytest
from httpx import TransportError
from tests.integration.platform import (
    Platform,
    app_folder,
    branch_host,
    deployment_host,
    packed,
    release_host,
    until,
)

pytestmark = [pytest.mark.engine, pytest.mark.browser]

APP = "report"


@pytest.fixture(scope="module")
def report(platform: Platform) -> Platform:
    """The report, released, with another database in each scope."""
    platform.deploy("report", APP)
    for scope, name in (("sandbox", "test"), ("release", "prod")):
        done = platform.sandbox("env", "set", "--scope", scope, "--app", APP, stdin=f"DB_NAME={name}\n")
        assert done.code == 0, done
    until(lambda: database(platform, branch_host(APP, "main")) == "test", "the sandbox has its variable")
    platform.promote(APP, 1)
    return platform


def database(platform: Platform, host: str) -> str:
    return found(platform, host, r"Database: <strong>(\w+)</strong>")


def rendered_at(platform: Platform, host: str) -> str:
    return found(platform, host, r"Rendered at <strong>([\d:.]+)</strong>")


def released(platform: Platform) -> list[dict[str, Any]]:
    """The containers that show it to users: of this app alone, since others' are on the same platform."""
    return [row for row in platform.containers() if f"-{APP}-d1-release-" in row["Name"]]


def page(platform: Platform, host: str) -> str:
    """Empty while there is none, or while the connection is cut off with what was behind it."""
    try:
        answer = platform.get(host)
    except TransportError:
        return ""
    return answer.text if answer.status_code == 200 else ""


def words(platform: Platform, host: str) -> str:
    return " ".join(page(platform, host).split())


def found(platform: Platform, host: str, pattern: str) -> str:
    seen = re.search(pattern, page(platform, host))
    return seen[1] if seen else ""


def render(platform: Platform, *words: str, code: int = 0) -> dict[str, object]:
    done = platform.sandbox("render", "d1", "--app", APP, *words)
    assert done.code == code, (done, platform.log[-3000:])
    document: dict[str, object] = done.document
    return document


def test_each_scope_reads_its_own_database_from_the_same_image(report: Platform) -> None:
    assert database(report, deployment_host(APP, 1)) == "test"
    assert database(report, release_host(APP)) == "prod"
    images = {row["Name"]: row["Image"] for row in report.containers() if f"-{APP}-d1-" in row["Name"]}
    assert {name.split("-d1-")[1].partition("-")[0] for name in images} == {"sandbox", "release"}
    assert len(set(images.values())) == 1
    [release] = report.releases(APP)
    assert release["image"] == report.deployment(APP, 1)["image"]
    assert "-Database: test" in release["output_diff"]
    assert "+Database: prod" in release["output_diff"]
    assert len(release["output_diff"]) < 2000


def test_the_same_bytes_come_back_when_the_container_is_killed(report: Platform) -> None:
    host = release_host(APP)
    [container] = until(lambda: len(rows := released(report)) == 1 and rows, "what was shown before is gone")
    before = page(report, host)
    assert "Rendered at" in before
    report.docker.kill(container["Id"])
    until(
        lambda: any(row["Id"] != container["Id"] for row in released(report)),
        "another container runs",
        lambda: report.log[-3000:],
    )
    until(lambda: page(report, host) == before, "users get the same page", lambda: report.log[-3000:])


def test_rendering_again_changes_what_the_sandbox_shows_alone(report: Platform) -> None:
    sandbox, release = deployment_host(APP, 1), release_host(APP)
    before, released = rendered_at(report, sandbox), rendered_at(report, release)
    output = render(report, "-P", "region=APAC", "-P", "top=8")
    assert output["parameters"] == {"region": "APAC", "top": "8"}
    until(lambda: rendered_at(report, sandbox) not in ("", before), "the new output is shown")
    assert words(report, sandbox).count("for APAC, the best 9.") == 1
    assert rendered_at(report, release) == released
    unknown = report.sandbox("render", "d1", "--app", APP, "-P", "regoin=US")
    assert unknown.code == 1
    assert "has no parameter regoin (it has region, top)" in unknown.error["message"]
    assert "for APAC, the best 9." in words(report, sandbox)


def test_what_users_get_is_rendered_again_in_place(report: Platform) -> None:
    host = release_host(APP)
    before = rendered_at(report, host)
    render(report, "--scope", "release")
    until(lambda: rendered_at(report, host) not in ("", before), "users see the new output")
    assert database(report, host) == "prod"


def test_a_kill_between_taking_and_writing_down_loses_nothing(report: Platform, tmp_path: Path) -> None:
    shown = rendered_at(report, release_host(APP))
    report.stop()
    report.start("document.taken")
    folder = app_folder(tmp_path, "report")
    bundle = packed({path.name: path.read_bytes() for path in folder.iterdir()})
    number = report.push_no_wait(APP, "killed", bundle)["deployment"]
    report.wait_until_killed()
    taken = list((report.home / "outputs").glob("*.tar.gz"))
    assert rendered_at(report, release_host(APP)) == shown
    report.start()
    report.wait_status(APP, number, "ready")
    [output] = report.api("GET", f"/apps/{APP}/deployments/{number}/outputs").json()
    assert any(path.name.startswith(output["digest"]) for path in taken)


def test_a_failing_chunk_is_named_and_what_was_shown_stays(report: Platform, tmp_path: Path) -> None:
    host = deployment_host(APP, 1)
    before = rendered_at(report, host)
    folder = app_folder(tmp_path, "report")
    (folder / "numbers.R").write_text("months <- 1:12\n")
    error = report.deploy(folder, APP, "broken", code=1)["error"]
    assert error["message"].endswith("report.Rmd, lines 21-23 (chunk check): the numbers do not add up"), (
        error
    )
    assert "Quitting from report.Rmd:21-23 [check]" in error["detail"]
    assert rendered_at(report, host) == before
