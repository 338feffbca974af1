"""The verdict, look by look, without a browser."""

from typing import Any

from sandbox_server.visitor import Itinerary, Outcome, OutputError
from sandbox_server.visitor.page import _Watched

REST: dict[str, Any] = {
    "document": 1,
    "hasShiny": True,
    "isUp": True,
    "wasUp": True,
    "isOver": False,
    "isResting": True,
    "isQuiet": True,
    "errors": [],
}
BUSY = REST | {"isResting": False, "isQuiet": False}
UNFILLED = REST | {"isResting": False}
"""R does nothing, and an output waits all the same: the server never fills it."""
DOWN = BUSY | {"isUp": False}
ERROR = REST | {"errors": [["plot", "no x"]]}


def seen(*looks: tuple[float, dict[str, Any]]) -> tuple[str, _Watched]:
    watched = _Watched(start=0)
    problem = ""
    for now, state in looks:
        problem = problem or watched.see(now, state)
    return problem, watched


def test_half_a_second_of_rest_is_enough() -> None:
    assert not seen((1, REST), (1.4, REST))[1].is_settled
    assert seen((1, REST), (1.5, REST))[1].is_settled


def test_work_after_a_moment_of_rest_begins_it_anew() -> None:
    assert not seen((1, REST), (1.2, BUSY), (1.3, REST), (1.6, REST))[1].is_settled
    assert seen((1, REST), (1.35, REST), (1.4, BUSY), (1.5, REST))[1].is_settled


def test_errors_are_given_a_second() -> None:
    assert not seen((1, ERROR), (1.9, ERROR))[1].is_settled
    assert seen((1, ERROR), (2.1, ERROR))[1].errors == (OutputError("plot", "no x"),)
    assert seen((1, ERROR), (1.6, REST))[1].errors == ()


def test_an_output_that_is_never_filled_is_rest_once_r_is_quiet_for_long() -> None:
    assert not seen((1, UNFILLED), (5.9, UNFILLED), (6.1, BUSY), (7, UNFILLED))[1].is_settled
    assert seen((1, UNFILLED), (6.1, UNFILLED), (6.7, UNFILLED))[1].is_settled


def test_a_short_reconnect_is_no_failure() -> None:
    assert seen((1, BUSY), (1.1, DOWN), (1.5, BUSY), (3, DOWN))[0] == ""
    assert seen((1, BUSY), (1.1, DOWN), (1.7, DOWN))[0].startswith("The session closed")


def test_a_session_that_ends_while_at_rest_is_failed() -> None:
    assert seen((1, REST), (1.4, DOWN | {"isOver": True}))[0].startswith("The session closed")


def test_a_page_that_goes_to_another_one_starts_anew() -> None:
    problem, watched = seen((1, BUSY), (2, {}), (9, DOWN | {"document": 2, "wasUp": False}))
    assert (problem, watched.was_up) == ("", False)


def test_a_page_without_shiny_is_given_ten_seconds() -> None:
    plain = DOWN | {"hasShiny": False, "wasUp": False}
    assert seen((9, plain))[0] == ""
    assert seen((10, plain))[0] == "The page never connected: it has no Shiny in it."


def test_time_over_is_failed_without_a_session_and_busy_with_one() -> None:
    itinerary = Itinerary("http://x/", timeout=60)
    assert seen()[1].late(60, itinerary).outcome is Outcome.failed
    assert seen((1, BUSY))[1].late(60, itinerary).reason == "The page was still busy after 60 s."
