"""What `[gates]` takes, and how it is written and told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox_server.domain import config
from sandbox_server.domain.gate_words import changes, unsure, words, written
from sandbox_server.domain.gates import GatesConfig, parse, stored
from sandbox_server.errors import BadConfig

WRONG = [None, 0, -1, 1.5, 10**6, True, "", "x" * 300, [], [1], [""], {"QA": 1}, {"qa": [1]}, {"qa": "a@b.c"}]

WHOLE = {
    "reviews": 2,
    "reviewers": ["@qa", "Head@example.org"],
    "groups": {"qa": ["rita@example.org", "omar@example.org"]},
    "identified": True,
    "author_may_review": True,
    "max_age": "14d",
    "checks": ["smoke"],
    "freeze": ["2026-12-20..2027-01-06", "Fri 16:00..Mon 08:00"],
    "max_commits": 20,
}


def test_it_works() -> None:
    gates = parse(WHOLE)
    assert set(gates.people) == {"rita@example.org", "omar@example.org", "head@example.org"}
    assert gates.max_age == 14 * 86400
    assert written(gates) == WHOLE
    assert stored(gates.model_dump(mode="json")) == gates


def test_sandbox_toml_says_the_same() -> None:
    text = '[gates]\nreviews = 1\nmax_age = "36h"\nfreeze = ["Sat..Sun"]\n[gates.groups]\nqa = ["rita@example.org"]'
    gates = config.parse(text).gates
    assert gates == parse(
        {
            "reviews": 1,
            "max_age": "36h",
            "freeze": ["Sat..Sun"],
            "groups": {"qa": ["rita@example.org"]},
        }
    )
    assert config.stored(config.parse(text).model_dump(mode="json")).gates == gates


def test_without_a_table_nothing_is_proposed_and_an_empty_one_proposes_nothing() -> None:
    assert config.parse("").gates is None
    assert config.parse("[gates]").gates == GatesConfig()


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"reviwes": 1}, "There is no gate `reviwes`; did you mean `review"),
        ({"zzz": 1}, "There is no gate `zzz`."),
        ({"reviews": -1}, "`reviews`: it takes a whole number from 0 to 20, without quotes"),
        ({"reviews": 21}, "such as `reviews = 1`; here stands 21."),
        ({"reviews": 16**5000}, "without quotes, such as `reviews = 1`."),
        ({"reviews": "1"}, 'such as `reviews = 1`; here stands "1".'),
        ({"reviews": True}, "such as `reviews = 1`; here stands true."),
        ({"reviewers": ["rita"]}, "`reviewers`: 'rita' is neither a mail address nor a group"),
        # No link can be made for it, so nobody could ever accept.
        ({"reviewers": ["r\u00edta@example.org"]}, "neither a mail address nor a group"),
        ({"reviewers": ["Rita <rita@example.org>"]}, "neither a mail address nor a group"),
        ({"reviewers": ["@qa"]}, 'that is: write `qa = ["name@example.org"]` below `[gates.groups]`.'),
        ({"groups": {"qa": []}}, "`groups`: nobody is in the group 'qa'."),
        ({"groups": {"qa": ["@others"]}}, "'@others' in the group 'qa' is no mail address"),
        ({"groups": {"QA": ["a@b.c"]}}, "`groups.QA`: the name of a group has small letters, digits and - only"),
        ({"groups": {"qa": "a@b.c"}}, "`groups.qa`: a group takes a list of mail addresses"),
        ({"groups": ["a@b.c"]}, "`groups`: it is a table of 50 groups at most: write `[gates.groups]`"),
        ({"groups": {"qa": [""]}}, "`groups.qa`: a group takes a list of mail addresses"),
        ({"reviewers": "a@b.c"}, "`reviewers`: it takes a list of mail addresses and groups"),
        ({"reviewers": [1]}, "such as `reviewers = [\"@qa\", \"head@example.org\"]`; here stands 1."),
        ({"identified": "yes"}, '`identified`: it takes `true` or `false`, without quotes; here stands "yes".'),
        ({"reviews": 2, "reviewers": ["a@b.c", "A@B.C"]}, "`reviews` is 2, but `reviewers` names 1 person only"),
        ({"reviews": 2, "reviewers": ["a+1@b.c", "a+2@b.c"]}, "`reviews` is 2, but `reviewers` names 1 person only"),
        ({"max_age": 14}, "`max_age`: write it as text"),
        ({"max_age": "a while"}, "`max_age`: 'a while' is no span of time"),
        ({"max_age": "400d"}, "`max_age`: a year is the longest span"),
        ({"max_age": "0d"}, "`max_age`: no review is that new; write such as"),
        ({"checks": ["load"]}, '"smoke" is the only check: `checks = ["smoke"]`; here stands "load".'),
        ({"freeze": "Sat..Sun"}, "`freeze`: it takes a list of 50 times at most"),
        ({"freeze": ["Christmas"]}, "`freeze`: 'Christmas' is no freeze window; write"),
        ({"freeze": ["Sat..Sun"] * 51}, "`freeze`:"),
        ({"max_commits": 0}, "`max_commits`: it takes a whole number from 1 to 10000"),
    ],
)  # fmt: skip
def test_impossible_gates_are_refused_with_their_name(values: dict[str, object], expected: str) -> None:
    with pytest.raises(BadConfig) as caught:
        parse(values)
    assert expected in caught.value.message


def test_a_bad_one_is_refused_at_the_push_with_its_key() -> None:
    with pytest.raises(BadConfig, match=r"`gates.freeze`: 'Fri..' is no freeze window; write"):
        config.parse('[gates]\nfreeze = ["Fri.."]')
    with pytest.raises(BadConfig, match=r"`gates.groups.QA`: the name of a group has small letters"):
        config.parse('[gates.groups]\nQA = ["a@b.c"]')
    with pytest.raises(BadConfig, match=r"`gates`: it is a table of gates: write `\[gates\]`"):
        config.parse("gates = 1")
    with pytest.raises(BadConfig, match=r"unknown key `gates.max_comits`; did you mean `max_commits`\?"):
        config.parse("[gates]\nmax_comits = 5")


def refusal(key: str, value: object) -> str:
    """Empty: it is no wrong value of this key."""
    try:
        parse({key: value})
    except BadConfig as refused:
        return refused.message
    return ""


@pytest.mark.parametrize("key", list(GatesConfig.model_fields))
def test_no_refusal_speaks_as_a_program_does(key: str) -> None:
    said = " ".join(refusal(key, value) for value in WRONG)
    assert f"`{key}`" in said
    for taken in ("should be", "should have", "should match", "valid dictionary", "[key]"):
        assert taken not in said


def test_they_are_told_in_sentences() -> None:
    assert words(GatesConfig()) == []
    assert words(parse({"reviews": 1})) == [
        "1 person has accepted it, and nobody has rejected it.",
        "The review of whoever pushed it does not count.",
    ]
    assert words(parse(WHOLE)) == [
        "2 people of @qa and Head@example.org have accepted it, and none of these has rejected it.",
        "Reviewers have proved who they are, by a code that came by mail or by logging in.",
        "Reviews are not older than 14 days.",
        "The smoke check has passed.",
        "Nothing is released during 2026-12-20..2027-01-06.",
        "Nothing is released during Fri 16:00..Mon 08:00.",
        "It brings 20 commits at most.",
    ]  # fmt: skip


def test_an_author_without_a_known_address_is_told_where_it_matters() -> None:
    strict = parse({"reviews": 1, "identified": True})
    assert unsure(strict, ["ann", "ben"], {"ben": "ben@example.org"}) == [
        "Whether a reviewer is the author is known only for logged-in reviewers: "
        "ann has no mail address here (`sandboxd user email ann ADDRESS`)."
    ]
    [two] = unsure(strict, ["ann", "ben", "ann"], {})
    assert "ann and ben have no mail addresses here (`sandboxd user email NAME ADDRESS`)" in two
    assert unsure(strict, ["ben"], {"ben": "ben@example.org"}) == []
    assert unsure(GatesConfig(), ["ann"], {}) == []
    assert unsure(parse({"reviews": 1, "author_may_review": True}), ["ann"], {}) == []


def test_a_change_is_shown_as_lines_that_go_and_come() -> None:
    before, after = parse({"reviews": 2, "checks": ["smoke"]}), parse({"reviews": 1, "max_age": "14d"})
    assert changes(before, after) == [
        '- checks = ["smoke"]',
        '+ max_age = "14d"',
        "- reviews = 2",
        "+ reviews = 1",
    ]
    assert changes(before, before) == []
    assert changes(GatesConfig(), parse({"groups": {"qa": ["a@b.c"]}})) == ['+ groups.qa = ["a@b.c"]']
    assert changes(parse({"identified": True}), GatesConfig()) == ["- identified = true"]


SPANS = st.tuples(st.integers(1, 999).map(str), st.sampled_from("smh")).map("".join) | st.tuples(
    st.integers(1, 365).map(str), st.sampled_from(["d", ".5d", ".25h", ".001d"])
).map("".join)  # fmt: skip


@given(SPANS)
def test_a_span_reads_back_as_it_was_written(span: str) -> None:
    gates = parse({"max_age": span}) if not span.startswith("365.") else GatesConfig()
    again = parse(written(gates))
    assert again.max_age == pytest.approx(gates.max_age) if gates.max_age else again == gates
    assert changes(gates, again) == []
