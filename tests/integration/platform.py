"""A real platform of a test's own: server, engine, proxy, R and browser, with everything through the front door."""

import io
import json
import os
import secrets
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal, TypeVar

import httpx
from docker import APIClient
from docker.errors import NotFound
from tests.shiny_client import OUTPUTS, ShinySession

PROGRAMS = Path(sys.executable).parent
APPS = Path(__file__).parents[1] / "apps"
API = "/api/v1"
NO_BROWSER = "/nowhere/chromium"
"""As SANDBOX_CHROMIUM: a machine without a browser."""

PATIENCE = 180.0
"""Seconds for whatever must come about: far more than it takes, so that a slow machine is no failure."""

T = TypeVar("T")


@dataclass(frozen=True)
class Result:
    """How a command of the command line ended."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """What `--json` printed."""
        return json.loads(self.out)

    @property
    def error(self) -> dict[str, Any]:
        error: dict[str, Any] = self.document["error"]
        return error


class Platform:
    """`start` it, use it, `destroy` it. Settings are SANDBOX_* names without the prefix, in small letters."""

    def __init__(self, **settings: object) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="sandbox-test-"))
        self.folder.chmod(0o711)
        self.home = self.folder / "home"
        self.port, self.control_port, self.wake_port = free_ports(3)
        self.url = f"http://sandbox.localhost:{self.port}"
        self.docker = APIClient(version="auto")
        self.token = ""
        self._pid = 0
        self._settings = {
            "home": self.home, "port": self.port, "control_port": self.control_port, "wake_port": self.wake_port,
            "slots": 64, "max_connections": 1000, "settle": 0.5, "reconcile_every": 1, "warm": 0, **settings,
        }  # fmt: skip
        self._process: subprocess.Popen[bytes] | None = None

    # The server

    @property
    def id(self) -> str:
        return (self.home / "platform").read_text().strip()

    @property
    def pid(self) -> int:
        """Of the server that runs, or that ran last."""
        return self._pid

    @property
    def ended(self) -> bool:
        """Whether no server runs."""
        return self._process is None or self._process.poll() is not None

    @property
    def log(self) -> str:
        """What the server said so far."""
        return (self.folder / "server.log").read_text(errors="replace")

    def start(self, failpoint: str = "", *, wait: bool = True, **settings: object) -> None:
        """Run the server; with `failpoint` it ends there as by `kill -9`. Changed settings stay."""
        self._settings |= settings
        if not self.token:
            self.token = self.sandboxd("user", "add", "ada").out.strip()
        extra = {"SANDBOX_FAILPOINT": failpoint} if failpoint else {}
        with (self.folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                [PROGRAMS / "sandboxd", "serve"], env=self._environment() | extra, cwd=self.folder,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        self._pid = self._process.pid
        if wait:
            until(lambda: self.ended or self._answers(), "the server answers", self._why)
            assert not self.ended, self._why()

    def stop(self) -> None:
        """End the server as an administrator does; edge and instances go on."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """`kill -9` of the server."""
        self._end(signal.SIGKILL)

    def wait_until_killed(self) -> None:
        """Until a failpoint was reached."""
        assert self._process is not None
        code = self._process.wait(PATIENCE)
        assert code == -signal.SIGKILL, self._why()
        self._process = None

    def destroy(self) -> None:
        """Remove everything from the machine, and see that nothing is left."""
        try:
            self.stop()
            done = self.sandboxd("destroy", "--yes")
            assert done.code == 0, done.err
            left = self.left()
            assert not left, left
        finally:
            self.docker.close()
            shutil.rmtree(self.folder, ignore_errors=True)

    def left(self) -> list[str]:
        """What of this platform is still on the machine."""
        label = {"label": [f"sandbox.platform={self.id}"]}
        found = [f"container {row['Names']}" for row in self.docker.containers(all=True, filters=label)]
        found += [f"network {row['Name']}" for row in self.docker.networks(filters=label)]
        found += [f"image {row['RepoTags']}" for row in self.docker.images(filters=label)]
        found += [f"volume {row['Name']}" for row in self.docker.volumes(filters=label)["Volumes"] or []]
        for table in ("filter", "raw"):
            command = ["iptables", "-w", "-t", table, "-S"]
            rules = subprocess.run(command, capture_output=True, text=True, check=True)
            found += [f"rule {rule}" for rule in rules.stdout.splitlines() if f" sbx-{self.id}" in rule]
        found += [f"process {words}" for words in processes(str(self.home), f"sandbox-visit-{self._pid}-")]
        return found

    def haproxy(self) -> list[int]:
        """Process ids, the master first."""
        return sorted(processes("haproxy", str(self.home / "edge"), every=True).values())

    # The command line

    def sandboxd(self, *words: str) -> Result:
        return self._run([PROGRAMS / "sandboxd", *words], self._environment())

    def sandbox(
        self, *words: str | Path, token: str = "", stdin: str = "", cwd: Path | None = None
    ) -> Result:
        """`sandbox … --json`, as ada."""
        return self._run([PROGRAMS / "sandbox", *words, "--json"], self.client_environment(token), stdin, cwd)

    def client_environment(self, token: str = "") -> dict[str, str]:
        own = {
            "SANDBOX_URL": self.url,
            "SANDBOX_TOKEN": token or self.token,
            "SANDBOX_CONFIG": str(self.folder / "cli"),
        }
        return _clean() | own

    def deploy(
        self, folder: Path | str, app: str, branch: str = "main", *more: str, code: int = 0
    ) -> dict[str, Any]:
        """Push a folder that is not in git, or a small app by its name; the JSON of the answer."""
        folder = app_folder(self.folder, folder) if isinstance(folder, str) else folder
        done = self.sandbox("deploy", folder, "--app", app, "--branch", branch, *more)
        assert done.code == code, (done, self.log[-3000:])
        document: dict[str, Any] = done.document
        return document

    def promote(self, app: str, number: int) -> dict[str, Any]:
        done = self.sandbox("promote", f"d{number}", "--app", app)
        assert done.code == 0, done
        document: dict[str, Any] = done.document
        return document

    def rollback(self, app: str, *more: str) -> dict[str, Any]:
        done = self.sandbox("rollback", "--app", app, *more)
        assert done.code == 0, done
        document: dict[str, Any] = done.document
        return document

    # The API

    def api(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        token: str | None = None,
        content: bytes | None = None,
    ) -> httpx.Response:
        """A request to the API through the edge."""
        headers = {"Host": f"sandbox.localhost:{self.port}"}
        if token != "":
            headers["Authorization"] = f"Bearer {token or self.token}"
        with httpx.Client(trust_env=False, timeout=PATIENCE) as client:
            url = f"http://127.0.0.1:{self.port}{API}{path}"
            return client.request(method, url, json=body, content=content, headers=headers)

    def deployment(self, app: str, number: int) -> dict[str, Any]:
        answer: dict[str, Any] = (
            self.api("GET", f"/apps/{app}/deployments/{number}").raise_for_status().json()
        )
        return answer

    def releases(self, app: str) -> list[dict[str, Any]]:
        answer: list[dict[str, Any]] = self.api("GET", f"/apps/{app}/releases").raise_for_status().json()
        return answer

    def push_no_wait(self, app: str, branch: str, bundle: bytes) -> dict[str, Any]:
        """Upload and push by the API; the deployment as it is then."""
        digest = sha256(bundle).hexdigest()
        self.api("PUT", f"/bundles/{digest}", content=bundle).raise_for_status()
        body = {"bundle": digest, "branch": branch}
        answer: dict[str, Any] = self.api("POST", f"/apps/{app}/deployments", body).raise_for_status().json()
        return answer

    def wait_status(self, app: str, number: int, *statuses: str) -> dict[str, Any]:
        return until(
            lambda: (found := self.deployment(app, number))["status"] in statuses and found,
            f"d{number} of {app} is {statuses}",
            lambda: f"{self.deployment(app, number)}\n{self._why()}",
        )

    # The edge

    def get(self, host: str, path: str = "/", **headers: str) -> httpx.Response:
        """A page load at an app's host; `_` in a header's name stands for `-`."""
        sent = {"Host": f"{host}:{self.port}", "Accept": "text/html"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        with httpx.Client(trust_env=False, timeout=PATIENCE) as client:
            return client.get(f"http://127.0.0.1:{self.port}{path}", headers=sent)

    def post(self, host: str, path: str, **headers: str) -> httpx.Response:
        """A form sent to an app's host."""
        with httpx.Client(trust_env=False, timeout=PATIENCE) as client:
            sent = {"Host": f"{host}:{self.port}", **headers}
            return client.post(f"http://127.0.0.1:{self.port}{path}", headers=sent)

    def shown(self, host: str) -> str:
        """Which deployment a new visitor gets there, such as "d3"; empty if none, or no answer at all."""
        try:
            answer = self.get(host)
        except httpx.TransportError:
            return ""
        return answer.headers.get("X-Sandbox-Deployment", "") if answer.status_code == 200 else ""

    def session(self, host: str, *outputs: str, **more: Any) -> ShinySession:
        return ShinySession(self.port, host, outputs or OUTPUTS, **more)

    # The engine

    def containers(self, running: bool = True) -> list[dict[str, Any]]:
        """Instances of this platform, as the engine inspects them."""
        label = {"label": [f"sandbox.platform={self.id}", "sandbox.role=instance"]}
        rows = self.docker.containers(all=not running, filters=label)
        found = []
        for row in rows:
            with suppress(NotFound):
                found.append(self.docker.inspect_container(row["Id"]))
        return found

    def sqlite(self, query: str) -> list[tuple[Any, ...]]:
        """What the database has, of which nobody is told."""
        with closing(sqlite3.connect(self.home / "sandbox.db", timeout=10)) as database:
            return database.execute(query).fetchall()

    def images(self) -> set[str]:
        """Ids of the code images."""
        label = {"label": [f"sandbox.platform={self.id}", "sandbox.role=code"]}
        return {row["Id"] for row in self.docker.images(filters=label)}

    def _environment(self) -> dict[str, str]:
        return _clean() | {f"SANDBOX_{name.upper()}": str(value) for name, value in self._settings.items()}

    def _run(
        self, command: list[Any], environment: dict[str, str], stdin: str = "", cwd: Path | None = None
    ) -> Result:
        done = subprocess.run(
            command, env=environment, input=stdin, capture_output=True, text=True, timeout=3 * PATIENCE, check=False,
            cwd=cwd or self.folder,
        )  # fmt: skip
        return Result(done.returncode, done.stdout, done.stderr)

    def _answers(self) -> bool:
        try:
            return self.api("GET", "/health").status_code == 200
        except httpx.HTTPError:
            return False

    def _why(self) -> str:
        return self.log[-4000:]

    def _end(self, how: signal.Signals) -> None:
        if self._process is None:
            return
        self._process.send_signal(how)
        self._process.wait(PATIENCE)
        self._process = None


