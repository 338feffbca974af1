"""A release manager's way: what is missing, an override by who may, and gates that administrators set."""

import pytest
from tests.server.pages.platform import URL, Platform

from sandbox_server.auth import Caller
from sandbox_server.auth.guests import guest_of_link
from sandbox_server.operations import gates, invite, login, overview, sign
from sandbox_server.wire_review import GatesRequest, ReviewRequest, VerdictRequest

pytestmark = pytest.mark.anyio

NAME = "sales-dashboard"
APP = f"/apps/{NAME}"
ROOT = Caller("root", admin=True)


async def see(platform: Platform, path: str) -> str:
    answer = await platform.client.get(path)
    assert answer.status_code == 200, answer.text
    return answer.text


async def demand_a_review(platform: Platform) -> None:
    request = GatesRequest(gates={"reviews": 1}, reason="agreed")
    await gates.set_gates(platform.parts, ROOT, NAME, request)


async def judged(platform: Platform, number: int, outcome: str = "accepted") -> None:
    parts = platform.parts
    request = ReviewRequest(deployment=number, name="Rita", email="rita@example.org")
    asked = await invite.invite(parts, ROOT, NAME, request)
    guest = await guest_of_link(parts.store, parts.sealer, asked.url.rpartition("/")[2], parts.clock())
    said = {"deployment": number, "outcome": outcome, "name": "Rita <b>R</b>", "seen": 0}
    await sign.sign(parts, guest, None, VerdictRequest.model_validate(said))


async def log_in_as_administrator(platform: Platform) -> None:
    token = await login.add_user(platform.parts, "root", admin=True)
    answer = await platform.client.post("/login", data={"token": token}, headers={"Origin": URL})
    assert answer.status_code == 303


async def test_a_gate_holds_until_somebody_accepted(platform: Platform) -> None:
    await platform.log_in()
    number = await platform.push()
    await demand_a_review(platform)
    text = await see(platform, f"{APP}/promote/{number}")
    assert "Not yet: 1 thing is missing." in text
    assert 'name="override"' not in text
    assert await platform.post(f"{APP}/promote/{number}", seen=0) == 409
    assert (await overview.list_releases(platform.parts, NAME)) == []
    await judged(platform, number)
    text = await see(platform, f"{APP}/promote/{number}")
    assert f"Yes: everything that {NAME} asks for is there." in text
    assert "Rita &lt;b&gt;R&lt;/b&gt;" in text
    assert await platform.post(f"{APP}/promote/{number}", seen=0, reason="Rita likes it") == 303


async def test_an_administrator_overrides_with_a_reason_and_the_history_keeps_it(platform: Platform) -> None:
    await log_in_as_administrator(platform)
    number = await platform.push()
    await demand_a_review(platform)
    assert 'name="override" value="true"' in await see(platform, f"{APP}/promote/{number}")
    assert await platform.post(f"{APP}/promote/{number}", seen=0, override="true") == 422
    answer = await platform.client.post(
        f"{APP}/promote/{number}",
        data={"seen": 0, "override": "true", "reason": "the shops wait"},
        headers={"Origin": URL},
    )
    await platform.finish(int(answer.headers["location"].rpartition("/")[2]))
    (release,) = await overview.list_releases(platform.parts, NAME)
    assert release.override == ["It needs 1 review, and has none."]
    assert release.since_push is not None
    for path in (answer.headers["location"], APP):
        text = await see(platform, path)
        assert "overridden" in text
        assert "the shops wait" in text


async def test_nobody_else_overrides(platform: Platform) -> None:
    await platform.log_in()
    number = await platform.push()
    await demand_a_review(platform)
    fields = {"seen": 0, "override": "true", "reason": "I want it"}
    assert await platform.post(f"{APP}/promote/{number}", **fields) == 403
    assert (await overview.list_releases(platform.parts, NAME)) == []


async def test_verdicts_stay_with_the_deployment_after_newer_pushes(platform: Platform) -> None:
    await platform.log_in()
    number = await platform.push(message="First page")
    await judged(platform, number, "remarks")
    newer = await platform.push(message="Second page", code="shinyApp(ui2, server)")
    old, new = [await see(platform, f"{APP}/deployments/{n}") for n in (number, newer)]
    assert "accepted with remarks" in old.partition('id="verdicts"')[2]
    assert f"Nobody has accepted or rejected d{newer} yet." in new


async def test_gates_are_shown_to_everybody_and_set_by_administrators(platform: Platform) -> None:
    await platform.log_in()
    await platform.push()
    text = await see(platform, f"{APP}/gates")
    assert "Nothing is demanded" in text
    assert "Set the gates" not in text
    assert await platform.post(f"{APP}/gates", reviews=1, reason="agreed") == 403
    await platform.client.post("/logout", headers={"Origin": URL})
    await log_in_as_administrator(platform)
    assert "Set the gates" in await see(platform, f"{APP}/gates")
    assert await platform.post(f"{APP}/gates", reviews=1) == 422
    assert await platform.post(f"{APP}/gates", reviews=99, reason="agreed") == 422
    assert (
        await platform.post(f"{APP}/gates", reviews=2, freeze="Fri 16:00..Mon 08:00", reason="agreed") == 303
    )
    text = await see(platform, f"{APP}/gates")
    assert "2 people have accepted it" in text
    assert "Fri 16:00..Mon 08:00" in text
    assert "“agreed”" in text


@pytest.mark.parametrize("path", ["/apps/nope/gates", f"{APP}/promote/9"])
async def test_what_is_not_there_has_no_page(platform: Platform, path: str) -> None:
    await platform.log_in()
    await platform.push()
    assert (await platform.client.get(path)).status_code == 404
