"""The HTML skin: thin handlers that ask the operations and fill templates."""

from fastapi import FastAPI

from sandbox_server.pages import (
    apps,
    comments,
    deployments,
    drains,
    gates,
    login,
    overview,
    packages,
    releases,
    reviewing,
    reviews,
    static,
)
from sandbox_server.pages.errors import error_page, no_such_page
from sandbox_server.pages.review_route import tell_early
from sandbox_server.pages.route import HEADERS


def install(app: FastAPI) -> None:
    """Add all pages of the control plane."""
    for part in (
        static,
        login,
        overview,
        apps,
        comments,
        deployments,
        drains,
        gates,
        packages,
        releases,
        reviewing,
        reviews,
    ):
        app.include_router(part.router, include_in_schema=False)


__all__ = ["HEADERS", "error_page", "install", "no_such_page", "tell_early"]
