"""What a promote or a rollback means for the visitors, in words."""

from sandbox_cli.answers import AppDetail, Job, Release
from sandbox_cli.words import plural

ALL = 100


def question(detail: AppDetail, number: int, percent: int | None, canary: str | None) -> str:
    """What a person agrees to."""
    release = detail["release"]
    if canary:
        return f"Visitors get d{number} in shares, {canary}, and all of them if nothing is worse. Begin?"
    if percent == 0:
        return f"d{number} gives its share back, and all visitors get {_name(release)}. Do it?"
    if percent is not None and percent < ALL:
        return f"{percent} % of the visitors get d{number}, the others {_name(release)}. Do it?"
    left = ""
    if release and release["sessions"]:
        left = f" {_stay(release['sessions'])} on d{release['deployment']} until they end."
    return f"From now on users get d{number} at {detail['url']}.{left} Release it?"


def sentence(release: Release | None, detail: AppDetail, canary: str | None = None) -> str:
    """What has happened. `detail` is the app as it was before."""
    if release is None:
        return "It is done."
    number = f"d{release['deployment']}"
    if release["share"] == ALL:
        return f"From now on users get {number}."
    if release["share"] == 0:
        return f"The candidate {number} is given up: all visitors get {_name(detail['release'])}."
    others = f"the others {_name(detail['release'])}"
    shared = f"{release['share']} % of the visitors get {number} from their next page load on, {others}."
    return f"{shared} It goes on by itself if nothing is worse." if canary else shared


def stay(job: Job, detail: AppDetail) -> str:
    """Who is still on what was left."""
    release, left = job["release"], job["left_sessions"]
    before = detail["candidate"] if release and release["share"] == 0 else detail["release"]
    return f"{_stay(left)} on d{before['deployment']} until they end." if left and before else ""


def commands(release: Release) -> tuple[str, ...]:
    """What is useful next."""
    number = f"d{release['deployment']}"
    if 0 < release["share"] < ALL:
        return (
            "sandbox release watch",
            f"sandbox promote {number} --percent {50 if release['share'] < 50 else ALL}",
            f"sandbox promote {number} --percent 0",
        )
    if release["share"] == 0:
        return (f"sandbox logs {number}", "sandbox status", "sandbox releases")
    return ("sandbox open --release", "sandbox release watch", "sandbox rollback")


def _name(release: Release | None) -> str:
    return f"d{release['deployment']}" if release else "nothing"


def _stay(sessions: int) -> str:
    return plural(sessions, "session stays", "sessions stay")