def release_host(app: str) -> str:
    return f"{app}.apps.localhost"


def branch_host(app: str, branch: str) -> str:
    return f"{branch}--{app}.apps.localhost"


def deployment_host(app: str, number: int) -> str:
    return f"d{number}--{app}.apps.localhost"


def app_folder(folder: Path, app: str, **comments: str) -> Path:
    """A copy of a small app. Each keyword becomes a comment at its top, which makes another bundle of it."""
    target = folder / f"{app}-{secrets.token_hex(3)}"
    shutil.copytree(APPS / app, target)
    for name, text in comments.items():
        file = target / "app.R"
        file.write_text(f"# {name}: {text}\n{file.read_text()}")
    return target


def packed(files: Mapping[str, bytes]) -> bytes:
    """A bundle with these files."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for path, content in files.items():
            entry = tarfile.TarInfo(path)
            entry.size, entry.mode = len(content), 0o644
            tar.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def until(
    condition: Callable[[], T | Literal[False] | None],
    what: str,
    why: Callable[[], object] = lambda: "",
    patience: float = PATIENCE,
) -> T:
    """The condition's first true answer. Fails with `what` and `why` if there is none in time (seconds)."""
    deadline = time.monotonic() + patience
    while not (answer := condition()):
        assert time.monotonic() < deadline, f"it never came about that {what}\n{why()}"
        time.sleep(0.05)
    return answer


def processes(*words: str, every: bool = False) -> dict[str, int]:
    """Living processes whose command line holds one of these words, or every one: the line and its process id."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            line = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if line and (all if every else any)(word in line for word in words):
            found[f"{folder.name} {line[:200]}"] = int(folder.name)
    return found


def free_ports(count: int) -> list[int]:
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]
    finally:
        for probe in probes:
            probe.close()


def _clean() -> dict[str, str]:
    """This process's environment without settings of any platform."""
    return {name: value for name, value in os.environ.items() if not name.startswith("SANDBOX_")}
