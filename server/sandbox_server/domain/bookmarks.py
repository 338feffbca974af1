"""Does an app keep its users' bookmarks on the server? Shiny writes them beside the app, which does not last here."""

from collections.abc import Mapping, Sequence

from sandbox_server.domain import r_code
from sandbox_server.domain.app_code import is_code
from sandbox_server.domain.r_code import Token, Tokens

_NAMES = ("enableBookmarking", "bookmarkStore")
"""A function of Shiny's and an argument of `shinyApp`; an option."""


def keeps_bookmarks(texts: Mapping[str, str]) -> bool:
    """By the code of a bundle, path → text. A mention too many costs an empty volume."""
    return any(_keeps(text) for path, text in texts.items() if is_code(path) and "ookmark" in text)


def _keeps(source: str) -> bool:
    code = list(r_code.tokens(source))
    return any(_says_so(code, index) for index, token in enumerate(code) if token.text in _NAMES)


def _says_so(code: Tokens, index: int) -> bool:
    if r_code.at(code, index + 1).is_mark("=", "<-"):
        return _is_server([r_code.at(code, index + 2)])
    given = r_code.arguments(code, index + 1) if r_code.is_call(code, index) else {}
    return _is_server(given.get("store", given.get("0", [])))


def _is_server(value: Sequence[Token]) -> bool:
    return [(token.kind, token.text) for token in value] == [("string", "server")]
