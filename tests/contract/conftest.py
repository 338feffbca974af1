"""The machine's engine and a small image on it."""

import secrets
from collections.abc import Iterator

import pytest
from docker import APIClient
from tests.contract.engine_image import make_image


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
