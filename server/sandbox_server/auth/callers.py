"""From a secret to a person."""

from dataclasses import dataclass, field
from datetime import datetime

from sandbox_server.store import Store, users


@dataclass(frozen=True)
class Caller:
    """The person behind a request; every event carries this name."""

    user: str
    admin: bool
    token_id: int | None = field(default=None, compare=False)
    """The token that speaks for this person."""


PLATFORM = Caller("platform", admin=True)
"""What the platform does by itself is signed with this name."""


async def caller_of_token(store: Store, token: str, now: datetime) -> Caller | None:
    """For the API; also notes that the token was used, at most once an hour."""
    async with store.read() as tx:
        found = await users.owner(tx, users.Kind.token, token, now)
    if found is None:
        return None
    user, credential = found
    if credential.used_at is None or (now - credential.used_at).total_seconds() > 3600:
        async with store.write() as tx:
            credential.used_at = now
            await tx.merge(credential)
    return Caller(user.name, user.admin, credential.id)


async def caller_of_session(store: Store, secret: str, now: datetime) -> Caller | None:
    """For the pages."""
    async with store.read() as tx:
        found = await users.owner(tx, users.Kind.session, secret, now)
    return Caller(found[0].name, found[0].admin) if found else None
