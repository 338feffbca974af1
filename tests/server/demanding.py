"""What tests of gates do again and again."""

from typing import Any

from tests.server.cast import ANNA, APP, BEN, HELLO
from tests.server.platform import Platform
from tests.server.reviewing import asked, opened, signed

from sandbox_server.auth.guests import Guest
from sandbox_server.operations import gates
from sandbox_server.wire_review import GateReport, Gates, GatesRequest


def app_with(said: str) -> dict[str, str]:
    return HELLO | {"sandbox.toml": f"[gates]\n{said}\n"}


ONE_REVIEW = app_with("reviews = 1")


async def shown(platform: Platform) -> Gates:
    return await gates.gates_of(platform.parts, APP)


async def demand(platform: Platform, **table: Any) -> Gates:
    request = GatesRequest(gates=table, reason="agreed")
    return await gates.set_gates(platform.parts, ANNA, APP, request)


async def report(platform: Platform, number: int) -> GateReport:
    return await gates.report(platform.parts, BEN, APP, number)


async def judged(
    platform: Platform,
    number: int,
    outcome: str = "accepted",
    branch: str = "main",
    email: str = "rita@example.org",
    **said: Any,
) -> Guest:
    guest = await opened(platform, await asked(platform, branch, email=email))
    await signed(platform, guest, number, outcome, **said)
    return guest
