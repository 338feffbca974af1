"""What a deployment was built with."""

from typing import Any

from fastapi import APIRouter, Response

from sandbox_server.api.dependencies import MaybeNumber, Member, Number, PartsOf
from sandbox_server.operations import packages
from sandbox_server.wire_packages import Lock, PackageDiff, PackageList

router = APIRouter(prefix="/apps/{app}/deployments/{n}", tags=["packages"])


@router.get("/packages")
async def show_packages(_: Member, parts: PartsOf, app: str, n: Number) -> PackageList:
    return await packages.show_packages(parts, app, n)


@router.get("/packages/diff")
async def diff_packages(
    _: Member, parts: PartsOf, app: str, n: Number, against: MaybeNumber = None
) -> PackageDiff:
    """From `against`, by default what is released, to this deployment."""
    return await packages.diff_packages(parts, app, n, against)


@router.get("/lock")
async def make_lock(_: Member, parts: PartsOf, app: str, n: Number) -> Lock:
    return await packages.make_lock(parts, app, n)


@router.get("/sbom", response_model=dict[str, Any])
async def make_sbom(_: Member, parts: PartsOf, app: str, n: Number) -> Response:
    """CycloneDX."""
    text = await packages.make_sbom(parts, app, n)
    return Response(text, media_type="application/vnd.cyclonedx+json")
