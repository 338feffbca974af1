"""Archives from real repositories on loopback, good and bad."""

import gzip
import hashlib
import tarfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from tests.repository import Package, Server, archive_of, make_repository, md5_of, tarball
from tests.server.repositories.conftest import Open

from sandbox_server.domain.catalogue import Fetch, Fetched, Need, NotFetched
from sandbox_server.repositories import Repositories

pytestmark = pytest.mark.anyio

NO_BUNDLE = Path("/nowhere")


def wanted(server: Server, name: str, version: str = "1.0.0", md5: str = "") -> Fetch:
    contrib = f"{server.url}/src/contrib"
    file = f"{name}_{version}.tar.gz"
    return Fetch(name, version, (f"{contrib}/{file}", f"{contrib}/Archive/{name}/{file}"), md5)


async def fetch(repositories: Repositories, *fetches: Fetch, r: str = "") -> Sequence[Fetched | NotFetched]:
    return await repositories.fetch(fetches, NO_BUNDLE, lambda _: None, r)


async def reason(repositories: Repositories, one: Fetch) -> str:
    [found] = await fetch(repositories, one)
    assert isinstance(found, NotFetched), found
    return found.reason


def bomb() -> bytes:
    """A file of 300 MiB, by its header."""
    entry = tarfile.TarInfo("gamma/DESCRIPTION")
    entry.size = 300 * 1024 * 1024
    return gzip.compress(entry.tobuf(), mtime=0)


def content(found: Fetched) -> bytes:
    return Path(found.path).read_bytes()


def left_over(tmp_path: Path) -> list[Path]:
    return list((tmp_path / "packages" / "arriving").iterdir())


async def test_it_works(server: Server, open_repositories: Open) -> None:
    heard: list[str] = []
    fetches = [wanted(server, name) for name in ("alpha", "kettle", "native", "beta", "gamma")]
    found = await open_repositories(server.url).fetch(fetches, NO_BUNDLE, heard.append)
    assert [one.name for one in found if isinstance(one, Fetched)] == [one.name for one in fetches]
    first = found[0]
    assert isinstance(first, Fetched)
    assert first.needs == (Need("beta", "1.0"),)
    alpha = archive_of(Package("alpha", imports=("beta (>= 1.0)",)))
    assert content(first) == alpha
    assert first.sha256 == hashlib.sha256(alpha).hexdigest()
    assert heard[-1].startswith("fetched 5 of 5 archives: ")
    kettle = found[1]
    assert isinstance(kettle, Fetched)
    assert kettle.url == f"{server.url}/src/contrib/Archive/kettle/kettle_1.0.0.tar.gz"


async def test_nothing_is_fetched_twice(server: Server, open_repositories: Open) -> None:
    for _ in range(2):
        [found] = await fetch(open_repositories(server.url), wanted(server, "gamma"))
        assert isinstance(found, Fetched)
    assert server.asked == ["/src/contrib/gamma_1.0.0.tar.gz"]


async def test_a_folder_serves_as_well(server: Server, open_repositories: Open) -> None:
    url = f"file://{server.folder}"
    one = Fetch("gamma", "1.0.0", (f"{url}/src/contrib/gamma_1.0.0.tar.gz",), md5_of(Package("gamma")))
    [found] = await fetch(open_repositories(url), one)
    assert isinstance(found, Fetched)
    assert "is no repository of this server's settings" in await reason(open_repositories(), one)
    outside = Fetch("gamma", "1.0.0", (f"{url}/../secret_1.0.0.tar.gz",))
    assert "is no repository of this server's settings" in await reason(open_repositories(url), outside)


async def test_a_version_that_never_existed_is_missing(server: Server, open_repositories: Open) -> None:
    [found] = await fetch(open_repositories(server.url), wanted(server, "kettle", "9.9"))
    assert found == NotFetched(wanted(server, "kettle", "9.9"), f"not at {server.url}", missing=True)


