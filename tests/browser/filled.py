"""A platform in memory that has some of everything, for tests that only look."""

import secrets
from dataclasses import dataclass
from datetime import timedelta

from tests.server.commenting import png
from tests.server.inventories import LISTED, give, with_version
from tests.server.pages import reviewers
from tests.server.pages.platform import ANNA, Platform

from sandbox_server import wire
from sandbox_server.auth import Caller
from sandbox_server.domain.edge import Server
from sandbox_server.domain.figures import Counts
from sandbox_server.domain.tally import Met
from sandbox_server.operations import login, overview, promote
from sandbox_server.operations.comment import answer
from sandbox_server.operations.gates import set_gates
from sandbox_server.operations.invite import revoke
from sandbox_server.operations.push import push
from sandbox_server.store import apps, deployments, figures, instances, notices, tables_review
from sandbox_server.store.reviews import link_of
from sandbox_server.store.tables_seen import Visit
from sandbox_server.visitor import base as seen
from sandbox_server.wire_review import AnswerRequest, GatesRequest, Review

APP = "sales-dashboard"
FAILING = "weather"
"""Nothing of it ever came up."""
BRANCH = "experiment/" + "long-branch-name-" * 5
SCRIPT = "- [ ] Choose the region South\n- [ ] Compare the totals with last month's report"
PICTURE = png(800, 500, 230)
UNBROKEN = "a_name_without_any_break" * 8


@dataclass(frozen=True)
class Filled:
    platform: Platform
    url: str
    names: dict[str, str]
    """What addresses of pages name: a one-time link, a job."""


async def fill(platform: Platform, url: str) -> Filled:
    """d1 drains, d2 has the release, d3 is tried by some, d4 is new; with figures, notices, packages and long words."""
    platform.parts.settings.keep_previous, platform.parts.settings.settle = 0, 3600
    first = await platform.push(message="First page")
    await platform.promote(first)
    await _set_people(platform, first, 3)
    second = await platform.push(message="A message " + UNBROKEN, code="shinyApp(ui, better)")
    await platform.promote(second, seen=1)
    third = await platform.push("feature-x", "Show margins", code="shinyApp(ui, best)")
    job = await _try(platform, third)
    await platform.push(BRANCH, "Try something", code="shinyApp(a, b)")
    await _fail(platform)
    await give(platform.parts, APP, second, LISTED, origin="code", r_version="4.5.0")
    listed = with_version("zoo", "1.8-15")[:3]
    drift = ["zoo 1.8-15 instead of 1.8-14"]
    await give(platform.parts, APP, third, listed, origin="code", r_version="4.5.0", drift=drift)
    await measure(platform, second)
    link = await login.make_link(platform.parts, ANNA)
    names = {"link": link.url.rpartition("/")[2], "job": str(job)}
    return Filled(platform, url, names | await _review(platform, third))


async def measure(platform: Platform, number: int = 1) -> None:
    """Sessions, errors, a visit and a notice, with words that have no place to break."""
    now = platform.parts.clock()
    long = "output " + UNBROKEN
    async with platform.parts.store.write() as tx:
        app = await apps.get(tx, APP)
        app_id, id_ = app.id or 0, (await deployments.get(tx, app, number)).id or 0
        for minutes in range(0, 50, 7):
            began = Counts(started=2, failed=1 if minutes > 30 else 0, sessions=4, requests=80, memory=10**9)
            await figures.add(tx, id_, "release", now - timedelta(minutes=minutes), began)
        await figures.add(tx, id_, "release", now, Counts(failed=0, crashes=0, requests=1))
        met = [Met("output totals", "simpleError", 7, now), Met(long, "x" * 90, 1, now)]
        await figures.meet(tx, id_, "release", met)
        await notices.open_notice(
            tx, app_id, "availability", f"It fails\n{long}", now, "Look: `sandbox logs`."
        )
        tx.add(Visit(app_id=app_id, deployment_id=id_, release=1, ok=False, reason=long, at=now))
    platform.parts.bell.ring()


async def _try(platform: Platform, number: int) -> int:
    """Give it to a tenth of the visitors; the job that did it."""
    asked = wire.ReleaseRequest(deployment=number, seen=2, percent=10)
    job = (await promote.request_promote(platform.parts, ANNA, APP, asked)).job
    assert (await platform.finish(job)).status == "done"
    return job


async def _review(platform: Platform, number: int) -> dict[str, str]:
    """Ann said what is wrong, Bob rejected it, Cem's link was taken back, Dora's is over; and gates are in force."""
    ann, bob, cem, dora = [
        await reviewers.ask(platform, name, "feature-x", script=SCRIPT)
        for name in ("Ann", "Bob", "Cem", "Dora")
    ]
    inputs = {"region": "South", "long": UNBROKEN}
    place = {"url": "/?tab=2", "width": 800, "height": 500, "x": 200, "y": 100, "inputs": inputs}
    placed = await reviewers.remark(platform, ann, number, "Totals are empty\n" + UNBROKEN, PICTURE, **place)
    await reviewers.remark(platform, ann, number, "<b>A heading</b> is missing.")
    said = AnswerRequest(key=secrets.token_hex(16), text="Mended in the next version.")
    await answer(platform.parts, ANNA, APP, placed.id, said)
    await reviewers.judge(platform, ann, "remarks", number, text="Good, but for the totals. " + UNBROKEN)
    await reviewers.judge(platform, bob, "rejected", number, text="Not yet.")
    await revoke(platform.parts, ANNA, APP, cem.id)
    demanded = {"reviews": 2, "checks": ["smoke"], "identified": True}
    request = GatesRequest(gates=demanded, reason="Agreed with the sales team")
    await set_gates(platform.parts, Caller("olga", admin=True), APP, request)
    tokens = {review.name.lower(): review.url.rpartition("/")[2] for review in (ann, bob, cem)}
    return {**tokens, "dora": await _end(platform, dora), "comment": str(placed.id), "review": str(ann.id)}


async def _end(platform: Platform, review: Review) -> str:
    """Its time is over since yesterday; the token of such a link."""
    async with platform.parts.store.write() as tx:
        row = await tx.get_one(tables_review.Review, review.id)
        row.expires_at = platform.parts.clock() - timedelta(days=1)
        return link_of(row).token(platform.parts.sealer.derive)


async def _fail(platform: Platform) -> None:
    why = seen.Visit(seen.Outcome.failed, 0.3, "Error in server: could not find function " + UNBROKEN)
    platform.parts.visitor.outcomes[f"--{FAILING}."] = why  # type: ignore[attr-defined]
    digest = await platform.upload("stop()")
    request = wire.Push(bundle=digest, branch="main", note="It fails")
    number = (await push(platform.parts, ANNA, FAILING, request)).deployment
    async for _ in platform.parts.bell.rings(every=0.2):
        if (await overview.show_deployment(platform.parts, FAILING, number)).status == "failed":
            return


async def _set_people(platform: Platform, number: int, count: int) -> None:
    """So many have the release's instance of this deployment open."""
    async with platform.parts.store.read() as tx:
        id_ = (await deployments.get(tx, await apps.get(tx, APP), number)).id
        (row,) = [one for one in await instances.live(tx, id_) if one.scope == "release"]
    platform.parts.router.set_sessions(Server(f"slot{row.slot}", row.server or 0), count)  # type: ignore[attr-defined]
