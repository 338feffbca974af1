"""Packages that no repository has: in the bundle, or at a commit of a private host."""

import tarfile
from dataclasses import replace
from pathlib import Path

import pytest
from tests.repository import Package, Server, archive_of, files_of, serve, tarball
from tests.server.repositories.conftest import Open

from sandbox_server.domain.catalogue import Fetch, Fetched, NotFetched
from sandbox_server.domain.requirement import Remote
from sandbox_server.errors import Unavailable
from sandbox_server.repositories import Repositories

pytestmark = pytest.mark.anyio

COMMIT = "0123456789abcdef0123456789abcdef01234567"
TEAL = Package("teal", "0.3.0", imports=("gamma",))


async def get(
    repositories: Repositories, fetch: Fetch, bundle: Path = Path("/nowhere")
) -> Fetched | NotFetched:
    [found] = await repositories.fetch([fetch], bundle, lambda _: None)
    return found


def text_in(archive: str, path: str) -> str:
    with tarfile.open(archive) as tar:
        member = tar.extractfile(path)
        assert member is not None
        return member.read().decode()


def bundle_with(folder: Path) -> Path:
    files: dict[str, str | bytes] = {"app.R": "", "renv/local/teal_0.3.0.tar.gz": archive_of(TEAL)}
    files |= {f"packages/teal/{path}": text for path, text in files_of(TEAL).items()}
    bundle = folder / "bundle.tar.gz"
    bundle.write_bytes(tarball(files))
    return bundle


def github(server: Server, folder: str = "") -> Remote:
    return Remote("github", server.host, "ada", "tools", COMMIT, folder)


def commit_on(server: Server, path: str, below: str = "") -> None:
    file = server.folder / path
    file.parent.mkdir(parents=True, exist_ok=True)
    files = {f"ada-tools-0123456/{below}{path}": text for path, text in files_of(TEAL).items()}
    file.write_bytes(tarball({**files, "ada-tools-0123456/README.md": "Tools"}))


def netrc_for(server: Server, folder: Path, mode: int = 0o600) -> Path:
    path = folder / "netrc"
    path.write_text(f"machine {server.host} login ada password secret\ndefault login all password leaked\n")
    path.chmod(mode)
    return path


@pytest.mark.parametrize("path", ["renv/local/teal_0.3.0.tar.gz", "packages/teal"])
async def test_a_package_in_the_bundle(tmp_path: Path, open_repositories: Open, path: str) -> None:
    bundle = bundle_with(tmp_path)
    found = await get(open_repositories(), Fetch("teal", "", path=path), bundle)
    assert isinstance(found, Fetched)
    assert (found.version, found.needs[0].name) == ("0.3.0", "gamma")
    assert 'teal.hello <- function() "teal 0.3.0"' in text_in(found.path, "teal/R/hello.R")
    again = await get(open_repositories(), Fetch("teal", "", path=path), bundle)
    assert again == found


@pytest.mark.parametrize("path", ["packages/none", "renv/local/none_1.tar.gz"])
async def test_one_that_is_not_in_the_bundle_is_missing(
    tmp_path: Path, open_repositories: Open, path: str
) -> None:
    found = await get(open_repositories(), Fetch("none", "", path=path), bundle_with(tmp_path))
    assert isinstance(found, NotFetched)
    assert found.missing


@pytest.mark.parametrize("folder", ["", "r/teal"])
async def test_a_commit_of_github(
    server: Server, open_repositories: Open, tmp_path: Path, folder: str
) -> None:
    commit_on(server, f"api/v3/repos/ada/tools/tarball/{COMMIT}", f"{folder}/" if folder else "")
    server.wrong["tarball"] = "login"
    fetch = Fetch("teal", "", remote=github(server, folder))
    found = await get(open_repositories(netrc=netrc_for(server, tmp_path)), fetch)
    assert await get(open_repositories(netrc=netrc_for(server, tmp_path)), fetch) == found
    assert isinstance(found, Fetched)
    assert len(server.asked) == 1
    description = text_in(found.path, "teal/DESCRIPTION").splitlines()
    assert {"RemoteType: github", "RemoteRepo: tools", f"RemoteSha: {COMMIT}"} < set(description)
    assert f"GithubSHA1: {COMMIT}" in description
    assert ("RemoteSubdir: r/teal" in description) == bool(folder)


