"""What a deployment was built with, and what of it users do not have yet."""

from fastapi import APIRouter, Request, Response

from sandbox_server.errors import NotPossible
from sandbox_server.operations import overview, packages
from sandbox_server.operations.parts import Parts
from sandbox_server.pages.dependencies import Number, PageCaller, PartsOf
from sandbox_server.pages.rendering import page
from sandbox_server.pages.route import PageRoute
from sandbox_server.wire_packages import PackageDiff

router = APIRouter(route_class=PageRoute, prefix="/apps/{app}/deployments/{n}")


@router.get("/packages")
async def all_packages(request: Request, _: PageCaller, parts: PartsOf, app: str, n: Number) -> Response:
    listed = await packages.show_packages(parts, app, n)
    deployment = await overview.show_deployment(parts, app, n)
    diff = None if deployment.released else await _since_release(parts, app, n)
    changed = {change.name: change for change in diff.changes} if diff and diff.a else {}
    return page(
        request, "packages.html", d=deployment, listed=listed, against=diff.a if diff else None,
        changed={name: change for name, change in changed.items() if change.after},
        gone=[change for change in changed.values() if not change.after],
    )  # fmt: skip


@router.get("/renv.lock")
async def lock(_: PageCaller, parts: PartsOf, app: str, n: Number) -> Response:
    made = await packages.make_lock(parts, app, n)
    return _download(made.text, "application/json", "renv.lock")


@router.get("/sbom.json")
async def sbom(_: PageCaller, parts: PartsOf, app: str, n: Number) -> Response:
    document = await packages.make_sbom(parts, app, n)
    return _download(document, "application/vnd.cyclonedx+json", f"{app}-d{n}.cdx.json")


async def _since_release(parts: Parts, app: str, n: int) -> PackageDiff | None:
    """None if that is not known, because the release has no package list."""
    try:
        return await packages.diff_packages(parts, app, n)
    except NotPossible:
        return None


def _download(text: str, media_type: str, name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(text, media_type=media_type, headers=headers)
