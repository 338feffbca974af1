"""What kind of app is in a bundle, and where it starts."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from sandbox_server.errors import NotAnApp

Read = Callable[[str], str]
"""The text of a file of the bundle, or its beginning."""


@dataclass(frozen=True)
class Detected:
    kind: Literal["shiny"]
    entry: str
    """The file that starts it, as the bundle spells it."""
    why: str


def detect(paths: Iterable[str], read: Read) -> Detected:
    """The app at the top of the bundle. Raises `NotAnApp`, with what was found instead."""
    known = sorted(paths)
    top = {path.lower(): path for path in known if "/" not in path}
    if detected := _two_files(top, known) or _one_file(top):
        if read(detected.entry).strip():
            return detected
        raise NotAnApp(
            f"{detected.entry} is empty.", f"Write the app into {detected.entry}, then push again."
        )
    raise _refusal(top, known, read)


def _two_files(top: Mapping[str, str], known: list[str]) -> Detected | None:
    """Before app.R, as Shiny itself does."""
    server, ui = top.get("server.r"), top.get("ui.r")
    page = next((path for path in known if path.lower() == "www/index.html"), None)
    if server and (ui or page):
        return Detected("shiny", server, f"{ui or page} and {server} at the top")
    return None


def _one_file(top: Mapping[str, str]) -> Detected | None:
    app = top.get("app.r")
    return Detected("shiny", app, f"{app} at the top") if app else None


def _refusal(top: Mapping[str, str], known: list[str], read: Read) -> NotAnApp:
    looked = "There is no app at the top of the bundle: looked for app.R, and for ui.R with server.R"
    if not known:
        return NotAnApp(f"{looked}; the bundle is empty.")
    if half := top.get("server.r") or top.get("ui.r"):
        other = "ui.R" if half.lower() == "server.r" else "server.R"
        return NotAnApp(f"{looked}. {half} is there, {other} is not.", f"Add {other} beside {half}.")
    if folders := _folders_with_apps(known):
        more = f" (and in {', '.join(folders[1:4])})" if folders[1:] else ""
        return NotAnApp(
            f"{looked}. There is one in {folders[0]}{more}.",
            f"Push that folder: `sandbox deploy {folders[0]}`.",
        )
    if script := _script_with_app(known, read):
        return NotAnApp(
            f"{looked}. {script} calls shinyApp().", f"Rename {script} to app.R at the top of the folder."
        )
    if other := _other_kind(top):
        return NotAnApp(f"{looked}. {other} is not yet supported by this server.", "Push a Shiny app.")
    shown = ", ".join([path if path.isprintable() else ascii(path) for path in known][:5])
    return NotAnApp(f"{looked}. Found {shown}{' …' if known[5:] else ''}.")


def _folders_with_apps(known: list[str]) -> list[str]:
    below = {path.lower(): path for path in known if "/" in path}
    starts = [path for lower, path in below.items() if lower.endswith(("/app.r", "/server.r"))]
    folders = {path.rpartition("/")[0] for path in starts}
    return sorted(folders, key=lambda folder: (folder.count("/"), folder))


def _script_with_app(known: list[str], read: Read) -> str | None:
    scripts = [path for path in known if path.lower().endswith(".r")]
    return next((path for path in scripts[:200] if "shinyApp(" in read(path)), None)


def _other_kind(top: Mapping[str, str]) -> str:
    for lower, path in top.items():
        if lower in ("plumber.r", "entrypoint.r"):
            return f"{path} (a Plumber API)"
        if lower.endswith(".rmd"):
            return f"{path} (R Markdown)"
        if lower.endswith(".qmd"):
            return f"{path} (Quarto)"
    page = top.get("index.html")
    return f"{page} (a static page)" if page else ""
