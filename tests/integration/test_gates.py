"""Gates on the real thing: an app whose outputs fail with the release's variables only."""

from pathlib import Path

import pytest
from tests.integration.platform import Platform, release_host

pytestmark = [pytest.mark.engine, pytest.mark.browser]

APP_R = """library(shiny)
shinyApp(
  fluidPage(textOutput("total")),
  function(input, output) {
    output$total <- renderText({
      if (Sys.getenv("SANDBOX_SCOPE") == "release") stop("no database")
      "42"
    })
  }
)
"""


def test_what_only_fails_for_users_is_held_back_until_somebody_overrides_it(
    platform: Platform, tmp_path: Path
) -> None:
    app, folder = "gated", tmp_path / "gated"
    folder.mkdir()
    (folder / "app.R").write_text(APP_R)
    (folder / "sandbox.toml").write_text('[gates]\nchecks = ["smoke"]\n')
    assert platform.deploy(folder, app)["smoke"]["status"] == "passed"
    assert platform.sandbox("gates", "d1", "--app", app).document["open"]

    # The second time its instance runs already: what the browser saw is not forgotten with the switch.
    for _ in range(2):
        refused = platform.sandbox("promote", "d1", "--app", app)
        assert (refused.code, refused.error["code"]) == (1, "gate_closed"), refused
        assert "with the release's variables failed: Errors in outputs: total" in refused.error["detail"]
        assert platform.releases(app) == []
        assert platform.get(release_host(app)).status_code == 404

    override = ("promote", "d1", "--app", app, "--override", "--reason", "nobody reads the total")
    assert platform.sandbox(*override).error["code"] == "forbidden"
    eva = platform.sandboxd("user", "add", "eva", "--admin").out.strip()
    done = platform.sandbox(*override, token=eva)
    assert done.code == 0, done
    assert "Errors in outputs: total" in done.document["override"][0]
    assert platform.shown(release_host(app)) == "d1"
