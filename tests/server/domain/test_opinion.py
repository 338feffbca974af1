"""Who said what of a deployment."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sandbox_server.domain.opinion import names_by_outcome

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@dataclass
class Row:
    id: int
    name: str
    outcome: str
    deployment_id: int = 1
    minutes: int = 0

    @property
    def email(self) -> str:
        return f"{self.name}@example.org"

    @property
    def created_at(self) -> datetime:
        return NOON + timedelta(minutes=self.minutes)


def test_names_are_told_by_outcome_the_oldest_first() -> None:
    rows = [Row(3, "cleo", "remarks"), Row(2, "dana", "accepted"), Row(1, "ben", "accepted")]
    assert names_by_outcome(rows, NOON) == {"remarks": ["cleo"], "accepted": ["ben", "dana"]}


def test_of_a_person_the_newest_verdict_counts() -> None:
    rows = [Row(2, "ben", "accepted", minutes=2), Row(1, "Ben", "rejected")]
    assert names_by_outcome(rows, NOON + timedelta(minutes=5)) == {"accepted": ["ben"]}


def test_what_was_said_later_was_not_known_then() -> None:
    rows = [Row(2, "ben", "accepted", minutes=10), Row(1, "ben", "rejected")]
    assert names_by_outcome(rows, NOON + timedelta(minutes=5)) == {"rejected": ["ben"]}


def test_of_nobody_there_is_nothing_to_tell() -> None:
    assert names_by_outcome([], NOON) == {}
