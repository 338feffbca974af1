"""Packages, their difference, and the lock over the wire; and what is larger than the limits."""

import hashlib

import pytest
from tests.server.api.conftest import Api
from tests.server.cast import APP, HELLO
from tests.server.inventories import LISTED, give, with_version
from tests.server.platform import archive

pytestmark = pytest.mark.anyio

MIB = 1024 * 1024


async def test_it_works(api: Api) -> None:
    first, second = [await api.platform.push(branch) for branch in ("main", "feature-x")]
    for number in (first, second):
        await api.platform.until_status(number, "ready")
    await give(api.platform.parts, APP, first, LISTED, r_version="4.5.0")
    await give(api.platform.parts, APP, second, with_version("zoo", "1.8-15"))
    at = f"/apps/{APP}/deployments"
    shown = (await api.anna.get(f"{at}/{first}/packages")).json()
    assert [row["name"] for row in shown["packages"]] == ["leaflet", "shiny", "stats", "zoo"]
    diff = (await api.anna.get(f"{at}/{second}/packages/diff", params={"against": first})).json()
    assert [row["name"] for row in diff["changes"]] == ["zoo"]
    bom = (await api.anna.get(f"{at}/{first}/sbom")).json()
    assert bom["bomFormat"] == "CycloneDX"
    assert "zoo" in [row["name"] for row in bom["components"]]
    assert '"zoo"' in (await api.anna.get(f"{at}/{first}/lock")).json()["text"]


@pytest.mark.parametrize("path", ["packages", "packages/diff", "lock", "sbom"])
async def test_each_refusal(api: Api, path: str) -> None:
    number = await api.platform.push()
    at = f"/apps/{APP}/deployments"
    assert (await api.nobody.get(f"{at}/{number}/{path}")).status_code == 401
    assert (await api.anna.get(f"{at}/99/{path}")).status_code == 404
    assert (await api.anna.get(f"/apps/unknown/deployments/1/{path}")).status_code == 404


async def test_a_client_can_ask_for_the_limits_before_it_packs(api: Api) -> None:
    limits = (await api.anna.get("/me")).json()["limits"]
    assert limits == {"bundle": 1024 * MIB, "unpacked": 4096 * MIB, "files": 20_000}


async def test_a_file_over_100_mb_within_the_limits_is_taken(api: Api) -> None:
    data = archive({**HELLO, "data/big.csv": "x" * (101 * MIB)})
    digest = hashlib.sha256(data).hexdigest()
    assert (await api.anna.put(f"/bundles/{digest}", content=data)).status_code == 201


async def test_a_file_that_only_shrinks_below_the_limit_is_refused_by_name(api: Api) -> None:
    # 2 GB of the same letter are packed into two megabytes.
    api.platform.parts.settings = api.platform.parts.settings.model_copy(update={"bundle_limit": 2 * MIB})
    data = archive({**HELLO, "data/big.csv": "x" * (2 * MIB + 1)})
    digest = hashlib.sha256(data).hexdigest()
    answer = await api.anna.put(f"/bundles/{digest}", content=data)
    assert answer.status_code == 413
    assert "'data/big.csv' has 2.0 MiB; a file may have 2.0 MiB at most." in answer.json()["error"]["message"]


async def test_too_many_files_are_refused_with_their_number(api: Api) -> None:
    data = archive({f"data/{n}.csv": "" for n in range(20_001)})
    digest = hashlib.sha256(data).hexdigest()
    answer = await api.anna.put(f"/bundles/{digest}", content=data)
    assert answer.status_code == 413
    assert "more than 20,000 files and folders" in answer.json()["error"]["message"]
