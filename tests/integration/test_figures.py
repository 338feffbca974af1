"""Figures of a real app: three people, one of them met an error; the platform's own visits are left out."""

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families as parse
from tests.integration.platform import Platform, deployment_host, until

pytestmark = [pytest.mark.engine, pytest.mark.browser]

APP = "observed"


@pytest.fixture(scope="module")
def platform(base_image: None) -> Iterator[Platform]:
    made = Platform(report_every=0.5)
    try:
        made.start()
        yield made
    finally:
        made.destroy()


def figures(platform: Platform, number: int) -> dict[str, Any]:
    path = f"/apps/{APP}/deployments/{number}/figures?scope=sandbox"
    found: dict[str, Any] = platform.api("GET", path).raise_for_status().json()
    return found


def told(platform: Platform, number: int, **wanted: int) -> dict[str, Any]:
    """The figures, as soon as their total says so."""
    return until(
        lambda: (f := figures(platform, number)) and wanted.items() <= f["total"].items() and f,
        f"the figures say {wanted}",
        lambda: figures(platform, number),
    )


def metrics(platform: Platform) -> dict[str, float]:
    """Of the one deployment, by name."""
    headers = {"Host": f"sandbox.localhost:{platform.port}", "Authorization": f"Bearer {platform.token}"}
    with httpx.Client(trust_env=False) as client:
        answer = client.get(f"http://127.0.0.1:{platform.port}/metrics", headers=headers).raise_for_status()
    samples = [sample for family in parse(answer.text) for sample in family.samples]
    return {sample.name: sample.value for sample in samples if not sample.name.endswith("_bucket")}


def test_three_people_one_of_whom_meets_an_error(platform: Platform) -> None:
    number = int(platform.deploy(APP, APP)["deployment"])
    host = deployment_host(APP, number)
    # The visit before it was ready met the error too: it tells the message, and counts nowhere.
    fault = until(lambda: figures(platform, number)["faults"], "the visit's error is told")[0]
    assert (fault["place"], fault["count"], fault["message"]) == ("output failing", 0, "no price for pears")
    assert figures(platform, number)["total"]["started"] == 0
    requests = figures(platform, number)["total"]["requests"]

    first = platform.session(host, "fine")
    second = platform.session(host, "fine")
    for session in (first, second):
        session.wait_for("fine")
    total = told(platform, number, started=2, failed=0, sessions=2)["total"]
    assert 0 < total["p50"] <= total["p95"] < 60

    platform.kill()
    platform.start()
    with platform.session(host, "fine", "failing") as third:
        third.wait_for("fine")
        found = told(platform, number, started=3, failed=1, errors=1, sessions=3)
    for session in (first, second):
        assert session.is_open()
        session.close()
    until(
        lambda: "sandbox_sessions" in (m := metrics(platform)) and m["sandbox_sessions"] == 0, "all have left"
    )
    found = told(platform, number, started=3, failed=1, errors=1)
    assert found["total"]["requests"] > requests
    assert found["total"]["memory"] > 20e6
    [fault] = found["faults"]
    assert (fault["count"], fault["message"]) == (1, "no price for pears")
    assert re.search(rf"/apps/{APP}/deployments/{number}\?log=run&at=\d{{4}}-", fault["log"])
    scraped = metrics(platform)
    assert (scraped["sandbox_sessions_started_total"], scraped["sandbox_sessions_failed_total"]) == (3, 1)
    assert scraped["sandbox_first_flush_seconds_count"] == 3
    assert scraped["sandbox_memory_bytes"] > 20e6
