"""/apps/{app}/comments."""

import pytest
from tests.server.api.conftest import Api
from tests.server.cast import APP, BEN
from tests.server.commenting import a_guest, a_key, png, said

from sandbox_server.operations.comment import comment

pytestmark = pytest.mark.anyio

COMMENTS = f"/apps/{APP}/comments"


async def pushed(api: Api) -> None:
    number = await api.platform.push()
    await api.platform.until_status(number, "ready")


async def test_it_works(api: Api) -> None:
    await pushed(api)
    rita = await a_guest(api.platform)
    made = await comment(api.platform.parts, rita, APP, 1, said("No label."), png())
    found = (await api.ben.get(COMMENTS, params={"branch": "main", "open": 1})).json()
    assert [one["text"] for one in found["comments"]] == ["No label."]
    assert (found["open"], found["next"]) == (1, None)
    assert "log" not in found["comments"][0]
    detail = (await api.ben.get(f"{COMMENTS}/{made.id}")).json()
    assert {"log", "answers", "picture"} <= detail.keys()
    answered = await api.ben.post(f"{COMMENTS}/{made.id}/answers", json={"key": a_key(), "text": "Mended."})
    assert (answered.status_code, answered.json()["answers"][0]["user"]) == (201, "ben")
    assert (await api.ben.post(f"{COMMENTS}/{made.id}/resolve")).json()["resolved_by"] == "ben"
    assert (await api.ben.get(COMMENTS, params={"open": 1})).json()["comments"] == []
    assert (await api.ben.post(f"{COMMENTS}/{made.id}/reopen")).json()["resolved_at"] is None


async def test_a_publisher_comments_too(api: Api) -> None:
    await pushed(api)
    body = {"key": a_key(), "text": "Look here.", "place": None}
    for _ in range(2):
        answer = await api.ben.post(f"/apps/{APP}/deployments/1/comments", json=body)
        assert (answer.status_code, answer.json()["user"]) == (201, "ben")
    assert len((await api.ben.get(COMMENTS)).json()["comments"]) == 1


async def test_a_picture_is_shown_and_nothing_of_it_runs(api: Api) -> None:
    await pushed(api)
    # A picture that is a page as well, to whoever guesses at types.
    both = png() + b"<html><script>alert(1)</script>"
    made = await comment(api.platform.parts, BEN, APP, 1, said(), both)
    answer = await api.ben.get(f"{COMMENTS}/{made.id}/picture")
    assert (answer.status_code, answer.content) == (200, png())
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'; sandbox"
    assert made.picture == f"http://sandbox.localhost:8080/api/v1{COMMENTS}/{made.id}/picture"


async def test_nobody_without_a_token_sees_or_says_anything(api: Api) -> None:
    await pushed(api)
    made = await comment(api.platform.parts, BEN, APP, 1, said(), png())
    for method, path in (
        ("GET", COMMENTS),
        ("GET", f"{COMMENTS}/{made.id}"),
        ("GET", f"{COMMENTS}/{made.id}/picture"),
        ("POST", f"{COMMENTS}/{made.id}/answers"),
        ("POST", f"{COMMENTS}/{made.id}/resolve"),
        ("POST", f"{COMMENTS}/{made.id}/reopen"),
        ("POST", f"/apps/{APP}/deployments/1/comments"),
    ):
        assert (await api.nobody.request(method, path)).status_code == 401


@pytest.mark.parametrize(
    "body",
    [
        {"key": "0123456789abcdef", "text": "x" * 10_001},
        {"key": "0123456789abcdef", "text": ""},
        {"key": "0123456789abcdef", "text": " \u0000 "},
        {"key": "short", "text": "x"},
        {"key": "0123456789abcdef", "text": "x", "other": 1},
        {"key": "0123456789abcdef", "text": "x", "place": {"url": "//evil.example"}},
        {"key": "0123456789abcdef", "text": "x", "place": {"url": "/" + "x" * 4000}},
        {"key": "0123456789abcdef", "text": "x", "place": {"inputs": {"a": "x" * 70_000}}},
        {"key": "0123456789abcdef", "text": "x", "place": {"inputs": {"x" * 201: 1}}},
        {"key": "0123456789abcdef", "text": "x", "place": {"inputs": {str(n): 1 for n in range(501)}}},
        {"key": "0123456789abcdef", "text": "x", "place": {"width": 0}},
        {"key": "0123456789abcdef", "text": "x", "place": {"x": -1}},
    ],
)
async def test_what_is_too_much_or_wrong_is_refused_with_words(api: Api, body: dict[str, object]) -> None:
    await pushed(api)
    answer = await api.ben.post(f"/apps/{APP}/deployments/1/comments", json=body)
    assert answer.status_code == 422
    assert answer.json()["error"]["message"]
    assert (await api.ben.get(COMMENTS)).json()["comments"] == []


@pytest.mark.parametrize(
    "raw",
    [
        '{"key": "0123456789abcdef", "text": "a\\ud800b"}',
        '{"key": "0123456789abcdef", "text": "x", "place": {"x": NaN}}',
        '{"key": "0123456789abcdef", "text": "x", "place": {"inputs": '
        + '{"a":' * 3000
        + "1"
        + "}" * 3000
        + "}}",
    ],
)
async def test_no_odd_json_makes_more_than_a_refusal(api: Api, raw: str) -> None:
    await pushed(api)
    headers = {"content-type": "application/json"}
    answer = await api.ben.post(f"/apps/{APP}/deployments/1/comments", content=raw, headers=headers)
    assert answer.status_code in (400, 422)


async def test_what_is_not_there_is_not_found(api: Api) -> None:
    await pushed(api)
    for path in (
        f"{COMMENTS}/9",
        f"{COMMENTS}/9/picture",
        "/apps/nowhere/comments",
        f"{COMMENTS}?branch=nowhere",
    ):
        assert (await api.ben.get(path)).status_code == 404
    assert (await api.ben.get(f"{COMMENTS}?limit=1000")).status_code == 422
