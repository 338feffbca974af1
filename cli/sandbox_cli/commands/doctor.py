"""`sandbox doctor`: is everything well, here and on the server?"""

import stat
import sys
from shutil import which

from sandbox_cli import VERSION, config
from sandbox_cli.answers import Finding
from sandbox_cli.client import Client
from sandbox_cli.console import console
from sandbox_cli.errors import Failure, NotLoggedIn, Refused, Unreachable

MARKS = {"ok": "✓", "warning": "!", "failed": "✗"}


def doctor() -> None:
    """Check this computer, the server, its engine, proxy and disk; each finding has its remedy."""
    findings = [_python(), _git(), *_credentials(), *_server()]
    bad = [finding for finding in findings if finding["status"] == "failed"]
    console.document(findings)
    for finding in findings:
        console.result(f"{MARKS[finding['status']]} {finding['part']}: {finding['message']}")
        if finding["remedy"] and finding["status"] != "ok":
            console.result(f"    {finding['remedy']}")
    if bad:
        failure = Failure(
            f"{len(bad)} of {len(findings)} checks failed.",
            "Do what stands below each of them, then run `sandbox doctor` again.",
            code="unwell",
        )
        failure.told = True
        raise failure
    console.next("sandbox ls", "sandbox deploy")


def _python() -> Finding:
    version = ".".join(str(part) for part in sys.version_info[:3])
    return _finding("client", "ok", f"sandbox {VERSION} on Python {version}")


def _git() -> Finding:
    if which("git"):
        return _finding("git", "ok", "installed")
    return _finding("git", "warning", "not installed, so every push is of branch main", "Install git.")


def _credentials() -> list[Finding]:
    path = config.credentials_file()
    if not path.exists() or sys.platform == "win32":
        return []
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        return [_finding("credentials", "warning", f"others can read {path}", f"chmod 600 {path}")]
    return [_finding("credentials", "ok", f"{path}, readable by you alone")]


def _server() -> list[Finding]:
    try:
        login = config.login()
        client = Client(login.url, login.token)
        me = client.me()
        who = _finding("login", "ok", f"you are {me['user']} at {login.url}")
        return [who, *_versions(me["version"]), *client.findings()]
    except (NotLoggedIn, Unreachable, Refused) as error:
        return [_finding("server", "failed", error.message, error.hint)]


def _versions(server: str) -> list[Finding]:
    if server.split(".")[:2] == VERSION.split(".")[:2]:
        return []
    return [
        _finding(
            "versions",
            "warning",
            f"this is {VERSION}, the server is {server}",
            "Install the same version on both sides.",
        )
    ]


def _finding(part: str, status: str, message: str, remedy: str = "") -> Finding:
    return Finding(part=part, status=status, message=message, remedy=remedy)
