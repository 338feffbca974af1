"""People around a release on a real platform: who pushes from git, who judges, and who decides at a terminal."""

import os
import pty
import re
import select
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from tests.integration.platform import APPS, PATIENCE, PROGRAMS, Platform, Result

ID = ("-c", "user.name=Gina", "-c", "user.email=gina@example.org")


class Gated:
    """One app, its repository, and the few people around it."""

    def __init__(self, platform: Platform, app: str, folder: Path) -> None:
        self.platform, self.app, self.folder = platform, app, folder
        self.gina = platform.sandboxd("user", "add", f"{app}-gina").out.strip()
        self.root = platform.sandboxd("user", "add", f"{app}-root", "--admin").out.strip()
        done = platform.sandboxd("user", "email", f"{app}-gina", "gina@example.org")
        assert done.code == 0, done
        folder.mkdir()
        self.git("init", "-q", "-b", "main")
        (folder / "app.R").write_text((APPS / "hello" / "app.R").read_text())

    def git(self, *words: str) -> None:
        subprocess.run(["git", *ID, *words], cwd=self.folder, check=True, capture_output=True)

    def commit(self, count: int = 1, branch: str = "", gates: str | None = None) -> None:
        """So many commits, on a new branch if one is named, with this `[gates]`."""
        if branch:
            self.git("checkout", "-q", "-b", branch)
        if gates is not None:
            (self.folder / "sandbox.toml").write_text(f"[gates]\n{gates}\n")
        for n in range(count):
            (self.folder / "notes.txt").write_text(f"{branch} {n}\n")
            self.git("add", "-A")
            self.git("commit", "-q", "-m", f"Change {n} of {branch or 'main'}")

    def push(self) -> int:
        """By gina, of the branch that is checked out."""
        done = self.run("deploy", self.folder, token=self.gina)
        assert done.code == 0, (done, self.platform.log[-3000:])
        return int(done.document["deployment"])

    def run(self, *words: str | Path, token: str = "", stdin: str = "") -> Result:
        return self.platform.sandbox(*words, "--app", self.app, token=token, stdin=stdin)

    def demand(self, *gates: str) -> None:
        """At once, by root; such as "reviews=1"."""
        words = [word for gate in gates for word in ("--set", gate)]
        done = self.run("gates", *words, "--reason", "agreed", token=self.root)
        assert done.code == 0, done

    def report(self, number: int) -> dict[str, Any]:
        found: dict[str, Any] = self.run("gates", f"d{number}").document
        return found

    def refused(self, *words: str, token: str = "") -> str:
        """Why a promote is refused; users keep what they have."""
        before = self.platform.releases(self.app)
        done = self.run("promote", *words, token=token)
        assert (done.code, done.error["code"]) == (1, "gate_closed"), done
        assert [one["release"] for one in self.platform.releases(self.app)] == [
            one["release"] for one in before
        ]
        return f"{done.error['message']}\n{done.error['detail']}"

    def promote(self, *words: str, token: str = "") -> dict[str, Any]:
        done = self.run("promote", *words, token=token)
        assert done.code == 0, (done, self.platform.log[-3000:])
        document: dict[str, Any] = done.document
        return document

    def judge(self, number: int, name: str, outcome: str = "accepted", seen: int = 0) -> None:
        """By a link of that person, as the page's form sends it."""
        to = f"{name} <{name.lower()}@example.org>"
        asked = self.run("review", "request", f"d{number}", "--to", to)
        assert asked.code == 0, asked
        said = {"version": number, "seen": seen, "outcome": outcome, "name": name}
        path = asked.document["url"].removeprefix(self.platform.url)
        answer = self._browser().post(f"{path}/verdict", data=said)
        assert answer.status_code == 303, answer.text

    def page(self, path: str) -> str:
        """What root reads there, without markup."""
        browser = self._browser()
        assert browser.post("/login", data={"token": self.root}).status_code == 303
        answer = browser.get(f"/apps/{self.app}{path}")
        assert answer.status_code == 200, answer.text
        return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.text.partition('id="main"')[2]))

    def asked(self, *words: str) -> str:
        """What a promote shows at a terminal before its question, which is answered with no."""
        theirs_env = self.platform.client_environment("")
        terminal, theirs = pty.openpty()
        command = [PROGRAMS / "sandbox", "promote", *words, "--app", self.app]
        with subprocess.Popen(
            command, stdin=theirs, stdout=theirs, stderr=theirs, env=theirs_env, start_new_session=True
        ):  # fmt: skip
            os.close(theirs)
            return _answered(terminal, lambda shown: "[y/N]" in shown)

    def _browser(self) -> httpx.Client:
        headers = {"Host": f"sandbox.localhost:{self.platform.port}", "Origin": self.platform.url}
        return _Browser(
            base_url=f"http://127.0.0.1:{self.platform.port}",
            headers=headers,
            trust_env=False,
            timeout=PATIENCE,
        )


def window(days: int = 2) -> str:
    """A freeze that holds now and for so many days."""
    today = datetime.now(UTC).date()
    return f"{today - timedelta(days=1)}..{today + timedelta(days=days)}"


def end_of(window: str) -> str:
    """The day after it, on which releases go on."""
    last = datetime.fromisoformat(window.partition("..")[2])
    return f"{last + timedelta(days=1):%A %Y-%m-%d %H:%M}"


class _Browser(httpx.Client):
    """Sends back the cookies that it got, whatever their domain: the edge is reached by its address."""

    def send(self, request: httpx.Request, **more: Any) -> httpx.Response:
        if self.cookies:
            request.headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        return super().send(request, **more)


def _answered(terminal: int, asks: Callable[[str], bool]) -> str:
    shown, typed = "", False
    while True:
        assert select.select([terminal], [], [], PATIENCE)[0], f"nothing more is said after: {shown}"
        try:
            data = os.read(terminal, 4096)
        except OSError:  # so a terminal says that its last program has ended
            data = b""
        if not data:
            os.close(terminal)
            return shown
        shown += data.decode(errors="replace")
        if not typed and asks(shown):
            os.write(terminal, b"n\n")
            typed = True
