"""The pages over a server in memory: what people see, from the first push to the rollback."""

import pytest
from tests.server.pages.platform import Platform

pytestmark = pytest.mark.anyio

APP = "/apps/sales-dashboard"


async def see(platform: Platform, path: str, status: int = 200) -> str:
    answer = await platform.client.get(path)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith("text/html")
    return answer.text


async def test_an_empty_server_says_what_to_do_first(platform: Platform) -> None:
    await platform.log_in()
    text = await see(platform, "/")
    assert "No app yet" in text
    assert "sandbox login https://sandbox.localhost" in text
    assert "sandbox deploy" in text


async def test_a_push_is_seen_on_every_page_and_is_not_released(platform: Platform) -> None:
    await platform.log_in()
    await platform.push("feature-x", "Show margins")
    assert "Nothing released yet" in await see(platform, "/")
    text = await see(platform, APP)
    assert "Show margins" in text
    assert "Nothing is released yet" in text
    assert f"{APP}/promote/1" in text
    text = await see(platform, f"{APP}/deployments/1")
    assert "feature-x--sales-dashboard.apps.localhost" in text
    assert "pushed by anna" in text
    assert "Build" in await see(platform, f"{APP}/deployments/1?log=build")


async def test_promote_asks_once_then_shows_how_it_went(platform: Platform) -> None:
    await platform.log_in()
    await platform.promote(await platform.push(message="First page"))
    await platform.push("feature-x", "Show margins", code="shinyApp(ui, function(input, output) 1)")
    text = await see(platform, f"{APP}/promote/2")
    assert "From now on users get d2." in text
    assert 'name="seen" value="1"' in text
    assert "Show margins" in text
    assert "app.R" in text
    answer = await platform.client.post(
        f"{APP}/promote/2",
        data={"seen": 1, "reason": "approved"},
        headers={"Origin": "https://sandbox.localhost"},
    )
    assert answer.status_code == 303
    location = answer.headers["location"]
    await platform.finish(int(location.rpartition("/")[2]))
    assert "Release 2 is in force" in await see(platform, location)
    assert "approved" in await see(platform, APP)
    assert "Users get" in await see(platform, "/")


async def test_rollback_goes_to_the_release_before(platform: Platform) -> None:
    await platform.log_in()
    await platform.promote(await platform.push(message="First page"))
    second = await platform.push(message="Second page", code="shinyApp(ui, other)")
    await platform.promote(second, seen=1)
    text = await see(platform, f"{APP}/rollback")
    assert "Roll back to d1?" in text
    assert "Second page" in text
    answer = await platform.client.post(
        f"{APP}/rollback", data={"seen": 2, "to": 1}, headers={"Origin": "https://sandbox.localhost"}
    )
    await platform.finish(int(answer.headers["location"].rpartition("/")[2]))
    assert "Users get d1" in await see(platform, answer.headers["location"])


async def test_a_second_rollback_goes_one_further_back(platform: Platform) -> None:
    await platform.log_in()
    for seen, message in enumerate(("First page", "Second page", "Third page")):
        number = await platform.push(message=message, code=f"shinyApp(ui, {message.split()[0]})")
        await platform.promote(number, seen=seen)
    for seen, back in ((3, 2), (4, 1)):
        text = await see(platform, f"{APP}/rollback")
        assert f"Roll back to d{back}?" in text
        assert f'name="to" value="{back}"' in text
        answer = await platform.client.post(
            f"{APP}/rollback",
            data={"seen": seen, "to": back},
            headers={"Origin": "https://sandbox.localhost"},
        )
        await platform.finish(int(answer.headers["location"].rpartition("/")[2]))
    assert "no release before release 1" in await see(platform, f"{APP}/rollback", 409)
    lane = await see(platform, APP)
    assert f'href="{APP}/rollback"' not in lane
    assert "a rollback to 1" in lane
    assert f'href="{APP}/rollback?to=1"' not in lane
    assert f'href="{APP}/rollback?to=3"' in lane


async def test_who_saw_an_older_state_is_told_what_happened(platform: Platform) -> None:
    await platform.log_in()
    await platform.promote(await platform.push())
    await platform.push("feature-x", code="shinyApp(a, b)")
    answer = await platform.client.post(
        f"{APP}/promote/2", data={"seen": 0}, headers={"Origin": "https://sandbox.localhost"}
    )
    assert answer.status_code == 409
    assert "Not possible just now" in answer.text
    assert f'href="{APP}"' in answer.text
    assert (await platform.client.get(f"{APP}/jobs/99")).status_code == 404


async def test_what_users_get_already_cannot_be_promoted_again(platform: Platform) -> None:
    await platform.log_in()
    await platform.promote(await platform.push())
    text = await see(platform, f"{APP}/promote/1")
    assert "there is nothing to promote" in text
    assert '<form method="post">' not in text


async def test_a_branch_is_removed_after_one_question(platform: Platform) -> None:
    await platform.log_in()
    await platform.push("feature-x")
    assert "stops answering" in await see(platform, f"{APP}/remove?branch=feature-x")
    assert await platform.post(f"{APP}/remove", branch="feature-x") == 303
    assert "Show margins" not in await see(platform, APP)


async def test_what_is_not_there_is_a_page_too(platform: Platform) -> None:
    await platform.log_in()
    await platform.push()
    below = ["deployments/9", "deployments/x", f"deployments/{10**30}", "jobs/77", "remove?branch=none"]
    for path in ["/nothing/here", "/apps/unknown", "/static/../pages.py", "/static/missing.css"]:
        assert "Not found" in await see(platform, path, 404)
    for path in below:
        assert "<title>Not found" in await see(platform, f"{APP}/{path}", 404)


async def test_an_app_without_a_release_cannot_be_rolled_back(platform: Platform) -> None:
    await platform.log_in()
    await platform.push()
    assert "Nothing is released yet" in await see(platform, f"{APP}/rollback", 409)


async def test_a_form_with_nonsense_is_refused_as_a_page(platform: Platform) -> None:
    await platform.log_in()
    await platform.push()
    assert await platform.post(f"{APP}/promote/1", seen="many") == 422
    assert await platform.post(f"{APP}/promote/1", seen=0, reason="x" * 3000) == 422
