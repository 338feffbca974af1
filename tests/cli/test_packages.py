"""`sandbox packages` and `sandbox lock`, against a small server."""

import json
from pathlib import Path

import pytest
from tests.cli.conftest import Sandbox
from tests.cli.server import Platform

from sandbox_server import wire_packages

ZOO = wire_packages.Package(name="zoo", version="1.8-14", source="Debian r-cran-zoo 1.8-14-1", wanted=True)
RLANG = wire_packages.Package(name="rlang", version="1.1.5", source="base")


@pytest.fixture
def built(logged_in: Platform, folder: Path, sandbox: Sandbox) -> Platform:
    """d41 and d42, which has another zoo."""
    for _ in range(2):
        assert sandbox("deploy").code == 0
    logged_in.packages[41] = [RLANG, ZOO.model_copy(update={"version": "1.8-12"})]
    logged_in.packages[42] = [RLANG, ZOO]
    return logged_in


def test_the_newest_deployment_of_the_branch_is_listed(built: Platform, sandbox: Sandbox) -> None:
    done = sandbox("packages")
    assert done.code == 0, done.err
    assert "zoo" in done.out
    assert "Debian r-cran-zoo 1.8-14-1" in done.out
    assert "2 packages, 1 of them asked for by the app; R 4.5.0." in done.err
    assert sandbox("packages", "d41", "--json").document["packages"][1]["version"] == "1.8-12"


def test_the_difference_to_another_deployment(built: Platform, sandbox: Sandbox) -> None:
    done = sandbox("packages", "--diff", "d41")
    assert done.out.split() == [
        "package", "d41", "d42", "source", "zoo", "1.8-12", "1.8-14", "Debian", "r-cran-zoo", "1.8-14-1"
    ]  # fmt: skip
    assert "1 package differs between d41 and d42." in done.err
    same = sandbox("packages", "--diff", "d42", "--json")
    assert same.document["changes"] == []


def test_the_difference_to_a_release_that_is_not_there(built: Platform, sandbox: Sandbox) -> None:
    done = sandbox("packages", "--diff", "release")
    assert "2 packages differ between nothing released and d42." in done.err


@pytest.mark.parametrize("words", [["--diff", "x"], ["--diff", "other#1"], ["--diff", "1", "--sbom", "f"]])
def test_a_difference_to_nothing_is_wrong_use(built: Platform, sandbox: Sandbox, words: list[str]) -> None:
    assert sandbox("packages", *words).code == 2


def test_the_sbom_is_a_file_or_the_result(built: Platform, sandbox: Sandbox, tmp_path: Path) -> None:
    done = sandbox("packages", "--sbom", str(tmp_path / "sbom.json"))
    assert done.out == f"{tmp_path / 'sbom.json'}\n"
    assert json.loads((tmp_path / "sbom.json").read_text())["bomFormat"] == "CycloneDX"
    assert json.loads(sandbox("packages", "--sbom", "-").out)["bomFormat"] == "CycloneDX"
    assert "cannot be written" in sandbox("packages", "--sbom", str(tmp_path / "no" / "f")).err


def test_before_it_is_built_there_is_no_list(logged_in: Platform, folder: Path, sandbox: Sandbox) -> None:
    assert sandbox("deploy", "--no-wait").code == 0
    done = sandbox("packages")
    assert (done.code, done.out) == (1, "")
    assert "no package list yet" in done.err


def test_a_lock_is_printed(built: Platform, sandbox: Sandbox) -> None:
    done = sandbox("lock", "d42")
    assert json.loads(done.out)["Packages"]["zoo"]["Version"] == "1.8-14"
    assert "sandbox lock d42 --write" in done.err
    assert sandbox("lock", "--json").document["deployment"] == 42


def test_a_lock_is_written_once(built: Platform, sandbox: Sandbox, folder: Path) -> None:
    done = sandbox("lock", "--write")
    assert done.code == 0, done.err
    assert done.out == f"{folder / 'renv.lock'}\n"
    assert "1.8-14" in (folder / "renv.lock").read_text()
    again = sandbox("lock", "--write", "--json")
    assert again.document["written"] is False


def test_another_lock_stays_unless_somebody_agrees(built: Platform, sandbox: Sandbox, folder: Path) -> None:
    assert sandbox("lock", "d41", "--write").code == 0
    refused = sandbox("lock", "--write")
    assert refused.code == 1
    assert "zoo 1.8-12 → 1.8-14" in refused.err
    assert "was left as it is" in refused.err
    assert "1.8-12" in (folder / "renv.lock").read_text()
    agreed = sandbox("lock", "--write", "--yes", "--json")
    assert agreed.document["changes"] == ["zoo 1.8-12 → 1.8-14"]
    assert "1.8-14" in (folder / "renv.lock").read_text()


def test_a_lock_that_cannot_be_read_is_no_reason_to_fail(
    built: Platform, sandbox: Sandbox, folder: Path
) -> None:
    (folder / "renv.lock").write_text("not JSON")
    assert "+ zoo 1.8-14" in sandbox("lock", "--write").err
    assert sandbox("lock", "--write", "--yes").code == 0


def test_status_tells_of_drift(built: Platform, sandbox: Sandbox) -> None:
    built.newest("sales").drift = ["rlang 1.1.5 instead of 1.1.3"]
    assert "d42 (main) drifts from its lock: rlang 1.1.5 instead of 1.1.3" in sandbox("status").err
