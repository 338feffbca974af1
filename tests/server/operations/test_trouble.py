"""What R says, shortened to what helps."""

from datetime import UTC, datetime

from sandbox_server.operations.trouble import ended, r_error
from sandbox_server.runtime.base import Container, ContainerState, LogLine


def _lines(*texts: str) -> list[LogLine]:
    return [LogLine(datetime(2026, 1, 1, tzinfo=UTC), "stderr", text) for text in texts]


def test_an_error_begins_where_its_trace_begins() -> None:
    said = [
        "reading prices",
        "before",
        "Warning: Error in server: no price for pears",
        "  43: stop",
        "  42: server [/app/app.R#5]",
        "   1: runner",
        "Error in server(...) : no price for pears",
    ]
    assert r_error(_lines("long ago", *said)) == "\n".join(said)


def test_the_last_error_counts() -> None:
    shown = r_error(_lines("Error: the first", *["quiet"] * 5, "Error: the second", "Execution halted"))
    assert "the first" not in shown
    assert shown.endswith("Error: the second\nExecution halted")


def test_without_an_error_the_last_lines_are_shown() -> None:
    assert r_error(_lines("a", "b", "c"), most=2) == "b\nc"


def _gone(exit_code: int, out_of_memory: bool) -> Container:
    return Container("x", ContainerState.exited, "s", "i", None, exit_code, out_of_memory)


def test_an_app_that_was_killed_is_told_its_memory_limit() -> None:
    assert ended(_gone(137, True), 2**30, []).message == "The app ran out of memory, limit 1 GiB."
    killed = ended(_gone(137, False), 2**30, [])
    assert killed.message == "The app was killed (exit code 137), most likely out of memory, limit 1 GiB."
    assert "Set `memory` in sandbox.toml" in killed.hint
    assert ended(_gone(3, False), 2**30, []).message == "R ended by itself with exit code 3."


def test_a_document_says_which_chunk_failed() -> None:
    said = [
        "sandbox: rendering: chunk 2 of 2 [plot]",
        "",
        "Quitting from report.Rmd:17-19 [plot]",
        "Error in eval(expr) : object 'sales' not found",
        "sandbox: cannot render: object 'sales' not found",
    ]
    error = ended(_gone(1, False), 2**30, _lines(*said))
    assert error.message == (
        "The document could not be rendered: report.Rmd, lines 17-19 (chunk plot): object 'sales' not found"
    )
    assert "Quitting from report.Rmd:17-19 [plot]" in error.detail


def test_older_words_of_a_failed_chunk_are_read_too() -> None:
    said = ["Quitting from lines 5-7 [load] (report.Rmd)", "sandbox: cannot render: no file"]
    message = ended(_gone(1, False), 2**30, _lines(*said)).message
    assert message.endswith("report.Rmd, lines 5-7 (chunk load): no file")


def test_a_wrong_parameter_has_no_chunk() -> None:
    said = ["sandbox: cannot render: the document has no parameter regoin (it has region)"]
    message = ended(_gone(1, False), 2**30, _lines(*said)).message
    assert message.endswith("rendered: the document has no parameter regoin (it has region)")
