"""Start a command that goes on when we are gone: `python -m deploy.local.detach PIDFILE LOG COMMAND…`.

A module of its own because sudo must be in the foreground of the terminal, and the command must not.
"""

import subprocess
import sys
from pathlib import Path


def main() -> None:
    pid_file, log, *command = sys.argv[1:]
    with Path(log).open("ab") as output:
        process = subprocess.Popen(  # noqa: S603
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        )
    Path(pid_file).write_text(f"{process.pid}\n")


if __name__ == "__main__":
    main()
