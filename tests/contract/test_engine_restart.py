"""An engine that is killed and comes back: a second one of the test's own, in its own network namespace."""

import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import anyio
import pytest
from docker import APIClient
from tests.contract.engine_image import make_image

from sandbox_server.errors import RuntimeUnavailable
from sandbox_server.runtime import ContainerSpec, ContainerState, DockerRuntime

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.engine,
    # The SDK forgets to close a socket that it could not connect.
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"),
]


class OwnEngine:
    """A dockerd that touches nothing of the machine's one."""

    def __init__(self, folder: Path, namespace: str) -> None:
        self.url = f"unix://{folder}/docker.sock"
        self._folder = folder
        self._namespace = namespace
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = ["nsenter", f"--net=/var/run/netns/{self._namespace}", "dockerd", "--bridge=none"]
        command += [
            "-H",
            self.url,
            "--data-root",
            f"{self._folder}/data",
            "--exec-root",
            f"{self._folder}/exec",
        ]
        command += ["--pidfile", f"{self._folder}/docker.pid"]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        deadline = time.monotonic() + 60
        while not self._answers():
            assert time.monotonic() < deadline, (self._folder / "log").read_text()[-3000:]
            time.sleep(0.1)

    def end(self, how: signal.Signals) -> None:
        if self._process is None:
            return
        containerd = Path("/proc", (self._folder / "exec/containerd/containerd.pid").read_text().strip())
        self._process.send_signal(how)
        self._process.wait(60)
        self._process = None
        # It dies a moment after its parent, and an engine that still sees it waits for it in vain.
        while containerd.exists():
            time.sleep(0.02)

    def _answers(self) -> bool:
        asked = subprocess.run(["docker", "-H", self.url, "version"], capture_output=True, check=False)
        return asked.returncode == 0


@pytest.fixture
def own_engine() -> Iterator[OwnEngine]:
    namespace = "sbx-" + secrets.token_hex(3)
    folder = Path(tempfile.mkdtemp(prefix="sbx-"))
    subprocess.run(["ip", "netns", "add", namespace], check=True)
    engine = OwnEngine(folder, namespace)
    try:
        engine.start()
        yield engine
    finally:
        engine.end(signal.SIGTERM)
        subprocess.run(["ip", "netns", "del", namespace], check=True)
        # A killed engine leaves the mount of its folder on itself behind.
        subprocess.run(["umount", str(folder / "data")], check=False, capture_output=True)
        shutil.rmtree(folder)


@pytest.fixture
async def runtime(own_engine: OwnEngine) -> AsyncIterator[DockerRuntime]:
    # The engine's bridges are in its own namespace, where our rule would not be.
    runtime = DockerRuntime("t" + secrets.token_hex(3), own_engine.url, firewall="external")
    yield runtime
    await runtime.destroy()
    await runtime.close()


async def test_a_killed_engine_is_unavailable_and_afterwards_everything_starts_again(
    own_engine: OwnEngine, runtime: DockerRuntime
) -> None:
    client = APIClient(base_url=own_engine.url, version="auto")
    image = make_image(client, "restart")
    client.close()
    subnet = await runtime.prepare()
    specs = [
        ContainerSpec(f"sbx-app-{k}", image, subnet[10 + k], {"A": "b"}, 64 * 1024 * 1024, 0.5, "hash")
        for k in range(2)
    ]
    for spec in specs:
        await runtime.start(spec)
    following = runtime.logs(specs[0].name, follow=True)
    assert (await anext(following)).text == "ready"

    await anyio.to_thread.run_sync(own_engine.end, signal.SIGKILL)
    with pytest.raises(RuntimeUnavailable):
        await runtime.containers()
    with pytest.raises(RuntimeUnavailable):
        await runtime.start(specs[0])
    with anyio.fail_after(60), pytest.raises(RuntimeUnavailable):
        await anext(following)
    facts = await runtime.facts()
    assert not facts.healthy
    assert facts.notes

    await anyio.to_thread.run_sync(own_engine.start)
    assert await runtime.prepare() == subnet
    for spec in specs:
        await runtime.start(spec)
    found = {container.name: container for container in await runtime.containers()}
    for spec in specs:
        assert found[spec.name].state is ContainerState.running
        assert found[spec.name].address == spec.address
