"""Logins for private hosts, from a file in netrc's form."""

import netrc
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from sandbox_server.errors import Unavailable

LOOPBACK = frozenset(("localhost", "127.0.0.1", "::1"))
_SAME = {"api.github.com": "github.com", "codeload.github.com": "github.com"}
"""GitHub's API and archives take the login of GitHub."""


class Logins:
    """Host, or host:port → login and password. They never leave this class but for a request to that host."""

    def __init__(self, path: Path | None) -> None:
        self._known = _read(path) if path else {}

    def of(self, url: str) -> tuple[str, str] | None:
        """Login and password for this URL's host; none without TLS, except on this machine itself."""
        parts = urlsplit(url)
        if parts.scheme != "https" and parts.hostname not in LOOPBACK:
            return None
        return next((self._known[name] for name in _names(parts) if name in self._known), None)

    def knows(self, url: str) -> bool:
        return any(name in self._known for name in _names(urlsplit(url)))


def _names(parts: SplitResult) -> list[str]:
    host = parts.hostname or ""
    return [parts.netloc.rpartition("@")[2], host, _SAME.get(host, host)]


def _read(path: Path) -> dict[str, tuple[str, str]]:
    """The `default` entry does not count: it would be sent to every host that a lock names."""
    try:
        if path.stat().st_mode & 0o077:
            raise Unavailable(
                f"Others may read {path}, the file with logins (SANDBOX_NETRC).", f"Run `chmod 600 {path}`."
            )
        hosts = netrc.netrc(str(path)).hosts
    except FileNotFoundError:
        raise Unavailable(
            f"There is no file {path} (SANDBOX_NETRC).", "Write it, or unset SANDBOX_NETRC."
        ) from None
    except (netrc.NetrcParseError, OSError, UnicodeDecodeError):
        # The error's own words could quote a password.
        raise Unavailable(
            f"{path} cannot be read as a netrc file (SANDBOX_NETRC).",
            "Write a line for each host: machine HOST login NAME password TOKEN",
        ) from None
    return {host: (login, password) for host, (login, _, password) in hosts.items() if host != "default"}
