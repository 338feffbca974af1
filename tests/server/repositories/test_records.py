import pytest

from sandbox_server.repositories.records import Records
from sandbox_server.repositories.trouble import NotHad

INDEX = """\
Package: MASS
Version: 7.3-65
Depends: R (>= 4.4.0), grDevices
Imports: methods

Package: MASS
Version: 7.3-66
Depends: grDevices,
 R (>= 4.6.0)
Path: 4.6.0/Recommended

Package: zoo
Version: 1.8-9

Package: zoo
Version: 1.8-14
Imports: lattice (>=
        0.20-27), utils
SystemRequirements: none
"""


def test_the_newest_version_for_this_r_counts() -> None:
    assert Records(INDEX, "4.5.0")["MASS"].version == "7.3-65"
    assert (Records(INDEX, "4.6.1")["MASS"].version, Records(INDEX)["MASS"].path) == (
        "7.3-66",
        "4.6.0/Recommended",
    )
    assert "MASS" not in Records(INDEX, "4.3.0")
    zoo = Records(INDEX.replace("\n", "\r\n"))["zoo"]
    assert (zoo.version, zoo.needs[0].at_least, zoo.system) == ("1.8-14", "0.20-27", "none")


@pytest.mark.parametrize("text", ["<html>Welcome</html>", "Package: a\n\nVersion: 1", "\0"])
def test_what_is_no_index_is_refused(text: str) -> None:
    with pytest.raises(NotHad, match="is not a package index"):
        Records(text)


def test_an_empty_repository_is_one() -> None:
    assert len(Records("\n")) == 0
