"""Doctor: look at every part, and say the remedy for what is wrong."""

import shutil

from sqlmodel import select

from sandbox_server import __version__
from sandbox_server.domain.instance import Scope, volume_name
from sandbox_server.errors import SandboxError, StoreUnavailable
from sandbox_server.operations import gates
from sandbox_server.operations.parts import Parts
from sandbox_server.operations.trouble import shown_size
from sandbox_server.store import apps, events
from sandbox_server.store.tables import App
from sandbox_server.wire import Finding

MOST_BOOKMARKS = 1024**3
"""Bytes of one volume; the runner holds it."""


async def examine(parts: Parts) -> list[Finding]:
    """One finding for each part, in the order in which they depend on each other."""
    return [
        Finding(part="server", status="ok", message=f"Sandbox {__version__} at {parts.settings.control_url}"),
        _disk(parts),
        await _database(parts),
        await _engine(parts),
        await _base(parts),
        await _proxy(parts),
        await _browser(parts),
        *await _bookmarks(parts),
        *await _reviewers(parts),
    ]


def _disk(parts: Parts) -> Finding:
    usage = shutil.disk_usage(parts.settings.home)
    words = f"{shown_size(usage.free)} free in {parts.settings.home}"
    if usage.free < 2 * parts.settings.disk_reserve:
        return Finding(
            part="disk", status="warning", message=words, remedy="Free space; uploads stop at the reserve."
        )
    return Finding(part="disk", status="ok", message=words)


async def _database(parts: Parts) -> Finding:
    try:
        async with parts.store.read() as tx:
            broken = await events.first_broken(tx)
    except StoreUnavailable as error:
        return Finding(
            part="database", status="failed", message=error.message,
            remedy="See that the server of SANDBOX_DATABASE runs and lets this one in; the server's log says why.",
        )  # fmt: skip
    if broken is not None:
        return Finding(
            part="database", status="failed", message=f"The history was altered at event {broken}.",
            remedy="Restore the database from a backup, and find out who wrote to it.",
        )  # fmt: skip
    return Finding(part="database", status="ok", message="The history is whole.")


async def _engine(parts: Parts) -> Finding:
    facts = await parts.runtime.facts()
    words = f"{facts.name} {facts.version}".strip()
    if not facts.version:
        return Finding(
            part="engine", status="failed", message=" ".join([words, *facts.notes]),
            remedy="Start the Docker engine: `systemctl start docker`, or run `make run` again.",
        )  # fmt: skip
    if facts.notes or not facts.healthy:
        return Finding(
            part="engine", status="warning" if facts.healthy else "failed",
            message=": ".join([words, " ".join(facts.notes)]),
            remedy="Load the kernel's bridge filter with `modprobe br_netfilter`, then restart the server: "
            "it puts its network and its firewall rule back.",
        )  # fmt: skip
    return Finding(part="engine", status="ok", message=words)


async def _base(parts: Parts) -> Finding:
    try:
        base = await parts.builder.base()
    except SandboxError as error:
        return Finding(part="base image", status="failed", message=error.message, remedy=error.hint)
    words = f"R {base.r_version} with {len(base.installed)} packages"
    return Finding(part="base image", status="ok", message=words)


async def _proxy(parts: Parts) -> Finding:
    facts = await parts.router.facts()
    words = f"{facts.name} {facts.version}".strip()
    if not facts.healthy:
        return Finding(
            part="proxy", status="failed", message="; ".join([words, *facts.notes]),
            remedy="The server starts it by itself; its log is in the server's home folder.",
        )  # fmt: skip
    return Finding(part="proxy", status="ok", message=words)


async def _browser(parts: Parts) -> Finding:
    if why := await parts.visitor.available():
        return Finding(
            part="browser", status="warning", message=f"{why} Smoke checks are skipped.",
            remedy="Install Chromium: `apt-get install chromium`.",
        )  # fmt: skip
    return Finding(part="browser", status="ok", message="Chromium")


async def _bookmarks(parts: Parts) -> list[Finding]:
    """Nothing on a server whose apps keep none; what the engine cannot tell, its own finding says."""
    try:
        volumes = await parts.runtime.volumes()
    except SandboxError:
        return []
    if not volumes:
        return []
    name, most = max(volumes.items(), key=lambda one: one[1])
    words = f"{shown_size(sum(volumes.values()))} in {len(volumes)} volumes; "
    words += f"the most, {shown_size(most)}, in {await _whose(parts, name)}"
    if most < 0.9 * MOST_BOOKMARKS:
        return [Finding(part="bookmarks", status="ok", message=words)]
    return [
        Finding(
            part="bookmarks", status="warning", message=words,
            remedy=f"At {shown_size(MOST_BOOKMARKS)} saving is refused: remove old folders from the volume {name}.",
        )
    ]  # fmt: skip


async def _reviewers(parts: Parts) -> list[Finding]:
    """Of apps whose gates demand reviews: authors who could accept their own pushes, and nobody would see it."""
    try:
        async with parts.store.read() as tx:
            told = {
                app.name: note
                for app in await apps.all_apps(tx)
                for note in await gates.not_known_authors(tx, app.id or 0)
            }
    except StoreUnavailable:
        return []
    return [
        Finding(
            part="reviewers", status="warning", message=f"{app}: {note}",
            remedy="Give every user that pushes a mail address: `sandboxd user email NAME ADDRESS`.",
        )
        for app, note in told.items()
    ]  # fmt: skip


async def _whose(parts: Parts, volume: str) -> str:
    try:
        async with parts.store.read() as tx:
            every = list(await tx.exec(select(App)))
    except StoreUnavailable:
        return volume
    names = {
        volume_name(parts.platform, app.id or 0, scope): f"{app.name} ({scope})"
        for app in every
        for scope in Scope
    }
    return names.get(volume, volume)