async def test_a_commit_of_gitlab(server: Server, open_repositories: Open, tmp_path: Path) -> None:
    commit_on(server, "api/v4/projects/team%2Fr%2Ftools/repository/archive.tar.gz")
    server.wrong["archive"] = "login"
    remote = Remote("gitlab", server.host, "team/r", "tools", COMMIT)
    found = await get(open_repositories(netrc=netrc_for(server, tmp_path)), Fetch("teal", "", remote=remote))
    assert isinstance(found, Fetched)
    assert server.asked == [f"/api/v4/projects/team%2Fr%2Ftools/repository/archive.tar.gz?sha={COMMIT}"]


async def test_a_branch_becomes_a_commit(server: Server, open_repositories: Open) -> None:
    commit_on(server, f"api/v3/repos/ada/tools/tarball/{COMMIT}")
    named = server.folder / "api/v3/repos/ada/tools/commits/main"
    named.parent.mkdir(parents=True)
    named.write_text(f'{{"sha": "{COMMIT}"}}')
    remote = replace(github(server), commit="main")
    found = await get(open_repositories(server.url), Fetch("teal", "", remote=remote))
    assert isinstance(found, Fetched)
    assert f"RemoteRef: main\nRemoteSha: {COMMIT}" in text_in(found.path, "teal/DESCRIPTION")


async def test_a_commit_that_is_not_there_is_missing(server: Server, open_repositories: Open) -> None:
    found = await get(open_repositories(server.url), Fetch("teal", "", remote=github(server)))
    assert isinstance(found, NotFetched)
    assert found.missing
    assert found.reason == f"{github(server)} is not there, or is private: not at {server.host}"


@pytest.mark.parametrize("owner", ["..", "ada/../..", "a b", "ada?x="])
async def test_strange_names_are_no_part_of_an_address(
    server: Server, open_repositories: Open, owner: str
) -> None:
    remote = replace(github(server), owner=owner)
    found = await get(open_repositories(server.url), Fetch("teal", "", remote=remote))
    assert isinstance(found, NotFetched)
    assert "is no package on GitHub or GitLab" in found.reason
    assert server.asked == []


async def test_a_login_goes_to_its_own_host_only(
    server: Server, open_repositories: Open, tmp_path: Path
) -> None:
    commit_on(server, "archive")
    with serve(server.folder) as own:
        own.wrong["tarball"] = f"to {server.url}/archive"
        repositories = open_repositories(server.url, netrc=netrc_for(own, tmp_path))
        found = await get(repositories, Fetch("teal", "", remote=github(own)))
        assert isinstance(found, Fetched)
        assert own.headers[0]["authorization"] == "Bearer secret"
    assert "authorization" not in server.headers[0]


async def test_a_private_repository_takes_name_and_password(
    server: Server, open_repositories: Open, tmp_path: Path
) -> None:
    server.wrong["/src/"] = "login"
    fetch = Fetch("gamma", "1.0.0", (f"{server.url}/src/contrib/gamma_1.0.0.tar.gz",))
    found = await get(open_repositories(server.url, netrc=netrc_for(server, tmp_path)), fetch)
    assert isinstance(found, Fetched)
    assert server.headers[0]["authorization"].startswith("Basic ")


async def test_logins_that_others_may_read_are_refused(
    server: Server, open_repositories: Open, tmp_path: Path
) -> None:
    with pytest.raises(Unavailable, match="Others may read") as told:
        open_repositories(netrc=netrc_for(server, tmp_path, mode=0o640))
    assert told.value.hint == f"Run `chmod 600 {tmp_path / 'netrc'}`."
    broken = netrc_for(server, tmp_path)
    broken.write_text("machine a password secret nonsense")
    with pytest.raises(Unavailable) as told:
        open_repositories(netrc=broken)
    assert "secret" not in told.value.message + told.value.hint


async def test_certificates_that_cannot_be_read_are_named(open_repositories: Open, tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="SANDBOX_CA_BUNDLE"):
        open_repositories(ca_bundle=tmp_path / "none.pem")
