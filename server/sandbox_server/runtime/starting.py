"""Creating and starting a container: two calls to the engine, more only if something stands in the way."""

import time

from docker import APIClient
from docker.errors import APIError, ImageNotFound, NotFound

from sandbox_server.errors import ImageMissing, RuntimeUnavailable, StartFailed
from sandbox_server.runtime.base import ContainerSpec
from sandbox_server.runtime.engine import explain
from sandbox_server.runtime.request import (
    ADDRESS_LABEL,
    PLATFORM_LABEL,
    SPEC_LABEL,
    Request,
    create_request,
    network_name,
)

_ATTEMPTS = 40
_PAUSE = 0.05
_UNSTARTABLE = ("removing", "dead")


class _LookAgain(Exception):
    """Somebody else is at the same name; what was seen is old."""


def start_container(client: APIClient, spec: ContainerSpec, platform: str) -> None:
    """See `Runtime.start`. Blocks."""
    request = create_request(spec, platform)
    for _ in range(_ATTEMPTS):
        try:
            return _start(client, _create(client, request, spec, platform), spec, platform)
        except _LookAgain:
            time.sleep(_PAUSE)
    raise RuntimeUnavailable(f"The engine does not let go of the container {spec.name}.")


def remove_container(client: APIClient, container: str) -> None:
    """Remove by Id or name; returns when it is gone."""
    for _ in range(_ATTEMPTS):
        try:
            return client.remove_container(container, force=True, v=True)
        except NotFound:
            return None
        except APIError as error:
            # 409: a removal is in progress already, and its end is what the caller waits for.
            if error.status_code != 409:
                raise
            time.sleep(_PAUSE)
    raise RuntimeUnavailable(f"The engine does not remove the container {container}.")


def _create(client: APIClient, request: Request, spec: ContainerSpec, platform: str) -> str:
    try:
        return _post(client, request, spec.name)
    except ImageNotFound as error:
        raise ImageMissing(f"The image {spec.image[:19]} is not on this machine.") from error
    except APIError as error:
        if error.status_code == 400:
            raise _unstartable(error) from error
        if error.status_code != 409:
            raise
        return _adopt(client, spec, platform)


def _post(client: APIClient, request: Request, name: str) -> str:
    # The SDK's own builder of requests knows a hundred options; the allow-list is ours.
    created: dict[str, str] = client.create_container_from_config(request, name)  # type: ignore[no-untyped-call]
    return created["Id"]


def _adopt(client: APIClient, spec: ContainerSpec, platform: str) -> str:
    """The container that has the name already, if it was made from the same spec at the same address."""
    try:
        there = client.inspect_container(spec.name)
    except NotFound as error:
        raise _LookAgain from error
    labels = there["Config"]["Labels"] or {}
    if labels.get(PLATFORM_LABEL) != platform:
        raise RuntimeUnavailable(
            f"The name {spec.name} is taken by a container that is not ours.",
            hint=f"Rename it: `docker rename {spec.name} NAME`.",
        )
    same = (labels.get(SPEC_LABEL), labels.get(ADDRESS_LABEL)) == (spec.spec_hash, str(spec.address))
    if same and there["State"]["Status"] not in _UNSTARTABLE:
        return str(there["Id"])
    remove_container(client, there["Id"])
    raise _LookAgain


def _start(client: APIClient, container: str, spec: ContainerSpec, platform: str) -> None:
    try:
        client.start(container)
    except APIError as error:
        words = explain(error)
        if error.status_code == 404 and words.startswith("network"):
            _give_up_network(client, container, platform, error)
        if error.status_code == 404 or "marked for removal" in words:
            raise _LookAgain from error
        if "endpoint with name" in words:
            # An engine that was killed forgets to take its containers off the network.
            client.disconnect_container_from_network(spec.name, network_name(platform), force=True)
            remove_container(client, container)
            raise _LookAgain from error
        if "already in use" in words:
            raise RuntimeUnavailable(f"The address {spec.address} is held by another container.") from error
        if error.status_code == 400:
            raise _unstartable(error) from error
        raise


def _give_up_network(client: APIClient, container: str, platform: str, error: APIError) -> None:
    """A container belongs to the network that it was made in, even after that was made anew."""
    remove_container(client, container)
    try:
        client.inspect_network(network_name(platform))
    except NotFound:
        raise RuntimeUnavailable(
            "The platform's network is gone.", hint="Start the platform again."
        ) from error


def _unstartable(error: APIError) -> StartFailed:
    return StartFailed(
        f"The engine cannot start the instance: {explain(error)}",
        hint="Lower the app's limits in sandbox.toml if they are named here, else push again.",
    )
