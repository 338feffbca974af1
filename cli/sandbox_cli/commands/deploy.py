"""`sandbox deploy`: pack, upload, push, and wait until a real session came up."""

from pathlib import Path
from time import perf_counter
from typing import IO, Annotated, Any

from sandbox_cli import bundle, detect, following, git, limits, place, reads, selection, waiting
from sandbox_cli.answers import Deployment, Push
from sandbox_cli.bundle import Bundle
from sandbox_cli.client import Client
from sandbox_cli.console import Live, console, one_line
from sandbox_cli.errors import Failure, Refused
from sandbox_cli.gone import Look
from sandbox_cli.names import nearest
from sandbox_cli.options import App, Argument, Branch, Option
from sandbox_cli.place import Origin
from sandbox_cli.selection import Selection
from sandbox_cli.words import kind, plural, seconds, size

SMALL = 256 * 1024
"""Bytes below which sending a bundle is faster than asking whether it is there."""
FIELDS = (
    "app",
    "branch",
    "deployment",
    "status",
    "url",
    "permalink",
    "image",
    "bundle",
    "commit",
    "smoke",
    "seconds",
)
DRIFT_SHOWN = 10
MORE = ("page", "phase", "kind", "why", "origin", "r_version", "drift", "notices", "dirty", "live", "error")


def deploy(
    path: Annotated[Path, Argument("[PATH]", "The app's folder.", "this folder")] = Path(),
    branch: Branch = None,
    app: App = None,
    note: Annotated[str, Option(("--note",), "A word to those who look at it.")] = "",
    no_wait: Annotated[bool, Option(("--no-wait",), "Do not wait until it is ready.")] = False,
) -> None:
    """Push a branch; it goes live at its own URL. Users see nothing of it until you promote it."""
    from sandbox_cli.main import STARTED

    client = place.client()
    folder = _folder(path)
    origin = place.origin(folder, branch)
    chosen = _choose(folder, origin)
    name = place.app(app) if app else place.app_of(folder, chosen.project)
    _tell(folder, name, origin, chosen)
    limits.check(client, chosen)
    _question_name(client, name)
    deployment, upload = _push(client, name, folder, origin, chosen, note=note)
    # With a connection of its own: the other one is in use.
    look = Look(place.client(), name, origin.branch, deployment["author"], folder) if origin.in_git else None
    _tell_kind(deployment)
    _tell_left_out(folder, origin, chosen)
    if not no_wait:
        deployment = _wait(client, deployment)
    spans = {"upload": round(upload, 3), **deployment["seconds"], "total": round(perf_counter() - STARTED, 3)}
    _tell_gone(look)
    _end(deployment, _document(deployment, spans), spans)


def _folder(path: Path) -> Path:
    if not path.exists():
        raise Failure(
            f"There is no folder {path}.",
            "Give the app's folder: `sandbox deploy PATH`. Nothing was sent.",
            code="no_folder",
        )
    if not path.is_dir():
        raise Failure(
            f"{path} is not a folder.", "Give the folder that it is in. Nothing was sent.", code="no_folder"
        )
    return path.resolve()


def _choose(folder: Path, origin: Origin) -> Selection:
    if origin.from_folder:
        return selection.of_folder(folder, origin.in_git)
    return selection.of_commit(folder, origin.commit)


def _tell(folder: Path, name: str, origin: Origin, chosen: Selection) -> None:
    """What is about to go up. Raises `Failure` if it is no app."""
    detect.check(folder, chosen)
    if not origin.from_folder:
        source = f"commit {origin.commit[:7]} of {origin.branch}, not your folder"
    elif origin.in_git:
        changed = f"{plural(origin.changed, 'file')} uncommitted" if origin.changed else "all committed"
        source = f"your folder, {changed}"
    else:
        source = "your folder, which is not in git"
    console.say(f"Pushing {name}, branch {origin.branch}: {source}.")
    console.say(f"  {plural(len(chosen.members), 'file')}, {size(chosen.size)}")


def _question_name(client: Client, name: str) -> None:
    if not console.asks():
        return
    known = [app["app"] for app in client.apps()]
    near = [] if name in known else nearest(name, known, 0.75)
    if near and not console.confirm(f"{name} is a new app, and there is already {near[0]}. Make a new one?"):
        raise Failure(
            f"{name} was not made; nothing was sent.",
            f"Push to the other one: `sandbox deploy --app {near[0]}`.",
            code="declined",
        )


def _push(
    client: Client, app: str, folder: Path, origin: Origin, chosen: Selection, *, note: str
) -> tuple[Deployment, float]:
    with bundle.packed(chosen) as packed:
        began = perf_counter()
        _upload(client, packed, chosen)
        upload = perf_counter() - began
    commits = git.history(folder, origin.commit) if origin.commit else []
    push = Push(
        bundle=packed.digest,
        branch=origin.branch,
        commit=origin.commit,
        message=commits[0].partition(" ")[2] if commits else "",
        commits=commits,
        dirty=bool(origin.changed),
        note=note,
        upload_seconds=round(upload, 3),
    )
    return client.push(app, push), upload


