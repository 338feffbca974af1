"""A server with a company's own certificate, directly and through a proxy."""

import http.server
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from tests.cli.server import TOKEN, Handler, Platform

from sandbox_cli.client import Client
from sandbox_cli.errors import Unreachable

HOST = "sandbox.example.org"


class Proxy(http.server.BaseHTTPRequestHandler):
    """Tunnels every host to one port of this machine, for those who give the password."""

    port: int
    asked: list[tuple[str, str]]

    def do_CONNECT(self) -> None:
        self.asked.append((self.path, self.headers.get("Proxy-Authorization", "")))
        self.send_response(200)
        self.end_headers()
        with closing(socket.create_connection(("127.0.0.1", self.port))) as there:
            back = threading.Thread(target=_copy, args=(there, self.connection))
            back.start()
            _copy(self.connection, there)
            back.join()
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """Self-signed, with its key beside it."""
    place = tmp_path / "cert.pem"
    names = f"subjectAltName=DNS:{HOST},DNS:sandbox.localhost"
    openssl = shutil.which("openssl")
    assert openssl
    subprocess.run(
        [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={HOST}",
         "-addext", names, "-out", str(place), "-keyout", str(tmp_path / "key.pem")],
        check=True, capture_output=True,
    )  # fmt: skip
    return place


@pytest.fixture
def port(certificate: Path) -> Iterator[int]:
    """Of a Sandbox server with that certificate."""
    handler = type("Bound", (Handler,), {"platform": Platform()})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, certificate.with_name("key.pem"))
    server.socket = context.wrap_socket(server.socket, server_side=True)
    yield from _running(server)


@pytest.fixture
def proxy(port: int) -> Iterator[tuple[int, list[tuple[str, str]]]]:
    asked: list[tuple[str, str]] = []
    handler = type("Bound", (Proxy,), {"port": port, "asked": asked})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    for running in _running(server):
        yield running, asked


def test_a_certificate_that_nobody_knows_is_refused_with_the_way_out(port: int) -> None:
    with pytest.raises(Unreachable, match="is not trusted") as refused:
        Client(f"https://sandbox.localhost:{port}", TOKEN).me()
    assert "SANDBOX_CA_BUNDLE" in refused.value.hint


def test_the_named_bundle_is_trusted_beside_the_systems(
    port: int, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SANDBOX_CA_BUNDLE", str(certificate))
    assert Client(f"https://sandbox.localhost:{port}", TOKEN).me()["user"] == "ada"


def test_the_systems_own_store_is_trusted(
    port: int, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    assert Client(f"https://sandbox.localhost:{port}", TOKEN).me()["user"] == "ada"


def test_https_goes_through_the_proxy_that_is_named(
    proxy: tuple[int, list[tuple[str, str]]], certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    via, asked = proxy
    monkeypatch.setenv("SANDBOX_CA_BUNDLE", str(certificate))
    monkeypatch.setenv("HTTPS_PROXY", f"http://ada:s%20cret@127.0.0.1:{via}")
    client = Client(f"https://{HOST}", TOKEN)
    assert client.me()["user"] == "ada"
    client._http.close()
    assert asked == [(f"{HOST}:443", "Basic YWRhOnMgY3JldA==")]


def _running(server: http.server.HTTPServer) -> Iterator[int]:
    server.daemon_threads = True  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()
    thread.join()


def _copy(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass  # the other end has left
