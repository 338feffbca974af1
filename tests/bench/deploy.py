"""From the command to the first page: `sandbox deploy`, and `docker build` with `docker run`."""

import os
import secrets
import subprocess
import tempfile
import time
from pathlib import Path
from statistics import median

from docker import APIClient
from tests.bench.pages import first_page
from tests.bench.table import USUAL, Row, at_most, compared
from tests.building import APPS, SUITE
from tests.integration.platform import NO_BROWSER, PROGRAMS, Platform, deployment_host, until

from sandbox_server.builder.base_image import base_tag

ROUNDS = 9
NAME = "sandbox-bench"
TARGET = 1.5
WARM_TARGET = 0.5

DOCKERFILE = """\
FROM {base}
COPY app /srv/app
USER 1000:1000
CMD ["R", "--no-echo", "--no-restore", "--no-save", "-e", "shiny::runApp('/srv/app', host = '0.0.0.0', port = 3838)"]
"""

HARDENED = [
    "--init", "--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL", "--security-opt", "no-new-privileges",
    "--memory", "1g", "--memory-swap", "1g", "--cpus", "1", "--pids-limit", "512",
]  # fmt: skip


def measure(rounds: int = ROUNDS) -> list[Row]:
    """All in turn, each time with changed code; the first round of each is not counted."""
    pool, cold = (Platform(chromium=NO_BROWSER, **USUAL, warm=warm) for warm in (1, 0))
    client = APIClient(version="auto")
    with tempfile.TemporaryDirectory(prefix=NAME) as folder:
        try:
            pool.start()
            cold.start()
            taken = [
                (
                    _from_the_pool(pool, Path(folder), number),
                    _sandbox(cold, Path(folder), number),
                    _docker(client, Path(folder)),
                )
                for number in range(1, rounds + 2)
            ]
        finally:
            pool.destroy()
            cold.destroy()
            client.close()
    warm, ours, theirs = zip(*taken[1:], strict=True)
    for name, values in (("from the pool", warm), ("without", ours), ("docker", theirs)):
        print(f"{name:14}", _spread(values))
    return [
        compared(
            f"push of changed code: command to first page (median of {rounds})", warm, theirs, "s",
            "docker build + run", f"≤ {WARM_TARGET}", at_most(WARM_TARGET),
        ),
        compared(
            "the same without a warm pool", ours, theirs, "s", "docker build + run", f"≤ {TARGET}",
            at_most(TARGET),
        ),
    ]  # fmt: skip


def _from_the_pool(platform: Platform, folder: Path, number: int) -> float:
    """Then it fills up again, before the others are measured. The first push finds none yet."""
    took = _sandbox(platform, folder, number)
    busy = "select id from job where status in ('queued', 'running')"
    until(lambda: not platform.sqlite(busy), "nothing is at work")
    until(lambda: platform.sqlite("select id from warm where state = 'ready'"), "one waits")
    return took


def _sandbox(platform: Platform, folder: Path, number: int) -> float:
    words = f"hello {secrets.token_hex(4)}"
    app = _app(folder / f"ours-{secrets.token_hex(4)}", words)
    host = deployment_host("bench", number)
    command = [str(PROGRAMS / "sandbox"), "deploy", str(app), "--app", "bench", "--branch", "main", "--json"]
    began = time.monotonic()
    with subprocess.Popen(
        command, env=platform.client_environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        seen = first_page("127.0.0.1", platform.port, host, words)
        out, err = process.communicate(timeout=120)
        assert process.returncode == 0, (out, err)
    return seen - began


def _docker(client: APIClient, folder: Path) -> float:
    words = f"hello {secrets.token_hex(4)}"
    context = folder / f"theirs-{secrets.token_hex(4)}"
    _app(context / "app", words)
    (context / "Dockerfile").write_text(DOCKERFILE.format(base=base_tag(SUITE)))
    try:
        return _build_and_run(client, context, words)
    finally:
        _remove(client)


def _build_and_run(client: APIClient, context: Path, words: str) -> float:
    began = time.monotonic()
    _run("docker", "build", "-q", "-t", NAME, str(context))
    container = _run("docker", "run", "-d", "--name", NAME, *HARDENED, NAME).strip()
    address = client.inspect_container(container)["NetworkSettings"]["IPAddress"]
    return first_page(address, 3838, f"{address}:3838", words) - began


def _app(folder: Path, words: str) -> Path:
    folder.mkdir(parents=True)
    text = (APPS / "hello" / "app.R").read_text()
    (folder / "app.R").write_text(text.replace('titlePanel("hello")', f'titlePanel("{words}")'))
    return folder


def _run(*command: str) -> str:
    # The classic builder: the other one is no part of every installation.
    environment = {**os.environ, "DOCKER_BUILDKIT": "0"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def _remove(client: APIClient) -> None:
    for row in client.containers(all=True, filters={"name": f"^/{NAME}$"}):
        client.remove_container(row["Id"], force=True, v=True)
    for image in client.images(NAME):
        client.remove_image(image["Id"], force=True)


def _spread(values: tuple[float, ...]) -> str:
    return f"median {median(values):.3f} s, from {min(values):.3f} to {max(values):.3f} s"
