"""`sandbox promote`: from now on users, or a share of them, get this deployment."""

from contextlib import suppress
from typing import Annotated, Any

from sandbox_cli import names, place, shares, waiting
from sandbox_cli.answers import AppDetail, Diff, Job
from sandbox_cli.answers import Deployment as Answer
from sandbox_cli.client import Client
from sandbox_cli.console import clean, console, one_line
from sandbox_cli.errors import Failure, WrongUse
from sandbox_cli.options import App, Branch, Deployment, Option, Reason, Yes
from sandbox_cli.words import ago, plural, seconds

CAN_BE_RELEASED = ("ready", "asleep")
SHOWN = 10
"""Lines of each kind in the summary of what changes."""


def promote(
    deployment: Deployment = None,
    branch: Branch = None,
    app: App = None,
    percent: Annotated[
        int | None,
        Option(
            ("--percent",),
            "Give it to so many of a hundred visitors, beside the release in force; 0 takes its share back.",
            min=0,
            max=100,
        ),
    ] = None,
    canary: Annotated[
        str | None,
        Option(
            ("--canary",),
            'Shares one after the other, each with its time: "10@10m,50@10m". It goes on if nothing is worse.',
            metavar="PLAN",
        ),
    ] = None,
    replace: Annotated[bool, Option(("--replace",), "End the candidate that has a share now.")] = False,
    override: Annotated[
        bool,
        Option(
            ("--override",),
            "Release it although gates miss something; for administrators, with a --reason.",
        ),
    ] = False,
    reason: Reason = "",
    yes: Yes = False,
) -> None:
    """Release exactly this deployment's image: it starts, is visited, then the traffic is switched."""
    if deployment and branch:
        raise WrongUse("Give a deployment or --branch, not both.", "See `sandbox promote --help`.")
    if percent is not None and canary is not None:
        raise WrongUse("Give --percent or --canary, not both.", "See `sandbox promote --help`.")
    if not deployment and not branch and percent is None and not console.asks():
        raise WrongUse("Say what to promote.", "`sandbox promote d42`, or `sandbox promote --branch B`.")
    if override and not reason.strip():
        raise WrongUse(
            "Whoever overrides the gates says why.", 'Add `--reason "…"`; it stays in the history.'
        )
    target = names.deployment(deployment) if deployment else None
    client = place.client()
    name = place.app_with(target and target.app, app)
    detail = client.app(name)
    number = target.number if target else _target(client, detail, branch, percent)
    read = ""
    if console.asks() and not yes:
        if override:
            _show_missing(client, name, number)
        read = _ask(client, detail, number, percent, canary)
    how = {"percent": percent, "canary": canary, "replace": replace, "override": override, "read": read}
    try:
        job = _released(client, detail, number, reason, **how)
    except Failure as refused:
        _add_what_is_missing(client, name, number, refused)
        raise
    tell(job, shares.sentence(job["release"], detail, canary), shares.stay(job, detail))


def tell(job: Job, sentence: str, left: str) -> None:
    """The end of a promote or a rollback."""
    release = job["release"]
    if not release:
        raise Failure("The release is done, but the server did not say which.", "See `sandbox releases`.")
    document: dict[str, Any] = {key: release[key] for key in ("release", "app", "deployment", "image", "url")}
    document["override"] = release["override"]
    console.document({**document, "seconds": job["seconds"], "left_sessions": job["left_sessions"]})
    took = f" It took {seconds(job['seconds'])}." if job["seconds"] is not None else ""
    console.done(f"{sentence} Release {release['release']} of {release['app']}.{took}")
    if left:
        console.say(f"  {left}")
    if release["smoke"] and release["smoke"]["status"] == "failed":
        console.warn(f"The smoke check before the switch failed: {release['smoke']['reason']}")
    if release["override"]:
        console.warn("The gates were overridden; the history shows what was missing:")
        for line in release["override"]:
            console.say(f"  - {clean(line)}")
    if release["output_diff"]:
        console.say("  What users read differs from what was reviewed:")
        for line in release["output_diff"].splitlines():
            console.say(f"    {clean(line)}")
    console.next(*shares.commands(release))
    console.result(release["url"])


def _released(client: Client, detail: AppDetail, number: int, reason: str, **how: Any) -> Job:
    with console.live() as show:
        asked = client.release(detail["app"], number, detail["seen"], reason, **how)
        return waiting.finished(client, asked, show)


