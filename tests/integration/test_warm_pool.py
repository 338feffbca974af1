"""Containers that wait for code, with real R: what an app finds in one is what it finds after a cold start."""

import html
import json
import re
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.integration.platform import (
    APPS,
    NO_BROWSER,
    Platform,
    branch_host,
    deployment_host,
    packed,
    until,
)

pytestmark = [pytest.mark.engine]

APP = "shop"
HELLO = (APPS / "hello" / "app.R").read_text()
DUMP = """
library(shiny)
loadNamespace("ggplot2") # what is loaded ahead sets its options ahead
files <- list.files("/app", all.files = TRUE, recursive = TRUE, include.dirs = TRUE, no.. = TRUE)
info <- file.info(file.path("/app", files))
plain <- function(value) {
  if (is.function(value) || is.environment(value)) class(value)[[1]] else paste(format(value), collapse = " ")
}
own <- function(names) names[!grepl("^(rlang|cli|ggplot2|vctrs|sandbox)[.:]", names)]
seen <- list(
  search = search(), wd = getwd(), env = as.list(Sys.getenv()),
  options = lapply(options()[own(names(options()))], plain),
  arguments = commandArgs(), libraries = .libPaths(), locale = Sys.getlocale(), zone = Sys.timezone(),
  now = format(as.POSIXct(0, origin = "1970-01-01"), "%H:%M %Z"), globals = ls(globalenv(), all.names = TRUE),
  interactive = interactive(), home = path.expand("~"), user = Sys.info()[["user"]], umask = format(Sys.umask()),
  files = files, sizes = info$size, modes = format(info$mode), folders = info$isdir,
  modified = format(info$mtime[!info$isdir & !grepl("[.]here|renv|latin", files)]),
  connections = nrow(showConnections()), stdin = readLines(file("stdin")), temporary = list.files(tempdir())
)
drawn <- paste(runif(3), collapse = " ")
shinyApp(
  fluidPage(tags$pre(id = "seen", jsonlite::toJSON(seen, auto_unbox = TRUE)), tags$pre(id = "drawn", drawn)),
  function(input, output, session) {}
)
"""
FAILS = """
library(shiny)
if (FALSE) library(ggplot2)
shinyApp(fluidPage("x", class(%s)[[1]]), function(input, output, session) {})
"""


@pytest.fixture(scope="module")
def platform(base_image: None) -> Iterator[Platform]:
    made = Platform(chromium=NO_BROWSER, warm=1, warm_total=2)
    try:
        made.start()
        yield made
    finally:
        made.destroy()


@pytest.fixture(autouse=True)
def steady(platform: Platform) -> None:
    if platform.ended:
        platform.start()


def test_an_app_finds_what_it_finds_after_a_cold_start(platform: Platform) -> None:
    _push(platform, "dump", _dump())
    values = {"COLOUR": 'grün & "blue"\n= 2', "EMPTY": "", "TZ": "Europe/Berlin"}
    body = {"variables": values, "scope": "sandbox"}
    platform.api("PUT", "/apps/dump/variables", body).raise_for_status()
    number = _push_until_claimed(platform, "dump", _dump, "ggplot2", "jsonlite", "shiny")
    claimed = _shown(platform, "dump", number, "seen")

    _crash(platform, "dump", number)

    assert not _claimed(platform, "dump", number)
    started = _shown(platform, "dump", number, "seen")
    for name in ("SANDBOX_WORKER", "R_SESSION_TMPDIR"):
        assert claimed["env"].pop(name) != started["env"].pop(name)
    assert claimed["options"].items() ^ started["options"].items() == set()
    assert claimed == started
    assert (started["env"]["COLOUR"], started["env"]["EMPTY"]) == (values["COLOUR"], "")
    assert started["now"].startswith("01:00")


def test_two_of_them_draw_other_numbers(platform: Platform) -> None:
    _push(platform, "dump", _dump())
    drawn = set()
    for _ in range(2):
        number = _push_until_claimed(platform, "dump", _dump, "ggplot2", "jsonlite", "shiny")
        drawn.add(re.findall(r'id="drawn">([^<]*)<', _page(platform, "dump", number))[0])
    assert len(drawn) == 2


def test_a_missing_library_fails_in_both(platform: Platform) -> None:
    _push(platform, "plots", packed({"app.R": (FAILS % "ggplot2::ggplot()").encode()}))
    _wait_until_filled(platform, "ggplot2", "shiny")

    number = platform.push_no_wait("plots", "main", packed({"app.R": (FAILS % "ggplot()").encode()}))[
        "deployment"
    ]

    failed = platform.wait_status("plots", number, "failed")
    assert 'could not find function "ggplot"' in str(failed["error"])
    _wait_until_filled(platform, "ggplot2", "shiny")
    right = _push(platform, "plots", packed({"app.R": (FAILS % "ggplot2::ggplot()").encode() + b"# right"}))
    assert _claimed(platform, "plots", right)


def test_after_a_crash_it_starts_from_its_image_with_the_same_bytes(platform: Platform) -> None:
    _push(platform, APP, _hello())
    number = _push_until_claimed(platform, APP, _hello)
    page = _words(platform, APP, number)

    _crash(platform, APP, number)

    assert not _claimed(platform, APP, number)
    assert _words(platform, APP, number) == page
    assert _instances(platform, APP, number)[0]["Image"] == platform.deployment(APP, number)["image"]


