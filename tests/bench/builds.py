"""Libraries: found again, one package more, from nothing, and several at the same time; beside plain apt-get."""

import asyncio
import secrets
import subprocess
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from statistics import median
from typing import TypeVar

from tests.bench.table import Row, at_most, compared
from tests.building import layer_of, need_base

from sandbox_server.builder import Base, DockerBuilder, Engine, Library

T = TypeVar("T")

ROUNDS = 5
MANY = 60
LABEL = "sandbox-bench-build"

OFFERED = """
zoo xts lmtest sandwich car lme4 survival mgcv nlme quantreg plm forecast tseries fracdiff timedate caret
recipes rpart randomforest e1071 class nnet kernlab glmnet gbm ranger xgboost pls ggrepel ggridges patchwork cowplot
gridextra viridis rcolorbrewer ggthemes ggforce ggsci corrplot pheatmap psych vegan ape igraph tidygraph ggraph
sp sf terra raster classint units rcpparmadillo rcppeigen bh matrixstats reshape2 plyr gtools gdata
abind modelr broom janitor rio haven openxlsx writexl fs here glue cli rvest xml2 dbplyr rmysql pool
shinydashboard shinycssloaders shinyfiles shinytest2 crosstalk htmltable kableextra flextable officer
digest bit64 hms vctrs tidyselect zip arrow mice amelia mclust cluster fpc dendextend
"""
"""R packages, of which Debian has most ready built; in small letters."""


class Said:
    """The report of a build: how many times something was installed."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def line(self, text: str) -> None:
        self.lines.append(text)

    def step(self, words: str) -> None:
        pass


def measure(rounds: int = ROUNDS) -> list[Row]:
    return asyncio.run(_measure(rounds))


async def _measure(rounds: int) -> list[Row]:
    await need_base()
    base = await _once(lambda builder: builder.base())
    offered = [base.available[name].name for name in OFFERED.split() if name in base.available]
    many, more = offered[:MANY], offered[MANY : MANY + 8]
    assert len(many) == MANY, len(many)
    return [
        *await _first(base, many, max(3, rounds - 2)),
        *await _again_and_one_more(base, many, more, rounds),
        *await _at_once(base, more[:4], 3),
    ]


async def _first(base: Base, many: list[str], rounds: int) -> list[Row]:
    ours, theirs = [], []
    for _ in range(rounds):
        ours.append(await _once(lambda builder: _timed(builder.library(base, _library(many), Said()))))
        theirs.append(await _apt(base.image, many))
    return [
        compared(
            f"first build of a library: {MANY} ready-built packages (median of {rounds})", ours, theirs, "s",
            "apt-get install of the same", "≤ 1.2", at_most(1.2),
        )
    ]  # fmt: skip


async def _again_and_one_more(base: Base, many: list[str], more: list[str], rounds: int) -> list[Row]:
    builder, folder = _builder(), tempfile.TemporaryDirectory(prefix=LABEL)
    ours, theirs, shares, said = [], [], [], Said()
    try:
        below = await builder.library(base, _library(many), Said())
        for name in more[:rounds]:
            ours.append(await _timed(builder.library(base, _library([*many, name]), Said())))
            theirs.append(await _apt(below, [name], commit=True))
        for number in range(rounds):
            looked = await _timed(builder.library(base, _library(many), said))
            layer = layer_of({"app.R": f"# {number}\n".encode()}, Path(folder.name))
            coded = await _timed(builder.code(below, layer))
            shares.append(looked / (looked + coded))
    finally:
        await _end(builder)
        folder.cleanup()
    return [
        Row("unchanged packages: what is installed", str(len(said.lines)), target="0", met=not said.lines),
        Row("the same: share of the build spent on packages", f"{median(shares):.0%}"),
        compared(
            f"one package more in a library of {MANY} (median of {len(ours)})", ours, theirs, "s",
            "apt-get install of that one, commit", "≤ 1.5", at_most(1.5),
        ),
    ]  # fmt: skip


async def _at_once(base: Base, names: Sequence[str], rounds: int) -> list[Row]:
    """Each in a library of its own."""
    together, after_another = [], []
    for _ in range(rounds):
        together.append(await _once(lambda builder: _timed(_together(builder, base, names))))
        after_another.append(await _once(lambda builder: _timed(_in_turn(builder, base, names))))
    return [
        compared(
            f"{len(names)} builds at the same time (median of {rounds})", together, after_another, "s",
            "one after another", "< 1", lambda ratio: ratio < 1,
        )
    ]  # fmt: skip


async def _together(builder: DockerBuilder, base: Base, names: Sequence[str]) -> None:
    await asyncio.gather(*(builder.library(base, _library([name]), Said()) for name in names))


async def _in_turn(builder: DockerBuilder, base: Base, names: Sequence[str]) -> None:
    for name in names:
        await builder.library(base, _library([name]), Said())


async def _apt(image: str, packages: list[str], *, commit: bool = False) -> float:
    """What somebody types who has no Sandbox."""
    name = f"{LABEL}-{secrets.token_hex(4)}"
    script = 'apt-get -q update && apt-get -q -y --no-install-recommends install "$@"'
    began = time.monotonic()
    try:
        await _run("docker", "run", "--name", name, image, "sh", "-c", script, "sh", *packages)
        if commit:
            await _run("docker", "commit", name, name)
        return time.monotonic() - began
    finally:
        await _run("docker", "rm", "-f", name)
        if commit:
            await _run("docker", "rmi", "-f", name)


async def _run(*command: str) -> None:
    done = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


async def _timed(work: Awaitable[object]) -> float:
    began = time.monotonic()
    await work
    return time.monotonic() - began


async def _once(work: Callable[[DockerBuilder], Awaitable[T]]) -> T:
    """With a builder of its own, of which nothing is left."""
    builder = _builder()
    try:
        return await work(builder)
    finally:
        await _end(builder)


def _builder() -> DockerBuilder:
    return DockerBuilder("b" + secrets.token_hex(3)[:5], engine=Engine())


async def _end(builder: DockerBuilder) -> None:
    await builder.destroy()
    await builder.close()


def _library(names: Sequence[str]) -> Library:
    return Library(debian=frozenset(names))
