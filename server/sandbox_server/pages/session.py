"""The login session's cookie."""

from fastapi import Request, Response

from sandbox_server.operations.login import SESSION

COOKIE = "__Host-sandbox"


def secret_of(request: Request) -> str:
    return request.cookies.get(COOKIE, "")


def remember(response: Response, secret: str) -> None:
    """The prefix `__Host-` keeps the cookie to this one host: no app can set or read it."""
    response.set_cookie(
        COOKIE,
        secret,
        max_age=int(SESSION.total_seconds()),
        path="/",
        secure=True,
        httponly=True,
        samesite="lax",
    )


def forget(response: Response) -> None:
    response.delete_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="lax")


def local_path(wanted: str) -> str:
    """`wanted` if it is a path on this host, else the first page: a login must not lead elsewhere."""
    harmless = (
        wanted.startswith("/") and not wanted.startswith("//") and "\\" not in wanted and wanted.isprintable()
    )
    return wanted if harmless else "/"
