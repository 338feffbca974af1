"""What is measured from outside of the apps: requests at the edge, open sessions, memory."""

from collections.abc import Collection, Iterable, Mapping, Sequence

from sandbox_server.domain.figures import Counts
from sandbox_server.errors import RouterUnavailable
from sandbox_server.operations.observe import memory_of
from sandbox_server.operations.parts import Parts
from sandbox_server.store import figures
from sandbox_server.store.tables import Instance

ByDeployment = Mapping[tuple[int, str], Counts]
"""By deployment and scope."""


async def requests(parts: Parts, live: Sequence[Instance]) -> ByDeployment:
    """Requests since the last time, for those who have the slots; empty while the edge cannot be asked."""
    try:
        now = await parts.router.requests()
    except RouterUnavailable:
        return {}
    before, leased = parts.measured.requests, {**parts.measured.leased, **_leases(live)}
    first = not before and not parts.measured.leased
    found: dict[tuple[int, str], Counts] = {}
    for slot, (count, refused) in now.items():
        old = before.get(slot, (0, 0))
        # The counts fall when a process of the proxy ends.
        more, failed = max(count - old[0], 0), max(refused - old[1], 0)
        if more and slot in leased and not first:
            found.setdefault(leased[slot], Counts()).add(Counts(requests=more, refused=min(failed, more)))
    parts.measured.requests, parts.measured.leased = now, _leases(live)
    return found


def gauges(parts: Parts, live: Sequence[Instance], eventful: Collection[tuple[int, str]]) -> ByDeployment:
    """Open sessions and memory, where something just happened, and once a minute where there are sessions."""
    minute = figures.floor(parts.clock(), "minute")
    found: dict[tuple[int, str], Counts] = {}
    for key, rows in _grouped(live).items():
        sessions = sum(_sessions(parts, row) for row in rows)
        if key in eventful or (sessions and parts.measured.written.get(key) != minute):
            found[key] = Counts(sessions=sessions, memory=memory(parts, rows))
    return found


def memory(parts: Parts, rows: Sequence[Instance]) -> int:
    """Bytes; what the engine says counts, for an app could say anything."""
    known = memory_of(parts.observed, rows)
    if known is not None:
        return known
    heard = (parts.heard.get(row.name) for row in rows)
    return sum(one.report.memory for one in heard if one and one.report)


def _sessions(parts: Parts, row: Instance) -> int:
    heard = parts.heard.get(row.name)
    return heard.report.sessions if heard and heard.report else 0


def _leases(live: Iterable[Instance]) -> dict[str, tuple[int, str]]:
    return {f"slot{row.slot}": (row.deployment_id, row.scope) for row in live if row.slot is not None}


def _grouped(live: Iterable[Instance]) -> dict[tuple[int, str], list[Instance]]:
    found: dict[tuple[int, str], list[Instance]] = {}
    for row in live:
        found.setdefault((row.deployment_id, row.scope), []).append(row)
    return found
