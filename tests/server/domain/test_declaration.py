"""What a bundle's files say about packages, in the order of their authority."""

import json
from typing import Any

import pytest

from sandbox_server.domain.declaration import code_of, declare, is_wanted
from sandbox_server.domain.kind import Kind
from sandbox_server.domain.requirement import Declaration, Origin, Remote, Source

APP = "library(shiny)\nlibrary(zoo)\n"


def lock(packages: dict[str, dict[str, Any]], **more: Any) -> str:
    tables = {name: {"Package": name, "Version": "1.0", **fields} for name, fields in packages.items()}
    repositories = [{"Name": "CRAN", "URL": "https://cran.example.org/"}]
    return json.dumps({"R": {"Version": "4.5.0", "Repositories": repositories}, "Packages": tables, **more})


CRAN = {"Source": "Repository", "Repository": "CRAN"}
SHINY = {"shiny": CRAN, "zoo": {**CRAN, "Version": "1.8-14"}}


def read(
    files: dict[str, str], *, kind: Kind = Kind.shiny, folder: str = "", entry: str = "app.R"
) -> Declaration:
    texts = {path: text for path, text in files.items() if is_wanted(path)}
    code = code_of(texts, kind=kind, folder=folder, entry=entry)
    return declare(texts, files, code, kind=kind, folder=folder, entry=entry)


def names(found: Declaration) -> list[str]:
    return [one.name for one in found.requirements]


def test_a_lock_is_believed_first() -> None:
    files = {"app.R": APP, "renv.lock": lock(SHINY), "DESCRIPTION": "Package: a\nImports: dplyr"}
    found = read({**files, "manifest.json": "nonsense"})
    assert (found.origin, found.r_version, found.repositories) == (
        Origin.renv,
        "4.5.0",
        ("https://cran.example.org",),
    )
    assert [(one.name, one.version, one.repository) for one in found.requirements] == [
        ("shiny", "1.0", "https://cran.example.org"),
        ("zoo", "1.8-14", "https://cran.example.org"),
    ]
    assert (found.troubles, found.behind) == ((), ())


def test_without_any_the_code_says_it() -> None:
    found = read({"app.R": "fluidPage(DT::DTOutput('x'))", "scrape.R": "library(rvest)"})
    assert found.origin is Origin.code
    assert [(one.name, one.where, one.optional) for one in found.requirements] == [
        ("DT", "app.R:1", False),
        ("rvest", "scrape.R:1", True),
        ("shiny", "app.R:1", False),
    ]


def test_a_description_without_packages_leaves_it_to_the_code() -> None:
    found = read({"app.R": APP, "DESCRIPTION": "Title: Hello\nDisplayMode: Showcase\n"})
    assert found.origin is Origin.code
    assert names(found) == ["shiny", "zoo"]


def test_a_description_is_completed_by_the_code() -> None:
    text = "Package: sales\nDepends: R (>= 4.1)\nImports: shiny (>= 1.7), zoo, golem\nSuggests: DT\n"
    text += "Remotes: firm/zoo@v2, gitlab::firm/team/golem\n"
    files = {
        "app.R": "pkgload::load_all()\nsales::run_app()",
        "R/run.R": "dplyr::filter(x)\nif (requireNamespace('DT')) DT::datatable(x)",
        "tests/testthat/test-a.R": "library(testthat)",
        "dev/01_start.R": "library(usethis)",
        "DESCRIPTION": text,
    }
    found = read(files)
    wanted = {one.name: one for one in found.requirements}
    assert found.origin is Origin.description
    assert set(wanted) == {"shiny", "zoo", "golem", "dplyr", "DT", "pkgload"}
    assert wanted["shiny"].at_least == "1.7"
    assert wanted["DT"].optional
    assert wanted["zoo"].remote == Remote("github", "github.com", "firm", "zoo", "v2")
    assert wanted["golem"].remote == Remote("gitlab", "gitlab.com", "firm/team", "golem", "HEAD")
    assert found.notices[0] == "The code uses what DESCRIPTION does not name: dplyr, pkgload."


def test_what_the_code_uses_and_the_lock_lacks_is_behind() -> None:
    files = {"app.R": APP + "require(maybe)\nlibrary(DT)", "old.R": "library(rvest)"}
    found = read({**files, "renv.lock": lock(SHINY)})
    assert [(one.name, one.where) for one in found.behind] == [("DT", "app.R:4")]


def test_the_lock_beside_the_app_comes_before_the_one_at_the_top() -> None:
    files = {"a/app.R": APP, "b/app.R": "library(other)", "renv.lock": lock({"top": CRAN} | SHINY)}
    assert names(read(files, folder="a", entry="a/app.R")) == ["shiny", "top", "zoo"]
    found = read({**files, "a/renv.lock": lock(SHINY)}, folder="a", entry="a/app.R")
    assert (names(found), found.behind) == (["shiny", "zoo"], ())


