"""Packages that R code names in a vector and loads one by one: `lapply(packages, library, …)` and its kin."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from itertools import islice

from sandbox_server.domain.loaders import ATTACHING, LOADING, TRYING, Found
from sandbox_server.domain.r_code import (
    DEEPEST,
    LONGEST_CALL,
    Token,
    Tokens,
    arguments,
    at,
    is_call,
    opening,
    strings,
)

_FURTHEST = 300
"""Tokens that are looked back for the function around a call."""
_SHORT = 12
"""Tokens between a function's head and what it calls, if it has no braces."""
_LONGEST = 500
"""Literals that are kept under one name."""
_MOST = 200
"""Calls of one file that are followed."""
_APPLYING = frozenset(
    (
        "lapply",
        "sapply",
        "vapply",
        "mapply",
        "Map",
        "Filter",
        "Reduce",
        "do.call",
        "llply",
        "l_ply",
        "for_each",
    )
)
_PIPES = frozenset(("|>", "%>%"))


def looped(code: Tokens) -> Iterator[Found]:
    """Vectors of literals that end in `library(x, character.only = TRUE)`, wherever that stands."""
    yield from _Reading(code).read()


@dataclass
class _Reading:
    code: Tokens
    vectors: dict[str, list[Token]] = field(default_factory=dict)
    """Literals by the name that they are assigned to."""
    loops: dict[str, list[Token]] = field(default_factory=dict)
    """What `for (name in …)` goes through."""
    loaders: dict[str, bool] = field(default_factory=dict)
    """The app's own functions that load what they are given → do they only try?"""

    def read(self) -> Iterator[Found]:
        self._learn()
        dynamic = [index for index in range(len(self.code)) if self._loads_a_name(index)][:_MOST]
        for index in dynamic:
            yield from self._followed(index)
        for names in (LOADING, self.loaders):
            for index in self._named(names):
                yield from self._handed_over(index)

    def _learn(self) -> None:
        loops: list[tuple[str, int]] = []
        for index, token in enumerate(self.code):
            if token.is_mark("<-", "<<-", "=") and at(self.code, index - 1).kind in ("name", "backtick"):
                self._keep(self.vectors, self.code[index - 1].text, self._literals(index + 1))
            elif token.text == "for" and token.kind == "name" and at(self.code, index + 3).text == "in":
                loops.append((at(self.code, index + 2).text, index + 4))
        for name, index in loops:
            value = self._literals(index) or self.vectors.get(at(self.code, index).text, [])
            self._keep(self.loops, name, value)

    def _keep(self, where: dict[str, list[Token]], name: str, found: list[Token]) -> None:
        known = where.setdefault(name, []) if found else []
        known += found[: _LONGEST - len(known)] if len(known) < _LONGEST else []

    def _named(self, names: Collection[str]) -> list[int]:
        """Where these names stand without being called as `library(x)` is: beside a comma or a bracket."""
        found = (
            index
            for index, token in enumerate(self.code)
            if token.text in names
            and token.kind in ("name", "string")
            and (names is self.loaders or not at(self.code, index + 1).is_mark("("))
        )
        return list(islice(found, _MOST))

    def _literals(self, index: int) -> list[Token]:
        """Of the value that begins at `index`."""
        first = at(self.code, index)
        if first.kind == "string":
            return [first]
        if first.text not in ("c", "list") or not at(self.code, index + 1).is_mark("("):
            return []
        depth = 0
        for end in range(index + 1, min(len(self.code), index + LONGEST_CALL)):
            depth += self.code[end].is_mark("(") - self.code[end].is_mark(")")
            if depth == 0 or depth > DEEPEST:
                return strings(self.code[index : end + 1])
        return []

    def _loads_a_name(self, index: int) -> bool:
        token = self.code[index]
        if token.kind != "name" or token.text not in LOADING or not is_call(self.code, index):
            return False
        given = arguments(self.code, index + 1)
        value = given.get("package") or given.get("0") or []
        if len(value) != 1 or value[0].kind != "name":
            return False
        return token.text not in ATTACHING or "character.only" in given or bool(self.loops.get(value[0].text))

    def _followed(self, index: int) -> Iterator[Found]:
        """What the variable in `library(x, character.only = TRUE)` may hold."""
        given = arguments(self.code, index + 1)
        name = (given.get("package") or given["0"])[0].text
        tried = self.code[index].text in TRYING
        values = self._given_to_function(index, name, tried=tried)
        if values is None:
            values = self.loops.get(name) or self.vectors.get(name, [])
        yield from (Found(one.text, one.line, tried) for one in values)

    def _given_to_function(self, index: int, name: str, *, tried: bool) -> list[Token] | None:
        """What the function around a call is applied to, if `name` is its parameter; None if it is not."""
        for place in self._enclosing(index):
            formula = name in (".", ".x") and self.code[place].is_mark("~")
            if not formula and name not in parameters(self.code, place):
                continue
            before = at(self.code, place - 1)
            if before.is_mark("<-", "=", "<<-") and at(self.code, place - 2).kind == "name":
                own = self.code[place - 2].text
                self.loaders[own] = self.loaders.get(own, True) and tried
                return []
            return self._applied_to(opening(self.code, place))
        return None

    def _enclosing(self, index: int) -> Iterator[int]:
        """The functions and formulas around a place, the nearest first."""
        depth, opened = 0, set[int]()
        for place in range(index - 1, max(-1, index - _FURTHEST), -1):
            token = self.code[place]
            if token.is_mark(")", "]", "}"):
                depth += 1
            elif token.is_mark("(", "[", "{"):
                depth -= 1
                if depth < 0:
                    depth = 0
                    opened.add(place)
            elif token.is_mark("~") and depth == 0:
                yield place
            elif token.text in ("function", "\\") and token.kind in ("name", "mark") and depth == 0:
                body = _body(self.code, place)
                if body in opened or (not at(self.code, body).is_mark("{") and index - body < _SHORT):
                    yield place

    def _handed_over(self, index: int) -> Iterator[Found]:
        """`lapply(packages, library)`, or a call of the app's own loading function."""
        token = self.code[index]
        tried = self.loaders.get(token.text, token.text in TRYING)
        if token.text in self.loaders and is_call(self.code, index):
            value = arguments(self.code, index + 1).get("0", [])
            values = self._values(value)
        elif at(self.code, index + 1).is_mark(",", ")") and self._is_later_argument(index):
            bracket = opening(self.code, index)
            name = self._only_name(bracket)
            given = self._given_to_function(bracket, name, tried=tried) if name else None
            values = given if given is not None else self._applied_to(bracket)
        else:
            values = []
        yield from (Found(one.text, one.line, tried) for one in values)

    def _is_later_argument(self, index: int) -> bool:
        before = at(self.code, index - 1)
        return before.is_mark(",", "=") or (before.is_mark("(") and self.code[index].kind == "name")

    def _only_name(self, bracket: int) -> str:
        """`x` in `lapply(x, library)`."""
        given = arguments(self.code, bracket) if bracket > 0 else {}
        value = given.get("X") or given.get(".x") or given.get("0") or []
        return value[0].text if len(value) == 1 and value[0].kind == "name" else ""

    def _applied_to(self, bracket: int) -> list[Token]:
        """The vector of `lapply(vector, …)`, or of `vector |> lapply(…)`."""
        if bracket < 1 or self.code[bracket - 1].kind != "name" or self.code[bracket - 1].text in LOADING:
            return []
        name = self.code[bracket - 1].text
        if name not in _APPLYING and not name.startswith(("map", "walk")):
            return []
        given = arguments(self.code, bracket)
        for key in ("X", ".x", "0", "1"):
            if found := self._values(given.get(key, [])):
                return found
        place = bracket - 2
        if at(self.code, place).is_mark("::"):
            place -= 2
        return self._values(self._piped(place)) if at(self.code, place).text in _PIPES else []

    def _piped(self, pipe: int) -> list[Token]:
        if not at(self.code, pipe - 1).is_mark(")"):
            return [at(self.code, pipe - 1)]
        start = opening(self.code, pipe - 1)
        return list(self.code[start - 1 : pipe]) if start > 0 else []

    def _values(self, value: list[Token]) -> list[Token]:
        if len(value) == 1 and value[0].kind == "name":
            return self.vectors.get(value[0].text, [])
        return strings(value)


def parameters(code: Tokens, index: int) -> list[str]:
    """Of the function whose `function` or `\\` is at `index`."""
    given = arguments(code, index + 1)
    return [value[0].text if name.isdigit() else name for name, value in given.items() if value]


def _body(code: Tokens, index: int) -> int:
    """Where the body begins of the function whose `function` is at `index`."""
    depth = 0
    for place in range(index + 1, min(len(code), index + LONGEST_CALL)):
        depth += code[place].is_mark("(") - code[place].is_mark(")")
        if depth == 0:
            return place + 1
    return len(code)
