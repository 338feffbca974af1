"""From a secret to a person."""

import pytest
from tests.server.cast import ANNA, BEN
from tests.server.platform import Platform

from sandbox_server.auth import caller_of_session, caller_of_token
from sandbox_server.operations import login
from sandbox_server.store import users

pytestmark = pytest.mark.anyio


async def test_it_works(platform: Platform) -> None:
    token = await login.add_user(platform.parts, "anna", admin=True)
    assert await caller_of_token(platform.parts.store, token, platform.clock()) == ANNA


async def test_a_session_is_for_the_pages_and_a_token_for_the_api(platform: Platform) -> None:
    store, now = platform.parts.store, platform.clock()
    token = await login.add_user(platform.parts, "ben", admin=False)
    session = await login.sign_in_with_token(platform.parts, token)
    assert await caller_of_session(store, session, now) == BEN
    assert await caller_of_session(store, token, now) is None
    assert await caller_of_token(store, session, now) is None


async def test_a_session_ends_with_the_logout(platform: Platform) -> None:
    token = await login.add_user(platform.parts, "ben", admin=False)
    session = await login.sign_in_with_token(platform.parts, token)
    await login.sign_out(platform.parts, session)
    assert await caller_of_session(platform.parts.store, session, platform.clock()) is None


async def test_a_session_ends_by_itself(platform: Platform) -> None:
    token = await login.add_user(platform.parts, "ben", admin=False)
    session = await login.sign_in_with_token(platform.parts, token)
    platform.clock.advance(login.SESSION.total_seconds() + 1)
    assert await caller_of_session(platform.parts.store, session, platform.clock()) is None


@pytest.mark.parametrize("secret", ["", "sbx_", "sbx_guess", "' OR 1=1 --"])
async def test_what_nobody_was_given_is_nobody(platform: Platform, secret: str) -> None:
    assert await caller_of_token(platform.parts.store, secret, platform.clock()) is None


async def test_it_is_noted_when_a_token_was_used(platform: Platform) -> None:
    token = await login.add_user(platform.parts, "anna", admin=True)
    await caller_of_token(platform.parts.store, token, platform.clock())
    async with platform.parts.store.read() as tx:
        assert [row.used_at for row in await users.tokens(tx, "anna")] == [platform.clock()]
