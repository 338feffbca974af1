"""The engine's answers about a container, read."""

from datetime import UTC, datetime
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


def read_container(found: dict[str, Any]) -> Container:
    state, labels = found["State"], found["Config"]["Labels"] or {}
    now = _STATES.get(state["Status"], ContainerState.running)
    ended = now is ContainerState.exited
    address = labels.get(ADDRESS_LABEL)
    return Container(
        name=found["Name"].removeprefix("/"),
        state=now,
        spec_hash=labels.get(SPEC_LABEL, ""),
        image=found["Image"],
        address=IPv4Address(address) if address else None,
        exit_code=state["ExitCode"] if ended else None,
        # The engine also sets the flag when only a child was killed and the app went on.
        out_of_memory=ended and bool(state["OOMKilled"]) and state["ExitCode"] != 0,
        started_at=_time(state["StartedAt"]),
    )


def _time(text: str) -> datetime | None:
    """The engine's time: nanoseconds, and the year 1 for never."""
    if text.startswith("0001-"):
        return None
    return datetime.fromisoformat(text[:19]).replace(tzinfo=UTC)
