"""What people and machines get wrong: a clear sentence, a hint, the right status, and nothing changed."""

import io
import os
import sqlite3
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.integration.platform import (
    NO_BROWSER,
    Platform,
    Result,
    app_folder,
    branch_host,
    packed,
    release_host,
)

pytestmark = [pytest.mark.engine]

APP = "known"
SMALL = 2 * 1024 * 1024


@pytest.fixture(scope="module")
def platform(base_image: None) -> Iterator[Platform]:
    """A small limit for uploads, d1 of `main` live and released, d2 of `broken` failed."""
    made = Platform(chromium=NO_BROWSER, bundle_limit=SMALL, file_limit=50, start_timeout=30)
    try:
        made.start()
        made.deploy("hello", APP)
        made.promote(APP, 1)
        made.deploy("exits", APP, "broken", code=1)
        yield made
    finally:
        made.destroy()


@pytest.fixture(autouse=True)
def unchanged(platform: Platform) -> Iterator[None]:
    """Whatever the test does: afterwards there is what was there before."""
    before = _everything(platform)
    yield
    assert _everything(platform) == before


def test_a_path_that_is_no_folder(platform: Platform, tmp_path: Path) -> None:
    file = tmp_path / "app.R"
    file.write_text("library(shiny)")
    _refused(platform.sandbox("deploy", file, "--app", APP), "not a folder")
    _refused(platform.sandbox("deploy", tmp_path / "nowhere", "--app", APP), "no folder")


def test_a_folder_without_an_app_or_with_nothing_at_all(platform: Platform, tmp_path: Path) -> None:
    _refused(platform.sandbox("deploy", tmp_path, "--app", APP))
    (tmp_path / "notes.txt").write_text("no app here")
    _refused(platform.sandbox("deploy", tmp_path, "--app", APP), "app.R")


def test_more_than_the_limit(platform: Platform, tmp_path: Path) -> None:
    folder = app_folder(tmp_path, "hello")
    (folder / "data.bin").write_bytes(os.urandom(SMALL + 1))
    done = platform.sandbox("deploy", folder, "--app", APP)
    _refused(done, "2,097,152")
    assert "data.bin" in done.error["hint"]


@pytest.mark.parametrize(
    "kind", ["symlink", "hard link", "device", "..", "absolute", "no archive", "cut", "many"]
)
def test_an_archive_with_what_no_bundle_has(platform: Platform, kind: str) -> None:
    archive = _bad_archive(kind)
    digest = sha256(archive).hexdigest()

    answer = platform.api("PUT", f"/bundles/{digest}", content=archive)

    _problem(answer, 413 if kind == "many" else 422)
    assert platform.api("HEAD", f"/bundles/{digest}").status_code == 404


def test_an_archive_that_is_not_what_was_announced(platform: Platform) -> None:
    answer = platform.api("PUT", f"/bundles/{'0' * 64}", content=packed({"app.R": b"library(shiny)"}))
    assert "SHA-256" in _problem(answer, 422)["message"]


def test_a_push_without_its_upload(platform: Platform) -> None:
    answer = platform.api("POST", f"/apps/{APP}/deployments", {"bundle": "1" * 64, "branch": "main"})
    _problem(answer, 422)


@pytest.mark.parametrize("name", ["Sales", "a--b", "a-", "9lives", "x" * 31, "with space", "www", "ä"])
def test_an_app_name_that_cannot_be_a_host(platform: Platform, tmp_path: Path, name: str) -> None:
    _refused(platform.sandbox("deploy", app_folder(tmp_path, "hello"), "--app", name))
    answer = platform.api(
        "POST", f"/apps/{name}/deployments", {"bundle": _uploaded(platform), "branch": "main"}
    )
    _problem(answer, 422)


def test_a_branch_name_that_no_git_has(platform: Platform) -> None:
    body = {"bundle": _uploaded(platform), "branch": "a\x00b"}
    _problem(platform.api("POST", f"/apps/{APP}/deployments", body), 422)


@pytest.mark.parametrize(
    "words",
    [
        ("status", "--app", "unknown"),
        ("promote", "d1", "--app", "unknown"),
        ("promote", "d99", "--app", APP),
        ("promote", "--branch", "unknown", "--app", APP),
        ("logs", "d99", "--app", APP),
        ("rollback", "--app", "unknown"),
        ("rollback", "--app", APP, "--to", "99"),
        ("rollback", "--app", APP),
        ("rm", "--branch", "unknown", "--app", APP),
        ("cancel", "d1", "--app", APP),
        ("restart", "d99", "--app", APP),
        ("open", "--branch", "unknown", "--app", APP),
        ("env", "rm", "UNKNOWN", "--app", APP),
        ("apps", "rm", APP, "--yes"),
        ("rm", "--branch", "main", "--app", APP, "--yes"),
    ],
    ids=" ".join,
)
def test_what_is_not_there_or_not_possible(platform: Platform, words: tuple[str, ...]) -> None:
    _refused(platform.sandbox(*words))


