"""A canary's plan as people write it, and what comes after each step."""

import pytest

from sandbox_server.domain.canary import Step, Wish, after, larger, parse, stored, wished
from sandbox_server.errors import BadRequest


def test_it_works() -> None:
    wish = wished(None, "10@10m, 50% @ 1h")
    assert wish == Wish(10, 600, (Step(50, 3600),))
    assert stored(10, wish.plan) == wish
    assert after(wish) == Wish(50, 3600)
    assert after(after(wish)) == Wish(100)


def test_without_a_plan_the_share_stays_until_somebody_decides() -> None:
    assert wished(None, None) == Wish(100)
    assert wished(25, None) == Wish(25)
    assert (wished(25, None).plan, wished(25, None).planned) == ({}, False)
    assert stored(25, {}) == Wish(25)


def test_all_visitors_at_the_end_may_be_said() -> None:
    assert parse("10@10m,100") == [Step(10, 600)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("10", "no step"),
        ("100", "no step"),
        ("@10m", "no step"),
        ("x@10m", "no step"),
        ("²@10m", "no step"),
        ("10@", "no span of time"),
        ("10@soon", "no span of time"),
        ("0@10m", "1 to 99 percent, not 0"),
        ("100@10m", "1 to 99 percent, not 100"),
        ("-5@10m", "no step"),
        ("50@10m,10@10m", "must rise, but 10 follows 50"),
        ("10@10m,10@10m", "must rise"),
        ("10@5s", "10 s to 7 days, not 5 s"),
        ("10@8d", "not 8 days"),
        ("10@10m,,50@10m", "no step"),
        (",".join(f"{n}@10m" for n in range(1, 30)), "20 steps at most"),
    ],
)
def test_what_is_no_plan_is_refused_with_an_example(text: str, words: str) -> None:
    with pytest.raises(BadRequest, match=words) as caught:
        parse(text)
    assert "10@10m,50@10m" in caught.value.hint


@pytest.mark.parametrize(("share", "more"), [(1, 10), (10, 25), (25, 50), (50, 75), (75, 99), (99, 99)])
def test_the_next_share_is_larger(share: int, more: int) -> None:
    assert larger(share) == more


def test_a_share_and_a_plan_together_are_refused() -> None:
    with pytest.raises(BadRequest, match="shares itself"):
        wished(10, "10@10m")


def test_an_empty_plan_is_none_and_not_a_release_to_everybody() -> None:
    for empty in ("", " ", ","):
        with pytest.raises(BadRequest):
            wished(None, empty)
