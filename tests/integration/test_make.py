"""What a newcomer does: `make run`, again, `make stop`, `make clean`, in a fresh copy with ports of its own."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import docker
import httpx
import pytest
from tests.integration.platform import free_ports, processes

pytestmark = [pytest.mark.engine, pytest.mark.timeout(900)]

ROOT = Path(__file__).resolve().parents[2]
LEFT_OUT = shutil.ignore_patterns(
    ".git", ".venv", ".sandbox", ".*_cache", ".hypothesis", "__pycache__", "tests"
)


@dataclass(frozen=True)
class Newcomer:
    """A person with a fresh clone and a home folder in which nothing is."""

    clone: Path
    home: Path
    ports: tuple[int, ...]

    def make(self, target: str) -> str:
        names = ("SANDBOX_PORT", "SANDBOX_CONTROL_PORT", "SANDBOX_WAKE_PORT")
        own = {"HOME": str(self.home), **dict(zip(names, map(str, self.ports), strict=True))}
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("SANDBOX_", "MAKE"))
        }
        done = subprocess.run(
            ["make", "--no-print-directory", target],
            cwd=self.clone,
            env=kept | own,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def get(self, host: str) -> httpx.Response:
        headers = {"Host": f"{host}.apps.localhost:{self.ports[0]}", "Accept": "text/html"}
        return httpx.get(f"http://127.0.0.1:{self.ports[0]}/", headers=headers, trust_env=False, timeout=30)


@pytest.fixture
def newcomer(tmp_path: Path, base_image: None) -> Iterator[Newcomer]:
    shutil.copytree(ROOT, tmp_path / "clone", ignore=LEFT_OUT)
    (tmp_path / "home").mkdir()
    person = Newcomer(tmp_path / "clone", tmp_path / "home", tuple(free_ports(3)))
    yield person
    person.make("clean")


def test_make_run_publishes_two_branches_and_make_clean_leaves_nothing(newcomer: Newcomer) -> None:
    said = newcomer.make("run")
    assert f"http://sales-dashboard.apps.localhost:{newcomer.ports[0]}" in said
    assert f"http://feature-x--sales-dashboard.apps.localhost:{newcomer.ports[0]}" in said
    assert f"ssh -L {newcomer.ports[0]}:127.0.0.1:{newcomer.ports[0]}" in said
    assert "with target" not in newcomer.get("sales-dashboard").raise_for_status().text
    assert "with target" in newcomer.get("feature-x--sales-dashboard").raise_for_status().text

    again = newcomer.make("run")
    assert "Pushing" not in again
    assert "Installing" not in again

    newcomer.make("stop")
    assert not processes(str(newcomer.clone / ".sandbox" / "edge"))
    newcomer.make("run")
    assert newcomer.get("sales-dashboard").headers["X-Sandbox-Deployment"] == "d1"

    platform = (newcomer.clone / ".sandbox" / "platform").read_text().strip()
    newcomer.make("clean")
    assert _left(platform) == []
    assert not (newcomer.clone / ".sandbox").exists()
    assert not (newcomer.clone / ".venv").exists()


def _left(platform: str) -> list[str]:
    engine = docker.APIClient(version="auto")
    label = {"label": [f"sandbox.platform={platform}"]}
    found = [*engine.containers(all=True, filters=label), *engine.images(filters=label)]
    found += engine.networks(filters=label)
    engine.close()
    return [row["Id"] for row in found]
