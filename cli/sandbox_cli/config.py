"""What this computer remembers of its servers, and what an app's folder says of itself."""

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox_cli.errors import Failure, NotLoggedIn


@dataclass(frozen=True)
class Login:
    url: str
    token: str
    user: str = ""


def login() -> Login:
    """Where to send requests and as whom; the environment comes before what was saved."""
    saved = _saved()
    url = _url(os.environ.get("SANDBOX_URL") or saved.get("current", ""))
    if not url:
        raise NotLoggedIn(
            "You are not logged in to a server.",
            "Run `sandbox login URL`, or set SANDBOX_URL and SANDBOX_TOKEN.",
        )
    known = saved.get("servers", {}).get(url, {})
    token = os.environ.get("SANDBOX_TOKEN") or known.get("token", "")
    if not token:
        raise NotLoggedIn(
            f"There is no token for {url}.", f"Run `sandbox login {url}`, or set SANDBOX_TOKEN."
        )
    return Login(url, token, known.get("user", ""))


def remember(login: Login) -> None:
    saved = _saved()
    servers = {**saved.get("servers", {}), login.url: {"token": login.token, "user": login.user}}
    _write({"current": login.url, "servers": servers})


def forget(url: str) -> bool:
    """Whether there was something to forget. Another server that is known becomes the current one."""
    saved = _saved()
    servers = dict(saved.get("servers", {}))
    found = servers.pop(url, None) is not None
    current = saved.get("current", "")
    if current == url:
        current = next(iter(servers), "")
    if found:
        _write({"current": current, "servers": servers})
    return found


def credentials_file() -> Path:
    return _folder() / "credentials.json"


def project(text: str | None) -> dict[str, Any]:
    """The fields of a `sandbox.toml`; none if there is no such file."""
    if text is None:
        return {}
    import tomllib

    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        # Not only TOML's own error: a number may be too long, a list too deep.
        why = str(error)[:200] or "nested too deeply"
        raise Failure(
            f"sandbox.toml cannot be read: {why}.", "Mend that line; nothing was sent.", code="bad_config"
        ) from error


def _url(text: str) -> str:
    return text.strip().rstrip("/")


def _folder() -> Path:
    if os.environ.get("SANDBOX_CONFIG"):
        return Path(os.environ["SANDBOX_CONFIG"])
    if sys.platform == "win32":
        return Path(os.environ.get("APPDATA") or Path.home() / "AppData" / "Roaming") / "sandbox"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "sandbox"
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "sandbox"


def _saved() -> dict[str, Any]:
    path = credentials_file()
    try:
        saved = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise Failure(
            f"{path} cannot be read: {error}.", "Remove that file and run `sandbox login URL`."
        ) from error
    return saved if isinstance(saved, dict) else {}


def _write(saved: dict[str, Any]) -> None:
    path = credentials_file()
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    # The mode is right from the first byte on, not only after a chmod.
    with os.fdopen(
        os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8"
    ) as file:
        json.dump(saved, file, indent=2)
    draft.replace(path)
