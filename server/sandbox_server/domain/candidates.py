"""What one folder of a bundle could start, told by the names of its files and a look into them."""

import re
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from sandbox_server.domain.kind import Detected, Kind, Read
from sandbox_server.domain.r_code import opening, tokens

_MOST_SCRIPTS = 200
_MOST_PLACES = 10
"""Places of one file that look like a sign and are read as R code."""
_BEFORE = 300
"""Characters of a line that are read before such a place: with it, hostile lines stay cheap."""
_HERE = "\0"
_PREAMBLE = re.compile(r"\s*---[ \t]*\n(?P<yaml>.*?)\n(---|\.\.\.)[ \t]*(\n|$)", re.DOTALL)
_SHINY_RUNTIME = re.compile(r"^runtime:\s*['\"]?shiny\w*", re.MULTILINE)
_SHINY_SERVER = re.compile(r"^server:[ \t]*(\n[ \t]+type:[ \t]*)?['\"]?shiny", re.MULTILINE)
_MAKES_APP = re.compile(r"\bshinyApp(Dir|File)?\s*\(|\brunApp\s*\(")
_RUNS = re.compile(r"\brunApp\s*\(")
_SERVER = re.compile(r"\bserver\.[rR]\b")
_PLUMBER_ROUTE = re.compile(
    r"^#['*]\s*@(get|post|put|delete|patch|head|use|plumber|apiTitle)\b", re.MULTILINE
)
_PLUMBER_CALL = re.compile(
    r"\bplumb(er)?\s*\(|\bplumber::|\bpr(_run|_get|_post)?\s*\(|\bPlumber\s*\$\s*new\b"
)
_SHINY = re.compile("shiny", re.IGNORECASE)
_PLUMBER_ENGINE = re.compile(r"^engine:\s*['\"]?plumber['\"]?\s*$", re.MULTILINE)
_PROJECT_OF_PAGES = re.compile(r"^[ \t]+type:[ \t]*['\"]?(website|book|manuscript)", re.MULTILINE)


@dataclass(frozen=True)
class Folder:
    """One folder of a bundle; names are found whatever their case."""

    path: str
    files: dict[str, str]
    """Path below this folder in small letters → path in the bundle."""
    read: Read

    def file(self, name: str) -> str | None:
        return self.files.get(name)

    def text(self, name: str) -> str:
        path = self.files.get(name)
        return self.read(path).replace("\r\n", "\n") if path else ""

    def here(self, *endings: str) -> list[str]:
        """Names in small letters of files in the folder itself."""
        return sorted(name for name in self.files if "/" not in name and name.endswith(endings))

    def name(self, path: str) -> str:
        """A path of the bundle, as seen from here."""
        return path.removeprefix(f"{self.path}/") if self.path else path


def folder(paths: Iterable[str], path: str, read: Read) -> Folder:
    prefix = f"{path}/" if path else ""
    inside = {
        one.removeprefix(prefix).lower(): one for one in sorted(paths, reverse=True) if one.startswith(prefix)
    }
    return Folder(path, inside, read)


def strong(here: Folder) -> list[Detected]:
    """What the folder says by itself; more than one is a question for its author."""
    return app(here) or _documents(here, index_only=True) or _package(here)


def app(here: Folder) -> list[Detected]:
    """Of that, what answers by itself."""
    return [*_shiny(here), *_plumber(here)] or _interactive(here)


def weak(here: Folder) -> list[Detected]:
    """What it may be if nothing else is found."""
    return _scripts(here) or [*_documents(here, index_only=False), *_page(here)]


def groups(here: Folder) -> list[list[Detected]]:
    """All that the folder could be, the likeliest first; for whoever names a kind."""
    documents = [_documents(here, index_only=True), _package(here), _scripts(here)]
    return [
        _shiny(here),
        _plumber(here),
        _interactive(here),
        *documents,
        _documents(here, index_only=False),
        _page(here),
    ]


def document(here: Folder, name: str) -> Detected:
    """What an .Rmd or .qmd file is, by its head."""
    head = _head(here.text(name))
    interactive = _SHINY_RUNTIME.search(head) or _SHINY_SERVER.search(head)
    if name.endswith(".qmd"):
        kind = Kind.quarto_shiny if interactive else Kind.quarto
    else:
        kind = Kind.rmd_shiny if interactive else Kind.rmd
    said = f" says `{interactive[0].strip().splitlines()[0]}`" if interactive else ""
    return Detected(kind, here.files[name], f"{here.name(here.files[name])}{said}")


def script(here: Folder, name: str) -> Detected | None:
    """What a single .R file would start."""
    text, path = here.text(name), here.files[name]
    if _PLUMBER_ROUTE.search(text):
        return Detected(Kind.plumber, path, f"{here.name(path)} has Plumber's comments")
    if made := _evaluated(_MAKES_APP, text):
        return Detected(Kind.shiny, path, f"{here.name(path)} calls {made[0].rstrip('( ')}()")
    return None


