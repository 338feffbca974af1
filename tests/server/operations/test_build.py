"""A bundle becomes an image, or it is said what could not be had; over a repository that is a folder."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from tests.repository import make_repository
from tests.server.platform import Platform

from sandbox_server.builder import Installed, Library, MemoryBuilder
from sandbox_server.builder.base import Base, Report
from sandbox_server.builder.memory import BASE
from sandbox_server.repositories import Repositories

pytestmark = pytest.mark.anyio

CODE = "library(shiny)\nlibrary(kettle)\nshinyApp(fluidPage(), function(input, output) NULL)\n"


class Remembering(MemoryBuilder):
    """Keeps what was asked for; `lies` are versions that it installs instead."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[Library] = []
        self.lies: dict[str, str] = {}

    async def library(self, base: Base, library: Library, report: Report) -> str:
        self.asked.append(library)
        return await super().library(base, library, report)

    async def installed(self, image: str) -> list[Installed]:
        found = await super().installed(image)
        return [replace(one, version=self.lies.get(one.name, one.version)) for one in found]


@pytest.fixture
def repository(platform: Platform, tmp_path: Path) -> str:
    """A configured repository."""
    url = make_repository(tmp_path / "repository").as_uri()
    platform.parts.repositories = Repositories(tmp_path / "kept", cran=[url])
    return url


@pytest.fixture
def builder(platform: Platform) -> Remembering:
    made = Remembering()
    platform.parts.builder = made
    return made


def lock(r: str = BASE.r_version, **versions: str) -> str:
    packages = {
        name: {"Package": name, "Version": version, "Source": "Repository", "Repository": "CRAN"}
        for name, version in {"shiny": BASE.installed["shiny"], **versions}.items()
    }
    return json.dumps({"R": {"Version": r}, "Packages": packages})


async def test_what_a_lock_names_is_asked_of_the_builder_in_that_version(
    platform: Platform, repository: str, builder: Remembering
) -> None:
    number = await platform.deploy(files={"app.R": CODE, "renv.lock": lock(kettle="1.0.0")})

    (source,) = builder.asked[-1].sources
    assert (source.name, source.version, source.origin, source.shared) == (
        "kettle",
        "1.0.0",
        repository,
        True,
    )
    shown = await platform.show(number)
    assert (shown.status, shown.origin, shown.drift) == ("ready", "renv.lock", [])
    assert shown.r_version == BASE.r_version


async def test_nothing_of_a_build_with_a_vendored_package_is_shared(
    platform: Platform, repository: str, builder: Remembering
) -> None:
    document = json.loads(lock(kettle="1.0.0"))
    document["Packages"]["ours"] = {"Package": "ours", "Version": "1.0", "Source": "Local"}
    vendored = {
        "packages/ours/DESCRIPTION": "Package: ours\nVersion: 1.0\nImports: kettle\n",
        "packages/ours/NAMESPACE": "",
    }
    await platform.deploy(files={"app.R": CODE, "renv.lock": json.dumps(document), **vendored})

    assert {source.name: source.shared for source in builder.asked[-1].sources} == {
        "kettle": False,
        "ours": False,
    }


async def test_everything_wrong_with_a_lock_is_said_before_anything_is_made(
    platform: Platform, builder: Remembering
) -> None:
    document = json.loads(lock(r="4.1.3"))
    document["Packages"]["odd"] = {"Package": "odd", "Version": "1.0", "Source": "Unknown"}
    builder.makeable = {"4.1": BASE}

    number = await platform.deploy(files={"app.R": CODE, "renv.lock": json.dumps(document)})

    error = (await platform.show(number)).error
    assert error is not None
    assert "odd" in error.detail
    assert builder.others == {}
    assert builder.asked == []


async def test_a_library_that_is_not_what_the_lock_says_is_refused(
    platform: Platform, repository: str, builder: Remembering
) -> None:
    builder.lies = {"kettle": "1.1.0"}

    number = await platform.deploy(files={"app.R": CODE, "renv.lock": lock(kettle="1.0.0")})

    error = (await platform.show(number)).error
    assert error is not None
    assert error.message == "The library is not what the lock says."
    assert "the image has 1.1.0" in error.detail


async def test_a_document_needs_quarto_or_says_how_to_do_without(
    platform: Platform, builder: Remembering
) -> None:
    builder.now = replace(BASE, installed={**BASE.installed, "knitr": "1.50", "rmarkdown": "2.29"})
    files = {"index.qmd": "---\ntitle: A\n---\n\nHello\n"}
    platform.parts.settings.quarto = "/nowhere/quarto.tar.gz"

    refused = (await platform.show(await platform.deploy(files=files))).error
    assert refused is not None
    assert "needs Quarto" in refused.message
    assert "compatible" in refused.hint

    files["sandbox.toml"] = 'dependencies = "compatible"\n'
    shown = await platform.show(await platform.deploy(files=files))
    assert shown.error is None, shown.error
    assert shown.drift == ["R Markdown instead of Quarto"]


async def test_an_add_on_that_is_lacking_is_named_in_one_sentence(platform: Platform) -> None:
    number = await platform.deploy(files={"report.Rmd": "---\noutput: pdf_document\n---\n\nHello\n"})

    error = (await platform.show(number)).error
    assert error is not None
    assert "latex" in error.message
    assert 'addons = ["latex"]' in error.hint
