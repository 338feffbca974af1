"""Documents over the wire."""

import hashlib

import pytest
from tests.server.api.conftest import Api
from tests.server.cast import APP
from tests.server.documents import REPORT, Pages
from tests.server.platform import archive

pytestmark = pytest.mark.anyio

AT = f"/apps/{APP}/deployments"


async def pushed(api: Api) -> None:
    Pages(api.platform)
    data = archive(REPORT)
    digest = hashlib.sha256(data).hexdigest()
    await api.anna.put(f"/bundles/{digest}", content=data)
    shown = (await api.anna.post(AT, json={"bundle": digest, "branch": "main"})).json()
    while shown["status"] in ("queued", "building", "starting"):
        params = {"seen": str(shown["version"]), "wait": "10"}
        shown = (await api.anna.get(f"{AT}/1", params=params)).json()
    assert (shown["status"], shown["kind"]) == ("ready", "rmd")


async def test_it_works(api: Api) -> None:
    await pushed(api)
    answer = await api.ben.post(f"{AT}/1/render", json={"parameters": {"region": "EMEA"}})
    assert answer.status_code == 202
    job = answer.json()
    while job["status"] in ("queued", "running"):
        params = {"seen": str(job["version"]), "wait": "10"}
        job = (await api.ben.get(f"/jobs/{job['job']}", params=params)).json()
    assert (job["status"], job["kind"]) == ("done", "render")
    newest, first = (await api.ben.get(f"{AT}/1/outputs")).json()
    assert (newest["by"], newest["parameters"]) == ("ben", {"region": "EMEA"})
    assert (first["by"], first["parameters"], first["scope"]) == ("platform", {}, "sandbox")
    assert first["digest"] != newest["digest"]


async def test_strangers_may_neither_render_nor_read(api: Api) -> None:
    assert (await api.nobody.post(f"{AT}/1/render", json={})).status_code == 401
    assert (await api.nobody.get(f"{AT}/1/outputs")).status_code == 401


async def test_wrong_requests_are_refused(api: Api) -> None:
    await pushed(api)
    assert (await api.ben.post(f"{AT}/2/render", json={})).status_code == 404
    assert (await api.ben.post(f"{AT}/1/render", json={"scope": "both"})).status_code == 422
    assert (await api.ben.post(f"{AT}/1/render", json={"parameters": {"a": 1}})).status_code == 422
    refused = await api.ben.post(f"{AT}/1/render", json={"scope": "release"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "not_possible")
