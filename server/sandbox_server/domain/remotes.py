"""Packages at a commit: what lock files and DESCRIPTIONs write of GitHub, GitLab and other hosts."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from sandbox_server.domain.requirement import Remote

_NAME = r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,99})"
_PATH = re.compile(rf"{_NAME}(?:/{_NAME}){{0,9}}")
_REF = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./+-]{0,199}")
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?(?::[0-9]{1,5})?")
_SPEC = re.compile(
    r"(?:(?P<package>[A-Za-z][A-Za-z0-9.]*)=)?(?:(?P<kind>[a-z0-9]+)(?:@(?P<host>[^:/]+))?::)?(?P<rest>\S+)"
)
_PLACE = re.compile(r"(?P<path>[^@#\s]+)(?:@(?P<ref>[^\s#]+))?(?:#(?P<pull>[0-9]+))?")
_GIT = re.compile(r"(?:https?://|ssh://)?(?:[^@/\s]+@)?(?P<host>[^:/\s]+)[:/](?P<path>[^\s]+?)(?:\.git)?/?")
_KINDS = {"github": "github.com", "gitlab": "gitlab.com"}


@dataclass(frozen=True)
class Spec:
    """One entry of a DESCRIPTION's Remotes."""

    text: str
    package: str
    """By name, or as its repository is called."""
    kind: str
    """"github", "gitlab", "bioc", "local", or a word that cannot be fetched."""
    remote: Remote | None = None
    path: str = ""
    """Of a local one."""


def remote_of(source: str, fields: Mapping[str, str]) -> Remote | None:
    """From a lock's `Remote…` fields. None if something is missing, is not safe, or the kind is unknown.

    `source` is "github", "gitlab" or "git"; a git URL counts when its host is one of the others'.
    """
    if source not in _KINDS:
        return _from_url(fields.get("RemoteUrl", ""), fields)
    return _remote(
        source,
        host_of(fields.get("RemoteHost", "")) or _KINDS[source],
        fields.get("RemoteUsername", "") or fields.get("GithubUsername", ""),
        fields.get("RemoteRepo", "") or fields.get("GithubRepo", ""),
        fields.get("RemoteSha", "") or fields.get("GithubSHA1", ""),
        fields.get("RemoteSubdir", "") or fields.get("GithubSubdir", ""),
    )


def parse_spec(text: str) -> Spec | None:
    """`owner/repo@ref`, `gitlab::group/repo`, `name=github::owner/repo`, `local::./folder` …"""
    match = _SPEC.fullmatch(text.strip()[:500])
    if not match:
        return None
    kind, rest = match["kind"] or "github", match["rest"]
    place = _PLACE.fullmatch(rest)
    name = match["package"] or (place["path"] if place else rest).rstrip("/").split("/")[-1]
    name = name.removesuffix(".git")
    if kind in ("git", "url") and (remote := _from_url(rest.split("@")[0], {"RemoteSha": "HEAD"})):
        return Spec(text.strip(), name, remote.kind, remote)
    if kind == "local":
        return Spec(text.strip(), name, kind, path=rest)
    if kind not in _KINDS or not place or place["pull"]:
        return Spec(text.strip(), name, kind)
    parts = place["path"].strip("/").split("/")
    owner, repository, folder = parts[0], "".join(parts[1:2]), "/".join(parts[2:])
    if kind == "gitlab":
        owner, repository, folder = "/".join(parts[:-1]), parts[-1], ""
    package = match["package"] or (folder.split("/")[-1] if folder else repository)
    host = host_of(match["host"] or "") or _KINDS[kind]
    ref = place["ref"] or "HEAD"
    return Spec(
        text.strip(), package, kind,
        _remote(kind, host, owner, repository, "HEAD" if ref.startswith("*") else ref, folder),
    )  # fmt: skip


def host_of(api: str) -> str:
    """ "github.com" of "api.github.com" and "https://api.github.com"; "git.firm.com" of "git.firm.com/api/v3"."""
    host = api.strip().removeprefix("https://").removeprefix("http://").split("/")[0].lower()
    return "github.com" if host == "api.github.com" else host


def is_url(url: str) -> bool:
    """An http(s) URL with a plain host, and without a password."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return False
    printable = url.isascii() and url.isprintable() and not set(url) & set(" \"'<>\\^`{|}")
    plain = parts.scheme in ("http", "https") and "@" not in parts.netloc and not parts.fragment
    shown = f"{host}:{port}" if port else host
    return plain and printable and len(url) <= 1000 and bool(_HOST.fullmatch(shown))


def _remote(kind: str, host: str, owner: str, repository: str, commit: str, folder: str) -> Remote | None:
    folder = folder.strip("/")
    safe = _HOST.fullmatch(host) and _PATH.fullmatch(owner) and _PATH.fullmatch(repository)
    if not safe or not _REF.fullmatch(commit) or ".." in f"{owner}/{repository}/{commit}/{folder}":
        return None
    if folder and not _PATH.fullmatch(folder):
        return None
    return Remote(kind, host, owner, repository, commit, folder)


def _from_url(url: str, fields: Mapping[str, str]) -> Remote | None:
    match = _GIT.fullmatch(url.strip()[:500])
    host = match["host"].lower() if match else ""
    kind = next((kind for kind in _KINDS if host.startswith(f"{kind}.")), "")
    if not match or not kind or "/" not in match["path"]:
        return None
    owner, _, repository = match["path"].rpartition("/")
    commit = fields.get("RemoteSha", "") or fields.get("RemoteRef", "")
    return _remote(kind, host, owner, repository, commit, fields.get("RemoteSubdir", ""))
