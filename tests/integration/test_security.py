"""The security rules, looked at from outside on a running platform."""

import json
import secrets
import socket
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.integration.platform import NO_BROWSER, Platform, branch_host, release_host, until

pytestmark = [pytest.mark.engine]

APP = "guarded"
SANDBOX_SECRET = f"sandbox-{secrets.token_hex(8)}"
RELEASE_SECRET = f"release-{secrets.token_hex(8)}"


@pytest.fixture(scope="module")
def platform(base_image: None) -> Iterator[Platform]:
    """An app with a secret in each scope, pushed and released."""
    made = Platform(chromium=NO_BROWSER)
    try:
        made.start()
        made.deploy("headers", APP)
        for scope, value in (("sandbox", SANDBOX_SECRET), ("release", RELEASE_SECRET)):
            done = made.sandbox("env", "set", "SECRET", "--scope", scope, "--app", APP, stdin=value)
            assert done.code == 0, done
            assert value not in done.out + done.err
        made.promote(APP, 1)
        until(lambda: SANDBOX_SECRET in _environment(made, "sandbox"), "the sandbox got its secret")
        until(lambda: len(made.containers(running=False)) == 2, "the first instance left")
        yield made
    finally:
        made.destroy()


def test_every_instance_is_hardened(platform: Platform) -> None:
    for row in platform.containers():
        host, config = row["HostConfig"], row["Config"]
        assert config["User"] == "1000:1000"
        assert host["ReadonlyRootfs"] is True
        assert host["CapDrop"] == ["ALL"]
        assert not host["CapAdd"]
        assert host["SecurityOpt"] == ["no-new-privileges"]
        assert host["Privileged"] is False
        assert host["PidsLimit"] > 0
        assert host["Memory"] == host["MemorySwap"] == 1024**3
        assert host["NanoCpus"] == 10**9
        assert host["Init"] is True
        assert not host["PortBindings"]
        assert not host["PublishAllPorts"]
        assert not any(row["NetworkSettings"]["Ports"].values())
        assert not host["Binds"]
        assert not row["Mounts"]
        assert host["NetworkMode"] == f"sbx-{platform.id}"
        assert set(host["Tmpfs"]) == {"/tmp", "/app", "/home/app"}
        assert all("size=" in options for options in host["Tmpfs"].values())


def test_an_instance_reaches_neither_its_neighbours_nor_the_host(platform: Platform) -> None:
    one, other = platform.containers()
    address = other["NetworkSettings"]["Networks"][f"sbx-{platform.id}"]["IPAddress"]
    gateway = one["NetworkSettings"]["Networks"][f"sbx-{platform.id}"]["Gateway"]
    with socket.create_server(("0.0.0.0", 0)) as listener:
        open_to_all = listener.getsockname()[1]
        with socket.create_connection(("127.0.0.1", open_to_all), timeout=5):
            pass

        assert not _reaches(platform, one, address, 3838)
        assert not _reaches(platform, one, gateway, open_to_all)
        for port in (platform.port, platform.control_port, platform.wake_port):
            assert not _reaches(platform, one, gateway, port)
    # The same question with an answer: it does reach itself.
    assert _reaches(platform, one, "127.0.0.1", 3838)


def test_values_of_variables_are_found_in_their_own_instances_only(platform: Platform) -> None:
    assert SANDBOX_SECRET in _environment(platform, "sandbox")
    assert RELEASE_SECRET not in _environment(platform, "sandbox")
    assert RELEASE_SECRET in _environment(platform, "release")
    assert SANDBOX_SECRET not in _environment(platform, "release")


