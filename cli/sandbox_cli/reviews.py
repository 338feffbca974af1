"""Links, verdicts and comments, as the command line says and shows them."""

import json
import re
from collections.abc import Sequence

from sandbox_cli.answers_review import Comment, CommentDetail, Place, Review, Verdict
from sandbox_cli.console import clean, console, one_line
from sandbox_cli.errors import WrongUse
from sandbox_cli.words import ago, clock, left, plural

PERSON = re.compile(r"\s*(?P<name>[^<>]*?)\s*<\s*(?P<mail>[^<>\s]+@[^<>\s]+)\s*>\s*")
OUTCOMES = {"accepted": "accepted", "remarks": "accepted with remarks", "rejected": "rejected"}
LONGEST = 60
"""Characters of a comment in a list."""


def person(text: str) -> dict[str, str]:
    """Name and mail of "Name <mail>"; of a mail alone, the name is what stands before its @."""
    mail = text.strip()
    if found := PERSON.fullmatch(text):
        mail = found["mail"]
    elif not re.fullmatch(r"[^<>\s]+@[^<>\s]+", mail):
        raise WrongUse(f"{text!r} is nobody with a mail address.", 'Write --to "Name <mail>".')
    name = found["name"].strip('"') if found else ""
    return {"name": name or mail.partition("@")[0], "email": mail}


def number(text: str) -> int:
    """Of a link or a comment: 12 or #12."""
    plain = text.removeprefix("#")
    if not re.fullmatch(r"[1-9][0-9]{0,9}", plain, re.ASCII):
        raise WrongUse(f"{text} is not a number.", "See the numbers: `sandbox review list`.")
    return int(plain)


def show_links(links: Sequence[Review]) -> None:
    console.table(
        ("link", "asked", "branch", "deployment", "link is", "mail", "verdict", "open comments"),
        [
            (
                str(one["id"]),
                f"{one['name']} <{one['email']}>",
                one["branch"],
                f"d{one['deployment']}",
                _state(one),
                _mail(one),
                _newest(one),
                str(one["open_comments"] or ""),
            )
            for one in links
        ],
    )


def show_list(comments: Sequence[Comment]) -> None:
    console.table(
        ("comment", "branch", "on", "by", "when", "says", "answers", ""),
        [
            (
                str(one["id"]),
                one["branch"],
                f"d{one['deployment']}",
                one["name"],
                ago(one["at"]),
                _short(one["text"]),
                str(one["answered"] or ""),
                f"resolved by {one['resolved_by']}" if one["resolved_at"] else "",
            )
            for one in comments
        ],
    )


def show_link(link: Review) -> None:
    """Its state and its verdicts, to stdout."""
    _print(
        f"Link {link['id']}: {link['name']} <{link['email']}>, {link['branch']} of {link['app']}, {_state(link)}"
    )
    _print(f"  asked by {link['by']} {ago(link['created_at'])} to try d{link['deployment']}")
    _print(f"  {_mail_in_words(link)}")
    if link["url"]:
        _print(f"  {link['url']}")
    for verdict in link["verdicts"]:
        _show_verdict(verdict)
    if not link["verdicts"]:
        _print("  no verdict yet")


def show_comment(comment: CommentDetail, lines: int | None) -> None:
    """Everything of it, to stdout; of its log and of its answers so many, the last ones, None for all."""
    ends = f", resolved by {comment['resolved_by']}" if comment["resolved_at"] else ""
    _print("")
    where = f"d{comment['deployment']} ({comment['branch']})"
    _print(f"Comment {comment['id']}: {comment['name']} on {where}, {ago(comment['at'])}{ends}")
    _indented(comment["text"])
    if comment["place"]:
        _show_place(comment["place"])
    if comment["picture_state"] == "failed":
        _print(f"  no picture: {one_line(comment['picture_why'])}")
    _print(f"  {'picture: ' if comment['picture'] else ''}{comment['page']}")
    _show_log(comment, lines)
    _show_answers(comment, lines)


def next_of_list(links: Sequence[Review], comments: Sequence[Comment], app: str) -> list[str]:
    told = [f"sandbox review show {links[0]['id']} --app {app}"] if links else []
    return [*told, *([f"sandbox review show --comment {comments[0]['id']} --app {app}"] if comments else [])]


