import pytest

from sandbox_server.domain.bookmarks import keeps_bookmarks


@pytest.mark.parametrize(
    "code",
    [
        'shinyApp(ui, server, enableBookmarking = "server")',
        'enableBookmarking("server")',
        "shiny::enableBookmarking(store = 'server')",
        'shinyOptions(bookmarkStore = "server")',
        'run_app <- function(enableBookmarking = "server") shinyApp(ui, server, enableBookmarking = enableBookmarking)',
    ],
)
def test_server_side_bookmarks_are_seen(code: str) -> None:
    assert keeps_bookmarks({"app.R": f"library(shiny)\n{code}\n"})


@pytest.mark.parametrize(
    "code",
    [
        'enableBookmarking("url")',
        "enableBookmarking(store = store)",
        '# enableBookmarking("server")',
        'message("enableBookmarking(\\"server\\")")',
        "bookmarkButton()",
        "enableBookmarking(",
        "",
    ],
)
def test_other_code_needs_no_volume(code: str) -> None:
    assert not keeps_bookmarks({"app.R": code})


def test_only_code_counts() -> None:
    assert not keeps_bookmarks({"README.md": 'enableBookmarking("server")'})
    assert keeps_bookmarks({"README.md": "", "R/more.R": 'enableBookmarking("server")'})
