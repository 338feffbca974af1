"""The page of settings is what the class says."""

from deploy.settings_page import PAGE, page


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text() == page(), "run: python -m deploy.settings_page"
