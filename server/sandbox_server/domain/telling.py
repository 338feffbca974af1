"""Telling an owner: to whom, in which words, and when again if it did not work. Pure rules."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal
from urllib.parse import unquote, urlsplit

Side = Literal["opened", "settled"]

_FIRST_PAUSE = 30.0
_LONGEST_PAUSE = 3600.0
_GIVES_UP = timedelta(days=1)
_MOST_ADDRESSES = 5
_ADDRESS = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)*[A-Za-z0-9-]{1,63}"
)
_LONGEST_SUBJECT = 150
_FAULTS = ("availability", "crash", "hang")
"""First words of the keys of what has worked and will work again."""
_PORTS = {"smtp": 25, "smtps": 465}


@dataclass(frozen=True)
class MailServer:
    """Where mail is handed in."""

    host: str
    port: int
    tls: bool
    """From the first byte; else as soon as the server offers it."""
    user: str = ""
    password: str = field(default="", repr=False)


@dataclass(frozen=True)
class Progress:
    """How far telling got on one way; times are in ISO form, so that it fits into a row."""

    opened: str = ""
    """When the trouble was told."""
    settled: str = ""
    """When its end was told."""
    failures: int = 0
    """In a row."""
    next: str = ""
    """Not before."""
    gave_up: str = ""
    """Why nothing more is tried."""

    @classmethod
    def of(cls, told: Mapping[str, Any], way: str) -> "Progress":
        return cls(**told.get(way, {}))

    def dump(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Message:
    """What is said; the same by mail and by webhook."""

    app: str
    key: str
    state: Side
    subject: str
    text: str
    hint: str
    page: str
    """Where to look."""
    at: datetime


def side(progress: Progress, settled: bool) -> Side | None:
    """What is to be told now on this way; None if nothing is left. The end of what nobody heard of is no news."""
    if progress.gave_up:
        return None
    if settled:
        return "settled" if progress.opened and not progress.settled else None
    return None if progress.opened else "opened"


def is_due(progress: Progress, now: datetime) -> bool:
    """A time that lies further off than the longest pause is one of a clock that was put back."""
    if not progress.next:
        return True
    later = datetime.fromisoformat(progress.next)
    return later <= now or later > now + timedelta(seconds=2 * _LONGEST_PAUSE)


def succeeded(progress: Progress, told: Side, now: datetime) -> Progress:
    opened, settled = progress.opened, progress.settled
    if told == "opened":
        return Progress(opened=now.isoformat(), settled=settled)
    return Progress(opened=opened, settled=now.isoformat())


def failed(progress: Progress, why: str, since: datetime, now: datetime, *, final: bool = False) -> Progress:
    """After ever longer pauses it is tried again, until a day has gone by since it was to be told."""
    failures = progress.failures + 1
    over = final or now - since >= _GIVES_UP
    pause = min(_FIRST_PAUSE * 2 ** (failures - 1), _LONGEST_PAUSE)
    return Progress(
        opened=progress.opened,
        settled=progress.settled,
        failures=failures,
        next=(now + timedelta(seconds=pause)).isoformat(),
        gave_up=why if over else "",
    )


def addresses(owner: str) -> list[str]:
    """The mail addresses that an app's `owner` names, as `Name <mail>` or bare; anything else in it is a name."""
    words = [*re.findall(r"<([^<>]*)>", owner), *re.split(r"[\s,;()\"]+", re.sub(r"<[^<>]*>", " ", owner))]
    good = [word for word in words if is_address(word)]
    return list(dict.fromkeys(good))[:_MOST_ADDRESSES]


def message(*, app: str, key: str, text: str, hint: str, page: str, told: Side, at: datetime) -> Message:
    """`text` is a notice's; its first line says what it is about."""
    first, _, rest = text.strip().partition("\n")
    if told == "settled":
        over = "It works again." if key.partition(" ")[0] in _FAULTS else "This is settled."
        subject = subject_line(f"{app}: {over[0].lower()}{over[1:-1]}")
        return Message(app, key, told, subject, f"{over} It was: {first}", "", page, at)
    subject = first if app in first else f"{app}: {first}"
    return Message(app, key, told, subject_line(subject), f"{first}\n{rest}".strip(), hint, page, at)


def body(message: Message, control: str) -> str:
    """A whole mail or chat message, in plain text."""
    parts = [message.text, message.hint, f"The app's page: {message.page}"]
    why = f"This was sent by Sandbox at {control}, because the app's sandbox.toml names you as its owner."
    return "\n\n".join([*(part for part in parts if part), f"-- \n{why}"]) + "\n"


def mail_server(url: str) -> MailServer:
    """From smtp://USER:PASSWORD@HOST:PORT, or smtps. Raises `ValueError` with words that hold no secret."""
    parts = urlsplit(url)
    if parts.scheme not in _PORTS or not parts.hostname or parts.path not in ("", "/"):
        raise ValueError("write it as smtp://USER:PASSWORD@HOST:PORT, or with smtps")
    try:
        port = parts.port or _PORTS[parts.scheme]
    except ValueError:
        raise ValueError("its port is no number between 1 and 65535") from None
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    return MailServer(parts.hostname, port, parts.scheme == "smtps", user, password)


def check_webhook(url: str) -> str:
    """The same URL. Raises `ValueError` with words that hold no secret."""
    if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
        raise ValueError("write it as https://HOST/…")
    return url


def is_address(text: str) -> bool:
    """Whether it is one mail address and nothing else."""
    return len(text) <= 254 and bool(_ADDRESS.fullmatch(text))


def subject_line(text: str) -> str:
    """One line, not too long for a mail's header."""
    line = one_line(text)
    return line if len(line) <= _LONGEST_SUBJECT else line[: _LONGEST_SUBJECT - 1] + "…"


def one_line(text: str) -> str:
    """On one line, without what a header could be broken with."""
    return " ".join("".join(one if one.isprintable() else " " for one in text).split())
