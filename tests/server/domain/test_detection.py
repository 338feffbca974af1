from collections.abc import Mapping
from pathlib import Path

import pytest

from sandbox_server.domain.detection import Wish, detect
from sandbox_server.domain.kind import Detected, Kind
from sandbox_server.errors import NotAnApp

SHINY = "library(shiny)\nshinyApp(ui, server)\n"
ROUTES = "#* @get /echo\nfunction() 1\n"
INTERACTIVE = "---\ntitle: x\nruntime: shiny\n---\ntext\n"
REPORT = "---\ntitle: x\noutput: html_document\n---\ntext\n"


def found(*paths: str, wish: Wish | None = None, **texts: str) -> Detected:
    """Of files with these paths; `texts` are their contents by the name without its ending."""
    return look({path: text_of(path, texts) for path in paths}, wish)


def look(files: Mapping[str, str], wish: Wish | None = None) -> Detected:
    return detect(files, lambda path: files[path], wish)


def text_of(path: str, texts: Mapping[str, str]) -> str:
    name, _, ending = path.rpartition("/")[2].rpartition(".")
    default = {"r": SHINY, "rmd": REPORT, "qmd": REPORT}.get(ending.lower(), "x")
    return texts.get(name.replace("-", "_"), ROUTES if name.lower() == "plumber" else default)


def refused(*paths: str, wish: Wish | None = None, **texts: str) -> NotAnApp:
    with pytest.raises(NotAnApp) as caught:
        found(*paths, wish=wish, **texts)
    return caught.value


def test_it_works() -> None:
    assert found("app.R", "data/x.csv") == Detected(Kind.shiny, "app.R", "app.R at the top")


@pytest.mark.parametrize(
    ("paths", "kind", "entry"),
    [
        (["App.r", "README.md"], "shiny", "App.r"),
        (["UI.R", "Server.r"], "shiny", "Server.r"),
        (["ui.r", "server.R", "app.R", "global.R"], "shiny", "server.R"),
        (["server.R", "www/index.html", "www/x.js"], "shiny", "server.R"),
        (["app.R", "report.Rmd", "README.Rmd", "index.html"], "shiny", "app.R"),
        (["app.R", "ui/ui.R", "server/server.R"], "shiny", "app.R"),
        (["app.R", "modules/app.R"], "shiny", "app.R"),
        (["dashboard.R", "data/x.csv"], "shiny", "dashboard.R"),
        (["Übersicht Q1.R"], "shiny", "Übersicht Q1.R"),
        (["shiny/app.R", "README.md", "LICENSE", "x.Rproj"], "shiny", "shiny/app.R"),
        (["app/server.R", "app/ui.r", "analysis.Rmd"], "shiny", "app/server.R"),
        (["app/app.R", "app/modules/app.R", "tests/app.R", "examples/app.R"], "shiny", "app/app.R"),
        (["examples/app.R"], "shiny", "examples/app.R"),
        (["report.Rmd"], "rmd", "report.Rmd"),
        (["a.Rmd", "index.Rmd", "_child.Rmd"], "rmd", "index.Rmd"),
        (["_site.yml", "index.rmd", "about.rmd"], "rmd", "index.rmd"),
        (["index.Rmd", "index.html"], "rmd", "index.Rmd"),
        (["page.qmd", "README.qmd"], "quarto", "page.qmd"),
        (["_quarto.yml", "index.qmd", "about.qmd"], "quarto", "_quarto.yml"),
        (["plumber.R", "helpers.R", "index.html"], "plumber", "plumber.R"),
        (["index.html", "site.css"], "static", "index.html"),
    ],
)
def test_files_show_what_it_is(paths: list[str], kind: str, entry: str) -> None:
    detected = found(*paths, helpers="x <- 1")
    assert (detected.kind, detected.entry) == (kind, entry)
    assert detected.why