def next_of_link(link: Review, comments: Sequence[Comment]) -> list[str]:
    open_ones = [one for one in comments if not one["resolved_at"]]
    if open_ones:
        return next_of_comment(open_ones[0])
    accepted = any(one["stands"] and one["outcome"] != "rejected" for one in link["verdicts"])
    if accepted:
        return [f"sandbox promote d{link['verdicts'][0]['deployment']} --app {link['app']}"]
    return [f"sandbox review list --app {link['app']}"]


def next_of_comment(comment: Comment) -> list[str]:
    of = f"{comment['id']} --app {comment['app']}"
    if comment["resolved_at"]:
        return [f"sandbox review reopen {of}"]
    return [
        f'sandbox review answer {comment["id"]} "…" --app {comment["app"]}',
        f"sandbox review resolve {of}",
    ]


def _state(link: Review) -> str:
    return f"good, ends {left(link['expires'])}" if link["state"] == "open" else link["state"]


def _mail(link: Review) -> str:
    """In a word; what is to be done only as long as the link is good."""
    by_hand = link["state"] == "open" and link["mail"] in ("none", "failed")
    return f"{link['mail']}: copy the link" if by_hand else link["mail"]


def _mail_in_words(link: Review) -> str:
    why = f" {one_line(link['mail_why']).rstrip('.')}." if link["mail_why"] else ""
    by_hand = " Copy the link, and send it yourself." if link["state"] == "open" else ""
    if link["mail"] == "waiting":
        return f"mail: not sent yet.{why} It is tried again.{by_hand}" if why else "mail: it is being sent."
    words = {"none": "this server had no mail server", "failed": "it could not be sent"}
    word = words.get(link["mail"])
    return f"mail: {word}.{why}{by_hand}" if word else "mail: it was sent."


def _newest(link: Review) -> str:
    if not link["verdicts"]:
        return ""
    newest = link["verdicts"][0]
    return f"{OUTCOMES.get(newest['outcome'], newest['outcome'])} d{newest['deployment']}"


def _show_verdict(verdict: Verdict) -> None:
    how = {"link": "by the link", "code": "with a code by mail", "login": "logged in"}
    outcome = OUTCOMES.get(verdict["outcome"], verdict["outcome"])
    later = "" if verdict["stands"] else ", another one stands in its place"
    who = how.get(verdict["identified"], verdict["identified"])
    _print(f"  {outcome} d{verdict['deployment']}: {verdict['name']}, {who}, {ago(verdict['at'])}{later}")
    if verdict["link_revoked_at"]:
        _print(f"    by a link that was withdrawn later, {ago(verdict['link_revoked_at'])}")
    if verdict["steps"]:
        done = sum(step["done"] for step in verdict["steps"])
        _print(f"    tried {done} of {plural(len(verdict['steps']), 'step')}")
    _indented(verdict["text"], "    ")


def _show_place(where: Place) -> None:
    point = (
        f", at {where['x']:.0f}, {where['y']:.0f}"
        if where["x"] is not None and where["y"] is not None
        else ""
    )
    _print(f"  page: {where['url']} ({where['width']} x {where['height']}{point})")
    for name, value in where["inputs"].items():
        _print(f"  input {name}: {_short(json.dumps(value, ensure_ascii=False))}")


def _show_log(comment: CommentDetail, lines: int | None) -> None:
    log = comment["log"]
    shown = log if lines is None else log[-lines:]
    for line in shown:
        _print(f"  log {clock(line['time'])} {line['text']}")
    if len(shown) < len(log):
        left_out = plural(len(log) - len(shown), "earlier line")
        _print(f"  log: {left_out}: `sandbox review show --comment {comment['id']}`")


def _show_answers(comment: CommentDetail, most: int | None) -> None:
    shown = comment["answers"] if most is None else comment["answers"][-most:]
    if len(shown) < comment["answered"]:
        every = f"`sandbox review show --comment {comment['id']} --app {comment['app']}`"
        _print(f"  {plural(comment['answered'], 'answer')}, the newest {len(shown)}; all of them: {every}")
    for answer in shown:
        _print(f"  {answer['name']} answered {ago(answer['at'])}:")
        _indented(answer["text"], "    ")


def _short(text: str) -> str:
    line = one_line(text)
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"


def _indented(text: str, by: str = "  ") -> None:
    for line in clean(text).splitlines():
        _print(f"{by}{line}")


def _print(line: str) -> None:
    console.result(clean(line))
