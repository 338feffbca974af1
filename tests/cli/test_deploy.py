"""`sandbox deploy` against a small server."""

import random
from pathlib import Path

import pytest
from tests.cli.conftest import APP, Sandbox, commit, git, write
from tests.cli.server import Platform

from sandbox_server import wire

CONTRACT = """
app branch deployment status url permalink image bundle commit smoke seconds
"""


def test_it_prints_the_url_alone(logged_in: Platform, repository: Path, sandbox: Sandbox) -> None:
    done = sandbox("deploy")
    assert done.code == 0, done.err
    assert done.out == "http://main--sales.apps.localhost\n"
    assert "Pushing sales, branch main: your folder, all committed." in done.err
    assert "  2 files, " in done.err
    assert "  Shiny app: app.R at the top" in done.err
    assert "d41 is ready" in done.err
    assert "sandbox promote d41" in done.err
    assert "users see nothing of it" in done.err


def test_where_a_release_needs_reviews_one_is_asked_for_next(
    logged_in: Platform, repository: Path, sandbox: Sandbox
) -> None:
    logged_in.reviews_needed = 1
    done = sandbox("deploy")
    assert 'Next: sandbox review request d41 --to "Name <mail>"' in done.err
    assert "sandbox promote" not in done.err


def test_json_is_one_document_with_the_contract(
    logged_in: Platform, repository: Path, sandbox: Sandbox
) -> None:
    done = sandbox("deploy", "--json", "--note", "look at the map")
    assert done.code == 0, done.err
    assert done.document.keys() >= set(CONTRACT.split())
    assert done.document["seconds"].keys() == {"upload", "build", "start", "smoke", "total"}
    assert done.document["status"] == "ready"
    assert done.document["commit"] == git(repository, "rev-parse", "HEAD")
    pushed = logged_in.newest("sales")
    assert (pushed.note, pushed.message, pushed.dirty) == ("look at the map", "first", False)


def test_the_same_folder_is_the_same_bundle(logged_in: Platform, repository: Path, sandbox: Sandbox) -> None:
    first = sandbox("deploy", "--json").document["bundle"]
    (repository / "app.R").touch()
    assert sandbox("deploy", "--json").document["bundle"] == first


def test_the_checked_out_branch_pushes_the_folder(
    logged_in: Platform, repository: Path, sandbox: Sandbox
) -> None:
    write(repository, {"app.R": APP + "# new\n", "new.R": "1", "secret.csv": "x"})
    done = sandbox("deploy", "--branch", "main")
    assert "your folder, 2 files uncommitted" in done.err
    assert set(logged_in.files(logged_in.newest("sales"))) == {".gitignore", "app.R", "new.R"}
    assert logged_in.newest("sales").dirty
    assert "secret.csv (ignored by git)" in done.err


def test_a_commit_message_in_an_old_encoding_is_pushed_too(
    logged_in: Platform, repository: Path, sandbox: Sandbox, tmp_path: Path
) -> None:
    # Today's git writes UTF-8; imports of other histories did not.
    old = git(repository, "cat-file", "commit", "HEAD").replace("first", "für Zürich")
    (tmp_path / "commit").write_bytes(f"{old}\n".encode("latin-1"))
    made = git(repository, "hash-object", "-t", "commit", "-w", str(tmp_path / "commit"))
    git(repository, "update-ref", "refs/heads/main", made)
    done = sandbox("deploy")
    assert done.code == 0, done.err
    assert logged_in.newest("sales").message == "f\N{REPLACEMENT CHARACTER}r Z\N{REPLACEMENT CHARACTER}rich"


def test_another_branch_pushes_its_commit(logged_in: Platform, repository: Path, sandbox: Sandbox) -> None:
    write(repository, {"new.R": "1"})
    done = sandbox("deploy", "--branch", "feature-x")
    short = git(repository, "rev-parse", "feature-x")[:7]
    assert f"commit {short} of feature-x, not your folder" in done.err
    assert set(logged_in.files(logged_in.newest("sales"))) == {".gitignore", "app.R", "only-there.txt"}
    assert git(repository, "branch", "--show-current") == "main"


def test_a_commit_and_its_clean_folder_are_the_same_bundle(
    logged_in: Platform, repository: Path, sandbox: Sandbox
) -> None:
    (repository / "run.sh").write_text("true\n")
    (repository / "run.sh").chmod(0o755)
    commit(repository, "a script")
    folder = sandbox("deploy", "--json").document["bundle"]
    git(repository, "checkout", "-q", "feature-x")
    assert sandbox("deploy", "--branch", "main", "--json").document["bundle"] == folder


def test_an_unknown_branch_names_the_nearest(logged_in: Platform, repository: Path, sandbox: Sandbox) -> None:
    done = sandbox("deploy", "--branch", "feature-y")
    assert done.code == 1
    assert "There is no branch feature-y" in done.err
    assert "feature-x" in done.err
    assert not logged_in.uploads


