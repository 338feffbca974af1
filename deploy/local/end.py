"""End one process: `python -m deploy.local.end PID SECONDS`, politely, then for good."""

import os
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path


def main() -> None:
    pid, patience = int(sys.argv[1]), float(sys.argv[2])
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + patience
        while _lives(pid) and time.monotonic() < deadline:
            time.sleep(0.05)
        if _lives(pid):
            os.kill(pid, signal.SIGKILL)


def _lives(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


if __name__ == "__main__":
    main()
