"""What comes to a host behind which nothing runs."""

import pytest

from sandbox_server.domain.arrival import Arrival, arrival

BROWSER = {"sec-fetch-dest": "document", "sec-fetch-site": "none", "accept": "text/html"}


@pytest.mark.parametrize(
    ("method", "headers", "expected"),
    [
        ("GET", BROWSER, Arrival.page),
        ("GET", {"accept": "text/html,*/*"}, Arrival.page),
        ("GET", {"sec-fetch-dest": "iframe", "sec-fetch-site": "cross-site"}, Arrival.page),
        ("GET", {"sec-fetch-dest": "iframe", "sec-fetch-site": "same-origin"}, Arrival.held),
        ("GET", {"sec-fetch-dest": "empty", "accept": "text/html"}, Arrival.held),
        ("GET", {"accept": "*/*"}, Arrival.held),
        ("GET", {}, Arrival.held),
        ("HEAD", {"accept": "text/html"}, Arrival.held),
        ("OPTIONS", {}, Arrival.held),
        ("POST", BROWSER, Arrival.resent),
        ("DELETE", {}, Arrival.resent),
        ("GET", {**BROWSER, "sec-purpose": "prefetch;prerender"}, Arrival.idle),
        ("GET", {**BROWSER, "purpose": "prefetch"}, Arrival.idle),
    ],
)
def test_it_works(method: str, headers: dict[str, str], expected: Arrival) -> None:
    assert arrival(method, "/", headers) is expected


@pytest.mark.parametrize("path", ["/favicon.ico", "/robots.txt", "/apple-touch-icon.png"])
def test_what_nobody_waits_for_starts_nothing(path: str) -> None:
    assert arrival("GET", path, BROWSER) is Arrival.idle
