"""Gates over the API: what is in force, who may set them, and a promote that they hold back."""

import pytest
from tests.server.api.conftest import Api
from tests.server.api.test_api import AT, ended, ready

pytestmark = pytest.mark.anyio

WANTED = {"gates": {"reviews": 1, "max_age": "14d"}, "reason": "agreed with the team"}


async def test_it_works(api: Api) -> None:
    await ready(api)
    answer = await api.anna.put(f"{AT}/gates", json=WANTED)
    assert answer.status_code == 200
    found = (await api.ben.get(f"{AT}/gates")).json()
    assert found == answer.json()
    assert (found["gates"], found["by"]) == ({"reviews": 1, "max_age": "14d"}, "anna")
    assert found["words"][0] == "1 person has accepted it, and nobody has rejected it."
    report = (await api.ben.get(f"{AT}/deployments/1/gates")).json()
    assert (report["open"], report["may_override"]) == (False, False)
    assert [one["gate"] for one in report["missing"]] == ["reviews"]
    assert (await api.anna.get(f"{AT}/deployments/1/gates")).json()["may_override"]
    history = (await api.anna.get(f"{AT}/events")).json()
    assert any(
        event["action"] == "gates.set" and event["reason"] == "agreed with the team" for event in history
    )


async def test_a_promote_is_refused_with_all_that_is_missing(api: Api) -> None:
    await ready(api)
    await api.anna.put(f"{AT}/gates", json=WANTED)
    answer = await api.ben.post(f"{AT}/releases", json={"deployment": 1, "seen": 0})
    problem = answer.json()["error"]
    assert (answer.status_code, problem["code"]) == (409, "gate_closed")
    assert "It needs 1 review, and has none." in problem["detail"]
    assert "sandbox review request d1" in problem["detail"]
    asked = {"deployment": 1, "seen": 0, "override": True, "reason": "now"}
    assert (await api.ben.post(f"{AT}/releases", json=asked)).status_code == 403
    job = await api.anna.post(f"{AT}/releases", json=asked)
    assert (await ended(api, job.json()))["status"] == "done"
    [release] = (await api.ben.get(f"{AT}/releases")).json()
    assert release["override"] == ["It needs 1 review, and has none."]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"gates": {"reviwes": 1}, "reason": "x"}, "There is no gate `reviwes`"),
        ({"gates": {"freeze": ["soon"]}, "reason": "x"}, "'soon' is no freeze window; write"),
        ({"gates": {"max_age": [1]}, "reason": "x"}, "`max_age`"),
        ({"gates": {"groups": {"qa": ["x" * 300]}}, "reason": "x"}, "`groups.qa`"),
        ({"gates": {}, "reason": ""}, "reason"),
        ({"gates": {}, "reason": "\u200b"}, "Say why"),
        (
            {
                "gates": {
                    "groups": {"qa": [f"p{n}@example.org" for n in range(200)]}
                    | {f"g{n}": ["a@example.org"] * 20 for n in range(49)}
                },
                "reason": "x",
            },
            "16,384 are allowed",
        ),
        ({"gates": {"reviews": 1}}, "reason"),
        ({"gates": [], "reason": "x"}, "gates"),
        ({"gates": {f"k{n}": 1 for n in range(51)}, "reason": "x"}, "gates"),
    ],
)
async def test_what_cannot_be_is_refused(api: Api, body: object, said: str) -> None:
    await ready(api)
    answer = await api.anna.put(f"{AT}/gates", json=body)
    assert (answer.status_code, said in answer.json()["error"]["message"]) == (422, True)
    assert (await api.anna.get(f"{AT}/gates")).json()["since"] is None


async def test_only_administrators_set_them_and_only_users_read_them(api: Api) -> None:
    await ready(api)
    refused = await api.ben.put(f"{AT}/gates", json=WANTED)
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "forbidden")
    assert (await api.nobody.get(f"{AT}/gates")).status_code == 401
    assert (await api.nobody.put(f"{AT}/gates", json=WANTED)).status_code == 401
    assert (await api.nobody.get(f"{AT}/deployments/1/gates")).status_code == 401
    assert (await api.ben.get("/apps/nothing/gates")).status_code == 404
    assert (await api.ben.get(f"{AT}/deployments/9/gates")).status_code == 404
