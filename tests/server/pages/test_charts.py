"""Figures become charts: columns of time, paths, and the words beside them."""

import xml.etree.ElementTree as ElementTree
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.server.pages import cast_sessions as cast

from sandbox_server.pages import charts
from sandbox_server.pages.rendering import render
from sandbox_server.pages.spans import DAY, HOUR, MONTH, WINDOWS, Window
from sandbox_server.wire_sessions import Figures, Point

NOW = datetime(2026, 11, 22, 12, 3, 20, tzinfo=UTC)


def at(minutes: float = 0, **changes: Any) -> Point:
    """So many minutes ago."""
    return cast.point(at=NOW - timedelta(minutes=minutes), **changes)


def figures(*points: Point, **total: Any) -> Figures:
    return cast.figures(points=list(points), total=cast.point(**total), faults=[])


@pytest.mark.parametrize("window", WINDOWS.values(), ids=lambda window: window.name)
def test_a_window_ends_with_the_column_that_is_not_over_yet(window: Window) -> None:
    begin, end = window.bounds(NOW)
    assert end - begin == window.length
    assert timedelta(0) < end - NOW <= window.column
    assert len(window.bins([], NOW)) == window.length / window.column


def test_points_fall_into_their_column_and_what_is_older_or_newer_is_left_out() -> None:
    bins = HOUR.bins([at(0), at(59), at(61), at(-3)], NOW)
    assert [place for place, one in enumerate(bins) if one.happened] == [0, 59]
    assert bins[-1].when == "12:03"


def test_a_column_counts_its_points_together() -> None:
    bins = DAY.bins([at(1, sessions=4, started=3, failed=1), at(2, sessions=2, started=1, failed=0)], NOW)
    assert (bins[-1].sessions, bins[-1].started, bins[-1].failed) == (4, 4, 1)
    assert bins[-1].failed_share == 0.25
    assert bins[-1].when == "12:00–12:20"


def test_the_axis_says_where_it_begins_and_ends() -> None:
    assert HOUR.ticks(NOW) == ("11:04", "11:34", "12:04")
    assert DAY.ticks(NOW) == ("12:20", "00:20", "12:20")
    assert MONTH.ticks(NOW)[0] == "23 Oct"


def test_a_chart_says_in_words_what_it_draws() -> None:
    found = figures(
        at(5, started=2, failed=1, p95=2.0), started=40, failed=2, sessions=7, p50=0.6, p95=1.94, crashes=1
    )
    by_name = {chart.name: chart for chart in charts.board(found, HOUR, NOW).charts}
    assert by_name["sessions"].summary == "Sessions: 40, at most 7 at once"
    assert by_name["flush"].summary == "First flush, median: 0.6 s, 95 % within 1.9 s (dashed)"
    assert by_name["errors"].summary == "Sessions with an error: 5 %, 2 of 40 sessions, 1 crash"
    assert by_name["errors"].marks[0].words == "11:58: 1 of 2 sessions with an error"


def test_what_has_no_sessions_shows_its_requests_only() -> None:
    drawn = charts.board(figures(at(5)), HOUR, NOW, serves="api").charts
    assert [chart.name for chart in drawn] == ["memory", "requests"]


def test_nothing_measured_is_no_chart() -> None:
    assert charts.board(figures(), HOUR, NOW).charts == ()


def test_where_nothing_is_known_for_long_the_line_has_a_gap() -> None:
    found = figures(at(40, p50=0.5), at(38, p50=0.6), at(2, p50=0.5))
    flush = charts.board(found, HOUR, NOW).charts[1]
    assert flush.line.count("M") == 2


@pytest.mark.parametrize(
    ("value", "round_one"),
    [(0, 1), (1, 1), (1.2, 1.5), (7, 8), (9, 10), (0.12, 0.15), (10_000_001, 15_000_000)],
)
def test_the_upper_edge_is_a_round_number(value: float, round_one: float) -> None:
    assert charts.nice(value) == pytest.approx(round_one)


@pytest.mark.parametrize("size", [0, 1, 10**12])
@pytest.mark.parametrize("window", WINDOWS.values(), ids=lambda window: window.name)
def test_every_drawing_stays_inside_its_frame(size: int, window: Window) -> None:
    points = [
        at(minutes, sessions=size, started=size, failed=size, requests=size, refused=size, memory=size, p50=float(size),
           p95=float(size), crashes=size)
        for minutes in range(0, 31 * 1440, 97)
    ]  # fmt: skip
    found = figures(
        *points, sessions=size, started=size, failed=size, requests=size, memory=size, p50=None, p95=None
    )
    drawn = charts.board(found, window, NOW)
    for chart in drawn.charts:
        for mark in chart.marks:
            assert 0 <= mark.bar <= 100
            assert 0 <= mark.worse <= 100
            assert mark.x + mark.width <= 1000.5
        numbers = (
            (chart.line + chart.area + chart.upper).replace("M", " ").replace("L", " ").replace("Z", " ")
        )
        assert all(0 <= float(number) <= 1000 for number in numbers.split())


def test_a_chart_is_an_image_with_a_name_and_its_columns_tell_their_values() -> None:
    html = render("fragments/figures.html", **cast.measured("day"))
    root = ElementTree.fromstring(html.replace("&ndash;", "–"))
    images = root.findall(".//svg[@role='img']")
    assert [image.get("aria-label", "").partition(":")[0] for image in images] == [
        "Sessions", "First flush, median", "Sessions with an error", "Memory", "Requests",
    ]  # fmt: skip
    assert all(title.text and ": " in title.text for title in root.findall(".//rect/title"))
    assert len(root.findall(".//tbody/tr")) >= 20
    assert root.find(".//a[@aria-current='page']").text == "Day"  # type: ignore[union-attr]


def test_before_the_first_session_the_page_says_what_will_be_shown() -> None:
    html = render("fragments/figures.html", **cast.unmeasured())
    assert "No sessions in the last hour" in html
    assert "visits do not count" in html
    assert "<svg" not in html


def test_a_month_of_figures_is_a_page_of_reasonable_size() -> None:
    assert len(render("fragments/figures.html", **cast.measured("month"))) < 200_000
