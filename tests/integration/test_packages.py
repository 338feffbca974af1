"""Packages: exactly as locked, from base, Debian or a repository; or a table that says what was not had."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.integration.platform import NO_BROWSER, Platform, deployment_host
from tests.repository import CAST, Package, Server, files_of, make_repository, serve

pytestmark = [pytest.mark.engine]

UI = """\
library(shiny)
ui <- fluidPage(p(paste(kettle::kettle.hello(), native::native.twice(21), alpha::alpha.hello())))
shinyApp(ui, function(input, output) NULL)
"""
HELLO = "library(shiny)\nshinyApp(fluidPage(kettle::kettle.hello()), function(input, output) NULL)\n"
LOCKED = {"kettle": "1.0.0", "native": "1.0.0", "alpha": "1.0.0", "beta": "1.0.0", "gamma": "1.0.0"}


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    # What no other test asks for is not kept by the server yet.
    packages = (*CAST, Package("seldom"))
    with serve(make_repository(tmp_path_factory.mktemp("repository"), packages)) as server:
        yield server


@pytest.fixture(scope="module")
def platform(base_image: None, repository: Server) -> Iterator[Platform]:
    made = Platform(chromium=NO_BROWSER, cran=repository.url, bioconductor="", fetch_timeout=3)
    try:
        made.start()
        yield made
    finally:
        made.destroy()


def lock(platform: Platform, **versions: str) -> str:
    """A renv.lock with these packages and shiny as the base has it."""
    base = base_of(platform)
    packages = {"shiny": base["packages"]["shiny"], **versions}
    return json.dumps(
        {
            "R": {"Version": base["r"], "Repositories": [{"Name": "CRAN", "URL": "https://cran.example"}]},
            "Packages": {
                name: {"Package": name, "Version": version, "Source": "Repository", "Repository": "CRAN"}
                for name, version in packages.items()
            },
        }
    )


def base_of(platform: Platform) -> Any:
    """What the base image says of itself."""
    client = platform.docker
    container = client.create_container("sandbox-base:trixie", ["cat", "/opt/sandbox/base.json"])["Id"]
    try:
        client.start(container)
        client.wait(container)
        return json.loads(client.logs(container))
    finally:
        client.remove_container(container, force=True)


def write(folder: Path, **files: str) -> Path:
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text)
    return folder


def build_log(platform: Platform, number: int, app: str) -> str:
    return platform.sandbox("logs", f"d{number}", "--app", app, "--build").out


@pytest.fixture(scope="module")
def locked(platform: Platform, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """An app whose lock asks for an old version, for compiled code and for a chain."""
    folder = write(tmp_path_factory.mktemp("locked"), app__R=UI, renv__lock=lock(platform, **LOCKED))
    made = platform.deploy(folder, "locked")
    return made | {"page": platform.get(deployment_host("locked", made["deployment"])).text}


def test_a_lock_is_met_version_by_version(platform: Platform, locked: dict[str, Any]) -> None:
    assert "kettle 1.0.0 42 alpha 1.0.0" in locked["page"]

    listed = platform.sandbox("packages", f"d{locked['deployment']}", "--app", "locked").document
    have = {row["name"]: row for row in listed["packages"]}
    assert {name: have[name]["version"] for name in LOCKED} == LOCKED
    assert have["kettle"]["hash"].startswith("sha256:")
    assert have["kettle"]["wanted"]
    assert have["shiny"]["source"].startswith("base")
    assert listed["origin"] == "renv.lock"
    assert listed["drift"] == []


def test_the_same_lock_installs_nothing_and_asks_nobody(
    platform: Platform, repository: Server, locked: dict[str, Any], tmp_path: Path
) -> None:
    asked = len(repository.asked)

    again = platform.deploy(
        write(tmp_path, app__R=f"# changed\n{UI}", renv__lock=lock(platform, **LOCKED)), "locked"
    )

    assert again["image"] != locked["image"]
    assert "installing" not in build_log(platform, again["deployment"], "locked")
    assert not [path for path in repository.asked[asked:] if path.endswith(".tar.gz")]


def test_what_was_compiled_once_is_not_compiled_again(
    platform: Platform, locked: dict[str, Any], tmp_path: Path
) -> None:
    code = "library(shiny)\nshinyApp(fluidPage(native::native.twice(4)), function(input, output) NULL)\n"

    other = platform.deploy(write(tmp_path, app__R=code, renv__lock=lock(platform, native="1.0.0")), "other")

    log = build_log(platform, other["deployment"], "other")
    assert "Built" in log
    assert "gcc" not in log
    assert "twice.c" not in log
    assert "8" in platform.get(deployment_host("other", other["deployment"])).text


def test_a_version_that_never_existed_is_refused_with_a_table(platform: Platform, tmp_path: Path) -> None:
    folder = write(tmp_path, app__R=UI, renv__lock=lock(platform, **LOCKED | {"kettle": "9.9.9"}))

    error = platform.sandbox("deploy", folder, "--app", "never").error

    assert error["code"] == "build_failed"
    assert "kettle  9.9.9 (renv.lock)" in error["detail"]
    assert "1.10.0" in error["detail"]
    assert "compatible" in error["hint"]


def test_compatible_takes_another_version_and_says_so(platform: Platform, tmp_path: Path) -> None:
    folder = write(
        tmp_path,
        app__R=UI,
        renv__lock=lock(platform, **LOCKED | {"kettle": "9.9.9"}),
        sandbox__toml='dependencies = "compatible"\n',
    )

    made = platform.deploy(folder, "drifts")

    assert "kettle 1.10.0 42" in platform.get(deployment_host("drifts", made["deployment"])).text
    drift = ["kettle 1.10.0 instead of 9.9.9"]
    assert platform.deployment("drifts", made["deployment"])["drift"] == drift
    assert "kettle 1.10.0 instead of 9.9.9" in platform.sandbox("status", "--app", "drifts").out


def test_without_a_lock_the_newest_comes_with_what_it_needs_and_can_be_locked(
    platform: Platform, tmp_path: Path
) -> None:
    folder = write(tmp_path, app__R=UI)
    made = platform.deploy(folder, "unlocked")
    assert (
        "kettle 1.10.0 42 alpha 1.0.0" in platform.get(deployment_host("unlocked", made["deployment"])).text
    )

    written = platform.sandbox("lock", f"d{made['deployment']}", "--app", "unlocked").document["text"]
    (folder / "renv.lock").write_text(written)
    again = platform.deploy(folder, "unlocked")

    assert json.loads(written)["Packages"]["kettle"]["Version"] == "1.10.0"
    assert platform.deployment("unlocked", again["deployment"])["origin"] == "renv.lock"
    assert platform.deployment("unlocked", again["deployment"])["drift"] == []


def test_a_package_that_does_not_compile_says_its_first_error(platform: Platform, tmp_path: Path) -> None:
    folder = write(tmp_path, app__R="library(shiny)\nlibrary(broken)\n")

    error = platform.sandbox("deploy", folder, "--app", "fails").error

    assert "broken" in error["message"]
    assert "not_there_at_all.h" in error["message"] + error["detail"]


def test_a_repository_in_trouble_is_named(platform: Platform, repository: Server, tmp_path: Path) -> None:
    code = HELLO.replace("kettle", "seldom")
    folder = write(tmp_path, app__R=code, renv__lock=lock(platform, seldom="1.0.0"))
    repository.wrong["seldom_1.0.0"] = "500"
    try:
        error = platform.sandbox("deploy", folder, "--app", "trouble").error
    finally:
        repository.wrong.clear()

    assert repository.host in error["detail"]
    assert "500" in error["detail"]

    assert platform.deploy(folder, "trouble")["status"] == "ready"


def test_rsconnects_manifest_is_a_lock_too(platform: Platform, tmp_path: Path) -> None:
    base = base_of(platform)
    versions = {"shiny": base["packages"]["shiny"], "kettle": "1.1.0"}
    manifest = {
        "version": 1,
        "platform": base["r"],
        "metadata": {"appmode": "shiny"},
        "packages": {
            name: {
                "Source": "CRAN",
                "Repository": "https://cran.example",
                "description": {"Version": version},
            }
            for name, version in versions.items()
        },
        "files": {},
    }
    folder = write(tmp_path, app__R=HELLO, manifest__json=json.dumps(manifest))

    made = platform.deploy(folder, "manifest")

    assert "kettle 1.1.0" in platform.get(deployment_host("manifest", made["deployment"])).text
    assert platform.deployment("manifest", made["deployment"])["origin"] == "manifest.json"


def test_a_description_asks_for_versions_at_least(platform: Platform, tmp_path: Path) -> None:
    text = "Type: Shiny\nTitle: An app\nImports:\n    shiny,\n    kettle (>= 1.2)\nSuggests: nothere\n"

    made = platform.deploy(write(tmp_path, app__R=HELLO, DESCRIPTION=text), "described")

    assert "kettle 1.10.0" in platform.get(deployment_host("described", made["deployment"])).text
    assert platform.deployment("described", made["deployment"])["origin"] == "DESCRIPTION"


def test_a_package_that_is_vendored_in_the_bundle_is_installed_with_what_it_needs(
    platform: Platform, tmp_path: Path
) -> None:
    locked_to = json.loads(lock(platform, kettle="1.1.0"))
    locked_to["Packages"]["ours"] = {"Package": "ours", "Version": "0.1.0", "Source": "Local"}
    code = "library(shiny)\nshinyApp(fluidPage(ours::ours.hello()), function(input, output) NULL)\n"
    folder = write(tmp_path, app__R=code, renv__lock=json.dumps(locked_to))
    ours = Package(
        "ours", "0.1.0", ("kettle",), files={"R/hello.R": "ours.hello <- function() kettle::kettle.hello()\n"}
    )
    for path, text in files_of(ours).items():
        target = folder / "packages" / "ours" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)

    made = platform.deploy(folder, "vendored")

    assert "kettle 1.1.0" in platform.get(deployment_host("vendored", made["deployment"])).text
    rows = platform.sandbox("packages", f"d{made['deployment']}", "--app", "vendored").document["packages"]
    assert {row["name"]: row["source"] for row in rows}["ours"] == "the bundle"
