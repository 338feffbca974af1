"""Differences: what was rendered for a release, beside what was reviewed in the sandbox."""

from pathlib import Path

from anyio import to_thread

from sandbox_server.domain.document_diff import difference
from sandbox_server.domain.instance import Scope
from sandbox_server.errors import BadBundle
from sandbox_server.operations.parts import Parts
from sandbox_server.store import Outputs, outputs
from sandbox_server.store.tables import Output, Release

_MOST = 32 * 1024 * 1024
"""Bytes of pages that are compared by their text."""
_NAMES = ("reviewed", "released")


async def of_release(parts: Parts, release: Release) -> str:
    """A unified difference, worked out when it is first asked for; empty without one, or without a document."""
    if release.output_id is None:
        return ""
    async with parts.store.read() as tx:
        after = await tx.get_one(Output, release.output_id)
        before = await outputs.latest(tx, release.deployment_id, Scope.sandbox, until=release.created_at)
    if before is None or before.digest == after.digest:
        return ""
    path = parts.outputs.difference_path(before.digest, after.digest)
    async with parts.outputs.alone(path):
        return await to_thread.run_sync(_between, parts.outputs, before.digest, after.digest, path)


def _between(kept: Outputs, before: str, after: str, path: Path) -> str:
    if path.exists():
        return path.read_text()
    if not (kept.has(before) and kept.has(after)):
        return ""
    try:
        text = difference(kept.files(before, _MOST), kept.files(after, _MOST), _NAMES)
    except BadBundle:
        text = "They cannot be compared: an output holds more than plain files."
    _write(path, text)
    return text


def _write(path: Path, text: str) -> None:
    draft = path.with_suffix(".draft")
    draft.write_text(text)
    draft.replace(path)
