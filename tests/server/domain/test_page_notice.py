"""What open pages say."""

from datetime import UTC, datetime, timedelta

from sandbox_server.domain.page_notice import NOTHING, PageNotice, page_notice

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def notice(
    *,
    draining: bool = True,
    drain_until: datetime | None = None,
    move_at: datetime | None = None,
    deadline: datetime | None = None,
    outdated: bool = False,
) -> PageNotice:
    return page_notice(
        draining=draining, drain_until=drain_until, move_at=move_at, deadline=deadline, outdated=outdated,
        now=NOON,
    )  # fmt: skip


def test_it_works() -> None:
    told = notice(drain_until=NOON + 30 * MINUTE)
    assert (told.kind, told.at) == ("drain", (NOON + 30 * MINUTE).timestamp())
    assert told.id
    assert told.text


def test_nothing_is_said_without_need() -> None:
    assert notice() == NOTHING
    assert notice(draining=False, deadline=NOON) == NOTHING


def test_an_ordinary_deadline_is_told_in_its_last_half_hour() -> None:
    assert notice(deadline=NOON + 31 * MINUTE) == NOTHING
    assert notice(deadline=NOON + 29 * MINUTE).kind == "drain"


def test_people_who_are_moved_are_told_when() -> None:
    assert notice(move_at=NOON + 10 * MINUTE).kind == "move"
    assert notice(move_at=NOON + 10 * MINUTE, draining=False).kind == "move"
    assert notice(move_at=NOON + 10 * MINUTE, drain_until=NOON + 5 * MINUTE).kind == "drain"


def test_a_newer_version_is_told_if_nothing_is_more_urgent() -> None:
    assert notice(draining=False, outdated=True).kind == "update"
    assert notice(outdated=True, move_at=NOON + MINUTE).kind == "move"


def test_another_time_is_another_notice_and_the_same_one_is_the_same() -> None:
    first = notice(drain_until=NOON + 30 * MINUTE)
    assert first == notice(drain_until=NOON + 30 * MINUTE)
    assert first.id != notice(drain_until=NOON + 40 * MINUTE).id