def _shiny(here: Folder) -> list[Detected]:
    """Two files before app.R, as Shiny itself does; unless app.R reads or runs them."""
    server, beside = here.file("server.r"), here.file("ui.r") or here.file("www/index.html")
    app = here.file("app.r")
    if server and beside and not (app and _uses_server(here.text("app.r"))):
        return [Detected(Kind.shiny, server, f"{here.name(beside)} and {here.name(server)}")]
    if app and not _only_starts_plumber(here):
        return [Detected(Kind.shiny, app, here.name(app))]
    return []


def _only_starts_plumber(here: Folder) -> bool:
    code = here.text("app.r")
    return bool(_evaluated(_PLUMBER_CALL, code)) and not _evaluated(_SHINY, code)


def _plumber(here: Folder) -> list[Detected]:
    if (settings := here.file("_server.yml")) and _PLUMBER_ENGINE.search(here.text("_server.yml")):
        return [Detected(Kind.plumber, settings, f"{here.name(settings)} names the engine plumber")]
    entry = here.file("entrypoint.r")
    if entry and _PLUMBER_CALL.search(here.text("entrypoint.r")):
        return [Detected(Kind.plumber, entry, here.name(entry))]
    routes = here.file("plumber.r")
    return [Detected(Kind.plumber, routes, here.name(routes))] if routes else []


def _interactive(here: Folder) -> list[Detected]:
    found = [document(here, name) for name in _sources(here)]
    sessions = [one for one in found if one.kind.serves == "session"]
    return [one for one in sessions if _is_index(here.name(one.entry))][:1] or sessions


def _documents(here: Folder, *, index_only: bool) -> list[Detected]:
    if project := here.file("_quarto.yml") or here.file("_quarto.yaml"):
        name = here.name(project)
        pages = _PROJECT_OF_PAGES.search(here.text(name.lower()))
        return [
            Detected(Kind.quarto, project, f"{name}, a {pages[1]}" if pages else f"{name}, a Quarto project")
        ]
    sources = _sources(here)
    if index := next((name for name in sources if _is_index(name)), None):
        found = document(here, index)
        return [replace(found, why=f"{found.why} of a site (_site.yml)") if here.file("_site.yml") else found]
    return [] if index_only else [document(here, name) for name in sources]


def _package(here: Folder) -> list[Detected]:
    """An R package whose function runs the app, as golem makes them."""
    path = here.file("description")
    if not path or not re.search(r"^Package:", here.text("description"), re.MULTILINE):
        return []
    code = [name for name in here.files if re.fullmatch(r"r/[^/]*\.r", name)]
    for name in sorted(code, key=lambda name: (name != "r/run_app.r", name))[:_MOST_SCRIPTS]:
        if _evaluated(_MAKES_APP, here.text(name)):
            return [Detected(Kind.shiny, path, f"an R package, {here.name(here.files[name])} runs the app")]
    return []


def _scripts(here: Folder) -> list[Detected]:
    names = [name for name in here.here(".r") if name not in ("ui.r", "server.r", "global.r")]
    found = [script(here, name) for name in names[:_MOST_SCRIPTS]]
    return [one for one in found if one]


def _page(here: Folder) -> list[Detected]:
    page = here.file("index.html") or here.file("index.htm")
    return [Detected(Kind.static, page, here.name(page))] if page else []


def _sources(here: Folder) -> list[str]:
    """Documents, without what they are made of (`_part.Rmd`) and what explains a repository."""
    names = here.here(".rmd", ".qmd")
    return [name for name in names if not name.startswith("_") and name not in ("readme.rmd", "readme.qmd")]


def _is_index(name: str) -> bool:
    return name.lower() in ("index.rmd", "index.qmd", "ui.rmd", "ui.qmd")


def _uses_server(text: str) -> bool:
    return bool(_evaluated(_RUNS, text)) or _reads_server(text)


def _reads_server(text: str) -> bool:
    """Is there a `source("server.R")`?"""
    for _, before in _places(_SERVER, text):
        code = list(tokens(before))
        place = opening(code, len(code))
        while place > 0:
            if code[place - 1].text in ("source", "sys.source"):
                return True
            place = opening(code, place)
    return False


def _evaluated(sign: re.Pattern[str], text: str) -> re.Match[str] | None:
    """The first place of `sign` that is in no comment."""
    for match, before in _places(sign, text):
        last = deque(tokens(before + _HERE * 2), maxlen=1)
        if last and _HERE in last[0].text:
            return match
    return None


def _places(sign: re.Pattern[str], text: str) -> Iterator[tuple[re.Match[str], str]]:
    """Where `sign` is, and what stands before it on its line, as far as that is worth reading."""
    seen = 0
    for match in sign.finditer(text):
        near = text[max(0, match.start() - _BEFORE) : match.start()]
        before = near.rpartition("\n")[2]
        if not before.lstrip().startswith("#"):
            seen += 1
            yield match, before
        if seen >= _MOST_PLACES:
            return


def _head(text: str) -> str:
    match = _PREAMBLE.match(text)
    return match["yaml"] if match else ""
