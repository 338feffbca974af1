"""What holds for every test: time limits, and an environment that no test's outcome depends on."""

import signal

import pytest
from hypothesis import HealthCheck, settings

# A slow machine is no failure, and a run finds what the run before it found.
settings.register_profile(
    "suite", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("suite")

LIMITS = {"engine": 900, "browser": 300}
"""Seconds after which a test hangs, by its mark; they count what is started for a file's tests too. Without a mark: the
`timeout` in pyproject.toml."""


def pytest_configure() -> None:
    """What is started in the background of a script ignores Ctrl-C, and so would every program that tests start."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        limit = max((LIMITS[mark.name] for mark in item.iter_markers() if mark.name in LIMITS), default=0)
        if limit and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(limit))
    if hasattr(config, "workerinput"):
        # Files that wait for an engine go first: none of them is then the last one, alone for minutes.
        waiting = {item.path for item in items if item.get_closest_marker("engine")}
        items.sort(key=lambda item: item.path not in waiting)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
