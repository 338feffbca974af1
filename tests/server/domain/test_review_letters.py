"""Letters of reviews."""

from dataclasses import replace
from datetime import UTC, datetime

from sandbox_server.domain import review_letters
from sandbox_server.domain.review_letters import About

URL = f"https://sandbox.example.org/r/17.{'0123456789abcdef' * 2}"
ABOUT = About(
    name="Rita", email="rita@example.org", by="anna", title="Sales Dashboard", number=42,
    control="https://sandbox.example.org", app="sales", review=17,
)  # fmt: skip
PAGE = "https://sandbox.example.org/apps/sales/reviews/17"
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
    letter = review_letters.code(ABOUT, "01234567")
    assert letter.text.splitlines()[2].startswith("0123 4567 is your code")
    assert "10 minutes" in letter.text
    assert "0123" not in letter.subject
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


def test_whoever_asked_reads_who_said_what_of_which_deployment_and_what_to_type() -> None:
    letter = review_letters.verdict(ABOUT, "main", "remarks", "Good.\nBut slow.", PAGE)
    assert letter.subject == "Rita accepted with remarks d42 of sales"
    assert (
        letter.text
        == f"""\
Hello anna,

Rita <rita@example.org> accepted with remarks d42 of sales, of the
branch main.

“Good. But slow.”

The review: {PAGE}

On the command line:

sandbox review show 17 --app sales

sandbox promote d42 --app sales

--{" "}
Sent by Sandbox at https://sandbox.example.org, because you asked Rita
for this review.
"""
    )


def test_what_was_rejected_is_not_to_be_released() -> None:
    letter = review_letters.verdict(ABOUT, "main", "rejected", "", PAGE)
    assert "sandbox promote" not in letter.text
    assert "“" not in letter.text


def test_many_and_long_comments_make_a_letter_that_can_be_read() -> None:
    one = review_letters.comments(ABOUT, "main", ["The axis has no label."], PAGE)
    assert one.subject == "Rita made a comment on sales"
    assert "“The axis has no label.”" in one.text
    many = review_letters.comments(ABOUT, "main", ["x" * 10_000] * 30, PAGE)
    assert "30 comments" in many.subject
    assert "And 25 more." in many.text
    assert len(many.text) < 4000