def test_without_git_the_branch_is_main(logged_in: Platform, folder: Path, sandbox: Sandbox) -> None:
    assert sandbox("deploy", "--json").document["branch"] == "main"
    assert sandbox("deploy", "--json", "--branch", "b").document["branch"] == "b"


def test_a_failed_deployment_shows_the_r_error(logged_in: Platform, folder: Path, sandbox: Sandbox) -> None:
    write(folder, {"app.R": "stop('no')"})
    done = sandbox("deploy")
    assert (done.code, done.out) == (1, "")
    assert "The app did not start." in done.err
    assert "could not find function" in done.err


def test_a_failed_deployment_in_json_has_error_and_status(
    logged_in: Platform, folder: Path, sandbox: Sandbox
) -> None:
    write(folder, {"app.R": "stop('no')"})
    done = sandbox("deploy", "--json")
    assert done.code == 1
    assert done.document["status"] == "failed"
    assert done.document["error"]["code"] == "start_failed"


def test_failed_smoke_checks_are_named(logged_in: Platform, folder: Path, sandbox: Sandbox) -> None:
    errors = [wire.OutputError(output="plot", message="object 'x' not found")]
    logged_in.smoke = wire.Smoke(status="failed", reason="one output failed", errors=errors)
    done = sandbox("deploy")
    assert done.code == 0
    assert "The smoke check failed: one output failed" in done.err
    assert "plot: object 'x' not found" in done.err


def test_no_wait_returns_at_once(logged_in: Platform, folder: Path, sandbox: Sandbox) -> None:
    done = sandbox("deploy", "--no-wait", "--json")
    assert done.document["status"] == "queued"
    assert logged_in.newest("sales").status == "queued"


def test_what_the_code_seems_to_read_is_named(
    logged_in: Platform, repository: Path, sandbox: Sandbox
) -> None:
    write(
        repository,
        {"data/sales.csv": "a", "app.R": APP + 'read.csv("data/sales.csv")\nreadRDS("other.rds")\n'},
    )
    assert "The code seems to read data/sales.csv, which was not sent." in sandbox("deploy").err


def test_too_large_names_the_largest_files(logged_in: Platform, folder: Path, sandbox: Sandbox) -> None:
    write(folder, {"big.csv": "x" * 5000})
    logged_in.too_large = True
    done = sandbox("deploy")
    assert done.code == 1
    assert "The largest: big.csv (4.9 KiB)" in done.err


def test_a_large_bundle_is_sent_once(logged_in: Platform, folder: Path, sandbox: Sandbox) -> None:
    (folder / "big.bin").write_bytes(random.Random(1).randbytes(400_000))
    assert sandbox("deploy").code == 0
    assert sandbox("deploy").code == 0
    assert logged_in.uploads == 1


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({}, "is empty"),
        ({"notes.txt": "x"}, "There is no app"),
        ({"app.R": APP, ".sandboxignore": "app.R"}, "is left out (.sandboxignore)"),
        (
            {"app.R": APP, "x.csv": "version https://git-lfs.github.com/spec/v1\noid sha256:0\n"},
            "Git LFS pointer",
        ),
        ({"app.R": APP, "sandbox.toml": "name ="}, "sandbox.toml cannot be read"),
        ({"app.R": APP, "sandbox.toml": f"cpus = {'9' * 5000}"}, "sandbox.toml cannot be read"),
        ({"app.R": APP, "sandbox.toml": 'name = "My App"'}, "cannot be an app's name"),
        ({"app.R": APP, "sandbox.toml": 'include = ["../x"]'}, "outside the folder"),
    ],
)
def test_bad_folders_are_refused_and_nothing_is_sent(
    logged_in: Platform, tmp_path: Path, sandbox: Sandbox, files: dict[str, str], said: str
) -> None:
    place = tmp_path / "bad"
    place.mkdir()
    write(place, files)
    done = sandbox("deploy", str(place))
    assert done.code == 1
    assert said in done.err
    assert not logged_in.uploads


def test_no_folder_is_refused(logged_in: Platform, folder: Path, sandbox: Sandbox) -> None:
    assert "There is no folder nowhere" in sandbox("deploy", "nowhere").err
    assert "app.R is not a folder" in sandbox("deploy", "app.R").err


def test_the_app_may_be_in_a_subfolder(logged_in: Platform, repository: Path, sandbox: Sandbox) -> None:
    write(repository, {"dash/app.R": APP, "dash/sandbox.toml": 'name = "dash-board"'})
    commit(repository, "a dashboard")
    assert sandbox("deploy", "dash", "--json").document["app"] == "dash-board"
    assert set(logged_in.files(logged_in.newest("dash-board"))) == {"app.R", "sandbox.toml"}
    git(repository, "checkout", "-q", "-b", "other")
    same = sandbox("deploy", "dash", "--branch", "main", "--json")
    assert same.document["bundle"] == logged_in.deployments["dash-board"][0].bundle
