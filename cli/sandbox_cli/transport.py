"""One HTTP connection to the server, on the standard library: imported in 20 ms, where httpx takes 130."""

import http.client
import json
import os
import socket
import sys
from collections.abc import Iterator, Mapping
from typing import IO, Any
from urllib.parse import urlencode, urlsplit

from sandbox_cli.errors import Failure, Refused, Unreachable

LOST = (http.client.HTTPException, ConnectionError, TimeoutError, socket.gaierror, OSError)


class Transport:
    """Sends requests with the token and gives back what the JSON says.

    A server that does not answer raises `Unreachable`, an error answer `Refused`.
    """

    def __init__(self, url: str, token: str, timeout: float = 30) -> None:
        self.url = url.rstrip("/")
        self._token = token
        self._timeout = timeout
        self._open: http.client.HTTPConnection | None = None

    def call(self, method: str, path: str, body: Any = None, *, patience: float = 0, **query: Any) -> Any:
        """`patience`: seconds that the server may take on purpose. Query values of None are left out."""
        target = self._target(path, query)
        data = None if body is None else json.dumps(body).encode()
        kind = {"Content-Type": "application/json"} if data else {}
        with self._send(method, target, data, kind, patience) as answer:
            return _parsed(answer, self.url)

    def upload(self, path: str, body: IO[bytes], size: int) -> None:
        headers = {"Content-Type": "application/gzip", "Content-Length": str(size)}
        with self._send("PUT", self._target(path, {}), body, headers, 600) as answer:
            _parsed(answer, self.url)

    def exists(self, path: str) -> bool:
        with self._send("HEAD", self._target(path, {}), None, {}, 0) as answer:
            answer.read()
            return answer.status == 200

    def lines(self, path: str, **query: Any) -> Iterator[Any]:
        """An endless answer, one JSON document a line; it ends when the server ends it."""
        self.close()
        with self._send("GET", self._target(path, query), None, {}, 600) as answer:
            if answer.status >= 400:
                _parsed(answer, self.url)
            yield from _documents(answer, self.url)
        self.close()

    def close(self) -> None:
        if self._open:
            self._open.close()
            self._open = None

    def __del__(self) -> None:
        self.close()

    def _target(self, path: str, query: Mapping[str, Any]) -> str:
        given = {name: value for name, value in query.items() if value is not None}
        return f"{self.url}/api/v1{path}" + (f"?{urlencode(given)}" if given else "")

    def _send(
        self, method: str, url: str, body: Any, headers: Mapping[str, str], patience: float
    ) -> http.client.HTTPResponse:
        # An idle connection may be closed just as it is used again. Only what may be sent twice is.
        used = self._open is not None and method == "GET"
        if not used:
            self.close()
        try:
            return self._once(method, url, body, headers, patience)
        except LOST as error:
            self.close()
            if used:
                return self._send(method, url, body, headers, patience)
            raise unreachable(self.url, error) from error

    def _once(
        self, method: str, url: str, body: Any, headers: Mapping[str, str], patience: float
    ) -> http.client.HTTPResponse:
        connection = self._open = self._open or connect(self.url)
        connection.timeout = self._timeout + patience
        if connection.sock:
            connection.sock.settimeout(connection.timeout)
        parts = urlsplit(url)
        target = (
            url if getattr(connection, "absolute", False) else url[len(f"{parts.scheme}://{parts.netloc}") :]
        )
        try:
            asked = {**self._headers(parts.netloc), **headers, **getattr(connection, "credentials", {})}
            connection.request(method, target, body, asked)
        except (BrokenPipeError, ConnectionResetError):
            # The server may have refused before it read everything: its answer says why.
            if connection.sock is None:
                raise
        return connection.getresponse()

    def _headers(self, host: str) -> dict[str, str]:
        from sandbox_cli import VERSION

        headers = {
            "Host": host.rpartition("@")[2],
            "Accept": "application/json",
            "User-Agent": f"sandbox/{VERSION}",
        }
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        return headers


def connect(url: str) -> http.client.HTTPConnection:
    """A connection, not open yet: directly, or through the proxy that the system names for this host."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    secure = parts.scheme == "https"
    port = parts.port or (443 if secure else 80)
    proxy = _proxy(parts.scheme, host)
    if proxy:
        return _through(proxy, host, port, secure)
    if secure:
        return _Secure(host, port, context=_trust())
    return http.client.HTTPConnection(address(host), port)


def address(host: str) -> str:
    """Every name under `localhost` is this machine, also where the system's resolver does not know that."""
    return "127.0.0.1" if host == "localhost" or host.endswith(".localhost") else host


