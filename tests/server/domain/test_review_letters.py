"""Letters to reviewers."""

from dataclasses import replace
from datetime import UTC, datetime

from sandbox_server.domain import review_letters
from sandbox_server.domain.review_letters import About

URL = f"https://sandbox.example.org/r/17.{'0123456789abcdef' * 2}"
ABOUT = About(
    name="Rita", email="rita@example.org", by="anna", title="Sales Dashboard", number=42,
    control="https://sandbox.example.org",
)  # fmt: skip
UNTIL = datetime(2026, 3, 9, 12, tzinfo=UTC)


def test_an_invitation_says_who_asks_for_what_until_when() -> None:
    letter = review_letters.invitation(ABOUT, URL, UNTIL, "Europe/Berlin")
    assert letter.subject == "Please try Sales Dashboard (test version 42)"
    assert (
        letter.text
        == f"""\
Hello Rita,

anna asks you to try Sales Dashboard (test version 42), and to say
whether it may go live. Open this link in a browser:

{URL}

It is good until Monday, 9 March 2026, 13:00 (Europe/Berlin). You need
no account.

The link is yours alone: what is said with it counts as said by you.
Please do not pass it on.

--{" "}
Sent by Sandbox at https://sandbox.example.org, because anna gave your
address there.
"""
    )


def test_a_code_is_in_the_text_and_not_in_the_subject() -> None:
    letter = review_letters.code(ABOUT, "012345")
    assert letter.text.splitlines()[2].startswith("012345 is your code")
    assert "10 minutes" in letter.text
    assert "012345" not in letter.subject
    assert "/r/" not in letter.text


def test_secrets_are_not_in_what_is_logged() -> None:
    letter = review_letters.invitation(ABOUT, URL, UNTIL, "")
    assert URL not in repr(letter)
    assert "(UTC)" in letter.text


def test_other_peoples_texts_stay_on_their_line() -> None:
    evil = "x\r\nBcc: eve@e.x\n\nhttps://evil.example/r/1\u2028y\x1b[2J"
    letter = review_letters.invitation(replace(ABOUT, name=evil, title=evil, by=evil), URL, UNTIL, "")
    assert letter.subject.isprintable()
    assert len(letter.subject) <= 150
    assert letter.text.isascii()
    assert "\x1b" not in letter.text
    assert "\r" not in letter.text
    assert URL in letter.text.splitlines()
