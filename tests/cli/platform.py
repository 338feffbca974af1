"""What the small server of the command line's tests knows, and how it moves on."""

import io
import tarfile
import threading
from datetime import UTC, datetime
from typing import Any

from sandbox_server import wire, wire_packages

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
FORWARD = {"queued": "building", "building": "starting", "starting": "ready"}


class RefusalError(Exception):
    def __init__(self, status: int, code: str, message: str, hint: str = "Do something else.") -> None:
        super().__init__(message)
        self.status = status
        self.problem = wire.Problem(code=code, message=message, hint=hint)


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
        self.limits = wire.Limits(bundle=2**30, unpacked=2**32, files=20_000)
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
        flags = {"current": False, "released": False, "live": "", "author": "ada", "created_at": NOW}
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

    def release(self, app: str, number: int, kind: str, reason: str, seen: int) -> wire.Job:
        history = self.releases.setdefault(app, [])
        if seen != (history[-1].release if history else 0):
            raise RefusalError(409, "state_changed", "Somebody else released meanwhile.")
        deployment = self.one(app, str(number))
        if deployment.status != "ready":
            raise RefusalError(409, "not_possible", f"d{number} is {deployment.status}.")
        for earlier in history:
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
            kind=kind,
            created_at=NOW,
            in_force=True,
            sessions=2,
            output_diff=self.output_diff,
        )
        history.append(made)
        return self.job(kind, made, left=7 if len(history) > 1 else 0)

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
        return wire.AppDetail(
            app=app,
            title=app,
            url=f"http://{app}.apps.localhost",
            page=f"{self.url}/apps/{app}",
            updated_at=NOW,
            release=history[-1] if history else None,
            branches=len(sandboxes),
            sessions=3,
            memory=None,
            sandboxes=sandboxes,
        )