def unreachable(url: str, error: BaseException) -> Unreachable:
    if type(error).__name__ == "SSLCertVerificationError":
        return Unreachable(
            f"The certificate of {url} is not trusted: {getattr(error, 'verify_message', error)}.",
            "Name your organisation's certificates: `export SANDBOX_CA_BUNDLE=/path/to/ca.pem`.",
        )
    if isinstance(error, socket.gaierror):
        return Unreachable(
            f"There is no host {urlsplit(url).hostname}.", "Check the address: `sandbox login URL`."
        )
    reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return Unreachable(
        f"{url} does not answer: {reason}.",
        "Check that the server runs and that the address is right: `sandbox doctor`.",
    )


class _Secure(http.client.HTTPSConnection):
    def connect(self) -> None:
        if address(self.host) == self.host:
            return super().connect()
        context: Any = getattr(self, "_context")  # noqa: B009 - the base class keeps it there
        plain = socket.create_connection((address(self.host), self.port), self.timeout)
        self.sock = context.wrap_socket(plain, server_hostname=self.host)
        return None


def _trust() -> Any:
    context = _system_trust()
    extra = os.environ.get("SANDBOX_CA_BUNDLE")
    if extra:
        try:
            context.load_verify_locations(cafile=extra)
        except OSError as error:
            raise Failure(
                f"SANDBOX_CA_BUNDLE names {extra}, which cannot be read as certificates.",
                "Give the path of a PEM file.",
            ) from error
    return context


def _system_trust() -> Any:
    import ssl

    if sys.platform == "darwin":
        # There Python's own default knows no keychain.
        import truststore

        return truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    return ssl.create_default_context()


def _proxy(scheme: str, host: str) -> str:
    if address(host) in ("127.0.0.1", "::1"):
        return ""
    import urllib.request

    return "" if urllib.request.proxy_bypass(host) else urllib.request.getproxies().get(scheme, "")


def _through(proxy: str, host: str, port: int, secure: bool) -> http.client.HTTPConnection:
    parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
    via, via_port = parts.hostname or "", parts.port or 8080
    if not secure:
        plain = http.client.HTTPConnection(via, via_port)
        plain.absolute = True  # type: ignore[attr-defined]
        plain.credentials = _credentials(parts.username, parts.password)  # type: ignore[attr-defined]
        return plain
    tunnel = http.client.HTTPSConnection(via, via_port, context=_trust())
    tunnel.set_tunnel(host, port, _credentials(parts.username, parts.password))
    return tunnel


def _credentials(user: str | None, password: str | None) -> dict[str, str]:
    if not user:
        return {}
    from base64 import b64encode
    from urllib.parse import unquote

    pair = f"{unquote(user)}:{unquote(password or '')}"
    return {"Proxy-Authorization": f"Basic {b64encode(pair.encode()).decode()}"}


def _parsed(answer: http.client.HTTPResponse, url: str) -> Any:
    try:
        raw = answer.read()
    except LOST as error:
        raise unreachable(url, error) from error
    try:
        document = json.loads(raw) if raw else {}
    except ValueError:
        document = None
    if answer.status >= 400:
        raise _refused(answer, document, url)
    if document is None or answer.status >= 300:
        moved = answer.getheader("Location", "")
        raise Unreachable(
            f"What answers at {url} is not a Sandbox server."
            + (f" It sends you to {moved}." if moved else ""),
            "Check the address: `sandbox login URL`.",
        )
    return document


def _refused(answer: http.client.HTTPResponse, document: Any, url: str) -> Failure:
    problem = document.get("error") if isinstance(document, dict) else None
    if isinstance(problem, dict):
        return Refused(answer.status, problem)
    if answer.status in (502, 503, 504):
        return Unreachable(
            f"{url} does not answer just now ({answer.status}).", "Try again: `sandbox doctor`."
        )
    return Unreachable(
        f"{url} answered {answer.status}, which no Sandbox server does in this way.",
        "Check the address: `sandbox whoami`.",
    )


def _documents(answer: http.client.HTTPResponse, url: str) -> Iterator[Any]:
    try:
        for line in answer:
            if line.strip():
                yield json.loads(line)
    except LOST as error:
        raise unreachable(url, error) from error
