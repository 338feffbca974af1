"""Tables fit the screen."""

import pytest

from sandbox_cli.tables import lines

COLUMNS = ("app", "status", "URL")
ROWS = [("sales", "ready", "http://sales.example.org"), ("hr", "asleep", "http://hr.org")]


def test_a_row_is_a_line() -> None:
    assert list(lines(COLUMNS, ROWS, None)) == [
        "app    status  URL",
        "sales  ready   http://sales.example.org",
        "hr     asleep  http://hr.org",
    ]


def test_a_last_cell_that_has_no_room_stands_below_its_row_alone() -> None:
    assert list(lines(COLUMNS, ROWS, 30)) == [
        "app    status  URL",
        "sales  ready",
        "  http://sales.example.org",
        "hr     asleep  http://hr.org",
    ]


def test_columns_that_have_no_room_say_below_what_they_are() -> None:
    told = list(
        lines((*COLUMNS, "by", "why"), [("sales", "ready", "http://sales.example.org", "", "it is new")], 30)
    )
    assert told == [
        "app    status",
        "sales  ready",
        "  URL:",
        "  http://sales.example.org ·",
        "  why: it is new",
    ]


@pytest.mark.parametrize("width", [20, 40, 80])
def test_no_line_but_one_of_a_single_word_is_wider_than_the_screen(width: int) -> None:
    told = lines(COLUMNS, [("a" * 9, "one two three four", "five six seven"), *ROWS], width)
    assert all(len(line) <= width or " " not in line.strip() for line in told)


def test_letters_that_are_two_columns_wide_are_counted_as_two() -> None:
    assert list(lines(("name", "n"), [("日本語", "1"), ("ab", "2")], None)) == [
        "name    n",
        "日本語  1",
        "ab      2",
    ]
