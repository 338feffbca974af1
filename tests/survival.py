"""Everything that a platform does to itself while people work, and what became of the people."""

import random
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import cycle

from tests.integration.platform import Platform, app_folder, release_host, until
from tests.ticking import TickingSession, new_visitor

APP = "ticking"


@dataclass
class Outcome:
    sessions: int
    seconds: float
    ended: list[str] = field(default_factory=list)
    """Why sessions ended."""
    astray: int = 0
    """Sessions that heard another version than their own."""
    wrong_visitors: list[str] = field(default_factory=list)
    """New visitors who got another version than the one in force."""
    downloads: int = 0
    uploads: int = 0
    longest_pause: float = 0
    """Seconds between two ticks of any session."""
    events: dict[str, int] = field(default_factory=dict)
    left_after: float = 0
    """Seconds from the end of the last session on d1 until its instance was gone."""


def live_through(platform: Platform, sessions: int, seconds: float) -> Outcome:
    """Sessions on d1 while releases change, branches are pushed, server and edge are ended and come back.

    The platform runs already, with `keep_previous=0`. Downloads and uploads come from the old pages, twice each.
    """
    for _ in range(2):
        platform.deploy(app_folder(platform.folder, "ticking", salt=str(random.random())), APP)
    platform.promote(APP, 1)
    with ThreadPoolExecutor(8) as pool:
        tabs = list(pool.map(lambda _: TickingSession(platform.port, release_host(APP)), range(sessions)))
        outcome = Outcome(sessions, seconds)
        try:
            _trouble(platform, outcome, seconds)
            _use(pool, tabs, outcome)
            _leave(platform, tabs, outcome)
        finally:
            list(pool.map(TickingSession.close, tabs))
    return outcome


def _trouble(platform: Platform, outcome: Outcome, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    for name, happen in _happenings(platform):
        shown = happen()
        outcome.events[name] = outcome.events.get(name, 0) + 1
        came = [new_visitor(platform.port, release_host(APP)) for _ in range(3)]
        outcome.wrong_visitors += [one for one in came if one != shown]
        if time.monotonic() > deadline and len(outcome.events) == _KINDS:
            break
    if platform.releases(APP)[0]["deployment"] != 2:
        platform.promote(APP, 2)


_KINDS = 5


def _happenings(platform: Platform) -> Iterator[tuple[str, Callable[[], str]]]:
    """What happens, and which deployment new visitors must get afterwards."""
    return cycle(
        [
            ("promote", lambda: _promote(platform, 2)),
            ("branch push", lambda: _push(platform, "d2")),
            ("rollback", lambda: _rollback(platform)),
            ("server kill -9", lambda: _kill(platform, "d1")),
            ("promote", lambda: _promote(platform, 2)),
            ("reload of the edge", lambda: _reload(platform, "d2")),
            ("server kill -9", lambda: _kill(platform, "d2")),
            ("promote", lambda: _promote(platform, 1)),
        ]
    )


def _promote(platform: Platform, number: int) -> str:
    platform.promote(APP, number)
    return f"d{number}"


def _rollback(platform: Platform) -> str:
    return f"d{platform.rollback(APP)['deployment']}"


def _push(platform: Platform, shown: str) -> str:
    platform.deploy(app_folder(platform.folder, "ticking", salt=str(random.random())), APP, "feature-x")
    return shown


def _kill(platform: Platform, shown: str) -> str:
    platform.kill()
    assert new_visitor(platform.port, release_host(APP)) == shown  # the edge goes on alone
    platform.start()
    return shown


def _reload(platform: Platform, shown: str) -> str:
    """As a package upgrade does it: the master process gets a signal."""
    master = _master(platform)
    before = _workers(master)
    subprocess.run(["kill", "-USR2", str(master)], check=True)
    until(lambda: _workers(master) - before, "the edge has a new process")
    return shown


def _master(platform: Platform) -> int:
    return int((platform.home / "edge" / "haproxy.pid").read_text())


def _workers(master: int) -> set[str]:
    done = subprocess.run(["pgrep", "-P", str(master)], capture_output=True, text=True, check=False)
    return set(done.stdout.split())


def _use(pool: ThreadPoolExecutor, tabs: list[TickingSession], outcome: Outcome) -> None:
    alive = [tab for tab in tabs if not tab.ended]
    for _ in range(2):
        outcome.downloads += sum(pool.map(TickingSession.downloads_its_own, alive))
        outcome.uploads += sum(pool.map(lambda tab: tab.uploads(f"of {tab.token}"), alive))
    outcome.ended = [tab.ended for tab in tabs if tab.ended]
    outcome.astray = sum(tab.versions != {"d1"} for tab in tabs)
    outcome.longest_pause = max(tab.longest_pause for tab in tabs)


def _leave(platform: Platform, tabs: list[TickingSession], outcome: Outcome) -> None:
    for tab in tabs:
        tab.close()
    began = time.monotonic()
    until(lambda: not _runs(platform, "-d1-release-"), "d1 left after its last session", patience=120)
    outcome.left_after = time.monotonic() - began


def _runs(platform: Platform, part: str) -> bool:
    return any(part in row["Name"] for row in platform.containers())
