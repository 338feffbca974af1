"""Following what the server does until it is done."""

from sandbox_cli.answers import Deployment, Job, Problem
from sandbox_cli.client import POLL, Client, patiently
from sandbox_cli.console import Live
from sandbox_cli.errors import Failure

UNDER_WAY = ("queued", "building", "starting")
ENDED = ("failed", "cancelled", "superseded", "retired")

WITHOUT_WORDS = {"queued": "waiting for its turn", "running": "at work"}
"""What a job that is not over is doing, while it says nothing of its own."""


def settled(client: Client, deployment: Deployment, show: Live) -> Deployment:
    """The deployment once it is neither queued nor building nor starting; `show` is told the phase."""
    while deployment["status"] in UNDER_WAY:
        show(f"d{deployment['deployment']} {phase(deployment)}")
        deployment = newer(client, deployment, show)
    return deployment


def newer(client: Client, deployment: Deployment, show: Live, longest: float | None = None) -> Deployment:
    """The deployment after its next change, or as it is after some seconds."""
    app, number, seen = deployment["app"], deployment["deployment"], deployment["version"]
    span = POLL if longest is None else min(POLL, longest)
    return patiently(lambda: client.deployment(app, number, seen, span), show)


def finished(client: Client, job: Job, show: Live) -> Job:
    """The job once it is done. Raises `Failure` with the job's own error."""
    while job["status"] in WITHOUT_WORDS:
        show(job["progress"] or WITHOUT_WORDS[job["status"]])
        number, seen = job["job"], job["version"]
        job = patiently(lambda number=number, seen=seen: client.job(number, seen, POLL), show)  # type: ignore[misc]
    if job["status"] == "failed":
        raise of_problem(job["error"], f"The {job['kind']} failed; nothing changed.")
    return job


def phase(deployment: Deployment) -> str:
    return deployment["phase"] or deployment["status"]


def failure(deployment: Deployment) -> Failure:
    """Why a deployment that did not come up is not there."""
    number = f"d{deployment['deployment']}"
    if deployment["status"] == "superseded":
        return Failure(
            f"{number} was overtaken by a newer push of {deployment['branch']} before it ran.",
            "Follow that one: `sandbox status`.",
            code="superseded",
        )
    if deployment["status"] == "cancelled":
        return Failure(f"{number} was cancelled.", "Push again: `sandbox deploy`.", code="cancelled")
    return of_problem(
        deployment["error"], f"{number} is {deployment['status']}.", f"Read the log: `sandbox logs {number}`."
    )


def of_problem(problem: Problem | None, message: str, hint: str = "") -> Failure:
    if not problem:
        return Failure(message, hint)
    failure = Failure(
        problem["message"], problem["hint"] or hint, code=problem["code"], detail=problem["detail"]
    )
    failure.request_id = problem["request_id"]
    return failure
