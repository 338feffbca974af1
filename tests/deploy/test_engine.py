"""The container engine that `make run` starts."""

import os
from pathlib import Path

from deploy.local.engine import forget_dead


def test_a_dead_engines_pid_files_go_though_another_process_has_their_number(tmp_path: Path) -> None:
    containerd = tmp_path / "docker" / "containerd" / "containerd.pid"
    containerd.parent.mkdir(parents=True)
    for file in (tmp_path / "docker.pid", containerd):
        file.write_text(f"{os.getpid()}\n")
    forget_dead(tmp_path)
    assert not (tmp_path / "docker.pid").exists()
    assert not containerd.exists()


def test_no_pid_file_is_fine(tmp_path: Path) -> None:
    forget_dead(tmp_path)
