"""To whom, in which words, and when again."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from sandbox_server.domain.telling import (
    Message,
    Progress,
    Side,
    addresses,
    body,
    check_webhook,
    failed,
    is_due,
    mail_server,
    message,
    side,
    succeeded,
)

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def said(
    text: str, told: Side = "opened", hint: str = "Type this.", key: str = "crash d4 release"
) -> Message:
    return message(app="sales", key=key, text=text, hint=hint, page="http://s/apps/sales", told=told, at=NOON)


@pytest.mark.parametrize(
    ("owner", "found"),
    [
        ("Ann Lee <ann@example.org>", ["ann@example.org"]),
        ("ann@example.org", ["ann@example.org"]),
        ("Ann <ann@example.org>, Ben <ben@x.example>", ["ann@example.org", "ben@x.example"]),
        ("a@b; c@d", ["a@b", "c@d"]),
        ("The sales team, room 7", []),
        ("", []),
        ("Lee, Ann <ann@example.org>", ["ann@example.org"]),
        ("ann@example.org, ann@example.org", ["ann@example.org"]),
        ("Ann <ann@exa mple.org>", []),
        ("ann@-x.org", []),
        ("ann@", []),
        ("Ann <ann@x.org>\r\nBcc: ben@x.org\r\n\r\nHello", ["ann@x.org", "ben@x.org"]),
        ("mailto:ann@x.org", []),
        ("<" * 5000, []),
        (",".join(f"u{n}@x.org" for n in range(50)), [f"u{n}@x.org" for n in range(5)]),
    ],
)
def test_addresses_are_found_in_an_owners_name(owner: str, found: list[str]) -> None:
    assert addresses(owner) == found


def test_the_first_line_is_the_subject() -> None:
    made = said("sales does not work.\n\nError in f(x)")
    assert (made.subject, made.text) == ("sales does not work.", "sales does not work.\n\nError in f(x)")
    assert said("d4 crashed").subject == "sales: d4 crashed"
    assert len(said("x" * 5000).subject) == 150


@pytest.mark.parametrize("text", ["a\rBcc: eve@x", "a\x0bb", "a\u2028Bcc: x", "a\0b\x1b[0m"])
def test_nothing_in_a_subject_begins_another_header(text: str) -> None:
    assert said(text).subject.isprintable()


def test_the_end_of_it_is_told_in_one_sentence() -> None:
    made = said("sales does not work.\n\nError in f(x)", "settled")
    assert made.subject == "sales: it works again"
    assert made.text == "It works again. It was: sales does not work."
    assert made.hint == ""
    assert said("x", "settled", key="branch main").subject == "sales: this is settled"


def test_a_mail_says_what_to_do_and_where_to_look() -> None:
    text = body(said("It is broken."), "http://s")
    assert text.index("It is broken.") < text.index("Type this.") < text.index("http://s/apps/sales")
    assert "names you as its owner" in text


def test_each_side_is_told_once() -> None:
    nothing = Progress()
    assert (side(nothing, False), side(nothing, True)) == ("opened", None)
    told = succeeded(nothing, "opened", NOON)
    assert (side(told, False), side(told, True)) == (None, "settled")
    assert side(succeeded(told, "settled", NOON), True) is None


def test_pauses_grow_and_end_after_a_day() -> None:
    progress, now, pauses = Progress(), NOON, []
    while not progress.gave_up:
        progress = failed(progress, "no answer", NOON, now)
        later = datetime.fromisoformat(progress.next)
        pauses.append((later - now).total_seconds())
        assert not is_due(progress, now)
        assert is_due(progress, later)
        now = later
    assert pauses[:4] == [30, 60, 120, 240]
    assert max(pauses) == 3600
    assert timedelta(days=1) <= now - NOON < timedelta(days=1, hours=2)
    assert side(progress, False) is side(progress, True) is None


def test_what_can_never_arrive_is_given_up_at_once() -> None:
    assert failed(Progress(), "no such person", NOON, NOON, final=True).gave_up == "no such person"


def test_a_clock_that_was_put_back_does_not_silence_it() -> None:
    waits = replace(Progress(), next=(NOON + timedelta(days=300)).isoformat())
    assert is_due(waits, NOON)


def test_progress_survives_in_a_row() -> None:
    told = succeeded(failed(Progress(), "x", NOON, NOON), "opened", NOON)
    assert Progress.of({"mail": told.dump()}, "mail") == told
    assert Progress.of({}, "mail") == Progress()


def test_mail_servers_are_read_from_a_url() -> None:
    plain = mail_server("smtp://mail.example.org")
    assert (plain.host, plain.port, plain.tls, plain.user) == ("mail.example.org", 25, False, "")
    whole = mail_server("smtps://ann%40x:p%2Fw@mail.example.org:2465")
    assert (whole.port, whole.tls, whole.user, whole.password) == (2465, True, "ann@x", "p/w")
    assert "p/w" not in repr(whole)


@pytest.mark.parametrize(
    "url", ["mail.example.org", "http://x", "smtp://", "smtp://secret@x:99999", "smtp://x/path"]
)
def test_what_is_no_mail_server_is_refused_without_telling_it(url: str) -> None:
    with pytest.raises(ValueError, match=r"write it as|its port") as refused:
        mail_server(url)
    assert "secret" not in str(refused.value)


def test_webhooks_are_urls() -> None:
    assert check_webhook("https://chat.example.org/hooks/secret") == "https://chat.example.org/hooks/secret"
    for url in ("ftp://x", "chat.example.org", "https://", "file:///etc/passwd"):
        with pytest.raises(ValueError, match="write it as"):
            check_webhook(url)
