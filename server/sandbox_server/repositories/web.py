"""Gets files by http(s): bounded in bytes, time and redirects, with logins for the hosts that need one."""

import base64
import platform
import ssl
import time
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import getproxies

import anyio
import httpx

from sandbox_server import __version__
from sandbox_server.errors import Unavailable
from sandbox_server.repositories.addresses import is_own
from sandbox_server.repositories.logins import Logins
from sandbox_server.repositories.trouble import NotHad

MOST_REDIRECTS = 5
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class Ask:
    """One GET. `token`: the host takes a login as a bearer token, as GitHub and GitLab do."""

    url: str
    r: str = ""
    """R's version, told in R's own way: repositories with binaries answer with those for it."""
    token: bool = False
    headers: Mapping[str, str] | None = None


class Web:
    """`timeout`: seconds without a byte. `trusted`: URLs whose hosts may be this machine itself."""

    def __init__(
        self, *, logins: Logins, ca_bundle: Path | None, timeout: float, trusted: Collection[str]
    ) -> None:
        self._logins, self._timeout = logins, timeout
        self._trusted = {urlsplit(url).netloc for url in trusted}
        self._client = httpx.AsyncClient(
            verify=_trust(ca_bundle), timeout=timeout, limits=httpx.Limits(max_connections=20)
        )

    @asynccontextmanager
    async def get(self, ask: Ask, *, within: float) -> AsyncIterator[httpx.Response]:
        """A 2xx or 304 answer whose body is still to be read. Raises `NotHad`, naming host and time spent."""
        began, url = time.monotonic(), ask.url
        try:
            with anyio.fail_after(within):
                for _ in range(MOST_REDIRECTS + 1):
                    checks = await self._check(url)
                    async with self._client.stream("GET", url, headers=self._headers(ask, url)) as answer:
                        if checks:
                            _check_peer(url, answer)
                        if answer.has_redirect_location:
                            url = _next(url, answer)
                            continue
                        self._judge(url, answer, began)
                        yield answer
                        return
                raise NotHad(f"{_host(url)} redirects without end")
        except TimeoutError:
            raise NotHad(f"{_host(url)} took longer than {within:g} s") from None
        except httpx.TimeoutException:
            raise NotHad(
                f"{_host(url)} sent nothing for {self._timeout:g} s ({_spent(began)} spent)"
            ) from None
        except httpx.RemoteProtocolError:
            raise NotHad(
                f"{_host(url)} broke off before the end it had announced, after {_spent(began)}"
            ) from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise NotHad(f"{_host(url)} cannot be reached: {_words(error)}, after {_spent(began)}") from None

    async def close(self) -> None:
        await self._client.aclose()

    def has_login(self, url: str) -> bool:
        return self._logins.knows(url)

    async def _check(self, url: str) -> bool:
        """A lock may name any host, but not the machine's own services to this server. Is its answer to be checked?"""
        parts = urlsplit(url)
        if parts.scheme not in _PORTS or not parts.hostname:
            raise NotHad(f"{parts.scheme or url[:40]} is no way to fetch: http or https")
        if parts.netloc in self._trusted or self._logins.knows(url):
            return False
        try:
            found = await anyio.getaddrinfo(parts.hostname, parts.port or _PORTS[parts.scheme])
        except OSError:
            found = []  # Perhaps a proxy knows the name; the request will tell.
        if any(is_own(str(one[4][0])) for one in found):
            raise _own(url)
        return not getproxies()

    def _headers(self, ask: Ask, url: str) -> dict[str, str]:
        """Made anew for each host on the way: a login goes to its own host only."""
        headers = {"User-Agent": agent(ask.r), "Accept-Encoding": "identity", **(ask.headers or {})}
        if login := self._logins.of(url):
            headers["Authorization"] = f"Bearer {login[1]}" if ask.token else _basic(*login)
        return headers

    def _judge(self, url: str, answer: httpx.Response, began: float) -> None:
        status = answer.status_code
        if answer.is_success or status == 304:
            return
        if status in (404, 410):
            raise NotHad(f"not at {_host(url)}", missing=True)
        if status in (401, 403, 407):
            known = "refused the login in SANDBOX_NETRC" if self._logins.of(url) else "wants a login"
            raise NotHad(f"{_host(url)} answered {status}: it {known}, after {_spent(began)}")
        raise NotHad(f"{_host(url)} answered {status} after {_spent(began)}")


async def bounded(answer: httpx.Response, most: int) -> bytes:
    """The whole body as it was sent. Raises `NotHad` beyond `most` bytes."""
    data = bytearray()
    async for part in answer.aiter_raw():
        data += part
        if len(data) > most:
            raise NotHad(f"{_host(str(answer.url))} sent more than {most:,} bytes")
    return bytes(data)


def agent(r: str) -> str:
    """As R 4 calls itself; without a version of R nobody sends binaries."""
    if not r:
        return f"Sandbox/{__version__}"
    machine = platform.machine()
    return f"R ({r} {machine}-pc-linux-gnu {machine} linux-gnu)"


def _check_peer(url: str, answer: httpx.Response) -> None:
    """A name may have got another address since it was looked up: then nobody sees what was answered."""
    peer = answer.extensions["network_stream"].get_extra_info("server_addr")
    if not peer or is_own(str(peer[0])):
        raise _own(url)


def _own(url: str) -> NotHad:
    return NotHad(f"{urlsplit(url).hostname} is this machine itself, and no repository of its settings")


def _trust(ca_bundle: Path | None) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if ca_bundle:
        try:
            context.load_verify_locations(ca_bundle)
        except (OSError, ssl.SSLError) as error:
            raise Unavailable(
                f"{ca_bundle} cannot be read as certificates (SANDBOX_CA_BUNDLE): {error.strerror or error}.",
                "Give a PEM file that the server may read.",
            ) from None
    return context


def _next(url: str, answer: httpx.Response) -> str:
    target = str(httpx.URL(url).join(answer.headers["location"]))
    if url.startswith("https:") and not target.startswith("https:"):
        raise NotHad(f"{_host(url)} redirects to an address without TLS")
    return target


def _basic(login: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{login}:{password}".encode()).decode()


def _host(url: str) -> str:
    return urlsplit(url).netloc.rpartition("@")[2] or url[:60]


def _spent(began: float) -> str:
    return f"{time.monotonic() - began:.1f} s"


def _words(error: Exception) -> str:
    """Without what a library puts around them."""
    return str(error).removeprefix("[Errno ").rpartition("] ")[2][:200] or type(error).__name__
