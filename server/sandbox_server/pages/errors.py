"""Errors as pages, in the same look as everything else."""

from fastapi import Request, Response

from sandbox_server.errors import NotFound, SandboxError
from sandbox_server.pages.rendering import page

_TITLES = {
    401: "Log in first",
    403: "Not allowed",
    404: "Not found",
    409: "Not possible just now",
    410: "That is over",
    413: "Too large",
    422: "That does not work",
    429: "A little slower, please",
    503: "Not available just now",
    507: "No room left",
}


def error_page(request: Request, error: SandboxError) -> Response:
    """What happened, what to do, and a way back."""
    app = request.path_params.get("app", "") if not isinstance(error, NotFound) else ""
    return page(
        request,
        "error.html",
        error.status,
        status=error.status,
        title=_TITLES.get(error.status, "Something went wrong"),
        error=error,
        back=f"/apps/{app}" if app else "/",
        back_words=f"Back to {app}" if app else "All apps",
    )


def unexpected() -> SandboxError:
    return SandboxError(
        "Something unexpected happened on the server. We are sorry.", hint="The server's log has it."
    )


def no_such_page() -> NotFound:
    return NotFound(
        "There is no such page.", hint="Its address may be mistyped, or what it showed was removed."
    )
