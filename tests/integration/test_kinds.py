"""Every kind of content, from a fresh folder by `sandbox deploy` alone, then looked at in a browser."""

import importlib.util
import io
import tarfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from docker import APIClient
from playwright.sync_api import Page, expect, sync_playwright
from tests.chromium import CHROMIUM, QUIET
from tests.integration.platform import APPS, PATIENCE, Platform, branch_host

from sandbox_server.builder.base_image import base_tag

pytestmark = [pytest.mark.engine, pytest.mark.browser]

KINDS = {
    "kind-single-file": "shiny",
    "kind-subfolder": "shiny",
    "kind-page-and-server": "shiny",
    "kind-scripts-elsewhere": "shiny",
    "kind-package": "shiny",
    "kind-package-with-app": "shiny",
    "kind-rmd-shiny": "rmd-shiny",
    "kind-rmd-prerendered": "rmd-shiny",
    "kind-quarto-shiny": "quarto-shiny",
    "kind-rmd": "rmd",
    "kind-rmd-site": "rmd",
    "kind-quarto": "quarto",
    "kind-plumber": "plumber",
    "kind-plumber-entrypoint": "plumber",
    "kind-static": "static",
}
AT_ONCE = 3


@pytest.fixture(scope="module")
def platform(base_image: None) -> Iterator[Platform]:
    """Its own: so many apps would keep others' platform busy. On a slow machine they keep one another busy too."""
    made = Platform(smoke_timeout=PATIENCE)
    try:
        made.start()
        yield made
    finally:
        made.destroy()


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        expect.set_options(timeout=30_000)
        yield browser.new_page()
        browser.close()


@pytest.fixture(scope="module")
def deployed(platform: Platform) -> dict[str, dict[str, Any]]:
    """What `sandbox deploy` answered for each."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = pool.map(lambda name: platform.deploy(name, name), KINDS)
        return dict(zip(KINDS, answers, strict=True))


@pytest.mark.parametrize("name", KINDS)
def test_it_runs(platform: Platform, deployed: dict[str, dict[str, Any]], page: Page, name: str) -> None:
    answer = deployed[name]
    assert (answer["status"], answer["kind"], answer["smoke"]["status"]) == ("ready", KINDS[name], "passed")
    assert answer["why"]
    host = branch_host(name, "main")
    page.goto(f"http://{host}:{platform.port}/", wait_until="domcontentloaded")
    verify_of(APPS / name).verify(platform, host, page)


def test_every_kind_has_its_folder() -> None:
    assert {path.name for path in APPS.glob("kind-*") if (path / "verify.py").exists()} >= set(KINDS)


def test_shinys_own_examples_reach_their_first_flush(platform: Platform, tmp_path: Path) -> None:
    examples = shiny_examples(platform.docker, tmp_path)
    assert len(examples) >= 10
    names = {folder: f"shiny-{folder.name.replace('_', '-')}" for folder in examples}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(pool.map(lambda folder: platform.deploy(folder, names[folder]), examples))
    found = {answer["app"]: (answer["status"], answer["smoke"]["status"]) for answer in answers}
    assert found == dict.fromkeys(names.values(), ("ready", "passed"))


def test_what_cannot_be_started_is_refused_at_once(platform: Platform, tmp_path: Path) -> None:
    for folder in ("sales", "stock"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "app.R").write_text("shinyApp(ui, server)")
    error = platform.sandbox("deploy", tmp_path, "--app", "two", "--branch", "main").error
    assert error["code"] == "not_an_app"
    assert "`sandbox deploy sales` or `sandbox deploy stock`" in error["hint"]
    (tmp_path / "sandbox.toml").write_text('path = "stock"\n')
    (tmp_path / "stock" / "app.R").write_text((APPS / "hello" / "app.R").read_text())
    assert platform.deploy(tmp_path, "two")["status"] == "ready"


def test_a_page_without_its_own_files_fails_and_names_them(platform: Platform, tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text('<!doctype html><script src="lost.js"></script><p>text</p>')
    answer = platform.deploy(tmp_path, "half-a-page", code=1)
    assert "/lost.js (404)" in answer["error"]["message"]


def verify_of(folder: Path) -> Any:
    spec = importlib.util.spec_from_file_location(folder.name.replace("-", "_"), folder / "verify.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def shiny_examples(engine: APIClient, target: Path) -> list[Path]:
    """`system.file("examples", package = "shiny")` of the base image, one folder each."""
    container = engine.create_container(base_tag("trixie"), command=["true"])["Id"]
    try:
        chunks, _ = engine.get_archive(container, "/usr/lib/R/site-library/shiny/examples")
        with tarfile.open(fileobj=io.BytesIO(b"".join(chunks))) as archive:
            archive.extractall(target, filter="data")
    finally:
        engine.remove_container(container)
    return sorted(path for path in (target / "examples").iterdir() if path.is_dir())
