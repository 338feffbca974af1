"""What an instance is told of the review page that may show it in a frame."""

import pytest
from tests.server.platform import Platform

from sandbox_server.domain.instance import Scope

pytestmark = pytest.mark.anyio


async def test_only_a_sandbox_knows_where_reviews_are(platform: Platform) -> None:
    number = await platform.deploy()
    await platform.promote(number)
    sandbox, release = [await platform.environment(number, scope) for scope in (Scope.sandbox, Scope.release)]
    assert (
        sandbox["SANDBOX_CONTROL"] == platform.parts.settings.control_url == "http://sandbox.localhost:8080"
    )
    assert "SANDBOX_CONTROL" not in release


async def test_another_address_of_the_server_makes_no_other_instance(platform: Platform) -> None:
    number = await platform.deploy()
    before = await platform.instance(number)
    platform.parts.settings.domain = "elsewhere.localhost"
    await platform.reconcile()
    assert (await platform.instance(number)).name == before.name
