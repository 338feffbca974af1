"""Availability and notices over the API."""

import pytest
from tests.server.api.conftest import Api
from tests.server.api.test_api import AT, ready
from tests.server.cast import APP

from sandbox_server.store import apps, notices

pytestmark = pytest.mark.anyio


async def test_availability_of_an_app(api: Api) -> None:
    await ready(api)
    said = (await api.ben.get(f"{AT}/availability")).json()
    assert (said["app"], said["percent"], said["visits"], said["last"]) == (APP, None, 0, None)


async def test_notices_of_an_app_and_of_all(api: Api) -> None:
    await ready(api)
    async with api.platform.parts.store.write() as tx:
        app = await apps.get(tx, APP)
        for key in ("a", "b"):
            await notices.open_notice(tx, app.id or 0, key, f"about {key}", api.platform.clock(), "Look.")
        await notices.settle(tx, app.id or 0, "a", api.platform.clock())
    both = (await api.ben.get(f"{AT}/notices")).json()
    assert [(one["key"], one["settled_at"] is None) for one in both] == [("b", True), ("a", False)]
    (one,) = (await api.ben.get("/notices")).json()
    assert (one["app"], one["text"], one["hint"]) == (APP, "about b", "Look.")


async def test_of_nothing_there_is_nothing_and_strangers_hear_nothing(api: Api) -> None:
    for path in ("/apps/nothing/availability", "/apps/nothing/notices"):
        assert (await api.anna.get(path)).status_code == 404
    for path in (f"{AT}/availability", f"{AT}/notices", "/notices"):
        assert (await api.nobody.get(path)).status_code == 401
