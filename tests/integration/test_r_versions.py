"""The R that a lock names picks the base; one that this machine cannot make is said to be missing."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.integration.platform import NO_BROWSER, Platform, deployment_host

pytestmark = [pytest.mark.engine]

APP = """\
library(shiny)
shinyApp(fluidPage(p(paste("this is R", getRversion()))), function(input, output) NULL)
"""


@pytest.fixture(scope="module")
def platform(base_image: None) -> Iterator[Platform]:
    made = Platform(chromium=NO_BROWSER, cran="", bioconductor="")
    try:
        made.start()
        yield made
    finally:
        made.destroy()


def locked(folder: Path, r: str, more: str = "") -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "app.R").write_text(APP)
    (folder / "renv.lock").write_text(json.dumps({"R": {"Version": r}, "Packages": {}}))
    (folder / "sandbox.toml").write_text(more)
    return folder


def test_the_same_minor_version_serves_with_a_notice(platform: Platform, tmp_path: Path) -> None:
    made = platform.deploy(locked(tmp_path, "4.5.77"), "near")

    shown = platform.deployment("near", made["deployment"])
    assert any("serves for R 4.5.77" in notice for notice in shown["notices"])
    assert shown["drift"] == []


def test_another_version_gets_a_base_of_its_own(platform: Platform, tmp_path: Path) -> None:
    made = platform.deploy(locked(tmp_path, "4.2.2"), "older")

    assert "this is R 4.2.2" in platform.get(deployment_host("older", made["deployment"])).text
    assert platform.deployment("older", made["deployment"])["r_version"] == "4.2.2"


def test_a_version_that_nobody_has_is_refused_with_the_command(platform: Platform, tmp_path: Path) -> None:
    error = platform.sandbox("deploy", locked(tmp_path, "3.6.3"), "--app", "ancient").error

    assert error["code"] == "build_failed"
    assert "R 3.6.3" in error["message"]
    assert "sandboxd base build --r 3.6" in error["hint"]


def test_compatible_takes_another_r_and_says_so(platform: Platform, tmp_path: Path) -> None:
    folder = locked(tmp_path, "3.6.3", 'dependencies = "compatible"\n')

    made = platform.deploy(folder, "tolerant")

    (drift,) = platform.deployment("tolerant", made["deployment"])["drift"]
    assert drift.endswith("instead of 3.6.3")
