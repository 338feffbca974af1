"""Log in and out of the pages; tokens for the command line and for machines."""

from datetime import datetime, timedelta

from sqlmodel.ext.asyncio.session import AsyncSession

from sandbox_server.auth import Caller
from sandbox_server.domain.telling import is_address
from sandbox_server.errors import BadRequest, NotFound, Unauthorized
from sandbox_server.operations.parts import Parts
from sandbox_server.store import events, users
from sandbox_server.store.tables import Credential, User
from sandbox_server.wire_people import LoginLink, Token, TokenRequest

SESSION = timedelta(days=14)
LINK = timedelta(minutes=30)


async def sign_in_with_token(parts: Parts, token: str) -> str:
    """A session's secret for the cookie. Raises `Unauthorized`."""
    return await _sign_in(parts, users.Kind.token, token)


async def sign_in_with_link(parts: Parts, secret: str) -> str:
    """The same for a one-time link, which is used up by it. Raises `Unauthorized`."""
    return await _sign_in(parts, users.Kind.link, secret)


async def owner_of_link(parts: Parts, secret: str) -> str | None:
    """Whose login link it is, without using it up; None if it is used, expired or unknown."""
    async with parts.store.read() as tx:
        found = await users.owner(tx, users.Kind.link, secret, parts.clock())
    return found[0].name if found else None


async def sign_out(parts: Parts, secret: str) -> None:
    """The session of this secret is over; nothing, if it was already."""
    now = parts.clock()
    async with parts.store.write() as tx:
        found = await users.owner(tx, users.Kind.session, secret, now)
        if found is not None:
            user, session = found
            await tx.delete(session)
            await events.record(tx, at=now, by=user.name, action="user.logged_out", subject=user.name)


async def make_link(parts: Parts, caller: Caller) -> LoginLink:
    """A link that logs its first user in as the caller, within half an hour."""
    now = parts.clock()
    async with parts.store.write() as tx:
        user = await users.find(tx, caller.user)
        if user is None:
            raise NotFound("This user is gone.")
        secret, row = await users.issue(
            tx, user, users.Kind.link, now=now, expires_at=now + LINK, token_id=caller.token_id
        )
        await events.record(tx, at=now, by=caller.user, action="link.created", subject=caller.user)
    return LoginLink(url=f"{parts.settings.control_url}/login/{secret}", expires_at=row.expires_at or now)


async def add_user(parts: Parts, name: str, *, admin: bool, email: str = "") -> str:
    """A new user's first token. Raises `BadRequest` if there is one of that name or address."""
    now = parts.clock()
    async with parts.store.write() as tx:
        address = await _free_address(tx, name, email)
        user = await users.add(tx, name, admin=admin, now=now, email=address)
        secret, _ = await users.issue(tx, user, users.Kind.token, name="first", now=now, expires_at=None)
        await events.record(tx, at=now, by="platform", action="user.added", subject=name)
    return secret


async def set_email(parts: Parts, name: str, email: str) -> str:
    """The address by which reviews know this user; empty: none. Asked for on the server itself. Raises `BadRequest`,
    `NotFound`."""
    async with parts.store.write() as tx:
        user = await _user(tx, name)
        before, user.email = user.email, await _free_address(tx, name, email)
        tx.add(user)
        if user.email != before:
            await events.record(
                tx,
                at=parts.clock(),
                by="platform",
                action="user.email",
                subject=name,
                old=before,
                new=user.email,
            )
        return user.email


async def recover_token(parts: Parts, name: str) -> str:
    """One more token for a user, asked for on the server itself. Raises `NotFound`."""
    now = parts.clock()
    async with parts.store.write() as tx:
        user = await _user(tx, name)
        label = f"recovered {now:%Y-%m-%d %H:%M:%S}"
        secret, _ = await users.issue(tx, user, users.Kind.token, name=label, now=now, expires_at=None)
        await events.record(tx, at=now, by="platform", action="token.created", subject=name)
    return secret


async def create_token(parts: Parts, caller: Caller, request: TokenRequest) -> Token:
    now = parts.clock()
    expires = now + timedelta(days=request.days) if request.days else None
    async with parts.store.write() as tx:
        user = await users.find(tx, caller.user)
        if user is None:
            raise NotFound("This user is gone.")
        if any(token.name == request.name for token in await users.tokens(tx, caller.user)):
            raise BadRequest(f"You have a token {request.name!r} already.", "Choose another name.")
        secret, row = await users.issue(
            tx, user, users.Kind.token, name=request.name, now=now, expires_at=expires
        )
        await events.record(tx, at=now, by=caller.user, action="token.created", subject=request.name)
    return _shown(row, secret)


async def list_tokens(parts: Parts, caller: Caller) -> list[Token]:
    async with parts.store.read() as tx:
        return [_shown(row) for row in await users.tokens(tx, caller.user)]


async def remove_token(parts: Parts, caller: Caller, name: str) -> None:
    """Raises `NotFound`."""
    async with parts.store.write() as tx:
        await users.remove_token(tx, caller.user, name)
        await events.record(tx, at=parts.clock(), by=caller.user, action="token.removed", subject=name)


async def _sign_in(parts: Parts, kind: users.Kind, secret: str) -> str:
    now = parts.clock()
    async with parts.store.write() as tx:
        found = await users.owner(tx, kind, secret, now)
        if found is None:
            raise _refused(kind)
        user, credential = found
        token: Credential | None = credential
        if kind is users.Kind.link:
            token = await tx.get(Credential, credential.token_id) if credential.token_id else None
            await tx.delete(credential)
        session, _ = await users.issue(
            tx, user, users.Kind.session, now=now, expires_at=_until(now, token),
            token_id=token.id if token else None,
        )  # fmt: skip
        await events.record(tx, at=now, by=user.name, action="user.logged_in", subject=user.name)
    return session


async def _user(tx: AsyncSession, name: str) -> User:
    """Raises `NotFound`."""
    user = await users.find(tx, name)
    if user is None:
        raise NotFound(f"There is no user {name!r}.", "Add one: `sandboxd user add NAME`.")
    return user


async def _free_address(tx: AsyncSession, name: str, email: str) -> str:
    """Two users with one address would be one person to reviews. Raises `BadRequest`."""
    address = email.strip()
    if address and not is_address(address):
        raise BadRequest(f"{address[:80]!r} is not a mail address.", "Give one, such as ann@example.org.")
    other = await users.with_email(tx, address) if address else None
    if other is not None and other.name != name:
        raise BadRequest(
            f"{address} is the address of {other.name!r}.", "A person has one user: give that one a token."
        )
    return address


def _refused(kind: users.Kind) -> Unauthorized:
    if kind is users.Kind.link:
        return Unauthorized(
            "This link was used before or has expired.", "Get a new one: `sandbox open --page`."
        )
    return Unauthorized(
        "This token is not valid, or it has expired.", "Get one on the server: `sandboxd user token NAME`."
    )


def _until(now: datetime, token: Credential | None) -> datetime:
    """A login does not outlive the token that it came from."""
    ends = now + SESSION
    return min(ends, token.expires_at) if token and token.expires_at else ends


def _shown(row: Credential, secret: str | None = None) -> Token:
    return Token(
        name=row.name, created_at=row.created_at, expires_at=row.expires_at, used_at=row.used_at, token=secret
    )
