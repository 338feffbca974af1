"""What a page says of the inputs that it could not set."""

from typing import Any

import pytest

from sandbox_server.visitor.picture import MOST_INPUTS, left


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ([], ()),
        (["b"], ("b",)),
        (["b", "b", "z", 1, None, {"a": 1}, ["a"]], ("b",)),
        (None, ("a", "b")),
        ("a", ("a", "b")),
        ({"a": 1}, ("a", "b")),
        ([*["x"] * MOST_INPUTS, "a"], ()),
    ],
)
def test_of_what_a_page_says_only_names_that_were_asked_for_are_taken(
    said: Any, found: tuple[str, ...]
) -> None:
    assert left(("a", "b"), said) == found
