"""Reading memory in use."""

from pathlib import Path

from sandbox_server.runtime.usage import cgroup_folder, without_cache

ROOT = Path("/sys/fs/cgroup")


def test_cgroups_of_version_one_have_a_folder_for_memory() -> None:
    table = "9:name=systemd:/docker/abc\n4:memory:/docker/abc\n0::/docker/abc\n"
    assert cgroup_folder("abc", table, ROOT) == ROOT / "memory/docker/abc"


def test_cgroups_of_version_two_have_one_tree() -> None:
    table = "0::/system.slice/docker-abc.scope\n"
    assert cgroup_folder("abc", table, ROOT) == ROOT / "system.slice/docker-abc.scope"


def test_a_process_of_something_else_is_not_measured() -> None:
    assert cgroup_folder("abc", "0::/user.slice/session-1.scope\n", ROOT) is None


def test_files_in_memory_count_and_the_page_cache_does_not() -> None:
    assert without_cache(100, {"total_cache": 60, "total_shmem": 10}) == 50
    assert without_cache(100, {"file": 60, "shmem": 10}) == 50
