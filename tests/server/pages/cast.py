"""Realistic values for pages: the same app and people everywhere."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sandbox_server import wire, wire_packages

NOW = datetime.now(UTC)
HOST = "sales-dashboard.apps.localhost:8080"


def ago(**spans: float) -> datetime:
    return NOW - timedelta(**spans)


def smoke(*outputs: str) -> wire.Smoke:
    if not outputs:
        return wire.Smoke(status="passed", seconds=0.9)
    errors = [wire.OutputError(output=o, message=f"object '{o}_data' not found") for o in outputs]
    return wire.Smoke(
        status="failed", reason=f"{len(outputs)} output shows an error.", errors=errors, seconds=2.1
    )


def deployment(number: int = 42, branch: str = "feature-x", **changes: Any) -> wire.Deployment:
    values: dict[str, Any] = {
        "app": "sales-dashboard",
        "branch": branch,
        "deployment": number,
        "status": wire.Status.ready,
        "phase": "ready",
        "url": f"http://{branch}--{HOST}/",
        "permalink": f"http://d{number}--{HOST}/",
        "page": f"http://sandbox.localhost:8080/apps/sales-dashboard/deployments/{number}",
        "image": "sha256:3b7ac11e90d4f1" + "0" * 50,
        "bundle": "9f2c4e" + "a" * 58,
        "kind": "shiny",
        "why": "app.R at the top",
        "origin": "renv.lock",
        "r_version": "4.5.0",
        "commit": "3f2a1c9be7710d2a",
        "message": "Show margins by region",
        "dirty": False,
        "note": "",
        "author": "anna",
        "smoke": smoke(),
        "seconds": {"upload": 0.12, "build": 0.34, "start": 0.78, "smoke": 0.91, "total": 2.15},
        "error": None,
        "created_at": ago(minutes=12),
        "ready_at": ago(minutes=11),
        "current": True,
        "released": False,
        "sessions": 2,
        "memory": 96_400_000,
        "instances": 1,
        "memory_limit": 2**30,
        "cpus": 1.0,
        "timezone": "Europe/Berlin",
        "live": "d39 (release 7)",
        "version": 5,
    }
    return wire.Deployment(**{**values, **changes})


def failed(number: int = 43, branch: str = "fix-totals") -> wire.Deployment:
    problem = wire.Problem(
        code="start_failed",
        message="The app ended before it answered.",
        hint="Read the log: `sandbox logs d43`.",
        detail="Error in library(leaflet) : there is no package called ‘leaflet’\nExecution halted",
    )
    return deployment(
        number,
        branch,
        status=wire.Status.failed,
        phase="failed",
        message="Round totals to whole euros",
        author="ben",
        error=problem,
        ready_at=None,
        current=False,
        sessions=0,
        memory=None,
        smoke=wire.Smoke(status="skipped"),
    )


LACKS = (
    "leaflet  2.2.2 (renv.lock)\n"
    "    found: https://cloud.r-project.org timed out after 30 s, Debian has none\n"
    '    do:    set `dependencies = "compatible"` in sandbox.toml\n'
    "secretpkg  github.com/acme/secretpkg@1a2b3c4d5e6f (renv.lock)\n"
    "    found: github.com answered 404: no such commit, or no login for this host\n"
    "    do:    ask the administrator for a login in SANDBOX_NETRC"
)


def unbuilt() -> wire.Deployment:
    problem = wire.Problem(
        code="build_failed", message="2 packages could not be had.", hint="Push again.", detail=LACKS
    )
    return failed(47).model_copy(update={"error": problem, "image": None, "origin": "", "r_version": ""})


def packages() -> wire_packages.PackageList:
    rows = [
        wire_packages.Package(name="DT", version="0.33", source="Debian r-cran-dt 0.33+dfsg-1"),
        wire_packages.Package(
            name="leaflet", version="2.2.2", source="https://cloud.r-project.org",
            hash="sha256:" + "7" * 64, wanted=True,
        ),
        wire_packages.Package(name="rlang", version="1.1.5", source="base"),
        wire_packages.Package(name="shiny", version="1.10.0", source="base", wanted=True),
    ]  # fmt: skip
    return wire_packages.PackageList(
        app="sales-dashboard", deployment=42, origin="renv.lock", r_version="4.5.0", packages=rows,
        drift=["rlang 1.1.5 instead of 1.1.3"], notices=["R 4.5.0 serves what was locked with 4.5.1."],
    )  # fmt: skip


def changed() -> list[wire_packages.PackageChange]:
    return [wire_packages.PackageChange(name="leaflet", before="2.2.1", after="2.2.2", source="base")]


def release(number: int = 7, to: int = 39, **changes: Any) -> wire.Release:
    values: dict[str, Any] = {
        "release": number,
        "app": "sales-dashboard",
        "deployment": to,
        "branch": "main",
        "image": "sha256:77aa" + "0" * 60,
        "url": f"http://{HOST}/",
        "by": "anna",
        "reason": "",
        "kind": "promote",
        "created_at": ago(hours=3),
        "in_force": True,
        "sessions": 7,
        "message": "Faster first page",
        "smoke": smoke(),
    }
    return wire.Release(**{**values, **changes})


def releases() -> list[wire.Release]:
    return [
        release(),
        release(
            6,
            37,
            in_force=False,
            kept_until=NOW + timedelta(hours=20),
            sessions=4,
            created_at=ago(days=2),
            message="New login",
            by="carla",
            reason="approved by the sales team",
        ),
        release(
            5,
            31,
            in_force=False,
            sessions=None,
            created_at=ago(days=6),
            kind="rollback",
            reason="totals were wrong",
        ),
        release(
            4,
            36,
            in_force=False,
            sessions=None,
            created_at=ago(days=6.1),
            message="Round totals",
            smoke=smoke("totals"),
        ),
        release(
            3,
            31,
            in_force=False,
            sessions=None,
            created_at=ago(days=20),
            message="Filter by quarter",
            by="ben",
        ),
        release(2, 18, in_force=False, sessions=None, created_at=ago(days=44), message="Dark theme"),
        release(1, 4, in_force=False, sessions=None, created_at=ago(days=90), message="First release"),
    ]


def app(name: str = "sales-dashboard", **changes: Any) -> wire.App:
    values: dict[str, Any] = {
        "app": name,
        "title": name.replace("-", " ").capitalize(),
        "url": f"http://{name}.apps.localhost:8080/",
        "page": f"http://sandbox.localhost:8080/apps/{name}",
        "release": release(),
        "branches": 4,
        "sessions": 9,
        "memory": 412_000_000,
        "updated_at": ago(minutes=12),
    }
    return wire.App(**{**values, **changes})


def app_detail(**changes: Any) -> wire.AppDetail:
    values = app().model_dump() | {"sandboxes": [b.model_dump() for b in branches()]}
    return wire.AppDetail(**{**values, **changes})


def branch(
    current: wire.Deployment | None, latest: wire.Deployment | None = None, pushed: int = 6
) -> wire.Branch:
    latest = latest or current
    assert latest is not None
    return wire.Branch(
        branch=latest.branch, url=latest.url, current=current, latest=latest, deployments=pushed
    )


def branches() -> list[wire.Branch]:
    building = deployment(
        45,
        "feature-x",
        status=wire.Status.building,
        phase="building, installing 12 of 40 packages",
        message="Add a map of branches",
        created_at=ago(seconds=20),
        current=False,
    )
    asleep = deployment(
        40,
        "experiment/very-long-branch-name-about-forecasts",
        status=wire.Status.asleep,
        phase="asleep",
        message="Try a forecast with prophet",
        author="carla",
        created_at=ago(days=5),
        sessions=0,
        memory=None,
        dirty=True,
    )
    return [
        branch(deployment(42), building),
        branch(
            deployment(
                44,
                "fix-totals",
                author="ben",
                message="Round totals",
                smoke=smoke("totals", "map"),
                sessions=0,
            ),
            failed(46),
        ),
        branch(
            deployment(
                39, "main", released=True, message="Faster first page", created_at=ago(hours=4), sessions=7
            )
        ),
        branch(asleep, pushed=2),
    ]


def events() -> list[wire.Event]:
    def event(
        at: datetime, by: str, action: str, subject: str, old: str = "", new: str = "", reason: str = ""
    ) -> wire.Event:
        return wire.Event(
            at=at,
            by=by,
            action=action,
            app="sales-dashboard",
            subject=subject,
            old=old,
            new=new,
            reason=reason,
        )

    return [
        event(ago(seconds=20), "anna", "deployment.pushed", "d45"),
        event(ago(minutes=10), "platform", "sandbox.moved", "feature-x", "d41", "d42"),
        event(ago(minutes=11), "platform", "deployment.moved", "d42", "starting", "ready"),
        event(ago(minutes=12), "anna", "deployment.pushed", "d42"),
        event(
            ago(hours=3), "anna", "release.promote", "release 7", "d37", "d39", "approved by the sales team"
        ),
        event(ago(days=1), "carla", "variable.set", "DB_HOST"),
    ]


def lines() -> list[wire.LogLine]:
    texts = [
        ("stderr", "Loading required package: shiny"),
        ("stdout", "[sandbox] app copied to /app, 14 files"),
        ("stderr", "Listening on http://0.0.0.0:3838"),
        (
            "stderr",
            "Warning in readr::read_csv(file) : 3 parsing failures; see problems(.Last.value) for the rows",
        ),
        ("stderr", "Error in renderPlot(expr) : object 'totals_data' not found (app.R:42)"),
        ("stdout", "session started, 1 open"),
    ] * 6
    return [wire.LogLine(time=ago(seconds=600 - n), stream=s, text=t) for n, (s, t) in enumerate(texts)]


def diff() -> wire.Diff:
    patch = "\n".join(
        (
            "@@ -10,6 +10,7 @@ server <- function(input, output) {",
            "   totals <- reactive(sum(sales()$amount))",
            "-  output$margin <- renderText(totals())",
            "+  output$margin <- renderText(round(totals()))",
            "+  output$map <- renderPlot(plot_map(sales()))",
            " }",
        )
    )
    return wire.Diff(
        app="sales-dashboard",
        a=39,
        b=42,
        commits=[
            "3f2a1c9 Show margins by region",
            "a81b2c0 Read prices from the new table",
            "77dd012 Tidy up helpers",
        ],
        files=[
            wire.FileChange(path="app.R", change="changed", diff=patch),
            wire.FileChange(
                path="R/map.R", change="added", diff="@@ -0,0 +1 @@\n+plot_map <- function(d) plot(d)"
            ),
            wire.FileChange(path="www/logo.png", change="changed"),
        ],
        packages=["+ leaflet", "- maps"],
        variables=["DB_HOST", "PRICE_TABLE"],
    )


def job(**changes: Any) -> wire.Job:
    values: dict[str, Any] = {
        "job": 12,
        "kind": "promote",
        "status": "running",
        "progress": "starting d42 with the release's variables",
        "version": 3,
    }
    return wire.Job(**{**values, **changes})
