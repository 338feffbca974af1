"""Users and their credentials. A secret is stored as its SHA-256: it has 256 bits of its own, no salt is needed."""

import hashlib
import secrets
from datetime import datetime
from enum import StrEnum

from sqlmodel import col, delete, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from sandbox_server.domain.person import person
from sandbox_server.errors import BadRequest, NotFound
from sandbox_server.store.tables import Credential, User


class Kind(StrEnum):
    token = "token"  # noqa: S105 - a kind, no secret
    """For the API."""
    session = "session"
    """For the pages, in a cookie."""
    link = "link"
    """Becomes a session once."""


async def find(tx: AsyncSession, name: str) -> User | None:
    return (await tx.exec(select(User).where(User.name == name))).first()


async def with_email(tx: AsyncSession, email: str) -> User | None:
    """Whose mail address it is, however it is written."""
    found = await tx.exec(select(User).where(User.email != ""))
    return next((one for one in found if person(one.email) == person(email)), None)


async def add(tx: AsyncSession, name: str, *, admin: bool, now: datetime, email: str = "") -> User:
    """Raises `BadRequest` if the name is taken or not a name."""
    if not name or len(name) > 60 or not name.isprintable():
        raise BadRequest("A user's name has 1 to 60 printable characters.")
    if await find(tx, name):
        raise BadRequest(f"There is a user {name!r} already.", "Make a token: `sandboxd user token NAME`.")
    user = User(name=name, admin=admin, email=email, created_at=now)
    tx.add(user)
    await tx.flush()
    return user


async def mails(tx: AsyncSession) -> dict[str, str]:
    """Mail addresses by user, as far as they are known."""
    return dict((await tx.exec(select(User.name, User.email).where(User.email != ""))).all())


async def issue(
    tx: AsyncSession,
    user: User,
    kind: Kind,
    *,
    name: str = "",
    now: datetime,
    expires_at: datetime | None,
    token_id: int | None = None,
) -> tuple[str, Credential]:
    """A new secret and its row. The secret is not kept and can be shown this once only."""
    assert user.id is not None
    secret = f"sbx_{secrets.token_urlsafe(32)}"
    row = Credential(
        user_id=user.id, kind=kind, name=name, hash=hash_of(secret), token_id=token_id,
        created_at=now, expires_at=expires_at,
    )  # fmt: skip
    tx.add(row)
    await tx.flush()
    return secret, row


async def owner(tx: AsyncSession, kind: Kind, secret: str, now: datetime) -> tuple[User, Credential] | None:
    """Whose secret it is; None if it is unknown, of another kind or expired."""
    query = (
        select(User, Credential)
        .join(Credential, col(Credential.user_id) == col(User.id))
        .where(
            Credential.hash == hash_of(secret),
            Credential.kind == kind,
            or_(col(Credential.expires_at).is_(None), col(Credential.expires_at) > now),
        )
    )
    return (await tx.exec(query)).first()


async def tokens(tx: AsyncSession, user_name: str) -> list[Credential]:
    query = (
        select(Credential)
        .join(User, col(Credential.user_id) == col(User.id))
        .where(User.name == user_name, Credential.kind == Kind.token)
        .order_by(col(Credential.id))
    )
    return list(await tx.exec(query))


async def remove_token(tx: AsyncSession, user_name: str, name: str) -> None:
    """And all logins that came from it. Raises `NotFound`."""
    row = next((token for token in await tokens(tx, user_name) if token.name == name), None)
    if row is None:
        raise NotFound(f"You have no token {name[:60]!r}.", "See them: `sandbox token ls`.")
    await tx.delete(row)
    await tx.flush()


async def forget_expired(tx: AsyncSession, now: datetime) -> None:
    expired = (col(Credential.expires_at) <= now, col(Credential.kind) != Kind.token)
    await tx.exec(delete(Credential).where(*expired))


def hash_of(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
