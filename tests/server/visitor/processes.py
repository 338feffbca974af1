"""What the browser of one process leaves on the machine."""

import asyncio
import tempfile
from collections.abc import Callable
from pathlib import Path

from sandbox_server.visitor.launch import FOLDER


def browsers(owner: int) -> dict[int, list[str]]:
    """Processes of the browser that the process `owner` started, with their command lines."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (command := _command(entry)) and f"{FOLDER}{owner}-" in command:
            found[int(entry.name)] = command.split("\0")
    return found


def folders(owner: int) -> list[Path]:
    return list(Path(tempfile.gettempdir()).glob(f"{FOLDER}{owner}-*"))


def status_and_environment(process: int) -> tuple[dict[str, str], str]:
    folder = Path("/proc", str(process))
    lines = (folder / "status").read_text().splitlines()
    return dict(line.split(":\t", 1) for line in lines), (folder / "environ").read_text()


async def until(condition: Callable[[], bool], seconds: float = 20) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - other processes set no events
            await asyncio.sleep(0.05)


def _command(entry: Path) -> str:
    try:
        return (entry / "cmdline").read_text()
    except OSError:
        return ""
