"""Packages at a commit on GitHub or GitLab: where their archive is, and what R's tools later read of it."""

import re
from urllib.parse import quote, urlsplit

from sandbox_server.domain.requirement import Remote
from sandbox_server.repositories.logins import LOOPBACK
from sandbox_server.repositories.trouble import NotHad

_COMMIT = re.compile(r"[0-9a-f]{40}")
_HASH = re.compile(r"[0-9a-f]{7,40}")
_HOST = re.compile(r"[A-Za-z0-9.\-]+(:\d{1,5})?|\[[0-9a-f:]+\](:\d{1,5})?")
_PART = re.compile(r"(?!\.)[A-Za-z0-9._\-/]+")


def is_commit(name: str) -> bool:
    """A full one: what it names never changes."""
    return bool(_COMMIT.fullmatch(name))


def is_hash(name: str) -> bool:
    """A commit, perhaps by its first digits only; branches and tags can look so, but locks name commits."""
    return bool(_HASH.fullmatch(name))


def place_of(remote: Remote) -> str:
    return f"remote:{remote.kind}:{_host(remote)}/{remote.owner}/{remote.repository}@{remote.commit}:{remote.folder}"


def commit_url(remote: Remote) -> str:
    """Says which commit a branch or tag is at."""
    return f"{_api(remote)}/commits/{quote(remote.commit, safe='')}"


def archive_url(remote: Remote, *, login: bool) -> str:
    """Without a login GitHub's archives are asked for where no limit counts the requests of its API."""
    ref = quote(remote.commit, safe="")
    if remote.kind == "gitlab":
        return f"{_api(remote)}/archive.tar.gz?sha={ref}"
    if _host(remote) == "github.com" and not login:
        return f"https://codeload.github.com/{remote.owner}/{remote.repository}/tar.gz/{ref}"
    return f"{_api(remote)}/tarball/{ref}"


def fields_of(remote: Remote, commit: str) -> dict[str, str]:
    """What R's remotes and renv look for in an installed package's DESCRIPTION."""
    host = "api.github.com" if _host(remote) == "github.com" else _host(remote)
    fields = {
        "RemoteType": remote.kind,
        "RemoteHost": host,
        "RemoteUsername": remote.owner,
        "RemoteRepo": remote.repository,
        "RemoteSubdir": remote.folder,
        "RemoteRef": remote.commit,
        "RemoteSha": commit,
    }
    if remote.kind == "github":
        fields |= {
            "GithubRepo": remote.repository,
            "GithubUsername": remote.owner,
            "GithubRef": remote.commit,
            "GithubSHA1": commit,
        }
    return fields


def check(remote: Remote) -> None:
    """Names come from lock files. Raises `NotHad` for what cannot be a part of a URL."""
    parts = (remote.owner, remote.repository)
    plain = all(_PART.fullmatch(part) and ".." not in part for part in parts)
    if remote.kind not in ("github", "gitlab") or not _HOST.fullmatch(_host(remote)) or not plain:
        raise NotHad(f"{remote} is no package on GitHub or GitLab")


def _api(remote: Remote) -> str:
    host, path = _host(remote), f"{remote.owner}/{remote.repository}"
    if remote.kind == "gitlab":
        return f"{_base(host)}/api/v4/projects/{quote(path, safe='')}/repository"
    return f"{'https://api.github.com' if host == 'github.com' else _base(host) + '/api/v3'}/repos/{path}"


def _host(remote: Remote) -> str:
    """Locks name the API's address, people the host's."""
    host = remote.host.removeprefix("https://").removeprefix("http://").strip("/")
    host = host.removesuffix("/api/v3").removesuffix("/api/v4")
    return {"": f"{remote.kind}.com", "api.github.com": "github.com", "www.github.com": "github.com"}.get(
        host, host
    )


def _base(host: str) -> str:
    """https, except for a host on this machine."""
    return f"{'http' if urlsplit(f'//{host}').hostname in LOOPBACK else 'https'}://{host}"
