"""The story of a push over the wire, with the fields that the command line prints."""

import hashlib
from collections.abc import AsyncIterator

import pytest
from starlette.types import Message
from tests.server.api.conftest import Api
from tests.server.cast import APP, HELLO
from tests.server.platform import archive

from sandbox_server.api.body_limit import LONGEST
from sandbox_server.app import create_app

pytestmark = pytest.mark.anyio

AT = f"/apps/{APP}"


async def push(api: Api, branch: str = "main") -> int:
    data = archive(HELLO)
    digest = hashlib.sha256(data).hexdigest()
    if (await api.anna.head(f"/bundles/{digest}")).status_code == 404:
        assert (await api.anna.put(f"/bundles/{digest}", content=data)).status_code == 201
    answer = await api.anna.post(
        f"{AT}/deployments", json={"bundle": digest, "branch": branch, "commit": "3f2a1c9"}
    )
    assert answer.status_code == 201
    return int(answer.json()["deployment"])


async def ready(api: Api, branch: str = "main") -> dict[str, object]:
    number = await push(api, branch)
    shown: dict[str, object] = (await api.anna.get(f"{AT}/deployments/{number}")).json()
    while shown["status"] in ("queued", "building", "starting"):
        params = {"seen": str(shown["version"]), "wait": "10"}
        shown = (await api.anna.get(f"{AT}/deployments/{number}", params=params)).json()
    return shown


async def ended(api: Api, job: dict[str, object]) -> dict[str, object]:
    while job["status"] in ("queued", "running"):
        params = {"seen": str(job["version"]), "wait": "10"}
        job = (await api.ben.get(f"/jobs/{job['job']}", params=params)).json()
    return job


async def test_it_works(api: Api) -> None:
    shown = await ready(api)
    assert shown["status"] == "ready"
    assert {
        "app", "branch", "deployment", "status", "url", "permalink", "image", "bundle", "commit", "smoke", "seconds"
    } <= shown.keys()  # fmt: skip
    assert shown["url"] == f"http://main--{APP}.apps.localhost:8080"
    assert shown["permalink"] == f"http://d1--{APP}.apps.localhost:8080"


async def test_promote_and_rollback_answer_with_their_release(api: Api) -> None:
    for branch in ("main", "feature-x"):
        number = (await ready(api, branch))["deployment"]
        seen = len((await api.ben.get(f"{AT}/releases")).json())
        asked = await api.ben.post(f"{AT}/releases", json={"deployment": number, "seen": seen})
        assert asked.status_code == 202
        job = await ended(api, asked.json())
        assert (job["status"], job["kind"]) == ("done", "promote")
    job = await ended(api, (await api.ben.post(f"{AT}/rollback", json={"seen": 2})).json())
    release = job["release"]
    assert isinstance(release, dict)
    assert {"release", "app", "deployment", "image", "url"} <= release.keys()
    assert (release["release"], release["deployment"], release["kind"]) == (3, 1, "rollback")
    assert job["seconds"] is not None
    assert job["left_sessions"] == 0


async def test_values_of_variables_never_come_back(api: Api) -> None:
    await ready(api)
    answer = await api.anna.put(
        f"{AT}/variables", json={"variables": {"DB": "swordfish"}, "scope": "release"}
    )
    assert [row["name"] for row in answer.json()["variables"]] == ["DB"]
    for path in ("/variables", "/events", "", "/deployments"):
        assert "swordfish" not in (await api.anna.get(f"{AT}{path}")).text


async def test_the_history_names_who_did_it(api: Api) -> None:
    await ready(api)
    events = (await api.ben.get(f"{AT}/events")).json()
    assert [(event["action"], event["by"]) for event in events[-3:]] == [
        ("deployment.pushed", "anna"), ("sandbox.added", "anna"), ("app.added", "anna"),
    ]  # fmt: skip


async def test_logs_of_the_build_are_lines_with_time_and_stream(api: Api) -> None:
    await ready(api)
    lines = (await api.anna.get(f"{AT}/deployments/1/logs", params={"kind": "build"})).json()
    assert lines[0].keys() == {"time", "stream", "text"}
    assert any("Built" in line["text"] for line in lines)


async def test_a_bundle_under_a_wrong_digest_is_refused(api: Api) -> None:
    answer = await api.anna.put(f"/bundles/{'0' * 64}", content=archive(HELLO))
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "bad_bundle")


