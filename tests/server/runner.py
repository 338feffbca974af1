"""What answers in an instance, for the platform in memory: sessions that begin, err and end as a test says."""

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

from sandbox_server.store.tables import Instance


class Runner:
    """Give it to `MemoryRuntime.run`. Its events happen at the platform's own time."""

    def __init__(self, platform: Any, row: Instance) -> None:
        self.platform = platform
        self.row = row
        self.events: list[dict[str, Any]] = []
        self.open: dict[str, bool] = {}
        """Session → is a visit."""
        self.said: dict[str, Any] = {}
        """Overrides of what the report says."""
        self.asked: list[str] = []
        self.notices: list[dict[str, Any]] = []
        self.silent = False
        self.busy = 0.0
        self._born = platform.clock().timestamp()
        platform.runtime.run(row.name, self)

    def __call__(self, method: str, path: str, secret: str, body: bytes) -> bytes | None:
        if self.silent or secret != self.platform.parts.sealer.derive(f"runner {self.row.name}"):
            return None
        self.asked.append(f"{method} {path}")
        address = urlsplit(path)
        if (method, address.path) == ("PUT", "/__sandbox__/notice"):
            self.notices.append(json.loads(body))
            return b"{}"
        assert (method, address.path) == ("GET", "/__sandbox__/report")
        return json.dumps(self._report(int(parse_qs(address.query)["after"][0]))).encode()

    def start(self, session: str = "s1", *, visit: bool = False, flush: float | None = 0.25) -> None:
        self.open[session] = visit
        self._event("start", session)
        if flush is not None:
            self._event("flush", session, seconds=flush)

    def error(self, session: str = "s1", place: str = "output plot", message: str = "") -> None:
        self._event("error", session, place=place, condition="simpleError", message=message)

    def end(self, session: str = "s1") -> None:
        self._event("end", session, seconds=1)
        del self.open[session]

    def _event(self, kind: str, session: str, **more: Any) -> None:
        self.events.append(
            {"number": len(self.events) + 1, "at": self.platform.clock().timestamp(), "kind": kind,
             "session": session, "visit": self.open[session], **more}
        )  # fmt: skip

    def _report(self, after: int) -> dict[str, Any]:
        visits = sum(self.open.values())
        return {
            "last": len(self.events), "sessions": len(self.open) - visits, "visits": visits,
            "uptime": max(0, self.platform.clock().timestamp() - self._born), "busy": self.busy, "memory": 10**8,
            "notice": self.notices[-1]["id"] if self.notices else "",
            "events": [event for event in self.events if event["number"] > after], **self.said,
        }  # fmt: skip
