"""How much memory a container holds: from the kernel where it is ours to read, else from the engine.

The engine takes a second for its answer, the kernel none.
"""

from collections.abc import Mapping
from pathlib import Path

from docker import APIClient
from docker.errors import APIError

from sandbox_server.runtime.base import Room

_CGROUPS = Path("/sys/fs/cgroup")
_PROCESSES = Path("/proc")
_ALIKE = 0.01
"""Machines whose memory differs by more are two."""


def read_memory(client: APIClient, name: str) -> int | None:
    """Bytes without the page cache; None if the container does not run. Blocks."""
    try:
        found = client.inspect_container(name)
        if not found["State"]["Running"]:
            return None
        from_kernel = _from_kernel(found["Id"], int(found["State"]["Pid"]))
        return from_kernel if from_kernel is not None else _from_engine(client, found["Id"])
    except APIError as error:
        if error.status_code in (404, 409):
            return None
        raise


def read_room(client: APIClient) -> Room | None:
    """Of the engine's machine, if that is this one. Blocks."""
    table = {name: int(rest.split()[0]) * 1024 for name, _, rest in _rows(_PROCESSES / "meminfo") if rest}
    total, free = table.get("MemTotal"), table.get("MemAvailable")
    if total is None or free is None or abs(int(client.info()["MemTotal"]) - total) > total * _ALIKE:
        return None
    return Room(total, free)


def cgroup_folder(container: str, table: str, root: Path = _CGROUPS) -> Path | None:
    """The container's folder, from the text of its process's /proc/PID/cgroup; both versions of cgroups.

    None if the process is not of this container: the engine may be on another machine.
    """
    rows = [line.split(":", 2) for line in table.splitlines()]
    paths = {kind: path for _, kind, path in rows if container in path}
    if "memory" in paths:
        return root / "memory" / paths["memory"].lstrip("/")
    return root / paths[""].lstrip("/") if "" in paths else None


def without_cache(usage: int, stats: Mapping[str, int]) -> int:
    """Files in tmpfs are counted as cache by the kernel, but are memory in use: nobody can drop them."""
    if "total_cache" in stats:
        return usage - stats["total_cache"] + stats.get("total_shmem", 0)
    return usage - stats.get("file", 0) + stats.get("shmem", 0)


def _from_kernel(container: str, pid: int) -> int | None:
    try:
        folder = cgroup_folder(container, (_PROCESSES / str(pid) / "cgroup").read_text())
        if folder is None:
            return None
        usage = folder / "memory.current"
        if not usage.exists():
            usage = folder / "memory.usage_in_bytes"
        return without_cache(int(usage.read_text()), _stats((folder / "memory.stat").read_text()))
    except OSError:
        return None


def _stats(text: str) -> dict[str, int]:
    return {name: int(value) for name, value in (line.split() for line in text.splitlines())}


def _from_engine(client: APIClient, container: str) -> int | None:
    used = client.stats(container, stream=False, one_shot=True).get("memory_stats") or {}
    if "usage" not in used:
        return None
    return without_cache(int(used["usage"]), used.get("stats") or {})


def _rows(path: Path) -> list[tuple[str, str, str]]:
    try:
        return [line.partition(":") for line in path.read_text().splitlines()]
    except OSError:
        return []
