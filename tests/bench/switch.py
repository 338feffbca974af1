"""Promote and rollback under load: how soon new visitors follow, and whether anybody is cut off."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median

import httpx
from tests.bench.table import USUAL, Row, percentile
from tests.integration.platform import API, NO_BROWSER, Platform, app_folder, release_host
from tests.shiny_client import ShinySession

CYCLES = 100
SESSIONS = 20
RATE = 200
TARGET = 50
"""Milliseconds."""
APP = "bench"
PAGE = "/still.txt"
"""A file that R's web server sends without R: what is measured is the edge, not how fast R writes pages."""
REST = 0.15
"""Seconds between two switches, so that each is seen by some visitors."""


@dataclass(frozen=True)
class Visit:
    at: float
    took: float
    status: int
    deployment: str


@dataclass(frozen=True)
class Switch:
    asked: float
    answered: float
    over: float
    deployment: str


def measure(cycles: int = CYCLES) -> list[Row]:
    """Each cycle is a promote and a rollback."""
    platform = Platform(chromium=NO_BROWSER, **USUAL)
    try:
        platform.start()
        _publish(platform)
        sessions = [platform.session(release_host(APP)) for _ in range(SESSIONS)]
        with tempfile.TemporaryFile("w+") as output:
            with _api(platform) as api, _visitors(platform, output.fileno()):
                switches = [switch for _ in range(cycles) for switch in _cycle(api)]
            output.seek(0)
            visits = sorted((_read(line) for line in output), key=lambda visit: visit.at)
        closed = sum(not _goes_on(session) for session in sessions)
    finally:
        platform.destroy()
    return _rows(switches, visits, closed)


def _publish(platform: Platform) -> None:
    """d1 is released, d2 has been: both have instances."""
    folder = app_folder(platform.folder, "hello")
    (folder / "www").mkdir()
    for number in (1, 2):
        (folder / "www" / PAGE[1:]).write_text(f"{number}\n" * 100)
        assert platform.deploy(folder, APP)["deployment"] == number
        platform.promote(APP, number)
    platform.rollback(APP)


@contextmanager
def _visitors(platform: Platform, output: int) -> Iterator[None]:
    command = [
        sys.executable,
        "-m",
        "tests.bench.visitors",
        str(platform.port),
        release_host(APP),
        PAGE,
        str(RATE),
    ]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=output) as process:
        time.sleep(1)
        yield
        time.sleep(1)
        process.communicate()


def _api(platform: Platform) -> httpx.Client:
    headers = {"Host": f"sandbox.localhost:{platform.port}", "Authorization": f"Bearer {platform.token}"}
    url = f"http://127.0.0.1:{platform.port}{API}"
    return httpx.Client(base_url=url, headers=headers, trust_env=False, timeout=60)


def _cycle(api: httpx.Client) -> list[Switch]:
    seen = api.get(f"/apps/{APP}/releases").raise_for_status().json()[0]["release"]
    promoted = _switch(api, "releases", {"deployment": 2, "seen": seen}, "d2")
    return [promoted, _switch(api, "rollback", {"seen": seen + 1}, "d1")]


def _switch(api: httpx.Client, verb: str, body: dict[str, int], deployment: str) -> Switch:
    asked = time.monotonic()
    answer = api.post(f"/apps/{APP}/{verb}", json=body, params={"wait": 30})
    answered = time.monotonic()
    assert answer.raise_for_status().json()["status"] == "done", answer.text
    time.sleep(REST)
    return Switch(asked, answered, time.monotonic(), deployment)


def _read(line: str) -> Visit:
    at, took, status, deployment = line.split()
    return Visit(float(at), float(took), int(status), deployment)


def _goes_on(session: ShinySession) -> bool:
    """The session is the one that was opened: its counter starts at none and its socket is alive."""
    try:
        return session.is_open() and session.click() == 1
    except Exception:
        return False
    finally:
        session.close()


def _rows(switches: list[Switch], visits: list[Visit], closed: int) -> list[Row]:
    followed = [_first_new(switch, visits) for switch in switches]
    waits = [max(0.0, at - switch.answered) * 1000 for at, switch in zip(followed, switches, strict=True)]
    whole = [(at - switch.asked) * 1000 for at, switch in zip(followed, switches, strict=True)]
    late = sum(_is_late(visit, switch) for switch in switches for visit in visits)
    failed = sum(visit.status != 200 for visit in visits)
    rate = len(visits) / (visits[-1].at - visits[0].at)
    print(f"{len(switches)} switches, {len(visits)} visitors at {rate:.0f}/s")
    worst = percentile(waits, 99)
    return [
        Row(
            f"promote: API's answer to first new visitor, p99 of {len(waits)}", f"{worst:.0f} ms",
            target=f"≤ {TARGET} ms", met=worst <= TARGET,
        ),
        Row("visitors after the answer who still got the other one", str(late), target="0", met=not late),
        Row("promote: request to first new visitor, median and p99",
            f"{median(whole):.0f} ms, {percentile(whole, 99):.0f} ms"),
        Row(f"failed requests of {len(visits):,}", str(failed), target="0", met=not failed),
        Row(f"closed sessions of {SESSIONS}", str(closed), target="0", met=not closed),
    ]  # fmt: skip


def _first_new(switch: Switch, visits: list[Visit]) -> float:
    """When somebody first had an answer of the other deployment."""
    return next(
        visit.at for visit in visits if visit.at > switch.asked and visit.deployment == switch.deployment
    )


def _is_late(visit: Visit, switch: Switch) -> bool:
    began = visit.at - visit.took
    return switch.answered < began < switch.over and visit.deployment != switch.deployment
