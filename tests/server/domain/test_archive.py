import gzip
import io
import os
import tarfile
import tracemalloc
import zlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sandbox_server.domain.archive import Contents, Limits, Member, inspect, read_text, repack
from sandbox_server.errors import BadBundle, SandboxError, TooLarge

LIMITS = Limits(packed=1_000_000, unpacked=2_000_000, files=50)


def info(name: str, **fields: object) -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    for field, value in fields.items():
        setattr(made, field, value)
    return made


def tar(*members: tuple[tarfile.TarInfo, bytes], form: int = tarfile.PAX_FORMAT) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form) as archive:
        for member, data in members:
            member.size = member.size or len(data)
            archive.addfile(member, io.BytesIO(data) if data else None)
    return buffer.getvalue()


def file(name: str, data: bytes = b"x") -> tuple[tarfile.TarInfo, bytes]:
    return info(name), data


def folder(name: str) -> tuple[tarfile.TarInfo, bytes]:
    return info(name, type=tarfile.DIRTYPE, mode=0o755), b""


def packed(tmp_path: Path, data: bytes) -> Path:
    path = tmp_path / "bundle.tar.gz"
    path.write_bytes(gzip.compress(data))
    return path


def refusal(tmp_path: Path, *members: tuple[tarfile.TarInfo, bytes], form: int = tarfile.PAX_FORMAT) -> str:
    with pytest.raises(BadBundle) as caught:
        inspect(packed(tmp_path, tar(*members, form=form)), LIMITS)
    assert caught.value.message.isprintable()
    return caught.value.message


def test_it_works(tmp_path: Path) -> None:
    members = (
        folder("./"),
        file("./app.R", b"library(shiny)"),
        folder("data"),
        (info("data/run.sh", mode=0o755), b""),
    )
    found = inspect(packed(tmp_path, tar(*members)), LIMITS)
    assert found == Contents((Member("app.R", 14, False), Member("data/run.sh", 0, True)), 14)


@pytest.mark.parametrize("form", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT])
def test_long_and_foreign_names_are_read_in_every_dialect(tmp_path: Path, form: int) -> None:
    name = "größe/" + "f" * 70 + "/" + "n" * 80 + ".R"
    assert inspect(packed(tmp_path, tar(file(name), form=form)), LIMITS).members[0].path == name


def test_names_are_composed_characters(tmp_path: Path) -> None:
    assert inspect(packed(tmp_path, tar(file("a\u0308.R"))), LIMITS).members[0].path == "ä.R"


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (tarfile.SYMTYPE, "a symbolic link"),
        (tarfile.LNKTYPE, "a hard link"),
        (tarfile.CHRTYPE, "a character device"),
        (tarfile.BLKTYPE, "a block device"),
        (tarfile.FIFOTYPE, "a pipe"),
        (tarfile.CONTTYPE, "a contiguous file"),
        (tarfile.GNUTYPE_SPARSE, "a sparse file"),
        (b"Z", "of an unknown kind"),
    ],
)
def test_anything_but_files_and_folders_is_named_and_refused(tmp_path: Path, kind: bytes, said: str) -> None:
    bad = info("evil", type=kind, linkname="/etc/passwd")
    assert refusal(tmp_path, file("app.R"), (bad, b"")).startswith(f"'evil' is {said}")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("/etc/passwd", "is absolute"),
        ("//etc", "is absolute"),
        ("../evil", "leads out"),
        ("a/../../evil", "leads out"),
        ("./../evil", "leads out"),
        ("a/..", "leads out"),
        ("a//b", "empty part"),
        ("a/./b", "empty part"),
        ("a\\b", "backslash"),
        ("..\\evil", "backslash"),
        ("a\x01b", "control character"),
        ("a\nb", "control character"),
        ("a\x9bb", "control character"),
        ("n" * 256, "too long"),
        ("a/" * 600 + "b", "too long"),
        ("a/" * 41 + "b", "too deep"),
        ("", "has no name"),
        (".", "has no name"),
        ("app.R/", "name of a folder"),
    ],
)
def test_names_that_lead_astray_are_refused(tmp_path: Path, name: str, said: str) -> None:
    assert said in refusal(tmp_path, file("ok"), (info(name), b"x"))


def test_a_zero_byte_in_a_long_name_is_refused(tmp_path: Path) -> None:
    assert "control character" in refusal(tmp_path, (info("a", pax_headers={"path": "ok\0evil"}), b"x"))


def test_names_that_are_not_utf_8_are_refused(tmp_path: Path) -> None:
    data = bytearray(tar(file("abc"), form=tarfile.USTAR_FORMAT))
    data[0] += 0x80
    data[148:156] = b"%06o\0 " % (sum(data[:148]) + sum(data[156:512]) + 256)
    with pytest.raises(BadBundle, match="not UTF-8"):
        inspect(packed(tmp_path, bytes(data)), LIMITS)


