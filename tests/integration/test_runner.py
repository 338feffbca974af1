"""What an app finds in its container, and what the platform sees of it."""

import re
import secrets
from importlib.resources import as_file, files

import anyio
import httpx
import pytest
from playwright.async_api import expect
from tests.building import files_below, files_of
from tests.integration.r_apps import MIB, WORKER, Apps, browser_page

pytestmark = [pytest.mark.anyio, pytest.mark.engine]

ASKED = b"""
library(shiny)
shinyApp(function(request) fluidPage(%s), function(input, output, session) NULL)
"""


def asking(code: str) -> dict[str, bytes]:
    """An app whose page has what this R code gives."""
    return {"app.R": ASKED % code.encode()}


async def test_it_works(apps: Apps) -> None:
    instance = await apps.start("hello")
    answer = await instance.answer()
    assert answer.status_code == 200
    assert "hello" in answer.text


async def test_ui_and_server_may_be_two_files(apps: Apps) -> None:
    instance = await apps.start("two_files")
    async with browser_page() as page:
        await instance.answer()
        await page.goto(instance.url)
        await expect(page.get_by_text("hello from server.R")).to_be_visible()


@pytest.mark.browser
async def test_an_app_finds_what_a_laptop_has(apps: Apps) -> None:
    instance = await apps.start("laptop", {"TZ": "Asia/Tokyo"})
    async with browser_page() as page:
        await instance.answer()
        await page.goto(instance.url)
        await expect(page.locator("#visits")).to_have_text("visits: 1")
        await expect(page.locator("#clock")).to_have_text("JST")
        await expect(page.locator("#locale")).to_have_text("Ä 2")
        await expect(page.locator("#plot img")).to_be_visible()
        assert await page.evaluate(INK) == [3, 3]
        colour = "getComputedStyle(document.documentElement).getPropertyValue('--bs-primary')"
        assert (await page.evaluate(colour)).strip().lower() == "#7a1f5c"


INK = """() => {
  // Down their middle both have three strokes; the empty box of a missing glyph has two.
  const image = document.querySelector("#plot img");
  const canvas = document.createElement("canvas");
  canvas.width = image.naturalWidth;
  canvas.height = image.naturalHeight;
  const context = canvas.getContext("2d");
  context.drawImage(image, 0, 0);
  const data = context.getImageData(0, 0, canvas.width, canvas.height).data;
  const dark = (x, y) => data[4 * (y * canvas.width + x)] < 128;
  const columns = [...Array(canvas.width).keys()].filter(
    (x) => [...Array(canvas.height).keys()].some((y) => dark(x, y)));
  const gap = columns.findIndex((x, i) => i > 0 && x - columns[i - 1] > 10);
  const strokes = (from, to) => {
    const middle = Math.round((from + to) / 2);
    return [...Array(canvas.height).keys()].filter((y) => y && dark(middle, y) && !dark(middle, y - 1)).length;
  };
  return [strokes(columns[0], columns[gap - 1]), strokes(columns[gap], columns[columns.length - 1])];
}"""


@pytest.mark.browser
async def test_the_websocket_and_downloads_say_which_instance_they_belong_to(apps: Apps) -> None:
    instance = await apps.start("hello")
    async with browser_page() as page:
        await instance.answer()
        async with page.expect_websocket() as opened:
            await page.goto(instance.url)
        assert (await opened.value).url.endswith(f"/websocket/?w={WORKER}")
        await page.get_by_role("button", name="one more").click()
        await expect(page.locator("#count")).to_have_text("1")
        async with page.expect_download() as started:
            await page.get_by_role("link", name="download").click()
        download = await started.value
        assert download.url.endswith(f"?w={WORKER}")
        assert await anyio.Path(await download.path()).read_text() == "1\n"


@pytest.mark.browser
async def test_a_reconnecting_page_goes_to_its_instance_too(apps: Apps) -> None:
    instance = await apps.start("hello")
    async with browser_page() as page:
        await instance.answer()
        await page.goto(instance.url)
        await expect(page.locator("#count")).to_have_text("0")
        async with page.expect_websocket() as again:
            await page.evaluate("Shiny.shinyapp.$allowReconnect = 'force'; Shiny.shinyapp.$socket.close()")
        assert (await again.value).url.endswith(f"/websocket/?w={WORKER}")


