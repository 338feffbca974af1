"""Users' mail addresses: by them reviews know who is who."""

import pytest
from tests.server.platform import Platform

from sandbox_server.errors import BadRequest, NotFound
from sandbox_server.operations import login
from sandbox_server.store import users

pytestmark = pytest.mark.anyio


async def email(platform: Platform, name: str) -> str | None:
    async with platform.parts.store.read() as tx:
        user = await users.find(tx, name)
    return user.email if user else None


async def test_it_works(platform: Platform) -> None:
    await login.add_user(platform.parts, "anna", admin=True, email=" anna@example.org ")
    await login.add_user(platform.parts, "ben", admin=False)
    assert (await email(platform, "anna"), await email(platform, "ben")) == ("anna@example.org", "")
    assert await login.set_email(platform.parts, "ben", "ben@example.org") == "ben@example.org"
    assert await login.set_email(platform.parts, "ben", "ben@example.org") == "ben@example.org"
    assert await login.set_email(platform.parts, "ben", "") == ""
    assert [line for line in await platform.history() if "email" in line] == [
        "platform user.email ben >ben@example.org",
        "platform user.email ben ben@example.org>",
    ]


async def test_nobody_takes_anothers_address(platform: Platform) -> None:
    await login.add_user(platform.parts, "anna", admin=True, email="Anna@example.org")
    with pytest.raises(BadRequest, match="is the address of 'anna'"):
        await login.add_user(platform.parts, "ben", admin=False, email="anna@EXAMPLE.org")
    with pytest.raises(BadRequest, match="is the address of 'anna'"):
        await login.add_user(platform.parts, "ben", admin=False, email="anna+2@example.org")
    assert await email(platform, "ben") is None


@pytest.mark.parametrize(
    "address", ["anna", "a@b.example, c@d.example", "a@b.example\nBcc: x", "<a@b.example>"]
)
async def test_only_an_address_is_one(platform: Platform, address: str) -> None:
    with pytest.raises(BadRequest, match="is not a mail address"):
        await login.add_user(platform.parts, "anna", admin=True, email=address)
    assert await email(platform, "anna") is None


async def test_who_is_not_there_has_none(platform: Platform) -> None:
    with pytest.raises(NotFound):
        await login.set_email(platform.parts, "nobody", "a@b.example")
