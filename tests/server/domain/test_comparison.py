"""When a new version is called worse than the one before, and when chance is."""

import random
from typing import Any

import pytest

from sandbox_server.domain.comparison import Baseline, Comparison, Unit, alone, judge, odds
from sandbox_server.domain.figures import EDGES, Counts
from sandbox_server.domain.running import WatchConfig

CONFIG = WatchConfig()
MINUTES = 20
LOOKS = 6
"""In a minute."""

RECORDED = {0: 51, 1: 51, 2: 51, 3: 41, 4: 24, 5: 11, 6: 3, 7: 1, 8: 1}
"""First flushes of 234 sessions, by class, as two equal versions of a small app met them on a busy machine; each one's
first session took longest."""
FLUSHES = [EDGES[place] for place, count in RECORDED.items() for _ in range(count)]


def counts(started: int = 0, failed: int = 0, flush: float = 0.4, slow: int = 0, **more: Any) -> Counts:
    """With so many sessions, most of them with this first flush; `slow` ones take ten times as long."""
    made = Counts(started=started, failed=failed, **more)
    for number in range(started):
        made.flush(flush * 10 if number < slow else flush)
    return made


def verdict(newer: Counts, older: Counts, config: WatchConfig = CONFIG, unit: Unit = "session") -> Comparison:
    return judge(newer, Baseline(older, "d1", 600), 600, config, unit)


def test_it_works() -> None:
    found = verdict(counts(45, 9), counts(410, 4))
    assert found.state == "worse"
    assert found.words == "More sessions meet errors: 9 of 45 (20 %), against 4 of 410 (1.0 %) with d1."


def test_alike_is_fine() -> None:
    found = verdict(counts(45, 1), counts(410, 8))
    assert found.state == "fine"
    assert (
        found.words
        == "Nothing is worse: errors in 1 of 45 sessions (2.2 %), against 8 of 410 (2.0 %) with d1."
    )


def test_too_few_sessions_are_waited_for() -> None:
    assert verdict(counts(4), counts(400)) == Comparison("few", "Too few sessions to judge: 4 of 20.")
    assert verdict(counts(40), counts(3)) == Comparison(
        "few", "Too few sessions of d1 to compare with: 3 of 20."
    )
    assert verdict(counts(), counts()).state == "few"


def test_what_fails_nearly_always_is_found_after_a_few_sessions() -> None:
    assert verdict(counts(5, 5), counts(50)).state == "worse"
    assert verdict(counts(2, 2), counts(50)).state == "few"


def test_more_errors_than_tolerated_that_may_be_chance_lead_nobody_on() -> None:
    found = verdict(counts(20, 3), counts(20))
    assert found.state == "few"
    assert (
        "tell trouble from chance: errors in 3 of 20 sessions (15 %), against 0 of 20 with d1" in found.words
    )


def test_a_difference_below_what_the_app_tolerates_is_fine_however_sure_it_is() -> None:
    assert verdict(counts(10_000, 500), counts(100_000, 1000)).state == "fine"
    assert verdict(counts(10_000, 500), counts(100_000, 1000), WatchConfig(errors=0.01)).state == "worse"


def test_an_app_that_always_had_errors_is_compared_with_itself() -> None:
    assert verdict(counts(60, 40), counts(300, 200)).state == "fine"


def test_crashes_beyond_what_is_tolerated() -> None:
    assert verdict(counts(30, crashes=1), counts(300)).state == "fine"
    found = verdict(counts(3, crashes=2), counts(300))
    assert (found.state, found.words) == ("worse", "It crashed 2 times, against 0 with d1.")
    assert verdict(counts(30, crashes=3), counts(300, crashes=2)).state == "fine"


def test_crashes_of_a_day_count_by_their_part_of_it() -> None:
    day = Baseline(counts(300, crashes=24), "d1", 86400, " over the last day")
    found = judge(counts(30, crashes=2), day, 600, CONFIG)
    assert found.words == "It crashed 2 times, against 24 with d1 over the last day."
    assert judge(counts(30, crashes=2), day, 6 * 3600, CONFIG).state == "fine"