async def test_pages_keep_their_bytes_apart_from_the_script(apps: Apps) -> None:
    instance = await apps.start(asking('tags$p("grüezi, 日本 \\U0001F600")'))
    answer = await instance.answer()
    assert "grüezi, 日本 \U0001f600" in answer.content.decode("utf-8")
    assert answer.text.count(WORKER) == 1
    assert answer.text.rstrip().endswith("</html>")


async def test_a_page_may_be_a_file(apps: Apps) -> None:
    page = b'<!doctype html><html><head class="x"><title>caf\xe9</title></head><body>latin one</body></html>'
    files = {"www/index.html": page, "server.R": b"function(input, output) NULL"}
    instance = await apps.start(files)
    answer = await instance.answer()
    assert b"caf\xe9" in answer.content
    assert WORKER.encode() in answer.content


async def test_what_is_no_page_is_left_as_it_is(apps: Apps) -> None:
    code = b"""
    library(shiny)
    ui <- function(request) httpResponse(200, "application/json", '{"html": "<head>"}')
    shinyApp(ui, function(input, output) NULL)
    """
    instance = await apps.start({"app.R": code})
    assert (await instance.answer()).json() == {"html": "<head>"}


async def test_large_files_are_links_and_the_log_says_so(apps: Apps) -> None:
    files = asking(
        'paste(nchar(Sys.readlink("large.bin")) > 0, file.size("large.bin"), file.access("small.txt", 2))'
    )
    instance = await apps.start({**files, "large.bin": bytes(9 * MIB), "small.txt": b"x"})
    assert f"TRUE {9 * MIB} 0" in (await instance.answer()).text
    assert "over 8 MB, therefore read-only: large.bin" in await instance.log()


async def test_a_folder_that_does_not_fit_is_an_error_in_clear_words(apps: Apps) -> None:
    files = {f"data/{number}.bin": secrets.token_bytes(7 * MIB) for number in range(20)}
    instance = await apps.start({**files_of("hello"), **files}, memory=256 * MIB)
    assert (await instance.ended()).exit_code == 1
    log = await instance.log()
    assert "the app's folder does not fit" in log
    assert "141 MB" in log
    assert "memory" in log


async def test_threads_are_as_many_as_the_limit_allows(apps: Apps) -> None:
    instance = await apps.start(asking('paste(Sys.getenv("OMP_NUM_THREADS"), getOption("mc.cores"))'))
    assert "1 1" in (await instance.answer()).text


async def test_it_runs_as_a_plain_user_with_a_home_to_write_to(apps: Apps) -> None:
    code = """paste(
      Sys.info()[["user"]], file.access("~", 2), file.access("/opt/sandbox", 2), getwd(), file.exists(".here"),
      length(ls(globalenv()))
    )"""
    instance = await apps.start(asking(code))
    assert "app 0 -1 /app TRUE 0" in (await instance.answer()).text


async def test_the_projects_profile_is_run_but_renv_does_not_start(apps: Apps) -> None:
    files = {
        ".Rprofile": b'options(from.profile = "yes")\nsource("renv/activate.R")',
        "renv/activate.R": b'if (Sys.getenv("RENV_CONFIG_AUTOLOADER_ENABLED") != "FALSE") stop("renv starts")',
        ".Renviron": b"FROM_RENVIRON=yes",
    }
    instance = await apps.start(
        {**asking('paste0(getOption("from.profile"), "|", Sys.getenv("FROM_RENVIRON"), "|")'), **files}
    )
    assert "yes||" in (await instance.answer()).text


@pytest.mark.parametrize(
    "code",
    [
        b"library(shiny)\nif (interactive()) shinyApp(fluidPage('found'), function(input, output) NULL)\n",
        b"library(shiny)\nui <- fluidPage('found')\nserver <- function(input, output) NULL\n",
        b"library(shiny)\nshinyApp(fluidPage('found'), function(input, output) NULL)\nx <- 1\n",
        b"setwd(dirname(rstudioapi::getActiveDocumentContext()$path))\n"
        b"shinyApp(fluidPage('found'), function(input, output) NULL)\n",
        b"install.packages(c('shiny', 'absent'))\nshinyApp(fluidPage('found'), function(input, output) NULL)\n",
        b"shiny::runApp(list(ui = shiny::fluidPage('found'), server = function(input, output) NULL), port = 1)\n",
        b"\xef\xbb\xbflibrary(shiny)\r\nshinyApp(fluidPage('found'), function(input, output) NULL)\r\n",
    ],
)
async def test_files_that_are_run_by_hand_on_a_laptop_run_here(apps: Apps, code: bytes) -> None:
    instance = await apps.start({"app.R": code, "www/note.txt": b"beside"})
    assert "found" in (await instance.answer()).text
    async with httpx.AsyncClient() as client:
        assert (await client.get(f"{instance.url}note.txt")).text == "beside"


