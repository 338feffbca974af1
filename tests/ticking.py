"""Open tabs of tests/apps/ticking: each hears a tick every second, and knows when it was cut or led astray."""

import json
import threading
import time
from collections.abc import Callable
from typing import Any

import httpx
from tests.shiny_client import PATIENCE, ShinySession
from websockets.exceptions import ConnectionClosed

OUTPUTS = ("tick", "version", "received", "mine")


class TickingSession(ShinySession):
    """A tab whose messages are heard in a thread of its own. `ended` says why, if it was cut."""

    def __init__(self, port: int, host: str) -> None:
        self._heard = threading.Condition()
        self._listener: threading.Thread | None = None
        self._tags = 0
        self._answers: dict[int, Any] = {}
        self._leaving = False
        self.ended = ""
        self.longest_pause = 0.0
        """Seconds between two ticks."""
        self.versions: set[str] = set()
        self._last_tick = time.monotonic()
        super().__init__(port, host, OUTPUTS)
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    @property
    def ticks(self) -> int:
        return int(self._text("tick") or 0)

    @property
    def token(self) -> str:
        return str(self.config["sessionId"])

    def downloads_its_own(self) -> bool:
        """The file that comes was written by this very session."""
        answer = self.download("mine")
        return answer.status_code == 200 and answer.text.split() == [self.token, self.deployment]

    def uploads(self, words: str) -> bool:
        """A file goes to this very session, which shows what stands in it."""
        content = f"{words}\n".encode()
        described = [{"name": "words.txt", "size": len(content), "type": "text/plain"}]
        job = self._call("uploadInit", [described])
        answer = self.http.post(f"/{job['uploadUrl']}", content=content)
        self._call("uploadEnd", [job["jobId"], "file"])
        self._until(lambda: self._text("received") == words)
        return answer.status_code == 200

    def close(self) -> None:
        self._leaving = True
        super().close()
        if self._listener is not None:
            self._listener.join(PATIENCE)

    def _call(self, method: str, arguments: list[Any]) -> Any:
        self._tags += 1
        tag = self._tags
        self._socket.send(json.dumps({"method": method, "args": arguments, "tag": tag}))
        self._until(lambda: tag in self._answers)
        return self._answers.pop(tag)

    def _until(self, condition: Callable[[], bool], patience: float = PATIENCE) -> None:
        if self._listener is None:
            super()._until(condition, patience)
            return
        with self._heard:
            if not self._heard.wait_for(lambda: condition() or bool(self.ended), patience) or self.ended:
                raise TimeoutError(f"not seen in {patience} s; {self.ended or 'still open'}; {self.values}")

    def _listen(self) -> None:
        while True:
            try:
                message = json.loads(self._socket.recv())
            except (ConnectionClosed, OSError) as error:
                with self._heard:
                    self.ended = "" if self._leaving else f"cut off: {error}"
                    self._heard.notify_all()
                return
            with self._heard:
                self._hear(message)
                self._heard.notify_all()

    def _hear(self, message: dict[str, Any]) -> None:
        super()._hear(message)
        if response := message.get("response"):
            self._answers[response["tag"]] = response.get("value")
        if "tick" in (message.get("values") or {}):
            now = time.monotonic()
            self.longest_pause = max(self.longest_pause, now - self._last_tick)
            self._last_tick = now
        if version := (message.get("values") or {}).get("version"):
            self.versions.add(version)


def new_visitor(port: int, host: str) -> str:
    """Which deployment somebody gets who comes now; the status if it is no page."""
    with httpx.Client(trust_env=False, timeout=PATIENCE) as client:
        headers = {"Host": f"{host}:{port}", "Accept": "text/html", "Sec-Fetch-Dest": "document"}
        answer = client.get(f"http://127.0.0.1:{port}/", headers=headers)
    return (
        answer.headers.get("X-Sandbox-Deployment", "")
        if answer.status_code == 200
        else str(answer.status_code)
    )
