"""Reviews over the API."""

from typing import Any

import pytest
from tests.server.api.conftest import Api
from tests.server.api.test_api import AT, ready
from tests.server.reviewing import RITA, opened, signed

pytestmark = pytest.mark.anyio

ASKED: dict[str, Any] = {"branch": "main", "name": "Rita", "email": RITA}


async def test_a_review_is_asked_for_shown_and_withdrawn(api: Api) -> None:
    await ready(api)
    made = await api.anna.post(f"{AT}/reviews", json={**ASKED, "expires": "2d"})
    assert made.status_code == 201
    review = made.json()
    assert (review["state"], review["mail"], review["email"]) == ("open", "none", RITA)
    await signed(api.platform, await opened(api.platform, review["url"].rpartition("/")[2]))
    shown = (await api.ben.get(f"{AT}/reviews/{review['id']}")).json()
    assert [one["outcome"] for one in shown["verdicts"]] == ["accepted"]
    assert (await api.ben.get(f"{AT}/reviews", params={"branch": "main"})).json() == [shown]
    ended = await api.ben.delete(f"{AT}/reviews/{review['id']}")
    assert (ended.status_code, ended.json()["state"], ended.json()["url"]) == (200, "revoked", "")
    (verdict,) = (await api.ben.get(f"{AT}/deployments/1/verdicts")).json()
    assert verdict.pop("link_revoked_at") is not None
    assert verdict.items() <= shown["verdicts"][0].items()


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ({"email": "a@b.example, c@d.example"}, 422),
        ({"expires": "91d"}, 422),
        ({"name": "x" * 101}, 422),
        ({"script": "x" * 20_001}, 422),
        ({"branch": "nothing"}, 404),
        ({"deployment": 2**31}, 422),
        ({"by": "ben"}, 422),
        ({"name": None}, 422),
    ],
)
async def test_what_is_wrong_is_refused_in_the_one_shape(api: Api, said: dict[str, Any], status: int) -> None:
    await ready(api)
    answer = await api.anna.post(f"{AT}/reviews", json={**ASKED, **said})
    assert answer.status_code == status
    assert answer.json()["error"]["hint"]


async def test_strangers_and_links_hear_nothing(api: Api) -> None:
    await ready(api)
    review = (await api.anna.post(f"{AT}/reviews", json=ASKED)).json()
    secret = review["url"].rpartition("/")[2]
    for headers in ({}, {"Authorization": f"Bearer {secret}"}):
        for path in (f"{AT}/reviews", f"{AT}/reviews/1", f"{AT}/deployments/1/verdicts"):
            assert (await api.nobody.get(path, headers=headers)).status_code == 401
        assert (await api.nobody.post(f"{AT}/reviews", json=ASKED, headers=headers)).status_code == 401
        assert (await api.nobody.delete(f"{AT}/reviews/1", headers=headers)).status_code == 401


async def test_what_is_not_there_is_not_found(api: Api) -> None:
    await ready(api)
    for path in ("reviews/9", f"reviews/{2**31}", "deployments/9/verdicts"):
        assert (await api.ben.get(f"{AT}/{path}")).status_code in (404, 422)
    assert (await api.ben.get("/apps/nothing/reviews")).status_code == 404
