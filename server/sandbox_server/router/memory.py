"""A router without traffic: files and a running proxy as two values."""

from collections.abc import Iterable

from sandbox_server.domain.edge import Change, Edge, Server, applied
from sandbox_server.errors import RouterUnavailable
from sandbox_server.router.base import RouterFacts
from sandbox_server.router.commands import check_changes, check_edge


class MemoryRouter:
    """Behaves as the contract says; what traffic would do is set by hand."""

    def __init__(self, slots: int = 512, servers_per_slot: int = 8) -> None:
        self.files = Edge()
        """What a start from files would serve."""
        self.running: Edge | None = None
        """What the proxy does now; None while it does not run."""
        self.executed: list[Change] = []
        """Every change ever applied, oldest first."""
        self.readable = True
        """False: the proxy serves, but cannot be asked."""
        self._size = (slots, servers_per_slot)
        self._sessions: dict[Server, int] = {}
        self._left_over: dict[Server, int] = {}
        self._visits: dict[str, int] = {}
        self._requests: dict[str, tuple[int, int]] = {}

    async def prepare(self, wanted: Edge) -> None:
        await self.write(wanted)
        if self.running is None:
            self.running = self.files

    async def write(self, wanted: Edge) -> None:
        check_edge(wanted, *self._size)
        self.files = _copy(wanted)

    async def read(self) -> Edge:
        return _copy(self._asked())

    async def execute(self, changes: Iterable[Change]) -> None:
        steps = list(changes)
        check_changes(steps, *self._size)
        for step in steps:
            self.running = applied(self._asked(), [step])
            self.executed.append(step)

    async def sessions(self) -> dict[Server, int]:
        self._asked()
        return {server: count for server, count in self._sessions.items() if count}

    async def left_over(self) -> dict[Server, int]:
        self._asked()
        return {server: count for server, count in self._left_over.items() if count}

    async def visits(self) -> dict[str, int]:
        self._asked()
        return {slot: count for slot, count in self._visits.items() if count}

    async def requests(self) -> dict[str, tuple[int, int]]:
        self._asked()
        return {slot: counts for slot, counts in self._requests.items() if counts[0]}

    async def facts(self) -> RouterFacts:
        if self.running is None or not self.readable:
            return RouterFacts("memory", "1", healthy=False, notes=("The proxy does not answer.",))
        return RouterFacts("memory", "1", healthy=True)

    async def shutdown(self) -> None:
        self.kill()

    def set_sessions(self, server: Server, count: int) -> None:
        self._sessions[server] = count

    def set_left_over(self, server: Server, count: int) -> None:
        self._left_over[server] = count

    def set_visits(self, slot: str, count: int) -> None:
        self._visits[slot] = count

    def set_requests(self, slot: str, count: int, failed: int = 0) -> None:
        self._requests[slot] = (count, failed)

    def kill(self) -> None:
        """The proxy is gone, with its connections; the files stay."""
        self.running = None
        self._sessions.clear()
        self._left_over.clear()
        self._visits.clear()
        self._requests.clear()

    def _asked(self) -> Edge:
        if self.running is None or not self.readable:
            raise RouterUnavailable("The proxy does not answer.")
        return self.running


def _copy(edge: Edge) -> Edge:
    return applied(edge, [])
