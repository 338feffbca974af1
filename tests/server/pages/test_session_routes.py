"""The pages over a server in memory: a share of the visitors, drains, sandboxes that are to go, figures, log lines."""

from datetime import timedelta

import pytest
from tests.server.pages.platform import ANNA, Platform
from tests.server.pages.test_pages import APP, see

from sandbox_server import wire
from sandbox_server.domain.figures import Counts
from sandbox_server.domain.tally import Met
from sandbox_server.operations import drain
from sandbox_server.operations.overview import app_detail, list_apps
from sandbox_server.store import apps, deployments, figures, notices, releases
from sandbox_server.store.tables_seen import Visit

pytestmark = pytest.mark.anyio

NAME = "sales-dashboard"


async def send(platform: Platform, path: str, **fields: str | int) -> wire.Job | None:
    """A form as our own pages send it; the job that it began, when that has ended."""
    answer = await platform.client.post(path, data=fields, headers={"Origin": "https://sandbox.localhost"})
    assert answer.status_code == 303, answer.text
    where = answer.headers["location"]
    return await platform.finish(int(where.rpartition("/")[2])) if "/jobs/" in where else None


async def two_versions(platform: Platform) -> None:
    """d1 is released, d2 is ready."""
    await platform.log_in()
    await platform.promote(await platform.push(message="First page"))
    await platform.push("feature-x", "Show margins", code="shinyApp(ui, better)")


async def test_a_share_is_tried_raised_and_released_by_the_page(platform: Platform) -> None:
    await two_versions(platform)
    job = await send(platform, f"{APP}/promote/2", seen=1, how="share", percent=10)
    assert job is not None
    assert job.status == "done"
    assert "10 % of the visitors get d2" in await see(platform, f"{APP}/jobs/{job.job}")
    text = await see(platform, APP)
    assert f'href="{APP}/promote/2?share=25"' in text
    assert "10 % get d2" in await see(platform, "/")
    assert "Change the share of d2?" in await see(platform, f"{APP}/promote/2?share=25")
    await send(platform, f"{APP}/promote/2", seen=2, how="share", percent=25)
    assert (await app_detail(platform.parts, NAME)).candidate.share == 25  # type: ignore[union-attr]
    assert "Release d2 to all?" in await see(platform, f"{APP}/promote/2?share=100")
    await send(platform, f"{APP}/promote/2", seen=3)
    detail = await app_detail(platform.parts, NAME)
    assert (detail.release.deployment, detail.candidate, detail.seen) == (2, None, 4)  # type: ignore[union-attr]


async def test_a_candidate_is_given_up_and_the_history_says_so(platform: Platform) -> None:
    await two_versions(platform)
    await send(platform, f"{APP}/promote/2", seen=1, how="steps", first=5, first_minutes=10)
    assert "Give up d2?" in await see(platform, f"{APP}/rollback")
    job = await send(platform, f"{APP}/promote/2", seen=2, how="share", percent=0, reason="too slow")
    assert job is not None
    assert "d2 was given up" in await see(platform, f"{APP}/jobs/{job.job}")
    text = await see(platform, APP)
    assert "too slow" in text
    assert "is tried by" not in text
    assert f'href="{APP}/rollback"' not in text, "there is nothing before release 1"


async def test_a_rollback_beside_a_candidate_takes_that_back(platform: Platform) -> None:
    await two_versions(platform)
    await send(platform, f"{APP}/promote/2", seen=1, how="share", percent=10)
    await send(platform, f"{APP}/rollback", seen=2, to=0)
    detail = await app_detail(platform.parts, NAME)
    assert (detail.release.deployment, detail.candidate, detail.seen) == (1, None, 3)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "wrong", [{"percent": 101}, {"percent": -1}, {"how": "half"}, {"first_minutes": 0}, {"seen": "x"}]
)
async def test_shares_that_cannot_be_are_refused_as_a_page(
    platform: Platform, wrong: dict[str, str | int]
) -> None:
    await two_versions(platform)
    fields: dict[str, str | int] = {"seen": 1, "how": "share", **wrong}
    assert await platform.post(f"{APP}/promote/2", **fields) == 422
    assert (await platform.client.get(f"{APP}/promote/2?share=101")).status_code == 422


async def test_who_drains_is_ended_after_one_question(platform: Platform) -> None:
    platform.parts.settings.keep_previous = 0
    platform.parts.settings.settle = 3600
    await two_versions(platform)
    await platform.promote(2, seen=1)
    async for _ in platform.parts.bell.rings(every=0.2):
        if await drain.draining(platform.parts, NAME):
            break
    assert "/deployments/1/drain?scope=release" in await see(platform, APP)
    text = await see(platform, f"{APP}/deployments/1/drain?scope=release")
    assert "End d1?" in text
    assert "in 30 minutes" in text
    await send(platform, f"{APP}/deployments/1/drain", deadline="30m", scope="release", reason="security")
    (row,) = await drain.draining(platform.parts, NAME)
    assert row.asked
    assert "their pages say so" in await see(platform, APP)
    await send(platform, f"{APP}/deployments/1/drain/cancel", scope="release")
    (row,) = await drain.draining(platform.parts, NAME)
    assert not row.asked


