"""Crashes, one after the other: whether each instance is replaced, and how soon its users have another one."""

import re
import time
from statistics import median
from typing import Any

from tests.bench.table import USUAL, Row, percentile
from tests.integration.platform import NO_BROWSER, Platform, app_folder, deployment_host

CRASHES = 40
TARGET = 5.0
"""Seconds."""
APP = "crashes"
PATIENCE = 60.0


def measure(crashes: int = CRASHES) -> list[Row]:
    """As many sandboxes, each with one instance that is killed once; somebody is on the one that is killed next."""
    platform = Platform(chromium=NO_BROWSER, **USUAL)
    try:
        platform.start()
        folder = app_folder(platform.folder, "hello")
        numbers = [platform.deploy(folder, APP, f"b{count}")["deployment"] for count in range(crashes)]
        times = []
        for number, neighbour in zip(numbers, [*numbers[1:], numbers[0]], strict=True):
            with platform.session(deployment_host(APP, neighbour)) as session:
                times.append(_replaced(platform, number))
                assert session.click() == 1, "a crash touched somebody else"
    finally:
        platform.destroy()
    return _rows(times, crashes)


def _replaced(platform: Platform, number: int) -> float | None:
    """Seconds from the kill until a new visitor's page comes from another instance; None if that never was."""
    host = deployment_host(APP, number)
    worker = _worker(platform, host)
    platform.docker.kill(_container(platform, worker)["Id"])
    began = time.monotonic()
    while time.monotonic() - began < PATIENCE:
        if _worker(platform, host) not in ("", worker):
            # The edge may have held the request for most of that time.
            return time.monotonic() - began
        time.sleep(0.02)
    return None


def _worker(platform: Platform, host: str) -> str:
    """Which instance a page load comes from; empty if from none."""
    found = re.search(r'worker = "([0-9a-f]+)"', platform.get(host).text)
    return found[1] if found else ""


def _container(platform: Platform, worker: str) -> dict[str, Any]:
    own = f"SANDBOX_WORKER={worker}"
    return next(one for one in platform.containers() if own in one["Config"]["Env"])


def _rows(times: list[float | None], crashes: int) -> list[Row]:
    taken = [took for took in times if took is not None]
    worst = percentile(taken, 95)
    return [
        Row(
            f"crashed instances that were replaced, of {crashes} in a row", str(len(taken)), target=str(crashes),
            met=len(taken) == crashes,
        ),
        Row(
            "crash to first page of another instance, median and p95", f"{median(taken):.1f} s, {worst:.1f} s",
            target=f"p95 ≤ {TARGET:.0f} s", met=worst <= TARGET,
        ),
    ]  # fmt: skip
