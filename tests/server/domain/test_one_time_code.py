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


def test_it_has_six_digits_and_follows_from_link_and_moment() -> None:
    made = {one_time_code.code(sign, 1, "a" * 32, NOON + n * MINUTE) for n in range(50)}
    assert all(len(one) == 6 and one.isascii() and one.isdigit() for one in made)
    assert len(made) > 40
    assert one_time_code.code(sign, 1, "a" * 32, NOON) == one_time_code.code(sign, 1, "a" * 32, NOON)
    assert one_time_code.code(sign, 1, "a" * 32, NOON) != one_time_code.code(sign, 1, "b" * 32, NOON)
    assert one_time_code.code(lambda _: "0" * 32, 1, "", NOON) == "000000"


@pytest.mark.parametrize("given", ["012345", " 012345\n", "012 345", "01 23 45"])
def test_spaces_do_not_count(given: str) -> None:
    assert one_time_code.is_code(given, "012345")


@pytest.mark.parametrize(
    "given", ["12345", "0012345", "012345.", "٠١٢٣٤٥", "０１２３４５", "", "+012345", "0x12345"]
)
def test_nothing_else_is_the_code(given: str) -> None:
    assert not one_time_code.is_code(given, "012345")


def test_it_is_alive_for_ten_minutes_and_five_wrong_answers() -> None:
    assert one_time_code.is_alive(NOON, 0, NOON)
    assert one_time_code.is_alive(NOON, TRIES - 1, NOON + VALID - timedelta(seconds=1))
    assert not one_time_code.is_alive(NOON, TRIES, NOON)
    assert not one_time_code.is_alive(NOON, 0, NOON + VALID)
    assert not one_time_code.is_alive(None, 0, NOON)


def test_a_clock_that_was_put_back_makes_no_code_live_longer() -> None:
    assert not one_time_code.is_alive(NOON + MINUTE, 0, NOON)


def test_one_a_minute_and_five_an_hour_and_twenty_a_day() -> None:
    made: list[datetime] = []
    at, pauses = NOON, []
    while at < NOON + timedelta(days=1):
        pause = one_time_code.wait(made, at)
        pauses.append(pause)
        at += pause
        assert one_time_code.wait(made, at) == timedelta()
        made = one_time_code.remembered(made, at)
    assert pauses[:7] == [timedelta(), *([MINUTE] * 4), 56 * MINUTE, MINUTE]
    assert len(pauses) == 21
    assert all(len([one for one in made if at <= one < at + timedelta(hours=1)]) <= 5 for at in made)


def test_times_to_come_hold_up_nobody() -> None:
    assert one_time_code.wait([NOON + timedelta(days=3)] * 9, NOON) == timedelta()
    assert one_time_code.remembered([NOON + timedelta(days=3), NOON - timedelta(days=2)], NOON) == [NOON]