async def test_nothing_that_drains_is_nothing_to_end(platform: Platform) -> None:
    await two_versions(platform)
    text = await see(platform, f"{APP}/deployments/1/drain")
    assert "Nobody has d1 open any more" in text
    assert 'name="deadline"' not in text
    assert await platform.post(f"{APP}/deployments/1/drain", deadline="now", scope="release") == 409
    assert await platform.post(f"{APP}/deployments/1/drain", deadline="3w", scope="release") == 422


async def test_a_sandbox_that_is_to_go_is_kept_by_one_click(platform: Platform) -> None:
    await two_versions(platform)
    async with platform.parts.store.write() as tx:
        app = await apps.get(tx, NAME)
        branch = await apps.get_branch(tx, app, "feature-x")
        branch.gone_since, branch.gone_why = platform.parts.clock() - timedelta(days=9), "merged"
        branch.warned_at = platform.parts.clock() - timedelta(days=1)
        tx.add(branch)
    assert "merged" in await see(platform, APP)
    await send(platform, f"{APP}/keep", branch="feature-x")
    assert "Keep it" not in await see(platform, APP)
    assert await platform.post(f"{APP}/keep", branch="none") == 404


async def test_what_was_measured_is_drawn_for_the_app_and_for_the_deployment(platform: Platform) -> None:
    await two_versions(platform)
    assert "No sessions in the last hour" in await see(platform, APP)
    now = platform.parts.clock()
    async with platform.parts.store.write() as tx:
        app = await apps.get(tx, NAME)
        id_ = (await deployments.get(tx, app, 1)).id or 0
        await figures.add(tx, id_, "release", now, Counts(started=12, failed=3, sessions=4, requests=80))
        await figures.meet(tx, id_, "release", [Met("output totals", "simpleError", 7, now)])
    for path in (APP, f"{APP}?span=day", f"{APP}?span=month", f"{APP}/deployments/1"):
        text = await see(platform, path)
        assert "3 of 12 sessions" in text, path
        assert "output totals" in text, path
    assert "No sessions in the last hour" in await see(platform, f"{APP}/deployments/1?scope=sandbox")
    assert "No sessions in the last hour" in await see(platform, f"{APP}/deployments/2")
    assert (await platform.client.get(f"{APP}?span=year")).status_code == 422


async def test_the_log_of_a_minute_is_shown_around_it(platform: Platform) -> None:
    await two_versions(platform)
    now = platform.parts.clock()
    at = (now - timedelta(seconds=20)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert "those of that minute are marked" in await see(platform, f"{APP}/deployments/1?log=build&at={at}")
    text = await see(platform, f"{APP}/deployments/1?log=build&at=2020-01-01T00:00:00Z")
    assert "The newest lines" in text
    assert (await platform.client.get(f"{APP}/deployments/1?at=yesterday")).status_code == 422


async def test_the_overview_tells_what_needs_a_look_without_asking_app_by_app(platform: Platform) -> None:
    await two_versions(platform)
    now = platform.parts.clock()
    async with platform.parts.store.write() as tx:
        app = await apps.get(tx, NAME)
        await notices.open_notice(
            tx, app.id or 0, "availability", "It does not come up", now, "Look at the log."
        )
        for ok in (True, False):
            tx.add(Visit(app_id=app.id or 0, deployment_id=1, release=1, ok=ok, reason="", at=now))
        assert await releases.of_app(tx, app.id or 0)
    (shown,) = await list_apps(platform.parts)
    assert (shown.notices, shown.up, shown.branches, shown.seen) == (1, False, 2, 1)
    text = await see(platform, "/")
    assert "1 notice" in text
    assert "in trouble" in text
    text = await see(platform, APP)
    assert "It does not come up" in text
    assert "Look at the log." in text


async def test_an_app_is_told_the_same_on_its_page_and_on_the_overview(platform: Platform) -> None:
    await two_versions(platform)
    await platform.promote(2, seen=1)
    (shown,) = await list_apps(platform.parts)
    alone = (await app_detail(platform.parts, NAME)).model_dump(exclude={"sandboxes"})
    assert shown.model_dump(exclude={"memory", "sessions"}) == {
        name: value for name, value in alone.items() if name not in ("memory", "sessions")
    }
    assert ANNA.user == shown.release.by  # type: ignore[union-attr]
