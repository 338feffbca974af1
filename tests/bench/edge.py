"""Requests through the edge with 10,000 routes, and through a bare nginx, to the same upstream."""

import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path
from statistics import median

import anyio
from tests.bench.table import Row, compared
from tests.integration.platform import free_ports, until

from sandbox_server.domain.edge import APP_PORT, Backend, Edge, Mode, Server
from sandbox_server.router import EdgeSettings, HAProxyRouter

ROUNDS = 7
SECONDS = 4
CONNECTIONS = 64
ROUTES = 10_000
TARGET = 0.9
UPSTREAM = IPv4Address("127.77.7.1")
HOST = "app5000.apps.localhost"

NGINX = """\
daemon off;
worker_processes {workers};
pid {name}.pid;
error_log {name}.log;
events {{ worker_connections 2048; }}
http {{
    access_log off;
    client_body_temp_path {name}-body;
    proxy_temp_path {name}-proxy;
    fastcgi_temp_path {name}-fastcgi;
    uwsgi_temp_path {name}-uwsgi;
    scgi_temp_path {name}-scgi;
    keepalive_requests 1000000;
    {servers}
}}
"""
UPSTREAM_SERVER = """
    server {{
        listen {upstream}:{app_port};
        location / {{ default_type text/html; return 200 "{page}"; }}
    }}
"""
BARE_PROXY = """
    upstream app {{
        server {upstream}:{app_port};
        keepalive 128;
        keepalive_requests 1000000;
    }}
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass http://app;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header Host $http_host;
        }}
    }}
"""


@dataclass(frozen=True)
class Load:
    """What `wrk` saw: requests a second, and milliseconds."""

    rate: float
    middle: float
    worst: float


def measure(rounds: int = ROUNDS) -> list[Row]:
    """Both in turn; the first round of each is not counted."""
    bare, port = free_ports(2)
    with (
        tempfile.TemporaryDirectory(prefix="sandbox-bench-") as folder,
        _nginx(Path(folder), bare),
        _edge(Path(folder) / "edge", port),
    ):
        pairs = [(_load(port), _load(bare)) for _ in range(rounds + 1)][1:]
    ours, theirs = zip(*pairs, strict=True)
    ratio = median(ours_.rate / theirs_.rate for ours_, theirs_ in pairs)
    print("edge, nginx, requests/s:", ", ".join(f"{a.rate:.0f}/{b.rate:.0f}" for a, b in pairs))
    return [
        Row(
            f"edge with {ROUTES:,} routes: requests (median of {rounds})",
            f"{median(load.rate for load in ours):,.0f} /s",
            f"{median(load.rate for load in theirs):,.0f} /s (bare nginx)", f"{ratio:.2f}", f"≥ {TARGET}",
            ratio >= TARGET,
        ),
        compared("the same: median answer", [load.middle for load in ours], [load.middle for load in theirs],
                 "ms", "bare nginx", ""),
        compared("the same: p99 of answers", [load.worst for load in ours], [load.worst for load in theirs],
                 "ms", "bare nginx", ""),
    ]  # fmt: skip


@contextmanager
def _nginx(folder: Path, port: int) -> Iterator[None]:
    """The upstream and the bare proxy, each a process of its own as the edge is."""
    upstream = UPSTREAM_SERVER.format(upstream=UPSTREAM, app_port=APP_PORT, page="x" * 1000)
    bare = BARE_PROXY.format(upstream=UPSTREAM, app_port=APP_PORT, port=port)
    # As many processes as the edge has threads: what either gets of the machine is the same.
    threads = str(EdgeSettings().threads)
    with _one_nginx(folder, "upstream", upstream, "auto"), _one_nginx(folder, "bare", bare, threads):
        until(lambda: _answers(port), "nginx answers")
        yield


@contextmanager
def _one_nginx(folder: Path, name: str, servers: str, workers: str) -> Iterator[None]:
    config = folder / f"{name}.conf"
    config.write_text(NGINX.format(name=name, servers=servers, workers=workers))
    with subprocess.Popen([_program("nginx"), "-p", folder, "-c", config, "-e", f"{name}.log"]) as process:
        try:
            yield
        finally:
            process.terminate()


@contextmanager
def _edge(folder: Path, port: int) -> Iterator[None]:
    router = HAProxyRouter(folder, EdgeSettings(port=port))
    try:
        anyio.run(router.prepare, _wanted())
        until(lambda: _answers(port), "the edge answers")
        yield
    finally:
        anyio.run(router.shutdown)


def _wanted() -> Edge:
    server = Server("slot0", 1)
    return Edge(
        routes={f"app{number}.apps.localhost": server.slot for number in range(ROUTES)},
        pins={f"{HOST}|d1-abcdef12": server.slot},
        workers={f"{HOST}|0123456789abcdef": str(server)},
        labels={server.slot: "d1-abcdef12"},
        servers={server: Backend(UPSTREAM, Mode.up)},
    )


def _answers(port: int) -> bool:
    command = ["curl", "-sf", "-o", "/dev/null", "-H", f"Host: {HOST}:{port}", f"http://127.0.0.1:{port}/"]
    return subprocess.run(command, check=False).returncode == 0


def _load(port: int) -> Load:
    command = [
        _program("wrk"), "-t", "1", "-c", str(CONNECTIONS), "-d", f"{SECONDS}s", "--latency",
        "-H", f"Host: {HOST}:{port}", "-H", "Accept: text/html", f"http://127.0.0.1:{port}/",
    ]  # fmt: skip
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "Non-2xx" not in text, text
    assert "Socket errors" not in text, text
    rate = re.search(r"Requests/sec:\s+([\d.]+)", text)
    assert rate, text
    return Load(float(rate[1]), _milliseconds(text, 50), _milliseconds(text, 99))


def _milliseconds(text: str, percent: int) -> float:
    found = re.search(rf"^\s+{percent}%\s+([\d.]+)(us|ms|s)$", text, re.M)
    assert found, text
    return float(found[1]) * {"us": 0.001, "ms": 1, "s": 1000}[found[2]]


def _program(name: str) -> str:
    path = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")
    assert path, f"There is no {name}: `apt-get install nginx-light wrk`, or `make bench`, which does it."
    return path
