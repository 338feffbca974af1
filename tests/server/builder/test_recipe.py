"""What the engine is asked for: builder containers, and the images that they become."""

from pathlib import Path

import pytest

from sandbox_server.builder import Base, BuildLimits, CodeLayer, recipe
from sandbox_server.errors import BuildFailed

BASE = Base("sha256:base", "4.5.0", frozenset({"shiny"}))
LAYER = CodeLayer(
    Path("bundle.tar.gz"), "d1ge57", {"sandbox.app": "sales-dashboard", "sandbox.platform": "other"}
)


def test_an_installer_has_only_the_rights_that_apt_needs() -> None:
    host = recipe.installer("abc123", "sha256:base", ["r-cran-zoo"], BuildLimits())["HostConfig"]
    assert host["CapDrop"] == ["ALL"]
    assert set(host["CapAdd"]) == {"CHOWN", "DAC_OVERRIDE", "FOWNER", "SETUID", "SETGID"}
    assert host["SecurityOpt"] == ["no-new-privileges"]
    assert "Binds" not in host
    assert "PortBindings" not in host


def test_an_installer_is_limited() -> None:
    limits = BuildLimits(memory=512, cpus=1.5, pids=99)
    host = recipe.installer("abc123", "sha256:base", ["r-cran-zoo"], limits)["HostConfig"]
    assert (host["Memory"], host["MemorySwap"], host["PidsLimit"]) == (512, 512, 99)
    assert host["NanoCpus"] == 1_500_000_000


def test_an_installer_has_no_environment_of_its_own_and_says_whose_it_is() -> None:
    request = recipe.installer("abc123", "sha256:base", ["r-cran-zoo"], BuildLimits())
    assert "Env" not in request
    assert request["Labels"] == {"sandbox.platform": "abc123", "sandbox.role": "builder"}


def test_packages_are_arguments_in_a_fixed_order() -> None:
    request = recipe.installer("abc123", "sha256:base", ["r-cran-zoo", "r-cran-maps"], BuildLimits())
    assert request["Cmd"] == ["/bin/sh", "/opt/sandbox/install.sh", "r-cran-maps", "r-cran-zoo"]


@pytest.mark.parametrize(
    "name", ["-o", "a b", "zoo; reboot", "$(id)", "", "Zoo", "../zoo", "zoo=1", "z/unstable"]
)
def test_what_is_no_package_name_is_refused(name: str) -> None:
    with pytest.raises(BuildFailed):
        recipe.installer("abc123", "sha256:base", [name], BuildLimits())


def test_the_order_of_packages_does_not_matter_to_a_library() -> None:
    assert recipe.library_key("base", ["a", "b"]) == recipe.library_key("base", ["b", "a"])
    assert recipe.library_key("base", ["a", "b"]) != recipe.library_key("base", ["a", "c"])
    assert recipe.library_key("base", ["a", "b"]) != recipe.library_key("other", ["a", "b"])


def test_a_library_remembers_what_it_stands_on() -> None:
    labels = recipe.library_labels("abc123", BASE, frozenset({"r-cran-zoo", "r-cran-maps"}), 2)
    assert labels["sandbox.role"] == "library"
    assert labels["sandbox.library.base"] == "sha256:base"
    assert labels["sandbox.library.packages"] == "r-cran-maps,r-cran-zoo"
    assert labels["sandbox.library.depth"] == "2"


def test_labels_of_ours_cannot_be_overridden() -> None:
    labels = recipe.code_labels("abc123", "sha256:library", LAYER)
    assert labels["sandbox.platform"] == "abc123"
    assert labels["sandbox.app"] == "sales-dashboard"
    assert labels["sandbox.bundle"] == "d1ge57"
    assert labels["sandbox.library"] == "sha256:library"


def test_an_image_starts_the_runner_as_a_plain_user() -> None:
    config = recipe.code_config({})
    assert config["Cmd"][0] == "R"
    assert config["Cmd"][-1] == "--file=/opt/sandbox/runner.R"
    assert config["User"] == "1000:1000"
