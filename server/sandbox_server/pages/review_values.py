"""What the reviewer's page is made from."""

from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from typing import Annotated, Any, Final, get_args

from fastapi import Depends

from sandbox_server.auth.guests import Guest
from sandbox_server.domain import signature
from sandbox_server.operations import reviewing
from sandbox_server.pages.dependencies import CallerIfAny, LinkGuest, PartsOf
from sandbox_server.pages.rendering import fragment
from sandbox_server.wire_review import Comment, Outcome

LIVE: Final = ("newer", "comments", "verdict")
"""Parts of the page that change while it is open: `fragments/review_<name>.html` in the place of that name."""


@dataclass
class Visit:
    """Somebody came with a link."""

    guest: LinkGuest
    caller: CallerIfAny
    """Who is logged in on this browser, if anybody."""
    parts: PartsOf
    token: str

    async def values(self, version: int | None, before: int | None = None) -> dict[str, Any]:
        """Of the test version of this number, or of the newest; comments older than the one with the id `before`."""
        v = await reviewing.shown(self.parts, self.guest, version)
        return {
            "v": v,
            "s": await reviewing.said(self.parts, self.guest, v.number, self.caller, before),
            "guest": self.guest,
            "token": self.token,
            "who": self.caller,
            "before": before,
            "key_of": partial(_key, self.guest),
            "meaning": {one: signature.meaning(one, v.number, self.guest.title) for one in get_args(Outcome)},
        }

    async def fragments(self, version: int) -> dict[str, str]:
        """What changes while the page is open."""
        values = await self.values(version)
        return {name: fragment(f"review_{name}.html", **values) for name in LIVE}


Visiting = Annotated[Visit, Depends()]


def _key(guest: Guest, one: Comment) -> str:
    """Of the next answer to it, for browsers without scripts: the same until there is one, so that it comes once."""
    return sha256(f"{guest.review_id} {one.id} {one.answered}".encode()).hexdigest()
