"""Shares of visitors and full slots, with the real HAProxy."""

import asyncio
import json
import random
import re
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import anyio
import httpx
import pytest
from tests.integration.edge_parts import OTHER, RELEASE, Kit, app_of, kit, released, seen
from websockets.asyncio.client import connect

pytestmark = pytest.mark.anyio

PAGE = {"Sec_Fetch_Dest": "document"}
VISIT = "Mozilla/5.0 SandboxVisit/1"
FULL = "All places of sales are taken"


@pytest.fixture
async def edge(tmp_path: Path) -> AsyncIterator[Kit]:
    async with kit(tmp_path / "edge") as made:
        await released(made)
        yield made


async def share(edge: Kit, value: str) -> None:
    pins = {**edge.wanted.pins, f"{RELEASE}|d2-bbbbbbbb": "slot2"}
    await edge.go(replace(edge.wanted, pins=pins, shares={RELEASE: value} if value else {}))


@dataclass
class Visitor:
    """A browser with its cookies."""

    edge: Kit
    client: httpx.AsyncClient

    async def load(self) -> str:
        return app_of(await self._get("/", "document"))

    async def asset(self) -> str:
        return app_of(await self._get("/shiny.js", "script"))

    async def _get(self, path: str, dest: str) -> httpx.Response:
        headers = {"Host": RELEASE, "Sec-Fetch-Dest": dest}
        return await self.client.get(f"http://127.0.0.1:{self.edge.port}{path}", headers=headers)

    @property
    def bucket(self) -> int:
        return int(self.client.cookies["sandbox_bucket"])


def with_bucket(edge: Kit, client: httpx.AsyncClient, bucket: int) -> Visitor:
    client.cookies.set("sandbox_bucket", str(bucket), domain="127.0.0.1")
    return Visitor(edge, client)


async def drawn(edge: Kit, buckets: range) -> Counter[str]:
    """Which app each of these visitors gets at a page load."""
    got: Counter[str] = Counter()
    async with httpx.AsyncClient(trust_env=False) as client:
        for bucket in buckets:
            headers = {"Host": RELEASE, "Sec-Fetch-Dest": "document", "Cookie": f"sandbox_bucket={bucket}"}
            got[app_of(await client.get(f"http://127.0.0.1:{edge.port}/", headers=headers))] += 1
    return got


async def test_a_visitor_keeps_a_bucket_for_a_month(edge: Kit) -> None:
    await share(edge, "10:slot2")
    said = (await edge.get(RELEASE, **PAGE)).headers.get_list("set-cookie")
    bucket = next(line for line in said if line.startswith("sandbox_bucket="))
    assert bucket.partition("; ")[2] == "Path=/; Max-Age=2592000; HttpOnly; SameSite=Lax"
    again = await edge.get(RELEASE, **PAGE, Cookie=bucket.partition(";")[0])
    assert "sandbox_bucket" not in str(again.headers)


@pytest.mark.parametrize("percent", [0, 1, 10, 50, 99, 100])
async def test_so_many_of_a_hundred_buckets_get_the_candidate(edge: Kit, percent: int) -> None:
    await share(edge, f"{percent}:slot2")
    got = await drawn(edge, range(100))
    assert (got["d2"], got["d1"]) == (percent, 100 - percent)


async def test_who_was_in_a_smaller_share_is_in_the_larger_one(edge: Kit) -> None:
    for percent in (10, 50):
        await share(edge, f"{percent}:slot2")
        assert await drawn(edge, range(percent)) == {"d2": percent}
        assert await drawn(edge, range(percent, 100)) == {"d1": 100 - percent}
    await share(edge, "")
    assert await drawn(edge, range(100)) == {"d1": 100}


