"""Bases from images with R that others made, such as rocker's."""

import os
from collections.abc import Iterator, Mapping

import anyio
import anyio.from_thread
from docker import APIClient

from sandbox_server.builder import recipe
from sandbox_server.builder.base import Report
from sandbox_server.builder.base_extras import Extras, add_extras
from sandbox_server.builder.base_image import BASE_LABEL, RECIPE_LABEL, REPOSITORY, recipe_digest
from sandbox_server.builder.engine import Engine, image_id
from sandbox_server.builder.fill import texts_archive
from sandbox_server.builder.installation import Installation
from sandbox_server.builder.narrator import Narrator
from sandbox_server.builder.proxies import exports, proxies
from sandbox_server.errors import SandboxError, Unavailable

_PATIENCE = 120
"""Seconds in which a registry must say something."""


async def pull_base(engine: Engine, pattern: str, r: str, cran: str, extras: Extras, report: Report) -> str:
    """Pull the image with this R, unless it is here, and make it a base; returns its Id. Raises `Unavailable`."""
    name = pattern.replace("{version}", r)
    report.step(f"pulling {name}")
    try:
        image = await _pulled(engine, name, report)
        report.step(f"making a base image of {name}")
        if extras:
            image = await add_extras(engine, image, extras)
        base = await _adopt(engine, image, r, cran, recipe_digest(extras), report)
    except SandboxError as error:
        raise Unavailable(
            f"No base could be made of the image {name}: {error.message}",
            "Check SANDBOX_R_IMAGES, the registry, and SANDBOX_CRAN.",
            error.detail,
        ) from error
    await engine.call(lambda client: _name(client, base, f"r-{r}"))
    report.line(f"base {REPOSITORY}:r-{r} is ready")
    return base


async def _pulled(engine: Engine, name: str, report: Report) -> str:
    """Here already, or pulled as long as the registry says something every now and then."""
    layers: set[str] = set()
    whole: set[str] = set()

    def heard(said: Mapping[str, str]) -> None:
        patience.deadline = anyio.current_time() + _PATIENCE
        if said.get("status") == "Pulling fs layer":
            layers.add(said["id"])
        if said.get("status") == "Pull complete":
            whole.add(said["id"])
            report.step(f"pulling {name}: {len(whole)} of {len(layers)} layers")

    def pull(client: APIClient) -> str | None:
        if image_id(client, name) is None:
            for said in client.pull(name, stream=True, decode=True):
                if "error" in said:
                    raise Unavailable(str(said["error"]))
                anyio.from_thread.run_sync(heard, said)
        return image_id(client, name)

    try:
        with anyio.fail_after(_PATIENCE) as patience:
            image = await engine.stream(pull)
    except TimeoutError:
        raise Unavailable(f"Its registry said nothing for {_PATIENCE} seconds.") from None
    if image is None:
        raise Unavailable("The registry does not have it.")
    return image


def _name(client: APIClient, base: str, tag: str) -> None:
    client.tag(base, REPOSITORY, tag)
    client.remove_image(f"{REPOSITORY}:base-{tag}", noprune=True)  # the name that a commit gives


async def _adopt(engine: Engine, image: str, r: str, cran: str, digest: str, report: Report) -> str:
    def fill(client: APIClient, container: str) -> None:
        client.put_archive(container, "/", _files(cran))

    request = recipe.installer("", image, recipe.BASE_LIMITS) | {
        "Cmd": ["/bin/sh", f"/{recipe.WORK}/adopt.sh"],
        "Entrypoint": [],
        "Labels": {recipe.ROLE: recipe.BASE_BUILDER},
    }
    labels = {BASE_LABEL: "1", RECIPE_LABEL: digest, recipe.ROLE: "base", recipe.KEY: f"r-{r}"}
    async with Installation(engine, request, recipe.BASE_LIMITS, Narrator(report), fill) as adopting:
        await adopting.run()
        return await adopting.commit(REPOSITORY, labels)


def _files(cran: str) -> Iterator[bytes]:
    return texts_archive(
        {
            "environment": exports(proxies(os.environ)),
            "repositories": cran,
            **{name: recipe.read(name) for name in ("adopt.sh", "adopt.R", "describe.R")},
        }
    )
