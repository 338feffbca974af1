"""What the small server of the command line's tests knows, and how it moves on."""

import io
import tarfile
import threading
from datetime import UTC, datetime
from typing import Any, Literal

from sandbox_server import wire, wire_packages, wire_people, wire_review, wire_sessions

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
FORWARD = {"queued": "building", "building": "starting", "starting": "ready"}


class RefusalError(Exception):
    def __init__(
        self, status: int, code: str, message: str, hint: str = "Do something else.", detail: str = ""
    ) -> None:
        super().__init__(message)
        self.status = status
        self.problem = wire.Problem(code=code, message=message, hint=hint, detail=detail)


class Platform:
    """What the server knows. A deployment moves on by one state each time that its news are waited for."""

    def __init__(self) -> None:
        self.url = ""
        self.bundles: dict[str, bytes] = {}
        self.uploads = 0
        self.deployments: dict[str, list[wire.Deployment]] = {}
        self.releases: dict[str, list[wire.Release]] = {}
        self.variables: dict[str, list[wire.Variable]] = {}
        self.values: dict[str, str] = {}
        self.jobs: list[wire.Job] = []
        self.outputs: list[wire.Output] = []
        """Newest first."""
        self.output_diff = ""
        """Of the next release."""
        self.tokens: list[str] = ["first"]
        self.smoke = wire.Smoke(status="passed", seconds=0.4)
        self.limits = wire_people.Limits(bundle=2**30, unpacked=2**32, files=20_000)
        self.phases: list[str] = []
        """What a build says, one by one, before it is over."""
        self.built: dict[str, Any] = {}
        """What a build finds out."""
        self.packages: dict[int, list[wire_packages.Package]] = {}
        """By deployment."""
        self.trouble: wire.Problem | None = None
        """Why a build failed."""
        self.too_large = False
        self.after_start = wire.Status.ready
        """Where a deployment gets to that starts."""
        self.watched: list[wire_sessions.Watch] = []
        """What a watch says, one after the other; the last one stays."""
        self.asked: list[wire.ReleaseRequest | wire.RollbackRequest] = []
        """Promotes and rollbacks."""
        self.sandboxes: list[wire_sessions.Sandbox] = []
        self.seen: list[wire_sessions.BranchesSeen] = []
        """What repositories told of their branches, oldest first."""
        self.draining: list[wire_sessions.Draining] = []
        self.drains: list[wire_sessions.DrainRequest] = []
        """What was asked for."""
        self.points: list[wire_sessions.Point] = []
        self.notices: list[wire_sessions.Notice] = []
        self.faults: list[wire_sessions.Fault] = []
        self.reviews: list[wire_review.Review] = []
        self.reviews_needed = 0
        """Oldest first, as the comments."""
        self.asked_reviews: list[wire_review.ReviewRequest] = []
        self.comments: list[wire_review.CommentDetail] = []
        self.mail: Literal["none", "waiting", "sent", "failed"] = "none"
        """How the mail of the next link goes."""
        self.mail_why = ""
        self.gates = wire_review.Gates(app="sales", gates={}, words=[], since=None, by="", why="")
        self.gate_report: wire_review.GateReport | None = None
        """Without one, all gates are open."""
        self.unreviewed: list[str] = []
        """Names of variables."""
        self.held = threading.Event()
        """While it is set, no deployment gets on."""

    def files(self, deployment: wire.Deployment) -> dict[str, bytes]:
        with tarfile.open(fileobj=io.BytesIO(self.bundles[deployment.bundle])) as archive:
            return {m.name: archive.extractfile(m).read() for m in archive.getmembers()}  # type: ignore[union-attr]

    def newest(self, app: str) -> wire.Deployment:
        return self.find(app)[-1]

    def find(self, app: str) -> list[wire.Deployment]:
        if app not in self.deployments:
            raise RefusalError(404, "not_found", f"There is no app {app}.")
        return self.deployments[app]

    def one(self, app: str, number: str) -> wire.Deployment:
        for deployment in self.find(app):
            if deployment.deployment == int(number):
                return deployment
        raise RefusalError(404, "not_found", f"{app} has no d{number}.")

    def push(self, app: str, push: wire.Push) -> wire.Deployment:
        if push.bundle not in self.bundles:
            raise RefusalError(404, "not_found", "That bundle was not uploaded.")
        known = self.deployments.setdefault(app, [])
        number = len(known) + 41
        shared = {"app": app, "deployment": number, "status": "queued", "phase": "waiting", "version": 1}
        urls = {
            "url": f"http://{push.branch}--{app}.apps.localhost",
            "permalink": f"http://d{number}--{app}.apps.localhost",
        }
        nothing = {
            "image": None,
            "error": None,
            "ready_at": None,
            "sessions": 0,
            "memory": None,
            "seconds": {},
        }
        flags = {
            "reviews_needed": self.reviews_needed,
            "current": False,
            "released": False,
            "live": "",
            "author": "ada",
            "created_at": NOW,
        }
        pushed = push.model_dump(exclude={"commits", "upload_seconds"})
        smoke = wire.Smoke(status="pending")
        made = wire.Deployment.model_validate(
            {
                **shared,
                **urls,
                **nothing,
                **flags,
                **pushed,
                "page": f"{self.url}/apps/{app}/d{number}",
                "why": "app.R at the top",
                "smoke": smoke,
            }
        )
        known.append(made)
        return made

    def move(self, deployment: wire.Deployment) -> None:
        if deployment.status not in FORWARD:
            return
        if deployment.status == "building" and self.phases:
            deployment.phase, deployment.version = self.phases.pop(0), deployment.version + 1
            return
        deployment.status = wire.Status(FORWARD[deployment.status])
        deployment.version += 1
        deployment.phase = f"now {deployment.status}"
        if deployment.status == "ready":
            broken = b"stop(" in self.files(deployment).get("app.R", b"")
            deployment.status = wire.Status.failed if broken else self.after_start
        if deployment.status == "failed" and self.trouble:
            deployment.error = self.trouble
        elif deployment.status in ("failed", "asleep"):
            detail = "Error in app.R#1: could not find function"
            deployment.error = wire.Problem(
                code="start_failed", message="The app did not start.", hint="Read it.", detail=detail
            )
        if deployment.status == "ready":
            for name, value in self.built.items():
                setattr(deployment, name, value)
            deployment.image, deployment.smoke, deployment.current = "sha256:abc", self.smoke, True
            deployment.seconds = {"build": 0.1, "start": 0.5, "smoke": 0.4}

    def preview(self, app: str, number: int) -> wire_review.Preview:
        nothing = wire_review.GateReport(
            app=app, deployment=number, open=True, missing=[], met=[], proposal=[], may_override=True
        )
        return wire_review.Preview(
            batch=wire_review.Batch(commits=1, lines=2, files=1, days=None), usual=None, sessions=2,
            unreviewed=self.unreviewed, gates=self.gate_report or nothing, verdicts=[],
        )  # fmt: skip

    def release(self, app: str, number: int, kind: str, reason: str, seen: int, share: int = 100) -> wire.Job:
        history = self.releases.setdefault(app, [])
        if seen != (history[-1].release if history else 0):
            raise RefusalError(409, "state_changed", "Somebody else released meanwhile.")
        deployment = self.one(app, str(number))
        if deployment.status != "ready":
            raise RefusalError(409, "not_possible", f"d{number} is {deployment.status}.")
        for earlier in history if share == 100 else []:
            earlier.in_force = False
        made = wire.Release(
            release=len(history) + 1,
            app=app,
            deployment=number,
            branch=deployment.branch,
            image="sha256:abc",
            url=f"http://{app}.apps.localhost",
            by="ada",
            reason=reason,
            kind="abort" if share == 0 else kind,
            created_at=NOW,
            in_force=share == 100,
            share=share,
            sessions=2,
            output_diff=self.output_diff,
        )
        history.append(made)
        return self.job(kind, made, left=7 if len(history) > 1 else 0)

    def figures(self, app: str, number: int | None, asked: dict[str, str]) -> wire_sessions.Figures:
        """The minutes or hours of `points`, the first one at the beginning of the time that was asked for."""
        points = [one.model_copy(update={"at": NOW}) for one in self.points]
        total = points[0] if points else point()
        scope = asked.get("scope", "release")
        return wire_sessions.Figures(
            app=app, deployment=number, scope=scope, span=asked["span"], points=points, total=total,
            faults=self.faults,
        )  # fmt: skip

    def availability(self, app: str) -> wire_sessions.Availability:
        visit = wire_sessions.Visited(
            at=NOW, release=1, deployment=41, ok=not self.notices, reason="No session came up.", seconds=1
        )
        return wire_sessions.Availability(
            app=app, percent=99.2, promised=99.5, sla="99,5 %", visits=8640, last=visit
        )  # fmt: skip

    def job(self, kind: str, release: wire.Release | None, left: int | None = None) -> wire.Job:
        job = wire.Job(
            job=len(self.jobs) + 1,
            kind=kind,
            status="queued",
            progress="",
            release=release,
            seconds=1.25,
            left_sessions=left,
            version=1,
        )
        self.jobs.append(job)
        return job

    def detail(self, app: str) -> wire.AppDetail:
        deployments = self.find(app)
        sandboxes = []
        for branch in dict.fromkeys(d.branch for d in deployments):
            own = [d for d in deployments if d.branch == branch]
            current = next((d for d in reversed(own) if d.current), None)
            sandboxes.append(
                wire.Branch(
                    branch=branch, url=own[-1].url, current=current, latest=own[-1], deployments=len(own)
                )
            )
        history = self.releases.get(app, [])
        newest = history[-1] if history else None
        return wire.AppDetail(
            app=app,
            title=app,
            url=f"http://{app}.apps.localhost",
            page=f"{self.url}/apps/{app}",
            updated_at=NOW,
            release=next((one for one in reversed(history) if one.share == 100), None),
            candidate=newest if newest and 0 < newest.share < 100 else None,
            seen=newest.release if newest else 0,
            branches=len(sandboxes),
            sessions=3,
            memory=None,
            sandboxes=sandboxes,
        )


def point(**values: Any) -> wire_sessions.Point:
    """A minute in which nothing happened but this."""
    nothing = dict.fromkeys(
        ("sessions", "started", "failed", "errors", "requests", "refused", "crashes", "memory", "busy"), 0
    )
    return wire_sessions.Point(**{"at": NOW, "p50": None, "p95": None, **nothing, **values})
