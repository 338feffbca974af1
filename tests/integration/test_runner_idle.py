"""Silent sessions through somebody else's proxy, which cuts what is silent: real intervals, and little patience."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import anyio
import pytest
from playwright.async_api import expect
from tests.integration.platform import free_ports
from tests.integration.r_apps import Apps, Instance, browser_page
from tests.integration.runner_door import KEY, bare_session, hear, press, reported

pytestmark = [pytest.mark.anyio, pytest.mark.engine, pytest.mark.browser]

IDLE = 25
"""Seconds: longer than any patience below."""
BUSY = b"""
library(shiny)
ui <- fluidPage(textOutput("state"), actionButton("work", "work"))
shinyApp(ui, function(input, output, session) {
  output$state <- renderText(paste("works", input$work))
  observeEvent(input$work, Sys.sleep(%d))
})
"""
NGINX = """
daemon off; worker_processes 1; pid nginx.pid; error_log nginx.log;
events { worker_connections 64; }
http {
  access_log off;
  client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi; scgi_temp_path scgi;
"""
SERVER = """
  server { listen 127.0.0.1:%d; location / {
    proxy_pass %s; proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade;
    proxy_read_timeout %ds; proxy_send_timeout %ds;
  } }
"""


@contextmanager
def nginx(folder: Path, target: str, *patience: int) -> Iterator[list[Instance]]:
    """The same app behind servers that wait for so many seconds."""
    ports = free_ports(len(patience))
    servers = [
        SERVER % (port, target, seconds, seconds) for port, seconds in zip(ports, patience, strict=True)
    ]
    (folder / "nginx.conf").write_text(NGINX + "".join(servers) + "}\n")
    command = ["nginx", "-p", folder, "-c", folder / "nginx.conf", "-e", folder / "nginx.log"]
    with subprocess.Popen(command) as process:
        try:
            yield [Instance("", f"http://127.0.0.1:{port}/", None) for port in ports]  # type: ignore[arg-type]
        finally:
            process.terminate()


async def test_silent_sessions_outlive_a_proxys_patience_also_while_r_works(
    apps: Apps, tmp_path: Path
) -> None:
    """The first wait is shorter than the server's own sign of life, the second one longer, the third one proves that
    this proxy cuts."""
    instance = await apps.start({"app.R": BUSY % IDLE}, KEY)
    await instance.answer()
    with nginx(tmp_path, instance.url, 18, 23, 2) as (short, long, shortest):
        await long.answer()
        async with (
            browser_page() as page,
            bare_session(long, "state", buttons=("work",)) as silent,
            bare_session(shortest, "state") as cut,
        ):
            await page.goto(short.url)
            await expect(page.locator("#state")).to_have_text("works 0")
            await hear(silent, "values")
            began = time.monotonic()
            await press(silent, "work")
            with anyio.fail_after(IDLE):
                await cut.wait_closed()
            await anyio.sleep(IDLE - (time.monotonic() - began))
            assert await hear(silent, "values") == {"state": "works 1"}
            await page.get_by_role("button", name="work").click()
            await expect(page.locator("html")).to_have_class("shiny-busy")
        assert (await reported(instance, lambda said: said.sessions == 0)).last == 9
