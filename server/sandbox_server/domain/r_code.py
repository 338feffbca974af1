"""R's source as tokens, and the few shapes of it that tell which packages are used."""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

LONGEST_CALL = 400
"""Tokens of one call that are looked at: keeps hostile nesting cheap."""

DEEPEST = 20
"""Brackets of one call inside each other: with it, nested calls do not read each other's tokens over and over."""

_TOKEN = re.compile(
    r"""
    (?P<space>\s+|\#[^\n]*)
    | (?P<raw>[rR](?P<quote>["'])(?P<dashes>-*)(?P<bracket>[(\[{]))
    | (?P<string>"[^"\\]*(?:\\.[^"\\]*)*"?|'[^'\\]*(?:\\.[^'\\]*)*'?)
    | (?P<backtick>`[^`]*`?)
    | (?P<name>(?:[^\W\d_]|\.(?!\d))[\w.]*)
    | (?P<number>\.?\d[\w.]*)
    | (?P<mark>:::?|<<?-|\|>|%[^%\n]*%|.)
    """,
    re.VERBOSE | re.DOTALL,
)
_CLOSING = {"(": ")", "[": "]", "{": "}"}
_OPEN, _CLOSED = frozenset("([{"), frozenset(")]}")


class Token(NamedTuple):
    kind: str
    text: str
    line: int

    def is_mark(self, *marks: str) -> bool:
        return self.kind == "mark" and self.text in marks


Tokens = Sequence[Token]
_NOTHING = Token("end", "", 0)


def tokens(source: str, line: int = 1) -> Iterator[Token]:
    """R's tokens without space and comments. What is not closed reaches to the source's end."""
    at = 0
    while at < len(source):
        match = _TOKEN.match(source, at)
        if match is None:
            return
        kind, end = match.lastgroup or "mark", match.end()
        if match["raw"]:
            kind = "string"
            text, end = _raw(source, match)
        else:
            text = match[0][1:-1] if kind in ("string", "backtick") else match[0]
        if kind != "space":
            yield Token(kind, text, line)
        line += source.count("\n", at, end)
        at = end


def at(code: Tokens, index: int) -> Token:
    """Of kind "end" before the first and behind the last."""
    return code[index] if 0 <= index < len(code) else _NOTHING


def is_call(code: Tokens, index: int) -> bool:
    """Is this the name of a function that is called, and no member of an object?"""
    return at(code, index + 1).is_mark("(") and not at(code, index - 1).is_mark("$", "@")


def namespace(code: Tokens, index: int) -> str:
    """`pkg` for `name` in `pkg::name`."""
    return at(code, index - 2).text if at(code, index - 1).is_mark("::", ":::") else ""


def arguments(code: Tokens, index: int) -> dict[str, list[Token]]:
    """Arguments of the call whose "(" is at `index`, by name, or by position ("0", "1" …)."""
    found: dict[str, list[Token]] = {}
    current: list[Token] = []
    depth = 0
    if not at(code, index).is_mark("("):
        return found
    for token in code[index + 1 : index + LONGEST_CALL]:
        mark = token.text if token.kind == "mark" else ""
        if depth == 0 and mark in (",", ")"):
            _file(found, current)
            current = []
            if mark == ")":
                break
            continue
        depth += (mark in _OPEN) - (mark in _CLOSED)
        if not 0 <= depth <= DEEPEST:
            break
        current.append(token)
    return found


def opening(code: Tokens, index: int) -> int:
    """Where the call begins that `index` is an argument of: its "("; -1 if there is none near."""
    depth = 0
    for place in range(index - 1, max(-1, index - LONGEST_CALL), -1):
        token = code[place]
        if token.kind != "mark":
            continue
        if token.text in _OPEN:
            if depth == 0:
                return place if token.text == "(" else -1
            depth -= 1
        elif token.text in _CLOSED:
            depth += 1
            if depth > DEEPEST:
                break
    return -1


def strings(value: Tokens) -> list[Token]:
    """The literals of `"a"` or `c("a", x = "b")`; none if anything else is in it."""
    if len(value) == 1:
        return [value[0]] if value[0].kind == "string" else []
    if len(value) < 3 or value[0].text not in ("c", "list") or not value[1].is_mark("("):
        return []
    found: list[Token] = []
    for place, token in enumerate(value[2:-1], 2):
        if token.kind == "string" and not at(value, place + 1).is_mark("="):
            found.append(token)
        elif token.is_mark("(", ")", ",", "=") or at(value, place + 1).is_mark("=") or token.text == "c":
            continue
        else:
            return []
    return found


def living(code: Tokens) -> list[Token]:
    """Without what stands behind `if (FALSE)`."""
    kept: list[Token] = []
    index = 0
    while index < len(code):
        if _never(code, index):
            index = _behind(code, index + 4)
        else:
            kept.append(code[index])
            index += 1
    return kept


def _raw(source: str, match: re.Match[str]) -> tuple[str, int]:
    closing = _CLOSING[match["bracket"]] + match["dashes"] + match["quote"]
    end = source.find(closing, match.end())
    return (source[match.end() : end], end + len(closing)) if end >= 0 else ("", len(source))


def _file(found: dict[str, list[Token]], value: list[Token]) -> None:
    if len(value) > 1 and value[1].is_mark("="):
        found[value[0].text] = value[2:]
    elif value:
        found[str(sum(name.isdigit() for name in found))] = value


def _never(code: Tokens, index: int) -> bool:
    return (
        code[index].text == "if"
        and code[index].kind == "name"
        and at(code, index + 1).is_mark("(")
        and at(code, index + 2).text in ("FALSE", "F", "0")
        and at(code, index + 2).kind in ("name", "number")
        and at(code, index + 3).is_mark(")")
    )


def _behind(code: Tokens, index: int) -> int:
    """The end of one expression: a block in braces, or what is open at a line's end."""
    depth, start = 0, index
    while index < len(code):
        token = code[index]
        depth += (token.kind == "mark" and token.text in _OPEN) - (
            token.kind == "mark" and token.text in _CLOSED
        )
        index += 1
        if depth < 0:
            return index - 1
        ends = code[start].is_mark("{") or at(code, index).line != token.line
        if depth == 0 and (ends or at(code, index).text in ("else", ";")):
            return index
    return index
