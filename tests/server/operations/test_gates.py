"""Gates: an app's own demands hold when a release is asked for, and again in the moment that makes it."""

import pytest
from tests.server.cast import ANNA, APP, BEN, HELLO
from tests.server.demanding import ONE_REVIEW, app_with, demand, judged, report, shown
from tests.server.platform import Platform
from tests.server.reviewing import asked, opened, signed

from sandbox_server.errors import BadConfig, BadRequest, Forbidden, GateClosed, NotFound
from sandbox_server.operations import gates, invite
from sandbox_server.operations.opinions import of_deployment
from sandbox_server.operations.overview import list_releases
from sandbox_server.operations.remove import remove_branch
from sandbox_server.operations.reviews import verdicts_of
from sandbox_server.store import events, users
from sandbox_server.visitor.base import Outcome, Visit
from sandbox_server.wire_review import GatesRequest

pytestmark = pytest.mark.anyio

HOST = f"{APP}.apps.localhost"


async def test_it_works(platform: Platform) -> None:
    await platform.deploy(files=ONE_REVIEW)
    with pytest.raises(GateClosed) as caught:
        await platform.promote(1)
    error = caught.value
    assert error.message == "d1 cannot be released now: reviews are missing."
    assert "- It needs 1 review, and has none." in error.detail
    assert "`sandbox review request d1 --app sales-dashboard --to" in error.detail
    assert "--override --reason" in error.detail
    assert "`sandbox gates d1 --app sales-dashboard`" in error.hint
    assert (await platform.releases(), platform.users_get()) == ([], "waker")
    await judged(platform, 1)
    job = await platform.promote(1)
    assert (job.status, platform.users_get()) == ("done", "d1")
    assert job.release is not None
    assert job.release.override == []


async def test_an_app_without_gates_is_as_it_was(platform: Platform) -> None:
    await platform.deploy()
    found = await shown(platform)
    assert (found.gates, found.words, found.since) == ({}, [], None)
    told = await report(platform, 1)
    assert (told.open, told.missing, told.met, told.proposal) == (True, [], [], [])
    assert (await platform.promote(1)).status == "done"


async def test_a_new_push_starts_without_verdicts(platform: Platform) -> None:
    await platform.deploy(files=ONE_REVIEW)
    await judged(platform, 1)
    await platform.promote(1)
    await platform.deploy(files=ONE_REVIEW)
    with pytest.raises(GateClosed, match="reviews are missing"):
        await platform.promote(2)


# Which gates are in force


async def test_the_first_proposal_is_in_force_at_its_push(platform: Platform) -> None:
    await platform.push(files=app_with('reviews = 1\nmax_age = "14d"'))
    found = await shown(platform)
    assert (found.gates, found.by, found.why) == (
        {"reviews": 1, "max_age": "14d"}, "anna", "the first proposal, of d1",
    )  # fmt: skip
    assert any("gates.proposed d1" in line and "+ reviews = 1" in line for line in await platform.history())


async def test_what_a_branch_proposes_later_only_shows(platform: Platform) -> None:
    await platform.deploy(files=ONE_REVIEW)
    await platform.deploy("lower", app_with("reviews = 0"))
    assert (await shown(platform)).gates == {"reviews": 1}
    told = await report(platform, 2)
    assert (told.open, told.proposal) == (False, ["- reviews = 1"])
    with pytest.raises(GateClosed):
        await platform.promote(2)


async def test_it_is_adopted_with_the_release_of_its_bundle(platform: Platform) -> None:
    await platform.deploy(files=ONE_REVIEW)
    await platform.deploy("higher", app_with('reviews = 2\nchecks = ["smoke"]'))
    await judged(platform, 2, branch="higher")
    assert (await report(platform, 2)).proposal == ['+ checks = ["smoke"]', "- reviews = 1", "+ reviews = 2"]
    await platform.promote(2, reason="stricter")
    found = await shown(platform)
    assert (found.gates, found.by) == ({"reviews": 2, "checks": ["smoke"]}, "ben")
    assert found.why == "adopted with release 1, of d2"
    assert (await report(platform, 2)).proposal == []
    assert any("ben gates.adopted d2" in line for line in await platform.history())


async def test_a_bundle_without_a_table_neither_lowers_nor_removes(platform: Platform) -> None:
    await platform.deploy(files=ONE_REVIEW)
    await platform.deploy()
    await judged(platform, 2)
    assert (await report(platform, 2)).proposal == []
    await platform.promote(2)
    assert (await shown(platform)).gates == {"reviews": 1}