def test_a_name_is_one_thing_only(tmp_path: Path) -> None:
    assert "'a' is in the archive twice" in refusal(tmp_path, file("a"), file("./a"))
    assert "'a' is in the archive twice" in refusal(tmp_path, file("a"), folder("a"))
    assert "'ä' is in the archive twice" in refusal(tmp_path, file("ä"), file("a\u0308"))
    assert "'a' is a file and a folder" in refusal(tmp_path, file("a"), file("a/b"))
    assert "'a' is a file and a folder" in refusal(tmp_path, file("a/b/c"), file("a"))


@pytest.mark.parametrize("key", ["size", "linkpath", "GNU.sparse.major", "GNU.sparse.name", "hdrcharset"])
def test_headers_that_override_are_refused(tmp_path: Path, key: str) -> None:
    assert "overrides" in refusal(tmp_path, (info("a", pax_headers={key: "1"}), b"x"))


def test_one_name_for_all_members_is_refused(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", pax_headers={"path": "evil"}) as archive:
        archive.addfile(info("a"))
    with pytest.raises(BadBundle, match="one name to all"):
        inspect(packed(tmp_path, buffer.getvalue()), LIMITS)


def test_what_git_and_macs_add_is_passed_over(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", pax_headers={"comment": "3f2a1c9"}) as archive:
        archive.addfile(info("a", pax_headers={"LIBARCHIVE.xattr.com.apple": "x" * 5000, "mtime": "1.5"}))
    assert inspect(packed(tmp_path, buffer.getvalue()), LIMITS).members == (Member("a", 0, False),)


def test_a_header_of_any_size_is_not_read_into_memory(tmp_path: Path) -> None:
    member = info("pax", type=tarfile.XHDTYPE, size=50_000_000)
    with pytest.raises(BadBundle, match="far too long"):
        inspect(packed(tmp_path, tar((member, b"")) + bytes(50_000_000)), LIMITS)


def test_limits_name_the_member(tmp_path: Path) -> None:
    with pytest.raises(TooLarge, match=r"'big' .* 1.9 MiB unpacked"):
        inspect(packed(tmp_path, tar(file("a"), file("big", bytes(2_000_000)))), LIMITS)
    with pytest.raises(TooLarge, match=r"'f50' .* 50 files"):
        inspect(packed(tmp_path, tar(*(file(f"f{number}") for number in range(51)))), LIMITS)
    with pytest.raises(TooLarge, match="files and folders"):
        inspect(packed(tmp_path, tar(*(file(f"{number}/a") for number in range(26)))), LIMITS)
    with pytest.raises(TooLarge, match="packed"):
        inspect(packed(tmp_path, tar(file("noise", os.urandom(1_000_001)))), LIMITS)


def test_a_bomb_stops_at_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "bomb.tar.gz"
    press = zlib.compressobj(9, zlib.DEFLATED, 31)
    with path.open("wb") as out:
        out.write(press.compress(tar((info("bomb", size=2**32), b""))[:512]))
        for _ in range(256):
            out.write(press.compress(bytes(2**20)))
        out.write(press.flush())
    tracemalloc.start()
    try:
        with pytest.raises(TooLarge, match="'bomb'"):
            inspect(path, LIMITS)
        with pytest.raises(BadBundle, match="cut short"):
            inspect(path, Limits(packed=2**32))
        assert tracemalloc.get_traced_memory()[1] < 8_000_000
    finally:
        tracemalloc.stop()


def test_an_archive_must_be_whole(tmp_path: Path) -> None:
    whole = gzip.compress(tar(file("app.R", os.urandom(5000))))
    path = tmp_path / "cut.tar.gz"
    for length in (0, 1, 20, 600, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(BadBundle):
            inspect(path, LIMITS)


def test_nothing_may_follow_the_end(tmp_path: Path) -> None:
    whole = tar(file("app.R"))
    for data in (
        gzip.compress(whole) + b"x",
        gzip.compress(whole) + gzip.compress(whole),
        gzip.compress(whole + b"x"),
    ):
        path = tmp_path / "long.tar.gz"
        path.write_bytes(data)
        with pytest.raises(BadBundle, match="after the end"):
            inspect(path, LIMITS)


def test_endless_padding_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadBundle, match="after the end"):
        inspect(packed(tmp_path, tar(file("app.R")) + bytes(3_000_000)), LIMITS)


def test_a_damaged_archive_is_refused(tmp_path: Path) -> None:
    data = bytearray(gzip.compress(tar(file("app.R", os.urandom(5000)))))
    data[-6] ^= 1
    path = tmp_path / "damaged.tar.gz"
    path.write_bytes(bytes(data))
    with pytest.raises(BadBundle, match="damaged"):
        inspect(path, LIMITS)


@pytest.mark.parametrize("data", [b"PK\x03\x04" * 300, b"hello", b"\0" * 512, b"\xff" * 2048])
def test_what_is_no_archive_is_refused(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(BadBundle):
        inspect(packed(tmp_path, data), LIMITS)
    path = tmp_path / "plain"
    path.write_bytes(data)
    with pytest.raises(BadBundle):
        inspect(path, LIMITS)


def test_a_bundle_without_files_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path, folder("data")) == "The bundle has no files."


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(at=st.integers(0, 3071), value=st.integers(0, 255))
def test_any_changed_byte_is_read_or_refused(tmp_path: Path, at: int, value: int) -> None:
    data = bytearray(tar(file("app.R"), file("n" * 120), form=tarfile.GNU_FORMAT))
    data[at] = value
    try:
        found = inspect(packed(tmp_path, bytes(data)), LIMITS)
    except SandboxError:
        return
    assert found.total <= LIMITS.unpacked


def test_wanted_files_are_read_as_text(tmp_path: Path) -> None:
    path = packed(
        tmp_path, tar(file("a.R", b"\xef\xbb\xbfx <- '\xc3\xa4'"), file("b.R", b"\xff"), file("c.R", b"long"))
    )
    assert read_text(path, {"a.R", "b.R", "missing"}) == {"a.R": "x <- 'ä'", "b.R": "\ufffd"}
    assert read_text(path, ["c.R"], limit=3) == {"c.R": "lon"}
    assert read_text(path, []) == {}


def test_repacked_files_are_the_same_and_belong_to_root(tmp_path: Path) -> None:
    members = (
        (info("deep/er/run.sh", mode=0o6711, uid=1000, gname="staff", mtime=1_600_000_000), b"#!"),
        (info("ä" * 60 + "/" + "n" * 120, mtime=2**33), b"y" * 700),
        folder("empty"),
    )
    source, target = packed(tmp_path, tar(*members)), tmp_path / "out.tar"
    with target.open("wb") as written_to:
        repack(source, written_to, "opt/sandbox/app", {"opt/sandbox/runner.R": b"run"})
    with tarfile.open(target, "r:") as archive:
        written = {member.name: member for member in archive}
        assert list(written)[:6] == [
            "opt",
            "opt/sandbox",
            "opt/sandbox/app",
            "opt/sandbox/app/deep",
            "opt/sandbox/app/deep/er",
            "opt/sandbox/app/deep/er/run.sh",
        ]
        assert all((member.uid, member.gid, member.uname) == (0, 0, "") for member in written.values())
        assert written["opt/sandbox/app/deep/er/run.sh"].mode == 0o755
        assert written["opt/sandbox/app/deep/er/run.sh"].mtime == 1_600_000_000
        long = written["opt/sandbox/app/" + "ä" * 60 + "/" + "n" * 120]
        assert (long.mode, long.size) == (0o644, 700)
        assert long.mtime < 2**33
        assert written["opt/sandbox/app/empty"].isdir()
        extra = archive.extractfile("opt/sandbox/runner.R")
        assert extra is not None
        assert extra.read() == b"run"


def test_repacking_needs_no_prefix(tmp_path: Path) -> None:
    with (tmp_path / "out.tar").open("wb") as target:
        repack(packed(tmp_path, tar(folder("./"), file("./app.R", b"hello"))), target)
    with tarfile.open(tmp_path / "out.tar", "r:") as archive:
        assert archive.getnames() == ["app.R"]


def test_what_a_server_with_higher_limits_accepted_is_read_and_repacked(tmp_path: Path) -> None:
    many = Limits().files + 1
    path = packed(tmp_path, tar(*(file(f"{number}.R") for number in range(many))))
    assert len(inspect(path, Limits(files=many)).members) == many
    assert list(read_text(path, [f"{many - 1}.R"])) == [f"{many - 1}.R"]
    with (tmp_path / "out.tar").open("wb") as target:
        repack(path, target)
    assert (tmp_path / "out.tar").stat().st_size > many * 512


def test_headers_without_end_are_refused_soon(tmp_path: Path) -> None:
    body = b"250000 comment=".ljust(249_999, b"x") + b"\n"
    header = info("g", type=tarfile.XGLTYPE, size=len(body)).tobuf(tarfile.USTAR_FORMAT)
    block = zlib.compressobj(wbits=31)
    path = tmp_path / "bomb.tar.gz"
    with path.open("wb") as target:
        for _ in range(1100):
            target.write(block.compress(header + body + bytes(-len(body) % 512)))
        target.write(block.flush())
    with pytest.raises(BadBundle, match="far too many headers"):
        inspect(path, LIMITS)
