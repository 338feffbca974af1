"""The platform's own visits to a release of a real app, and what its owner hears of it."""

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from contextlib import AsyncExitStack, contextmanager
from typing import Any

import pytest
from tests.integration.platform import Platform, until
from tests.server.post.servers import Hook, PostOffice, hook, post_office

pytestmark = [pytest.mark.engine, pytest.mark.browser]

APP = "breaks"
DOWN = "/tmp/database-is-down"


@contextmanager
def servers() -> Iterator[tuple[PostOffice, Hook]]:
    """A mail server and a webhook, on a loop in a thread of their own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    stack = AsyncExitStack()

    def run(work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, loop).result(10)

    try:
        yield run(stack.enter_async_context(post_office())), run(stack.enter_async_context(hook()))
    finally:
        run(stack.aclose())
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@pytest.fixture(scope="module")
def told(base_image: None) -> Iterator[tuple[Platform, PostOffice, Hook]]:
    with servers() as (office, hooked):
        made = Platform(
            visit_every=6, smtp=f"smtp://127.0.0.1:{office.port}", webhook=hooked.url,
            mail_from="Sandbox <sandbox@example.org>",
        )  # fmt: skip
        try:
            made.start()
            made.promote(APP, int(made.deploy(APP, APP)["deployment"]))
            yield made, office, hooked
        finally:
            made.destroy()


def in_containers(platform: Platform, *command: str) -> None:
    for container in platform.containers():
        begun = platform.docker.exec_create(container["Id"], list(command))
        platform.docker.exec_start(begun["Id"])
        assert platform.docker.exec_inspect(begun["Id"])["ExitCode"] == 0


def availability(platform: Platform) -> dict[str, Any]:
    found: dict[str, Any] = platform.api("GET", f"/apps/{APP}/availability").raise_for_status().json()
    return found


def test_an_app_that_breaks_while_nobody_is_there_is_told_to_its_owner_with_rs_own_words(
    told: tuple[Platform, PostOffice, Hook],
) -> None:
    platform, office, hooked = told
    until(lambda: availability(platform)["visits"], "the release is visited", lambda: platform.log)
    before = availability(platform)
    assert (before["percent"], before["promised"], office.mails) == (100, 99.5, [])

    in_containers(platform, "touch", DOWN)
    mail = until(lambda: office.mails and office.mails[0], "the owner has mail", lambda: platform.log)
    assert mail["Subject"].startswith(f"[Sandbox] {APP} does not work for its users")
    assert mail["To"] == "ada@example.org"
    assert "could not connect to the database" in mail.get_content()
    until(lambda: hooked.posted, "the webhook was called")
    assert "could not connect to the database" in hooked.posted[0]["text"]
    assert "does not work for its users" in platform.sandbox("status", "--app", APP).out
    now = availability(platform)
    assert now["percent"] < 100
    assert now["last"]["ok"] is False

    in_containers(platform, "rm", DOWN)
    until(lambda: len(office.mails) > 1, "the owner hears that it works again", lambda: platform.log)
    assert office.mails[1]["Subject"] == f"[Sandbox] {APP}: it works again"
    assert platform.api("GET", "/notices").json() == []
    assert (len(office.mails), [posted["state"] for posted in hooked.posted]) == (2, ["opened", "settled"])
    assert "very-secret" not in platform.log


def test_visits_count_for_nobody(told: tuple[Platform, PostOffice, Hook]) -> None:
    platform, _, _ = told
    seen = availability(platform)["visits"]
    until(lambda: availability(platform)["visits"] > seen, "another visit")
    figures = platform.api("GET", f"/apps/{APP}/figures").raise_for_status().json()
    assert (figures["total"]["started"], figures["total"]["sessions"]) == (0, 0)
