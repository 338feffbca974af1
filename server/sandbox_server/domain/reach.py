"""Which R files of an app its start leads to: what only other scripts use must not fail a build."""

import re
from collections.abc import Callable, Collection, Mapping

from sandbox_server.domain.documents import is_document
from sandbox_server.domain.r_code import Tokens, arguments, at, is_call

_STARTS = frozenset(
    ("app.r", "ui.r", "server.r", "global.r", "run.r", "run_app.r", ".rprofile", "plumber.r", "entrypoint.r")
)
_SITES = frozenset(("_quarto.yml", "_quarto.yaml", "_site.yml", "_bookdown.yml"))
_AUTOLOADED = "r"
_SPLIT = re.compile(r"[/\\]+")
_READING = frozenset(("source", "sys.source"))
_MODULES = frozenset(("box", "rhino", "modules", "import"))
"""Packages that load files by names that are no texts."""
_BY_FOLDER = frozenset(("sourceDirectory", "load_all", "shinyAppDir", "source_dir", "loadSupport"))


def reached_by(
    code: Mapping[str, Tokens], entry: str = "", own: Collection[str] | None = None
) -> frozenset[str]:
    """Paths of the files that `entry`, or what Shiny and R load by themselves, lead to.

    A file is led to where a text in the code names it: `source("helpers.R")`; or, in code that loads files by
    computed names, its folder or its name without the ending: `lapply(list.files("modules"), source)`.
    This errs on the side of too many; but those that are not the app's `own` count only if named.
    """
    mine = {path: code[path] for path in code if own is None or path in own}
    if entry.lower().rpartition("/")[2] in _SITES:
        return frozenset(mine)
    exact, loose = _index(code, _file_names), _index(mine, lambda path: _other_names(path, entry))
    names_of_files = {path.lower().rpartition("/")[2] for path in code}
    found: set[str] = set()
    waiting = [path for path in mine if path == entry or _starts(path, entry)]
    while waiting:
        path = waiting.pop()
        if path in found:
            continue
        found.add(path)
        words = _words(code[path])
        waiting += [led_to for word in words for led_to in exact.pop(word, ())]
        if _computes(code[path]):
            names = words | {token.text.lower() for token in code[path] if token.kind == "name"}
            led = [led_to for word in names for led_to in loose.pop(word, ())]
            if not led and len(found) + len(waiting) < len(code) and words.isdisjoint(names_of_files):
                return frozenset(mine) | found
            waiting += led
    return frozenset(found)


def _starts(path: str, entry: str) -> bool:
    """Beside the entry (or at the top), what starts an app; and what lies in R/ itself, as Shiny does."""
    folder, _, name = path.lower().rpartition("/")
    home = entry.lower().rpartition("/")[0]
    if folder == home and name in _STARTS:
        return True
    if not entry and folder == "" and is_document(path):
        return True
    loaded = f"{home}/{_AUTOLOADED}" if home else _AUTOLOADED
    return folder == loaded and not is_document(path)


def _words(code: Tokens) -> frozenset[str]:
    """The parts of all paths that the code's texts may be, in small letters."""
    texts = (token.text for token in code if token.kind == "string")
    return frozenset(part.lower() for text in texts if len(text) < 300 for part in _SPLIT.split(text) if part)


def _computes(code: Tokens) -> bool:
    """Does it load files in a way that does not tell which?"""
    for index, token in enumerate(code):
        if token.kind != "name":
            continue
        if token.text in _MODULES and at(code, index + 1).is_mark("::"):
            return True
        if token.text in _BY_FOLDER and is_call(code, index):
            return True
        if token.text in _READING and _is_computed(code, index):
            return True
    return False


def _is_computed(code: Tokens, index: int) -> bool:
    if at(code, index - 1).is_mark("$", "@") or at(code, index + 1).is_mark("=", "<-", "<<-"):
        return False
    if not is_call(code, index):
        return at(code, index + 1).is_mark(",", ")")
    given = arguments(code, index + 1)
    value = given.get("file") or given.get("0") or []
    return not any(one.kind == "string" and one.text.lower().endswith(".r") for one in value)


def _index(code: Mapping[str, Tokens], names: Callable[[str], set[str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for path in code:
        for name in names(path):
            found.setdefault(name, []).append(path)
    return found


def _file_names(path: str) -> set[str]:
    return {path.lower().rpartition("/")[2]}


def _other_names(path: str, entry: str) -> set[str]:
    """Its name without the ending, and its folders below the entry's."""
    home = entry.lower().rpartition("/")[0]
    *folders, name = path.lower().split("/")
    own = folders[len(home.split("/")) if home and path.lower().startswith(f"{home}/") else 0 :]
    return {name.rpartition(".")[0], *own}
