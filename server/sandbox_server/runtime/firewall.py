"""The rules that keep containers away from the host's own ports, and from a cloud's metadata service.

Without the first every port that the host has on 0.0.0.0 is open to every app and every build. Answers to connections
that the host opened are let through, and so is what only passes through the host; but not to link-local addresses,
where clouds hand out the machine's own credentials to whoever asks.
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
    for program, rule in _rules(bridge):
        if not await _has(program, rule, bridge):
            await _change(program, "-I", rule, bridge)


async def host_is_closed(bridge: str) -> bool:
    """Are the rules there? Raises `RuntimeUnavailable` if that cannot be known."""
    return all([await _has(program, rule, bridge) for program, rule in _rules(bridge)])


async def forget(bridge: str) -> None:
    """Take the rules for `bridge` away, however often they are there."""
    for program, rule in [*_rules(bridge), (_programs(bridge)[0], _former_rule(bridge))]:
        while await _has(program, rule, bridge):
            await _change(program, "-D", rule, bridge)


def host_rule(bridge: str) -> list[str]:
    """The chain, and the rule in it."""
    return ["INPUT", "-i", bridge, "-m", "conntrack", "--ctstate", "NEW", "-j", "DROP"]


def link_local_rule(bridge: str) -> list[str]:
    """For IPv4, where clouds have that service; some have their DNS there too.

    Not in FORWARD: the engine puts what lets its networks out before all that is there already.
    """
    to = ["-d", "169.254.0.0/16", "-p", "tcp", "!", "--dport", "53"]
    return ["PREROUTING", "-t", "raw", "-i", bridge, *to, "-j", "DROP"]


def _former_rule(bridge: str) -> list[str]:
    """Where the one for link-local addresses was before."""
    return ["FORWARD", "-i", bridge, "-d", "169.254.0.0/16", "-j", "DROP"]


def _rules(bridge: str) -> list[tuple[str, list[str]]]:
    """Each with the program that keeps it."""
    programs = _programs(bridge)
    return [*((program, host_rule(bridge)) for program in programs), (programs[0], link_local_rule(bridge))]


def _programs(bridge: str) -> list[str]:
    found = [shutil.which(program, path=_PATH) for program in _PROGRAMS]
    if found[0] is None:
        raise _unavailable("iptables is not installed", bridge)
    # A kernel without IPv6 has nothing to close there.
    return [program for program in found if program and (program == found[0] or _IPV6.exists())]


async def _has(program: str, rule: Sequence[str], bridge: str) -> bool:
    status, words = await _run([program, "-w", _WAIT, "-C", *rule])
    if status not in (0, 1):
        raise _unavailable(words, bridge)
    return status == 0


async def _change(program: str, action: str, rule: Sequence[str], bridge: str) -> None:
    status, words = await _run([program, "-w", _WAIT, action, *rule])
    if status != 0:
        raise _unavailable(words, bridge)


async def _run(command: Sequence[str]) -> tuple[int, str]:
    done = await anyio.run_process(command, check=False)
    return done.returncode, (done.stderr or done.stdout).decode(errors="replace").strip()


def _unavailable(words: str, bridge: str) -> RuntimeUnavailable:
    return RuntimeUnavailable(
        "Instances cannot be kept away from the host's ports: "
        + (words.splitlines() or ["iptables failed"])[0],
        hint="Run the platform as root, or keep the rules yourself (`iptables -I "
        + "`, `iptables -I ".join(" ".join(rule) for rule in (host_rule(bridge), link_local_rule(bridge)))
        + "`) and set SANDBOX_FIREWALL=external.",
        detail=words,
    )
