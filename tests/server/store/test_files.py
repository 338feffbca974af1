"""Bundles and the key file: real files on real file systems."""

import hashlib
import os
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from sandbox_server.errors import BadBundle, SandboxError, StorageFull, TooLarge
from sandbox_server.store import Bundles, Sealer

pytestmark = pytest.mark.anyio

DATA = b"a bundle" * 1000
DIGEST = hashlib.sha256(DATA).hexdigest()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of one megabyte."""
    folder = tmp_path / "small"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


async def stream(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


async def test_it_works(tmp_path: Path) -> None:
    bundles = Bundles(tmp_path, limit=10**6, reserve=0)
    await bundles.receive(DIGEST, stream(DATA[:5], DATA[5:]), lambda path: None)
    assert bundles.has(DIGEST)
    assert files(tmp_path) == [bundles.path(DIGEST)]
    assert bundles.path(DIGEST).read_bytes() == DATA


async def test_what_is_not_what_was_announced_is_not_kept(tmp_path: Path) -> None:
    bundles = Bundles(tmp_path, limit=10**6, reserve=0)
    with pytest.raises(BadBundle, match="SHA-256"):
        await bundles.receive(DIGEST, stream(DATA, b"more"), lambda path: None)
    assert files(tmp_path) == []


async def test_what_is_too_large_is_not_kept(tmp_path: Path) -> None:
    bundles = Bundles(tmp_path, limit=100, reserve=0)
    with pytest.raises(TooLarge):
        await bundles.receive(DIGEST, stream(DATA), lambda path: None)
    assert files(tmp_path) == []


async def test_what_is_not_accepted_is_not_kept(tmp_path: Path) -> None:
    def refuse(path: Path) -> None:
        assert path.read_bytes() == DATA
        raise BadBundle("no")

    bundles = Bundles(tmp_path, limit=10**6, reserve=0)
    with pytest.raises(BadBundle):
        await bundles.receive(DIGEST, stream(DATA), refuse)
    assert files(tmp_path) == []


async def test_a_connection_that_breaks_leaves_nothing(tmp_path: Path) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield DATA[:100]
        raise ConnectionResetError

    bundles = Bundles(tmp_path, limit=10**6, reserve=0)
    with pytest.raises(ConnectionResetError):
        await bundles.receive(DIGEST, broken(), lambda path: None)
    assert files(tmp_path) == []


async def test_a_full_disk_is_said_and_nothing_is_kept(small_disk: Path) -> None:
    bundles = Bundles(small_disk, limit=10**8, reserve=0)
    with pytest.raises(StorageFull):
        await bundles.receive(DIGEST, stream(*[os.urandom(2**16)] * 40), lambda path: None)
    assert files(small_disk) == []


async def test_the_reserve_is_kept_free(small_disk: Path) -> None:
    bundles = Bundles(small_disk, limit=10**6, reserve=2**30)
    with pytest.raises(StorageFull, match="nearly full"):
        await bundles.receive(DIGEST, stream(DATA), lambda path: None)


async def test_what_a_kill_left_half_written_is_tidied_up(tmp_path: Path) -> None:
    bundles = Bundles(tmp_path, limit=10**6, reserve=0)
    (tmp_path / "arriving" / "0badcafe").write_bytes(b"half")
    bundles.tidy()
    assert files(tmp_path) == []


async def test_only_what_nobody_needs_goes(tmp_path: Path) -> None:
    bundles = Bundles(tmp_path, limit=10**6, reserve=0)
    other = hashlib.sha256(b"other").hexdigest()
    for digest, data in ((DIGEST, DATA), (other, b"other")):
        await bundles.receive(digest, stream(data), lambda path: None)
    now = bundles.path(other).stat().st_mtime + 1
    bundles.remove_all_but({DIGEST}, now - 3600)
    assert bundles.has(other)
    bundles.remove_all_but({DIGEST}, now)
    assert (bundles.has(DIGEST), bundles.has(other)) == (True, False)


async def test_what_was_just_asked_for_stays(tmp_path: Path) -> None:
    bundles = Bundles(tmp_path, limit=10**6, reserve=0)
    await bundles.receive(DIGEST, stream(DATA), lambda path: None)
    os.utime(bundles.path(DIGEST), (0, 0))
    assert bundles.has(DIGEST)
    bundles.remove_all_but(set(), younger_than=1)
    assert bundles.has(DIGEST)
    assert not bundles.has("0" * 64)


def test_the_key_file_is_for_the_platform_only(tmp_path: Path) -> None:
    sealed = Sealer(tmp_path / "key").seal("swordfish")
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o400
    assert b"swordfish" not in sealed
    assert Sealer(tmp_path / "key").open(sealed) == "swordfish"


def test_another_key_cannot_open_it(tmp_path: Path) -> None:
    sealed = Sealer(tmp_path / "key").seal("swordfish")
    with pytest.raises(SandboxError, match="cannot be decrypted"):
        Sealer(tmp_path / "other").open(sealed)
