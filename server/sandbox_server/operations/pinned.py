"""What is kept beside a comment's words: where it is, how it looked, what the app said in that minute."""

import logging
from datetime import datetime, timedelta
from typing import Any

import anyio

from sandbox_server.auth.guests import Guest
from sandbox_server.domain import comment as rules
from sandbox_server.domain.instance import Scope
from sandbox_server.errors import SandboxError, TooMany
from sandbox_server.operations.commenters import Who
from sandbox_server.operations.logs import read_log
from sandbox_server.operations.parts import Parts
from sandbox_server.store import comments
from sandbox_server.wire import LogLine
from sandbox_server.wire_review import Place

log = logging.getLogger(__name__)

_MINUTE = timedelta(minutes=1)
_LINES = 200
_LARGEST = 64 * 1024
"""Bytes of all lines that are kept with a comment."""
_LONGEST = 4096
"""Characters of one line."""
PATIENCE = 5.0
"""Seconds for a log: nobody waits longer to have said something."""


def place(given: Place) -> dict[str, Any]:
    """As it is kept. Raises `BadRequest` for what could lead out of the app, or is too much."""
    kept = given.model_copy(update={"url": rules.path_of(given.url), "inputs": rules.inputs_of(given.inputs)})
    return kept.model_dump()


async def minute(parts: Parts, app: str, number: int, now: datetime) -> list[dict[str, Any]]:
    """The sandbox's lines of the minute that ends now, the newest that fit. A log that cannot be read costs no comment.

    What the release's users did in that minute, if the deployment is also live, is no part of a review.
    """
    try:
        with anyio.fail_after(PATIENCE):
            lines = await read_log(parts, app, number, "run", tail=_LINES, scope=Scope.sandbox)
    except (SandboxError, OSError, ValueError, TimeoutError) as error:
        log.warning("the log of %s d%d cannot be read for a comment: %s", app, number, type(error).__name__)
        lines = [LogLine(time=now, stream="platform", text="The log could not be read at that time.")]
    return _newest([line for line in lines if line.time >= now - _MINUTE])


async def picture(parts: Parts, who: Who, data: bytes) -> str:
    """Keep what was given; its digest. Raises `TooMany` and `StorageFull`."""
    if isinstance(who, Guest):
        async with parts.store.read() as tx:
            known = await comments.pictures_of(tx, who.review_id)
        if await parts.pictures.size(known) + len(data) > rules.MOST_PICTURES:
            raise TooMany(
                f"By this link {rules.MOST_PICTURES // 2**20} MB of pictures have come, as many as one may send.",
                "Send the comment without a picture.",
            )
    return await parts.pictures.keep(data)


def _newest(lines: list[LogLine]) -> list[dict[str, Any]]:
    kept: list[dict[str, Any]] = []
    room = _LARGEST
    for line in reversed(lines):
        text = line.text[:_LONGEST]
        room -= len(text.encode(errors="replace"))
        if room < 0:
            break
        kept.append(line.model_copy(update={"text": text}).model_dump(mode="json"))
    return kept[::-1]
