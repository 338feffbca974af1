"""Which R packages one file uses."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from sandbox_server.domain.documents import implied, is_document, pieces
from sandbox_server.domain.loaders import Found, is_only_for_installing, loaded
from sandbox_server.domain.loops import looped
from sandbox_server.domain.r_code import (
    Token,
    Tokens,
    arguments,
    at,
    is_call,
    living,
    opening,
    strings,
    tokens,
)

MOST = 150_000
"""Lines and tokens of one file that are read; some 15,000 lines of code."""
_MOST_METHODS = 500
PACKAGE = re.compile(r"[A-Za-z][A-Za-z0-9.]*[A-Za-z0-9]")
BASE_R = frozenset(
    (
        "base",
        "compiler",
        "datasets",
        "graphics",
        "grDevices",
        "grid",
        "methods",
        "parallel",
        "splines",
        "stats",
        "stats4",
        "tcltk",
        "tools",
        "translations",
        "utils",
    )
)
"""Part of R itself."""

_UNSAID = {
    "includeMarkdown": "markdown",
    "knit2html": "markdown",
    "geom_hex": "hexbin",
    "stat_bin_hex": "hexbin",
    "stat_binhex": "hexbin",
    "map_data": "maps",
    "borders": "maps",
    "coord_map": "mapproj",
    "geom_sf": "sf",
    "coord_sf": "sf",
    "geom_quantile": "quantreg",
    "stat_quantile": "quantreg",
    "mean_cl_boot": "Hmisc",
    "mean_cl_normal": "Hmisc",
    "mean_sdl": "Hmisc",
    "median_hilow": "Hmisc",
    "src_sqlite": "RSQLite",
    "stemDocument": "SnowballC",
}
"""Functions that ask for a package which their own package only suggests."""
_MODELS = {
    "bayesglm": "arm",
    "earth": "earth",
    "gbm": "gbm",
    "glmnet": "glmnet",
    "ranger": "ranger",
    "rf": "randomForest",
    "svmLinear": "kernlab",
    "svmPoly": "kernlab",
    "svmRadial": "kernlab",
    "treebag": "ipred",
    "xgbTree": "xgboost",
}
"""Methods of caret's `train()`, and the packages that it asks for then."""
_GIT = re.compile(r"(?:(?:p_)?install(?:_load)?|p_load(?:_current)?)_(?:github|gitlab|bitbucket|git|gh)")


@dataclass(frozen=True)
class Installation:
    """The code installs a package from elsewhere when it runs."""

    line: int
    what: str
    host: str


@dataclass(frozen=True)
class Scanned:
    code: Tokens
    found: tuple[Found, ...]
    installations: tuple[Installation, ...]
    effort: int
    """Lines and tokens that were read."""
    whole: bool


def scan(path: str, text: str, most: int = MOST) -> Scanned:
    """What `path`, an R file or a document, says of packages, in its first `most` lines and tokens.

    Packages of R itself are left out.
    """
    lines = text.count("\n") + 1
    if lines > most:
        text = "\n".join(text.split("\n", most)[:most])
    left = max(0, most - lines)
    read = list(islice(_tokens(path, text), left))
    code = living(read)
    found = list(implied(path, text)) if is_document(path) else []
    for index in range(len(code)):
        if not is_only_for_installing(code, index):
            found += loaded(code, index)
    found += looped(code)
    found += _unsaid(code)
    return Scanned(
        tuple(code),
        tuple(one for one in found if _is_package(one)),
        tuple(_installed(code)),
        effort=min(most, lines) + len(read),
        whole=lines <= most and len(read) < max(left, 1),
    )


def _tokens(path: str, text: str) -> Iterator[Token]:
    """R's tokens, with the lines of the file."""
    if not is_document(path):
        return tokens(text)
    return (token for piece in pieces(path, text) for token in tokens(piece.code, piece.line))


def _is_package(found: Found) -> bool:
    return (
        found.package not in BASE_R and len(found.package) <= 100 and bool(PACKAGE.fullmatch(found.package))
    )


def _unsaid(code: Tokens) -> Iterator[Found]:
    for token in code:
        if token.kind in ("name", "string") and (package := _UNSAID.get(token.text)):
            yield Found(package, token.line, tried=True)
    methods = (index for index, token in enumerate(code) if token.kind == "string" and token.text in _MODELS)
    for index in islice(methods, _MOST_METHODS):
        if _is_method(code, index):
            yield Found(_MODELS[code[index].text], code[index].line, tried=True)
    names = {token.text: token.line for token in code if token.kind == "name"}
    if "tbl" in names and names.keys() & {"dbConnect", "dbPool", "src_sqlite"}:
        yield Found("dbplyr", names["tbl"], tried=True)


def _is_method(code: Tokens, index: int) -> bool:
    """Does `method = "…"` of a call of `train()` end here?"""
    return at(code, index - 2).text == "method" and at(code, opening(code, index) - 1).text == "train"


def _installed(code: Tokens) -> Iterator[Installation]:
    for index, token in enumerate(code):
        if token.kind == "name" and _GIT.fullmatch(token.text) and is_call(code, index):
            given = arguments(code, index + 1)
            host = "GitLab" if "gitlab" in token.text else "GitHub"
            host = "git" if token.text.endswith(("_git", "bitbucket")) else host
            for one in strings(given.get("repo") or given.get("0") or []):
                yield Installation(token.line, one.text[:100], host)
        elif token.kind == "name" and token.text == "shelf" and is_call(code, index):
            for value in arguments(code, index + 1).values():
                if len(value) == 3 and value[1].is_mark("/"):
                    yield Installation(token.line, f"{value[0].text}/{at(value, 2).text}"[:100], "GitHub")
