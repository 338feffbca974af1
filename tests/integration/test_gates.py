"""Gates on the real thing: what only fails for users, and each gate by its name."""

from pathlib import Path

import pytest
from tests.integration.deciding import Gated, end_of, window
from tests.integration.platform import Platform, release_host, until

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


PEOPLE = """reviews = 1
reviewers = ["@qa", "head@example.org"]

[gates.groups]
qa = ["rita@example.org", "gina@example.org"]"""


def test_a_release_passes_every_gate_or_is_refused_by_its_name(quick: Platform, tmp_path: Path) -> None:
    gated = Gated(quick, "guarded", tmp_path / "guarded")
    gated.commit(gates=PEOPLE)
    first = gated.push()
    by_whom_it_must_be_accepted(gated, first)
    what_changed_since_is_named(gated, first)
    assert gated.promote(f"d{first}")["release"] == 1
    second, third = two_branches_propose(gated)
    too_many_or_too_old_or_too_late(gated, second)
    an_administrator_overrides_in_a_freeze(gated, second)
    adopted = gated.run("gates").document["gates"]
    assert adopted == {"reviews": 1, "max_commits": 9}
    users_can_be_taken_back_in_a_freeze(gated, first, third)
    a_share_passes_the_gates_too(gated, third)


def by_whom_it_must_be_accepted(gated: Gated, first: int) -> None:
    assert "It needs 1 review of @qa and head@example.org, and has none." in gated.refused(f"d{first}")
    gated.judge(first, "Omar")
    gated.judge(first, "Gina")
    said = gated.refused(f"d{first}")
    assert "Omar (omar@example.org) does not count: they are not among the reviewers." in said
    assert "Gina (gina@example.org) does not count: guarded-gina pushed this deployment." in said
    page = gated.page(f"/promote/{first}")
    assert "does not count: they are not among the reviewers" in page
    assert "does not count: guarded-gina pushed this deployment" in page
    gated.judge(first, "Rita")
    assert gated.report(first)["open"]


def what_changed_since_is_named(gated: Gated, first: int) -> None:
    done = gated.run("env", "set", "PRICES", "--scope", "release", stdin="secret")
    assert done.code == 0, done
    assert "PRICES not reviewed" in gated.page(f"/promote/{first}")
    asked = gated.asked(f"d{first}")
    assert "Not reviewed: PRICES" in asked.partition("[y/N]")[0]
    assert "Nothing was released." in asked
    gated.demand("reviews=9", "reviewers=")
    refused = gated.run("promote", f"d{first}")
    assert "Not reviewed: PRICES" in refused.error["detail"]
    assert refused.document["unreviewed"] == ["PRICES"]
    assert [one["gate"] for one in refused.document["missing"]] == ["reviews"]
    gated.demand("reviews=1")


def two_branches_propose(gated: Gated) -> tuple[int, int]:
    """One brings three commits."""
    gated.commit(3, "lower", "reviews = 1\nmax_commits = 9")
    second = gated.push()
    gated.commit(1, "higher", "reviews = 3")
    third = gated.push()
    page = gated.page("/gates")
    assert "lower would change this" in page
    assert "higher would change this" in page
    assert "+ reviews = 3" in gated.report(third)["proposal"]
    assert "+ max_commits = 9" in gated.report(second)["proposal"]
    return second, third


def too_many_or_too_old_or_too_late(gated: Gated, second: int) -> None:
    gated.judge(second, "Rita")
    gated.demand("max_commits=2", "max_age=1s", f"freeze={window()}")
    until(
        lambda: len(gated.report(second)["missing"]) == 3,
        "the review is too old",
        lambda: gated.report(second),
    )
    said = gated.refused(f"d{second}")
    assert "Rita (rita@example.org) does not count: it is older than 1 s." in said
    assert "It brings 3 commits against d1; 2 at most are allowed." in said
    assert f"Releases rest now: {window()}, in UTC." in said
    assert f"Wait until {end_of(window())} (UTC)." in said
    assert "Not yet: 3 things are missing." in gated.page(f"/promote/{second}")


def an_administrator_overrides_in_a_freeze(gated: Gated, second: int) -> None:
    why = ("--override", "--reason", "the shops wait")
    assert gated.run("promote", f"d{second}", *why).error["code"] == "forbidden"
    assert len(gated.promote(f"d{second}", *why, token=gated.root)["override"]) == 3
    page = gated.page("")
    assert "overridden : 3 things were missing" in page
    assert "not counted: Rita" in page


def users_can_be_taken_back_in_a_freeze(gated: Gated, first: int, third: int) -> None:
    gated.demand(f"freeze={window()}")
    said = gated.refused(f"d{third}", "--canary", "50@1h")
    assert f'`sandbox promote d{third} --app guarded --canary "50@1h" --override --reason "…"`' in said
    assert gated.platform.rollback("guarded")["deployment"] == first
    assert gated.platform.shown(release_host("guarded")) == f"d{first}"


def a_share_passes_the_gates_too(gated: Gated, third: int) -> None:
    gated.demand("freeze=")
    assert "has none" in gated.refused(f"d{third}", "--canary", "50@1h")
    gated.judge(third, "Rita")
    gated.promote(f"d{third}", "--canary", "50@1h")
    gated.judge(third, "Omar", "rejected")
    assert "Omar (omar@example.org) rejected it" in gated.refused(f"d{third}", "--percent", "60")
    gated.promote(f"d{third}", "--percent", "0")
    assert gated.run("gates").document["gates"] == {"reviews": 1, "max_commits": 9}, "a share adopts nothing"
