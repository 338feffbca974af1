from pathlib import Path

import pytest

from sandbox_server.visitor import ChromiumVisitor, Itinerary, Outcome
from sandbox_server.visitor.launch import NoBrowserError, find

pytestmark = pytest.mark.anyio


async def test_a_program_that_is_not_there_is_named_with_the_remedy() -> None:
    visitor = ChromiumVisitor("127.0.0.1:1", "apps.localhost", "/no/chromium")
    assert await visitor.available() == (
        "There is no browser: /no/chromium cannot be run. Install one: `apt-get install chromium`."
    )
    found = await visitor.visit(Itinerary("http://a.apps.localhost/"))
    assert (found.outcome, found.reason) == (Outcome.no_browser, await visitor.available())
    await visitor.close()


async def test_a_program_that_ends_at_once_is_no_browser(tmp_path: Path) -> None:
    visitor = ChromiumVisitor("127.0.0.1:1", "apps.localhost", "false")
    found = await visitor.visit(Itinerary("http://a.apps.localhost/"))
    assert (found.outcome, found.reason) == (
        Outcome.no_browser,
        "The browser does not start: it said nothing.",
    )
    assert await visitor.available() == found.reason
    await visitor.close()


def test_the_path_is_searched(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "google-chrome"
    program.write_text("")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find("") == str(program)
    program.unlink()
    with pytest.raises(NoBrowserError, match="no Chromium is installed"):
        find("")
