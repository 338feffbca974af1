"""Which kind of content a bundle is, and where it starts."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from sandbox_server.domain import candidates
from sandbox_server.domain.candidates import Folder
from sandbox_server.domain.kind import Detected, Kind, Read
from sandbox_server.domain.names import nearest
from sandbox_server.errors import NotAnApp

_NOT_THE_AUTHORS = {
    "renv",
    "packrat",
    "rsconnect",
    "node_modules",
    "__macosx",
    "man",
    "tests",
    "testthat",
    "www",
}
_SECOND_CHOICE = {
    "archive",
    "archived",
    "backup",
    "deprecated",
    "dev",
    "docs",
    "examples",
    "old",
    "test",
    "vignettes",
}
_SHOWN = 6
_MOST_FOLDERS = 500


@dataclass(frozen=True)
class Wish:
    """What sandbox.toml says about it; empty is nothing."""

    kind: str = ""
    entry: str = ""
    """A file, or a folder, below `path`."""
    path: str = ""


def detect(paths: Iterable[str], read: Read, wish: Wish | None = None) -> Detected:
    """What the bundle starts. Raises `NotAnApp`, with what was found instead and what to write or to type."""
    wish, known = wish or Wish(), sorted(paths)
    path = wish.path.strip("/").removeprefix("./")
    if path and not any(one.startswith(f"{path}/") for one in known):
        raise NotAnApp(f'sandbox.toml says `path = "{path}"`, and there is no such folder in the bundle.')
    top = candidates.folder(known, path, read)
    detected = _wished(top, known, read, wish) if wish.entry or wish.kind else _found(top, known, read)
    _check_content(detected, read)
    return detected


# Nothing was said: look.


def _found(top: Folder, known: list[str], read: Read) -> Detected:
    strong = candidates.strong(top)
    below = _below(top, known, read) if not strong or _is_package_only(strong) else []
    if len(below) == 1 and _is_package_only(strong):
        return _only_one(below[0])
    if strong:
        return _one_of(strong, top)
    weak = candidates.weak(top)
    if below and not any(one.kind in (Kind.static, Kind.shiny, Kind.plumber) for one in weak):
        return _only_one(below[0]) if len(below) == 1 else _refuse_folders(below, top)
    if weak and below and weak[0].kind is Kind.static:
        return _refuse_several([*weak, *below], top)
    if weak:
        return _the_started(weak, below, top) or _one_of(weak, top)
    raise _nothing(top, known)


def _is_package_only(found: list[Detected]) -> bool:
    names = [one.entry.rpartition("/")[2].lower() for one in found]
    return names == ["description"] and "run_app.r" not in found[0].why.lower()


def _only_one(detected: Detected) -> Detected:
    return replace(detected, why=f"{detected.why} in {detected.folder}, as nothing at the top is an app")


def _one_of(found: list[Detected], top: Folder) -> Detected:
    if len(found) > 1:
        return _refuse_several(found, top)
    place = f"in {top.path}" if top.path else "at the top"
    return replace(found[0], why=f"{found[0].why} {place}")


def _the_started(weak: list[Detected], below: list[Detected], top: Folder) -> Detected | None:
    """A script at the top that only runs the app of a folder."""
    for one in weak if len(weak) == 1 and weak[0].kind is Kind.shiny else ():
        text = top.read(one.entry)
        started = [
            app for app in below if "shinyApp(" not in text and (app.folder in text or len(below) == 1)
        ]
        if len(started) == 1:
            return replace(started[0], why=f"{started[0].why} in {started[0].folder}, which {one.entry} runs")
    return None


def _below(top: Folder, known: list[str], read: Read) -> list[Detected]:
    """Apps in folders; not those inside another app's folder, and the less likely places only if there is no other."""
    prefix = f"{top.path}/" if top.path else ""
    entries = ("app.r", "server.r", "plumber.r", "entrypoint.r", ".rmd", ".qmd")
    folders = {
        one.rpartition("/")[0] for one in known if one.startswith(prefix) and one.lower().endswith(entries)
    }
    found: list[Detected] = []
    for path in sorted(folders - {top.path}, key=lambda path: (path.count("/"), path))[:_MOST_FOLDERS]:
        if _parts(path) & _NOT_THE_AUTHORS or any(part.startswith(".") for part in path.split("/")):
            continue
        if any(f"{path}/".startswith(f"{one.folder}/") for one in found):
            continue
        found += candidates.app(candidates.folder(known, path, read))[:1]
    first = [one for one in found if not _parts(one.folder) & _SECOND_CHOICE]
    return first or found


def _parts(path: str) -> set[str]:
    return set(path.lower().split("/"))


