"""The package cache's files: whole ones are found, all others are not."""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from sandbox_server.builder import Base, SourcePackage
from sandbox_server.builder.package_cache import PackageCache

BASE = Base("sha256:1", "4.5.0", {}, suite="trixie")
ZOO = SourcePackage("zoo", "1.8-14", Path("zoo"), "d1ge57" * 10, "cran", shared=True)


def test_what_was_kept_is_found(tmp_path: Path) -> None:
    cache = PackageCache(tmp_path, 10**6)
    cache.keep(BASE, "amd64", ZOO, [b"installed ", b"zoo"])
    file = cache.find(BASE, "amd64", ZOO)
    assert file is not None
    with file:
        assert file.read() == b"installed zoo"


def test_another_r_suite_machine_version_or_source_finds_nothing(tmp_path: Path) -> None:
    cache = PackageCache(tmp_path, 10**6)
    cache.keep(BASE, "amd64", ZOO, [b"zoo"])
    assert cache.find(replace(BASE, r_version="4.2.2"), "amd64", ZOO) is None
    assert cache.find(replace(BASE, suite="bookworm"), "amd64", ZOO) is None
    assert cache.find(BASE, "arm64", ZOO) is None
    assert cache.find(BASE, "amd64", replace(ZOO, version="1.8-13")) is None
    assert cache.find(BASE, "amd64", replace(ZOO, digest="0ther" * 12)) is None


def test_half_a_file_or_a_changed_one_is_thrown_away(tmp_path: Path) -> None:
    cache = PackageCache(tmp_path, 10**6)
    for damage in (b"installed z", b"installed zOo", b""):
        cache.keep(BASE, "amd64", ZOO, [b"installed zoo"])
        [path] = tmp_path.rglob("*.tar")
        path.write_bytes(damage)
        assert cache.find(BASE, "amd64", ZOO) is None
        assert list(tmp_path.rglob("*.tar")) == []


def test_what_breaks_while_it_is_taken_in_leaves_nothing(tmp_path: Path) -> None:
    def breaking() -> object:
        yield b"half"
        raise ConnectionError

    cache = PackageCache(tmp_path, 10**6)
    try:
        cache.keep(BASE, "amd64", ZOO, breaking())  # type: ignore[arg-type]
    except ConnectionError:
        assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_beyond_the_limit_the_longest_unused_goes(tmp_path: Path) -> None:
    cache = PackageCache(tmp_path, 25)
    versions = [replace(ZOO, version=f"1.{number}") for number in range(3)]
    for age, package in zip((30, 20, 10), versions, strict=True):
        cache.keep(BASE, "amd64", package, [b"0123456789"])
        [path] = tmp_path.rglob(f"*_{package.version}_*")
        os.utime(path, (10**9 - age, 10**9 - age))
    file = cache.find(BASE, "amd64", versions[0])
    assert file is not None
    file.close()
    cache.tidy()
    found = [cache.find(BASE, "amd64", package) for package in versions]
    assert [file is not None for file in found] == [True, False, True]
    for file in found:
        if file is not None:
            file.close()


def test_a_base_of_an_unknown_suite_shares_nothing(tmp_path: Path) -> None:
    cache = PackageCache(tmp_path, 10**6)
    unknown = replace(BASE, suite="")
    cache.keep(unknown, "amd64", ZOO, [b"zoo"])
    assert cache.find(unknown, "amd64", ZOO) is None
    assert list(tmp_path.rglob("*.tar")) == []


def test_tidying_beside_other_builds_is_no_trouble(tmp_path: Path) -> None:
    packages = [replace(ZOO, version=f"1.{number}") for number in range(100)]

    def keep(half: int) -> None:
        for package in packages[half::2]:
            PackageCache(tmp_path, 1).keep(BASE, "amd64", package, [b"zoo"])
            PackageCache(tmp_path, 1).tidy()

    with ThreadPoolExecutor(4) as builds:
        for done in [builds.submit(keep, number % 2) for number in range(4)]:
            done.result()
    assert list(tmp_path.rglob("*.tmp-*")) == []