async def test_of_an_app_that_was_released_before_even_the_first_proposal_waits(platform: Platform) -> None:
    await platform.promote(await platform.deploy())
    await platform.deploy(files=ONE_REVIEW)
    assert (await shown(platform)).gates == {}
    assert (await report(platform, 2)).proposal == ["+ reviews = 1"]
    await platform.promote(2)
    assert (await shown(platform)).gates == {"reviews": 1}


async def test_a_rollback_adopts_nothing_and_is_never_gated(platform: Platform) -> None:
    await platform.promote(await platform.deploy(files=app_with("max_commits = 5"), commits=["aaaaaaa a"]))
    later = ["bbbbbbb b", "aaaaaaa a"]
    await platform.promote(await platform.deploy(files=app_with("max_commits = 9"), commits=later))
    await demand(platform, reviews=20, freeze=["2026-01-01..2026-12-31"])
    job = await platform.rollback()
    assert (job.status, platform.users_get()) == ("done", "d1")
    assert (await shown(platform)).gates == {"reviews": 20, "freeze": ["2026-01-01..2026-12-31"]}


async def test_a_reason_is_kept_as_every_database_takes_it(platform: Platform) -> None:
    await platform.deploy()
    request = GatesRequest(gates={"reviews": 1}, reason=" a\x01greed\x1b ")
    assert (await gates.set_gates(platform.parts, ANNA, APP, request)).why == "set by anna: agreed"


async def test_an_administrator_sets_them_at_once(platform: Platform) -> None:
    await platform.deploy()
    found = await demand(platform, reviews=2, identified=True)
    assert (found.gates, found.why) == ({"reviews": 2, "identified": True}, "set by anna: agreed")
    first = found.since
    platform.clock.advance(60)
    assert (await demand(platform, reviews=2, identified=True)).since == first, "nothing new was said"
    assert (await demand(platform)).gates == {}
    assert len([line for line in await platform.history() if "gates.set" in line]) == 2


async def test_what_was_set_once_is_no_place_for_a_first_proposal(platform: Platform) -> None:
    await platform.deploy()
    await demand(platform)
    await platform.deploy(files=ONE_REVIEW)
    assert (await shown(platform)).gates == {}


async def test_only_administrators_set_them_and_say_why(platform: Platform) -> None:
    await platform.deploy()
    wanted = GatesRequest(gates={"reviews": 1}, reason="x")
    with pytest.raises(Forbidden, match="Only administrators"):
        await gates.set_gates(platform.parts, BEN, APP, wanted)
    with pytest.raises(BadRequest, match="Say why"):
        await gates.set_gates(platform.parts, ANNA, APP, wanted.model_copy(update={"reason": " "}))
    with pytest.raises(BadConfig, match="no gate `review`"):
        await demand(platform, review=1)
    with pytest.raises(NotFound):
        await gates.set_gates(platform.parts, ANNA, "sales-dashbord", wanted)
    assert (await shown(platform)).since is None


async def test_bad_gates_are_refused_at_the_push(platform: Platform) -> None:
    with pytest.raises(BadConfig, match=r"`gates.freeze`: 'Fri 16:00' is no freeze window; write"):
        await platform.push(files=app_with('freeze = ["Fri 16:00"]'))


# Each gate


async def test_the_author_s_own_review_does_not_count(platform: Platform) -> None:
    await platform.deploy(files=ONE_REVIEW, by=BEN)
    async with platform.parts.store.write() as tx:
        ben = await users.add(tx, "ben", admin=False, now=platform.clock())
        ben.email = "Ben@Example.org"
    await judged(platform, 1, email="ben@example.org")
    await judged(platform, 1, email="omar@example.org", caller=BEN)
    [one] = (await report(platform, 1)).missing
    assert "ben pushed this deployment" in one.message
    await judged(platform, 1)
    assert (await report(platform, 1)).open


async def test_a_rejection_is_named_until_its_owner_thinks_again(platform: Platform) -> None:
    await platform.deploy(files=ONE_REVIEW)
    await judged(platform, 1, email="omar@example.org")
    guest = await opened(platform, await asked(platform))
    first = await signed(platform, guest, 1, "rejected")
    with pytest.raises(GateClosed, match="it was rejected") as caught:
        await platform.promote(1)
    assert "Rita (rita@example.org) rejected it on 2026-03-02 12:00 UTC." in caught.value.detail
    await signed(platform, guest, 1, "accepted", seen=first.id)
    assert (await platform.promote(1)).status == "done"


