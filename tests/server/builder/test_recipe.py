"""What the engine is asked for: builder containers, and the images that they become."""

from dataclasses import replace
from pathlib import Path

import pytest
from tests.building import debian

from sandbox_server.builder import Base, BuildLimits, CodeLayer, Library, SourcePackage, recipe
from sandbox_server.errors import BuildFailed

BASE = Base("sha256:base", "4.5.0", {"shiny": "1.10.0"})
LAYER = CodeLayer(
    Path("bundle.tar.gz"), "d1ge57", {}, {"sandbox.app": "sales-dashboard", "sandbox.platform": "other"}
)


def test_an_installer_has_only_the_rights_that_apt_needs() -> None:
    host = recipe.installer("abc123", "sha256:base", BuildLimits())["HostConfig"]
    assert host["CapDrop"] == ["ALL"]
    assert set(host["CapAdd"]) == {"CHOWN", "DAC_OVERRIDE", "FOWNER", "SETUID", "SETGID"}
    assert host["SecurityOpt"] == ["no-new-privileges"]
    assert "Binds" not in host
    assert "PortBindings" not in host


def test_an_installer_is_limited() -> None:
    limits = BuildLimits(memory=512, cpus=1.5, pids=99)
    host = recipe.installer("abc123", "sha256:base", limits)["HostConfig"]
    assert (host["Memory"], host["MemorySwap"], host["PidsLimit"]) == (512, 512, 99)
    assert host["NanoCpus"] == 1_500_000_000


def test_an_installer_has_no_environment_of_its_own_and_says_whose_it_is() -> None:
    request = recipe.installer("abc123", "sha256:base", BuildLimits())
    assert "Env" not in request
    assert request["Labels"] == {"sandbox.platform": "abc123", "sandbox.role": "builder"}


def test_nothing_of_a_library_is_in_a_command() -> None:
    request = recipe.installer("abc123", "sha256:base", BuildLimits())
    assert request["Cmd"] == ["/bin/sh", "/opt/sandbox/build/install.sh"]


@pytest.mark.parametrize(
    "name",
    [
        "-o",
        "a b",
        "zoo; reboot",
        "$(id)",
        "",
        "Zoo",
        "../zoo",
        "zoo=1",
        "z/unstable",
        "zoo\nreboot",
        "r-base-core-",
    ],
)
def test_what_is_no_package_name_is_refused(name: str) -> None:
    with pytest.raises(BuildFailed):
        recipe.checked(debian(name))


@pytest.mark.parametrize(
    ("name", "version"), [("../zoo", "1.0"), ("zoo", "1.0\t/etc"), ("-l", "1"), ("zoo", "")]
)
def test_what_is_no_name_and_version_of_an_r_package_is_refused(name: str, version: str) -> None:
    with pytest.raises(BuildFailed):
        recipe.checked(Library(sources=(SourcePackage(name, version, Path("a"), "d1", "cran"),)))


def test_the_order_of_packages_does_not_matter_to_a_library() -> None:
    assert recipe.library_key("base", debian("a", "b")) == recipe.library_key("base", debian("b", "a"))
    assert recipe.library_key("base", debian("a", "b")) != recipe.library_key("base", debian("a", "c"))
    assert recipe.library_key("base", debian("a", "b")) != recipe.library_key("other", debian("a", "b"))


def test_another_archive_of_the_same_version_is_another_library() -> None:
    one, other = (
        Library(sources=(SourcePackage("zoo", "1.0", Path("a"), digest, "cran"),)) for digest in ("d1", "d2")
    )
    assert recipe.library_key("base", one) != recipe.library_key("base", other)


def test_a_library_remembers_what_it_stands_on() -> None:
    labels = recipe.library_labels("abc123", BASE, debian("r-cran-zoo", "r-cran-maps"), 2)
    assert labels["sandbox.role"] == "library"
    assert labels["sandbox.library.base"] == "sha256:base"
    assert labels["sandbox.library.items"] == "deb:r-cran-maps,deb:r-cran-zoo"
    assert labels["sandbox.library.depth"] == "2"


def test_what_is_started_is_part_of_an_image() -> None:
    other = replace(LAYER, start={"kind": "plumber", "entry": "plumber.R"})
    keys = {recipe.code_labels("abc123", "sha256:library", layer)["sandbox.key"] for layer in (LAYER, other)}
    assert len(keys) == 2


def test_labels_of_ours_cannot_be_overridden() -> None:
    labels = recipe.code_labels("abc123", "sha256:library", LAYER)
    assert labels["sandbox.platform"] == "abc123"
    assert labels["sandbox.app"] == "sales-dashboard"
    assert labels["sandbox.bundle"] == "d1ge57"
    assert labels["sandbox.library"] == "sha256:library"


def test_an_image_starts_the_runner_as_a_plain_user() -> None:
    config = recipe.code_config({})
    assert config["Cmd"][0] == "R"
    assert config["Cmd"][-1] == "--file=/opt/sandbox/runner/main.R"
    assert config["User"] == "1000:1000"
