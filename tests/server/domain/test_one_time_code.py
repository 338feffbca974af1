"""One-time codes, and how often they are made."""

import hashlib
from datetime import UTC, datetime, timedelta

import pytest

from sandbox_server.domain import one_time_code
from sandbox_server.domain.one_time_code import TRIES, VALID

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def sign(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def test_it_has_eight_digits_and_follows_from_link_and_moment() -> None:
    made = {one_time_code.code(sign, 1, "a" * 32, NOON + n * MINUTE) for n in range(50)}
    assert all(len(one) == 8 and one.isascii() and one.isdigit() for one in made)
    assert len(made) > 40
    assert one_time_code.code(sign, 1, "a" * 32, NOON) == one_time_code.code(sign, 1, "a" * 32, NOON)
    assert one_time_code.code(sign, 1, "a" * 32, NOON) != one_time_code.code(sign, 1, "b" * 32, NOON)
    assert one_time_code.code(lambda _: "0" * 32, 1, "", NOON) == "00000000"


@pytest.mark.parametrize("given", ["01234567", " 01234567\n", "0123 4567", "01 23 45 67"])
def test_spaces_do_not_count(given: str) -> None:
    assert one_time_code.is_code(given, "01234567")


@pytest.mark.parametrize(
    "given",
    ["1234567", "001234567", "01234567.", "٠١٢٣٤٥٦٧", "０１２３４５６７", "", "+01234567", "0x1234567"],
)
def test_nothing_else_is_the_code(given: str) -> None:
    assert not one_time_code.is_code(given, "01234567")


def test_it_is_alive_for_ten_minutes_and_five_wrong_answers() -> None:
    assert one_time_code.is_alive(NOON, 0, NOON)
    assert one_time_code.is_alive(NOON, TRIES - 1, NOON + VALID - timedelta(seconds=1))
    assert not one_time_code.is_alive(NOON, TRIES, NOON)
    assert not one_time_code.is_alive(NOON, 0, NOON + VALID)
    assert not one_time_code.is_alive(None, 0, NOON)


def test_a_clock_that_was_put_back_makes_no_code_live_longer() -> None:
    assert not one_time_code.is_alive(NOON + MINUTE, 0, NOON)


def test_three_come_soon_and_then_one_every_quarter_of_an_hour_for_ever() -> None:
    made: list[datetime] = []
    at, pauses = NOON, []
    while at < NOON + timedelta(days=1):
        pause = one_time_code.wait(made, at)
        pauses.append(pause)
        at += pause
        assert one_time_code.wait(made, at) == timedelta()
        made = one_time_code.remembered(made, at)
        assert len(made) <= 6
    assert pauses[:6] == [timedelta(), MINUTE, MINUTE, 15 * MINUTE, 15 * MINUTE, 15 * MINUTE]
    assert max(pauses) == 15 * MINUTE
    assert 90 < len(pauses) < 110


def test_all_guesses_of_three_months_together_are_right_once_in_a_thousand_times() -> None:
    codes = 90 * 24 * 5
    assert codes * TRIES < 10**8 / 1000


def test_after_an_hour_of_rest_all_is_as_at_first() -> None:
    made = [NOON, NOON + MINUTE, NOON + 2 * MINUTE]
    later = NOON + timedelta(hours=1, minutes=2)
    assert one_time_code.wait(made, later) == timedelta()
    assert one_time_code.remembered(made, later) == [later]


def test_times_to_come_hold_up_nobody() -> None:
    assert one_time_code.wait([NOON + timedelta(days=3)] * 9, NOON) == timedelta()
    assert one_time_code.remembered([NOON + timedelta(days=3), NOON - timedelta(days=2)], NOON) == [NOON]