async def test_a_profile_that_fails_is_noted_and_the_app_starts(apps: Apps) -> None:
    instance = await apps.start({**files_of("hello"), ".Rprofile": b"library(usethis.of.the.author)"})
    assert (await instance.answer()).status_code == 200
    assert ".Rprofile failed" in await instance.log()


async def test_packages_of_debian_are_there_once_installed(apps: Apps) -> None:
    instance = await apps.start("needs_package", packages=frozenset({"r-cran-zoo"}))
    assert (await instance.answer()).status_code == 200


async def test_a_server_function_that_throws_is_named_with_file_and_line(apps: Apps) -> None:
    instance = await apps.start("throws")
    await instance.answer()
    async with browser_page() as page:
        await page.goto(instance.url)
        log = await instance.said("app.R#5")
    assert "no price for pears" in log
    assert re.search(r"server \[.*app\.R#5\]", log)


async def test_an_output_that_fails_is_named_with_file_and_line(apps: Apps) -> None:
    instance = await apps.start("output_error")
    await instance.answer()
    async with browser_page() as page:
        await page.goto(instance.url)
        log = await instance.said("app.R#8")
    assert re.search(r"renderText \[.*app\.R#8\]", log)


@pytest.mark.parametrize(
    ("files", "place", "words"),
    [
        (files_of("missing_package"), "app.R#2", "there is no package called"),
        ({"app.R": b"x <- 1\n\ny <- sqrt('a')\n"}, "app.R#3", "non-numeric argument"),
        ({"app.R": b"f <- function() {\n  stop('deep')\n}\nf()\n"}, "app.R#2", "deep"),
        ({"app.R": b"source('R/more.R')\n", "R/more.R": b"1\nstop('in R')\n"}, "R/more.R#2", "in R"),
        ({"app.R": b"1 +\n", "notes.txt": b""}, "app.R:2", "unexpected end of input"),
    ],
)
async def test_what_ends_an_app_at_its_start_names_file_and_line(
    apps: Apps, files: dict[str, bytes], place: str, words: str
) -> None:
    instance = await apps.start(files)
    assert (await instance.ended()).exit_code == 1
    log = await instance.log()
    assert place in log
    assert words in log


async def test_an_app_may_end_with_a_code_of_its_own(apps: Apps) -> None:
    instance = await apps.start("exits")
    assert (await instance.ended()).exit_code == 3


async def test_too_much_memory_is_seen_as_such(apps: Apps) -> None:
    instance = await apps.start("out_of_memory", memory=256 * MIB)
    container = await instance.ended()
    assert (container.exit_code, container.out_of_memory) == (137, True)


async def test_it_stops_when_told(apps: Apps) -> None:
    instance = await apps.start("hello")
    await instance.answer()
    with anyio.fail_after(60):
        await instance.runtime.stop(instance.name, grace=10)
    assert (await instance.ended()).exit_code != 137


@pytest.mark.browser
async def test_the_starter_works_at_both_widths(apps: Apps) -> None:
    with as_file(files("sandbox_templates") / "starters" / "shiny") as folder:
        starter = files_below(folder)
    instance = await apps.start(starter)
    await instance.answer()
    async with browser_page() as page:
        for width in (1280, 390):
            await page.set_viewport_size({"width": width, "height": 900})
            await page.goto(instance.url)
            await expect(page.locator("#plot img")).to_be_visible()
            await expect(page.get_by_text("Espresso", exact=True).last).to_be_visible()
            assert await page.locator(".shiny-output-error").count() == 0
            assert await page.evaluate("document.documentElement.scrollWidth") <= width
        await page.get_by_role("button", name="0 clicks").click()
        await expect(page.get_by_role("button", name="1 click")).to_be_visible()
