"""Every error of the API has one shape: `{"error": {code, message, hint, detail, request_id}}`."""

import logging

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from sandbox_server.errors import BadRequest, MethodNotAllowed, NotFound, SandboxError
from sandbox_server.wire import Problem

log = logging.getLogger(__name__)


def install(app: FastAPI) -> None:
    app.add_exception_handler(SandboxError, known)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(Exception, unknown)


async def known(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, SandboxError)
    return _answer(request, error)


async def invalid(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"] if part != "body")
    return _answer(
        request, BadRequest(f"{where or 'The request'}: {first['msg']}.", "See /api/v1/openapi.json.")
    )


async def http(request: Request, error: Exception) -> JSONResponse:
    """What the framework itself refuses."""
    assert isinstance(error, HTTPException)
    described = "See /api/v1/openapi.json."
    if error.status_code == NotFound.status:
        return _answer(request, NotFound("There is no such address in the API.", described))
    if error.status_code == MethodNotAllowed.status:
        allowed = (error.headers or {}).get("Allow", "")
        message = f"This address does not take {request.method}."
        return _answer(request, MethodNotAllowed(message, f"It takes {allowed}." if allowed else described))
    return _answer(request, BadRequest(f"{error.detail}.", described), error.status_code)


async def unknown(request: Request, error: Exception) -> JSONResponse:
    log.error("request %s failed", _request_id(request), exc_info=error)
    apology = SandboxError(
        "Something unexpected happened on the server. We are sorry.",
        "Give the request id to the administrator: the server's log has it.",
    )
    return _answer(request, apology)


def _answer(request: Request, error: SandboxError, status: int | None = None) -> JSONResponse:
    problem = Problem(
        code=error.code, message=error.message, hint=error.hint, detail=error.detail,
        request_id=_request_id(request),
    )  # fmt: skip
    return JSONResponse({"error": problem.model_dump()}, status or error.status)


def _request_id(request: Request) -> str:
    return str(getattr(request.state, "request_id", ""))
