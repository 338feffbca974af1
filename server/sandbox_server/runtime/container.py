"""The engine's answers about a container, read."""

from dataclasses import replace
from ipaddress import IPv4Address
from typing import Any

from sandbox_server.runtime.base import Container, ContainerState
from sandbox_server.runtime.request import ADDRESS_LABEL, SPEC_LABEL

_STATES = {
    "created": ContainerState.created,
    "exited": ContainerState.exited,
    "dead": ContainerState.exited,
    "removing": ContainerState.exited,
}
"""Paused and restarting ones count as running: their process may go on at any moment."""


def read_running(row: dict[str, Any]) -> Container | None:
    """From a row of the engine's list; None if the container does not run."""
    if row["State"] != "running":
        return None
    return _container(row["Names"][0], row["ImageID"], row["Labels"] or {}, ContainerState.running)


def read_container(found: dict[str, Any]) -> Container:
    """From what the engine says of one container."""
    state, labels = found["State"], found["Config"]["Labels"] or {}
    now = _STATES.get(state["Status"], ContainerState.running)
    ended = now is ContainerState.exited
    return replace(
        _container(found["Name"], found["Image"], labels, now),
        exit_code=state["ExitCode"] if ended else None,
        # The engine also sets the flag when only a child was killed and the app went on.
        out_of_memory=ended and bool(state["OOMKilled"]) and state["ExitCode"] != 0,
    )


def _container(name: str, image: str, labels: dict[str, str], state: ContainerState) -> Container:
    address = labels.get(ADDRESS_LABEL)
    return Container(
        name=name.removeprefix("/"),
        state=state,
        spec_hash=labels.get(SPEC_LABEL, ""),
        image=image,
        address=IPv4Address(address) if address else None,
    )