def test_a_late_first_flush() -> None:
    found = verdict(counts(40, slow=10), counts(300))
    assert found.state == "worse"
    assert (
        found.words == "The first outputs come late: 95 % of the sessions within 5 s, against 0.5 s with d1."
    )
    assert verdict(counts(40, slow=2), counts(300)).state == "fine"
    assert verdict(counts(10, slow=10), counts(300)).state == "few"
    assert verdict(counts(40, slow=10), counts(300), WatchConfig(first_flush=20)).state == "fine"


def test_nobody_notices_a_tenth_of_a_second() -> None:
    assert verdict(counts(200, flush=0.25), counts(300, flush=0.05)).state == "fine"


def test_a_page_that_answers_with_errors_begins_no_session() -> None:
    found = verdict(counts(requests=40, refused=35), counts(300, requests=9000, refused=9))
    assert found.words == "Its pages fail: 35 of 40 requests, against 9 of 9000 with d1."


def test_what_has_no_sessions_is_judged_by_its_requests() -> None:
    newer, older = Counts(requests=300, refused=60), Counts(requests=2700, refused=2)
    assert verdict(newer, older, unit="request").words.startswith(
        "More requests meet errors: 60 of 300 (20 %)"
    )
    assert verdict(Counts(requests=3), older, unit="request").words == "Too few requests to judge: 3 of 20."
    assert verdict(Counts(requests=300), older, unit="request").state == "fine"


def test_without_a_version_before_only_what_is_clearly_broken_is_called_so() -> None:
    assert alone(counts(40, 8), CONFIG).state == "fine"
    assert alone(counts(6, 5), CONFIG).words == "Most sessions meet errors: 5 of 6 (83 %)."
    assert alone(counts(4, 4), CONFIG).state == "few"
    assert alone(counts(0, crashes=2), CONFIG).words == "It crashed 2 times."


def test_odds_say_nothing_without_sessions_and_never_overflow() -> None:
    assert odds(0, 0, 0, 100) == odds(0, 100, 0, 0) == 1
    assert odds(10**6, 10**6, 0, 10**9) > 1000


def look_by_look(
    seed: int, share: int, each_minute: float, error: float, base_error: float, day: int = 0
) -> Comparison | None:
    """Looks every 10 seconds for 20 minutes: the first that says "worse". With `day`, the other one's sessions are all
    from the day before."""
    chance = random.Random(seed)
    newer, older = Counts(), Counts()
    for _ in range(day):
        _session(chance, older, base_error)
    for _ in range(MINUTES * LOOKS):
        for _ in range(_arrivals(chance, each_minute / LOOKS)):
            if chance.random() * 100 < share:
                _session(chance, newer, error)
            elif not day:
                _session(chance, older, base_error)
        found = verdict(newer, older)
        if found.state == "worse":
            return found
    return None


def _session(chance: random.Random, counted: Counts, error: float) -> None:
    counted.started += 1
    counted.failed += chance.random() < error
    counted.flush(chance.choice(FLUSHES))


def _arrivals(chance: random.Random, mean: float) -> int:
    return sum(chance.random() < mean / 40 for _ in range(40))


@pytest.mark.parametrize("share", [10, 50])
@pytest.mark.parametrize("error", [0.0, 0.02, 0.3])
def test_two_equal_versions_are_never_told_apart_however_often_one_looks(share: int, error: float) -> None:
    for each_minute in (6, 60):
        seen = [look_by_look(seed, share, each_minute, error, error) for seed in range(20)]
        assert seen == [None] * 20


def test_an_equal_version_is_not_worse_than_the_day_before() -> None:
    for day in (30, 1000):
        assert [look_by_look(seed, 100, 20, 0.02, 0.02, day) for seed in range(20)] == [None] * 20


@pytest.mark.parametrize(("share", "each_minute"), [(10, 60), (50, 20)])
def test_a_version_on_which_every_fifth_session_fails_is_found(share: int, each_minute: int) -> None:
    seen = [look_by_look(seed, share, each_minute, 0.2, 0.01) for seed in range(20)]
    assert all(found and "meet errors" in found.words for found in seen)


def test_a_late_first_flush_is_found_and_is_said_so() -> None:
    newer, older = Counts(), Counts()
    chance = random.Random(1)
    for _ in range(200):
        older.flush(0.3 * chance.lognormvariate(0, 0.4))
    for _ in range(60):
        newer.flush(1.5 * chance.lognormvariate(0, 0.4))
    assert "come late" in verdict(newer, older).words
