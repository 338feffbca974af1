"""Styles, scripts and icons from the package."""

from fastapi import APIRouter, Request, Response
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

from sandbox_server.pages.dependencies import Anyone
from sandbox_server.pages.errors import no_such_page
from sandbox_server.pages.rendering import STATIC
from sandbox_server.pages.route import PageRoute

router = APIRouter(route_class=PageRoute)

_FILES = StaticFiles(directory=STATIC)
_YEAR = 365 * 24 * 3600


@router.get("/static/{path:path}")
async def static_file(request: Request, _: Anyone, path: str, v: str = "") -> Response:
    """With `v`, which changes with the content, a browser need not ask again."""
    response = await file_of_package(request, path)
    response.headers["Cache-Control"] = f"public, max-age={_YEAR}, immutable" if v else "no-cache"
    return response


async def file_of_package(request: Request, path: str) -> Response:
    """Raises `NotFound`."""
    try:
        return await _FILES.get_response(
            _FILES.get_path({**request.scope, "path": path, "root_path": ""}), request.scope
        )
    except HTTPException:
        raise no_such_page() from None
