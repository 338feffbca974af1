"""Outputs on disk: whole or not there, and given back byte for byte."""

import hashlib
import io
import os
import sys
import tarfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.server.documents import packed

from sandbox_server.errors import BadBundle, RuntimeUnavailable, StorageFull, TooLarge
from sandbox_server.store import Outputs

pytestmark = pytest.mark.anyio

ARCHIVE = packed({"index.html": "<p>grüezi</p>", "data/sales.csv": "a,b\n" * 50_000})


@pytest.fixture
def outputs(tmp_path: Path) -> Outputs:
    return Outputs(tmp_path / "outputs", limit=len(ARCHIVE), reserve=0)


async def parts(archive: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(archive), 10_000):
        yield archive[start : start + 10_000]


def archive(*members: tuple[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, kind in members:
            entry = tarfile.TarInfo(name)
            entry.type = kind
            tar.addfile(entry)
    return buffer.getvalue()


async def broken() -> AsyncIterator[bytes]:
    yield ARCHIVE[:1000]
    raise RuntimeUnavailable("The container went away.")


async def test_what_was_kept_comes_back(outputs: Outputs) -> None:
    digest, size = await outputs.keep(parts(ARCHIVE))
    assert digest == hashlib.sha256(ARCHIVE).hexdigest()
    assert 0 < size < len(ARCHIVE)
    assert b"".join([part async for part in outputs.archive(digest)]) == ARCHIVE
    assert await outputs.keep(parts(ARCHIVE)) == (digest, size)


async def test_half_an_archive_leaves_nothing(outputs: Outputs, tmp_path: Path) -> None:
    with pytest.raises(RuntimeUnavailable):
        await outputs.keep(broken())
    assert list((tmp_path / "outputs").iterdir()) == []


async def test_one_without_end_is_refused(outputs: Outputs, tmp_path: Path) -> None:
    with pytest.raises(TooLarge):
        await outputs.keep(parts(ARCHIVE + b"x"))
    assert list((tmp_path / "outputs").iterdir()) == []


async def test_its_files_are_read_for_a_comparison(outputs: Outputs) -> None:
    digest, _ = await outputs.keep(parts(ARCHIVE))
    files = outputs.files(digest, most=1000)
    page = "<p>grüezi</p>".encode()
    assert files == {"index.html": page, "data/sales.csv": hashlib.sha256(b"a,b\n" * 50_000).digest()}
    assert outputs.files(digest, most=3)["index.html"] == hashlib.sha256(page).digest()


async def test_an_archive_that_is_none_is_not_read(outputs: Outputs) -> None:
    outputs.path("0" * 64).parent.mkdir()
    outputs.path("0" * 64).write_bytes(b"x" * 2048)
    with pytest.raises(BadBundle):
        outputs.files("0" * 64, most=1000)


@pytest.mark.parametrize(
    ("name", "kind", "words"),
    [
        ("output/link", tarfile.SYMTYPE, "a symbolic link"),
        ("output/link", tarfile.LNKTYPE, "a hard link"),
        ("output/pipe", tarfile.FIFOTYPE, "a pipe"),
        ("output/../../etc/passwd", tarfile.REGTYPE, "leads out of the folder"),
        ("/output/index.html", tarfile.REGTYPE, "is absolute"),
        ("elsewhere/index.html", tarfile.REGTYPE, "not in the output's folder"),
        ("output", tarfile.REGTYPE, "not in the output's folder"),
        ("output/" + "a" * 300, tarfile.REGTYPE, "is too long"),
    ],
)
async def test_what_is_no_plain_folder_is_refused(
    outputs: Outputs, tmp_path: Path, name: str, kind: bytes, words: str
) -> None:
    with pytest.raises(BadBundle, match=words):
        await outputs.keep(parts(archive(("output", tarfile.DIRTYPE), (name, kind))))
    assert list((tmp_path / "outputs").iterdir()) == []


async def test_one_of_too_many_files_is_refused(tmp_path: Path) -> None:
    outputs = Outputs(tmp_path / "outputs", limit=sys.maxsize, reserve=0)
    names = [(f"output/{number}", tarfile.REGTYPE) for number in range(20_001)]
    await outputs.keep(parts(archive(*names[:-1])))
    with pytest.raises(BadBundle, match="more than 20,000"):
        await outputs.keep(parts(archive(*names)))


async def test_the_disks_reserve_is_left(tmp_path: Path) -> None:
    outputs = Outputs(tmp_path / "outputs", limit=sys.maxsize, reserve=sys.maxsize)
    with pytest.raises(StorageFull):
        await outputs.keep(parts(ARCHIVE))
    assert list((tmp_path / "outputs").iterdir()) == []


async def test_what_nobody_needs_goes(outputs: Outputs, tmp_path: Path) -> None:
    digest, _ = await outputs.keep(parts(ARCHIVE))
    (tmp_path / "outputs" / "rest.draft").write_bytes(b"half")
    for path in (tmp_path / "outputs").iterdir():
        os.utime(path, (1000, 1000))
    outputs.remove_all_but({digest}, younger_than=2000)
    assert [path.name for path in (tmp_path / "outputs").iterdir()] == [f"{digest}.tar.gz"]
    outputs.remove_all_but(set(), younger_than=500)
    assert outputs.has(digest)
    outputs.remove_all_but(set(), younger_than=2000)
    assert not outputs.has(digest)
