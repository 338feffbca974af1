"""Many pushes leave few containers and few images; what was replaced sleeps and can be started again."""

from collections.abc import Iterator

import pytest
from tests.integration.platform import (
    APPS,
    NO_BROWSER,
    Platform,
    branch_host,
    deployment_host,
    packed,
    release_host,
    until,
)

pytestmark = [pytest.mark.engine]

APP = "busy"
HELLO = (APPS / "hello" / "app.R").read_text()
PUSHES = 15
KEPT = 3


@pytest.fixture(scope="module")
def platform(base_image: None) -> Iterator[Platform]:
    """After many pushes to one branch, the second of which is released."""
    made = Platform(chromium=NO_BROWSER, keep_images=KEPT)
    try:
        made.start()
        for number in range(1, PUSHES + 1):
            made.push_no_wait(
                APP, "main", packed({"app.R": f'message("this is {number}")\n{HELLO}'.encode()})
            )
            made.wait_status(APP, number, "ready")
            until(lambda: len(made.containers(running=False)) <= 4, "what was replaced leaves")
            if number == 2:
                made.promote(APP, 2)
        yield made
    finally:
        made.destroy()


def test_many_pushes_leave_the_newest_and_the_release_running(platform: Platform) -> None:
    def staying() -> list[str]:
        """Without the one that another test may have woken."""
        names = [row["Name"] for row in platform.containers(running=False)]
        return [name for name in names if f"-d{PUSHES - 1}-" not in name]

    until(lambda: len(staying()) == 2, "all others are gone", staying)

    assert platform.shown(branch_host(APP, "main")) == f"d{PUSHES}"
    assert platform.shown(release_host(APP)) == "d2"


def test_images_beyond_the_retention_go_and_logs_stay(platform: Platform) -> None:
    # Garbage is collected at a start, and then each minute.
    platform.stop()
    platform.start()
    until(
        lambda: len(platform.images()) == KEPT + 1,
        "only the newest and the release's are kept",
        platform.images,
        patience=150,
    )

    assert platform.deployment(APP, 2)["image"] in platform.images()
    assert platform.deployment(APP, 1)["status"] == "retired"
    assert platform.deployment(APP, PUSHES - 1)["status"] in ("asleep", "ready")  # somebody may have woken it
    logged = platform.sandbox("logs", "d1", "--app", APP)
    assert "this is 1" in logged.out
    assert "Built" in platform.sandbox("logs", "d1", "--app", APP, "--build").out
    refused = platform.sandbox("promote", "d1", "--app", APP)
    assert refused.code == 1
    assert "retired" in refused.error["message"]


def test_what_was_replaced_sleeps_and_its_permanent_url_starts_it_again(platform: Platform) -> None:
    number = PUSHES - 1
    host = deployment_host(APP, number)
    platform.wait_status(APP, number, "asleep")
    page = platform.get(host)
    assert page.status_code == 503
    assert "is starting" in page.text

    until(lambda: platform.shown(host) == f"d{number}", "it runs")
    assert platform.deployment(APP, number)["status"] == "ready"
    assert platform.shown(branch_host(APP, "main")) == f"d{PUSHES}"


def test_another_site_cannot_use_the_button_of_its_page(platform: Platform) -> None:
    number = PUSHES - 2
    host = deployment_host(APP, number)
    platform.wait_status(APP, number, "asleep")

    for headers in ({"Origin": "http://evil.example"}, {}):
        platform.post(host, "/__sandbox__/start", **headers)
        assert platform.deployment(APP, number)["status"] == "asleep"
