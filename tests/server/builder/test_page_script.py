"""The scripts in the head of every app's page."""

import tarfile
from pathlib import Path

import pytest

from sandbox_server.builder.base import CodeLayer
from sandbox_server.builder.recipe import OWNED, starting
from sandbox_server.domain.archive import repack
from sandbox_server.runtime.request import BOOKMARKS, USER


@pytest.mark.parametrize(
    ("file", "gaps"), [("page.js", ["WORKER"]), ("frame.js", ["FACTS", "INPUTS"]), ("inputs.js", [])]
)
def test_it_goes_with_the_runner_and_ends_no_script_tag(file: str, gaps: list[str]) -> None:
    script = starting(CodeLayer(Path("none"), "0", {}))[f"opt/sandbox/runner/{file}"].decode(
        "ascii", "replace"
    )
    assert [gap for gap in ("WORKER", "FACTS", "INPUTS") for _ in range(script.count(gap))] == gaps
    assert "</script" not in script.lower()
    assert "<!--" not in script


def test_the_folder_of_bookmarks_is_where_the_volume_comes_and_belongs_to_the_app(tmp_path: Path) -> None:
    assert {BOOKMARKS.removeprefix("/"): USER} == OWNED
    with tarfile.open(tmp_path / "in.tar.gz", "w:gz") as bundle:
        bundle.addfile(tarfile.TarInfo("app.R"))
    with (tmp_path / "out.tar").open("wb") as made:
        repack(tmp_path / "in.tar.gz", made, owned=OWNED)
    with tarfile.open(tmp_path / "out.tar") as layer:
        owners = {entry.name: (entry.uid, entry.gid) for entry in layer}
    assert owners["opt/sandbox/bookmarks"] == (USER, USER)
    assert owners["opt/sandbox"] == (0, 0)
