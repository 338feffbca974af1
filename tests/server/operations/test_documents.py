"""Documents: what was rendered is kept, shown again, and only rendered anew when somebody asks for it."""

import os
from asyncio import gather, sleep
from collections.abc import AsyncGenerator
from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError
from tests.server.cast import ANNA, APP
from tests.server.documents import REPORT, Pages
from tests.server.platform import Platform

from sandbox_server import wire
from sandbox_server.domain.instance import Scope
from sandbox_server.errors import NotPossible
from sandbox_server.operations import differences, documents
from sandbox_server.operations.collect import collect
from sandbox_server.operations.deploy import deploy
from sandbox_server.operations.render import list_outputs, request_render
from sandbox_server.operations.restart import request_restart
from sandbox_server.operations.variables import set_variables
from sandbox_server.store import jobs
from sandbox_server.visitor.base import Outcome, Visit

pytestmark = pytest.mark.anyio


@pytest.fixture
def pages(platform: Platform) -> Pages:
    return Pages(platform)


async def render(platform: Platform, number: int = 1, scope: str = "sandbox", **parameters: str) -> wire.Job:
    request = wire.RenderRequest.model_validate({"scope": scope, "parameters": parameters})
    return await platform.finished(await request_render(platform.parts, ANNA, APP, number, request))


async def database(platform: Platform, scope: str, name: str) -> None:
    request = wire.VariablesSet.model_validate({"variables": {"DB_NAME": name}, "scope": scope})
    await set_variables(platform.parts, ANNA, APP, request)
    await platform.quiet()


async def outputs(platform: Platform, number: int = 1) -> list[wire.Output]:
    return await list_outputs(platform.parts, APP, number)


async def trouble(platform: Platform) -> str:
    error = (await platform.show(1)).error
    return error.message if error else ""


async def test_it_works(platform: Platform, pages: Pages) -> None:
    await platform.deploy(files=REPORT)
    assert await pages.shown(1) == "<p>database none</p><p>rendering 1</p>"
    [output] = await outputs(platform)
    assert (output.scope, output.deployment, output.parameters) == ("sandbox", 1, {})
    assert platform.parts.outputs.has(output.digest)
    assert any("platform document.rendered d1 >sandbox" in row for row in await platform.history())


async def test_what_crashed_comes_back_with_the_same_output(platform: Platform, pages: Pages) -> None:
    await platform.deploy(files=REPORT)
    before = await pages.shown(1)
    platform.runtime.crash((await platform.instance(1)).name)
    await platform.sleep(1)
    await platform.sleep(60)
    assert await pages.shown(1) == before
    assert len(await outputs(platform)) == 1


async def test_a_restart_renders_nothing(platform: Platform, pages: Pages) -> None:
    await platform.deploy(files=REPORT)
    before, old = await pages.shown(1), await platform.instance(1)
    await platform.finished(await request_restart(platform.parts, ANNA, APP, 1))
    assert (await platform.instance(1)).id != old.id
    assert await pages.shown(1) == before


async def test_an_output_that_was_lost_is_rendered_again(platform: Platform, pages: Pages) -> None:
    await platform.deploy(files=REPORT)
    [output] = await outputs(platform)
    platform.parts.outputs.path(output.digest).unlink()
    await platform.finished(await request_restart(platform.parts, ANNA, APP, 1))
    assert "rendering 2" in await pages.shown(1)


async def test_a_release_is_rendered_with_its_own_variables(platform: Platform, pages: Pages) -> None:
    await platform.deploy(files=REPORT)
    await database(platform, "sandbox", "test")
    await database(platform, "release", "prod")
    await platform.promote(1)
    assert "database test" in await pages.shown(1)
    assert "database prod" in await pages.shown(1, Scope.release)
    [release] = await platform.releases()
    assert release.output is not None
    assert (release.output.scope, release.output.by) == ("release", "ben")
    assert "-database test" in release.output_diff
    assert "+database prod" in release.output_diff
    assert (await platform.releases())[0].output_diff == release.output_diff


async def test_rendering_again_takes_the_place_of_what_was_shown(platform: Platform, pages: Pages) -> None:
    await platform.deploy(files=REPORT)
    job = await render(platform)
    assert (job.status, job.kind) == ("done", "render")
    assert "rendering 2" in await pages.shown(1)
    assert [row.by for row in await outputs(platform)] == ["anna", "platform"]
    platform.runtime.crash((await platform.instance(1)).name)
    await platform.sleep(1)
    await platform.sleep(60)
    assert "rendering 2" in await pages.shown(1)


async def test_parameters_stay_until_others_are_given(platform: Platform, pages: Pages) -> None:
    await platform.deploy(files=REPORT)
    await render(platform, region="EMEA", year="2026")
    assert "database none region=EMEA year=2026" in await pages.shown(1)
    await database(platform, "sandbox", "test")
    assert "database test region=EMEA" in await pages.shown(1)
    await platform.promote(1)
    assert "region=EMEA" in await pages.shown(1, Scope.release), "what was reviewed is released"
    await render(platform)
    assert "region" not in await pages.shown(1)


