"""What the proxy's socket prints, as values."""

import re
from collections import Counter
from ipaddress import IPv4Address
from typing import NamedTuple

from sandbox_server.domain.edge import Backend, Mode, Server

_MAINTENANCE = 0x63
"""Bits of the admin state that take a server away; what remembers `disabled` in the file is none."""


class Workers(NamedTuple):
    """Processes of the proxy."""

    master: int
    current: list[int]
    old: list[int]
    """Left over from before a reload, until their last connection ends."""
    failed: int
    """Reloads that failed since the last one that worked."""

    @property
    def all(self) -> list[int]:
        return [*self.current, *self.old]


def workers(text: str) -> Workers:
    """From `show proc`. Raises `ValueError` for anything else."""
    master, failed, lists = 0, 0, {"current": list[int](), "old": list[int]()}
    part = "current"
    for line in text.splitlines():
        words = line.split()
        if line.startswith("# old workers"):
            part = "old"
        elif len(words) > 1 and words[0].isdecimal():
            if words[1] == "master":
                master = int(words[0])
                failed = int(re.sub(r".*\[failed: (\d+)\].*|.*", r"\1", line) or 0)
            elif words[1] == "worker":
                lists[part].append(int(words[0]))
    if not master:
        raise ValueError(f"not a list of processes: {text[:200]!r}")
    return Workers(master, lists["current"], lists["old"], failed)


def entries(text: str) -> dict[str, str]:
    """From `show map`."""
    rows = (line.split(" ", 2) for line in text.splitlines() if line.startswith("0x"))
    return {row[1]: row[2] for row in rows if len(row) == 3}


def servers(text: str) -> dict[Server, Backend]:
    """From `show servers state`; free servers are left out."""
    names, lines = _table(text, "# be_id ")
    admin = names.index("srv_admin_state")
    found: dict[Server, Backend] = {}
    for line in lines:
        # There are thousands of lines, and nearly all of them are of free servers.
        if not line or int(line.split(None, admin + 1)[admin]) & _MAINTENANCE:
            continue
        row = dict(zip(names, line.split(), strict=False))
        if server := _server(row["be_name"], row["srv_name"]):
            mode = Mode.up if int(row["srv_uweight"]) else Mode.drain
            found[server] = Backend(IPv4Address(row["srv_addr"]), mode)
    return found


def sessions(text: str) -> Counter[Server]:
    """From `show stat`: connections by server now, zeros left out. Raises `ValueError` for anything else."""
    lines = text.splitlines()
    if not lines or not lines[0].startswith("# pxname,svname,qcur,qmax,scur,"):
        raise ValueError(f"not statistics: {text[:200]!r}")
    found: Counter[Server] = Counter()
    for line in lines[1:]:
        # There are thousands of lines of a hundred columns; the first five are enough.
        columns = line.split(",", 5)
        if len(columns) < 6 or columns[4] in ("", "0"):
            continue
        if server := _server(columns[0], columns[1]):
            found[server] += int(columns[4])
    return found


def visits(text: str) -> Counter[str]:
    """From `show table visits`, by slot. Raises `ValueError` if it is not that."""
    if "# table: visits" not in text:
        raise ValueError(f"not the table of visits: {text[:200]!r}")
    pairs = re.findall(r"key=(\S+) .*\bconn_cur=(\d+)", text)
    return Counter({slot: int(count) for slot, count in pairs if int(count)})


def requests(text: str) -> Counter[tuple[str, str]]:
    """From `show stat` of backends: by slot, `all` requests and those that `failed`, zeros left out. Raises
    `ValueError` for anything else."""
    lines = text.splitlines()
    names = lines[0].removeprefix("# ").split(",") if lines else []
    if "req_tot" not in names or "hrsp_5xx" not in names:
        raise ValueError(f"not statistics: {text[:200]!r}")
    places = {"all": names.index("req_tot"), "failed": names.index("hrsp_5xx")}
    found: Counter[tuple[str, str]] = Counter()
    for line in lines[1:]:
        columns = line.split(",", max(places.values()) + 1)
        if line.startswith("slot") and columns[places["all"]] not in ("", "0"):
            found.update({(columns[0], name): int(columns[place] or 0) for name, place in places.items()})
    return found


def visited(text: str) -> Counter[tuple[str, str]]:
    """From `show table visits`, in the shape of `requests`. Raises `ValueError` if it is not that."""
    if "# table: visits" not in text:
        raise ValueError(f"not the table of visits: {text[:200]!r}")
    found: Counter[tuple[str, str]] = Counter()
    for slot, count, failed in re.findall(r"key=(\S+) .*\bhttp_req_cnt=(\d+) http_fail_cnt=(\d+)", text):
        found.update({(slot, "all"): int(count), (slot, "failed"): int(failed)})
    return found


def waited(text: str) -> Counter[tuple[str, str]]:
    """From `show table waits`: answers of the page that waits, in the shape of `requests`. None from a process that
    began before there was such a table. Raises `ValueError` if it is not that."""
    if "no such" in text.lower():
        return Counter()
    if "# table: waits" not in text:
        raise ValueError(f"not the table of those who wait: {text[:200]!r}")
    found: Counter[tuple[str, str]] = Counter()
    for slot, count in re.findall(r"key=(\S+) .*\bhttp_req_cnt=(\d+)", text):
        found.update({(slot, "all"): int(count), (slot, "failed"): int(count)})
    return found


def without(counted: Counter[tuple[str, str]], own: Counter[tuple[str, str]]) -> dict[str, tuple[int, int]]:
    """By slot, what is left without the platform's own; never below zero."""
    left = {slot: counted[slot, "all"] - own[slot, "all"] for slot, name in counted if name == "all"}
    return {
        slot: (count, min(count, max(counted[slot, "failed"] - own[slot, "failed"], 0)))
        for slot, count in left.items()
        if count > 0
    }


def field(text: str, name: str) -> str:
    """From `show info`."""
    lines = (line.partition(": ") for line in text.splitlines())
    return next((value.strip() for key, _, value in lines if key == name), "")


def _table(text: str, head: str) -> tuple[list[str], list[str]]:
    """The names of the columns, and the lines below them."""
    lines = text.splitlines()
    start = next((number for number, line in enumerate(lines) if line.startswith(head)), None)
    if start is None:
        raise ValueError(f"unexpected answer: {text[:200]!r}")
    return lines[start].removeprefix("# ").split(), lines[start + 1 :]


def _server(backend: str, name: str) -> Server | None:
    if not backend.startswith("slot") or not name.startswith("s") or not name[1:].isdecimal():
        return None
    return Server(backend, int(name[1:]))
