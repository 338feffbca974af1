"""Starts Chromium as a user of its own that may do nothing, and connects to it."""

import asyncio
import os
import pwd
import shutil
import signal
import sys
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import anyio
from playwright.async_api import Browser, Playwright, async_playwright

from sandbox_server.visitor import undisturbed

PROGRAMS = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
USERS = ("sandbox-visitor", "nobody")
FOLDER = "sandbox-visit-"
UNDISTURBED = (sys.executable, "-I", undisturbed.__file__)
"""The front of the command: containers that come and go cut none of the browser's connections."""
START_TIMEOUT = 30.0
DISCONNECT = 2.0

FLAGS = (
    "--headless",
    "--no-sandbox",  # Chromium's own needs rights that the user here has not
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--no-proxy-server",
    "--disable-breakpad",
    "--disable-crash-reporter",
    "--disable-background-networking",
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-extensions",
    "--disable-sync",
    "--mute-audio",
    "--webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--remote-debugging-port=0",
)


class NoBrowserError(Exception):
    """One sentence about why there is none."""


def find(program: str) -> str:
    """The program's full path. Raises `NoBrowserError`."""
    candidates = (program,) if program else PROGRAMS
    found = next((path for name in candidates if (path := shutil.which(name))), None)
    if not found:
        what = f"{program} cannot be run" if program else "no Chromium is installed"
        raise NoBrowserError(f"There is no browser: {what}. Install one: `apt-get install chromium`.")
    return found


@dataclass(frozen=True)
class Chromium:
    """A running browser: its process group, its folder, and the connection to it."""

    process: asyncio.subprocess.Process
    folder: Path
    playwright: Playwright
    browser: Browser

    @property
    def is_alive(self) -> bool:
        return self.process.returncode is None and self.browser.is_connected()

    async def close(self) -> None:
        """Leaves no process and no folder. May be called twice."""
        with anyio.CancelScope(shield=True):
            await _end(self.process, self.folder)
            await self._disconnected()
            await self.playwright.stop()

    async def _disconnected(self) -> None:
        """Whoever waits for an answer gets an error now; after Playwright has stopped they would wait on."""
        gone = asyncio.Event()
        self.browser.once("disconnected", lambda _: gone.set())
        if self.browser.is_connected():
            with anyio.move_on_after(DISCONNECT):
                await gone.wait()


async def launch(program: str, edge: str, apps_domain: str) -> Chromium:
    """A browser that reaches hosts of `apps_domain`, all at `edge` (`address:port`), and nothing else.

    Must be called from the main thread: the kernel ends the browser when the thread that started it ends.
    Raises `NoBrowserError`.
    """
    _sweep()
    folder = Path(tempfile.mkdtemp(prefix=f"{FOLDER}{os.getpid()}-"))
    process: asyncio.subprocess.Process | None = None
    playwright: Playwright | None = None
    try:
        process = await _start(find(program), folder, edge, apps_domain)
        playwright = await async_playwright().start()
        endpoint = await _endpoint(process, folder)
        browser = await playwright.chromium.connect_over_cdp(endpoint, timeout=START_TIMEOUT * 1000)
        return Chromium(process, folder, playwright, browser)
    except BaseException as error:
        with anyio.CancelScope(shield=True):
            if playwright:
                await playwright.stop()
            await _end(process, folder)
        if isinstance(error, NoBrowserError) or not isinstance(error, Exception):
            raise
        reason = (str(error) or type(error).__name__).splitlines()[0][:200]
        raise NoBrowserError(f"The browser does not start: {reason}.") from error


async def _start(program: str, folder: Path, edge: str, apps_domain: str) -> asyncio.subprocess.Process:
    # The port is part of the rule: without it a page could reach every port of the host by an app's name.
    rules = f"MAP *.{apps_domain} {edge}, MAP * ~NOTFOUND"
    browser = [
        program,
        *FLAGS,
        f"--host-resolver-rules={rules}",
        f"--user-data-dir={folder / 'profile'}",
        "about:blank",
    ]
    with (folder / "log").open("wb") as log:
        command = [*UNDISTURBED, *_confinement(folder), *browser]
        environment = {"HOME": str(folder), "TMPDIR": str(folder), "PATH": os.defpath, "LANG": "C.UTF-8"}
        return await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=environment,
            cwd=folder,
            start_new_session=True,
        )


def _confinement(folder: Path) -> list[str]:
    """The front of the command: no rights, and no life after ours. Gives the folder to its user."""
    setpriv = ["setpriv", "--no-new-privs", "--pdeathsig=KILL"]
    if os.geteuid() != 0:
        return setpriv
    user = _user()
    os.chown(folder, user.pw_uid, user.pw_gid)
    return [*setpriv, f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]


def _user() -> pwd.struct_passwd:
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    user = next((known[name] for name in USERS if name in known), None)
    if user is None:
        raise NoBrowserError(
            "There is no user to run the browser as. Make one: `useradd --system sandbox-visitor`."
        )
    return user


async def _endpoint(process: asyncio.subprocess.Process, folder: Path) -> str:
    """Where the browser listens for us. Raises `NoBrowserError` with the last line that it wrote."""
    file = folder / "profile" / "DevToolsActivePort"
    with anyio.move_on_after(START_TIMEOUT):
        while process.returncode is None:
            lines = file.read_text().split() if file.exists() else []
            if len(lines) == 2:
                return f"ws://127.0.0.1:{lines[0]}{lines[1]}"
            await asyncio.sleep(0.02)
    said = (folder / "log").read_text(errors="replace").strip().splitlines() or ["it said nothing"]
    raise NoBrowserError(f"The browser does not start: {said[-1][:200]}.")


async def _end(process: asyncio.subprocess.Process | None, folder: Path) -> None:
    if process is not None:
        # The group outlives its leader by the time that the leader's own children take to notice.
        for _ in range(3):
            _kill(process.pid)
            await process.wait()
    for _ in range(50):
        if not _kill_rest(folder) and _remove(folder):
            return
        await asyncio.sleep(0.05)


def _kill_rest(folder: Path) -> bool:
    """The handler of crashes makes a group of its own, and is known by the folder in its command line only."""
    found = False
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if os.fsencode(folder) in (entry / "cmdline").read_bytes():
                found = True
                os.kill(int(entry.name), signal.SIGKILL)
    return found


def _remove(folder: Path) -> bool:
    shutil.rmtree(folder, ignore_errors=True)
    return not folder.exists()


def _kill(group: int) -> None:
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        return


def _sweep() -> None:
    """Remove folders of processes that were killed."""
    for folder in Path(tempfile.gettempdir()).glob(f"{FOLDER}*-*"):
        owner = folder.name.removeprefix(FOLDER).split("-")[0]
        if owner.isdigit() and not Path("/proc", owner).exists():
            shutil.rmtree(folder, ignore_errors=True)
