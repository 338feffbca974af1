"""The control plane's own image: built on a Debian base made here, started, and used."""

import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker
import httpx
import pytest
from docker.models.containers import Container
from tests.integration.platform import APPS, PROGRAMS, free_ports, until

from sandbox_server.builder.proxies import proxies

pytestmark = [pytest.mark.engine, pytest.mark.timeout(900)]

ROOT = Path(__file__).resolve().parents[2]
CONTEXT = ("server", "cli", "templates", "deploy/certificates")
FILES = ("Dockerfile", ".dockerignore", "pyproject.toml", "requirements.lock", "README.md", "LICENSE")
CERTIFICATES = ("PIP_CERT", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")
SOCKET = "/var/run/docker.sock"


@dataclass(frozen=True)
class ControlPlane:
    """The server in its container."""

    container: Container
    port: int

    @property
    def url(self) -> str:
        return f"http://sandbox.localhost:{self.port}"

    def sandboxd(self, *words: str) -> str:
        code, output = self.container.exec_run(["sandboxd", *words])
        assert code == 0, output.decode()
        text: str = output.decode()
        return text

    def answers(self) -> bool:
        host = {"Host": f"sandbox.localhost:{self.port}"}
        try:
            return httpx.get(
                f"http://127.0.0.1:{self.port}/api/v1/health", headers=host, trust_env=False
            ).is_success
        except httpx.HTTPError:
            return False


@pytest.fixture(scope="module")
def engine() -> Iterator[docker.DockerClient]:
    client = docker.from_env()
    yield client
    client.close()


@pytest.fixture(scope="module")
def debian(engine: docker.DockerClient) -> Iterator[str]:
    """A bare Debian, as a machine without a registry makes it."""
    name = f"sandbox-test-debian-{secrets.token_hex(4)}"
    command = ["mmdebstrap", "--mode=root", "--quiet", "--variant=minbase", "--format=tar", "trixie", "-"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        engine.api.import_image_from_data(process.stdout, repository=name)
    assert process.returncode == 0
    yield name
    engine.images.remove(name)


@pytest.fixture(scope="module")
def image(
    engine: docker.DockerClient, debian: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    name = f"sandbox-test-image-{secrets.token_hex(4)}"
    context = _context(tmp_path_factory.mktemp("context"))
    arguments = {"BASE": debian, **proxies(os.environ)}
    engine.images.build(path=str(context), tag=name, buildargs=arguments, rm=True, forcerm=True)
    yield name
    engine.images.remove(name)


@pytest.fixture
def control_plane(
    engine: docker.DockerClient, image: str, base_image: None, tmp_path: Path
) -> Iterator[ControlPlane]:
    """Run as deploy/compose.yaml does: host networking, the engine's socket, one capability more than usual."""
    port, control_port, wake_port = free_ports(3)
    usual: dict[str, Any] = {
        "init": True,
        "network_mode": "host",
        "cap_add": ["NET_ADMIN"],
        "volumes": [f"{tmp_path / 'data'}:/var/lib/sandbox", f"{SOCKET}:{SOCKET}"],
        "environment": {
            "SANDBOX_PORT": port,
            "SANDBOX_CONTROL_PORT": control_port,
            "SANDBOX_WAKE_PORT": wake_port,
            "SANDBOX_SLOTS": 16,
            "SANDBOX_MAX_CONNECTIONS": 1000,
        },
    }
    container = engine.containers.run(image, detach=True, **usual)
    here = ControlPlane(container, port)
    try:
        until(here.answers, "the control plane answers", container.logs)
        yield here
        # While the server runs it would start again what is removed.
        container.stop()
        engine.containers.run(image, ["sandboxd", "destroy", "--yes"], remove=True, **usual)
    finally:
        container.remove(force=True, v=True)


def test_a_platform_in_a_container_publishes_an_app(control_plane: ControlPlane, tmp_path: Path) -> None:
    token = control_plane.sandboxd("user", "add", "ada").split()[-1]
    folder = shutil.copytree(APPS / "hello", tmp_path / "hello")
    own = {"SANDBOX_URL": control_plane.url, "SANDBOX_TOKEN": token, "SANDBOX_CONFIG": str(tmp_path / "cli")}
    done = subprocess.run(
        [PROGRAMS / "sandbox", "deploy", folder, "--app", "hello", "--branch", "main", "--json"],
        env=os.environ | own,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, (done.stdout, done.stderr, control_plane.container.logs())
    assert '"passed"' in done.stdout, "the browser in the image looked at it"


def test_the_image_has_the_command_line_too(control_plane: ControlPlane) -> None:
    code, output = control_plane.container.exec_run(["sandbox", "--help"])
    assert code == 0
    assert b"deploy" in output


def _context(folder: Path) -> Path:
    """What the Dockerfile takes, with the certificates that this machine's own pip trusts."""
    for name in FILES:
        shutil.copy(ROOT / name, folder)
    for name in CONTEXT:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for bundle in {os.environ[name] for name in CERTIFICATES if name in os.environ}:
        shutil.copy(bundle, folder / "deploy" / "certificates" / f"{Path(bundle).stem}.crt")
    return folder
