"""`sandbox init` writes a starter app that can be pushed."""

from pathlib import Path

from tests.cli.conftest import Sandbox, write
from tests.cli.server import Platform


def test_it_writes_an_app_that_can_be_pushed(logged_in: Platform, tmp_path: Path, sandbox: Sandbox) -> None:
    place = tmp_path / "My First App"
    done = sandbox("init", str(place), "--json")
    assert done.code == 0
    assert {"app.R", "sandbox.toml"} <= set(done.document["written"])
    assert all((place / path).is_file() for path in done.document["written"])
    assert 'title = "My first app"' in (place / "sandbox.toml").read_text()
    assert sandbox("deploy", str(place), "--json").document["app"] == "my-first-app"


def test_it_never_overwrites(tmp_path: Path, sandbox: Sandbox) -> None:
    write(tmp_path / "mine", {"app.R": "mine"})
    done = sandbox("init", str(tmp_path / "mine"), "--json")
    assert done.document["kept"] == ["app.R"]
    assert (tmp_path / "mine" / "app.R").read_text() == "mine"


def test_an_unknown_template_is_wrong_use(tmp_path: Path, sandbox: Sandbox) -> None:
    done = sandbox("init", str(tmp_path / "x"), "--template", "nope")
    assert done.code == 2
    assert "shiny" in done.err
    assert not (tmp_path / "x").exists()


def test_a_file_in_the_way_is_an_error(tmp_path: Path, sandbox: Sandbox) -> None:
    write(tmp_path, {"x": ""})
    assert sandbox("init", str(tmp_path / "x")).code == 1
