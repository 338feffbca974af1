"""The platform's server: `sandboxd serve`, in the background."""

import http.client
from contextlib import closing, suppress
from pathlib import Path

from deploy.local import machine
from deploy.local.say import Stop, step
from sandbox_server.settings import Settings

PATIENCE = 60


def ensure_base(settings: Settings) -> None:
    """The image that every R app stands on; made here unless one is configured or there."""
    with step("R base image") as now:
        if settings.base:
            now.result = settings.base
        elif running(settings) and answers(settings):
            now.result = "is in use"
        elif _has_base(settings):
            now.result = "is there"
        else:
            machine.follow(machine.as_root([machine.program("sandboxd"), "base", "build"]), now.detail)
            (settings.home / "made-base").touch()
            now.result = f"made from Debian {settings.suite}"


def ensure_ports(settings: Settings) -> None:
    """Refuse early, in words, when something else listens where we want to."""
    if edge(settings) is None:
        _need(settings.bind, settings.port, "SANDBOX_PORT")
    if running(settings) is None:
        _need("127.0.0.1", settings.control_port, "SANDBOX_CONTROL_PORT")
        _need("127.0.0.1", settings.wake_port, "SANDBOX_WAKE_PORT")


def ensure(settings: Settings) -> None:
    with step("Platform") as now:
        if running(settings) and answers(settings):
            now.result = "was running"
            return
        if running(settings) is None:
            machine.detach([machine.program("sandboxd"), "serve"], _pid_file(settings), log(settings))
        if not machine.wait_until(
            lambda: answers(settings) or running(settings) is None, PATIENCE
        ) or not answers(settings):
            raise Stop(
                f"The platform did not come up: {machine.last_line(log(settings))}",
                f"Its log: {log(settings)}. What is wrong, and the remedies: .venv/bin/sandboxd doctor",
            )
        now.result = f"{settings.control_url}, log in {log(settings)}"


def stop(settings: Settings) -> None:
    with step("Platform") as now:
        pid = running(settings)
        if pid is not None:
            machine.end(pid)
        _pid_file(settings).unlink(missing_ok=True)
        now.result = "stopped" if pid else "was not running"


def running(settings: Settings) -> int | None:
    return machine.running(_pid_file(settings), "sandboxd")


def edge(settings: Settings) -> int | None:
    """The HAProxy of this platform, known by the configuration that it was started with."""
    return min(machine.processes("haproxy", f"{settings.home}/"), default=None)


def answers(settings: Settings) -> bool:
    """Pages and API answer through the edge, as people will reach them."""
    return status(settings, settings.domain, "/api/v1/health") == 200


def status(settings: Settings, host: str, path: str) -> int:
    """The HTTP status of a page behind the edge, 0 for no answer."""
    address = settings.bind if settings.bind != "0.0.0.0" else "127.0.0.1"  # noqa: S104
    connection = http.client.HTTPConnection(address, settings.port, timeout=5)
    with suppress(OSError, http.client.HTTPException), closing(connection):
        headers = {"Host": f"{host}{settings.port_suffix}", "Accept": "text/html"}
        connection.request("GET", path, headers=headers)
        return connection.getresponse().status
    return 0


def log(settings: Settings) -> Path:
    return settings.home / "sandboxd.log"


def _has_base(settings: Settings) -> bool:
    said = machine.run(machine.as_root([machine.program("sandboxd"), "base", "list"]))
    return any(f":{settings.suite} " in line and "outdated" not in line for line in said.splitlines())


def _need(address: str, port: int, setting: str) -> None:
    if not machine.port_is_free(address, port):
        raise Stop(
            f"Port {port} on {address} is taken by another program.",
            f"Choose another one: {setting}={port + 1000} make run",
        )


def _pid_file(settings: Settings) -> Path:
    return settings.home / "sandboxd.pid"
