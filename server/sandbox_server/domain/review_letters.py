"""Letters to reviewers: short, in plain text, and with no word that only publishers know. Pure."""

from dataclasses import dataclass, field
from datetime import datetime
from textwrap import fill
from zoneinfo import ZoneInfo

from sandbox_server.domain.one_time_code import VALID
from sandbox_server.domain.telling import one_line, subject_line


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


def invitation(about: About, url: str, until: datetime, zone: str) -> Written:
    title, by = one_line(about.title), one_line(about.by)
    return _signed(
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
    return _signed(
        f"Your code for {title}",
        about,
        f"{digits} is your code for the verdict on {title} (test version {about.number}). "
        f"It is good for {VALID.total_seconds() / 60:.0f} minutes.",
        "If you did not ask for a code, somebody else has your link. "
        f"Do not give them the code, and tell {by}.",
    )


def when(at: datetime, zone: str) -> str:
    """Such as "Monday, 9 March 2026, 13:00 (Europe/Berlin)"."""
    local = at.astimezone(ZoneInfo(zone or "UTC"))
    return f"{local:%A}, {local.day} {local:%B %Y}, {local:%H:%M} ({zone or 'UTC'})"


def _signed(subject: str, about: About, *paragraphs: str) -> Written:
    why = f"Sent by Sandbox at {about.control}, because {one_line(about.by)} gave your address there."
    text = "\n\n".join(_filled(part) for part in (f"Hello {one_line(about.name)},", *paragraphs))
    return Written(subject_line(subject), f"{text}\n\n-- \n{_filled(why)}\n")


def _filled(paragraph: str) -> str:
    """In lines that every mail program shows; a link stays whole."""
    return fill(paragraph, 72, break_long_words=False, break_on_hyphens=False)
