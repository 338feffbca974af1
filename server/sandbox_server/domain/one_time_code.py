"""One-time codes: made from the link and the moment, so that nothing of them is kept. Pure rules."""

import hmac
from collections.abc import Sequence
from datetime import datetime, timedelta

from sandbox_server.domain.review_link import Sign

VALID = timedelta(minutes=10)
TRIES = 5
"""Wrong answers that a code bears."""
_DIGITS = 8
"""So many that codes may soon be had again: whoever guesses at all of a week's is right once in 30,000 weeks."""
_PAUSE = timedelta(minutes=1)
_AT_ONCE = 3
"""Codes in an hour that come after the short pause; all others after the long one."""
_LONG_PAUSE = timedelta(minutes=15)
_HOUR = timedelta(hours=1)


def code(sign: Sign, link: int, nonce: str, made_at: datetime) -> str:
    """Eight digits."""
    said = sign(f"code {link} {nonce} {made_at.timestamp()!r}")
    return f"{int(said, 16) % 10**_DIGITS:0{_DIGITS}}"


def is_code(given: str, right: str) -> bool:
    """Spaces are no part of it: people copy them along, and type them between."""
    return hmac.compare_digest("".join(given.split()).encode(), right.encode())


def is_alive(made_at: datetime | None, tries: int, now: datetime) -> bool:
    """Whether the newest code can still be given. A time to come is one of a clock that was put back."""
    return made_at is not None and timedelta() <= now - made_at < VALID and tries < TRIES


def wait(made: Sequence[datetime], now: datetime) -> timedelta:
    """How long until another one may be made; nothing, if one may now.

    Whoever got a link forwarded can use codes up, but not for long: never is it more than a quarter of an hour.
    """
    past = sorted(at for at in made if timedelta() <= now - at < _HOUR)
    if not past:
        return timedelta()
    pause = _PAUSE if len(past) < _AT_ONCE else _LONG_PAUSE
    return max(timedelta(), past[-1] + pause - now)


def remembered(made: Sequence[datetime], now: datetime) -> list[datetime]:
    """Those that still count, and the one that is made now."""
    return [*(at for at in made if timedelta() <= now - at < _HOUR), now]