async def test_what_users_get_can_be_rendered_again(platform: Platform, pages: Pages) -> None:
    await platform.deploy(files=REPORT)
    await platform.promote(1)
    first = await pages.shown(1, Scope.release)
    reviewed = await pages.shown(1)
    await render(platform, scope="release", region="US")
    assert await pages.shown(1, Scope.release) != first
    assert "region=US" in await pages.shown(1, Scope.release)
    assert await pages.shown(1) == reviewed
    assert platform.users_get() == "d1"
    await platform.sleep(60)
    assert len(await platform.live(1, Scope.release)) == 1


async def test_a_rollback_shows_what_was_released(platform: Platform, pages: Pages) -> None:
    await platform.deploy(files=REPORT)
    await platform.promote(1)
    first = await pages.shown(1, Scope.release)
    await platform.deploy(files={"report.Rmd": "---\ntitle: Other\n---\n"})
    await platform.promote(2)
    await platform.sleep(30 * 3600)
    await platform.sleep(30 * 3600)
    assert await platform.live(1, Scope.release) == []
    await platform.rollback()
    assert await pages.shown(1, Scope.release) == first


async def test_a_rendering_that_fails_changes_nothing(platform: Platform, pages: Pages) -> None:
    await platform.deploy(files=REPORT)
    before = await pages.shown(1)
    platform.visitor.outcomes["http://d1--"] = Visit(Outcome.failed, 1, "index.html is missing.")
    job = await render(platform)
    assert job.status == "failed"
    assert await pages.shown(1) == before
    assert len(await outputs(platform)) == 1


async def test_an_app_that_holds_up_its_output_is_ended(
    platform: Platform, pages: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    del pages

    async def held_up(_name: str, _path: str) -> AsyncGenerator[bytes, None]:
        yield b"x"
        await sleep(3600)

    monkeypatch.setattr(platform.runtime, "take", held_up)
    platform.parts.settings.render_timeout = 0.3
    await platform.deploy(files=REPORT)
    assert await platform.status(1) == "failed"
    assert "did not hand out its output in time" in await trouble(platform)
    assert await platform.running() == []


async def test_an_output_of_more_than_plain_files_is_not_kept(platform: Platform, pages: Pages) -> None:
    del pages
    platform.runtime.makes = lambda _spec, _path: b"x" * 2048
    await platform.deploy(files=REPORT)
    assert "output cannot be kept: The archive has a number" in await trouble(platform)


class KilledError(BaseException):
    """The process ends here."""


async def test_a_kill_before_a_taken_output_was_written_down_loses_nothing(
    platform: Platform, pages: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(_place: str) -> None:
        raise KilledError

    await platform.push(files=REPORT)
    async with platform.parts.store.write() as tx:
        job = await jobs.claim(tx, platform.clock(), 30, ())
    assert job is not None
    monkeypatch.setattr(documents, "failpoint", die)
    with pytest.raises(KilledError):
        await deploy(platform.parts, job)
    monkeypatch.undo()
    assert await outputs(platform) == []
    await platform.quiet()
    assert await platform.status(1) == "ready"
    [output] = await outputs(platform)
    assert platform.parts.outputs.has(output.digest)
    assert "rendering 1" in await pages.shown(1)


async def test_many_who_ask_at_once_have_a_difference_worked_out_once(
    platform: Platform, pages: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    del pages
    await platform.deploy(files=REPORT)
    await database(platform, "release", "prod")
    await platform.promote(1)
    for path in platform.parts.outputs.path("0").parent.glob("*.diff"):
        path.unlink()
    made, real = [], differences.difference

    def counted(*words: Any) -> str:
        made.append(words)
        return real(*words)

    monkeypatch.setattr(differences, "difference", counted)
    found = await gather(*[platform.releases() for _ in range(4)])
    assert len({releases[0].output_diff for releases in found}) == 1
    assert len(made) == 1


def test_parameters_fit_into_one_variable() -> None:
    enough = {str(number): "x" * 8000 for number in range(8)}
    assert wire.RenderRequest(parameters=enough).parameters == enough
    for parameters in ({**enough, "one": "x" * 8000}, {"one": "日" * 10_000, "two": "語" * 2_000}):
        with pytest.raises(ValidationError, match="All parameters together may have 65536"):
            wire.RenderRequest(parameters=parameters)


async def test_only_documents_are_rendered(platform: Platform) -> None:
    await platform.deploy()
    with pytest.raises(NotPossible, match="d1 is a Shiny app"):
        await render(platform)


async def test_only_what_users_get_is_rendered_for_them(platform: Platform, pages: Pages) -> None:
    del pages
    await platform.deploy(files=REPORT)
    with pytest.raises(NotPossible, match="not what users get"):
        await render(platform, scope="release")


async def test_outputs_of_what_is_gone_are_removed_but_not_those_of_releases(
    platform: Platform, pages: Pages
) -> None:
    del pages
    await platform.deploy(files=REPORT)
    await platform.promote(1)
    [released, reviewed] = await outputs(platform)
    for row in (released, reviewed):
        old = (platform.clock() - timedelta(hours=2)).timestamp()
        os.utime(platform.parts.outputs.path(row.digest), (old, old))
    await collect(platform.parts)
    assert platform.parts.outputs.has(reviewed.digest)
    async with platform.parts.store.write() as tx:
        deployment = await platform.row(1)
        deployment.status = wire.Status.retired
        await tx.merge(deployment)
    await collect(platform.parts)
    assert platform.parts.outputs.has(released.digest)
    assert not platform.parts.outputs.has(reviewed.digest)
