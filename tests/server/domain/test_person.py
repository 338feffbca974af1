"""Who is one person."""

import pytest

from sandbox_server.domain.person import person


@pytest.mark.parametrize(
    "mail", ["ann@example.org", " Ann@Example.ORG ", "ann+1@example.org", "ANN+a+b@example.org"]
)
def test_however_the_address_is_written_it_is_one_person(mail: str) -> None:
    assert person(mail) == "ann@example.org"


def test_others_are_others() -> None:
    assert person("ann@example.com") != person("ann@example.org") != person("anne@example.org")
    assert person("+x@example.org") == "+x@example.org"
    assert person("") == ""
