"""`sandbox review`: links, verdicts and comments."""

from pathlib import Path

import pytest
from tests.cli.conftest import Sandbox
from tests.cli.reviewing import a_comment, a_review, a_verdict
from tests.cli.server import NOW, Platform

from sandbox_server.wire_review import Answer


@pytest.fixture
def pushed(logged_in: Platform, repository: Path, sandbox: Sandbox) -> Platform:
    """d41 of main is there."""
    assert sandbox("deploy").code == 0
    return logged_in


@pytest.fixture
def reviewed(pushed: Platform) -> Platform:
    """Rita was asked, and said something."""
    pushed.reviews.append(a_review(open_comments=1))
    pushed.comments.append(a_comment())
    return pushed


def test_a_request_prints_the_link_alone(pushed: Platform, sandbox: Sandbox) -> None:
    done = sandbox("review", "request", "--to", "Rita Roe <rita@example.org>")
    assert (done.code, done.out) == (0, "http://sandbox.localhost/r/1.0123456789abcdef0123456789abcdef\n")
    (asked,) = pushed.asked_reviews
    assert (asked.name, asked.email, asked.branch, asked.deployment) == (
        "Rita Roe", "rita@example.org", "main", None
    )  # fmt: skip
    assert (asked.expires, asked.script) == ("7d", "")
    assert "This server has no mail server: send the link yourself." in done.err
    assert "open to everybody who reaches it" in done.err
    assert "sandbox review revoke 1 --app sales" in done.err


def test_a_request_gives_json(pushed: Platform, sandbox: Sandbox) -> None:
    made = sandbox("review", "request", "--to", "rita@example.org", "--json").document
    assert {"url", "id", "expires"} <= made.keys()
    assert pushed.asked_reviews[0].name == "rita"


def test_a_request_names_a_deployment_a_time_and_what_to_try(
    pushed: Platform, sandbox: Sandbox, tmp_path: Path
) -> None:
    (tmp_path / "uat.md").write_text("- Open it\n", encoding="utf-8")
    words = ["--to", "R <r@example.org>", "--expires", "36h", "--script", str(tmp_path / "uat.md")]
    assert sandbox("review", "request", "sales#41", *words).code == 0
    (asked,) = pushed.asked_reviews
    assert (asked.deployment, asked.branch, asked.expires, asked.script) == (41, None, "36h", "- Open it\n")


@pytest.mark.parametrize(
    ("mail", "why", "words"),
    [
        ("waiting", "", "A mail with the link goes to rita@example.org."),
        (
            "failed",
            "It has no such mailbox.",
            "could not be sent: It has no such mailbox. Send the link yourself.",
        ),
    ],
)
def test_a_request_says_what_becomes_of_the_mail(
    pushed: Platform, sandbox: Sandbox, mail: str, why: str, words: str
) -> None:
    pushed.mail, pushed.mail_why = mail, why  # type: ignore[assignment]
    assert words in sandbox("review", "request", "--to", "Rita <rita@example.org>").err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--to", "Rita"], "is nobody with a mail address"),
        (["--to", "Rita <rita>"], "is nobody with a mail address"),
        (["d41", "--to", "r@example.org", "--branch", "main"], "a deployment or a branch, not both"),
    ],
)
def test_a_request_to_nobody_is_wrong_use(
    pushed: Platform, sandbox: Sandbox, words: list[str], said: str
) -> None:
    done = sandbox("review", "request", *words)
    assert (done.code, said in done.err, pushed.asked_reviews) == (2, True, [])


def test_a_script_that_is_too_long_is_not_sent(pushed: Platform, sandbox: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "uat.md").write_text("- open it\n" * 2_001)
    done = sandbox("review", "request", "--to", "r@example.org", "--script", str(tmp_path / "uat.md"))
    assert done.code == 1
    assert "has more than 20,000 characters" in done.err
    assert pushed.asked_reviews == []


def test_an_answer_needs_words(reviewed: Platform, sandbox: Sandbox) -> None:
    done = sandbox("review", "answer", "1", " ")
    assert done.code == 2
    assert "An answer needs words." in done.err


def test_a_script_that_cannot_be_read_is_said(pushed: Platform, sandbox: Sandbox, tmp_path: Path) -> None:
    done = sandbox("review", "request", "--to", "r@example.org", "--script", str(tmp_path / "no.md"))
    assert done.code == 1
    assert "no.md cannot be read" in done.err


