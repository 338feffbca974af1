"""The rule that keeps instances away from the host's own ports.

Without it every port that the host has on 0.0.0.0 is open to every app. Answers to connections that the host
opened are let through, and so is what only passes through the host.
"""

import shutil
from collections.abc import Sequence
from pathlib import Path

import anyio

from sandbox_server.errors import RuntimeUnavailable

_PROGRAMS = ("iptables", "ip6tables")
_PATH = "/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin"
_IPV6 = Path("/proc/net/if_inet6")
_WAIT = "5"
"""Seconds to wait for whoever else is changing the rules."""


async def close_host(bridge: str) -> None:
    """Drop new connections from `bridge` to the host; may be called twice. Raises `RuntimeUnavailable`."""
    for program in _programs(bridge):
        if not await _has(program, bridge):
            await _change(program, "-I", bridge)


async def host_is_closed(bridge: str) -> bool:
    """Is the rule there? Raises `RuntimeUnavailable` if that cannot be known."""
    return all([await _has(program, bridge) for program in _programs(bridge)])


async def forget(bridge: str) -> None:
    """Take the rules for `bridge` away, however often they are there."""
    for program in _programs(bridge):
        while await _has(program, bridge):
            await _change(program, "-D", bridge)


def rule(bridge: str) -> list[str]:
    """The rule's arguments, after the chain."""
    return ["-i", bridge, "-m", "conntrack", "--ctstate", "NEW", "-j", "DROP"]


def _programs(bridge: str) -> list[str]:
    found = [shutil.which(program, path=_PATH) for program in _PROGRAMS]
    if found[0] is None:
        raise _unavailable("iptables is not installed", bridge)
    # A kernel without IPv6 has nothing to close there.
    return [program for program in found if program and (program == found[0] or _IPV6.exists())]


async def _has(program: str, bridge: str) -> bool:
    status, words = await _run([program, "-w", _WAIT, "-C", "INPUT", *rule(bridge)])
    if status not in (0, 1):
        raise _unavailable(words, bridge)
    return status == 0


async def _change(program: str, action: str, bridge: str) -> None:
    status, words = await _run([program, "-w", _WAIT, action, "INPUT", *rule(bridge)])
    if status != 0:
        raise _unavailable(words, bridge)


async def _run(command: Sequence[str]) -> tuple[int, str]:
    done = await anyio.run_process(command, check=False)
    return done.returncode, (done.stderr or done.stdout).decode(errors="replace").strip()


def _unavailable(words: str, bridge: str) -> RuntimeUnavailable:
    return RuntimeUnavailable(
        "Instances cannot be kept away from the host's ports: "
        + (words.splitlines() or ["iptables failed"])[0],
        hint="Run the platform as root, or keep the rule yourself (`iptables -I INPUT "
        + " ".join(rule(bridge))
        + "`) and set SANDBOX_FIREWALL=external.",
        detail=words,
    )
