"""The control loop: what is follows what is intended."""

import logging

from sandbox_server.errors import SandboxError
from sandbox_server.operations import edge
from sandbox_server.operations.collect import collect
from sandbox_server.operations.parts import Parts
from sandbox_server.operations.reconcile import reconcile

log = logging.getLogger(__name__)

_COLLECT_EVERY = 60.0


async def prepare(parts: Parts) -> None:
    """Network and firewall, then the edge: before any traffic, and again whenever one of them came back."""
    parts.subnet = await parts.runtime.prepare()
    await parts.router.prepare(await edge.wanted(parts))
    parts.written = None


async def keep_in_step(parts: Parts) -> None:
    """Until cancelled: reconcile after each change and now and then; what is not there is waited for."""
    prepared = False
    complained = ""
    collected = 0.0
    async for _ in parts.bell.rings(every=parts.settings.reconcile_every):
        try:
            if not prepared:
                await prepare(parts)
            await reconcile(parts)
            prepared, complained = True, ""
            if parts.monotonic() - collected > _COLLECT_EVERY:
                collected = parts.monotonic()
                await collect(parts)
        except SandboxError as error:
            prepared = False
            if error.message != complained:
                complained = error.message
                log.warning("%s", error.message)
        except Exception:
            log.exception("a round of the control loop failed")