def _add_what_is_missing(client: Client, app: str, number: int, refused: Failure) -> None:
    """For programs, that read no sentences."""
    if console.json and refused.code == "gate_closed":
        # Without an answer the refusal itself is still told.
        with suppress(Failure):
            found = client.preview(app, number)
            refused.document = {"missing": found["gates"]["missing"], "unreviewed": found["unreviewed"]}


def _target(client: Client, detail: AppDetail, branch: str | None, percent: int | None) -> int:
    """The number that is meant where none was given. Without a word it is the candidate whose share changes."""
    if branch:
        return _of_branch(client, detail["app"], branch)
    if percent is not None and detail["candidate"]:
        return detail["candidate"]["deployment"]
    if not console.asks():
        raise WrongUse(
            f"{detail['app']} has no candidate, so say what to promote.",
            "`sandbox promote d42 --percent 10`.",
        )
    return _choice(detail)


def _of_branch(client: Client, app: str, branch: str) -> int:
    deployments = client.deployments(app, branch)
    chosen = next((d for d in deployments if d["status"] in CAN_BE_RELEASED), None)
    if not chosen:
        why = (
            f"its newest, d{deployments[0]['deployment']}, is {deployments[0]['status']}"
            if deployments
            else "it has none"
        )
        raise Failure(
            f"{app} has no deployment of {branch} that is ready: {why}.",
            f"`sandbox deploy --branch {branch}`.",
            code="not_found",
        )
    console.say(
        f"d{chosen['deployment']} is the newest of {branch} that is {chosen['status']}: {_about(chosen)}"
    )
    newer = next(
        (d for d in deployments if d["status"] == "failed" and d["deployment"] > chosen["deployment"]), None
    )
    if newer:
        console.warn(f"d{newer['deployment']} is newer and failed: `sandbox logs d{newer['deployment']}`.")
    return chosen["deployment"]


def _choice(detail: AppDetail) -> int:
    current = [sandbox["current"] for sandbox in detail["sandboxes"] if sandbox["current"]]
    if not current:
        raise Failure(
            f"{detail['app']} has nothing that is ready.",
            "Push something: `sandbox deploy`.",
            code="not_found",
        )
    for index, deployment in enumerate(current, 1):
        released = " (released)" if deployment["released"] else ""
        console.say(
            f"{index:>3}  d{deployment['deployment']}  {deployment['branch']}  {_about(deployment)}{released}"
        )
    picked = console.ask("Which")
    if picked not in {str(index) for index in range(1, len(current) + 1)}:
        raise WrongUse(f"There is no number {picked} in the list.", "Run `sandbox promote` again.")
    return current[int(picked) - 1]["deployment"]


def _about(deployment: Answer) -> str:
    return one_line(
        f"{deployment['message'] or 'no message'}, {deployment['author']}, {ago(deployment['created_at'])}"
    )


def _show_missing(client: Client, app: str, number: int) -> None:
    """What somebody is about to override."""
    report = client.gate_report(app, number)
    for missing in report["missing"]:
        console.warn(one_line(missing["message"]))
    if report["open"]:
        console.say("All gates are open: there is nothing to override.")


def _ask(client: Client, detail: AppDetail, number: int, percent: int | None, canary: str | None) -> str:
    """The mark of what the person read and agreed to; empty where nothing was to be read."""
    read, before = "", detail["release"]["deployment"] if detail["release"] else None
    if percent != 0:
        show_changes(client.diff(detail["app"], before, number))
        found = client.preview(detail["app"], number)
        _show_unreviewed(found["unreviewed"])
        read = found.get("mark", "")
    if not console.confirm(shares.question(detail, number, percent, canary)):
        raise Failure(
            "Nothing was released.", f"Look at it first: `sandbox diff d{number}`.", code="declined"
        )
    return read


def _show_unreviewed(variables: list[str]) -> None:
    if variables:
        told = ", ".join(one_line(variable) for variable in variables)
        console.warn(f"Not reviewed: {told}, changed for users since the review or the push.")


def show_changes(diff: Diff) -> None:
    """What is different, on stderr and in few lines."""
    console.say(f"From {'nothing' if diff['a'] is None else 'd' + str(diff['a'])} to d{diff['b']}:")
    files = [f"{file['change']} {file['path']}" for file in diff["files"]]
    for title, lines in (
        ("commit", diff["commits"]),
        ("file", files),
        ("package", diff["packages"]),
        ("variable", diff["variables"]),
    ):
        if lines:
            console.say(f"  {plural(len(lines), title)}")
        for line in lines[:SHOWN]:
            console.say(f"    {one_line(line)}")
        if len(lines) > SHOWN:
            console.say(f"    and {len(lines) - SHOWN} more")
