"""What people see of an app, its branches and its releases."""

import pytest
from tests.server.cast import ANNA, APP, HELLO
from tests.server.platform import Platform

from sandbox_server.domain.instance import Scope
from sandbox_server.operations import overview
from sandbox_server.operations.observe import observe
from sandbox_server.operations.remove import remove_app
from sandbox_server.visitor.base import Outcome, OutputError, Visit

pytestmark = pytest.mark.anyio

HOST = f"{APP}.apps.localhost"
LIMITS = {**HELLO, "sandbox.toml": 'memory = "512MiB"\ncpus = 2\ntimezone = "Europe/Berlin"\n'}


async def test_a_deployment_is_shown_with_its_limits(platform: Platform) -> None:
    shown = await platform.show(await platform.deploy(files=LIMITS))
    assert (shown.memory_limit, shown.cpus, shown.timezone) == (512 * 2**20, 2, "Europe/Berlin")


async def test_a_branch_has_the_sessions_of_its_sandbox_only(platform: Platform) -> None:
    number = await platform.deploy()
    await platform.promote(number)
    platform.people(await platform.instance(number, Scope.sandbox), 1)
    platform.people(await platform.instance(number, Scope.release), 7)
    await observe(platform.parts)
    detail = await overview.app_detail(platform.parts, APP)
    (branch,) = detail.sandboxes
    assert branch.current is not None
    assert detail.release is not None
    assert (branch.current.sessions, branch.latest.sessions, detail.release.sessions) == (1, 1, 7)
    assert (detail.sessions, (await platform.show(number)).sessions) == (8, 8)


async def test_a_release_shows_what_the_visit_before_its_switch_saw(platform: Platform) -> None:
    first = await platform.deploy("main")
    broken = Visit(Outcome.idle, 1, errors=(OutputError("totals", "object 'db' not found"),))
    platform.visitor.outcomes[f"//{HOST}"] = broken
    await platform.promote(first)
    platform.visitor.outcomes.clear()
    await platform.promote(await platform.deploy("feature-x"))
    await platform.rollback()
    shown = [(row.deployment, row.smoke and row.smoke.status) for row in await platform.releases()]
    assert shown == [(1, "failed"), (2, "passed"), (1, "failed")]
    assert (await platform.show(first)).smoke.status == "passed"
    assert (await platform.releases())[0].returns_to == 1


async def test_the_history_tells_of_every_instance_and_of_an_app_that_came_back(platform: Platform) -> None:
    await platform.deploy()
    await remove_app(platform.parts, ANNA, APP)
    await platform.sleep(60)
    await platform.deploy()
    told = await platform.history()
    assert [line for line in told if line.split()[1] in ("instance.drained", "instance.ended")] == [
        "anna instance.drained d1 sandbox>",
        "platform instance.ended d1 sandbox>",
    ]
    for action in ("app.added", "app.removed", "app.restored"):
        assert f"anna {action} {APP} >" in told
    for action in ("sandbox.added", "sandbox.removed", "sandbox.restored"):
        assert f"anna {action} main >" in told
