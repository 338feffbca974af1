"""What may be asked for, and how much of it may come."""

import os
import socket
import time
from pathlib import Path

import pytest
from tests.repository import Server
from tests.server.repositories.conftest import Open
from tests.server.repositories.test_fetch import NO_BUNDLE, reason, wanted

from sandbox_server.domain.catalogue import Fetch
from sandbox_server.errors import StorageFull
from sandbox_server.repositories.addresses import is_own
from sandbox_server.repositories.archives import DAY, Archives
from sandbox_server.repositories.reading import Says

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.8.8.8", "0.0.0.0", "169.254.169.254", "::1", "::", "fe80::1%eth0",
        "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1", "2002:7f00:1::", "64:ff9b::127.0.0.1",
    ],
)  # fmt: skip
def test_this_machine_is_known_however_it_is_written(address: str) -> None:
    assert is_own(address)


@pytest.mark.parametrize("address", ["192.0.2.7", "2001:db8::1", "::ffff:192.0.2.7", "64:ff9b::192.0.2.7"])
def test_others_are_not_this_machine(address: str) -> None:
    assert not is_own(address)


def test_the_addresses_of_its_interfaces_are_its_own() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.7", 9))
        assert is_own(probe.getsockname()[0])


async def test_no_other_spelling_of_this_machine_gets_through(
    server: Server, open_repositories: Open
) -> None:
    port = server.url.rpartition(":")[2]
    for host in ("[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "localhost", "127.1"):
        one = Fetch("alpha", "1.0.0", (f"http://{host}:{port}/src/contrib/alpha_1.0.0.tar.gz",))
        assert "is this machine itself" in await reason(open_repositories(), one)


async def test_nothing_is_fetched_when_the_disk_is_nearly_full(
    server: Server, open_repositories: Open
) -> None:
    repositories = open_repositories(server.url, reserve=1 << 60)
    with pytest.raises(StorageFull, match="bytes are free on the server's disk"):
        await repositories.fetch([wanted(server, "alpha")], NO_BUNDLE, lambda _: None)


async def test_one_build_fetches_no_more_than_it_may(server: Server, open_repositories: Open) -> None:
    why = await reason(open_repositories(server.url, total=100), wanted(server, "alpha"))
    assert why == "the archives of this build are more than 100 bytes (SANDBOX_BUILD_DISK)"


def test_the_oldest_archives_go_when_there_are_too_many(tmp_path: Path) -> None:
    archives, places = Archives(tmp_path), ("old", "older", "new")
    for days, place in zip((10, 20, 0), places, strict=True):
        with archives.arriving() as arriving:
            arriving.write_bytes(place.encode().ljust(100))
            kept = archives.keep(arriving, place, Says("a", "1"))
        os.utime(kept.path, (time.time() - days * DAY,) * 2)
    archives.collect(90, most=250)
    assert not archives.find("older")
    archives.collect(90, most=0)
    assert [place for place in places if archives.find(place)] == ["new"]
