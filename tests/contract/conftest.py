"""The machine's engine, a small image on it, and the runtimes that keep one contract."""

import secrets
from collections.abc import AsyncIterator, Iterator
from ipaddress import IPv4Network

import pytest
from docker import APIClient
from tests.contract.engine_image import make_image
from tests.contract.runtime_hosts import Host, InMemory, OnEngine

from sandbox_server.runtime import ContainerSpec

MIB = 1024 * 1024


@pytest.fixture(scope="session")
def engine_client() -> Iterator[APIClient]:
    client = APIClient(version="auto")
    yield client
    client.close()


@pytest.fixture(scope="session")
def small_image(engine_client: APIClient) -> Iterator[str]:
    image = make_image(engine_client, "contract-" + secrets.token_hex(3))
    yield image
    engine_client.remove_image(image, force=True)


@pytest.fixture(params=["memory", pytest.param("docker", marks=pytest.mark.engine)])
async def host(request: pytest.FixtureRequest) -> AsyncIterator[Host]:
    if request.param == "memory":
        yield InMemory()
        return
    made = OnEngine(request.getfixturevalue("engine_client"), request.getfixturevalue("small_image"))
    try:
        yield made
    finally:
        await made.runtime.destroy()
        await made.runtime.close()


@pytest.fixture
async def subnet(host: Host) -> IPv4Network:
    return await host.runtime.prepare()


@pytest.fixture
def spec(host: Host, subnet: IPv4Network) -> ContainerSpec:
    return ContainerSpec(
        name=f"sbx-{host.platform}-app-d1-release-abcdef12-0",
        image=host.image,
        address=subnet[10],
        environment={"GREETING": "grüezi"},
        memory=64 * MIB,
        cpus=1,
        spec_hash="abcdef12",
    )
