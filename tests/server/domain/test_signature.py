"""What a verdict means, and which one stands."""

from dataclasses import dataclass

from sandbox_server.domain import signature


@dataclass
class Signed:
    id: int
    deployment_id: int
    email: str


def test_the_meaning_is_one_sentence_in_plain_words() -> None:
    assert signature.meaning("accepted", 42, "Sales") == (
        "I have tried test version 42 of Sales and accept that it goes live."
    )
    assert signature.meaning("remarks", 42, "Sales").startswith(
        "I have tried test version 42 of Sales and accept"
    )
    assert "must not go live" in signature.meaning("rejected", 42, "Sales")


def ids(rows: list[Signed]) -> list[int]:
    return [one.id for one in rows]


def test_a_persons_newest_on_a_deployment_stands() -> None:
    rows = [
        Signed(1, 1, "rita@example.org"),
        Signed(2, 1, "Rita@Example.org"),
        Signed(3, 1, "tom@example.org"),
        Signed(4, 2, "rita@example.org"),
    ]
    assert ids(signature.newest(rows)) == ids(signature.newest(rows[::-1])) == [4, 3, 2]
    assert signature.newest([]) == []


def test_only_what_counts_takes_the_place_of_what_counts() -> None:
    rows = [
        Signed(1, 1, "rita@example.org"),
        Signed(2, 1, "rita+x@example.org"),
        Signed(3, 1, "tom@example.org"),
    ]
    assert ids(signature.newest(rows, lambda one: one.id == 1)) == [3, 1]