async def test_ten_thousand_newcomers_are_spread_evenly(edge: Kit) -> None:
    await share(edge, "10:slot2")
    came = [one for many in await asyncio.gather(*(newcomers(edge, 1250) for _ in range(8))) for one in many]
    buckets = Counter(bucket for _, bucket in came)
    # Six standard deviations: once in a hundred million runs this is chance.
    assert abs(sum(app == "d2" for app, _ in came) - 1000) < 6 * 30
    assert all((app == "d2") == (bucket < 10) for app, bucket in came)
    assert set(buckets) == set(range(100))
    assert max(abs(count - 100) for count in buckets.values()) < 6 * 10


async def newcomers(edge: Kit, count: int) -> list[tuple[str, int]]:
    """The app and the bucket that each of them got; a client with all comforts would take most of a minute."""
    reader, writer = await asyncio.open_connection("127.0.0.1", edge.port)
    found: list[tuple[str, int]] = []
    for _ in range(count):
        writer.write(f"GET / HTTP/1.1\r\nHost: {RELEASE}\r\nSec-Fetch-Dest: document\r\n\r\n".encode())
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = re.search(r"(?i)content-length: (\d+)", head)
        bucket = re.search(r"sandbox_bucket=(\d+);", head)
        assert length, head
        assert bucket, head
        found.append((json.loads(await reader.readexactly(int(length[1])))["app"], int(bucket[1])))
    writer.close()
    await writer.wait_closed()
    return found


async def test_raising_the_share_moves_people_at_their_next_page_load_and_nothing_else(edge: Kit) -> None:
    await share(edge, "10:slot2")
    async with httpx.AsyncClient(trust_env=False) as client:
        visitor = with_bucket(edge, client, 30)
        assert await visitor.load() == "d1"
        async with connect(
            f"ws://{RELEASE}:{edge.port}/websocket/?w=w1", host="127.0.0.1", port=edge.port, proxy=None
        ) as session:
            for value, then in (("50:slot2", "d2"), ("10:slot2", "d1"), ("", "d1")):
                await share(edge, value)
                before = await visitor.asset()
                assert before == await visitor.asset()
                await session.send(value)
                assert await session.recv() == f"d1:{value}"
                assert app_of(await edge.get(RELEASE, "/session/1/x?w=w1")) == "d1"
                assert await visitor.load() == then
                assert await visitor.asset() == then


@pytest.mark.parametrize(
    "bucket", ["", "100", "-1", "07", "5x", "x", "999999999999999999999", "%35", "1 1", '"5"']
)
async def test_a_bucket_that_is_none_is_drawn_anew(edge: Kit, bucket: str) -> None:
    await share(edge, "50:slot2")
    answer = await edge.get(RELEASE, **PAGE, Cookie=f"sandbox_bucket={bucket}; own=1")
    assert answer.status_code == 200
    assert "sandbox_bucket=" in str(answer.headers.get_list("set-cookie"))
    assert seen(answer)["cookie"] == "own=1"


async def test_the_app_neither_sees_nor_sets_the_bucket(edge: Kit) -> None:
    await share(edge, "50:slot2")
    for app in edge.apps[:2]:
        app.answer_headers = [("Set-Cookie", "sandbox_bucket=0; Path=/"), ("Set-Cookie", "own=1")]
    answer = await edge.get(RELEASE, **PAGE, Cookie="sandbox_bucket=7")
    assert "cookie" not in seen(answer)
    assert [line.partition("=")[0] for line in answer.headers.get_list("set-cookie") if line] == [
        "own",
        "sandbox_pin",
    ]


async def test_no_cache_between_keeps_a_visitors_page(edge: Kit) -> None:
    await share(edge, "50:slot2")
    for app in edge.apps[:2]:
        app.answer_headers = [("Cache-Control", "public, max-age=3600")]
    assert (await edge.get(RELEASE, **PAGE)).headers["cache-control"] == "private, no-cache"
    known = await edge.get(RELEASE, **PAGE, Cookie="sandbox_bucket=7")
    assert known.headers["cache-control"] == "private, no-cache"
    assert (await edge.get(RELEASE, Sec_Fetch_Dest="script")).headers[
        "cache-control"
    ] == "public, max-age=3600"


