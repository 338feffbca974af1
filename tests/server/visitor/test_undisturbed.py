"""A browser must not hear of networks that come and go."""

import subprocess
import sys

import pytest

from sandbox_server.visitor.launch import UNDISTURBED


@pytest.mark.parametrize(
    ("family", "said"),
    [("AF_NETLINK", "refused"), ("AF_INET", "open"), ("AF_INET6", "open"), ("AF_UNIX", "open")],
)
def test_only_news_of_networks_are_refused(family: str, said: str) -> None:
    look = f"""
import socket
try:
    kind = socket.SOCK_RAW if "{family}" == "AF_NETLINK" else socket.SOCK_STREAM
    socket.socket(socket.{family}, kind).close()
    print("open")
except OSError as error:
    print("refused")
"""
    done = subprocess.run(
        [*UNDISTURBED, sys.executable, "-c", look], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == said


def test_what_is_run_ends_as_it_would_by_itself() -> None:
    assert subprocess.run([*UNDISTURBED, "sh", "-c", "exit 7"], check=False).returncode == 7
