"""What can go wrong on this side of the wire, and how a server's problem gets to the person."""

from collections.abc import Mapping
from typing import Any

INTERRUPTED = 130
"""The exit code after Ctrl-C."""


class Failure(Exception):
    """A known error: one sentence, one hint, exit code 1."""

    code = "failed"
    exit_code = 1

    def __init__(self, message: str, hint: str = "", *, code: str = "", detail: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint or "See `sandbox --help`."
        self.code = code or type(self).code
        self.detail = detail
        """Longer material, such as the R error."""
        self.request_id = ""
        self.document: Mapping[str, Any] = {}
        """Printed beside `error` with --json."""
        self.told = False
        """The command printed its document itself."""

    def as_problem(self) -> dict[str, str]:
        return {
            "code": self.code,
            "message": self.message,
            "hint": self.hint,
            "detail": self.detail,
            "request_id": self.request_id,
        }


class WrongUse(Failure):
    """The command line itself is wrong: exit code 2."""

    code = "wrong_use"
    exit_code = 2


class NotLoggedIn(Failure):
    code = "not_logged_in"


class Unreachable(Failure):
    """The server does not answer, or what answers is no Sandbox server. May be tried again."""

    code = "unreachable"


class Refused(Failure):
    """The server said no: its own code, sentence and hint."""

    def __init__(self, status: int, problem: Mapping[str, str]) -> None:
        super().__init__(
            problem.get("message") or f"The server answered {status}.",
            problem.get("hint", ""),
            code=problem.get("code") or "error",
            detail=problem.get("detail", ""),
        )
        self.status = status
        self.request_id = problem.get("request_id", "")
