"""Fixtures that every test may use."""

import signal

import pytest


def pytest_configure() -> None:
    """What is started in the background of a script ignores Ctrl-C, and so would every program that tests start."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
