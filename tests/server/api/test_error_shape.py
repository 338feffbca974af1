"""Every error has one shape and says what to do next."""

import pytest
from httpx import Response
from tests.server.api.conftest import Api

from sandbox_server import errors
from sandbox_server.errors import SandboxError

pytestmark = pytest.mark.anyio


def classes(cls: type[SandboxError] = SandboxError) -> list[type[SandboxError]]:
    return [cls, *(found for child in cls.__subclasses__() for found in classes(child))]


def check(response: Response, status: int, code: str) -> None:
    assert response.status_code == status
    assert response.json().keys() == {"error"}
    problem = response.json()["error"]
    assert problem.keys() == {"code", "message", "hint", "detail", "request_id"}
    assert (problem["code"], bool(problem["message"]), bool(problem["hint"])) == (code, True, True)
    assert problem["request_id"] == response.headers["x-request-id"]


@pytest.mark.parametrize("error", classes(), ids=lambda error: error.__name__)
def test_every_error_has_a_code_a_status_and_a_hint(error: type[SandboxError]) -> None:
    made = error("A sentence.")
    assert made.code.replace("_", "").isalpha()
    assert 400 <= made.status < 600
    assert made.hint
    assert error.__name__ in (errors.__doc__ or "")


def test_codes_are_unique() -> None:
    codes = [cls.code for cls in classes()]
    assert len(set(codes)) == len(codes)


async def test_an_unknown_address(api: Api) -> None:
    check(await api.anna.get("/nothing"), 404, "not_found")


async def test_an_unknown_app(api: Api) -> None:
    check(await api.anna.get("/apps/nothing"), 404, "not_found")


async def test_a_method_that_is_not_there(api: Api) -> None:
    response = await api.anna.patch("/apps")
    check(response, 405, "method_not_allowed")
    assert response.json()["error"]["hint"] == "It takes GET."


async def test_a_request_that_is_wrong(api: Api) -> None:
    check(await api.anna.post("/apps/x/deployments", json={"bundle": "no"}), 422, "bad_request")
    check(await api.anna.post("/tokens", content=b"{"), 422, "bad_request")
    check(await api.anna.post("/tokens", json={"name": "ci", "colour": "red"}), 422, "bad_request")


@pytest.mark.parametrize("number", ["0", "-1", "9" * 20, "9" * 400, "x"])
async def test_a_number_that_cannot_be(api: Api, number: str) -> None:
    at = "/apps/sales-dashboard"
    for path in (f"{at}/deployments/{number}", f"{at}/deployments/{number}/logs", f"/jobs/{number}"):
        check(await api.anna.get(path), 422, "bad_request")
    for path in (f"{at}/deployments/{number}/cancel", f"{at}/deployments/{number}/restart"):
        check(await api.anna.post(path), 422, "bad_request")


async def test_a_number_in_a_request_that_cannot_be(api: Api) -> None:
    most = 10**20
    for path, body in (("releases", {"deployment": most, "seen": 0}), ("rollback", {"seen": 0, "to": most})):
        check(await api.anna.post(f"/apps/sales-dashboard/{path}", json=body), 422, "bad_request")
    check(await api.anna.get(f"/apps/sales-dashboard/diff?a={most}"), 422, "bad_request")
    check(await api.anna.get(f"/apps/sales-dashboard/events?limit={most}"), 422, "bad_request")


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer sbx_guess", "Basic YTpi", "bearer  "])
async def test_nobody(api: Api, header: str) -> None:
    check(await api.nobody.get("/apps", headers={"Authorization": header}), 401, "unauthorized")


async def test_a_page_of_another_site(api: Api) -> None:
    check(
        await api.anna.get("/apps", headers={"Origin": "http://sales.apps.localhost:8080"}), 403, "forbidden"
    )


async def test_a_state_that_does_not_allow_it(api: Api) -> None:
    await api.platform.push()
    await api.platform.until_status(1, "ready")
    check(await api.anna.post("/apps/sales-dashboard/rollback", json={"seen": 0}), 409, "not_possible")
    check(
        await api.anna.post("/apps/sales-dashboard/releases", json={"seen": 3, "deployment": 1}),
        409,
        "state_changed",
    )


async def test_something_unexpected(api: Api) -> None:
    async def surprise() -> object:
        raise ZeroDivisionError("a secret of the server")

    api.platform.runtime.facts = surprise  # type: ignore[method-assign, assignment]
    response = await api.anna.get("/doctor")
    assert response.status_code == 500
    problem = response.json()["error"]
    assert (problem["code"], bool(problem["hint"]), bool(problem["request_id"])) == ("error", True, True)
    assert "secret" not in response.text
