"""What no database keeps is refused before anybody asks one, in words."""

import json

import pytest
from pydantic import ValidationError
from tests.server.api.conftest import Api

from sandbox_server.wire import ReleaseRequest, VariablesSet, is_storable
from sandbox_server.wire_review import GatesRequest, Place
from sandbox_server.wire_sessions import BranchesSeen

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("path", ["/apps/x/comments?branch=a%00b", "/apps/x%00y", "/apps/x?a%00=1"])
async def test_an_address_with_a_nul_is_refused(api: Api, path: str) -> None:
    answer = await api.anna.get(path)
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "bad_request")
    assert "has a NUL in it" in answer.json()["error"]["message"]
    assert answer.headers["x-request-id"] == answer.json()["error"]["request_id"]


@pytest.mark.parametrize("reason", ["a\0b", "a\ud800b"])
async def test_a_request_with_such_a_text_is_told_which(api: Api, reason: str) -> None:
    body = json.dumps({"deployment": 1, "seen": 0, "reason": reason})
    headers = {"Content-Type": "application/json"}
    answer = await api.anna.post("/apps/x/releases", content=body, headers=headers)
    assert answer.status_code == 422
    assert answer.json()["error"]["message"].startswith("reason: ")


@pytest.mark.parametrize("text", ["a\0b", "\ud800", "a\udfff"])
def test_texts_that_cannot_be_kept_are_refused(text: str) -> None:
    assert not is_storable({"a": [text]})
    with pytest.raises(ValidationError):
        ReleaseRequest(deployment=1, seen=0, reason=text)
    with pytest.raises(ValidationError):
        BranchesSeen.model_validate({"branch": "main", "existing": ["main", text]})
    for table in ({"freeze": [text]}, {text: 1}, {"groups": {"qa": [text]}}):
        with pytest.raises(ValidationError):
            GatesRequest(gates=table, reason="why")


def test_all_other_texts_are_kept_and_some_have_their_own_rules() -> None:
    assert is_storable(["ü \U0001f469\u200d\U0001f467 \x1b", 1, None, {"a": 2.5}])
    assert Place(inputs={"a": "\0"}).inputs == {"a": "\0"}
    assert VariablesSet(variables={"A": "\0"}).variables == {"A": "\0"}