# sandbox.toml says.


def _wished(top: Folder, known: list[str], read: Read, wish: Wish) -> Detected:
    said = " and ".join(
        f'`{name} = "{value}"`' for name, value in (("kind", wish.kind), ("entry", wish.entry)) if value
    )
    if wish.entry:
        return replace(_entry(top, known, read, wish, said), why=f"sandbox.toml says {said}")
    below = [[one] for one in _below(top, known, read)]
    for group in [*candidates.groups(top), *below]:
        if found := [one for one in group if one.kind == wish.kind]:
            return replace(_one_of(found, top), why=f"sandbox.toml says {said}: {found[0].entry}")
    raise NotAnApp(
        f"sandbox.toml says {said}, and nothing in the bundle is {Kind(wish.kind).label}.",
        'Name the file too: `entry = "…"` in sandbox.toml.',
    )


def _entry(top: Folder, known: list[str], read: Read, wish: Wish, said: str) -> Detected:
    entry = wish.entry.strip("/").removeprefix("./")
    name = entry.lower()
    if name not in top.files:
        return _entry_folder(top, known, read, wish, entry)
    kind = Kind(wish.kind) if wish.kind else None
    path = top.files[name]
    if kind is None:
        inside = candidates.folder(known, path.rpartition("/")[0], read)
        kind = next(
            (one.kind for group in candidates.groups(inside) for one in group if one.entry == path), None
        )
    if kind is None:
        raise NotAnApp(
            f"sandbox.toml says {said}, and that file does not tell what it is.",
            f"Add `kind` to sandbox.toml, one of: {', '.join(Kind)}.",
        )
    return Detected(kind, path, "")


def _entry_folder(top: Folder, known: list[str], read: Read, wish: Wish, entry: str) -> Detected:
    path = f"{top.path}/{entry}" if top.path else entry
    if any(one.startswith(f"{path}/") for one in known):
        return detect(known, read, Wish(wish.kind, "", path))
    near = nearest(entry, [top.name(one) for one in top.files.values()])
    raise NotAnApp(
        f'sandbox.toml says `entry = "{wish.entry}"`, and there is no such file.',
        f"Did you mean {near[0]}?" if near else "Mend `entry` in sandbox.toml.",
    )


# Refusals.


def _check_content(detected: Detected, read: Read) -> None:
    if detected.entry.lower().endswith((".r", ".rmd", ".qmd")) and not read(detected.entry).strip():
        raise NotAnApp(
            f"{detected.entry} is empty.", f"Write the app into {detected.entry}, then push again."
        )


def _refuse_several(found: list[Detected], top: Folder) -> Detected:
    kinds = {one.kind for one in found}
    shown = "; ".join(f"{one.entry} ({one.kind.label})" for one in found[:_SHOWN]) + _more(found)
    lines = [
        f'`kind = "{one.kind}"`' if len(kinds) == len(found) else f'`entry = "{top.name(one.entry)}"`'
        for one in found[:_SHOWN]
    ]
    raise NotAnApp(
        f"The bundle could be several things: {shown}.", f"Write into sandbox.toml {' or '.join(lines)}."
    )


def _refuse_folders(found: list[Detected], top: Folder) -> Detected:
    shown = "; ".join(f"{one.entry} ({one.kind.label})" for one in found[:_SHOWN]) + _more(found)
    commands = " or ".join(f"`sandbox deploy {_quoted(one.folder)}`" for one in found[:_SHOWN])
    raise NotAnApp(
        f"There is no app at the top of the bundle, and several below it: {shown}.",
        f'Say which one: {commands}, or `path = "{top.name(found[0].folder)}"` in sandbox.toml.',
    )


def _nothing(top: Folder, known: list[str]) -> NotAnApp:
    sought = "app.R, ui.R with server.R, .Rmd, .qmd, plumber.R and index.html"
    looked = f"There is nothing to start in the bundle: looked for {sought}"
    if not known:
        return NotAnApp(f"{looked}; the bundle is empty.")
    if half := top.file("server.r") or top.file("ui.r"):
        other = "ui.R" if half.lower().endswith("server.r") else "server.R"
        return NotAnApp(f"{looked}. {half} is there, {other} is not.", f"Add {other} beside {half}.")
    shown = ", ".join([path if path.isprintable() else ascii(path) for path in known][:5])
    return NotAnApp(f"{looked}. Found {shown}{' …' if known[5:] else ''}.")


def _more(found: list[Detected]) -> str:
    return f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""


def _quoted(path: str) -> str:
    return (
        path
        if all(part.isalnum() or part in "/._-" for part in path)
        else "'" + path.replace("'", "'\\''") + "'"
    )
