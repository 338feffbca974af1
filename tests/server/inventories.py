"""Package lists for tests: a base with Shiny, Debian's zoo, and one from a repository."""

from sandbox_server.operations.parts import Parts
from sandbox_server.store import apps, deployments
from sandbox_server.wire_packages import Package

CRAN = "https://cloud.r-project.org"
LISTED = [
    Package(name="shiny", version="1.10.0", source="base", wanted=True, needs=["zoo", "leaflet", "stats"]),
    Package(name="stats", version="4.5.0", source="base"),
    Package(name="zoo", version="1.8-14", source="Debian r-cran-zoo 1.8-14-1"),
    Package(name="leaflet", version="2.2.2", source=CRAN, hash="sha256:" + "7" * 64),
]


async def give(parts: Parts, app: str, number: int, listed: list[Package], **values: object) -> str:
    """The deployment has this package list, as if it had been built so; the list's digest."""
    digest = parts.inventories.put(listed)
    async with parts.store.write() as tx:
        row = await deployments.get(tx, await apps.get(tx, app), number)
        assert row.id is not None
        await deployments.note(tx, row.id, inventory=digest, **values)
    return digest


def with_version(name: str, version: str) -> list[Package]:
    """The same list, but for one version."""
    return [row.model_copy(update={"version": version}) if row.name == name else row for row in LISTED]