async def test_who_says_nothing_is_a_visitor_too(edge: Kit) -> None:
    await share(edge, "50:slot2")
    assert {app_of(await edge.get(RELEASE, Accept="*/*")) for _ in range(60)} == {"d1", "d2"}
    assert {app_of(await edge.get(RELEASE, Referer=f"http://{RELEASE}/")) for _ in range(30)} == {"d1"}
    assert {app_of(await edge.get(RELEASE, method="POST")) for _ in range(30)} == {"d1"}


async def test_hosts_without_a_share_know_no_buckets(edge: Kit) -> None:
    await share(edge, "50:slot2")
    answer = await edge.get(OTHER, **PAGE)
    assert "sandbox_bucket" not in str(answer.headers)
    assert app_of(await edge.get(f"d2--{RELEASE}", **PAGE, Cookie="sandbox_bucket=99")) == "d2"


async def test_another_sites_frame_stays_with_the_release(edge: Kit) -> None:
    """It gets no cookies, so its page's assets would be drawn anew."""
    await share(edge, "99:slot2")
    framed = {"Sec_Fetch_Dest": "iframe", "Sec_Fetch_Site": "cross-site"}
    assert {app_of(await edge.get(RELEASE, **framed)) for _ in range(30)} == {"d1"}


async def test_the_platforms_own_visits_see_the_release(edge: Kit) -> None:
    await share(edge, "99:slot2")
    assert {app_of(await edge.get(RELEASE, **PAGE, User_Agent=VISIT)) for _ in range(30)} == {"d1"}


async def test_of_an_api_requests_are_drawn_and_nobody_is_marked(edge: Kit) -> None:
    await share(edge, "50:slot2:each")
    answers = [
        await edge.get(RELEASE, "/predict?x=1", method=random.choice(["GET", "POST"])) for _ in range(100)
    ]
    got = Counter(app_of(answer) for answer in answers)
    assert abs(got["d2"] - 50) < 6 * 5
    assert "sandbox_bucket" not in str([answer.headers for answer in answers])


async def test_an_apis_page_keeps_its_assets(edge: Kit) -> None:
    await share(edge, "50:slot2:each")
    async with httpx.AsyncClient(trust_env=False) as client:
        visitor = Visitor(edge, client)
        for _ in range(10):
            page = await visitor.load()
            assert {await visitor.asset() for _ in range(5)} == {page}


async def test_the_platforms_paths_are_refused_whoever_is_chosen(edge: Kit) -> None:
    await edge.go(
        replace(edge.wanted, routes={**edge.wanted.routes, RELEASE: "waker"}, shares={RELEASE: "100:slot2"})
    )
    assert app_of(await edge.get(RELEASE, **PAGE)) == "d2"
    for path in ("/__sandbox__/report", "/__sandb%6fx__/report"):
        assert (await edge.get(RELEASE, path, **PAGE)).status_code == 404


# Full slots


async def limit(edge: Kit, sessions: int) -> None:
    await edge.go(replace(edge.wanted, limits={"slot1": str(sessions)}))


def session(edge: Kit, agent: str | None = None) -> connect:
    return connect(
        f"ws://{RELEASE}:{edge.port}/websocket/?w=w1", host="127.0.0.1", port=edge.port, proxy=None,
        user_agent_header=agent,
    )  # fmt: skip


async def until_let_in(edge: Kit) -> httpx.Response:
    with anyio.fail_after(20):
        while (answer := await edge.get(RELEASE, **PAGE)).status_code != 200:  # noqa: ASYNC110 - nobody tells us
            await anyio.sleep(0.1)
    return answer


