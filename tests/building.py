"""What tests of builds share: bundles of the small apps, and a machine that has a base image."""

import fcntl
import hashlib
import io
import tarfile
import tempfile
from collections.abc import Mapping
from pathlib import Path

from anyio import to_thread
from docker import APIClient

from sandbox_server.builder import CodeLayer, Engine, Library, list_bases, make_base
from sandbox_server.builder.base_image import base_tag
from sandbox_server.domain.detection import detect

APPS = Path(__file__).parent / "apps"
SUITE = "trixie"
_LOCK = Path(tempfile.gettempdir()) / "sandbox-base.lock"


class Told:
    """A report that keeps what it is told."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.steps: list[str] = []

    def line(self, text: str) -> None:
        self.lines.append(text)

    def step(self, words: str) -> None:
        self.steps.append(words)


def debian(*packages: str) -> Library:
    """A library of Debian's packages alone."""
    return Library(debian=frozenset(packages))


def files_of(app: str) -> dict[str, bytes]:
    """The files of a small app, by their path."""
    return files_below(APPS / app)


def files_below(folder: Path) -> dict[str, bytes]:
    found = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def layer_of(files: Mapping[str, bytes], folder: Path) -> CodeLayer:
    """A bundle with these files, written below `folder`."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for path, content in files.items():
            entry = tarfile.TarInfo(path)
            entry.size, entry.mode = len(content), 0o644
            tar.addfile(entry, io.BytesIO(content))
    digest = hashlib.sha256(buffer.getvalue()).hexdigest()
    target = folder / f"{digest}.tar.gz"
    target.write_bytes(buffer.getvalue())
    detected = detect(files, lambda name: files[name].decode("utf-8-sig", errors="replace"))
    return CodeLayer(target, digest, {"kind": detected.kind, "entry": detected.entry})


async def need_base() -> None:
    """Make the machine's base image if it has none of today's recipe; it stays: every test and platform uses it."""
    engine = Engine()
    with _LOCK.open("w") as lock:
        # Several test runs at once would each make one.
        await to_thread.run_sync(fcntl.flock, lock, fcntl.LOCK_EX)
        try:
            if not any(
                base.tag == base_tag(SUITE) and not base.outdated for base in await list_bases(engine)
            ):
                with tempfile.TemporaryDirectory() as work:
                    await make_base(engine, SUITE, "http://deb.debian.org/debian", Path(work), lambda _: None)
        finally:
            await engine.close()


def remove_all_of(client: APIClient, platform: str) -> None:
    """Containers and images of a test's platform; those that stand on others first."""
    labels = [f"sandbox.platform={platform}"]
    for container in client.containers(all=True, filters={"label": labels}):
        client.remove_container(container["Id"], force=True, v=True)
    images = client.images(filters={"label": labels})
    for image in sorted(images, key=lambda image: image["Labels"]["sandbox.role"] != "code"):
        for tag in image["RepoTags"] or [image["Id"]]:
            client.remove_image(tag, force=True)
