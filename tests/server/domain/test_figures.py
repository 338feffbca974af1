"""Counts add up, over the wire and back; quantiles say how long most people waited."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox_server.domain import figures
from sandbox_server.domain.figures import EDGES, Counts

seconds = st.floats(0, 1e6)
counts = st.builds(
    Counts, started=st.integers(0, 99), errors=st.integers(0, 99), sessions=st.integers(0, 99),
    flushes=st.dictionaries(st.integers(0, len(EDGES)), st.integers(1, 9)),
)  # fmt: skip


def waited(*each: float) -> Counts:
    made = Counts()
    for one in each:
        made.flush(one)
    return made


def test_without_a_session_there_is_no_quantile() -> None:
    assert Counts().quantile(0.95) is None


def test_the_median_is_the_end_of_the_class_of_the_one_in_the_middle() -> None:
    assert waited(0.05, 0.25, 0.26, 9, 200).quantile(0.5) == 0.3


def test_one_slow_session_of_twenty_is_beyond_the_95th_percentile() -> None:
    assert waited(*[0.2] * 19, 50).quantile(0.95) == 0.2
    assert waited(*[0.2] * 18, 50, 50).quantile(0.95) == 60


def test_whoever_waited_beyond_all_classes_is_in_the_last_one() -> None:
    assert waited(1000).quantile(0.5) == EDGES[-1]


@given(st.lists(seconds, min_size=1), st.floats(0.01, 1))
def test_a_quantile_is_never_below_the_true_one(each: list[float], q: float) -> None:
    said = waited(*each).quantile(q)
    assert said is not None
    within = sum(one <= said for one in each)
    assert within >= q * len(each) - 1e-6 or said == EDGES[-1]


@given(counts)
def test_counts_survive_the_way_through_json(one: Counts) -> None:
    assert figures.load(json.loads(json.dumps(one.dump()))) == one


@given(st.lists(counts))
def test_sums_add_up_and_peaks_do_not(each: list[Counts]) -> None:
    whole = figures.total(each)
    assert whole.started == sum(one.started for one in each)
    assert sum(whole.flushes.values()) == sum(sum(one.flushes.values()) for one in each)
    assert whole.sessions == max((one.sessions for one in each), default=0)


def test_deployments_beside_each_other_have_their_sessions_together() -> None:
    both = Counts(sessions=3, started=1, memory=10)
    both.beside(Counts(sessions=4, started=1, memory=5))
    assert (both.sessions, both.started, both.memory) == (7, 2, 15)


def test_what_a_newer_version_counted_is_left_out() -> None:
    assert figures.load({"started": 2, "unheard_of": 3}) == Counts(started=2)


def test_nothing_is_not_worth_a_row() -> None:
    assert Counts().dump() == {}


@pytest.mark.parametrize(("wait", "place"), [(0.1, 0), (0.11, 1), (120, 16), (120.1, 17)])
def test_a_class_includes_its_upper_end(wait: float, place: int) -> None:
    assert waited(wait).flushes == {place: 1}
