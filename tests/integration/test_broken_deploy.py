"""A push that does not come up: it says why, what was live stays live, and nothing of it is left."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.integration.platform import (
    Platform,
    Result,
    app_folder,
    branch_host,
    deployment_host,
    packed,
    release_host,
    until,
)

pytestmark = [pytest.mark.engine, pytest.mark.browser]

APP = "prices"


@pytest.fixture(scope="module")
def platform(base_image: None) -> Iterator[Platform]:
    """With d1 of `main` live and released, and little patience."""
    made = Platform(start_timeout=20, smoke_timeout=20)
    try:
        made.start()
        made.deploy("hello", APP)
        made.promote(APP, 1)
        yield made
    finally:
        made.destroy()


@pytest.fixture
def broken(platform: Platform, tmp_path: Path) -> Iterator[Any]:
    """Pushes a small app to main; afterwards users and reviewers still get d1, and nothing of the push runs."""

    def push(app: str, config: str = "") -> Result:
        folder = app_folder(tmp_path, app)
        if config:
            (folder / "sandbox.toml").write_text(config)
        return platform.sandbox("deploy", folder, "--app", APP, "--branch", "main")

    yield push
    assert platform.shown(release_host(APP)) == "d1"
    assert platform.shown(branch_host(APP, "main")) == "d1"
    until(lambda: len(platform.containers(running=False)) == 2, "only d1's two instances are there")


def test_a_server_function_that_throws_fails_with_the_line_of_the_error(
    broken: Any, platform: Platform
) -> None:
    done = broken("throws")

    assert done.code == 1
    assert done.error["code"] == "start_failed"
    assert "no price for pears" in done.error["detail"]
    assert "app.R#5" in done.error["detail"]
    assert "sandbox logs" in done.error["hint"]
    assert done.document["status"] == "failed"
    number = done.document["deployment"]
    logged = platform.sandbox("logs", f"d{number}", "--app", APP)
    assert "no price for pears" in logged.out
    host = deployment_host(APP, number)
    until(lambda: platform.get(host).status_code == 503, "its permanent URL says that it does not run")
    assert "did not start" in platform.get(host).text
    assert "no price for pears" not in platform.get(host).text


def test_an_app_that_exits_says_with_which_code(broken: Any) -> None:
    done = broken("exits")

    assert done.code == 1
    assert "exit code 3" in done.error["message"]
    assert "leaving" in done.error["detail"]
    assert done.error["hint"]


def test_an_app_that_never_listens_fails_after_the_limit_and_shows_where_it_stands(broken: Any) -> None:
    done = broken("never_listens")

    assert done.code == 1
    assert done.error["message"] == "The app did not listen within 20 s."
    assert "waiting for something that never comes" in done.error["detail"]


def test_a_session_that_closes_by_itself_fails(broken: Any) -> None:
    done = broken("closes")

    assert done.code == 1
    assert done.error["message"].startswith("No session came up:")


def test_a_package_that_nobody_has_is_named_with_file_and_line(broken: Any) -> None:
    done = broken("missing_package")

    assert done.code == 1
    assert done.error["code"] == "build_failed"
    assert "notapackageatall" in done.error["detail"]
    assert "app.R:2" in done.error["detail"]


def test_an_app_that_takes_too_much_memory_is_told_its_limit(broken: Any) -> None:
    done = broken("out_of_memory", 'memory = "400MiB"\n')

    assert done.code == 1
    assert "out of memory, limit 400 MiB" in done.error["message"]
    assert "memory" in done.error["hint"]


def test_an_error_at_the_top_of_the_file_names_its_line(platform: Platform) -> None:
    bundle_of = {
        "app.R": b'library(shiny)\nprices <- read.csv("prices.csv")\nshinyApp(fluidPage(), identity)\n'
    }
    from_api = platform.push_no_wait(APP, "main", packed(bundle_of))
    ended = platform.wait_status(APP, from_api["deployment"], "failed")

    assert "app.R#2" in ended["error"]["detail"]


def test_an_output_with_an_error_is_ready_and_the_smoke_check_names_it(
    platform: Platform, tmp_path: Path
) -> None:
    document = platform.deploy("output_error", "odd")

    assert document["status"] == "ready"
    assert document["smoke"]["status"] == "failed"
    assert document["smoke"]["errors"] == [{"output": "bad", "message": "this output is broken"}]
    shown = platform.sandbox("status", "--app", "odd")
    assert "bad" in shown.out
    assert platform.sandbox("rm", "--app", "odd", "--branch", "main").code == 0
    until(lambda: len(platform.containers(running=False)) == 2, "its instance is gone")
