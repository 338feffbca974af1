"""Files are the old or the new ones."""

from pathlib import Path

import pytest

from sandbox_server.router.files import put


def test_texts_are_written_to_their_names(tmp_path: Path) -> None:
    put(tmp_path / "new" / "folder", {"a": "1\n", "b": ""})
    assert (tmp_path / "new" / "folder" / "a").read_text() == "1\n"
    assert sorted(path.name for path in (tmp_path / "new" / "folder").iterdir()) == ["a", "b"]


def test_what_is_the_same_is_left_alone(tmp_path: Path) -> None:
    put(tmp_path, {"a": "1", "b": "1"})
    before = (tmp_path / "a").stat().st_ino, (tmp_path / "b").stat().st_ino
    put(tmp_path, {"a": "1", "b": "2"})
    assert (tmp_path / "a").stat().st_ino == before[0]
    assert (tmp_path / "b").stat().st_ino != before[1]


def test_a_failure_leaves_nothing_half_done(tmp_path: Path) -> None:
    put(tmp_path, {"a": "1"})
    (tmp_path / "b").mkdir()
    with pytest.raises(OSError, match="b"):
        put(tmp_path, {"a": "1", "b": "2"})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]
