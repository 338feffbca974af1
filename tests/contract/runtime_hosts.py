"""What tests of runtimes do to containers, over the real engine and the one in memory."""

import io
import secrets
import tarfile

import anyio
from docker import APIClient

from sandbox_server.runtime import DockerRuntime, LogLine, MemoryRuntime


class InMemory:
    """Handles of the twin."""

    def __init__(self) -> None:
        self.image = "sha256:" + "1" * 64
        self.platform = "twin"
        self.runtime = MemoryRuntime(self.platform, images={self.image})
        self.runtime.status = None

    async def listen(self, name: str) -> None:
        self.runtime.answer(name, 200)
        self.runtime.loading.discard(name)

    async def load(self, name: str) -> None:
        """It does not listen yet, and will read what it is given."""
        self.runtime.loading.add(name)

    async def got(self, name: str) -> bytes:
        """What it was given when it was claimed."""
        return self.runtime.code(name)

    async def tell(self, name: str, text: str) -> None:
        self.runtime.run(name, lambda method, path, *_: text.encode() if path == "/told" else None)

    async def say(self, name: str, stream: str, text: str) -> None:
        self.runtime.say(name, stream, text)

    async def write(self, name: str, folder: str, files: dict[str, str]) -> None:
        self.runtime.put(name, folder, archive_of(folder, files))

    async def read(self, name: str, folder: str) -> dict[str, str]:
        """What is in a folder that was given; empty if none is there, or not whole."""
        return files_of(self.runtime.given(name, folder) or b"")

    async def crash(self, name: str, exit_code: int) -> None:
        self.runtime.crash(name, exit_code)

    async def exhaust(self, name: str) -> None:
        self.runtime.crash(name, 137, out_of_memory=True)


class OnEngine:
    """The same, done to real containers."""

    def __init__(self, client: APIClient, image: str) -> None:
        self.client = client
        self.image = image
        self.platform = "t" + secrets.token_hex(3)
        self.runtime = DockerRuntime(self.platform)

    async def listen(self, name: str) -> None:
        await self.do(name, "echo hello >/app/index.html; httpd -p 3838 -h /app")

    async def load(self, name: str) -> None:
        """It does not listen yet, and will read what it is given."""
        await self.do(name, "cat >/app/got; touch /app/whole")

    async def got(self, name: str) -> bytes:
        """What it was given when it was claimed."""

        def work() -> bytes:
            script = "while [ ! -f /app/whole ]; do sleep 0.02; done; cat /app/got"
            command = self.client.exec_create(name, ["sh", "-c", script], user="1000:1000")
            return bytes(self.client.exec_start(command))

        return await anyio.to_thread.run_sync(work)

    async def tell(self, name: str, text: str) -> None:
        """From now on it answers so to questions for /told, and with 404 to all others."""
        await self.do(name, f"printf '%s' '{text}' >/app/told; httpd -p 3838 -h /app")

    async def say(self, name: str, stream: str, text: str) -> None:
        await self.do(name, f"echo '{text}' >&{1 if stream == 'stdout' else 2}")

    async def write(self, name: str, folder: str, files: dict[str, str]) -> None:
        for path, text in files.items():
            script = f"mkdir -p '{folder}'; echo -n '{text}' >'{folder}/{path}'; echo wrote"
            await self.do(name, script)

    async def read(self, name: str, folder: str) -> dict[str, str]:
        """What is in a folder that was given; empty if none is there, or not whole."""

        def work() -> bytes:
            words = [
                "sh",
                "-c",
                f"[ -f '{folder}.whole' ] && tar -c -C '{folder}/..' \"${{1##*/}}\"",
                "sh",
                folder,
            ]
            command = self.client.exec_create(name, words, user="1000:1000")
            return b"".join(out for out, _ in self.client.exec_start(command, stream=True, demux=True) if out)

        return files_of(await anyio.to_thread.run_sync(work))

    async def crash(self, name: str, exit_code: int) -> None:
        await self.do(name, f"exit {exit_code}")

    async def exhaust(self, name: str) -> None:
        await self.do(name, "exec awk 'BEGIN { x = \"aaaaaaaa\"; while (1) x = x x }'")

    async def do(self, name: str, script: str) -> None:
        def work() -> None:
            write = "while [ -f /tmp/do ] || [ -f /tmp/doing ]; do sleep 0.02; done"
            write += '; echo "$1" >/tmp/new; mv /tmp/new /tmp/do'
            command = self.client.exec_create(name, ["sh", "-c", write, "sh", script], user="1000:1000")
            self.client.exec_start(command)

        await anyio.to_thread.run_sync(work)


Host = InMemory | OnEngine


async def said(host: Host, name: str, count: int) -> list[LogLine]:
    """The lines that the test made it say, as soon as there are `count`."""
    with anyio.fail_after(60):
        while True:
            lines = [line async for line in host.runtime.logs(name) if line.text != "ready"]
            if len(lines) >= count:
                return lines
            await anyio.sleep(0.02)


def archive_of(folder: str, files: dict[str, str]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for path, text in files.items():
            entry = tarfile.TarInfo(f"{folder.rpartition('/')[2]}/{path}")
            entry.size = len(text.encode())
            tar.addfile(entry, io.BytesIO(text.encode()))
    return buffer.getvalue()


def files_of(archive: bytes) -> dict[str, str]:
    """Texts by path below the folder."""
    if not archive:
        return {}
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        found = {member.name.partition("/")[2]: tar.extractfile(member) for member in tar if member.isfile()}
        return {path: file.read().decode() for path, file in found.items() if file}