@pytest.mark.parametrize(
    ("head", "name", "kind"),
    [
        ("runtime: shiny", "a.Rmd", "rmd-shiny"),
        ('runtime: "shinyrmd"', "a.Rmd", "rmd-shiny"),
        ("runtime: shiny_prerendered", "a.Rmd", "rmd-shiny"),
        ("server: shiny", "a.Rmd", "rmd-shiny"),
        ("server: shiny", "a.qmd", "quarto-shiny"),
        ("server:\n  type: shiny", "a.qmd", "quarto-shiny"),
        ("runtime: static", "a.Rmd", "rmd"),
        ("format: html", "a.qmd", "quarto"),
        ("# server: shiny", "a.qmd", "quarto"),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_the_head_of_a_document_tells_whether_it_has_a_session(
    head: str, name: str, kind: str, end: str
) -> None:
    text = f"---\ntitle: x\n{head}\n---\n\ntext\n".replace("\n", end)
    assert look({name: text}).kind == kind


def test_the_interactive_one_of_several_documents_is_taken() -> None:
    assert found("a.Rmd", "b.Rmd", "c.Rmd", b=INTERACTIVE).entry == "b.Rmd"


@pytest.mark.parametrize(
    ("name", "text", "kind"),
    [
        ("api.R", ROUTES, "plumber"),
        ("entrypoint.R", "plumber::pr() |> plumber::pr_get('/', identity)", "plumber"),
        ("entrypoint.R", "api <- Plumber$new()\napi$handle('GET', '/', identity)\napi", "plumber"),
        ("_server.yml", "engine: plumber\nroutes: [api.R]\n", "plumber"),
        ("run.R", "shiny::runApp(list(ui = ui, server = server))", "shiny"),
    ],
)
def test_a_file_is_told_by_what_it_says(name: str, text: str, kind: str) -> None:
    detected = look({name: text, "helpers.R": "x <- 1 # shinyApp(ui, server)"})
    assert (detected.kind, detected.entry) == (kind, name)


def test_an_app_file_that_only_starts_plumber_is_no_app() -> None:
    files = {"app.R": 'plumber::plumb("plumber.R")$run(port = 8000)', "plumber.R": ROUTES}
    assert look(files).entry == "plumber.R"


@pytest.mark.parametrize(
    ("code", "entry"),
    [
        ('source("ui.R")\nsource("server.R")\nshinyApp(ui, server)', "app.R"),
        ("library(DT)\nrunApp()", "app.R"),
        ("shinyApp(ui, server) # or runApp()", "server.R"),
    ],
)
def test_an_app_file_that_reads_or_runs_the_two_files_comes_before_them(code: str, entry: str) -> None:
    assert look({"app.R": code, "ui.R": "x", "server.R": "x"}).entry == entry


def test_a_script_that_runs_a_folder_gives_that_folder() -> None:
    files = {"run.R": 'shiny::runApp("two", port = 80)', "one/app.R": SHINY, "two/app.R": SHINY}
    assert look(files) == Detected(Kind.shiny, "two/app.R", "app.R in two, which run.R runs")


def test_a_package_with_a_function_that_runs_it() -> None:
    golem = {
        "DESCRIPTION": "Package: sales\n",
        "R/run_app.R": SHINY,
        "R/app_ui.R": "x",
        "inst/app/www/x.css": "",
    }
    assert look(golem).entry == "DESCRIPTION"
    assert look({**golem, "app.R": "pkgload::load_all()\nrun_app()"}).entry == "app.R"
    assert look({"DESCRIPTION": "Title: no package", "run.R": SHINY}).entry == "run.R"


def test_a_package_with_its_app_in_a_folder() -> None:
    files = {
        "DESCRIPTION": "Package: x",
        "R/launch.R": "runApp(system.file('shiny'))",
        "inst/shiny/app.R": SHINY,
    }
    assert look(files) == Detected(
        Kind.shiny, "inst/shiny/app.R", "app.R in inst/shiny, as nothing at the top is an app"
    )


def test_several_folders_are_named_with_their_commands() -> None:
    error = refused("README.md", "apps/sales/app.R", "apps/stock 2/server.R", "apps/stock 2/ui.R")
    assert "apps/sales/app.R (a Shiny app); apps/stock 2/server.R (a Shiny app)" in error.message
    assert "`sandbox deploy apps/sales` or `sandbox deploy 'apps/stock 2'`" in error.hint
    assert '`path = "apps/sales"`' in error.hint


def test_two_kinds_at_the_top_are_a_question() -> None:
    error = refused("app.R", "plumber.R")
    assert "app.R (a Shiny app); plumber.R (a Plumber API)" in error.message
    assert error.hint == 'Write into sandbox.toml `kind = "shiny"` or `kind = "plumber"`.'


def test_several_documents_are_a_question() -> None:
    error = refused("a.Rmd", "b.Rmd")
    assert error.hint == 'Write into sandbox.toml `entry = "a.Rmd"` or `entry = "b.Rmd"`.'


def test_sandbox_toml_decides() -> None:
    assert found("app.R", "plumber.R", wish=Wish(kind="plumber")).entry == "plumber.R"
    assert found("a.Rmd", "b.Rmd", wish=Wish(entry="b.Rmd")).kind == "rmd"
    assert (
        found("app.R", "docs/index.html", wish=Wish(kind="static", entry="docs/index.html")).kind == "static"
    )
    assert found("x/app.R", "y/app.R", wish=Wish(path="y")).entry == "y/app.R"
    assert found("x/app.R", "y/app.R", wish=Wish(entry="y")).entry == "y/app.R"
    assert (
        found("app.R", "plumber.R", wish=Wish(kind="shiny")).why
        == 'sandbox.toml says `kind = "shiny"`: app.R'
    )


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        (Wish(kind="quarto"), 'says `kind = "quarto"`, and nothing in the bundle is a Quarto document'),
        (Wish(entry="ap.R"), 'says `entry = "ap.R"`, and there is no such file'),
        (Wish(entry="notes.txt"), "does not tell what it is"),
        (Wish(path="other"), 'says `path = "other"`'),
    ],
)
def test_an_impossible_wish_is_refused(wish: Wish, words: str) -> None:
    error = refused("app.R", "notes.txt", wish=wish)
    assert words in error.message
    assert error.hint


def test_what_is_missing_or_empty_is_said() -> None:
    assert "empty" in refused().message
    assert refused("app.R", app=" \n").message == "app.R is empty."
    assert "server.R is there, ui.R is not" in refused("server.R").message
    assert refused("ui.R").hint == "Add server.R beside ui.R."
    assert "Found a.txt, b.txt" in refused("a.txt", "b.txt").message


def test_every_kind_has_a_label_and_says_what_it_serves() -> None:
    assert all(kind.label and kind.serves in ("session", "page", "api") for kind in Kind)
    assert {kind for kind in Kind if kind.renders} == {Kind.rmd, Kind.quarto}


def test_every_kind_is_described() -> None:
    page = (Path(__file__).parents[3] / "docs" / "kinds.md").read_text()
    assert [kind for kind in Kind if f"| `{kind}` |" not in page] == []
