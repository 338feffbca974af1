"""Reviews in tests: Rita is asked, opens her link, and says what she thinks."""

from typing import Any

from tests.server.cast import ANNA, APP
from tests.server.platform import Platform

from sandbox_server.auth import Caller
from sandbox_server.auth.guests import Guest, guest_of_link
from sandbox_server.domain.gates import GatesConfig
from sandbox_server.operations import invite, sign
from sandbox_server.store import apps, gates
from sandbox_server.wire_review import Review, ReviewRequest, Verdict, VerdictRequest

RITA = "rita@example.org"


async def asked(platform: Platform, branch: str = "main", by: Caller = ANNA, **said: Any) -> Review:
    """A link of Rita's to what the branch shows."""
    request = ReviewRequest(branch=branch, **{"name": "Rita", "email": RITA, **said})
    return await invite.invite(platform.parts, by, APP, request)


def token(review: Review) -> str:
    return review.url.rpartition("/")[2]


async def opened(platform: Platform, review: Review | str) -> Guest:
    """Who has the link."""
    given = review if isinstance(review, str) else token(review)
    return await guest_of_link(platform.parts.store, platform.parts.sealer, given, platform.clock())


async def signed(
    platform: Platform,
    guest: Guest,
    number: int = 1,
    outcome: str = "accepted",
    caller: Caller | None = None,
    **said: Any,
) -> Verdict:
    request = VerdictRequest.model_validate(
        {"deployment": number, "outcome": outcome, "name": "Rita", "seen": 0, **said}
    )
    return await sign.sign(platform.parts, guest, caller, request)


async def demand(platform: Platform, **gates_config: Any) -> None:
    """From now on the app demands this."""
    async with platform.parts.store.write() as tx:
        app = await apps.get(tx, APP)
        config = GatesConfig.model_validate(gates_config)
        await gates.add(tx, app.id or 0, config, by="anna", now=platform.clock())
