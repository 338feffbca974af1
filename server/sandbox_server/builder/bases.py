"""Which base images the machine has, and removing one."""

from dataclasses import dataclass
from datetime import UTC, datetime

import anyio.to_thread
from docker import APIClient
from docker.errors import APIError

from sandbox_server.builder import recipe
from sandbox_server.builder.base_extras import NONE, Extras
from sandbox_server.builder.base_image import BASE_LABEL, RECIPE_LABEL, REPOSITORY, recipe_digest
from sandbox_server.builder.engine import Engine
from sandbox_server.errors import Conflict, NotFound


@dataclass(frozen=True)
class BaseImage:
    """A base image on this machine; `tag` is empty when a newer one has taken its name."""

    id: str
    tag: str
    size: int
    created: datetime
    outdated: bool = False
    """An earlier version's recipe made it, or other extras were laid over it."""


async def list_bases(engine: Engine, extras: Extras = NONE) -> list[BaseImage]:
    """The bases on this machine, newest first; those that an administrator built upon are not ours to list.

    `extras` are those that a base made now would have.
    """
    wanted = await anyio.to_thread.run_sync(recipe_digest, extras)
    found = await engine.call(lambda client: client.images(filters={"label": f"{BASE_LABEL}=1"}))
    bases = [
        BaseImage(
            id=image["Id"],
            tag=next((tag for tag in image["RepoTags"] or [] if tag.startswith(f"{REPOSITORY}:")), ""),
            size=image["Size"],
            created=datetime.fromtimestamp(image["Created"], UTC),
            outdated=image["Labels"].get(RECIPE_LABEL) != wanted,
        )
        for image in found
        if image["Labels"].get(recipe.ROLE) == "base" and _is_ours(image["RepoTags"] or [])
    ]
    return sorted(bases, key=lambda base: base.created, reverse=True)


async def remove_base(engine: Engine, name: str) -> None:
    """Remove a base by Id or tag. Raises `NotFound`, and `Conflict` while images of any platform stand on it."""
    base = next((base for base in await list_bases(engine) if name in _names(base)), None)
    if base is None:
        raise NotFound(f"There is no base image {name}.", "Run `sandboxd base list`.")
    if not await engine.call(lambda client: _remove(client, base)):
        raise Conflict(f"The base image {name} is in use.", "Remove the apps on it first.")


def _is_ours(tags: list[str]) -> bool:
    # Whoever builds on a base with the docker command inherits its labels, under another name.
    return not tags or any(tag.startswith(f"{REPOSITORY}:") for tag in tags)


def _names(base: BaseImage) -> set[str]:
    short = base.id.removeprefix("sha256:")[:12]
    return {base.id, short, base.tag} - {""}


def _remove(client: APIClient, base: BaseImage) -> bool:
    """False if it is in use."""
    # The engine itself would only take the name away, and the next build would miss it.
    labels = [f"{recipe.LIBRARY}={base.id}", f"{recipe.BASE}={base.id}"]
    if any(client.images(quiet=True, filters={"label": label}) for label in labels):
        return False
    try:
        client.remove_image(base.tag or base.id)
    except APIError as problem:
        if problem.status_code == 409:
            return False
        raise
    return True
