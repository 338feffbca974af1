"""The calls of R code that load packages which are named on the spot."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from sandbox_server.domain.r_code import Token, Tokens, arguments, at, is_call, namespace, strings

ATTACHING = frozenset(("library", "require"))
NAMESPACE = frozenset(("requireNamespace", "loadNamespace", "attachNamespace", "getNamespace", "asNamespace"))
TRYING = frozenset(("require", "requireNamespace"))
"""These answer FALSE for what is not there."""
LOADING = ATTACHING | NAMESPACE


class Found(NamedTuple):
    """A package that code names."""

    package: str
    line: int
    tried: bool = False
    """The code only asks whether it is there."""


def loaded(code: Tokens, index: int) -> Iterator[Found]:
    """Packages that the token at `index` loads: a name before `::`, or a call of a known function."""
    token = code[index]
    if token.kind in ("name", "string", "backtick") and at(code, index + 1).is_mark("::", ":::"):
        if not _installs(at(code, index + 2).text):
            yield Found(token.text, token.line)
    elif token.kind == "name" and is_call(code, index):
        owner = namespace(code, index)
        if token.text in LOADING and owner in ("", "base"):
            yield from _library(token, arguments(code, index + 1))
        elif reader := _reader(token.text, owner):
            yield from reader(arguments(code, index + 1))


def is_only_for_installing(code: Tokens, index: int) -> bool:
    """`install_github` and the like; true for its name or for the package before its `::`."""
    return _installs(code[index].text)


Arguments = dict[str, list[Token]]
Reader = Callable[[Arguments], Iterator[Found]]


def _reader(name: str, package: str) -> Reader | None:
    for (owner, function), reader in _TABLE.items():
        if name == function and (package == owner or (not package and owner in _ALSO_ATTACHED)):
            return reader
    return _anywhere(name) if package in ("", "base", "utils") else None


def _anywhere(name: str) -> Reader | None:
    return {
        "use": _use,
        "data": _data,
        "system.file": _asked,
        "packageVersion": _version,
        "getFromNamespace": _from_namespace,
        "foreach": _foreach,
    }.get(name)


def _installs(name: str) -> bool:
    return name.startswith("install") and name[7:8] in ("", ".", "_")


def _library(call: Token, given: Arguments) -> Iterator[Found]:
    value = given.get("package") or given.get("0") or []
    tried = call.text in TRYING
    if named := strings(value):
        yield from (Found(one.text, one.line, tried) for one in named)
    elif call.text in ATTACHING and "character.only" not in given:
        yield from (Found(one.text, call.line, tried) for one in _bare(value))


def _bare(value: list[Token]) -> list[Token]:
    """`pkg`, or the names in `c(a, b)`."""
    if len(value) == 1:
        return value if value[0].kind in ("name", "backtick") else []
    if len(value) > 3 and value[0].text == "c" and value[1].is_mark("("):
        inner = value[2:-1]
        if all(one.kind in ("name", "string", "backtick") or one.is_mark(",") for one in inner):
            return [one for one in inner if not one.is_mark(",")]
    return []


def _each(given: Arguments) -> Iterator[Found]:
    """`p_load(a, "b", char = c("c"))`."""
    for name, value in given.items():
        if name.isdigit():
            for one in strings(value) or ([] if "character.only" in given else _bare(value)):
                yield Found(one.text.rpartition("/")[2].partition("@")[0], one.line)
            if len(value) > 2 and value[1].is_mark("/"):
                yield Found(value[2].text, value[2].line)
        elif name == "char":
            yield from (Found(one.text, one.line) for one in strings(value))


def _first(given: Arguments) -> Iterator[Found]:
    value = given.get(".from") or given.get("from") or given.get("0") or []
    if len(value) == 1 and value[0].kind in ("name", "string", "backtick") and "/" not in value[0].text:
        yield Found(value[0].text, value[0].line)


def _box(given: Arguments) -> Iterator[Found]:
    """`box::use(pkg, alias = pkg, pkg[name])`; `./file` and `folder/file` are files of the app."""
    for value in given.values():
        if not value or value[0].kind not in ("name", "string", "backtick"):
            continue
        if value[0].text.strip(".") and (len(value) == 1 or value[1].is_mark("[")):
            yield Found(value[0].text, value[0].line)


def _use(given: Arguments) -> Iterator[Found]:
    value = given.get("package") or given.get("0") or []
    if len(value) == 1 and value[0].kind == "string":
        yield Found(value[0].text, value[0].line)


def _data(given: Arguments) -> Iterator[Found]:
    yield from (Found(one.text, one.line) for one in strings(given.get("package", [])))


def _asked(given: Arguments) -> Iterator[Found]:
    yield from (Found(one.text, one.line, tried=True) for one in strings(given.get("package", [])))


def _version(given: Arguments) -> Iterator[Found]:
    value = given.get("pkg") or given.get("0") or []
    yield from (Found(one.text, one.line, tried=True) for one in strings(value))


def _from_namespace(given: Arguments) -> Iterator[Found]:
    yield from (Found(one.text, one.line) for one in strings(given.get("ns") or given.get("1") or []))


def _foreach(given: Arguments) -> Iterator[Found]:
    yield from (Found(one.text, one.line) for one in strings(given.get(".packages", [])))


_TABLE: dict[tuple[str, str], Reader] = {
    ("pacman", "p_load"): _each,
    ("librarian", "shelf"): _each,
    ("librarian", "stock"): _each,
    ("xfun", "pkg_attach"): _each,
    ("xfun", "pkg_attach2"): _each,
    ("xfun", "pkg_load"): _each,
    ("xfun", "pkg_load2"): _each,
    ("import", "from"): _first,
    ("import", "here"): _first,
    ("import", "into"): _first,
    ("box", "use"): _box,
    ("modules", "import"): _first,
    ("foreach", "foreach"): _foreach,
}
_ALSO_ATTACHED = frozenset(("pacman", "librarian", "xfun"))
"""Their functions have names of their own, and are also called without `pkg::`."""