def test_a_list_shows_good_links_and_open_comments(reviewed: Platform, sandbox: Sandbox) -> None:
    reviewed.reviews.append(a_review(id=2, name="Tom", state="expired"))
    reviewed.comments.append(a_comment(id=13, text="Done already.", resolved_at=NOW, resolved_by="ada"))
    done = sandbox("review", "list")
    assert done.code == 0
    assert "Rita <rita@example.org>" in done.out
    assert "The axis has no label." in done.out
    assert "Tom" not in done.out
    assert "Done already." not in done.out
    everything = sandbox("review", "list", "--all")
    assert "Tom" in everything.out
    assert "resolved by ada" in everything.out


@pytest.mark.parametrize(
    ("state", "mail", "word"),
    [
        ("open", "none", "none: copy the link"),
        ("open", "failed", "failed: copy the link"),
        ("open", "waiting", "waiting"),
        ("open", "sent", "sent"),
        ("expired", "none", "none"),
    ],
)
def test_a_list_says_in_a_word_how_the_link_gets_there(
    reviewed: Platform, sandbox: Sandbox, state: str, mail: str, word: str
) -> None:
    reviewed.reviews[:] = [a_review(state=state, mail=mail)]
    row = next(line for line in sandbox("review", "list", "--all").out.splitlines() if "Rita" in line)
    assert word in row
    assert ("copy the link" in row) is ("copy the link" in word)


@pytest.mark.parametrize(
    ("mail", "why", "words"),
    [
        ("none", "", "mail: this server had no mail server. Copy the link, and send it yourself."),
        ("waiting", "", "mail: it is being sent."),
        (
            "waiting",
            "m:25 cannot be reached",
            "mail: not sent yet. m:25 cannot be reached. It is tried again. Copy the link,",
        ),
        ("failed", "No such mailbox.", "mail: it could not be sent. No such mailbox. Copy the link, and"),
        ("sent", "", "mail: it was sent."),
    ],
)
def test_a_link_is_shown_with_what_became_of_its_mail(
    reviewed: Platform, sandbox: Sandbox, mail: str, why: str, words: str
) -> None:
    reviewed.reviews[:] = [a_review(mail=mail, mail_why=why)]
    assert words in sandbox("review", "show", "1").out


def test_a_verdict_by_a_link_that_was_withdrawn_later_says_so(reviewed: Platform, sandbox: Sandbox) -> None:
    reviewed.reviews[:] = [a_review(state="revoked", url="", verdicts=[a_verdict(link_revoked_at=NOW)])]
    assert "by a link that was withdrawn later" in sandbox("review", "show", "1").out
    reviewed.reviews[0].verdicts = [a_verdict()]
    assert "withdrawn" not in sandbox("review", "show", "1").out


def test_a_list_gives_json(reviewed: Platform, sandbox: Sandbox) -> None:
    found = sandbox("review", "list", "--json").document
    assert [one["id"] for one in found["reviews"]] == [1]
    assert [one["id"] for one in found["comments"]] == [12]
    assert found["open"] == 1


def test_an_empty_list_says_what_to_do(pushed: Platform, sandbox: Sandbox) -> None:
    done = sandbox("review", "list")
    assert "Nobody is asked to review" in done.err
    assert "sandbox review request --to" in done.err


def test_a_long_list_names_the_command_for_older_ones(reviewed: Platform, sandbox: Sandbox) -> None:
    reviewed.comments[:] = [a_comment(id=number) for number in range(1, 61)]
    done = sandbox("review", "list")
    assert "sandbox review list --before 11 --app sales" in done.err
    older = sandbox("review", "list", "--before", "11", "--json").document
    assert [one["id"] for one in older["comments"]] == list(range(10, 0, -1))


def test_a_link_is_shown_with_all_that_came_by_it(reviewed: Platform, sandbox: Sandbox) -> None:
    reviewed.reviews[0].verdicts = [a_verdict()]
    reviewed.comments[0].answers = [Answer(id=13, name="ada", user="ada", text="Mended.", at=NOW)]
    reviewed.comments.append(a_comment(id=20, review=None, text="Of somebody else."))
    done = sandbox("review", "show", "1")
    assert done.code == 0
    for words in (
        "accepted d41: Rita R., with a code by mail",
        "tried 1 of 2 steps",
        "Good work.",
        "The axis",
        "page: /?tab=2 (1280 x 800, at 10, 20)",
        'input region: "North"',
        "line 7",
        "3 earlier lines",
        "ada answered",
        "Mended.",
    ):
        assert words in done.out
    assert "line 2" not in done.out
    assert "Of somebody else." not in done.out
    assert 'sandbox review answer 12 "…" --app sales' in done.err
    document = sandbox("review", "show", "1", "--json").document
    assert len(document["comments"][0]["log"]) == 8


