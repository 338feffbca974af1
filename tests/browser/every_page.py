"""Every page of the control plane: how it is reached on one platform that has some of everything."""

from dataclasses import dataclass, field

from fastapi import FastAPI
from tests.browser.filled import APP, BRANCH, FAILING, Filled
from tests.server.api.test_routes import of_api, routes

NO_HTML = {
    "/live", "/apps/{app}/promote/{n}/live", "/apps/{app}/live", "/apps/{app}/deployments/{n}/live",
    "/apps/{app}/jobs/{number}/live",
    "/apps/{app}/deployments/{n}/renv.lock", "/apps/{app}/deployments/{n}/sbom.json", "/static/{path:path}",
    "/apps/{app}/comments/live", "/apps/{app}/comments/{id}/live", "/apps/{app}/comments/{id}/picture",
    "/apps/{app}/reviews/live", "/apps/{app}/reviews/{id}/live", "/r/{token}/live", "/r/{token}/comments/{id}/picture",
}  # fmt: skip
"""Routes that answer a GET with something that is no page: events, files, pictures."""


@dataclass(frozen=True)
class Visit:
    """One look at a page. `address` may name what `Filled` knows, such as {link}."""

    route: str
    address: str = ""
    """The route itself, if nothing is said."""
    open: bool = field(default=False, kw_only=True)
    """Seen by somebody who is not logged in."""
    status: int = field(default=200, kw_only=True)

    @property
    def id(self) -> str:
        return self.address or self.route

    def url(self, filled: Filled) -> str:
        address = self.id.format(app=APP, failing=FAILING, branch=BRANCH, **filled.names)
        return address if address.startswith("http:") else filled.url + address


VISITS = [
    Visit("/"),
    Visit("/login", open=True),
    Visit("/login", "/login?next=%2Fapps%2F{app}", open=True),
    Visit("/login/{link}", open=True),
    Visit("/apps/{app}"),
    Visit("/apps/{app}", "/apps/{app}?span=month"),
    Visit("/apps/{app}", "/apps/{failing}"),
    Visit("/apps/{app}/remove", "/apps/{app}/remove?branch={branch}"),
    Visit("/apps/{app}/deployments/{n}", "/apps/{app}/deployments/1"),
    Visit("/apps/{app}/deployments/{n}", "/apps/{app}/deployments/2?log=build"),
    Visit("/apps/{app}/deployments/{n}", "/apps/{failing}/deployments/1"),
    Visit("/apps/{app}/deployments/{n}/drain", "/apps/{app}/deployments/1/drain"),
    Visit("/apps/{app}/deployments/{n}/packages", "/apps/{app}/deployments/2/packages"),
    Visit("/apps/{app}/promote/{n}", "/apps/{app}/promote/2"),
    Visit("/apps/{app}/promote/{n}", "/apps/{app}/promote/1"),
    Visit("/apps/{app}/rollback"),
    Visit("/apps/{app}/jobs/{number}", "/apps/{app}/jobs/{job}"),
    Visit("/apps/{app}/gates"),
    Visit("/apps/{app}/gates", "/apps/{failing}/gates"),
    Visit("/apps/{app}/reviews"),
    Visit("/apps/{app}/reviews", "/apps/{failing}/reviews"),
    Visit("/apps/{app}/reviews/new"),
    Visit("/apps/{app}/reviews/new", "/apps/{app}/reviews/new?branch=feature-x"),
    Visit("/apps/{app}/reviews/{id}", "/apps/{app}/reviews/{review}"),
    Visit("/apps/{app}/reviews/{id}/revoke", "/apps/{app}/reviews/{review}/revoke"),
    Visit("/apps/{app}/comments"),
    Visit("/apps/{app}/comments", "/apps/{failing}/comments"),
    Visit("/apps/{app}/comments/{id}", "/apps/{app}/comments/{comment}"),
    Visit("/apps/{app}/comments/{id}/open", "/apps/{app}/comments/{comment}/open"),
    Visit("/r/{token}", "/r/{ann}", open=True),
    Visit("/r/{token}", "/r/{bob}", open=True),
    Visit("/r/{token}/comments/{id}", "/r/{ann}/comments/{comment}", open=True),
    Visit("/r/{token}/compare", "/r/{ann}/compare", open=True),
    Visit("", "/r/{cem}", open=True, status=410),
    Visit("", "/r/{dora}", open=True, status=410),
    Visit("", "/r/1.0", open=True, status=404),
    Visit("", "/nothing/here", status=404),
    Visit("", "/apps/unknown", status=404),
    Visit("", "/apps/{failing}/rollback", status=409),
    # What stands in for apps, at their own addresses.
    Visit("", "http://{failing}.apps.localhost:{waker}/", open=True, status=404),
    Visit("", "http://d1--{failing}.apps.localhost:{waker}/", open=True, status=503),
    Visit("", "http://unknown.apps.localhost:{waker}/", open=True, status=404),
]


def page_routes(app: FastAPI) -> set[str]:
    """Routes that people may open in a browser."""
    return {route.path for route in routes(app) if "GET" in route.methods and not of_api(route)}
