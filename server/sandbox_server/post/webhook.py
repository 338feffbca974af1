"""Each notice as JSON to a URL, such as the one of a chat's channel."""

import json
import ssl
from collections.abc import Sequence
from pathlib import Path

import anyio
import httpx

from sandbox_server.domain.telling import Message, check_webhook
from sandbox_server.post.base import NotSent

_PATIENCE = 15.0
"""Seconds, all in all."""
_GONE = (400, 401, 403, 404, 405, 410)


class Webhook:
    """Implements `Way`. The URL is a secret: whoever knows it may post."""

    name = "webhook"

    def __init__(self, url: str, ca_bundle: Path | None = None, patience: float = _PATIENCE) -> None:
        """Raises `ValueError` with words that hold no secret."""
        self._url = check_webhook(url)
        self._trust = ssl.create_default_context(cafile=str(ca_bundle) if ca_bundle else None)
        self._patience = patience

    def reaches(self, addresses: Sequence[str]) -> bool:  # noqa: ARG002
        return True

    async def send(self, message: Message, addresses: Sequence[str], number: int) -> None:
        said = {
            # Chats show this one; the rest is for programs.
            "text": _plain("\n\n".join(part for part in (message.text, message.hint, message.page) if part)),
            "notice": number,
            "app": message.app,
            "key": message.key,
            "state": message.state,
            "subject": message.subject,
            "hint": message.hint,
            "page": message.page,
            "owner": list(addresses),
            "at": message.at.isoformat(),
        }
        try:
            with anyio.fail_after(self._patience):
                status = await self._post(json.dumps(said).encode())
        except TimeoutError:
            raise NotSent(f"the webhook did not answer within {self._patience:g} s") from None
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            raise NotSent(f"the webhook cannot be reached: {type(error).__name__}") from None
        if not 200 <= status < 300:
            raise NotSent(f"the webhook answers with {status}", alone=status not in _GONE)

    async def _post(self, data: bytes) -> int:
        async with httpx.AsyncClient(verify=self._trust, timeout=self._patience) as client:
            headers = {"Content-Type": "application/json"}
            # The status is enough; an answer may be endless.
            async with client.stream("POST", self._url, content=data, headers=headers) as answer:
                return answer.status_code


def _plain(text: str) -> str:
    """Without what chats take for a link or for a call to everybody: apps' words may stand in it."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
