"""Each event counts once; clocks and forgers spoil nothing but their own figures, and within limits."""

import json
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from sandbox_server.domain import tally
from sandbox_server.domain.figures import Counts, total
from sandbox_server.domain.report import Report, SessionEvent
from sandbox_server.domain.tally import Counted, Tally

NOW = datetime(2026, 3, 2, 12, 30, 20, tzinfo=UTC)
BORN = NOW - timedelta(hours=5)
MINUTE = NOW.replace(second=0)


def event(number: int, kind: str, session: str = "a", *, at: float = 0, **more: object) -> SessionEvent:
    """`at` is in seconds from now."""
    return SessionEvent(number, NOW.timestamp() + at, kind, session, **more)  # type: ignore[arg-type]


def told(*events: SessionEvent, before: Counted | None = None, **more: float) -> Tally:
    said: dict[str, float] = {
        "last": len(events),
        "sessions": 0,
        "visits": 0,
        "uptime": 0,
        "busy": 0,
        "memory": 0,
    }
    report = Report(**{**said, **more}, events=events)  # type: ignore[arg-type]
    return tally.tally(report, before or Counted(), BORN, NOW)


def whole(found: Tally) -> Counts:
    return total(found.counts.values())


def test_a_session_is_counted_from_its_start_to_its_end() -> None:
    found = whole(told(event(1, "start"), event(2, "flush", seconds=0.25), event(3, "end", seconds=60)))
    assert (found.started, found.ended, found.quantile(0.5), found.sessions) == (1, 1, 0.3, 1)


def test_a_session_fails_once_however_many_errors_it_meets() -> None:
    found = told(event(1, "start"), event(2, "error", place="output a"), event(3, "error", place="output a"))
    assert (whole(found).failed, whole(found).errors) == (1, 2)
    again = told(event(4, "error"), before=found.counted, last=4)
    assert (whole(again).failed, whole(again).errors) == (0, 1)


def test_a_session_that_ended_is_forgotten() -> None:
    assert told(event(1, "start"), event(2, "error"), event(3, "end")).counted.failed == ()


def test_errors_are_told_by_place_without_their_message() -> None:
    said = {"place": "output plot", "condition": "simpleError", "message": "the salary is 4711"}
    [met] = told(event(1, "error", **said), event(2, "error", session="b", **said)).met
    assert (met.place, met.kind, met.count, met.message) == ("output plot", "simpleError", 2, "")


def test_the_platforms_own_visit_counts_nowhere_and_tells_the_message() -> None:
    found = told(
        event(1, "start", visit=True), event(2, "flush", visit=True, seconds=1),
        event(3, "error", visit=True, place="output plot", message="object 'x' not found"),
        event(4, "end", visit=True),
    )  # fmt: skip
    assert whole(found) == Counts()
    assert [(met.count, met.message) for met in found.met] == [(0, "object 'x' not found")]


def test_what_was_counted_is_not_counted_again() -> None:
    events = (event(1, "start"), event(2, "flush", seconds=1))
    first = told(*events)
    assert whole(told(*events, before=first.counted, last=2)) == Counts()


def test_a_number_that_comes_twice_is_one_event() -> None:
    assert whole(told(event(1, "start"), event(1, "start"))).started == 1


def test_an_r_that_was_started_again_is_asked_from_its_beginning() -> None:
    found = told(event(3, "start"), before=Counted(number=40, failed=("a",)), last=3)
    assert (whole(found), found.counted.number, found.counted.failed) == (Counts(), 0, ())


def test_events_stay_in_their_minute() -> None:
    found = told(event(1, "start", at=-30), event(2, "start", session="b", at=-5))
    assert {at: counts.started for at, counts in found.counts.items()} == {
        MINUTE - timedelta(minutes=1): 1, MINUTE: 1,
    }  # fmt: skip


def test_events_of_a_clock_that_is_wrong_happened_now() -> None:
    for at in (-1e9, -7200, 1, 3600, 8e15 - NOW.timestamp()):
        assert set(told(event(1, "start", at=at)).counts) == {MINUTE}


def test_nothing_happened_before_the_instance_was_made() -> None:
    report = Report(1, 0, 0, 0, 0, 0, events=(event(1, "start", at=-600),))
    assert set(tally.tally(report, Counted(), NOW - timedelta(minutes=1), NOW).counts) == {MINUTE}


def test_busy_time_is_what_was_added_since_the_last_report() -> None:
    found = whole(told(before=Counted(uptime=100, busy=10), uptime=160, busy=25))
    assert (found.busy, found.watched) == (15, 60)


def test_busy_time_is_never_negative_nor_more_than_there_was() -> None:
    assert whole(told(before=Counted(uptime=100, busy=10), uptime=110, busy=5)).busy == 0
    assert whole(told(before=Counted(uptime=100), uptime=110, busy=9999)).busy == 10
    assert whole(told(before=Counted(uptime=100, busy=50), uptime=40, busy=60)) == Counts()
    assert whole(told(uptime=9e15, busy=9e15)).watched == (NOW - BORN).total_seconds()


def test_a_forger_of_sessions_fills_no_memory() -> None:
    events = [event(n, "error", session=f"{n:0200}"[::-1]) for n in range(1, 501)]
    counted = told(*events).counted
    again = [event(n, "error", session=f"x{n:0200}"[::-1]) for n in range(501, 1001)]
    counted = told(*again, before=counted, last=1000).counted
    assert len(json.dumps(counted.dump())) < 20_000


@given(
    st.lists(
        st.builds(
            SessionEvent, number=st.integers(0, 2**53 - 1), at=st.floats(0, 2**53 - 1),
            kind=st.sampled_from(["start", "flush", "error", "end"]), session=st.text(max_size=5),
            visit=st.booleans(), seconds=st.floats(0, 2**53 - 1),
        ),
        max_size=30,
    ),
    st.integers(0, 2**53 - 1),
)  # fmt: skip
def test_no_report_counts_below_zero_or_at_another_time(events: list[SessionEvent], last: int) -> None:
    found = told(*events, last=last, before=Counted(number=5, sessions=1))
    earliest = (NOW - tally.LATEST).replace(second=0)
    assert all(earliest <= at <= NOW for at in found.counts)
    for counts in found.counts.values():
        assert all(value >= 0 for value in counts.dump().values() if not isinstance(value, dict))
    assert tally.load(json.loads(json.dumps(found.counted.dump()))) == found.counted
