"""From a request to what sleeps until the app's own answer, and `docker start` until the same."""

import http.client
import subprocess
import tempfile
import time
from pathlib import Path
from statistics import median

from tests.bench.deploy import DOCKERFILE, HARDENED
from tests.bench.pages import first_page
from tests.bench.table import USUAL, Row, at_most, compared
from tests.building import SUITE
from tests.integration.platform import NO_BROWSER, Platform, app_folder, branch_host, until

from sandbox_server.builder.base_image import base_tag

ROUNDS = 7
NAME = "sandbox-bench-wake"
COLD, WARM = 1.3, 0.5
APP = "bench"
HASTE = {"sleep_after": 1, "settle": 0.5, "reconcile_every": 1}


def measure(rounds: int = ROUNDS) -> list[Row]:
    """In turn; the first round of each is not counted."""
    pool, cold = (Platform(chromium=NO_BROWSER, **{**USUAL, **HASTE, "warm": warm}) for warm in (1, 0))
    with tempfile.TemporaryDirectory(prefix=NAME) as folder:
        try:
            for platform in (pool, cold):
                platform.start()
                platform.deploy("hello", APP)
            container = _container(Path(folder))
            taken = [
                (_wake(pool, pool=True), _wake(cold), _docker_start(container)) for _ in range(rounds + 1)
            ]
        finally:
            subprocess.run(["docker", "rm", "-f", NAME], capture_output=True, check=False)
            subprocess.run(["docker", "rmi", "-f", NAME], capture_output=True, check=False)
            pool.destroy()
            cold.destroy()
    warm, ours, theirs = zip(*taken[1:], strict=True)
    print("warm", sorted(warm), "cold", sorted(ours), "docker", sorted(theirs), f"ratio {median(ours):.3f}")
    words = "a request to what sleeps, until its answer"
    return [
        compared(f"{words}, from the pool", warm, theirs, "s", "docker start", f"≤ {WARM}", at_most(WARM)),
        compared(f"{words}, without the pool", ours, theirs, "s", "docker start", f"≤ {COLD}", at_most(COLD)),
    ]


def _wake(platform: Platform, *, pool: bool = False) -> float:
    platform.wait_status(APP, 1, "asleep")
    until(lambda: not _left(platform), "its container is gone")
    if pool:
        until(lambda: platform.sqlite("select id from warm where state = 'ready'"), "one waits")
    time.sleep(2)
    connection = http.client.HTTPConnection("127.0.0.1", platform.port, timeout=60)
    began = time.monotonic()
    connection.request("GET", "/", headers={"Host": f"{branch_host(APP, 'main')}:{platform.port}"})
    answer = connection.getresponse()
    body = answer.read()
    took = time.monotonic() - began
    connection.close()
    assert (answer.status, b"hello" in body) == (200, True), (answer.status, body[:200])
    return took


def _left(platform: Platform) -> list[str]:
    names = [row["Name"] for row in platform.containers(running=False)]
    return [name for name in names if "-warm-" not in name]


def _instances(platform: Platform) -> list[str]:
    """Warm ones left out."""
    return [one["Name"] for one in platform.containers(running=False) if f"-{APP}-d1-" in one["Name"]]


def _container(folder: Path) -> str:
    """One that runs the same app, stopped; its address."""
    app_folder(folder, "hello").rename(folder / "app")
    (folder / "Dockerfile").write_text(DOCKERFILE.format(base=base_tag(SUITE)))
    subprocess.run(["docker", "build", "-q", "-t", NAME, str(folder)], check=True, capture_output=True)
    subprocess.run(["docker", "create", "--name", NAME, *HARDENED, NAME], check=True, capture_output=True)
    return NAME


def _docker_start(name: str) -> float:
    began = time.monotonic()
    subprocess.run(["docker", "start", name], check=True, capture_output=True)
    form = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}"
    command = ["docker", "inspect", "-f", form, name]
    address = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    took = first_page(address, 3838, address, "hello") - began
    subprocess.run(["docker", "stop", "-t", "1", name], check=True, capture_output=True)
    return took