def test_they_are_not_listed_and_a_stop_takes_them_away(platform: Platform) -> None:
    _push(platform, APP, _hello())
    _wait_until_filled(platform)
    assert "warm" not in platform.sandbox("ls", "--app", APP).out
    assert "warm" not in json.dumps(platform.api("GET", f"/apps/{APP}").json())
    platform.stop()
    assert not _waiting(platform)


def test_the_servers_death_does_no_harm_to_those_that_wait(platform: Platform) -> None:
    _push(platform, APP, _hello())
    _wait_until_filled(platform)
    before = _waiting(platform)
    platform.kill()
    assert set(_waiting(platform)) >= set(before)
    platform.start()
    number = _push_until_claimed(platform, APP, _hello)
    assert platform.shown(branch_host(APP, "main")) == f"d{number}"


@pytest.mark.parametrize("place", ["claim.taken", "claim.handed", "pool.added", "pool.started"])
def test_a_kill_at_any_place_loses_no_push_and_leaves_nothing(platform: Platform, place: str) -> None:
    _push(platform, APP, _hello())
    if place.startswith("claim"):
        _wait_until_filled(platform)
        platform.kill()
        platform.start(place)
        _wait_until_filled(platform)
    else:
        platform.stop()
        platform.start(place, wait=False)
    number = _push_until_killed(platform, place) if place.startswith("claim") else 0
    platform.wait_until_killed()

    platform.start()
    number = number or int(platform.push_no_wait(APP, "main", _hello(f"killed at {place}"))["deployment"])

    platform.wait_status(APP, number, "ready")
    until(lambda: platform.shown(branch_host(APP, "main")) == f"d{number}", "the branch moved")
    assert f"killed at {place}" in _page(platform, APP, number)
    _wait_until_filled(platform)
    known = {row["Name"] for row in platform.containers(running=False)}
    assert len([name for name in known if f"-{APP}-d{number}-" in name]) == 1
    until(lambda: len(_waiting(platform)) <= 2, "no more wait than may")


def _hello(words: str = "hello") -> bytes:
    text = HELLO.replace('titlePanel("hello")', f'titlePanel("{words} {time.time_ns()}")')
    return packed({"app.R": text.encode()})


def _dump() -> bytes:
    return packed({
        "app.R": f"{DUMP}# {time.time_ns()}".encode(),
        "data/one.csv": b"a,b\n1,2\n", "data/deep/two.txt": "grüezi".encode(), "empty.txt": b"",
        ".Rprofile": b'source("renv/activate.R")\n', "latin.R": "x <- 'gr\u00fcn'\n".encode("latin-1"),
    })  # fmt: skip


def _push(platform: Platform, app: str, bundle: bytes) -> int:
    number: int = platform.push_no_wait(app, "main", bundle)["deployment"]
    platform.wait_status(app, number, "ready")
    return number


def _push_until_claimed(platform: Platform, app: str, bundle: Callable[[], bytes], *packages: str) -> int:
    """A server that has just begun does not know yet which containers it may give away."""
    for _ in range(5):
        _wait_until_filled(platform, *packages)
        number = _push(platform, app, bundle())
        if _claimed(platform, app, number):
            return number
    raise AssertionError(platform.log[-3000:])


def _push_until_killed(platform: Platform, place: str) -> int:
    """The number of the push that a claim was for."""
    for _ in range(5):
        number: int = platform.push_no_wait(APP, "main", _hello(f"killed at {place}"))["deployment"]
        query = f"select status from deployment where number = {number}"
        until(lambda: platform.ended or platform.sqlite(query)[-1] == ("ready",), "it is killed, or cold")  # noqa: B023
        if platform.ended:
            return number
        _wait_until_filled(platform)
    raise AssertionError(platform.log[-3000:])


def _instances(platform: Platform, app: str, number: int) -> list[dict[str, Any]]:
    return [row for row in platform.containers() if f"-{app}-d{number}-" in row["Name"]]


def _claimed(platform: Platform, app: str, number: int) -> bool:
    """A container that once waited keeps its standard input."""
    return any(row["Config"]["OpenStdin"] for row in _instances(platform, app, number))


def _crash(platform: Platform, app: str, number: int) -> None:
    """Its container dies, and another one runs in its place."""
    [row] = _instances(platform, app, number)
    platform.docker.kill(row["Id"])
    until(
        lambda: (
            [fresh["Id"] for fresh in _instances(platform, app, number)] not in ([], [row["Id"]])
            and platform.shown(deployment_host(app, number)) == f"d{number}"
        ),
        "it is back",
        lambda: platform.log[-3000:],
    )


def _waiting(platform: Platform) -> list[str]:
    return sorted(row["Name"] for row in platform.containers(running=False) if "-warm-" in row["Name"])


def _wait_until_filled(platform: Platform, *packages: str) -> None:
    """One that has exactly these packages loaded is ready; nothing but its row says so, and nobody is told of it."""
    wanted = sorted(packages or ["shiny"])

    def ready() -> bool:
        found = platform.sqlite("select packages from warm where state = 'ready'")
        return any(json.loads(loaded) == wanted for (loaded,) in found)

    until(ready, "one waits", lambda: (platform.log[-3000:], _waiting(platform)))


def _page(platform: Platform, app: str, number: int) -> str:
    return platform.get(deployment_host(app, number)).text


def _words(platform: Platform, app: str, number: int) -> list[str]:
    return re.findall(r"<h2>([^<]*)</h2>", _page(platform, app, number))


def _shown(platform: Platform, app: str, number: int, place: str) -> dict[str, Any]:
    text = re.findall(rf'id="{place}">([^<]*)<', _page(platform, app, number))[0]
    seen: dict[str, Any] = json.loads(html.unescape(text))
    return seen
