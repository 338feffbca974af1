"""Who said what of a deployment."""

from datetime import UTC, datetime, timedelta

from sandbox_server.domain.gates import GatesConfig, parse
from sandbox_server.domain.opinion import Kind, names_by_outcome
from sandbox_server.domain.reviewers import Signed

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
NOTHING = GatesConfig()


def said(id: int, name: str, outcome: str, minutes: int = 0, identified: str = "link") -> Signed:
    return Signed(
        id=id, deployment_id=1, review=1, outcome=outcome, name=name, email=f"{name.lower()}@example.org", user="",
        identified=identified, image="sha256:1", at=NOON + timedelta(minutes=minutes),
    )  # fmt: skip


def names(rows: list[Signed], gates: GatesConfig = NOTHING, minutes: int = 5) -> dict[Kind, list[str]]:
    until = NOON + timedelta(minutes=minutes)
    return names_by_outcome(gates, rows, "sha256:1", "anna", {"anna": "anna@example.org"}, until)


def test_names_are_told_by_outcome_the_oldest_first() -> None:
    rows = [said(3, "cleo", "remarks"), said(2, "dana", "accepted"), said(1, "ben", "accepted")]
    assert names(rows) == {"remarks": ["cleo"], "accepted": ["ben", "dana"]}


def test_of_a_person_the_newest_verdict_counts() -> None:
    assert names([said(2, "ben", "accepted", 2), said(1, "Ben", "rejected")]) == {"accepted": ["ben"]}


def test_what_was_said_later_was_not_known_then() -> None:
    assert names([said(2, "ben", "accepted", 10), said(1, "ben", "rejected")]) == {"rejected": ["ben"]}


def test_whom_the_gates_do_not_count_is_told_apart() -> None:
    rows = [said(1, "ben", "accepted"), said(2, "anna", "accepted"), said(3, "eve", "rejected")]
    demanded = parse({"reviews": 1, "reviewers": ["ben@example.org", "anna@example.org"]})
    assert names(rows, demanded) == {"accepted": ["ben"], "ignored": ["anna", "eve"]}
    assert names(rows, parse({"reviews": 1})) == {
        "rejected": ["eve"],
        "accepted": ["ben"],
        "ignored": ["anna"],
    }


def test_what_was_too_old_by_then_was_not_counted() -> None:
    demanded = parse({"reviews": 1, "max_age": "1h"})
    assert names([said(1, "ben", "accepted")], demanded) == {"accepted": ["ben"]}
    assert names([said(1, "ben", "accepted")], demanded, 120) == {"ignored": ["ben"]}


def test_where_nobody_asks_for_reviews_none_is_left_out() -> None:
    assert names([said(1, "anna", "accepted")]) == {"accepted": ["anna"]}


def test_of_nobody_there_is_nothing_to_tell() -> None:
    assert names([]) == {}
