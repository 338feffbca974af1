"""What sessions met: for people, and for Prometheus."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response
from pydantic import AwareDatetime

from sandbox_server.api.dependencies import Member, Number, PartsOf
from sandbox_server.domain.exposition import CONTENT_TYPE
from sandbox_server.domain.instance import Scope
from sandbox_server.operations import figures, metrics
from sandbox_server.wire_sessions import Figures

router = APIRouter(tags=["figures"])
for_prometheus = APIRouter(tags=["figures"])
"""Beside the API, where everybody looks for it."""

Span = Literal["minute", "hour"]
Last = Annotated[float | None, Query(ge=60, le=31 * 86400)]
"""Seconds, instead of a time to begin from."""


@router.get("/apps/{app}/figures")
async def of_release(
    _: Member, parts: PartsOf, app: str,
    span: Span = "minute", since: AwareDatetime | None = None, last: Last = None,
) -> Figures:  # fmt: skip
    return await figures.figures(parts, app, None, Scope.release, span, since, last)


@router.get("/apps/{app}/deployments/{n}/figures")
async def of_deployment(
    _: Member, parts: PartsOf, app: str, n: Number,
    scope: Scope = Scope.sandbox, span: Span = "minute", since: AwareDatetime | None = None, last: Last = None,
) -> Figures:  # fmt: skip
    return await figures.figures(parts, app, n, scope, span, since, last)


@for_prometheus.get("/metrics")
async def metrics_text(_: Member, parts: PartsOf) -> Response:
    return Response(await metrics.metrics(parts), media_type=CONTENT_TYPE)
