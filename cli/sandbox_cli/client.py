"""What can be asked of the server: its API, verb by verb."""

from collections.abc import Callable, Iterator
from secrets import token_hex
from time import monotonic, sleep
from typing import IO, Any, TypeVar, cast
from urllib.parse import quote

from sandbox_cli import answers, answers_review, answers_sessions
from sandbox_cli.errors import Refused, Unreachable
from sandbox_cli.transport import Transport

POLL = 25
"""Seconds for which one question waits for news."""
PATIENCE = 60
"""Seconds for which a server that does not answer is waited for, while something is followed."""
SHAKY = 0.5

T = TypeVar("T")


class Client:
    """One method for each thing that the command line asks."""

    def __init__(self, url: str, token: str) -> None:
        self.url = url
        self._http = Transport(url, token)

    def me(self) -> answers.Me:
        return cast(answers.Me, self._http.call("GET", "/me"))

    def tokens(self) -> list[answers.Token]:
        return cast(list[answers.Token], self._http.call("GET", "/tokens"))

    def create_token(self, name: str, days: int | None) -> answers.Token:
        return cast(answers.Token, self._http.call("POST", "/tokens", {"name": name, "days": days}))

    def remove_token(self, name: str) -> None:
        self._http.call("DELETE", f"/tokens/{quote(name, safe='')}")

    def login_link(self) -> answers.LoginLink:
        return cast(answers.LoginLink, self._http.call("POST", "/login-links"))

    def apps(self) -> list[answers.App]:
        return cast(list[answers.App], self._http.call("GET", "/apps"))

    def app(self, app: str) -> answers.AppDetail:
        return cast(answers.AppDetail, self._http.call("GET", _app(app)))

    def remove_app(self, app: str) -> answers.Removed:
        return cast(answers.Removed, self._http.call("DELETE", _app(app), patience=120))

    def remove_branch(self, app: str, branch: str) -> answers.Removed:
        path = f"{_app(app)}/branches"
        return cast(answers.Removed, self._http.call("DELETE", path, patience=120, branch=branch))

    def sandboxes(self, app: str | None = None) -> list[answers.Sandbox]:
        return cast(list[answers.Sandbox], self._http.call("GET", "/sandboxes", app=app))

    def branches_seen(self, app: str, seen: answers.BranchesSeen) -> answers.BranchesGone:
        return cast(answers.BranchesGone, self._http.call("POST", f"{_app(app)}/branches", seen))

    def keep(self, app: str, branch: str) -> answers.Kept:
        path = f"{_app(app)}/branches/keep"
        return cast(answers.Kept, self._http.call("POST", path, branch=branch))

    def has_bundle(self, digest: str) -> bool:
        return self._http.exists(f"/bundles/{digest}")

    def upload(self, digest: str, body: IO[bytes], size: int) -> None:
        self._http.upload(f"/bundles/{digest}", body, size)

    def push(self, app: str, push: answers.Push) -> answers.Deployment:
        return cast(answers.Deployment, self._http.call("POST", f"{_app(app)}/deployments", push))

    def deployments(self, app: str, branch: str | None = None, limit: int = 50) -> list[answers.Deployment]:
        path = f"{_app(app)}/deployments"
        return cast(list[answers.Deployment], self._http.call("GET", path, branch=branch, limit=limit))

    def deployment(
        self, app: str, number: int, seen: int | None = None, wait: float | None = None
    ) -> answers.Deployment:
        answer = self._http.call("GET", _deployment(app, number), patience=wait or 0, seen=seen, wait=wait)
        return cast(answers.Deployment, answer)

    def cancel(self, app: str, number: int) -> answers.Deployment:
        return cast(
            answers.Deployment, self._http.call("POST", f"{_deployment(app, number)}/cancel", patience=60)
        )

    def restart(self, app: str, number: int) -> answers.Job:
        return cast(answers.Job, self._http.call("POST", f"{_deployment(app, number)}/restart"))

    def draining(self, app: str) -> list[answers_sessions.Draining]:
        return cast(list[answers_sessions.Draining], self._http.call("GET", f"{_app(app)}/draining"))

    def availability(self, app: str) -> answers_sessions.Availability:
        return cast(answers_sessions.Availability, self._http.call("GET", f"{_app(app)}/availability"))

    def notices(self, app: str) -> list[answers_sessions.Notice]:
        """Open and settled ones, newest first."""
        return cast(list[answers_sessions.Notice], self._http.call("GET", f"{_app(app)}/notices"))

    def drain(
        self, app: str, number: int, *, deadline: str, now: bool, cancel: bool, scope: str | None, reason: str
    ) -> list[answers_sessions.Draining]:
        body = {"deadline": deadline, "now": now, "cancel": cancel, "scope": scope, "reason": reason}
        path = f"{_deployment(app, number)}/drain"
        return cast(list[answers_sessions.Draining], self._http.call("POST", path, body))

    def figures(
        self, app: str, number: int | None = None, *, scope: str = "release", span: str = "minute", last: int
    ) -> answers_sessions.Figures:
        """Of a deployment, or without one of the app's release; of the last so many seconds."""
        path = _app(app) if number is None else _deployment(app, number)
        of = None if number is None else scope
        return cast(
            answers_sessions.Figures,
            self._http.call("GET", f"{path}/figures", span=span, last=last, scope=of),
        )

    def render(self, app: str, number: int, scope: str, parameters: dict[str, str]) -> answers.Job:
        body = {"scope": scope, "parameters": parameters}
        return cast(answers.Job, self._http.call("POST", f"{_deployment(app, number)}/render", body))

    def outputs(self, app: str, number: int) -> list[answers.Output]:
        return cast(list[answers.Output], self._http.call("GET", f"{_deployment(app, number)}/outputs"))

    def logs(self, app: str, number: int, kind: str, tail: int | None) -> list[answers.LogLine]:
        path = f"{_deployment(app, number)}/logs"
        return cast(list[answers.LogLine], self._http.call("GET", path, kind=kind, tail=tail))

    def follow_logs(self, app: str, number: int, kind: str, tail: int | None) -> Iterator[answers.LogLine]:
        return self._http.lines(f"{_deployment(app, number)}/logs", kind=kind, tail=tail, follow=1)

    def packages(self, app: str, number: int) -> answers.PackageList:
        return cast(answers.PackageList, self._http.call("GET", f"{_deployment(app, number)}/packages"))

    def package_diff(self, app: str, number: int, against: int | None) -> answers.PackageDiff:
        path = f"{_deployment(app, number)}/packages/diff"
        return cast(answers.PackageDiff, self._http.call("GET", path, against=against))

    def sbom(self, app: str, number: int) -> dict[str, Any]:
        return cast(dict[str, Any], self._http.call("GET", f"{_deployment(app, number)}/sbom"))

    def lock(self, app: str, number: int) -> answers.Lock:
        return cast(answers.Lock, self._http.call("GET", f"{_deployment(app, number)}/lock"))

    def releases(self, app: str) -> list[answers.Release]:
        return cast(list[answers.Release], self._http.call("GET", f"{_app(app)}/releases"))

    def release(
        self,
        app: str,
        number: int,
        seen: int,
        reason: str,
        *,
        percent: int | None = None,
        canary: str | None = None,
        replace: bool = False,
        override: bool = False,
        read: str = "",
    ) -> answers.Job:
        """`read`: the mark of the preview that the person agreed to, if anybody was asked."""
        body = {"deployment": number, "seen": seen, "reason": reason}
        body |= {"percent": percent, "canary": canary, "replace": replace}
        # A server of an earlier version knows no such words.
        body |= {"override": True} if override else {}
        body |= {"read": read} if read else {}
        return cast(answers.Job, self._http.call("POST", f"{_app(app)}/releases", body))

    def gates(self, app: str) -> answers_review.Gates:
        return cast(answers_review.Gates, self._http.call("GET", f"{_app(app)}/gates"))

    def set_gates(self, app: str, gates: dict[str, Any], reason: str) -> answers_review.Gates:
        body = {"gates": gates, "reason": reason}
        return cast(answers_review.Gates, self._http.call("PUT", f"{_app(app)}/gates", body))

    def gate_report(self, app: str, number: int) -> answers_review.GateReport:
        return cast(answers_review.GateReport, self._http.call("GET", f"{_deployment(app, number)}/gates"))

    def watch(self, app: str, seen: int | None = None, wait: float | None = None) -> answers_sessions.Watch:
        path = f"{_app(app)}/watch"
        return cast(
            answers_sessions.Watch, self._http.call("GET", path, patience=wait or 0, seen=seen, wait=wait)
        )

    def rollback(self, app: str, seen: int, to: int | None, reason: str, move: str = "") -> answers.Job:
        body = {"seen": seen, "to": to, "reason": reason, "move": move}
        return cast(answers.Job, self._http.call("POST", f"{_app(app)}/rollback", body))

    def job(self, number: int, seen: int | None = None, wait: float | None = None) -> answers.Job:
        answer = self._http.call("GET", f"/jobs/{number}", patience=wait or 0, seen=seen, wait=wait)
        return cast(answers.Job, answer)

    def diff(self, app: str, a: int | None, b: int) -> answers.Diff:
        return cast(answers.Diff, self._http.call("GET", f"{_app(app)}/diff", patience=60, a=a, b=b))

    def preview(self, app: str, number: int) -> answers_review.Preview:
        """What a release of this deployment would bring, and whether it may be made."""
        path = f"{_deployment(app, number)}/preview"
        return cast(answers_review.Preview, self._http.call("GET", path, patience=60))

    def variables(self, app: str, scope: str | None, branch: str | None) -> answers.Variables:
        path = f"{_app(app)}/variables"
        return cast(answers.Variables, self._http.call("GET", path, scope=scope, branch=branch))

    def set_variables(
        self, app: str, variables: dict[str, str], scope: str, branch: str | None
    ) -> answers.Variables:
        body = {"variables": variables, "scope": scope, "branch": branch}
        return cast(answers.Variables, self._http.call("PUT", f"{_app(app)}/variables", body))

    def remove_variable(self, app: str, name: str, scope: str, branch: str | None) -> answers.Variables:
        path = f"{_app(app)}/variables/{quote(name, safe='')}"
        return cast(answers.Variables, self._http.call("DELETE", path, scope=scope, branch=branch))

    def request_review(self, app: str, body: dict[str, Any]) -> answers_review.Review:
        return cast(answers_review.Review, self._http.call("POST", f"{_app(app)}/reviews", body))

    def reviews(self, app: str, branch: str | None = None) -> list[answers_review.Review]:
        path = f"{_app(app)}/reviews"
        return cast(list[answers_review.Review], self._http.call("GET", path, branch=branch, limit=200))

    def review(self, app: str, number: int) -> answers_review.Review:
        return cast(answers_review.Review, self._http.call("GET", f"{_app(app)}/reviews/{number}"))

    def revoke_review(self, app: str, number: int) -> answers_review.Review:
        return cast(answers_review.Review, self._http.call("DELETE", f"{_app(app)}/reviews/{number}"))

    def comments(
        self,
        app: str,
        *,
        branch: str | None = None,
        review: int | None = None,
        open_only: bool = False,
        before: int | None = None,
    ) -> answers_review.Comments:
        """Newest first, 50 at most."""
        path, only = f"{_app(app)}/comments", 1 if open_only else None
        found = self._http.call("GET", path, branch=branch, review=review, open=only, before=before)
        return cast(answers_review.Comments, found)

    def comment(self, app: str, number: int) -> answers_review.CommentDetail:
        return cast(answers_review.CommentDetail, self._http.call("GET", f"{_app(app)}/comments/{number}"))

    def answer_comment(self, app: str, number: int, text: str) -> answers_review.Comment:
        """Sent again after a connection that broke, it is one answer."""
        body = {"key": token_hex(16), "text": text}
        path = f"{_app(app)}/comments/{number}/answers"
        return cast(answers_review.Comment, self._http.call("POST", path, body))

    def settle_comment(self, app: str, number: int, action: str) -> answers_review.Comment:
        """`action`: "resolve" or "reopen"."""
        path = f"{_app(app)}/comments/{number}/{action}"
        return cast(answers_review.Comment, self._http.call("POST", path))

    def findings(self) -> list[answers.Finding]:
        return cast(list[answers.Finding], self._http.call("GET", "/doctor", patience=60))


def patiently(ask: Callable[[], T], waiting: Callable[[str], None], patience: float = PATIENCE) -> T:
    """Asks again while the server is away for a moment, as in a restart; `waiting` is told so."""
    until = monotonic() + patience
    while True:
        try:
            return ask()
        except (Unreachable, Refused) as error:
            if monotonic() > until or not _may_come_back(error):
                raise
            waiting("the server does not answer just now, waiting for it")
            sleep(SHAKY)


def _may_come_back(error: Unreachable | Refused) -> bool:
    """The server itself, or the database behind it."""
    return isinstance(error, Unreachable) or error.code == "store_unavailable"


def _app(app: str) -> str:
    return f"/apps/{quote(app, safe='')}"


def _deployment(app: str, number: int) -> str:
    return f"{_app(app)}/deployments/{number}"