async def test_who_comes_to_a_full_app_waits_on_a_page_that_says_so(edge: Kit) -> None:
    await limit(edge, 2)
    async with session(edge), session(edge):
        asked = edge.apps[0].requests
        answer = await edge.get(RELEASE, "/?tab=2", **PAGE)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
        assert answer.headers["cache-control"] == "no-store"
        assert FULL in answer.text
        # To a browser a refresh of an address with a "#" loads nothing.
        assert "location.reload() }, 5000)" in answer.text
        assert "%" not in answer.text.replace("%%", "")
        assert edge.apps[0].requests == asked
    assert app_of(await until_let_in(edge)) == "d1"


async def test_who_waits_is_no_request_that_failed(edge: Kit) -> None:
    """The page asks again every few seconds: a version that people queue for would look broken."""
    await limit(edge, 1)
    async with session(edge):
        assert [(await edge.get(RELEASE, **PAGE)).status_code for _ in range(10)] == [503] * 10
        assert (await edge.get(RELEASE, "/shiny.js", Sec_Fetch_Dest="script")).status_code == 200
        assert (await edge.get(RELEASE, **PAGE, User_Agent=VISIT)).status_code == 200
        # The session itself is counted when it ends.
        assert await edge.router.requests() == {"slot1": (1, 0)}
        await edge.apps[0].stop()
        assert (await edge.get(RELEASE, "/shiny.js", Sec_Fetch_Dest="script")).status_code >= 502
        assert (await edge.router.requests())["slot1"][1] == 1


async def test_who_is_in_stays_in(edge: Kit) -> None:
    await limit(edge, 1)
    async with session(edge) as held:
        for path, headers in (("/shiny.js", {"Sec_Fetch_Dest": "script"}), ("/session/1/x?w=w1", {})):
            assert app_of(await edge.get(RELEASE, path, **headers)) == "d1"
        async with session(edge) as again:
            await again.send("x")
            assert await again.recv() == "d1:x"
        await held.send("y")
        assert await held.recv() == "d1:y"


async def test_the_platforms_own_visits_come_in_and_take_no_place(edge: Kit) -> None:
    await limit(edge, 1)
    async with session(edge, agent=VISIT):
        assert app_of(await edge.get(RELEASE, **PAGE)) == "d1"
    async with session(edge):
        assert (await edge.get(RELEASE, **PAGE)).status_code == 503
        assert app_of(await edge.get(RELEASE, **PAGE, User_Agent=VISIT)) == "d1"


async def test_a_crowd_that_comes_at_once_is_not_all_let_in(edge: Kit) -> None:
    """Their sessions begin a moment after their pages."""
    await limit(edge, 5)
    answers = [await edge.get(RELEASE, **PAGE) for _ in range(20)]
    assert sum(answer.status_code == 200 for answer in answers) == 5


async def test_who_loads_a_page_and_goes_frees_the_place(edge: Kit) -> None:
    await limit(edge, 1)
    assert (await edge.get(RELEASE, **PAGE)).status_code == 200
    assert (await edge.get(RELEASE, **PAGE)).status_code == 503
    assert app_of(await until_let_in(edge)) == "d1"


async def test_a_reload_of_the_page_keeps_ones_place(edge: Kit) -> None:
    await limit(edge, 1)
    for _ in range(3):
        assert (await edge.get(RELEASE, **PAGE)).status_code == 200
        async with session(edge):
            pass
        await anyio.sleep(0.1)


async def test_a_frame_that_waits_goes_on_waiting(edge: Kit) -> None:
    await limit(edge, 1)
    async with session(edge):
        for site in ("cross-site", "same-origin"):
            framed = {"Sec_Fetch_Dest": "iframe", "Sec_Fetch_Site": site}
            assert (await edge.get(RELEASE, **framed)).status_code == 503


async def test_other_apps_and_raised_limits_are_free(edge: Kit) -> None:
    await limit(edge, 1)
    async with session(edge):
        assert (await edge.get(OTHER, **PAGE)).status_code == 200
        await limit(edge, 2)
        assert (await edge.get(RELEASE, **PAGE)).status_code == 200
        await edge.go(replace(edge.wanted, limits={}))
        assert (await edge.get(RELEASE, **PAGE)).status_code == 200