def test_a_failed_deployment_cannot_be_released(platform: Platform) -> None:
    done = platform.sandbox("promote", "d2", "--app", APP)
    _refused(done, "d2 is failed")
    assert "sandbox logs d2" in done.error["hint"]
    _problem(platform.api("POST", f"/apps/{APP}/releases", {"deployment": 2, "seen": 1}), 409)
    _refused(platform.sandbox("promote", "--branch", "broken", "--app", APP), "failed")


def test_promote_without_a_target_is_wrong_use(platform: Platform) -> None:
    done = platform.sandbox("promote", "--app", APP)
    assert done.code == 2
    assert done.error["hint"]


def test_tokens_that_are_wrong_missing_or_expired(platform: Platform) -> None:
    _refused(platform.sandbox("ls", token="sbx_nobody"), "token")
    _problem(platform.api("GET", "/apps", token=""), 401)
    made = platform.api("POST", "/tokens", {"name": "short", "days": 1}).json()
    assert platform.api("GET", "/apps", token=made["token"]).status_code == 200
    with closing(sqlite3.connect(platform.home / "sandbox.db", timeout=20)) as database, database:
        database.execute("UPDATE credential SET expires_at = '2020-01-01 00:00:00' WHERE name = 'short'")
    _refused(platform.sandbox("ls", token=made["token"]), "expired")
    assert platform.api("DELETE", "/tokens/short").status_code == 200


def test_hosts_that_nobody_has(platform: Platform) -> None:
    for host in (
        "unknown.apps.localhost",
        f"d99--{APP}.apps.localhost",
        "evil.example",
        "a.b.apps.localhost",
    ):
        answer = platform.get(host)
        assert answer.status_code == 404, host
        assert "X-Sandbox-Deployment" not in answer.headers


def test_a_disk_that_is_full(base_image: None, tmp_path: Path) -> None:
    platform = Platform(chromium=NO_BROWSER, disk_reserve=0)
    bundles = platform.home / "bundles"
    bundles.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(bundles)], check=True)
    try:
        platform.start()
        folder = app_folder(tmp_path, "hello")
        (folder / "data.bin").write_bytes(os.urandom(1024 * 1024))
        done = platform.sandbox("deploy", folder, "--app", "full")
        _refused(done, "disk is full")
        assert done.error["code"] == "storage_full"
        assert platform.api("GET", "/apps").json() == []
        assert not list(bundles.glob("*/*"))
        (folder / "data.bin").unlink()
        assert platform.sandbox("deploy", folder, "--app", "full").code == 0
    finally:
        try:
            platform.stop()
        finally:
            subprocess.run(["umount", str(bundles)], check=True)
            platform.destroy()


def _everything(platform: Platform) -> object:
    rows = platform.api("GET", f"/apps/{APP}/deployments").json()
    apps = [app["app"] for app in platform.api("GET", "/apps").json()]
    statuses = [(row["deployment"], row["status"], row["current"]) for row in rows]
    shown = platform.shown(release_host(APP)), platform.shown(branch_host(APP, "main"))
    return apps, statuses, shown, len(platform.releases(APP))


def _refused(done: Result, *words: str) -> None:
    assert done.code == 1, done
    assert done.error["message"]
    assert done.error["hint"]
    for word in words:
        assert word in done.error["message"] + done.error["detail"], done


def _problem(answer: httpx.Response, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    problem: dict[str, Any] = answer.json()["error"]
    assert problem["message"]
    assert problem["hint"]
    assert problem["request_id"]
    return problem


def _uploaded(platform: Platform) -> str:
    bundle = packed({"app.R": b"library(shiny)\nshinyApp(fluidPage(), function(input, output) NULL)\n"})
    digest = sha256(bundle).hexdigest()
    assert platform.api("PUT", f"/bundles/{digest}", content=bundle).status_code == 201
    return digest


def _bad_archive(kind: str) -> bytes:
    if kind == "no archive":
        return b"this is no archive"
    if kind == "cut":
        return packed({"app.R": b"library(shiny)" * 1000})[:-20]
    if kind == "many":
        return packed({f"data/{number}.csv": b"" for number in range(60)})
    entry = tarfile.TarInfo({"..": "../app.R", "absolute": "/etc/app.R"}.get(kind, "app.R"))
    entry.type = {"symlink": tarfile.SYMTYPE, "hard link": tarfile.LNKTYPE, "device": tarfile.CHRTYPE}.get(
        kind, tarfile.REGTYPE
    )
    entry.linkname = "/etc/passwd" if "link" in kind else ""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        tar.addfile(entry)
    return buffer.getvalue()