async def test_a_review_by_a_link_that_was_withdrawn_later_counts_and_is_told(platform: Platform) -> None:
    await platform.deploy(files=ONE_REVIEW)
    guest = await judged(platform, 1)
    platform.clock.advance(60)
    await invite.revoke(platform.parts, ANNA, APP, guest.review_id)
    found = await report(platform, 1)
    assert found.open
    assert any("Rita (by a link that was withdrawn later)" in met.message for met in found.met)
    [verdict] = await verdicts_of(platform.parts, APP, 1)
    assert verdict.link_revoked_at == platform.clock()


async def test_links_that_went_with_their_branch_say_nothing_against_reviews(platform: Platform) -> None:
    await platform.deploy("feature-x", files=ONE_REVIEW)
    await judged(platform, 1, branch="feature-x")
    await remove_branch(platform.parts, ANNA, APP, "feature-x")
    [verdict] = await verdicts_of(platform.parts, APP, 1)
    assert verdict.link_revoked_at is None


async def test_a_review_gets_old(platform: Platform) -> None:
    await platform.deploy(files=app_with('reviews = 1\nmax_age = "1d"'))
    await judged(platform, 1)
    assert (await report(platform, 1)).open
    platform.clock.advance(86401)
    assert "older than 24 h" in (await report(platform, 1)).missing[0].message


async def test_the_smoke_check_has_to_pass(platform: Platform) -> None:
    platform.visitor.outcomes["d1--"] = Visit(Outcome.busy, 30, "It never rested.")
    await platform.deploy(files=app_with('checks = ["smoke"]'))
    with pytest.raises(GateClosed, match="a check has not passed") as caught:
        await platform.promote(1)
    assert "did not see the app come to rest" in caught.value.detail
    assert "`sandbox restart d1 --app sales-dashboard`" in caught.value.detail


async def test_it_has_to_pass_with_the_release_s_variables_too(platform: Platform) -> None:
    await platform.deploy(files=app_with('checks = ["smoke"]'))
    platform.visitor.outcomes[f"//{HOST}"] = Visit(Outcome.busy, 30, "It never rested.")
    job = await platform.promote(1)
    assert job.error is not None
    assert (job.error.code, platform.users_get()) == ("gate_closed", "waker")
    assert "with the release's variables" in job.error.detail
    again = await platform.promote(1)
    assert again.error is not None
    assert again.error.code == "gate_closed", "what was seen is not forgotten with the switch"
    job = await platform.promote(1, override=True, reason="known", by=ANNA)
    assert job.release is not None
    assert "with the release's variables" in job.release.override[0]


async def test_freezes_are_in_the_time_zone_of_what_users_have(platform: Platform) -> None:
    """It is Monday, 12:00 in London and 21:00 in Tokyo."""
    tokyo, kiribati = (f'timezone = "{zone}"\n' for zone in ("Asia/Tokyo", "Pacific/Kiritimati"))
    files = app_with('freeze = ["Mon 20:00..Mon 24:00"]')
    await platform.deploy(files={**files, "sandbox.toml": tokyo + files["sandbox.toml"]})
    assert "in Asia/Tokyo" in (await report(platform, 1)).missing[0].message
    await platform.deploy("sly", HELLO | {"sandbox.toml": kiribati})
    assert "in Asia/Tokyo" in (await report(platform, 2)).missing[0].message
    platform.clock.advance(3 * 3600)
    assert (await platform.promote(2)).status == "done"
    assert (await report(platform, 1)).open


async def test_commits_are_counted_against_the_release_in_force(platform: Platform) -> None:
    before, after = ["aaaaaaa one"], ["ccccccc three", "bbbbbbb two", "aaaaaaa one"]
    await platform.promote(await platform.deploy(files=app_with("max_commits = 1"), commits=before))
    await platform.deploy("feature-x", commits=after)
    with pytest.raises(GateClosed, match="more commits than are allowed") as caught:
        await platform.promote(2)
    assert "It brings 2 commits against d1; 1 at most are allowed." in caught.value.detail
    await platform.deploy("small", commits=after[1:])
    assert (await platform.promote(3)).status == "done"


async def test_a_shallow_clones_one_commit_may_stand_for_many(platform: Platform) -> None:
    before = ["aaaaaaa one"]
    await platform.promote(await platform.deploy(files=app_with("max_commits = 1"), commits=before))
    await platform.deploy("shallow", commits=["fffffff newest"])
    with pytest.raises(GateClosed) as caught:
        await platform.promote(2)
    assert "the pushes tell of no commit that both have" in caught.value.detail


async def test_before_the_first_release_a_branch_cannot_move_a_freeze_that_a_person_set(
    platform: Platform,
) -> None:
    """It is Monday, 12:00 in London."""
    await platform.deploy(files=HELLO | {"sandbox.toml": 'timezone = "Pacific/Kiritimati"\n'})
    await demand(platform, freeze=["Mon 11:00..Mon 13:00"])
    assert "in UTC" in (await report(platform, 1)).missing[0].message


