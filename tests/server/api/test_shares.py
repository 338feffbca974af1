"""Shares and their watch over the wire."""

import pytest
from tests.server.api.conftest import Api
from tests.server.api.test_api import AT, ended, ready

pytestmark = pytest.mark.anyio


async def two(api: Api) -> None:
    """d1 is released, d2 is ready."""
    for branch in ("main", "feature-x"):
        await ready(api, branch)
    await promoted(api, deployment=1, seen=0)


async def promoted(api: Api, **said: object) -> dict[str, object]:
    return await ended(api, (await api.ben.post(f"{AT}/releases", json=said)).json())


async def test_it_works(api: Api) -> None:
    await two(api)
    job = await promoted(api, deployment=2, seen=1, canary="10@10m,50@1h", reason="slowly")
    assert job["status"] == "done"
    shown = (await api.ben.get(AT)).json()
    assert (shown["release"]["deployment"], shown["candidate"]["deployment"], shown["seen"]) == (1, 2, 2)
    assert [row["share"] for row in (await api.ben.get(f"{AT}/releases")).json()] == [10, 100]
    watch = (await api.ben.get(f"{AT}/watch")).json()
    assert (watch["state"], watch["share"], watch["steps"]) == ("canary", 10, [[50, 3600]])
    assert watch["words"] == "Too few sessions to judge: 0 of 20."
    assert (watch["newer"]["deployment"], watch["older"]["deployment"]) == (2, 1)


async def test_a_watch_answers_when_something_changed(api: Api) -> None:
    await two(api)
    await promoted(api, deployment=2, seen=1, percent=10)
    version = (await api.ben.get(f"{AT}/watch")).json()["version"]
    await promoted(api, deployment=2, seen=2, percent=0)
    later = (await api.ben.get(f"{AT}/watch", params={"seen": version, "wait": 10})).json()
    assert (later["state"], later["words"]) == ("aborted", "The candidate d2 was given up by ben.")


@pytest.mark.parametrize(
    ("said", "status", "code"),
    [
        ({"percent": 101}, 422, "bad_request"),
        ({"percent": -1}, 422, "bad_request"),
        ({"percent": "ten"}, 422, "bad_request"),
        ({"canary": "10@5s"}, 422, "bad_request"),
        ({"canary": "x" * 300}, 422, "bad_request"),
        ({"canary": "10@10m", "percent": 10}, 422, "bad_request"),
        ({"percent": 0}, 409, "not_possible"),
        ({"percent": 10, "seen": 0}, 409, "state_changed"),
    ],
)
async def test_what_is_refused(api: Api, said: dict[str, object], status: int, code: str) -> None:
    await two(api)
    answer = await api.ben.post(f"{AT}/releases", json={"deployment": 2, "seen": 1, **said})
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert answer.json()["error"]["hint"]
    assert len((await api.ben.get(f"{AT}/releases")).json()) == 1


async def test_during_a_canary_another_promote_is_told_about_it(api: Api) -> None:
    await two(api)
    await ready(api, "other")
    await promoted(api, deployment=2, seen=1, percent=10)
    answer = await api.ben.post(f"{AT}/releases", json={"deployment": 3, "seen": 2})
    assert answer.status_code == 409
    assert "`--replace`" in answer.json()["error"]["hint"]
    job = await promoted(api, deployment=3, seen=2, replace=True)
    assert job["status"] == "done"
    assert (await api.ben.get(AT)).json()["candidate"] is None


async def test_rollback_takes_a_span_of_time(api: Api) -> None:
    await two(api)
    await promoted(api, deployment=2, seen=1)
    refused = await api.ben.post(f"{AT}/rollback", json={"seen": 2, "move": "soon"})
    assert refused.status_code == 422
    job = await ended(api, (await api.ben.post(f"{AT}/rollback", json={"seen": 2, "move": "10m"})).json())
    assert job["status"] == "done"


async def test_a_watch_of_nothing(api: Api) -> None:
    await ready(api)
    assert (await api.ben.get(f"{AT}/watch")).json()["words"] == "Nothing is released yet."
    assert (await api.ben.get("/apps/nope/watch")).status_code == 404
    assert (await api.nobody.get(f"{AT}/watch")).status_code == 401