def test_values_of_variables_are_written_down_nowhere(platform: Platform) -> None:
    image = platform.deployment(APP, 1)["image"]
    said = [
        json.dumps(platform.docker.inspect_image(image)),
        json.dumps(platform.docker.history(image)),
        json.dumps([row["Config"]["Labels"] for row in platform.containers()]),
        platform.log,
        *(platform.api("GET", path).text for path in (
            f"/apps/{APP}", f"/apps/{APP}/variables", f"/apps/{APP}/deployments/1", f"/apps/{APP}/releases",
            f"/apps/{APP}/deployments/1/logs", f"/apps/{APP}/deployments/1/logs?kind=build",
            f"/apps/{APP}/diff?b=1", f"/apps/{APP}/events", "/doctor",
        )),
    ]  # fmt: skip
    said += [path.read_text(errors="replace") for path in platform.home.rglob("*") if path.is_file()]
    for text in said:
        assert SANDBOX_SECRET not in text
        assert RELEASE_SECRET not in text
        assert platform.token not in text


def test_files_with_secrets_are_the_owners_alone(platform: Platform) -> None:
    assert _mode(platform.home / "key") == 0o400
    for file in ("sandbox.db", "sandbox.db-wal"):
        assert _mode(platform.home / file) & 0o077 == 0, file
    for folder in ("bundles", "logs", "edge"):
        assert _mode(platform.home / folder) == 0o700, folder
    assert _mode(platform.home) & 0o022 == 0


def test_no_process_has_a_secret_in_its_arguments(platform: Platform) -> None:
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_text(errors="replace")
        except OSError:
            continue
        assert SANDBOX_SECRET not in words
        assert RELEASE_SECRET not in words


def test_headers_that_say_who_somebody_is_do_not_reach_an_app(platform: Platform) -> None:
    forged = {
        "Shiny-Server-Credentials": "forged", "RStudio-Connect-Credentials": "forged", "X-SP-UserId": "forged",
        "X-Forwarded-User": "forged", "X-Forwarded-For": "6.6.6.6", "Forwarded": "for=6.6.6.6",
        "X-Auth-Token": "forged",
        "X_SP_UserId": "forged", "X-Sandbox-Scope": "forged", "Remote-User": "forged", "X-Real-Ip": "6.6.6.6",
        "Cookie": "sandbox_pin=forged; own=kept", "Accept-Language": "de-kept",
    }  # fmt: skip
    with platform.session(release_host(APP), "headers", headers=forged) as session:
        seen = str(session.wait_for("headers"))

    assert "forged" not in seen
    assert "6.6.6.6" not in seen
    assert "own=kept" in seen
    assert "de-kept" in seen
    assert "sandbox_pin" not in seen


def test_app_hosts_have_no_page_and_no_api_of_the_platform(platform: Platform) -> None:
    for path in ("/api/v1/apps", "/api/v1/health", "/login", "/__sandbox__/x"):
        for host in (release_host(APP), branch_host(APP, "main")):
            answer = platform.get(
                host, path, Authorization=f"Bearer {platform.token}", Accept="application/json"
            )
            assert answer.status_code == 404, (host, path)


def test_what_listens_listens_on_loopback(platform: Platform) -> None:
    listening = subprocess.run(["ss", "-Hltn"], capture_output=True, text=True, check=True).stdout
    ports = {str(port) for port in (platform.port, platform.control_port, platform.wake_port)}
    own = [line.split()[3] for line in listening.splitlines() if line.split()[3].rpartition(":")[2] in ports]
    assert sorted(own) == sorted(f"127.0.0.1:{port}" for port in ports)


def _environment(platform: Platform, scope: str) -> str:
    """Of the instances in this scope, as the engine started them."""
    rows = [row for row in platform.containers() if f"-{scope}-" in row["Name"]]
    return "\n".join(line for row in rows for line in row["Config"]["Env"])


def _reaches(platform: Platform, row: dict[str, Any], address: str, port: int) -> bool:
    """Whether a process inside the container can open a connection."""
    code = f'socketConnection("{address}", {port}, timeout = 2, open = "r+b")'
    made = platform.docker.exec_create(row["Id"], ["Rscript", "-e", code], user="1000:1000")
    platform.docker.exec_start(made["Id"])
    return int(platform.docker.exec_inspect(made["Id"])["ExitCode"]) == 0


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)
