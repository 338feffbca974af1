"""The first app's second branch shows a difference that people can see."""

from importlib.resources import files

from deploy.local.demo import APP, CHANGE


def test_every_line_of_the_change_is_in_the_starter_app() -> None:
    starter = (files("sandbox_templates") / "starters" / "shiny" / "app.R").read_text()
    assert [before for before, _ in CHANGE if starter.count(before) != 1] == []


def test_the_starter_app_has_the_demonstrations_name() -> None:
    settings = (files("sandbox_templates") / "starters" / "shiny" / "sandbox.toml").read_text()
    assert f'name = "{APP}"' in settings
