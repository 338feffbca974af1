"""One-time codes: made from the link and the moment, so that nothing of them is kept. Pure rules."""

import hmac
from collections.abc import Sequence
from datetime import datetime, timedelta

from sandbox_server.domain.review_link import Sign

VALID = timedelta(minutes=10)
TRIES = 5
"""Wrong answers that a code bears."""
_DIGITS = 6
_PAUSE = timedelta(minutes=1)
_LIMITS = ((timedelta(hours=1), 5), (timedelta(days=1), 20))
"""How many codes in which time: a guess is right once in 200,000 codes."""


def code(sign: Sign, link: int, nonce: str, made_at: datetime) -> str:
    """Six digits."""
    said = sign(f"code {link} {nonce} {made_at.timestamp()!r}")
    return f"{int(said, 16) % 10**_DIGITS:0{_DIGITS}}"


def is_code(given: str, right: str) -> bool:
    """Spaces are no part of it: people copy them along, and type them between."""
    return hmac.compare_digest("".join(given.split()).encode(), right.encode())


def is_alive(made_at: datetime | None, tries: int, now: datetime) -> bool:
    """Whether the newest code can still be given. A time to come is one of a clock that was put back."""
    return made_at is not None and timedelta() <= now - made_at < VALID and tries < TRIES


def wait(made: Sequence[datetime], now: datetime) -> timedelta:
    """How long until another one may be made; nothing, if one may now."""
    past = sorted(at for at in made if at <= now)
    free = [past[-1] + _PAUSE] if past else []
    for span, most in _LIMITS:
        within = [at for at in past if now - at < span]
        free += [within[-most] + span] if len(within) >= most else []
    return max([timedelta(), *(at - now for at in free)])


def remembered(made: Sequence[datetime], now: datetime) -> list[datetime]:
    """Those that still count, and the one that is made now."""
    return [*(at for at in made if timedelta() <= now - at < _LIMITS[-1][0]), now]
