import pytest

from sandbox_server.visitor import Itinerary, MemoryVisitor, Outcome, Visit

pytestmark = pytest.mark.anyio


async def test_outcomes_are_decided_by_a_part_of_the_url() -> None:
    visitor = MemoryVisitor({"//d2--": Visit(Outcome.failed, 1, "The session closed.")})
    assert (await visitor.visit(Itinerary("http://d1--sales.apps.localhost/"))).outcome is Outcome.idle
    assert (
        await visitor.visit(Itinerary("http://d2--sales.apps.localhost/"))
    ).reason == "The session closed."
    assert [itinerary.url[7:9] for itinerary in visitor.visited] == ["d1", "d2"]


async def test_it_can_be_a_machine_without_a_browser() -> None:
    visitor = MemoryVisitor(why_not="There is no browser.")
    assert await visitor.available() == "There is no browser."
    assert (await visitor.visit(Itinerary("http://x/"))).outcome is Outcome.no_browser
