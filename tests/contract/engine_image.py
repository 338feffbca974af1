"""A small image for tests, made on the machine: a static busybox and a script that does what it is told."""

import io
import shutil
import subprocess
import tarfile
from pathlib import Path

from docker import APIClient

PROGRAM = b"""#!/bin/sh
echo ready
while true; do
  if [ -f /tmp/do ]; then mv /tmp/do /tmp/doing; . /tmp/doing; rm -f /tmp/doing; fi
  sleep 0.02
done
"""


def busybox() -> Path:
    """The static busybox of the host, installed if it is not there."""
    found = shutil.which("busybox")
    if found is None:
        subprocess.run(["apt-get", "install", "-y", "busybox-static"], check=True, capture_output=True)
        found = shutil.which("busybox")
    assert found is not None
    return Path(found)


def make_image(client: APIClient, label: str, changes: tuple[str, ...] = ('CMD ["/program"]',)) -> str:
    """Import the image and return its Id; the caller removes it."""
    answer = client.import_image_from_data(
        _archive(),
        repository=f"sandbox-test-{label}",
        tag="latest",
        changes=[f"LABEL sandbox.test={label}", *changes],
    )
    assert "error" not in answer, answer
    return str(client.inspect_image(f"sandbox-test-{label}:latest")["Id"])


def _archive() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for folder in ("bin", "tmp", "app", "home", "home/app", "proc", "sys", "dev", "etc"):
            entry = tarfile.TarInfo(folder)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o755
            tar.addfile(entry)
        _file(tar, "bin/busybox", busybox().read_bytes(), 0o755)
        for name in (
            "sh",
            "mv",
            "rm",
            "sleep",
            "cat",
            "id",
            "nc",
            "awk",
            "touch",
            "wget",
            "seq",
            "kill",
            "httpd",
            "tar",
            "mkdir",
        ):
            link = tarfile.TarInfo(f"bin/{name}")
            link.type, link.linkname = tarfile.SYMTYPE, "busybox"
            tar.addfile(link)
        _file(tar, "etc/passwd", b"root:x:0:0::/:/bin/sh\napp:x:1000:1000::/home/app:/bin/sh\n", 0o644)
        _file(tar, "program", PROGRAM, 0o755)
    return buffer.getvalue()


def _file(tar: tarfile.TarFile, name: str, content: bytes, mode: int) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(content), mode
    tar.addfile(entry, io.BytesIO(content))
