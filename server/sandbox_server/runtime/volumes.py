"""Volumes of ours: the engine makes one with the first container that asks for it."""

from docker import APIClient
from docker.errors import NotFound

from sandbox_server.runtime.request import PLATFORM_LABEL


def list_volumes(client: APIClient, platform: str) -> list[str]:
    found = client.volumes(filters={"label": [f"{PLATFORM_LABEL}={platform}"]})["Volumes"]
    return [volume["Name"] for volume in found or []]


def read_volumes(client: APIClient, platform: str) -> dict[str, int]:
    """Name → bytes."""
    ours = set(list_volumes(client, platform))
    used = client.df()["Volumes"] if ours else []
    return {row["Name"]: max(0, row["UsageData"]["Size"]) for row in used or [] if row["Name"] in ours}


def remove_volume(client: APIClient, platform: str, name: str) -> None:
    """Whatever is not ours stays."""
    try:
        labels = client.inspect_volume(name)["Labels"] or {}
        if labels.get(PLATFORM_LABEL) == platform:
            client.remove_volume(name)
    except NotFound:
        return
