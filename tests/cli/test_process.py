"""The command as a process of its own: exit codes, the two streams, signals, a terminal."""

import json
import os
import pty
import select
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.conftest import APP, write
from tests.cli.gating import closed_gates
from tests.cli.server import Platform

COMMAND = [sys.executable, "-c", "from sandbox_cli.main import main; main()"]


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *words], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
    )


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--version"], 0),
        (["--help"], 0),
        (["whoami"], 1),
        (["wait", "x"], 2),
        (["nope"], 2),
        (["deploy", "--nope"], 2),
        (["token"], 2),
    ],
)
def test_exit_codes(words: list[str], code: int) -> None:
    done = run(*words)
    assert done.returncode == code
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("words", [["whoami"], ["nope"], ["deploy", "--nope"], ["wait"], ["rm"]])
def test_errors_are_one_document_with_json(words: list[str]) -> None:
    done = run(*words, "--json")
    problem = json.loads(done.stdout)["error"]
    assert problem["message"]
    assert problem["hint"]
    assert done.returncode in (1, 2)


def test_the_url_alone_is_on_stdout(logged_in: Platform, folder: Path) -> None:
    done = run("deploy")
    assert (done.returncode, done.stdout) == (0, "http://main--sales.apps.localhost\n")


def test_the_way_of_deploy_imports_nothing_slow(logged_in: Platform, repository: Path) -> None:
    program = (
        "import sys\nfrom sandbox_cli.main import run\nrun(['deploy'])\n"
        "slow = {'typer', 'rich', 'pydantic', 'httpx', 'pathspec', 'asyncio'} & set(sys.modules)\n"
        "sys.exit(repr(slow) if slow else 0)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_an_unknown_error_apologises_and_shows_its_traceback_only_with_v(folder: Path) -> None:
    program = (
        "import sys\nfrom sandbox_cli import main\nmain.COMMANDS['ls'] = 'ls:gone'\n"
        "sys.exit(main.run(sys.argv[1:]))"
    )
    plain, verbose = (
        subprocess.run(
            [sys.executable, "-c", program, "ls", *more], capture_output=True, text=True, check=False
        )
        for more in ([], ["-v"])
    )
    assert plain.returncode == verbose.returncode == 1
    assert "Sorry, this should not have happened" in plain.stderr
    assert "Traceback" not in plain.stderr
    assert "Traceback" in verbose.stderr


def test_ctrl_c_says_that_the_push_goes_on(logged_in: Platform, folder: Path) -> None:
    logged_in.held.set()
    with subprocess.Popen(
        [*COMMAND, "deploy"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if "d41" in line:
                break
        process.send_signal(signal.SIGINT)
        rest = process.stderr.read()
        assert process.wait() == 130
    logged_in.held.clear()
    assert "You stopped waiting; d41 goes on." in rest
    assert "sandbox wait d41" in rest
    assert "sandbox cancel d41" in rest


def test_a_reader_that_leaves_is_no_error(logged_in: Platform, folder: Path) -> None:
    with subprocess.Popen(
        [*COMMAND, "whoami"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        process.stdout.close()
        process.stdout = None
        _, err = process.communicate()
    assert "Traceback" not in err
    assert "Sorry" not in err


def on_a_terminal(
    words: list[str], answer: Callable[[str], str | None], interrupt_at: str = ""
) -> tuple[int, str]:
    """Exit code and everything shown; `answer` gets what was shown so far and may type something, once.

    Ctrl-C is pressed, once, when `interrupt_at` was shown.
    """
    terminal, theirs = pty.openpty()
    shown, typed, pressed = "", False, not interrupt_at
    with subprocess.Popen(
        [*COMMAND, *words], stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
    ) as process:
        os.close(theirs)
        while data := _read(terminal):
            shown += data.decode(errors="replace")
            if not pressed and interrupt_at in shown:
                process.send_signal(signal.SIGINT)
                pressed = True
            if not typed and (text := answer(shown)) is not None:
                os.write(terminal, text.encode())
                typed = True
    os.close(terminal)
    return process.returncode, shown


def _read(terminal: int) -> bytes:
    assert select.select([terminal], [], [], 60)[0], "the command says nothing for a minute"
    try:
        return os.read(terminal, 4096)
    except OSError:
        # So a terminal says that its last program has ended.
        return b""


@pytest.mark.parametrize(("reply", "status"), [("y\n", "cancelled"), ("n\n", "queued")])
def test_ctrl_c_on_a_terminal_asks_whether_to_cancel(
    logged_in: Platform, folder: Path, reply: str, status: str
) -> None:
    logged_in.held.set()
    code, shown = on_a_terminal(
        ["deploy"], lambda text: reply if "Cancel the build of d41?" in text else None, "d41 waiting"
    )
    assert code == 130, shown
    assert logged_in.newest("sales").status == status
    logged_in.held.clear()
    assert ("d41 is cancelled. What was live is untouched." in shown) == (status == "cancelled")
    assert ("sandbox wait d41" in shown) == (status == "queued")


def test_the_secret_of_a_login_link_is_not_shown(
    logged_in: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSH_CONNECTION", raising=False)
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setenv("BROWSER", "true %s")
    code, shown = on_a_terminal(["open", "--page"], lambda _: None)
    assert code == 0, shown
    assert f"Opened {logged_in.url}/\r\n" in shown
    assert "sbx_" not in shown


def test_a_name_close_to_another_is_questioned(logged_in: Platform, folder: Path, tmp_path: Path) -> None:
    assert run("deploy").returncode == 0
    write(tmp_path / "sale", {"app.R": APP})
    code, shown = on_a_terminal(
        ["deploy", str(tmp_path / "sale")], lambda text: "n\n" if "Make a new one?" in text else None
    )
    assert code == 1
    assert "there is already sales" in shown
    assert "sale" not in logged_in.deployments


def test_promote_offers_a_choice(logged_in: Platform, folder: Path) -> None:
    assert run("deploy").returncode == 0
    code, shown = on_a_terminal(["promote", "--yes"], lambda text: "1\n" if "Which" in text else None)
    assert code == 0, shown
    assert "From now on users get d41." in shown


def test_promote_shows_what_changes_and_asks(logged_in: Platform, folder: Path) -> None:
    assert run("deploy").returncode == 0
    code, shown = on_a_terminal(["promote", "d41"], lambda text: "n\n" if "Release it?" in text else None)
    assert code == 1
    assert "abc1234 second" in shown
    assert "Not reviewed" not in shown
    assert "Nothing was released." in shown
    assert not logged_in.releases


def test_promote_names_what_nobody_reviewed_before_it_asks(logged_in: Platform, folder: Path) -> None:
    assert run("deploy").returncode == 0
    logged_in.unreviewed = ["PRICES", "DB_HOST"]
    code, shown = on_a_terminal(["promote", "d41"], lambda text: "n\n" if "Release it?" in text else None)
    assert code == 1
    assert "Not reviewed: PRICES, DB_HOST" in shown.partition("Release it?")[0]


def test_an_override_shows_what_is_missing_before_it_asks(logged_in: Platform, folder: Path) -> None:
    assert run("deploy").returncode == 0
    logged_in.gate_report = closed_gates()
    code, shown = on_a_terminal(
        ["promote", "d41", "--override", "--reason", "x"],
        lambda text: "n\n" if "Release it?" in text else None,
    )
    assert code == 1
    assert shown.index("It needs 1 review, and has none.") < shown.index("Release it?")
    assert not logged_in.releases


def test_a_value_is_asked_for_and_not_shown(logged_in: Platform, folder: Path) -> None:
    assert run("deploy").returncode == 0
    code, shown = on_a_terminal(
        ["env", "set", "KEY"], lambda text: "hidden\n" if "Value of KEY" in text else None
    )
    assert code == 0, shown
    assert "hidden" not in shown
    assert logged_in.values == {"KEY": "hidden"}
