"""Files that are made once, whatever happens at that moment."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sandbox_server.store.once import read_or_make

KILLED = """
import os, signal, sys
from pathlib import Path
from sandbox_server.store.once import read_or_make

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

setattr(os, sys.argv[2], die)
read_or_make(Path(sys.argv[1]), lambda: b"first")
"""


def test_it_works(tmp_path: Path) -> None:
    path = tmp_path / "key"
    assert [read_or_make(path, lambda: b"first"), read_or_make(path, lambda: b"second")] == [b"first"] * 2
    assert path.stat().st_mode & 0o777 == 0o400
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("step", ["fchmod", "fsync", "link"])
def test_a_kill_in_the_middle_leaves_no_file_of_that_name(tmp_path: Path, step: str) -> None:
    path = tmp_path / "key"
    done = subprocess.run([sys.executable, "-c", KILLED, str(path), step], check=False)
    assert (done.returncode, path.exists()) == (-9, False)
    assert read_or_make(path, lambda: b"second") == b"second"


def test_all_who_come_at_once_get_the_same(tmp_path: Path) -> None:
    numbers = iter(range(1000))
    with ThreadPoolExecutor(8) as threads:
        read = threads.map(
            lambda _: read_or_make(tmp_path / "id", lambda: str(next(numbers)).encode()), range(40)
        )
        assert len(set(read)) == 1
