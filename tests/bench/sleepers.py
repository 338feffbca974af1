"""A thousand sandboxes that sleep: what they cost while nobody uses them, and how soon their pages come."""

import asyncio
import time
from datetime import UTC, datetime, timedelta

import httpx
from sqlmodel.ext.asyncio.session import AsyncSession
from tests.bench.idle import SPAN, busy, resident
from tests.bench.table import USUAL, Row, percentile
from tests.integration.platform import NO_BROWSER, Platform

from sandbox_server.domain.config import AppConfig
from sandbox_server.store import Store, apps
from sandbox_server.store.tables import App, Branch, Deployment
from sandbox_server.wire import Status

APPS = 50
BRANCHES = 20
PUSHES = 3
"""Of each branch; the last one is shown."""
CPU = 2.0
"""Percent of one processor."""
MEMORY = 200
"""MB."""
PAGE = 150
"""Milliseconds, p95."""
MB = 1024 * 1024
LOADS = 100


def measure() -> list[Row]:
    platform = Platform(chromium=NO_BROWSER, **{**USUAL, "warm": 0})
    try:
        platform.start()
        platform.stop()
        asyncio.run(fill(f"sqlite+aiosqlite:///{platform.home / 'sandbox.db'}"))
        platform.start()
        time.sleep(5)
        return [*_idle(platform), *_pages(platform)]
    finally:
        platform.destroy()


async def fill(url: str) -> None:
    """Rows as pushes leave them, once all has gone to sleep."""
    store = Store(url)
    now = datetime.now(UTC) - timedelta(days=1)
    try:
        for number in range(APPS):
            async with store.write() as tx:
                app = await apps.ensure(tx, f"sleeper-{number}", "ada", now)
                for name in range(BRANCHES):
                    branch = await apps.ensure_branch(tx, app, f"branch-{name}", "ada", now)
                    await tx.flush()
                    for _ in range(PUSHES):
                        branch.current_id = await _pushed(tx, app, branch, now)
                    tx.add(branch)
    finally:
        await store.close()


async def _pushed(tx: AsyncSession, app: App, branch: Branch, now: datetime) -> int:
    app.deployments += 1
    row = Deployment(
        app_id=app.id or 0, branch_id=branch.id or 0, number=app.deployments, status=Status.asleep,
        bundle=f"{app.id:064x}", config=AppConfig(memory="1GiB").model_dump(mode="json"), author="ada",
        image=f"sha256:{app.id:064x}", git_commit="3f2a1c9", message="What was changed", created_at=now,
        smoke={"status": "passed"}, seconds={"build": 3.0, "start": 0.8, "smoke": 1.0}, used_at=now,
        ready_at=now,
    )  # fmt: skip
    tx.add_all([app, row])
    await tx.flush()
    return row.id or 0


def _idle(platform: Platform) -> list[Row]:
    before = busy([platform.pid])
    time.sleep(SPAN)
    used = 100 * (busy([platform.pid]) - before) / SPAN
    size = resident([platform.pid]) / MB
    what = f"{APPS * BRANCHES:,} sleeping sandboxes"
    return [
        Row(
            f"{what}: processor time of the server, of one processor", f"{used:.1f} %",
            target=f"≤ {CPU:.0f} %", met=used <= CPU,
        ),
        Row(
            f"{what}: memory of the server", f"{size:.0f} MB", target=f"≤ {MEMORY} MB", met=size <= MEMORY
        ),
    ]  # fmt: skip


def _pages(platform: Platform) -> list[Row]:
    link = platform.api("POST", "/login-links").raise_for_status().json()["url"]
    headers = {"Host": f"sandbox.localhost:{platform.port}"}
    at = f"http://127.0.0.1:{platform.port}"
    with httpx.Client(trust_env=False, timeout=60, headers=headers) as client:
        answer = _log_in(client, at, link)
        headers = {"Cookie": answer}
        rows = []
        for name, path in (("all apps", "/"), ("an app with 20 branches", "/apps/sleeper-7")):
            took = [_load(client, f"{at}{path}", headers) for _ in range(LOADS)]
            p95 = percentile(took, 95)
            rows.append(
                Row(
                    f"page of {name}, p95 of {LOADS} loads",
                    f"{p95:.0f} ms",
                    target=f"≤ {PAGE} ms",
                    met=p95 <= PAGE,
                )
            )
    return rows


def _log_in(client: httpx.Client, at: str, link: str) -> str:
    """The cookie of a browser that opened the link."""
    path = link.partition("://")[2].partition("/")[2]
    page = client.get(f"{at}/{path}")
    if page.status_code == 200:
        origin = link.partition("/login")[0]
        page = client.post(f"{at}/{path}", headers={"Origin": origin})
    return page.headers["set-cookie"].partition(";")[0]


def _load(client: httpx.Client, url: str, headers: dict[str, str]) -> float:
    """Milliseconds."""
    began = time.perf_counter()
    answer = client.get(url, headers=headers)
    took = time.perf_counter() - began
    assert answer.status_code == 200, answer.status_code
    assert "sleeper-7" in answer.text
    return 1000 * took
