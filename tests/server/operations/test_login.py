"""Logins: where they come from, and with what they go."""

import pytest
from tests.server.cast import ANNA
from tests.server.platform import Platform

from sandbox_server.auth import Caller, caller_of_session, caller_of_token
from sandbox_server.errors import Unauthorized
from sandbox_server.operations import login
from sandbox_server.wire_people import TokenRequest

pytestmark = pytest.mark.anyio

DAY = 24 * 3600


async def ci_token(platform: Platform) -> str:
    """A token of anna's that is good for a day."""
    await login.add_user(platform.parts, "anna", admin=True)
    made = await login.create_token(platform.parts, ANNA, TokenRequest(name="ci", days=1))
    assert made.token is not None
    return made.token


async def by_link(platform: Platform, token: str) -> str:
    """A session from a link that was asked for with this token."""
    caller = await caller_of_token(platform.parts.store, token, platform.clock())
    assert caller is not None
    secret = (await login.make_link(platform.parts, caller)).url.rsplit("/", 1)[1]
    return await login.sign_in_with_link(platform.parts, secret)


async def seen(platform: Platform, session: str) -> Caller | None:
    return await caller_of_session(platform.parts.store, session, platform.clock())


async def test_a_login_ends_with_the_days_of_its_token(platform: Platform) -> None:
    token = await ci_token(platform)
    sessions = [await login.sign_in_with_token(platform.parts, token), await by_link(platform, token)]
    assert [await seen(platform, session) for session in sessions] == [ANNA, ANNA]
    platform.clock.advance(DAY + 1)
    assert [await seen(platform, session) for session in sessions] == [None, None]


async def test_a_login_goes_with_the_removal_of_its_token(platform: Platform) -> None:
    token = await ci_token(platform)
    first = await login.add_user(platform.parts, "ben", admin=False)
    other = await login.sign_in_with_token(platform.parts, first)
    sessions = [await login.sign_in_with_token(platform.parts, token), await by_link(platform, token)]
    await login.remove_token(platform.parts, ANNA, "ci")
    assert [await seen(platform, session) for session in sessions] == [None, None]
    assert await seen(platform, other) is not None


async def test_the_history_tells_of_links_logins_and_logouts(platform: Platform) -> None:
    session = await by_link(platform, await ci_token(platform))
    await login.sign_out(platform.parts, session)
    await login.sign_out(platform.parts, session)
    assert await platform.history() == [
        "platform user.added anna >",
        "anna token.created ci >",
        "anna link.created anna >",
        "anna user.logged_in anna >",
        "anna user.logged_out anna >",
    ]


async def test_a_refused_token_needs_no_token_to_go_on(platform: Platform) -> None:
    with pytest.raises(Unauthorized) as caught:
        await login.sign_in_with_token(platform.parts, "sbx_guess")
    assert "sandboxd user token" in caught.value.hint
