"""How much a release brings at once, and what is usual."""

from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from sandbox_server.domain.batch import brought, changed_lines, count_commits, new_commits, usual
from sandbox_server.wire_review import Batch

AT = datetime(2026, 3, 2, tzinfo=UTC)


@dataclass
class Row:
    number: int
    share: int = 100
    returns_to: int | None = None
    created_at: datetime = AT


def batch(
    commits: int | None = 4, lines: int | None = 200, files: int | None = 3, days: float | None = 7
) -> Batch:
    return Batch(commits=commits, lines=lines, files=files, days=days)


def test_what_the_earlier_one_has_is_not_new() -> None:
    assert new_commits(["b2 Two", "a1 One"], ["d4 Four", "c3 Three", "b2 Two", "a1 One"]) == [
        "d4 Four",
        "c3 Three",
    ]


def test_a_commit_is_known_again_when_git_shows_more_of_its_hash() -> None:
    assert new_commits(["3f2a1c9 One"], ["3f2a1c9be One", "77dd0122a Two"]) == ["77dd0122a Two"]


def test_another_commit_whose_hash_begins_alike_is_new() -> None:
    assert new_commits(["3f2a1c9 One"], ["3f2a1c9 Another"]) == ["3f2a1c9 Another"]


@pytest.mark.parametrize(
    ("before", "after", "count"),
    [
        (None, ["a1 One"], 1),
        (["a1 One"], ["b2 Two", "a1 One"], 1),
        (["a1 One"], ["a1 One"], 0),
        ([], ["a1 One"], None),
        (["a1 One"], [], None),
        (None, [], None),
    ],
)
def test_commits_are_counted_if_both_pushes_told_of_theirs(
    before: list[str] | None, after: list[str], count: int | None
) -> None:
    assert count_commits(before, after) == count


@pytest.mark.parametrize(
    ("old", "new", "count"),
    [
        ("", "", 0),
        ("a\nb\n", "a\nb\n", 0),
        ("", "a\nb\n", 2),
        ("a\nb\n", "", 2),
        ("a\nb\nc\n", "a\nB\nc\n", 2),
        ("a\nb\n", "b\na\n", 0),
        ("a\n", "a\na\na\n", 2),
        ("a\r\n", "a\n", 0),
    ],
)
def test_added_and_removed_lines_are_counted_together(old: str, new: str, count: int) -> None:
    assert changed_lines(old, new) == count


def test_each_promote_is_seen_beside_the_release_that_it_left() -> None:
    rows = [Row(1), Row(2), Row(3, share=10), Row(4), Row(5, returns_to=2), Row(6)]
    pairs = [(left.number, row.number) for left, row in brought(rows, 10)]
    assert pairs == [(5, 6), (2, 4), (1, 2)]


def test_only_the_newest_ones_are_asked_for() -> None:
    assert [row.number for _, row in brought([Row(n) for n in range(1, 30)], 3)] == [29, 28, 27]


def test_without_releases_nothing_was_brought() -> None:
    assert brought([], 10) == []
    assert brought([Row(1)], 10) == []


def test_what_is_usual_is_the_middle_of_each_number() -> None:
    found = usual([batch(31, 1000, 9, 1), batch(4, 210, 7, 9), batch(2, 10, 1, 30)])
    assert found == batch(4, 210, 7, 9)


def test_what_is_not_known_is_left_out() -> None:
    found = usual([batch(None, None, None, None), batch(4, 210, 7, 9), batch(6, 230, 9, None)])
    assert found == batch(5, 220, 8, 9)
    nothing = batch(None, None, None, None)
    assert usual([nothing, nothing]) == nothing


def test_one_release_is_no_habit() -> None:
    assert usual([batch()]) is None
    assert usual([]) is None
