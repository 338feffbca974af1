"""Who drains, and how somebody ends it."""

import pytest
from tests.server.api.conftest import Api
from tests.server.api.test_api import AT, ended, ready

pytestmark = pytest.mark.anyio


async def two_releases(api: Api) -> None:
    for branch in ("main", "feature-x"):
        number = (await ready(api, branch))["deployment"]
        seen = number - 1  # type: ignore[operator]
        job = await api.ben.post(f"{AT}/releases", json={"deployment": number, "seen": seen})
        assert (await ended(api, job.json()))["status"] == "done"


async def test_it_works(api: Api) -> None:
    await two_releases(api)
    answer = await api.ben.post(
        f"{AT}/deployments/1/drain", json={"deadline": "30m", "scope": "release", "reason": "CVE-2026-1"}
    )
    assert answer.status_code == 200
    [row] = answer.json()
    assert (row["deployment"], row["scope"], row["sessions"], row["asked"]) == (1, "release", 0, True)
    for path in (f"{AT}/draining", "/draining"):
        found = (await api.anna.get(path)).json()
        assert all(one["deployment"] == 1 for one in found)
    history = (await api.anna.get(f"{AT}/events")).json()
    assert any(event["action"] == "deployment.drained" and event["by"] == "ben" for event in history)


async def test_what_users_have_is_refused_with_the_way_out(api: Api) -> None:
    await two_releases(api)
    answer = await api.ben.post(f"{AT}/deployments/2/drain", json={"now": True})
    assert answer.status_code == 409
    problem = answer.json()["error"]
    assert "users would come back to it" in problem["message"]
    assert "sandbox rollback" in problem["hint"]


async def test_nobody_asked(api: Api) -> None:
    await ready(api)
    answer = await api.ben.post(f"{AT}/deployments/1/drain", json={"cancel": True})
    assert answer.status_code == 409
    assert (await api.ben.get("/apps/nothing/draining")).status_code == 404
    assert (await api.nobody.get("/draining")).status_code == 401
