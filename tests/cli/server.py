"""A small server with the real wire format on a loopback port, for tests of the command line alone."""

import hashlib
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.cli.gating import Gating, open_gates
from tests.cli.platform import NOW, Platform, RefusalError
from tests.cli.reviewing import Reviewing

from sandbox_server import wire, wire_packages, wire_people, wire_sessions

__all__ = ["TOKEN", "Platform", "Server"]

TOKEN = "sbx_test_token"


class Handler(Gating, Reviewing, BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    platform: Platform

    def _answer(self) -> None:
        parts = urlsplit(self.path)
        self.query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        try:
            if self.headers["Authorization"] != f"Bearer {TOKEN}":
                raise RefusalError(
                    401, "unauthorized", "That token is not valid.", "Run `sandbox login URL --token TOKEN`."
                )
            steps = [unquote(step) for step in parts.path.removeprefix("/api/v1/").split("/")]
            status, answer = getattr(self, f"_{steps[0].replace('-', '_')}")(steps[1:], body)
        except RefusalError as refusal:
            status, answer = refusal.status, {"error": refusal.problem.model_dump()}
        if answer is not None:
            self._send(status, answer)

    # The names that the standard library calls.
    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _answer  # noqa: N815

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def _send(self, status: int, answer: Any) -> None:
        data = json.dumps(_plain(answer)).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def _me(self, rest: list[str], body: bytes) -> tuple[int, Any]:
        return 200, wire_people.Me(
            user="ada", admin=True, version="0.1.0", url=self.platform.url, limits=self.platform.limits
        )

    def _tokens(self, rest: list[str], body: bytes) -> tuple[int, Any]:
        if self.command == "POST":
            asked = wire_people.TokenRequest.model_validate_json(body)
            self.platform.tokens.append(asked.name)
            return 201, wire_people.Token(
                name=asked.name, created_at=NOW, expires_at=None, used_at=None, token="sbx_new"
            )
        if self.command == "DELETE":
            if rest[0] not in self.platform.tokens:
                raise RefusalError(404, "not_found", f"There is no token {rest[0]}.")
            self.platform.tokens.remove(rest[0])
            return 200, {}
        return 200, [
            wire_people.Token(name=n, created_at=NOW, expires_at=None, used_at=NOW)
            for n in self.platform.tokens
        ]

    def _login_links(self, rest: list[str], body: bytes) -> tuple[int, Any]:
        return 201, wire_people.LoginLink(url=f"{self.platform.url}/login/sbx_once", expires_at=NOW)

    def _doctor(self, rest: list[str], body: bytes) -> tuple[int, Any]:
        return 200, [wire.Finding(part="engine", status="ok", message="Docker 20.10 answers")]

    def _bundles(self, rest: list[str], body: bytes) -> tuple[int, Any]:
        if self.command == "HEAD":
            return (200 if rest[0] in self.platform.bundles else 404), {}
        if self.platform.too_large:
            raise RefusalError(413, "too_large", "The bundle is larger than 1 GiB.", "Leave large files out.")
        assert hashlib.sha256(body).hexdigest() == rest[0]
        self.platform.bundles[rest[0]] = body
        self.platform.uploads += 1
        return 201, {}

    def _jobs(self, rest: list[str], body: bytes) -> tuple[int, Any]:
        job = self.platform.jobs[int(rest[0]) - 1]
        job.status, job.version = "done", job.version + 1
        return 200, job

    def _apps(self, rest: list[str], body: bytes) -> tuple[int, Any]:
        if not rest:
            return 200, [
                wire.App(**self.platform.detail(app).model_dump()) for app in self.platform.deployments
            ]
        app, below = rest[0], rest[1:]
        if below:
            return getattr(self, f"_app_{below[0]}")(app, below[1:], body)  # type: ignore[no-any-return]
        if self.command == "DELETE":
            if self.platform.releases.get(app):
                raise RefusalError(409, "not_possible", f"{app} has a release.")
            del self.platform.deployments[app]
            return 200, wire.Removed(removed=[f"app {app}"])
        return 200, self.platform.detail(app)

    def _app_deployments(self, app: str, rest: list[str], body: bytes) -> tuple[int, Any]:
        if self.command == "POST" and not rest:
            return 201, self.platform.push(app, wire.Push.model_validate_json(body))
        if not rest:
            branch = self.query.get("branch")
            found = [d for d in reversed(self.platform.find(app)) if branch in (None, d.branch)]
            return 200, found[: int(self.query.get("limit", 50))]
        deployment = self.platform.one(app, rest[0])
        if rest[1:] == ["logs"]:
            return self._logs(deployment)
        if rest[1:] == ["figures"]:
            return 200, self.platform.figures(app, deployment.deployment, self.query)
        if rest[1:2] in (["packages"], ["lock"], ["sbom"]):
            return 200, self._of_library(deployment, rest[1:])
        if rest[1:] == ["gates"]:
            return 200, self.platform.gate_report or open_gates(app, deployment.deployment)
        if rest[1:] == ["preview"]:
            return 200, self.platform.preview(app, deployment.deployment)
        if rest[1:] == ["drain"]:
            asked = wire_sessions.DrainRequest.model_validate_json(body)
            self.platform.drains.append(asked)
            return 200, [row for row in self.platform.draining if row.deployment == deployment.deployment]
        if rest[1:] == ["cancel"]:
            deployment.status = wire.Status.cancelled
        elif rest[1:] == ["render"]:
            return self._render(deployment, wire.RenderRequest.model_validate_json(body))
        elif rest[1:] == ["outputs"]:
            return 200, [one for one in self.platform.outputs if one.deployment == deployment.deployment]
        elif rest[1:] == ["restart"]:
            if deployment.status == "asleep":
                deployment.status = wire.Status.starting
            return 202, self.platform.job("restart", None)
        elif self.query.get("wait"):
            while self.platform.held.is_set():
                time.sleep(0.01)
            self.platform.move(deployment)
        return 200, deployment

    def _app_draining(self, app: str, rest: list[str], body: bytes) -> tuple[int, Any]:
        return 200, [row for row in self.platform.draining if row.app == app]

    def _render(self, deployment: wire.Deployment, request: wire.RenderRequest) -> tuple[int, Any]:
        output = wire.Output(
            deployment=deployment.deployment, scope=request.scope, parameters=request.parameters, by="ada",
            digest="0" * 64, size=2000, seconds=1.5, created_at=deployment.created_at,
        )  # fmt: skip
        self.platform.outputs.insert(0, output)
        return 202, self.platform.job("render", None)

    def _of_library(self, deployment: wire.Deployment, rest: list[str]) -> Any:
        app, number = deployment.app, deployment.deployment
        listed = self.platform.packages.get(number)
        if listed is None:
            raise RefusalError(409, "not_possible", f"d{number} has no package list yet: it is queued.")
        if rest == ["lock"]:
            rows = {row.name: {"Package": row.name, "Version": row.version} for row in listed}
            return wire_packages.Lock(
                app=app, deployment=number, text=json.dumps({"Packages": rows}, indent=2) + "\n"
            )
        if rest == ["sbom"]:
            components = [{"name": row.name, "version": row.version} for row in listed]
            return {"bomFormat": "CycloneDX", "components": components}
        if rest == ["packages"]:
            return wire_packages.PackageList(
                app=app, deployment=number, origin=deployment.origin, r_version="4.5.0", packages=listed,
                drift=deployment.drift, notices=[],
            )  # fmt: skip
        before = int(self.query["against"]) if "against" in self.query else None
        old = {row.name: row.version for row in self.platform.packages.get(before or 0, [])}
        changes = [
            wire_packages.PackageChange(
                name=row.name, before=old.get(row.name, ""), after=row.version, source=row.source
            )
            for row in listed
            if old.get(row.name) != row.version
        ]
        return wire_packages.PackageDiff(app=app, a=before, b=number, changes=changes)

    def _logs(self, deployment: wire.Deployment) -> tuple[int, Any]:
        texts = [f"{self.query['kind']} line {n} of d{deployment.deployment}" for n in (1, 2, 3)]
        lines = [wire.LogLine(time=NOW, stream="stderr", text=text) for text in texts]
        if "follow" not in self.query:
            return 200, lines[-int(self.query.get("tail", 100)) :]
        self.send_response(200)
        self.send_header("Connection", "close")
        self.end_headers()
        for line in lines:
            self.wfile.write(b"\n" + line.model_dump_json().encode() + b"\n")
        self.close_connection = True
        return 200, None

    def _app_figures(self, app: str, rest: list[str], body: bytes) -> tuple[int, Any]:
        return 200, self.platform.figures(app, None, self.query)

    def _app_availability(self, app: str, rest: list[str], body: bytes) -> tuple[int, Any]:
        return 200, self.platform.availability(app)

    def _app_notices(self, app: str, rest: list[str], body: bytes) -> tuple[int, Any]:
        return 200, self.platform.notices

    def _app_releases(self, app: str, rest: list[str], body: bytes) -> tuple[int, Any]:
        if self.command == "GET":
            return 200, list(reversed(self.platform.releases.get(app, [])))
        asked = wire.ReleaseRequest.model_validate_json(body)
        self.platform.asked.append(asked)
        overridden = self._overridden(asked)
        share = int(asked.canary.partition("@")[0]) if asked.canary else asked.percent
        job = self.platform.release(
            app, asked.deployment, "promote", asked.reason, asked.seen, 100 if share is None else share
        )
        assert job.release is not None
        job.release.override = overridden
        return 202, job

    def _app_watch(self, app: str, rest: list[str], body: bytes) -> tuple[int, Any]:
        said = self.platform.watched
        if "seen" in self.query and len(said) > 1:
            said.pop(0)
        return 200, said[0]

    def _app_rollback(self, app: str, rest: list[str], body: bytes) -> tuple[int, Any]:
        asked = wire.RollbackRequest.model_validate_json(body)
        self.platform.asked.append(asked)
        history = self.platform.releases[app]
        if 0 < history[-1].share < 100 and asked.to is None:
            return 202, self.platform.release(
                app, history[-1].deployment, "abort", asked.reason, asked.seen, 0
            )
        target = history[(asked.to or len(history) - 1) - 1]
        return 202, self.platform.release(app, target.deployment, "rollback", asked.reason, asked.seen)

    def _app_diff(self, app: str, rest: list[str], body: bytes) -> tuple[int, Any]:
        a = int(self.query["a"]) if "a" in self.query else None
        changes = [wire.FileChange(path="app.R", change="changed", diff="-old\n+new")]
        return 200, wire.Diff(
            app=app,
            a=a,
            b=int(self.query["b"]),
            commits=["abc1234 second"],
            files=changes,
            packages=["+ leaflet"],
            variables=["KEY"],
        )

    def _app_variables(self, app: str, rest: list[str], body: bytes) -> tuple[int, Any]:
        own = self.platform.variables.setdefault(app, [])
        if self.command == "PUT":
            asked = wire.VariablesSet.model_validate_json(body)
            self.platform.values |= asked.variables
            own += [
                wire.Variable(name=n, scope=asked.scope, branch=asked.branch, by="ada", set_at=NOW)
                for n in asked.variables
            ]
        elif self.command == "DELETE":
            own[:] = [variable for variable in own if variable.name != rest[0]]
        return 200, wire.Variables(variables=own, effect="Seen from the next deployment on.")

    def _sandboxes(self, rest: list[str], body: bytes) -> tuple[int, Any]:
        app = self.query.get("app")
        return 200, [one for one in self.platform.sandboxes if app in (None, one.app)]

    def _app_branches(self, app: str, rest: list[str], body: bytes) -> tuple[int, Any]:
        if rest == ["keep"]:
            return 200, wire_sessions.Kept(app=app, branch=self.query["branch"], until=NOW)
        if self.command == "POST":
            seen = wire_sessions.BranchesSeen.model_validate_json(body)
            self.platform.seen.append(seen)
            words = "will be removed on 8 Jan: its branch was merged"
            gone = [wire_sessions.Gone(branch=name, removal=words) for name in seen.merged]
            return 200, wire_sessions.BranchesGone(gone=gone)
        return 200, wire.Removed(removed=[f"sandbox {self.query['branch']}", "d41"])


def _plain(answer: Any) -> Any:
    if isinstance(answer, list):
        return [_plain(item) for item in answer]
    return answer.model_dump(mode="json") if isinstance(answer, wire.BaseModel) else answer


class _Http(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """Commands that are interrupted hang up: that is what some tests are about."""


class Server:
    """Runs from `start` to `stop`, on a port of its own, under a name of `localhost`."""

    def __init__(self) -> None:
        self.platform = Platform()
        handler = type("Bound", (Handler,), {"platform": self.platform})
        self._http = _Http(("127.0.0.1", 0), handler)
        self._http.daemon_threads = True
        self.platform.url = f"http://sandbox.localhost:{self._http.server_address[1]}"
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()
