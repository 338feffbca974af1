"""A bare Shiny session: what a browser does on the wire, without the browser. For apps of our own only."""

import json
import re
import socket
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from types import TracebackType
from typing import Any, Self

import httpx
from websockets import Origin
from websockets.sync.client import ClientConnection, connect

OUTPUTS = ("greeting", "count", "file")
"""Of tests/apps/hello."""
PATIENCE = 90.0


class ShinySession:
    """One open tab on `host`, through the edge on 127.0.0.1:`port`. Other threads may run other sessions.

    `page` is what the tab loaded, `worker` the instance that served it, `values` what the outputs show now.
    """

    def __init__(
        self,
        port: int,
        host: str,
        outputs: tuple[str, ...] = OUTPUTS,
        headers: dict[str, str] | None = None,
        plots: tuple[str, ...] = (),
    ) -> None:
        self.port, self.host = port, host
        self.authority = f"{host}:{port}"
        self.values: dict[str, Any] = {}
        self.errors: dict[str, Any] = {}
        self.config: dict[str, Any] = {}
        self.clicks = 0
        self._headers = headers or {}
        self._open = ExitStack()
        self.http = httpx.Client(
            base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=PATIENCE,
            headers={"Host": self.authority, **self._headers},
        )  # fmt: skip
        self._open.callback(self.http.close)
        try:
            self._load(_client_data(host, port, outputs, plots))
        except BaseException:
            self.close()
            raise

    def wait_for(self, output: str, patience: float = PATIENCE) -> Any:
        """The output's value, once it has one."""
        self._until(lambda: output in self.values, patience)
        return self.values[output]

    def click(self) -> int:
        """Press the button of tests/apps/hello; the counter as the session shows it afterwards."""
        self.press()
        self.counted()
        return int(self._text("count"))

    def press(self) -> None:
        """Only press it."""
        self.clicks += 1
        self._send("update", {"more:shiny.action": self.clicks})

    def counted(self) -> None:
        """Wait until the counter shows all that was pressed."""
        self._until(lambda: self._text("count") == str(self.clicks))

    def download(self, output: str = "file") -> httpx.Response:
        """Follow the link of a download button, as a click in this tab does."""
        link = self.wait_for(output)
        return self.http.get(f"/{link}", headers={"Sec-Fetch-Dest": "document", "Sec-Fetch-Mode": "navigate"})

    def is_open(self) -> bool:
        """Whether the WebSocket is alive, asked by a ping that must come back."""
        try:
            return self._socket.ping().wait(PATIENCE)
        except Exception:
            return False

    def close(self) -> None:
        self._open.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _load(self, data: dict[str, Any]) -> None:
        """The page, then its session."""
        self.page = self.http.get("/", headers={"Accept": "text/html", "Sec-Fetch-Dest": "document"})
        self.page.raise_for_status()
        found = re.search(r'worker = "([0-9a-f]+)"', self.page.text)
        self.worker = found[1] if found else ""
        self.deployment = self.page.headers.get("X-Sandbox-Deployment", "")
        self._socket = self._connect()
        self._send("init", data)
        self._until(lambda: bool(self.config))

    def _connect(self) -> ClientConnection:
        given = [f"{name}={value}" for name, value in self.http.cookies.items()]
        cookies = "; ".join([*given, *filter(None, [self._headers.get("Cookie")])])
        query = f"?w={self.worker}" if self.worker else ""
        dialled: AbstractContextManager[ClientConnection] = connect(
            f"ws://{self.authority}/websocket/{query}",
            sock=socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE),
            origin=Origin(f"http://{self.authority}"),
            additional_headers={**self._headers, **({"Cookie": cookies} if cookies else {})},
            open_timeout=PATIENCE,
            ping_interval=None,
            max_size=None,
            proxy=None,
        )
        return self._open.enter_context(dialled)

    def _send(self, method: str, data: dict[str, Any]) -> None:
        self._socket.send(json.dumps({"method": method, "data": data}))

    def _text(self, output: str) -> str:
        return str(self.values.get(output, ""))

    def _until(self, condition: Callable[[], bool], patience: float = PATIENCE) -> None:
        deadline = time.monotonic() + patience
        while not condition():
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError(f"not seen in {patience} s; values {self.values}, errors {self.errors}")
            self._hear(json.loads(self._socket.recv(timeout=left)))

    def _hear(self, message: dict[str, Any]) -> None:
        self.config |= message.get("config") or {}
        self.values |= message.get("values") or {}
        self.errors |= message.get("errors") or {}


def _client_data(host: str, port: int, outputs: tuple[str, ...], plots: tuple[str, ...]) -> dict[str, Any]:
    data: dict[str, Any] = {
        ".clientdata_pixelratio": 1, ".clientdata_url_protocol": "http:", ".clientdata_url_hostname": host,
        ".clientdata_url_port": str(port), ".clientdata_url_pathname": "/", ".clientdata_url_search": "",
        ".clientdata_url_hash": "", ".clientdata_url_hash_initial": "", ".clientdata_singletons": "",
        "more:shiny.action": 0,
    }  # fmt: skip
    for output in (*outputs, *plots):
        data[f".clientdata_output_{output}_hidden"] = False
    for plot in plots:
        data |= {f".clientdata_output_{plot}_width": 400, f".clientdata_output_{plot}_height": 200}
    return data
