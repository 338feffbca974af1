import pytest

from sandbox_server.domain.kind import Detected, detect
from sandbox_server.errors import NotAnApp


def found(*paths: str, text: str = "shiny::shinyApp(ui, server)") -> Detected:
    return detect(paths, lambda path: text)


def refused(*paths: str, text: str = "x <- 1") -> NotAnApp:
    with pytest.raises(NotAnApp) as caught:
        found(*paths, text=text)
    return caught.value


def test_it_works() -> None:
    assert found("app.R", "data/x.csv") == Detected("shiny", "app.R", "app.R at the top")


def test_the_case_of_file_names_does_not_matter() -> None:
    assert found("App.r").entry == "App.r"
    assert found("UI.R", "Server.r").entry == "Server.r"


def test_two_files_are_an_app_and_come_before_app_r() -> None:
    assert found("ui.R", "server.R", "app.R") == Detected("shiny", "server.R", "ui.R and server.R at the top")
    assert found("server.R", "www/index.html").why == "www/index.html and server.R at the top"


def test_an_empty_bundle_says_so() -> None:
    assert "empty" in refused().message


def test_an_empty_app_says_so() -> None:
    assert refused("app.R", text=" \n").message == "app.R is empty."


def test_an_app_in_a_subfolder_is_named_with_the_command() -> None:
    error = refused("README.md", "apps/sales/app.R", "apps/stock/app.R")
    assert "apps/sales" in error.message
    assert error.hint == "Push that folder: `sandbox deploy apps/sales`."


def test_half_an_app_says_what_is_missing() -> None:
    assert "server.R is there, ui.R is not" in refused("server.R").message
    assert refused("ui.R").hint == "Add server.R beside ui.R."


def test_an_app_under_another_name_is_found() -> None:
    assert refused("dashboard.R", text="shinyApp(ui, server)").hint.startswith("Rename dashboard.R to app.R")


@pytest.mark.parametrize("path", ["report.Rmd", "plumber.R", "page.qmd", "index.html"])
def test_other_kinds_are_not_yet_supported(path: str) -> None:
    error = refused(path)
    assert path in error.message
    assert "not yet supported by this server" in error.message


def test_anything_else_is_listed() -> None:
    assert "Found a.txt, b.txt" in refused("a.txt", "b.txt").message