def _upload(client: Client, packed: Bundle, chosen: Selection) -> None:
    if packed.size > SMALL and client.has_bundle(packed.digest):
        console.say("  the server has these files already")
        return
    try:
        if packed.size <= SMALL:
            client.upload(packed.digest, packed.file, packed.size)
            return
        with console.bar("  upload", packed.size) as advance:
            body: Any = _Counted(packed.file, advance)
            client.upload(packed.digest, body, packed.size)
    except Refused as error:
        if error.status == 413:
            largest = sorted(chosen.members, key=lambda member: -member.size)[:3]
            error.hint += f" The largest: {', '.join(f'{m.path} ({size(m.size)})' for m in largest)}."
        raise


class _Counted:
    """A file that tells how much of it was read."""

    def __init__(self, file: IO[bytes], advance: Live) -> None:
        self._file = file
        self._advance = advance

    def read(self, count: int = -1) -> bytes:
        data = self._file.read(count)
        self._advance(str(len(data)))
        return data


def _tell_kind(deployment: Deployment) -> None:
    if deployment["why"]:
        console.say(f"  {kind(deployment['kind'])}: {one_line(deployment['why'])}")


def _tell_left_out(folder: Path, origin: Origin, chosen: Selection) -> None:
    # After the push, since the server is at work meanwhile.
    left_out = dict(chosen.left_out)
    if origin.in_git and origin.from_folder:
        left_out |= reads.ignored_by_git(folder, chosen)
    if left_out:
        shown = sorted(left_out)[:5]
        rest = f" and {len(left_out) - 5} more" if len(left_out) > 5 else ""
        console.say("  left out: " + ", ".join(f"{path} ({left_out[path]})" for path in shown) + rest)
    if read := reads.seem_read(folder, chosen, left_out):
        console.warn(f"The code seems to read {', '.join(read[:5])}, which was not sent.")
        console.say("  Add it to `include` in sandbox.toml, or give its content to the app in another way.")


def _tell_gone(look: Look | None) -> None:
    for line in look.found() if look else []:
        console.say(f"  {one_line(line)}")


def _wait(client: Client, deployment: Deployment) -> Deployment:
    try:
        return following.follow(client, deployment)
    except Failure as stopped:
        stopped.document = _document(deployment, {})
        raise


def _document(deployment: Deployment, spans: dict[str, float]) -> dict[str, Any]:
    every: dict[str, Any] = {**deployment, "seconds": spans}
    return {field: every[field] for field in (*FIELDS, *MORE)}


def _end(deployment: Deployment, document: dict[str, Any], spans: dict[str, float]) -> None:
    number = f"d{deployment['deployment']}"
    if deployment["status"] in waiting.ENDED:
        failure = waiting.failure(deployment)
        failure.document = {key: value for key, value in document.items() if key != "error"}
        if deployment["live"]:
            failure.hint += f" Users still see {deployment['live']}."
        raise failure
    if deployment["status"] in waiting.UNDER_WAY:
        console.say(f"{number} is {deployment['status']}; it will be at {deployment['url']}")
        console.next(f"sandbox wait {number}", f"sandbox logs {number} --build -f")
    else:
        _ready(deployment, spans)
    console.document(document)
    console.result(deployment["url"])


def _ready(deployment: Deployment, spans: dict[str, float]) -> None:
    number = f"d{deployment['deployment']}"
    steps = ", ".join(f"{name} {seconds(span)}" for name, span in spans.items() if name != "total")
    console.done(f"{number} is {deployment['status']} after {seconds(spans['total'])} ({steps}).")
    _tell_library(deployment)
    smoke = deployment["smoke"]
    if smoke["status"] == "failed":
        console.warn(f"The smoke check failed: {one_line(smoke['reason'])}")
    elif smoke["status"] in ("busy", "skipped") and smoke["reason"]:
        console.warn(f"Smoke check {smoke['status']}: {one_line(smoke['reason'])}")
    for error in smoke["errors"]:
        console.say(f"  {one_line(error['output'])}: {one_line(error['message'])}")
    live = deployment["live"]
    console.say(
        f"  Users still see {live}." if live else "  Nothing is released yet, so users see nothing of it."
    )
    # A server of an earlier version knows no reviews.
    needed = deployment.get("reviews_needed")
    first = f'sandbox review request {number} --to "Name <mail>"' if needed else f"sandbox promote {number}"
    console.next(first, f"sandbox logs {number}", "sandbox open")


def _tell_library(deployment: Deployment) -> None:
    """What it was built on, and what a person should know of that."""
    if deployment["r_version"]:
        origin = f", packages from {deployment['origin']}" if deployment["origin"] else ""
        console.say(f"  R {deployment['r_version']}{origin}")
    for notice in deployment["notices"]:
        console.say(f"  {one_line(notice)}")
    if drift := deployment["drift"]:
        console.warn(f"The library drifts from the lock in {plural(len(drift), 'package')}:")
        for words in drift[:DRIFT_SHOWN]:
            console.say(f"    {one_line(words)}")
        if len(drift) > DRIFT_SHOWN:
            console.say(
                f"    and {len(drift) - DRIFT_SHOWN} more: `sandbox packages d{deployment['deployment']}`"
            )
