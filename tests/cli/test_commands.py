"""Every other command against a small server: what it prints, as text and as JSON."""

import io
import json
from pathlib import Path

import pytest
from tests.cli.conftest import Sandbox, write
from tests.cli.server import TOKEN, Platform


@pytest.fixture
def pushed(logged_in: Platform, repository: Path, sandbox: Sandbox) -> Platform:
    """main is d41, feature-x is d42, both ready."""
    assert sandbox("deploy").code == 0
    assert sandbox("deploy", "--branch", "feature-x").code == 0
    return logged_in


def type_in(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(text))


def test_login_whoami_logout(
    server: Platform, sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert sandbox("login", server.url, "--token", TOKEN, "--json").document == {
        "url": server.url,
        "user": "ada",
    }
    saved = tmp_path / "config" / "credentials.json"
    assert saved.stat().st_mode & 0o777 == 0o600
    assert sandbox("whoami").out == f"ada at {server.url}\n"
    assert sandbox("logout").code == 0
    assert TOKEN not in saved.read_text()
    assert sandbox("whoami").code == 1
    type_in(monkeypatch, f"{TOKEN}\n")
    assert sandbox("login", server.url).code == 0


def test_a_wrong_token_is_refused_and_not_saved(server: Platform, sandbox: Sandbox, tmp_path: Path) -> None:
    done = sandbox("login", server.url, "--token", "wrong")
    assert done.code == 1
    assert "That token is not valid." in done.err
    assert "`sandboxd user token NAME`" in done.err
    assert not (tmp_path / "config").exists()


def test_a_saved_token_goes_to_its_own_server_alone(
    server: Platform, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox("login", server.url, "--token", TOKEN)
    monkeypatch.setenv("SANDBOX_URL", "http://elsewhere.localhost:1")
    assert sandbox("whoami", "--json").document["error"]["code"] == "not_logged_in"


def test_tokens(logged_in: Platform, sandbox: Sandbox) -> None:
    assert sandbox("token", "create", "ci", "--days", "30").out == "sbx_new\n"
    assert [token["name"] for token in sandbox("token", "ls", "--json").document] == ["first", "ci"]
    assert sandbox("token", "rm", "ci").code == 0
    assert sandbox("token", "rm", "ci", "--json").document["error"]["code"] == "not_found"


def test_where_says_what_to_do_next(pushed: Platform, sandbox: Sandbox) -> None:
    here = sandbox("--json").document
    assert (here["user"], here["app"], here["branch"]) == ("ada", "sales", "main")
    assert here["url"] == "http://main--sales.apps.localhost"
    assert len(here["next"]) == 3


def test_where_works_without_a_login(folder: Path, sandbox: Sandbox) -> None:
    done = sandbox()
    assert done.code == 0
    assert "You are not logged in" in done.err
    assert "sandbox login URL" in done.err


def test_ls_and_status_and_releases(pushed: Platform, sandbox: Sandbox) -> None:
    assert "sales" in sandbox("ls").out
    assert sandbox("ls", "--json").document[0]["branches"] == 2
    status = sandbox("status", "--json").document
    assert [s["branch"] for s in status["sandboxes"]] == ["main", "feature-x"]
    assert [d["deployment"] for d in status["deployments"]] == [42, 41]
    assert "nothing is released" in sandbox("status").out
    assert sandbox("releases", "--json").document == []


def test_an_unknown_app_is_exit_1(pushed: Platform, sandbox: Sandbox) -> None:
    assert sandbox("status", "--app", "nope").code == 1
    assert sandbox("status", "--app", "nope", "--json").document["error"]["code"] == "not_found"


def test_promote_and_rollback(pushed: Platform, sandbox: Sandbox) -> None:
    first = sandbox("promote", "d41", "--json", "--reason", "because").document
    assert first.keys() >= {"release", "app", "deployment", "image", "url", "seconds"}
    done = sandbox("promote", "sales#42")
    assert done.out == "http://sales.apps.localhost\n"
    assert "From now on users get d42." in done.err
    assert "7 sessions stay on d41 until they end." in done.err
    back = sandbox("rollback")
    assert "Users get d41 again." in back.err
    assert "7 sessions are still on d42 (release 2)." in back.err
    assert sandbox("rollback", "--to", "2", "--json").document["deployment"] == 42
    assert "promote" in sandbox("releases").out


def test_promote_of_a_branch_names_the_deployment_and_a_newer_failed_one(
    pushed: Platform, repository: Path, sandbox: Sandbox
) -> None:
    write(repository, {"app.R": "stop('no')"})
    sandbox("deploy")
    done = sandbox("promote", "--branch", "main")
    assert done.code == 0
    assert "d41 is the newest of main that is ready" in done.err
    assert "d43 is newer and failed" in done.err


def test_promote_without_a_target_is_wrong_use(pushed: Platform, sandbox: Sandbox) -> None:
    assert sandbox("promote").code == 2
    assert sandbox("promote", "d41", "--branch", "main").code == 2


def test_rollback_of_nothing_is_refused(pushed: Platform, sandbox: Sandbox) -> None:
    assert "Nothing of sales is released" in sandbox("rollback").err


def test_logs(pushed: Platform, sandbox: Sandbox) -> None:
    assert "run line 1 of d41" in sandbox("logs").out
    assert "build line 3 of d42" in sandbox("logs", "--build", "--branch", "feature-x", "-n", "1").out
    lines = sandbox("logs", "d42", "--json").document
    assert lines[0].keys() == {"time", "stream", "text"}


def test_followed_logs_are_one_document_too(pushed: Platform, sandbox: Sandbox) -> None:
    assert len(sandbox("logs", "-f", "--json").document) == 3
    assert len(sandbox("logs", "-f").out.splitlines()) == 3


def test_open_prints_the_url(pushed: Platform, sandbox: Sandbox) -> None:
    assert sandbox("open").out == "http://main--sales.apps.localhost\n"
    assert sandbox("open", "--branch", "feature-x", "--json").document == {
        "url": "http://feature-x--sales.apps.localhost"
    }
    assert sandbox("open", "--release").code == 1
    assert sandbox("open", "--page").out == f"{pushed.url}/login/sbx_once\n"
    assert sandbox("open", "--page", "--release").code == 2


def test_diff(pushed: Platform, sandbox: Sandbox) -> None:
    assert sandbox("diff", "--json").document["a"] is None
    done = sandbox("diff", "d41", "d42")
    assert "d41 → d42" in done.out
    assert "+ leaflet" in done.out
    assert "-old\n+new" in done.out
    sandbox("promote", "d41")
    assert "d41 → d42" in sandbox("diff", "d42").out
    assert "d41 → d41" in sandbox("diff").out


def test_env_takes_values_from_stdin_and_files(
    pushed: Platform, sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    type_in(monkeypatch, "se=cret\n")
    assert sandbox("env", "set", "KEY", "--json").document["names"] == ["KEY"]
    type_in(monkeypatch, "A=1\nexport B='two words'\n# C=3\n")
    assert sandbox("env", "set", "--scope", "release").code == 0
    write(tmp_path, {".Renviron": 'D="x # y"\nE=plain # said\n'})
    assert sandbox("env", "import", str(tmp_path / ".Renviron"), "--branch", "main").code == 0
    assert pushed.values == {"KEY": "se=cret", "A": "1", "B": "two words", "D": "x # y", "E": "plain"}
    shown = sandbox("env", "ls")
    assert "KEY" in shown.out
    assert "se=cret" not in shown.out + shown.err
    assert sandbox("env", "rm", "KEY").code == 0
    assert "KEY" not in sandbox("env", "ls", "--json").document["names"]


def test_env_refuses_values_in_the_command_line(pushed: Platform, sandbox: Sandbox) -> None:
    done = sandbox("env", "set", "KEY=hidden")
    assert done.code == 2
    assert "hidden" not in done.err
    assert "does not belong in a command line" in done.err


def test_env_never_shows_a_bad_line(pushed: Platform, sandbox: Sandbox, tmp_path: Path) -> None:
    write(tmp_path, {"bad": "hidden\n"})
    done = sandbox("env", "import", str(tmp_path / "bad"))
    assert done.code == 1
    assert "Line 1 of bad is not NAME=VALUE" in done.err
    assert "hidden" not in done.err


def test_wait_cancel_restart(pushed: Platform, repository: Path, sandbox: Sandbox) -> None:
    sandbox("deploy", "--no-wait")
    assert sandbox("wait", "d43").out == "ready\n"
    sandbox("deploy", "--no-wait")
    assert sandbox("cancel", "d44", "--json").document["status"] == "cancelled"
    assert sandbox("wait", "d44").code == 1
    assert sandbox("restart", "d43").out == "ready\n"
    assert (
        sandbox("wait", "d43", "--for", "asleep", "--timeout", "0", "--json").document["error"]["code"]
        == "timeout"
    )


def test_rm(pushed: Platform, sandbox: Sandbox) -> None:
    assert sandbox("rm", "--branch", "feature-x", "--json").document == {
        "removed": ["sandbox feature-x", "d41"]
    }
    assert sandbox("rm").code == 2
    sandbox("promote", "d41")
    assert sandbox("apps", "rm", "sales").code == 1
    pushed.releases.clear()
    assert sandbox("apps", "rm", "sales").out == "app sales\n"


def test_doctor(pushed: Platform, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "✓ engine: Docker 20.10 answers" in sandbox("doctor").out
    monkeypatch.setenv("SANDBOX_URL", "http://nobody.localhost:1")
    findings = sandbox("doctor", "--json")
    assert findings.code == 1
    assert findings.document[-1]["status"] == "failed"
    assert findings.document[-1]["remedy"]


def test_what_never_came_up_has_no_smoke_pending(
    pushed: Platform, repository: Path, sandbox: Sandbox
) -> None:
    write(repository, {"app.R": "stop('no')"})
    assert sandbox("deploy").code == 1
    assert pushed.newest("sales").smoke.status == "pending"
    assert "pending" not in sandbox("status").out


def test_status_and_where_offer_to_promote_what_is_not_released(pushed: Platform, sandbox: Sandbox) -> None:
    sandbox("promote", "d41")
    pushed.one("sales", "41").released = True
    assert "sandbox promote d42" in sandbox("status").err
    assert "promote" not in sandbox().err


def test_open_says_when_a_branch_shows_nothing_yet(
    logged_in: Platform, folder: Path, sandbox: Sandbox
) -> None:
    write(folder, {"app.R": "stop('no')"})
    sandbox("deploy")
    done = sandbox("open")
    assert done.out == "http://main--sales.apps.localhost\n"
    assert "Nothing of main is ready: d41 is failed." in done.err


def test_two_different_apps_in_one_command_are_wrong_use(pushed: Platform, sandbox: Sandbox) -> None:
    for words in (["wait", "sales#41"], ["promote", "sales#41"], ["diff", "sales#41", "42"]):
        done = sandbox(*words, "--app", "other")
        assert done.code == 2
        assert "The deployment is of sales, but --app says other." in done.err
        assert sandbox(*words, "--app", "sales").code == 0


def test_an_app_that_had_to_be_named_is_named_in_the_next_commands_too(
    pushed: Platform, sandbox: Sandbox
) -> None:
    assert "sandbox status\n" in sandbox("wait", "d42").err
    for words in (("sales#42",), ("d42", "--app", "sales")):
        assert "sandbox logs d42 --app sales  ·  sandbox status --app sales" in sandbox("wait", *words).err


def test_the_next_commands_after_one_of_no_app_name_none(pushed: Platform, sandbox: Sandbox) -> None:
    assert "--app" not in sandbox("token", "ls").err


def test_a_deployment_that_is_none_is_wrong_use(pushed: Platform, sandbox: Sandbox) -> None:
    for words in (["wait", "main"], ["logs", "d0"], ["promote", "x#y"], ["diff", "dd"]):
        assert sandbox(*words).code == 2
        assert json.loads(sandbox(*words, "--json").out)["error"]["code"] == "wrong_use"


def test_render(pushed: Platform, sandbox: Sandbox) -> None:
    done = sandbox("render", "-P", "region=EMEA", "-P", "year=2026")
    assert done.code == 0
    assert done.out.startswith("http://d41--sales.apps.localhost")
    assert "d41 was rendered in 1.5 s. Its sandbox shows it now." in done.err
    assert pushed.outputs[0].parameters == {"region": "EMEA", "year": "2026"}
    sandbox("promote", "d42")
    shown = sandbox("render", "--scope", "release", "--json").document
    assert (shown["deployment"], shown["scope"], shown["parameters"]) == (42, "release", {})


def test_render_wants_names_and_values(pushed: Platform, sandbox: Sandbox) -> None:
    assert sandbox("render", "-P", "region").code == 2
    assert sandbox("render", "--scope", "release").code == 1
    assert pushed.outputs == []


def test_promote_shows_how_a_document_differs_from_what_was_reviewed(
    pushed: Platform, sandbox: Sandbox
) -> None:
    pushed.output_diff = (
        "--- index.html (reviewed)\n+++ index.html (released)\n-Database: test\n+Database: prod"
    )
    done = sandbox("promote", "d41")
    assert "What users read differs from what was reviewed:" in done.err
    assert "    +Database: prod" in done.err
