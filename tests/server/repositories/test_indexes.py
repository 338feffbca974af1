"""Real repositories on loopback, good and bad."""

import gzip
import os
from pathlib import Path

import pytest
from tests.repository import Server
from tests.server.repositories.conftest import Open

from sandbox_server.domain.catalogue import Index, Need, Unreachable
from sandbox_server.repositories.indexes import FRESH, LARGEST_INDEX, USABLE

pytestmark = pytest.mark.anyio


def age(folder: Path, seconds: float) -> None:
    """Let every kept index be so much older."""
    for path in (folder / "index").iterdir():
        head, _, data = path.read_bytes().partition(b"\n")
        asked = float(head.split(b'"asked": ')[1].split(b",")[0])
        path.write_bytes(head.replace(str(asked).encode(), str(asked - seconds).encode()) + b"\n" + data)


async def test_it_says_what_there_is(server: Server, open_repositories: Open) -> None:
    [index] = await open_repositories(server.url).indexes()
    assert isinstance(index, Index)
    assert (index.url, index.records["kettle"].version) == (server.url, "1.10.0")
    assert index.records["alpha"].needs == (Need("beta", "1.0"),)
    assert len(index.records["kettle"].md5) == 32
    assert "nothing" not in index.records
    assert len(index.records) == len(list(index.records)) == 6


async def test_a_folder_serves_as_well(server: Server, open_repositories: Open) -> None:
    [index] = await open_repositories(f"file://{server.folder}").indexes()
    assert isinstance(index, Index)
    assert "gamma" in index.records


async def test_an_index_without_compression_serves(server: Server, open_repositories: Open) -> None:
    server.wrong["PACKAGES.gz"] = "404"
    [index] = await open_repositories(server.url).indexes()
    assert isinstance(index, Index)
    assert server.asked == ["/src/contrib/PACKAGES.gz", "/src/contrib/PACKAGES"]


async def test_it_is_asked_again_only_when_it_is_old(
    server: Server, open_repositories: Open, tmp_path: Path
) -> None:
    repositories = open_repositories(server.url)
    await repositories.indexes()
    await repositories.indexes()
    assert len(server.asked) == 1
    age(tmp_path / "packages", FRESH + 1)
    [index] = await repositories.indexes()
    assert isinstance(index, Index)
    assert "if-none-match" in server.headers[1]
    await repositories.indexes()
    assert len(server.asked) == 2


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ("500", "answered 500 after 0."),
        ("hang", "sent nothing for 0.5 s (0."),
        ("drip", "took longer than 2 s"),
        ("short", "broke off before the end it had announced"),
        ("long", "cut short or far too large"),
        ("damage", "is not a package index: it is damaged"),
        ("404", "has no package index at src/contrib/PACKAGES"),
        ("login", "answered 401: it wants a login"),
        ("to file:///etc/passwd", "is no way to fetch"),
        ("to /src/contrib/PACKAGES.gz", "redirects without end"),
    ],
)
async def test_a_bad_one_is_named(server: Server, open_repositories: Open, wrong: str, reason: str) -> None:
    server.wrong["PACKAGES"] = wrong
    [found] = await open_repositories(server.url).indexes()
    assert isinstance(found, Unreachable)
    assert reason in found.reason
    assert found.url == server.url
    assert found.seconds < 60


async def test_an_index_that_unpacks_without_end_is_refused(server: Server, open_repositories: Open) -> None:
    bomb = gzip.compress(bytes(LARGEST_INDEX + 1), compresslevel=1)
    (server.folder / "src/contrib/PACKAGES.gz").write_bytes(bomb)
    [found] = await open_repositories(server.url).indexes()
    assert isinstance(found, Unreachable)
    assert "cut short or far too large" in found.reason


async def test_an_index_from_before_serves_for_a_day(
    server: Server, open_repositories: Open, tmp_path: Path
) -> None:
    repositories = open_repositories(server.url)
    await repositories.indexes()
    server.wrong["PACKAGES"] = "500"
    age(tmp_path / "packages", FRESH + 1)
    [index] = await repositories.indexes()
    assert isinstance(index, Index)
    assert "kettle" in index.records
    assert f"{server.url} is away ({server.host} answered 500" in index.notice
    age(tmp_path / "packages", USABLE)
    assert isinstance((await repositories.indexes())[0], Unreachable)


async def test_those_of_the_lock_come_after_the_configured_ones(
    server: Server, open_repositories: Open
) -> None:
    repositories = open_repositories(server.url, "http://127.0.0.1:9", bioconductor=f"{server.url}/b/")
    found = await repositories.indexes([f"{server.url}/", "ftp://old.example.org"], "3.20")
    assert [one.url.removeprefix(server.url) for one in found] == [
        "",
        "http://127.0.0.1:9",
        "/b/packages/3.20/bioc",
        "/b/packages/3.20/data/annotation",
        "/b/packages/3.20/data/experiment",
        "ftp://old.example.org",
    ]
    assert [isinstance(one, Index) for one in found] == [True] + 5 * [False]


async def test_a_lock_cannot_send_the_server_to_itself(server: Server, open_repositories: Open) -> None:
    secret = f"file://{server.folder}"
    found = await open_repositories().indexes([server.url, f"http://localhost:{server.server_port}", secret])
    assert all(isinstance(one, Unreachable) for one in found)
    assert server.asked == []


async def test_a_repository_hears_which_r_asks(server: Server, open_repositories: Open) -> None:
    await open_repositories(server.url).indexes(r="4.5.0")
    machine = os.uname().machine
    assert server.headers[0]["user-agent"] == f"R (4.5.0 {machine}-pc-linux-gnu {machine} linux-gnu)"
