"""`sandboxd mirror`: what it fetched serves where nothing else is reachable."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.repository import CAST, Package, Server, archive_of, make_repository, md5_of, serve
from tests.server.test_main import sandboxd

from sandbox_server.errors import BadRequest
from sandbox_server.operations import mirror
from sandbox_server.repositories import Repositories

pytestmark = pytest.mark.anyio

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with serve(make_repository(tmp_path / "cran")) as server:
        yield server


def write_lock(path: Path, versions: dict[str, str], **others: dict[str, str]) -> Path:
    packages = {
        name: {"Package": name, "Version": version, "Source": "Repository", "Repository": "CRAN"}
        for name, version in versions.items()
    }
    lock = {"R": {"Version": "4.5.0", "Repositories": []}, "Packages": {**packages, **others}}
    path.write_text(json.dumps(lock))
    return path


async def run(tmp_path: Path, cran: str, lock: Path) -> tuple[list[str], str]:
    """Names of what could not be had, and what was said."""
    folder, said = tmp_path / "mirror", list[str]()
    repositories = Repositories(tmp_path / "fetched", cran=[folder.as_uri(), cran], timeout=2)
    try:
        troubles = await mirror.mirror(repositories, mirror.read_lock(lock), folder, said.append)
    finally:
        await repositories.close()
    return [trouble.package for trouble in troubles], "\n".join(said)


def archives(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("*.tar.gz"))


async def test_a_mirror_needs_nothing_else(server: Server, tmp_path: Path) -> None:
    old = write_lock(tmp_path / "old.lock", {"kettle": "1.0.0", "alpha": "1.0.0"})
    assert await run(tmp_path, server.url, old) == (
        [],
        "1 of 2: alpha 1.0.0\n2 of 2: kettle 1.0.0\n1 of 1: beta 1.0.0\n1 of 1: gamma 1.0.0",
    )
    await run(tmp_path, server.url, write_lock(tmp_path / "new.lock", {"kettle": "1.10.0"}))
    contrib = tmp_path / "mirror/src/contrib"
    current = ["alpha_1.0.0.tar.gz", "beta_1.0.0.tar.gz", "gamma_1.0.0.tar.gz", "kettle_1.10.0.tar.gz"]
    assert archives(contrib) == current
    assert archives(contrib / "Archive/kettle") == ["kettle_1.0.0.tar.gz"]
    assert f"MD5sum: {md5_of(CAST[2])}" in (contrib / "PACKAGES").read_text()

    server.wrong["/"] = "500"
    asked = len(server.asked)
    missing, said = await run(tmp_path, "http://127.0.0.1:9", old)
    assert (missing, len(server.asked)) == ([], asked)
    assert "kettle 1.0.0 (is there)" in said


async def test_only_what_is_new_is_fetched(server: Server, tmp_path: Path) -> None:
    await run(tmp_path, server.url, write_lock(tmp_path / "first.lock", {"gamma": "1.0.0"}))
    server.asked.clear()
    more = write_lock(tmp_path / "more.lock", {"gamma": "1.0.0", "native": "1.0.0"})
    assert (await run(tmp_path, server.url, more))[0] == []
    assert [path for path in server.asked if path.endswith(".tar.gz")] == ["/src/contrib/native_1.0.0.tar.gz"]


async def test_packages_at_a_commit_come_along(server: Server, tmp_path: Path) -> None:
    target = server.folder / f"api/v3/repos/ada/teal/tarball/{COMMIT}"
    target.parent.mkdir(parents=True)
    target.write_bytes(archive_of(Package("teal")))
    remote = {
        "Package": "teal", "Version": "1.0.0", "Source": "GitHub", "RemoteType": "github", "RemoteUsername": "ada",
        "RemoteHost": server.host, "RemoteRepo": "teal", "RemoteSha": COMMIT,
    }  # fmt: skip
    lock = write_lock(tmp_path / "renv.lock", {}, teal=remote)
    assert await run(tmp_path, server.url, lock) == ([], "1 of 1: teal 1.0.0")
    server.wrong["/"] = "500"
    missing, said = await run(tmp_path, "http://127.0.0.1:9", lock)
    assert missing == []
    assert said.endswith("1 of 1: teal 1.0.0 (is there)")


async def test_what_cannot_be_had_is_told_by_the_program(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SANDBOX_CRAN", server.url)
    monkeypatch.setenv("SANDBOX_BIOCONDUCTOR", "")
    lock, folder = (
        write_lock(tmp_path / "renv.lock", {"gamma": "1.0.0", "kettle": "9.9"}),
        tmp_path / "mirror",
    )
    done = sandboxd(tmp_path / "home", "mirror", str(lock), "--to", str(folder))
    assert done.returncode == 1
    assert "1 package of the locks could not be had." in done.stderr
    assert "kettle  9.9 (renv.lock)" in done.stderr
    assert archives(folder / "src/contrib") == ["gamma_1.0.0.tar.gz"]
    assert [path.name for path in folder.iterdir()] == ["src"]


async def test_what_is_no_lock_is_refused(tmp_path: Path) -> None:
    lock = tmp_path / "renv.lock"
    lock.write_text("nonsense")
    with pytest.raises(BadRequest, match=r"renv\.lock is not JSON \(line 1, column 1\)"):
        mirror.read_lock(lock)