async def test_a_checksum_that_differs_is_told(server: Server, open_repositories: Open) -> None:
    repositories = open_repositories(server.url)
    right = md5_of(Package("gamma"))
    told = await reason(repositories, wanted(server, "gamma", md5="0" * 32))
    assert told.startswith(f"its checksum differs: {'0' * 32} is expected, {server.url}")
    assert told.endswith(f"has {right}")
    [found] = await fetch(repositories, wanted(server, "gamma", md5=right))
    assert isinstance(found, Fetched)
    assert "its checksum differs" in await reason(repositories, wanted(server, "gamma", md5="0" * 32))


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ("500", "{host} answered 500 after 0."),
        ("hang", "{host} sent nothing for 0.5 s (0."),
        ("short", "{host} broke off before the end it had announced"),
        ("long", "is not a usable archive: the archive is cut short"),
        ("damage", "is not a usable archive"),
        ("login", "{host} answered 401: it wants a login"),
        ("to file:///etc/passwd", "file is no way to fetch"),
        ("to http://127.0.0.1:9/x", "127.0.0.1 is this machine itself"),
    ],
)
async def test_a_bad_repository_is_named(
    server: Server, open_repositories: Open, tmp_path: Path, wrong: str, words: str
) -> None:
    server.wrong["gamma"] = wrong
    found = await fetch(open_repositories(server.url), wanted(server, "gamma"), wanted(server, "beta"))
    assert isinstance(found[0], NotFetched)
    assert words.format(host=server.host) in found[0].reason
    assert not found[0].missing
    assert isinstance(found[1], Fetched)
    assert left_over(tmp_path) == []


async def test_one_that_drips_for_ever_is_left(server: Server, open_repositories: Open) -> None:
    server.wrong["gamma"] = "drip"
    told = await reason(open_repositories(server.url, timeout=0.1), wanted(server, "gamma"))
    assert told == f"{server.host} took longer than 2 s"


async def test_what_a_bad_repository_lacks_the_next_one_has(server: Server, open_repositories: Open) -> None:
    server.wrong["bad"] = "500"
    one = wanted(server, "gamma")
    urls = (f"{server.url}/bad/src/contrib/gamma_1.0.0.tar.gz", *one.urls)
    [found] = await fetch(open_repositories(server.url), Fetch("gamma", "1.0.0", urls))
    assert isinstance(found, Fetched)


async def test_an_archive_has_a_limit(server: Server, open_repositories: Open) -> None:
    repositories = open_repositories(server.url, archive_limit=100)
    assert "larger than 100 bytes" in await reason(repositories, wanted(server, "gamma"))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (archive_of(Package("other")), "holds other 1.0.0 instead"),
        (archive_of(Package("gamma", "2.0")), "holds gamma 2.0 instead"),
        (archive_of(Package("gamma"), top="delta"), "gamma is in a folder 'delta'"),
        (tarball({"gamma/R/x.R": "1"}), "is not one folder with a DESCRIPTION"),
        (tarball({"gamma/DESCRIPTION": "Package: gamma\n"}), "has no Package or no Version"),
        (tarball({"gamma/../../x": "1"}), "leads out of the package"),
        (bomb(), "unpacks to far more than an R package has"),
        (b"<html>Welcome</html>", "is not a usable archive"),
    ],
)
async def test_what_is_no_such_package_is_refused(
    server: Server, open_repositories: Open, content: bytes, words: str
) -> None:
    (server.folder / "src/contrib/gamma_1.0.0.tar.gz").write_bytes(content)
    told = await reason(open_repositories(server.url), wanted(server, "gamma"))
    assert told.startswith(f"what {server.url}/src/contrib/gamma_1.0.0.tar.gz sent ")
    assert words in told


async def test_a_binary_is_kept_for_its_r_only(server: Server, open_repositories: Open) -> None:
    built = Package("gamma", fields={"Built": "R 4.5.0; ; 2025-05-01 10:00:00 UTC; unix"})
    make_repository(server.folder, [built])
    repositories = open_repositories(server.url)
    for _ in range(2):
        [found] = await fetch(repositories, wanted(server, "gamma", md5="0" * 32), r="4.5.0")
        assert isinstance(found, Fetched)
        assert found.built == "4.5.0"
    assert len(server.asked) == 1
    assert server.headers[0]["user-agent"].startswith("R (4.5.0 ")
    await fetch(repositories, wanted(server, "gamma"), r="4.4.1")
    assert len(server.asked) == 2


async def test_a_killed_fetch_is_tidied_and_old_archives_go(
    server: Server, open_repositories: Open, tmp_path: Path
) -> None:
    repositories = open_repositories(server.url)
    (tmp_path / "packages/arriving/half").write_bytes(b"half")
    repositories.tidy()
    assert left_over(tmp_path) == []
    [found] = await fetch(repositories, wanted(server, "gamma"))
    assert isinstance(found, Fetched)
    repositories.collect(keep_days=1)
    assert content(found)
    repositories.collect(keep_days=-1)
    with pytest.raises(FileNotFoundError):
        content(found)
    [again] = await fetch(repositories, wanted(server, "gamma"))
    assert again == found
