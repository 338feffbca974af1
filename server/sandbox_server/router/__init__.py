"""The edge: HAProxy, and a twin in memory for tests."""

from sandbox_server.router.base import Router, RouterFacts
from sandbox_server.router.config import EdgeSettings
from sandbox_server.router.haproxy import HAProxyRouter
from sandbox_server.router.memory import MemoryRouter

__all__ = ["EdgeSettings", "HAProxyRouter", "MemoryRouter", "Router", "RouterFacts"]
