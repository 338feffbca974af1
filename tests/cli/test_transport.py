"""Servers that are away, are no servers, or cannot be trusted."""

import http.server
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from tests.cli.conftest import Sandbox
from tests.cli.server import TOKEN, Platform, Server

from sandbox_cli import transport
from sandbox_cli.client import Client, patiently
from sandbox_cli.errors import Refused, Unreachable


class Stranger(http.server.BaseHTTPRequestHandler):
    """Answers as some other program would, or as a proxy that passes nothing on."""

    status = 200
    body = b"<html>hello</html>"
    asked: list[str]

    def do_GET(self) -> None:
        self.asked.append(self.path)
        self.send_response(self.status)
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def stranger(status: int = 200) -> Iterator[tuple[str, list[str]]]:
    asked: list[str] = []
    handler = type("Bound", (Stranger,), {"status": status, "asked": asked})
    with http.server.HTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}", asked
        server.shutdown()
        thread.join()


def test_names_under_localhost_need_no_resolver() -> None:
    assert transport.address("sandbox.localhost") == "127.0.0.1"
    assert transport.address("localhost") == "127.0.0.1"
    assert transport.address("localhost.example.org") == "localhost.example.org"


def test_nobody_there_is_one_sentence(sandbox: Sandbox) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    done = sandbox("login", f"http://sandbox.localhost:{port}", "--token", "t")
    assert done.code == 1
    assert "does not answer" in done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize(
    ("status", "said"), [(200, "is not a Sandbox server"), (404, "answered 404"), (502, "just now")]
)
def test_another_server_is_named_as_such(sandbox: Sandbox, status: int, said: str) -> None:
    with stranger(status) as (url, _):
        done = sandbox("login", url, "--token", "t", "--json")
    assert done.code == 1
    assert done.document["error"]["code"] == "unreachable"
    assert said in done.document["error"]["message"]


@pytest.mark.parametrize("url", ["ftp://x", "http://", "http://user:password@host", "http://h:x"])
def test_an_address_that_is_none_is_wrong_use(sandbox: Sandbox, url: str) -> None:
    assert sandbox("login", url, "--token", "t").code == 2


def test_a_proxy_is_used_for_other_hosts_only(monkeypatch: pytest.MonkeyPatch, logged_in: Platform) -> None:
    with stranger() as (proxy, asked):
        monkeypatch.setenv("http_proxy", proxy)
        with pytest.raises(Unreachable):
            Client("http://sandbox.example.org", TOKEN).me()
        assert asked == ["http://sandbox.example.org/api/v1/me"]
        assert Client(logged_in.url, TOKEN).me()["user"] == "ada"
        assert len(asked) == 1


def test_certificates_that_cannot_be_read_are_named(
    monkeypatch: pytest.MonkeyPatch, sandbox: Sandbox
) -> None:
    monkeypatch.setenv("SANDBOX_CA_BUNDLE", "/nowhere.pem")
    done = sandbox("login", "https://sandbox.localhost:1", "--token", "t")
    assert "SANDBOX_CA_BUNDLE names /nowhere.pem" in done.err


def test_an_idle_connection_that_was_closed_is_opened_again(logged_in: Platform) -> None:
    client = Client(logged_in.url, TOKEN)
    client.me()
    connection = client._http._open
    assert connection is not None
    connection.sock.shutdown(socket.SHUT_RDWR)
    assert client.me()["user"] == "ada"


def test_a_server_that_comes_back_is_waited_for() -> None:
    server = Server()
    client = Client(server.platform.url, TOKEN)
    said: list[str] = []

    def start_then_listen(text: str) -> None:
        if not said:
            server.start()
        said.append(text)

    def ask() -> str:
        if not said:
            raise Unreachable("not yet")
        return client.me()["user"]

    assert patiently(ask, start_then_listen) == "ada"
    assert "does not answer just now" in said[0]
    server.stop()


def test_a_server_without_its_database_is_waited_for_and_other_refusals_are_not() -> None:
    refusals = [("store_unavailable", 503), ("not_found", 404)]
    waited: list[str] = []

    def ask() -> str:
        code, status = refusals[len(waited)]
        raise Refused(status, {"code": code, "message": code})

    with pytest.raises(Refused, match="not_found"):
        patiently(ask, waited.append)
    assert len(waited) == 1
