"""What a comment may say."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox_server.domain.comment import inputs_of, path_of, plain
from sandbox_server.errors import BadRequest


@given(st.text(alphabet=st.characters(), max_size=200))
def test_plain_text_can_be_kept_shown_and_printed(text: str) -> None:
    kept = plain(text)
    assert kept.encode().decode() == kept == plain(kept)
    assert not {one for one in kept if ord(one) < 32 or 127 <= ord(one) < 160} - {"\n", "\t"}


def test_what_people_write_stays_as_it_is() -> None:
    text = "Ünïcode, עברית, 日本語, 👩‍👩‍👧, <b>markup</b> & 'quotes'\n\tindented"
    assert plain(text) == text


@pytest.mark.parametrize("url", ["/", "/?a=1&b=/x//y#z", "/page.html", "/#!/tab", "/%2f%2fevil.example"])
def test_a_page_of_the_app_is_a_place(url: str) -> None:
    assert path_of(url) == url


def test_no_page_is_the_first_one() -> None:
    assert path_of("") == "/"


@pytest.mark.parametrize(
    "url",
    ["//evil.example", "/\\evil.example", "/a\\b", "\\\\evil", "http:/x", "/a\tb", "/\x00", " /", "/a\n"],
)
def test_what_could_lead_elsewhere_is_no_place(url: str) -> None:
    with pytest.raises(BadRequest):
        path_of(url)


@pytest.mark.parametrize(
    ("given_one", "kept"),
    [
        ({"n": 1.5, "on": True, "none": None, "list": ["a", {"b": [1]}]}, None),
        ({"n": float("nan"), "i": float("inf")}, {"n": None, "i": None}),
        ({"n": 2**60, "huge": 10**400}, {"n": float(2**60), "huge": None}),
        ({"half": "a\ud800b", "nul": "a\x00b", "\ud800": 1}, {"half": "a?b", "nul": "ab", "?": 1}),
    ],
)
def test_inputs_are_what_every_browser_and_database_can_say(
    given_one: dict[str, Any], kept: dict[str, Any] | None
) -> None:
    found = inputs_of(given_one)
    assert found == (given_one if kept is None else kept)
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_inputs_have_a_depth_and_a_size() -> None:
    assert inputs_of({"a": [[[[1]]]]})
    with pytest.raises(BadRequest, match="5 levels"):
        inputs_of({"a": [[[[[]]]]]})
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(BadRequest, match="5 levels"):
        inputs_of({"a": deep})
    with pytest.raises(BadRequest, match="65,536"):
        inputs_of({"a": "ü" * 33_000})
