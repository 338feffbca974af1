"""Running containers: the seam, its Docker implementation and its in-memory twin."""

from sandbox_server.runtime.base import (
    Container,
    ContainerSpec,
    ContainerState,
    LogLine,
    Room,
    Runtime,
    RuntimeFacts,
)
from sandbox_server.runtime.docker import DockerRuntime
from sandbox_server.runtime.memory import MemoryRuntime
from sandbox_server.runtime.request import builders_network

__all__ = [
    "Container",
    "ContainerSpec",
    "ContainerState",
    "DockerRuntime",
    "LogLine",
    "MemoryRuntime",
    "Room",
    "Runtime",
    "RuntimeFacts",
    "builders_network",
]