def test_one_comment_is_shown_with_its_whole_log(reviewed: Platform, sandbox: Sandbox) -> None:
    done = sandbox("review", "show", "--comment", "#12")
    assert "line 0" in done.out
    assert sandbox("review", "show", "--comment", "12", "--json").document["id"] == 12


def test_what_reviewers_write_does_not_take_over_the_terminal(reviewed: Platform, sandbox: Sandbox) -> None:
    reviewed.comments[0].text = "\x1b[2Jgone\x07\x9b31m"
    reviewed.comments[0].name = "R\x1b]0;title\x07"
    for words in (("list",), ("show", "1"), ("show", "--comment", "12")):
        out = sandbox("review", *words).out
        assert "gone" in out
        assert not {"\x1b", "\x07", "\x9b"} & set(out)


def test_an_accepted_link_leads_to_the_release(reviewed: Platform, sandbox: Sandbox) -> None:
    reviewed.reviews[0].verdicts, reviewed.comments[:] = [a_verdict()], []
    assert "sandbox promote d41 --app sales" in sandbox("review", "show", "1").err


def test_a_link_is_taken_back(reviewed: Platform, sandbox: Sandbox) -> None:
    done = sandbox("review", "revoke", "1")
    assert "The link of Rita leads nowhere any more." in done.err
    assert 'sandbox review request --app sales --branch main --to "Rita <rita@example.org>"' in done.err
    assert reviewed.reviews[0].state == "revoked"


def test_what_came_by_a_revoked_link_counts_and_the_command_says_so(
    reviewed: Platform, sandbox: Sandbox
) -> None:
    reviewed.reviews[0].verdicts = [a_verdict()]
    told = sandbox("review", "revoke", "1").err
    assert "1 verdict by it: verdicts stay and count." in told
    assert "push main again: a new version has none." in told
    reviewed.reviews[0].verdicts = []
    assert "count" not in sandbox("review", "revoke", "1").err


def test_a_comment_is_answered_resolved_and_opened_again(reviewed: Platform, sandbox: Sandbox) -> None:
    answered = sandbox("review", "answer", "12", "Mended in the next push.")
    assert "Rita sees your answer by the same link, as long as that is good." in answered.err
    assert [one.text for one in reviewed.comments[0].answers] == ["Mended in the next push."]
    resolved = sandbox("review", "resolve", "12")
    assert "Comment 12 of Rita is resolved." in resolved.err
    assert "sandbox review reopen 12 --app sales" in resolved.err
    assert sandbox("review", "reopen", "12", "--json").document["resolved_at"] is None


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("show", "9"), 1, "There is no review 9."),
        (("show", "--comment", "9"), 1, "There is no comment 9."),
        (("show", "x"), 2, "x is not a number."),
        (("show",), 2, "Say which link"),
        (("show", "1", "--comment", "12"), 2, "Say which link"),
        (("resolve", "d41"), 2, "d41 is not a number."),
    ],
)
def test_what_is_not_there_is_said(
    reviewed: Platform, sandbox: Sandbox, words: tuple[str, ...], code: int, said: str
) -> None:
    done = sandbox("review", *words)
    assert (done.code, said in done.err) == (code, True)


def test_of_many_answers_a_link_shows_the_newest_and_says_where_all_are(
    reviewed: Platform, sandbox: Sandbox
) -> None:
    answers = [Answer(id=n, name="ada", user="ada", text=f"Answer no. {n}", at=NOW) for n in range(20, 32)]
    reviewed.comments[0] = a_comment(answers=answers)
    link = sandbox("review", "show", "1").out
    assert "12 answers, the newest 5; all of them: `sandbox review show --comment 12 --app sales`" in link
    assert [n for n in range(20, 32) if f"Answer no. {n}" in link] == [27, 28, 29, 30, 31]
    whole = sandbox("review", "show", "--comment", "12").out
    assert [n for n in range(20, 32) if f"Answer no. {n}" in whole] == list(range(20, 32))
    assert "the newest 5" not in whole
