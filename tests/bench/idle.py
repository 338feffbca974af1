"""What the platform costs while nobody uses it."""

import os
import re
import time
from pathlib import Path

from tests.bench.table import USUAL, Row
from tests.integration.platform import NO_BROWSER, Platform, app_folder

SPAN = 30.0
SERVER = 150
EDGE = 64
"""MB."""
MB = 1024 * 1024


def measure() -> list[Row]:
    """With the usual number of slots and the usual rhythm, and one app that was promoted and runs."""
    platform = Platform(chromium=NO_BROWSER, **USUAL)
    try:
        platform.start()
        platform.deploy(app_folder(platform.folder, "hello"), "bench")
        platform.promote("bench", 1)
        time.sleep(5)
        return _rows(platform)
    finally:
        platform.destroy()


def resident(pids: list[int]) -> int:
    """Bytes. What processes share is divided between them."""
    texts = (Path(f"/proc/{pid}/smaps_rollup").read_text() for pid in pids)
    return sum(int(size) for text in texts for size in re.findall(r"^Pss:\s+(\d+) kB", text, re.M)) * 1024


def busy(pids: list[int]) -> float:
    """Seconds of processor time so far."""
    fields = (Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in pids)
    return sum(int(field[11]) + int(field[12]) for field in fields) / os.sysconf("SC_CLK_TCK")


def _rows(platform: Platform) -> list[Row]:
    server, edge = [platform.pid], platform.haproxy()
    before = busy(server), busy(edge)
    time.sleep(SPAN)
    used = [100 * (busy(pids) - was) / SPAN for pids, was in zip((server, edge), before, strict=True)]
    sizes = [resident(pids) / MB for pids in (server, edge)]
    return [
        Row(
            "idle memory of the server", f"{sizes[0]:.0f} MB", target=f"≤ {SERVER} MB", met=sizes[0] <= SERVER
        ),
        Row(
            "idle memory of HAProxy, all processes",
            f"{sizes[1]:.0f} MB",
            target=f"≤ {EDGE} MB",
            met=sizes[1] <= EDGE,
        ),
        Row(
            f"idle processor time over {SPAN:.0f} s, of one processor",
            f"server {used[0]:.1f} %, HAProxy {used[1]:.1f} %",
        ),
    ]
