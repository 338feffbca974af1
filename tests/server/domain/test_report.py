"""An app may say anything in its runner's place: it is a report within limits, or none."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox_server.domain import report
from sandbox_server.domain.report import Report

anything: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=9), inner, max_size=5),
)
NAMES = ("number", "at", "kind", "session", "visit", "seconds", "place", "condition", "message")
event_like = st.dictionaries(
    st.sampled_from(NAMES), anything | st.sampled_from(["start", "flush", "error", "end"])
)
report_like = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(
            ("last", "sessions", "visits", "uptime", "busy", "memory", "notice", "lost"), anything
        ),
        "events": st.lists(event_like, max_size=9) | anything,
    },
)


def said(**values: Any) -> Report:
    return report.read(json.dumps(values).encode())


def test_a_report_is_read() -> None:
    found = said(
        last=2, sessions=1, visits=0, uptime=12.5, busy=0.5, memory=10**8,
        events=[{"number": 2, "at": 1e9, "kind": "error", "session": "a", "place": "output plot"}],
    )  # fmt: skip
    assert (found.last, found.sessions, found.uptime) == (2, 1, 12.5)
    assert [(event.kind, event.place, event.visit) for event in found.events] == [
        ("error", "output plot", False)
    ]


@given(st.binary(max_size=300))
def test_garbage_is_no_report(body: bytes) -> None:
    with suppress(ValueError):
        assert isinstance(report.read(body), Report)


@given(report_like)
def test_whatever_is_read_is_within_limits(values: dict[str, Any]) -> None:
    try:
        found = said(**values)
    except ValueError:
        return
    assert 0 <= found.sessions < 2**53
    assert len(found.events) <= report.MOST_EVENTS
    for event in found.events:
        assert 0 <= event.at < 2**53
        assert len(event.place) <= 200
        assert event.place.isprintable()


@pytest.mark.parametrize("wrong", [-1, 1e300, float("inf"), float("nan"), 10**400, True, "7", None, [1], {}])
def test_a_number_that_is_none_spoils_the_report(wrong: object) -> None:
    with pytest.raises(ValueError, match="number"):
        said(last=1, sessions=wrong)


def test_single_events_that_are_none_are_left_out() -> None:
    good = {"number": 1, "at": 1, "kind": "start", "session": "a"}
    found = said(last=4, events=[good, "garbage", {**good, "kind": "boom"}, {**good, "at": -5}])
    assert [event.number for event in found.events] == [1]


def test_more_events_than_are_kept_are_cut() -> None:
    events = [{"number": n, "at": 1, "kind": "start", "session": "a"} for n in range(2000)]
    assert len(said(last=2000, events=events).events) == report.MOST_EVENTS


def test_a_longer_body_is_refused() -> None:
    with pytest.raises(ValueError, match="too long"):
        report.read(b" " * (report.LONGEST + 1))


def test_a_deep_body_is_garbage_like_any_other() -> None:
    with pytest.raises(ValueError, match="too deep"):
        report.read(b"[" * 100_000)


def test_line_breaks_do_not_come_through() -> None:
    assert said(notice="a\nb\x1b[31m").notice == "ab[31m"