def test_every_source_of_a_lock_has_its_place() -> None:
    git = {"RemoteUsername": "firm", "RemoteRepo": "r", "RemoteSha": "0a1b2c3d4e", "RemoteSubdir": "pkg"}
    files = {
        "renv.lock": lock(
            {
                "bioc": {"Source": "Bioconductor"},
                "hub": {"Source": "GitHub", "RemoteType": "github", "RemoteHost": "api.github.com", **git},
                "lab": {"Source": "GitLab", "RemoteHost": "git.firm.com", **git},
                "url": {
                    "Source": "git2r",
                    "RemoteUrl": "https://github.com/a/url.git",
                    "RemoteSha": "0a1b2c3",
                },
                "mine": {"Source": "Local", "RemoteUrl": "~/mine"},
                "here": {"Source": "unknown"},
                "renv": CRAN,
                "MASS": CRAN,
                "stats": CRAN,
                **SHINY,
            },
            Bioconductor={"Version": "3.20"},
        ),
        "renv/local/mine_1.0.tar.gz": "",
        "packages/here/DESCRIPTION": "Package: here\nVersion: 1.0\n",
        "app.R": APP,
    }
    found = read(files)
    wanted = {one.name: one for one in found.requirements}
    assert found.troubles == ()
    assert found.bioconductor == "3.20"
    assert set(wanted) == {"bioc", "hub", "lab", "url", "mine", "here", "MASS", "shiny", "zoo"}
    assert wanted["bioc"].source is Source.bioconductor
    assert wanted["hub"].remote == Remote("github", "github.com", "firm", "r", "0a1b2c3d4e", "pkg")
    assert wanted["lab"].remote == Remote("gitlab", "git.firm.com", "firm", "r", "0a1b2c3d4e", "pkg")
    assert wanted["url"].remote == Remote("github", "github.com", "a", "url", "0a1b2c3")
    assert wanted["mine"].path == "renv/local/mine_1.0.tar.gz"
    assert wanted["here"].path == "packages/here"


def test_all_that_is_wrong_with_a_lock_is_said_at_once() -> None:
    text = lock(
        {
            "unk": {"Source": "unknown"},
            "loc": {"Source": "Local"},
            "bit": {"Source": "Bitbucket", "RemoteUsername": "a", "RemoteRepo": "b", "RemoteSha": "0a1b2c3"},
            "hub": {"Source": "GitHub", "RemoteUsername": "../..", "RemoteRepo": "b", "RemoteSha": "0a1b2c3"},
            "ver": {**CRAN, "Version": "latest"},
            "../x": CRAN,
            "old": {**CRAN, "Version": "1.0/../2"},
        }
    )
    found = read({"app.R": APP, "renv.lock": text})
    assert [trouble.package for trouble in found.troubles] == [
        "unk",
        "loc",
        "bit",
        "hub",
        "ver",
        "../x",
        "old",
    ]
    assert all(trouble.remedy and trouble.found for trouble in found.troubles)


def test_local_packages_that_need_each_other_are_told() -> None:
    files = {
        "renv.lock": lock({"aa": {"Source": "Local"}, "bb": {"Source": "Local"}}),
        "renv/local/aa/DESCRIPTION": "Package: aa\nVersion: 1.0\nImports: bb",
        "renv/local/bb/DESCRIPTION": "Package: bb\nVersion: 1.1\nImports: aa",
        "app.R": "",
    }
    told = [trouble.found for trouble in read(files).troubles]
    assert told[0] == "renv/local/bb has 1.1"
    assert told[1].startswith("they need each other: ")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "renv.lock is empty"),
        (
            '{"R": {},\n "Packages": {\n<<<<<<< HEAD\n',
            "renv.lock is not JSON (line 3, column 1): it has the marks",
        ),
        (
            "[[package]]\nname = 'x'",
            "renv.lock is not JSON (line 1, column 3): it looks like the lock of another",
        ),
        ("PackratFormat: 1.4\n", "renv.lock is not JSON (line 1, column 1): it is packrat's lock"),
        ("[]", "renv.lock is JSON, but no object"),
        ('{"R": {}, "Packages": {"a": {"Source": "\\ud800"}}}', "renv.lock has half of a character"),
        ('{"packages": {}, "lockfileVersion": 3}', "renv.lock has no tables R and Packages"),
        ("[" * 100_000, "renv.lock is not JSON that can be read"),
        ('{"R": {"Version": ' + "9" * 5000 + "}}", "renv.lock is not JSON that can be read"),
    ],
)
def test_a_lock_that_cannot_be_read_is_one_line(text: str, says: str) -> None:
    found = read({"app.R": APP, "renv.lock": text})
    assert found.origin is Origin.renv
    assert [trouble.found[: len(says)] for trouble in found.troubles] == [says]


