"""Figures over the wire, and Prometheus's own address."""

import pytest
from prometheus_client.parser import text_string_to_metric_families as parse
from tests.server.api.conftest import Api
from tests.server.api.test_api import AT, ready

pytestmark = pytest.mark.anyio

METRICS = "http://sandbox.localhost/metrics"


async def test_figures_of_a_deployment_and_of_a_release(api: Api) -> None:
    await ready(api)
    own = await api.anna.get(f"{AT}/deployments/1/figures", params={"scope": "sandbox", "span": "hour"})
    assert own.status_code == 200
    assert {"points", "total", "faults", "span", "scope"} <= own.json().keys()
    all_of_it = await api.ben.get(f"{AT}/figures", params={"since": "2026-03-02T11:00:00Z"})
    assert (all_of_it.json()["deployment"], all_of_it.json()["scope"]) == (None, "release")


@pytest.mark.parametrize(
    "wrong", [{"span": "year"}, {"scope": "moon"}, {"since": "yesterday"}, {"since": "2026-03-02T11:00:00"}]
)
async def test_wrong_questions_are_refused(api: Api, wrong: dict[str, str]) -> None:
    await ready(api)
    assert (await api.anna.get(f"{AT}/deployments/1/figures", params=wrong)).status_code == 422


async def test_figures_of_nothing_are_not_found(api: Api) -> None:
    assert (await api.anna.get("/apps/nothing/figures")).status_code == 404
    await ready(api)
    assert (await api.anna.get(f"{AT}/deployments/99/figures")).status_code == 404


async def test_prometheus_reads_the_metrics_with_a_token(api: Api) -> None:
    await ready(api)
    answer = await api.ben.get(METRICS)
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert {"sandbox_instances", "sandbox_memory_bytes"} <= {family.name for family in parse(answer.text)}


async def test_nobody_else_reads_the_metrics(api: Api) -> None:
    for path in (METRICS, f"{AT}/figures", f"{AT}/deployments/1/figures"):
        answer = await api.nobody.get(path)
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, "unauthorized")