async def test_an_author_whose_address_is_not_known_is_told(platform: Platform) -> None:
    await platform.deploy(files=app_with("reviews = 1\nidentified = true"), by=BEN)
    [told] = (await report(platform, 1)).notes
    assert "ben has no mail address here (`sandboxd user email ben ADDRESS`)" in told
    assert (await shown(platform)).notes == [told]
    async with platform.parts.store.write() as tx:
        (await users.add(tx, "ben", admin=False, now=platform.clock())).email = "ben@example.org"
    assert (await report(platform, 1)).notes == (await shown(platform)).notes == []


async def test_what_stands_on_pages_is_what_gates_look_at(platform: Platform) -> None:
    """Whoever pushed it accepts by a reviewer's forwarded link."""
    await platform.deploy(files=ONE_REVIEW, by=BEN)
    guest = await opened(platform, await asked(platform))
    first = await signed(platform, guest, 1, "rejected")
    await signed(platform, guest, 1, "accepted", caller=BEN, seen=first.id)
    assert "rejected" in [one.gate for one in (await report(platform, 1)).missing]
    given = await verdicts_of(platform.parts, APP, 1)
    assert [(one.outcome, one.stands) for one in given] == [("accepted", False), ("rejected", True)]
    assert (await of_deployment(platform.parts, APP, 1)).rejected == ("Rita",)
    assert (await of_deployment(platform.parts, APP, 1)).accepted == ()


# Override


async def test_an_administrator_releases_it_all_the_same(platform: Platform) -> None:
    await platform.deploy(files=app_with('reviews = 1\nfreeze = ["2026-01-01..2026-12-31"]'))
    job = await platform.promote(1, override=True, reason="the old one loses money", by=ANNA)
    assert job.release is not None
    assert job.release.override == [
        "It needs 1 review, and has none.",
        "Releases rest now: 2026-01-01..2026-12-31, in UTC.",
    ]
    async with platform.parts.store.read() as tx:
        [told] = [event for event in await events.recent(tx) if event.action == "release.overridden"]
    assert (told.by, told.subject, told.reason) == ("anna", "release 1", "the old one loses money")
    assert "It needs 1 review" in told.new


async def test_nobody_else_may_and_nobody_without_a_reason(platform: Platform) -> None:
    await platform.deploy(files=ONE_REVIEW)
    with pytest.raises(Forbidden, match="Only administrators may release what gates hold back"):
        await platform.promote(1, override=True, reason="please", by=BEN)
    for reason in ("", "  ", "\u200b\u202e", "\x01"):
        with pytest.raises(BadRequest, match="says why"):
            await platform.promote(1, override=True, reason=reason, by=ANNA)
    assert await platform.releases() == []


async def test_an_override_of_nothing_is_harmless(platform: Platform) -> None:
    await platform.deploy()
    job = await platform.promote(1, override=True, reason="to be sure", by=ANNA)
    assert job.release is not None
    assert job.release.override == []
    assert not [line for line in await platform.history() if "overridden" in line]


async def test_the_report_says_who_may_override(platform: Platform) -> None:
    await platform.deploy(files=ONE_REVIEW)
    assert (await gates.report(platform.parts, ANNA, APP, 1)).may_override
    assert not (await report(platform, 1)).may_override


async def test_the_history_names_those_whom_the_gates_of_that_moment_did_not_count(
    platform: Platform,
) -> None:
    await platform.deploy(files=ONE_REVIEW)
    await demand(platform, reviews=1, reviewers=["rita@example.org"])
    await judged(platform, 1)
    await judged(platform, 1, "rejected", email="omar@example.org", name="Omar")
    await platform.promote(1)
    platform.clock.advance(60)
    await judged(platform, 1, email="sven@example.org", name="Sven")
    await demand(platform, reviews=1)
    [made] = await list_releases(platform.parts, APP)
    assert made.verdicts == {"accepted": ["Rita"], "ignored": ["Omar"]}
    about = await of_deployment(platform.parts, APP, 1)
    assert (about.rejected, about.accepted, about.ignored) == (("Omar",), ("Rita", "Sven"), ())
    await demand(platform, reviews=1, reviewers=["sven@example.org"])
    about = await of_deployment(platform.parts, APP, 1)
    assert (about.accepted, about.ignored) == (("Sven",), ("Rita", "Omar"))
    told = {one.name: one.ignored for one in await verdicts_of(platform.parts, APP, 1)}
    assert (told["Sven"], told["Omar"]) == ("", "they are not among the reviewers")
