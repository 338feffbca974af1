"""The page of a deployment's packages."""

import pytest
from sqlmodel import update
from tests.server.inventories import LISTED, give, with_version
from tests.server.pages.platform import Platform

from sandbox_server.store.tables import Deployment

pytestmark = pytest.mark.anyio

APP = "sales-dashboard"
AT = f"/apps/{APP}/deployments"


async def see(platform: Platform, path: str, status: int = 200) -> str:
    answer = await platform.client.get(path)
    assert answer.status_code == status, answer.text
    return answer.text


async def test_it_shows_what_changed_against_the_release(platform: Platform) -> None:
    await platform.log_in()
    released = await platform.push()
    await give(platform.parts, APP, released, LISTED, origin="code", r_version="4.5.0")
    await platform.promote(released)
    number = await platform.push("feature-x", code="shinyApp(a, b)")
    await give(
        platform.parts, APP, number, with_version("zoo", "1.8-15")[:3], origin="code", r_version="4.5.0",
        drift=["zoo 1.8-15 instead of 1.8-14"],
    )  # fmt: skip
    text = await see(platform, f"{AT}/{number}/packages")
    assert "3 packages, 1 of them asked for by code; R 4.5.0. 2 packages differ from d1" in text
    assert "was 1.8-14" in text
    assert "leaflet 2.2.2" in text.partition("Gone since d1")[2]
    assert "zoo 1.8-15 instead of 1.8-14" in text
    assert "sandbox lock d2 --write" in text
    assert "Users get exactly these" in await see(platform, f"{AT}/{released}/packages")


async def test_lock_and_sbom_are_files(platform: Platform) -> None:
    await platform.log_in()
    number = await platform.push()
    await give(platform.parts, APP, number, LISTED, origin="code", r_version="4.5.0")
    for name, said in (("renv.lock", "leaflet"), ("sbom.json", "CycloneDX")):
        answer = await platform.client.get(f"{AT}/{number}/{name}")
        assert answer.status_code == 200
        assert "attachment" in answer.headers["content-disposition"]
        assert said in answer.text


async def test_the_deployment_leads_to_it_and_shows_drift(platform: Platform) -> None:
    await platform.log_in()
    number = await platform.push()
    await give(
        platform.parts, APP, number, LISTED, origin="renv.lock", r_version="4.5.0", why="app.R at the top",
        drift=["zoo 1.8-14 instead of 1.8-12"], notices=["R 4.5.0 serves 4.5.1."],
    )  # fmt: skip
    text = await see(platform, f"{AT}/{number}")
    assert f'href="{AT}/{number}/packages"' in text
    assert "Shiny app" in text
    assert "app.R at the top" in text
    assert "zoo 1.8-14 instead of 1.8-12" in text
    assert "R 4.5.0 serves 4.5.1." in text
    assert "drifts from its lock: 1 package" in await see(platform, f"/apps/{APP}")


async def test_before_it_is_built_the_page_says_so(platform: Platform) -> None:
    await platform.log_in()
    number = await platform.push()
    async with platform.parts.store.write() as tx:
        await tx.exec(update(Deployment).values(inventory=""))
    assert "no package list" in await see(platform, f"{AT}/{number}/packages", 409)
    assert "Not found" in await see(platform, f"{AT}/99/packages", 404)