async def test_who_am_i_and_how_are_you(api: Api) -> None:
    me = (await api.anna.get("/me")).json()
    assert (me["user"], me["admin"], me["url"]) == ("anna", True, "http://sandbox.localhost:8080")
    findings = (await api.anna.get("/doctor")).json()
    assert [row["part"] for row in findings] == [
        "server", "disk", "database", "engine", "base image", "proxy", "browser"
    ]  # fmt: skip
    assert (await api.nobody.get("/health")).json()["status"] == "ok"


async def test_a_token_is_shown_once_and_ends_with_its_removal(api: Api) -> None:
    made = (await api.anna.post("/tokens", json={"name": "ci", "days": 30})).json()
    header = {"Authorization": f"Bearer {made['token']}"}
    assert (await api.nobody.get("/me", headers=header)).json()["user"] == "anna"
    listed = (await api.anna.get("/tokens")).json()
    assert [(row["name"], row["token"]) for row in listed] == [("first", None), ("ci", None)]
    assert (await api.ben.delete("/tokens/ci")).status_code == 404
    assert (await api.anna.delete("/tokens/ci")).json() == {"removed": ["token ci"]}
    assert (await api.nobody.get("/me", headers=header)).status_code == 401


async def test_an_expired_token_is_refused(api: Api) -> None:
    made = (await api.anna.post("/tokens", json={"name": "ci", "days": 1})).json()
    api.platform.clock.advance(25 * 3600)
    answer = await api.nobody.get("/me", headers={"Authorization": f"Bearer {made['token']}"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "unauthorized")


async def test_what_is_released_is_not_removed(api: Api) -> None:
    number = (await ready(api))["deployment"]
    await ended(api, (await api.ben.post(f"{AT}/releases", json={"deployment": number, "seen": 0})).json())
    for path in (f"{AT}/branches?branch=main", AT):
        answer = await api.anna.delete(path)
        assert (answer.status_code, answer.json()["error"]["code"]) == (409, "not_possible")


async def test_a_long_body_is_refused_before_it_is_read(api: Api) -> None:
    for client in (api.anna, api.nobody):
        answer = await client.post("/tokens", content=b"x" * (LONGEST + 1))
        assert (answer.status_code, answer.json()["error"]["code"]) == (413, "too_large")
        assert answer.headers["x-request-id"] == answer.json()["error"]["request_id"]


async def test_a_long_body_that_announces_no_length_is_cut(api: Api) -> None:
    seen = 0

    async def chunks() -> AsyncIterator[bytes]:
        nonlocal seen
        for _ in range(100):
            seen += 1_000_000
            yield b"x" * 1_000_000

    assert (await api.nobody.post("/tokens", content=chunks())).status_code in (400, 413)
    assert seen <= LONGEST + 2_000_000


async def test_half_a_character_is_refused_wherever_it_stands(api: Api) -> None:
    number = await push(api)
    bundle = (await api.anna.get(f"{AT}/deployments/{number}")).json()["bundle"]
    half = {"content": f'{{"bundle": "{bundle}", "branch": "main", "commits": ["\\ud800"]}}'}
    kind = {"Content-Type": "application/json"}
    assert (await api.anna.post(f"{AT}/deployments", **half, headers=kind)).status_code == 422
    for variables in ('{"A": "\\ud800"}', '{"\\ud800": "a"}'):
        body = f'{{"variables": {variables}}}'
        assert (await api.anna.put(f"{AT}/variables", content=body, headers=kind)).status_code == 422


@pytest.mark.parametrize("name", ["a/b", "..", "a\x1b[31m", "a\0", " ", "a?"])
async def test_a_token_has_a_name_that_an_address_can_hold(api: Api, name: str) -> None:
    answer = await api.anna.post("/tokens", json={"name": name})
    assert answer.status_code == 422
    assert "Use letters" in answer.json()["error"]["message"]


async def test_an_upload_whose_sender_goes_away_is_no_trouble_of_the_server(
    api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    scope = {
        "type": "http", "method": "PUT", "path": f"/api/v1/bundles/{'a' * 64}", "query_string": b"",
        "headers": [(b"authorization", api.anna.headers["Authorization"].encode())],
    }  # fmt: skip
    sent: list[Message] = []

    async def gone() -> Message:
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    await create_app(api.platform.parts)(scope, gone, send)
    assert sent[0]["status"] == 422
    assert not [record for record in caplog.records if record.levelname == "ERROR"]
