"""Who I am, my tokens, and how the platform feels."""

from fastapi import APIRouter

from sandbox_server import __version__
from sandbox_server.api.dependencies import Anyone, Member, PartsOf
from sandbox_server.operations import doctor, login
from sandbox_server.wire import Finding, Removed
from sandbox_server.wire_people import Limits, LoginLink, Me, Token, TokenRequest

router = APIRouter(tags=["people"])


@router.get("/health")
async def health(_: Anyone) -> dict[str, str]:
    return {"status": "ok", "version": __version__}


@router.get("/me")
async def me(caller: Member, parts: PartsOf) -> Me:
    settings = parts.settings
    limits = Limits(bundle=settings.bundle_limit, unpacked=settings.unpacked_limit, files=settings.file_limit)
    return Me(
        user=caller.user, admin=caller.admin, version=__version__, url=settings.control_url, limits=limits
    )


@router.get("/tokens")
async def list_tokens(caller: Member, parts: PartsOf) -> list[Token]:
    return await login.list_tokens(parts, caller)


@router.post("/tokens", status_code=201)
async def create_token(caller: Member, parts: PartsOf, request: TokenRequest) -> Token:
    return await login.create_token(parts, caller, request)


@router.delete("/tokens/{name}")
async def remove_token(caller: Member, parts: PartsOf, name: str) -> Removed:
    await login.remove_token(parts, caller, name)
    return Removed(removed=[f"token {name}"])


@router.post("/login-links", status_code=201)
async def make_login_link(caller: Member, parts: PartsOf) -> LoginLink:
    return await login.make_link(parts, caller)


@router.get("/doctor")
async def examine(_: Member, parts: PartsOf) -> list[Finding]:
    return await doctor.examine(parts)
