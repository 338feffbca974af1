"""Letters of reviews, short and in plain text. Those to reviewers have no word that only publishers know. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from textwrap import fill
from zoneinfo import ZoneInfo

from sandbox_server.domain.one_time_code import VALID
from sandbox_server.domain.signature import WORDS
from sandbox_server.domain.telling import one_line, subject_line

_MOST_QUOTED = 5
_LONGEST = 600
"""Characters of a comment, or of a verdict's text, that a letter has; the page has all."""


@dataclass(frozen=True)
class Written:
    subject: str
    text: str = field(repr=False)


@dataclass(frozen=True)
class About:
    """What a letter is about. All of it is other people's text."""

    name: str
    """To whom."""
    email: str
    by: str
    """Who asks."""
    title: str
    """Of the app."""
    number: int
    """Of the test version."""
    control: str
    """Where the platform's pages are."""
    app: str = ""
    """As commands name it."""
    review: int = 0
    """The link's number."""


def invitation(about: About, url: str, until: datetime, zone: str) -> Written:
    title, by = one_line(about.title), one_line(about.by)
    return _to_reviewer(
        f"Please try {title} (test version {about.number})",
        about,
        f"{by} asks you to try {title} (test version {about.number}), and to say whether it may go live. "
        "Open this link in a browser:",
        url,
        f"It is good until {when(until, zone)}. You need no account.",
        "The link is yours alone: what is said with it counts as said by you. Please do not pass it on.",
    )


def code(about: About, digits: str) -> Written:
    title, by = one_line(about.title), one_line(about.by)
    return _to_reviewer(
        f"Your code for {title}",
        about,
        f"{digits[:4]} {digits[4:]} is your code for the verdict on {title} (test version {about.number}). "
        f"It is good for {VALID.total_seconds() / 60:.0f} minutes.",
        "If you did not ask for a code, somebody else has your link. "
        f"Do not give them the code, and tell {by}.",
    )


def verdict(about: About, branch: str, outcome: str, text: str, page: str) -> Written:
    """To whoever asked."""
    of, who = f"d{about.number} of {about.app}", one_line(about.name)
    return _to_publisher(
        f"{who} {WORDS[outcome]} {of}",
        about,
        f"{who} <{about.email}> {WORDS[outcome]} {of}, of the branch {one_line(branch)}.",
        *([_quoted(text)] if text.strip() else []),
        f"The review: {page}",
        "On the command line:",
        _show(about),
        *([] if outcome == "rejected" else [f"sandbox promote d{about.number} --app {about.app}"]),
    )


def comments(about: About, branch: str, texts: Sequence[str], page: str) -> Written:
    """To whoever asked. `texts`: oldest first."""
    who, many = one_line(about.name), "a comment" if len(texts) == 1 else f"{len(texts)} comments"
    more = [f"And {len(texts) - _MOST_QUOTED} more."] if len(texts) > _MOST_QUOTED else []
    return _to_publisher(
        f"{who} made {many} on {about.app}",
        about,
        f"{who} <{about.email}> made {many} on {about.app}, branch {one_line(branch)}.",
        *(_quoted(text) for text in texts[:_MOST_QUOTED]),
        *more,
        f"With their places and pictures: {page}",
        "On the command line:",
        _show(about),
    )


def when(at: datetime, zone: str) -> str:
    """Such as "Monday, 9 March 2026, 13:00 (Europe/Berlin)"."""
    local = at.astimezone(ZoneInfo(zone or "UTC"))
    return f"{local:%A}, {local.day} {local:%B %Y}, {local:%H:%M} ({zone or 'UTC'})"


def _to_reviewer(subject: str, about: About, *paragraphs: str) -> Written:
    why = f"Sent by Sandbox at {about.control}, because {one_line(about.by)} gave your address there."
    return _written(subject, about.name, paragraphs, why)


def _to_publisher(subject: str, about: About, *paragraphs: str) -> Written:
    why = f"Sent by Sandbox at {about.control}, because you asked {one_line(about.name)} for this review."
    return _written(subject, about.by, paragraphs, why)


def _written(subject: str, to: str, paragraphs: Sequence[str], why: str) -> Written:
    text = "\n\n".join(_filled(part) for part in (f"Hello {one_line(to)},", *paragraphs))
    return Written(subject_line(subject), f"{text}\n\n-- \n{_filled(why)}\n")


def _show(about: About) -> str:
    return f"sandbox review show {about.review} --app {about.app}"


def _quoted(text: str) -> str:
    """Other people's words, marked as such."""
    line = one_line(text)
    return f"“{line if len(line) <= _LONGEST else line[: _LONGEST - 1] + '…'}”"


def _filled(paragraph: str) -> str:
    """In lines that every mail program shows; a link stays whole."""
    return fill(paragraph, 72, break_long_words=False, break_on_hyphens=False)
