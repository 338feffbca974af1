"""The life of a deployment, as data."""

import pytest

from sandbox_server.domain.deployment import MAY, MOVES, UNFINISHED, check_move, may
from sandbox_server.errors import NotPossible
from sandbox_server.wire import Status


def test_it_works() -> None:
    check_move(42, "queued", Status.building)
    assert may("ready").promote


def test_every_state_is_a_key_of_both_tables() -> None:
    assert set(MOVES) == set(MAY) == set(Status)


def test_every_state_is_reached_from_the_first_one() -> None:
    reached = {Status.queued}
    for _ in Status:
        reached |= {new for old in reached for new in MOVES[old]}
    assert reached == set(Status)


def test_every_state_comes_to_an_end() -> None:
    ending = {Status.retired}
    for _ in Status:
        ending |= {old for old, new in MOVES.items() if new & ending}
    assert ending == set(Status)


@pytest.mark.parametrize(("old", "new"), [("ready", "queued"), ("retired", "ready"), ("queued", "ready")])
def test_a_move_that_is_none_is_refused(old: str, new: str) -> None:
    with pytest.raises(NotPossible, match=f"d42 is {old} and cannot become {new}"):
        check_move(42, old, Status(new))


def test_what_is_unfinished_can_be_cancelled_and_nothing_else() -> None:
    assert {status for status in Status if may(status).cancel} == UNFINISHED


def test_only_what_came_up_once_can_be_released() -> None:
    assert {status for status in Status if may(status).promote} == {Status.ready, Status.asleep}


def test_an_address_leads_to_what_runs_starts_or_sleeps() -> None:
    opens = {status for status in Status if may(status).open}
    assert opens == {Status.starting, Status.ready, Status.asleep}
