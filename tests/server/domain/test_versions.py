import pytest

from sandbox_server.domain.versions import compare, is_version, same, satisfies


@pytest.mark.parametrize(
    ("older", "newer"),
    [("1.9", "1.10"), ("1.8-14", "1.8.15"), ("1.0", "1.0.0"), ("0.9", "1"), ("2.1-9", "2.2"), ("x", "0")],
)
def test_versions_are_compared_number_by_number(older: str, newer: str) -> None:
    assert compare(older, newer) < 0 < compare(newer, older)
    assert satisfies(newer, older)
    assert not satisfies(older, newer)


def test_dashes_are_dots() -> None:
    assert same("1.8-14", "1.8.14")
    assert not same("1.0", "1.0.0")
    assert not same("", "")
    assert satisfies("1.8-14", "1.8.14")
    assert satisfies("1.0", "")


@pytest.mark.parametrize("text", ["", "1.", "1..2", "a", "1.2\n", "9" * 50, "1/2", "../1"])
def test_what_is_no_version_is_told(text: str) -> None:
    assert not is_version(text)
