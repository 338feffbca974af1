"""Does an R serve an app that was written for another one?"""

import pytest

from sandbox_server.domain.r_version import fit, minor


@pytest.mark.parametrize("wanted", ["", "4.5.0", "4.5", "4"])
def test_the_same_version_fits_without_a_word(wanted: str) -> None:
    assert fit(wanted, "4.5.0").good
    assert not fit(wanted, "4.5.0").notice


def test_the_same_minor_version_serves_with_a_notice() -> None:
    found = fit("4.5.2", "4.5.0")

    assert found.good
    assert found.notice == "R 4.5.0 serves for R 4.5.2."


def test_another_minor_version_does_not_fit() -> None:
    found = fit("4.4.2", "4.5.0")

    assert not found.good
    assert found.drift == "R 4.5.0 instead of 4.4.2"
    assert not fit("4.50.0", "4.5.0").good


def test_minor_is_major_and_minor() -> None:
    assert minor("4.2.2") == "4.2"
    assert minor("4") == "4"
