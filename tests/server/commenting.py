"""Reviewers, and pictures that they give."""

import struct
import zlib
from datetime import timedelta
from itertools import count
from typing import Any

from tests.server.cast import APP
from tests.server.platform import Platform

from sandbox_server.auth.guests import Guest
from sandbox_server.operations.comments import list_comments
from sandbox_server.store import apps
from sandbox_server.store.tables_review import Review
from sandbox_server.wire_review import AnswerRequest, Comment, CommentRequest

_numbers = count(1)


async def a_guest(platform: Platform, branch: str = "main", name: str = "Rita", app: str = APP) -> Guest:
    """Somebody with a link of their own to the branch, good for a week."""
    now = platform.clock()
    async with platform.parts.store.write() as tx:
        row = await apps.get(tx, app)
        place = await apps.get_branch(tx, row, branch)
        review = Review(
            app_id=row.id or 0, branch_id=place.id or 0, deployment_id=place.current_id or 0, name=name,
            email=f"{name.lower()}@example.com", nonce="1", by="anna", created_at=now,
            expires_at=now + timedelta(days=7),
        )  # fmt: skip
        tx.add(review)
        await tx.flush()
    return Guest(
        review_id=review.id or 0, app=app, branch=branch, name=name, email=review.email,
        expires_at=review.expires_at, by="anna", title=app,
    )  # fmt: skip


def said(text: str = "The axis has no label.", **given: object) -> CommentRequest:
    """A new comment, with a key of its own."""
    return CommentRequest.model_validate({"key": a_key(), "text": text, **given})


def answered(text: str = "Mended.") -> AnswerRequest:
    return AnswerRequest(key=a_key(), text=text)


async def listed(platform: Platform, branch: str | None = None, **asked: Any) -> list[Comment]:
    """What is shown first."""
    return (await list_comments(platform.parts, APP, branch, **asked)).comments


async def told(platform: Platform) -> list[str]:
    """The history of comments."""
    return [line for line in await platform.history() if "comment." in line]


def a_key() -> str:
    return f"{next(_numbers):016x}"


def png(width: int = 2, height: int = 1, colour: int = 0) -> bytes:
    """A whole picture of one colour."""
    rows = (b"\x00" + bytes([colour]) * width * 3) * height
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
        + _chunk(b"IDAT", zlib.compress(rows))
        + _chunk(b"IEND", b"")
    )


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