@pytest.mark.parametrize(
    "text",
    [
        '{"R": 1, "Packages": {}}',
        '{"R": {"Version": [], "Repositories": 3}, "Packages": {"a": 1, "b": {"Version": {}}}}',
        '{"R": {"Repositories": [1, {"Name": 2}]}, "Packages": {"a1": {"Version": 1.5}}, "Bioconductor": 2}',
    ],
)
def test_no_shape_makes_it_fail(text: str) -> None:
    read({"app.R": APP, "renv.lock": text})


def test_a_repository_that_is_no_plain_url_is_left_out() -> None:
    text = lock(SHINY).replace("https://cran.example.org/", "file:///etc")
    found = read({"app.R": APP, "renv.lock": text})
    assert found.repositories == ()
    assert "CRAN of renv.lock is left out" in found.notices[0]


def test_a_manifest_of_rsconnect_is_a_lock() -> None:
    fields = {"Package": "zoo", "Version": "1.8-14", "Repository": "CRAN", "Built": "R 4.2.2"}
    hub = {"Version": "0.1", "RemoteType": "github", "RemoteHost": "api.github.com"}
    hub |= {"RemoteUsername": "a", "RemoteRepo": "hub", "RemoteSha": "0a1b2c3"}
    packages = {
        "shiny": {
            "Source": "CRAN",
            "Repository": "https://cran.rstudio.com/",
            "description": {"Version": "1.7"},
        },
        "zoo": {"Source": "CRAN", "Repository": "https://cran.rstudio.com", "description": fields},
        "hub": {"Source": "github", "Repository": None, "description": hub},
    }
    manifest = {"version": 1, "platform": "4.2.2", "metadata": {"appmode": "shiny"}, "packages": packages}
    found = read({"app.R": APP, "manifest.json": json.dumps(manifest)})
    assert (found.origin, found.r_version, found.troubles) == (Origin.manifest, "4.2.2", ())
    assert [(one.name, one.version) for one in found.requirements] == [
        ("hub", "0.1"),
        ("shiny", "1.7"),
        ("zoo", "1.8-14"),
    ]
    assert found.repositories == ("https://cran.rstudio.com",)


def test_the_manifest_of_a_web_page_is_none() -> None:
    found = read({"app.R": APP, "manifest.json": '{"name": "App", "icons": []}'})
    assert (found.origin, found.troubles) == (Origin.code, ())


def test_renv_itself_is_a_tool_unless_a_package_needs_it() -> None:
    files = {"app.R": APP, "renv.lock": lock(SHINY | {"renv": CRAN})}
    assert "renv" not in names(read(files))
    for field in ({"Requirements": ["renv"]}, {"Imports": ["methods", "renv (>= 1.0)"]}):
        files["renv.lock"] = lock(SHINY | {"renv": CRAN, "rsconnect": CRAN | field})
        assert "renv" in names(read(files))


def test_what_is_installed_from_git_at_run_time_is_told() -> None:
    found = read({"app.R": APP + "devtools::install_github('u/x')\n"})
    assert found.notices[0].startswith("app.R:3 installs u/x from GitHub when it runs")
    assert names(found) == ["shiny", "zoo"]


def test_a_static_site_needs_nothing() -> None:
    found = read({"index.html": "", "x.R": "library(zoo)"}, kind=Kind.static, entry="index.html")
    assert found == Declaration(Origin.code)


@pytest.mark.parametrize(
    ("kind", "entry", "packages"),
    [
        (Kind.plumber, "plumber.R", ["plumber"]),
        (Kind.rmd, "a.Rmd", ["knitr", "rmarkdown"]),
        (Kind.rmd_shiny, "a.Rmd", ["knitr", "rmarkdown", "shiny"]),
        (Kind.shiny, "app.R", ["shiny"]),
    ],
)
def test_each_kind_needs_its_own(kind: Kind, entry: str, packages: list[str]) -> None:
    assert names(read({entry: ""}, kind=kind, entry=entry)) == packages


def test_without_a_lock_a_package_in_the_bundle_is_the_one_that_is_meant() -> None:
    files = {
        "app.R": "library(ours)\nlibrary(zoo)\n",
        "packages/ours/DESCRIPTION": "Package: ours\nVersion: 0.1\n",
        "packages/zoo/DESCRIPTION": "Title: notes about the zoo\n",
    }

    found = {one.name: (one.source, one.path) for one in read(files).requirements}

    assert found["ours"] == (Source.local, "packages/ours")
    assert found["zoo"] == (Source.repository, "")
