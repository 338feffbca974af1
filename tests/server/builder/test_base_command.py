"""The base's recipe, as the values that mmdebstrap and the engine are given."""

from pathlib import Path

import anyio
import pytest

from sandbox_server.builder import Engine, make_base
from sandbox_server.builder.base_image import ROOM, SUITES, base_tag, changes, command, read_recipe, sources
from sandbox_server.errors import Unavailable


def test_the_recipe_has_what_a_laptop_has() -> None:
    packages = read_recipe().packages
    assert {"r-base-core", "r-cran-shiny", "r-cran-bslib", "pandoc", "tzdata", "fonts-dejavu-core"} <= set(
        packages
    )
    assert len(packages) == len(set(packages))


def test_what_a_suite_has_not_is_left_out() -> None:
    included = {
        suite: command(read_recipe(), suite, "http://mirror.example", Path("finish.sh"))
        for suite in SUITES.values()
    }
    assert "r-cran-renv" in _included(included["trixie"])
    assert "r-cran-renv" not in _included(included["bookworm"])


def test_a_base_has_compilers_and_odbc() -> None:
    packages = read_recipe().packages
    assert {"g++", "gfortran", "make", "unixodbc", "tdsodbc", "odbc-postgresql"} <= set(packages)


def test_suite_and_mirror_are_arguments_of_their_own() -> None:
    arguments = command(read_recipe(), "trixie", "http://mirror.example/debian", Path("/recipe/finish.sh"))
    assert arguments[0] == "mmdebstrap"
    assert arguments[-5:] == [
        "trixie",
        "-",
        "deb http://mirror.example/debian trixie main",
        "deb http://mirror.example/debian trixie-updates main",
        "deb http://mirror.example/debian-security trixie-security main",
    ]
    assert "--customize-hook=/recipe/finish.sh" in arguments


def test_a_mirror_of_another_shape_is_taken_alone() -> None:
    assert sources("trixie", "http://mirror.example/deb") == ["deb http://mirror.example/deb trixie main"]


def test_the_image_is_labelled_as_a_base_of_no_platform() -> None:
    labels = [change for change in changes(read_recipe(), "d1ge57") if change.startswith("LABEL")]
    assert labels == ["LABEL sandbox.base=1", "LABEL sandbox.base.recipe=d1ge57", "LABEL sandbox.role=base"]


def test_the_image_speaks_utf_8() -> None:
    assert "ENV LANG=en_US.UTF-8" in changes(read_recipe(), "d1ge57")


def test_each_suite_has_its_tag() -> None:
    assert base_tag("trixie") == "sandbox-base:trixie"


@pytest.mark.anyio
async def test_a_machine_without_mmdebstrap_is_told_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("os.geteuid", lambda: 0)
    with pytest.raises(Unavailable) as refusal, anyio.fail_after(5):
        await make_base(Engine("tcp://127.0.0.1:1"), "trixie", "http://mirror.example", tmp_path, print)
    assert "apt-get install mmdebstrap" in refusal.value.hint


@pytest.mark.anyio
async def test_making_a_base_needs_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    with pytest.raises(Unavailable, match="root"):
        await make_base(Engine("tcp://127.0.0.1:1"), "trixie", "http://mirror.example", tmp_path, print)


def test_the_room_that_is_asked_for_is_what_the_docstring_says() -> None:
    assert ROOM == 3 * 1024**3


def _included(arguments: list[str]) -> list[str]:
    [names] = [one for one in arguments if one.startswith("--include=")]
    return names.removeprefix("--include=").split(",")
