"""Package lists on disk."""

import os
from pathlib import Path

import pytest
from tests.server.inventories import LISTED, with_version

from sandbox_server.errors import NotFound
from sandbox_server.store import Inventories


def test_it_works(tmp_path: Path) -> None:
    kept = Inventories(tmp_path / "inventories")
    digest = kept.put(LISTED)
    assert kept.get(digest) == sorted(LISTED, key=lambda row: row.name)
    assert [path.name for path in (tmp_path / "inventories").iterdir()] == [f"{digest}.json"]


def test_the_same_packages_are_the_same_file_whatever_their_order(tmp_path: Path) -> None:
    kept = Inventories(tmp_path)
    assert kept.put(LISTED) == kept.put(reversed(LISTED))
    assert kept.put(LISTED) != kept.put(with_version("zoo", "1.8-15"))


def test_a_list_that_is_gone_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="package list"):
        Inventories(tmp_path / "nothing").get("0" * 64)


def test_what_nobody_names_goes_unless_it_is_new(tmp_path: Path) -> None:
    kept = Inventories(tmp_path)
    named, old, fresh = (kept.put(with_version("zoo", version)) for version in ("1", "2", "3"))
    (tmp_path / "half.draft").write_text("[")
    for name in (f"{named}.json", f"{old}.json", "half.draft"):
        os.utime(tmp_path / name, (0, 0))
    kept.remove_all_but({named}, younger_than=1000)
    assert {path.stem for path in tmp_path.iterdir()} == {named, fresh}


def test_a_list_that_is_put_again_counts_as_new(tmp_path: Path) -> None:
    kept = Inventories(tmp_path)
    digest = kept.put(LISTED)
    os.utime(tmp_path / f"{digest}.json", (0, 0))
    kept.put(LISTED)
    kept.remove_all_but(set(), younger_than=1000)
    assert len(kept.get(digest)) == len(LISTED)


def test_a_file_that_goes_at_the_same_time_is_no_trouble(tmp_path: Path) -> None:
    (tmp_path / "going.draft").symlink_to(tmp_path / "gone")
    Inventories(tmp_path).remove_all_but(set(), younger_than=1000)
