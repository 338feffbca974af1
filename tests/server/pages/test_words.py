"""How values are written for people."""

from datetime import timedelta
from typing import Any

import pytest
from tests.server.pages import cast

from sandbox_server import wire
from sandbox_server.pages import words


@pytest.mark.parametrize(
    ("span", "expected"),
    [
        (timedelta(seconds=-5), "just now"),
        (timedelta(seconds=59), "just now"),
        (timedelta(minutes=3), "3 min ago"),
        (timedelta(hours=30), "30 h ago"),
        (timedelta(days=5), "5 days ago"),
    ],
)
def test_ages_are_relative(span: timedelta, expected: str) -> None:
    assert words.age(cast.NOW - span, cast.NOW) == expected


def test_old_things_have_a_date() -> None:
    assert words.age(cast.NOW - timedelta(days=90), cast.NOW).endswith(
        f"{(cast.NOW - timedelta(days=90)).year}"
    )


def test_a_time_without_a_zone_is_utc() -> None:
    assert words.exact(cast.NOW.replace(tzinfo=None)) == words.exact(cast.NOW)


@pytest.mark.parametrize(
    ("count", "expected"),
    [(0, "0 B"), (2048, "2 KiB"), (96_400_000, "92 MiB"), (2**30 * 3 // 2, "1.5 GiB"), (2**31, "2 GiB")],
)
def test_sizes_have_a_unit(count: int, expected: str) -> None:
    assert words.size(count) == expected


@pytest.mark.parametrize(("value", "expected"), [(0.12, "0.12 s"), (2.15, "2.1 s"), (75, "1 min 15 s")])
def test_durations_are_short(value: float, expected: str) -> None:
    assert words.seconds(value) == expected


@pytest.mark.parametrize(
    ("sessions", "expected"),
    [
        (None, "Those who have d39 open keep it until they leave."),
        (0, "Nobody has d39 open."),
        (1, "1 person keeps d39 until they leave."),
        (7, "7 people keep d39 until they leave."),
    ],
)
def test_who_stays_is_counted_only_if_it_is_known(sessions: int | None, expected: str) -> None:
    assert words.who_stays(cast.release(sessions=sessions)) == expected


def test_a_phase_does_not_repeat_its_status() -> None:
    assert words.beyond("building, installing 3 packages", "building") == "installing 3 packages"
    assert words.beyond("starting R: 2,400 rows read", "starting") == "2,400 rows read"
    assert words.beyond("ready", "ready") == ""


def test_hints_show_what_to_type_as_code() -> None:
    assert words.with_code("Run `sandbox ls` <now>.") == "Run <code>sandbox ls</code> &lt;now&gt;."
    assert words.with_code("one ` only") == "one ` only"


def test_a_long_host_breaks_between_its_parts() -> None:
    assert (
        words.breakable_url("http://d1--a.apps.localhost:80/")
        == "d1--<wbr>a<wbr>.apps<wbr>.localhost<wbr>:80"
    )


def test_the_steps_of_a_deployment_fill_its_bar() -> None:
    bars = words.timing({"upload": 1, "build": 2, "start": 1, "smoke": 0, "total": 4})
    assert [(bar.name, bar.start, bar.width) for bar in bars] == [
        ("upload", 0, 250),
        ("build", 250, 500),
        ("start", 750, 250),
    ]
    assert words.timing({}) == []


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "92 MiB of 1 GiB · 1\N{NO-BREAK SPACE}CPU"),
        (
            {"instances": 2, "cpus": 1.5},
            "92 MiB in 2 instances, each up to 1 GiB · 1.5\N{NO-BREAK SPACE}CPUs",
        ),
        ({"memory": None, "instances": 0}, "not running, limit 1 GiB · 1\N{NO-BREAK SPACE}CPU"),
        ({"memory_limit": None, "cpus": None}, "92 MiB"),
    ],
)
def test_resources_are_told_with_their_limits(changes: dict[str, Any], expected: str) -> None:
    limits = {"instances": 1, "memory_limit": 2**30, "cpus": 1.0}
    assert words.resources(cast.deployment(**{**limits, **changes})) == expected


@pytest.mark.parametrize(
    ("action", "by", "old", "new", "expected"),
    [
        ("deployment.pushed", "anna", "", "main 3f2a1c9", "pushed by anna: main 3f2a1c9"),
        ("deployment.moved", "platform", "starting", "ready", "is ready"),
        ("deployment.moved", "ben", "building", "cancelled", "was cancelled by ben"),
        ("release.promote", "ben", "release 1", "d2", "made by ben: users get d2"),
        ("release.rollback", "ben", "release 2", "d1", "made by a rollback by ben: users get d1"),
        ("instance.crashed", "platform", "release", "", "’s instance in the release scope crashed"),
        ("sandbox.removed", "anna", "", "", "removed by anna"),
        (
            "review.requested",
            "anna",
            "",
            "r@x.example on d1 of main",
            "was asked for by anna: r@x.example on d1 of main",
        ),
        ("verdict.remarks", "r@x.example", "", "Rita", "was accepted with remarks by r@x.example"),
    ],
)
def test_what_happened_is_one_sentence(action: str, by: str, old: str, new: str, expected: str) -> None:
    event = wire.Event(
        at=cast.NOW, by=by, action=action, app="sales-dashboard", subject="d2", old=old, new=new, reason=""
    )
    assert words.deed(event) == expected


def test_a_table_of_what_could_not_be_had_has_rows() -> None:
    first, second = words.troubles(cast.LACKS)
    assert (first.package, first.wanted) == ("leaflet", "2.2.2 (renv.lock)")
    assert first.found.startswith("https://cloud.r-project.org timed out")
    assert second.remedy == "ask the administrator for a login in SANDBOX_NETRC"


def test_what_r_says_is_no_such_table() -> None:
    assert words.troubles("Error in library(leaflet)") == []
    assert words.troubles(f"Error\n{cast.LACKS}") == []
    assert words.troubles("") == []


def test_kinds_have_names() -> None:
    assert words.kind("shiny") == "Shiny app"
    assert words.kind("plumber") == "Plumber API"
    assert words.kind("something new") == "something new"
