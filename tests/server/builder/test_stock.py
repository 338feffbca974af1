"""What an image's own notes say about its packages."""

import json

import pytest

from sandbox_server.builder import Installed
from sandbox_server.builder.stock import base_of, installed
from sandbox_server.domain.catalogue import DebianPackage
from sandbox_server.errors import BaseMissing

NOTES = {
    "r": "4.5.0",
    "suite": "trixie",
    "packages": {"shiny": "1.10.0", "xml2": "1.3.6"},
    "needs": {"shiny": ["httpuv"]},
    "debian": {"zoo": {"name": "r-cran-zoo", "version": "1.8-14"}},
    "build": {"xml2": ["libxml2-dev"]},
}
OURS, DEBIANS = "/usr/local/lib/R/site-library", "/usr/lib/R/site-library"


def test_a_base_is_read_from_its_notes() -> None:
    base = base_of("sha256:1", "sandbox-base:trixie", {"base.json": json.dumps(NOTES)})
    assert (base.r_version, base.suite) == ("4.5.0", "trixie")
    assert base.installed == {"shiny": "1.10.0", "xml2": "1.3.6"}
    assert base.available == {"zoo": DebianPackage("r-cran-zoo", "1.8-14")}
    assert base.build_needs == {"xml2": ("libxml2-dev",)}


def test_what_is_no_base_is_refused() -> None:
    with pytest.raises(BaseMissing, match="does not stand on one"):
        base_of("sha256:1", "debian:13", {})


@pytest.mark.parametrize("field", sorted(NOTES))
def test_a_base_of_an_earlier_version_is_refused_with_the_remedy(field: str) -> None:
    notes = {name: value for name, value in NOTES.items() if name != field}
    with pytest.raises(BaseMissing, match="earlier version") as refusal:
        base_of("sha256:1", "sandbox-base:trixie", {"base.json": json.dumps(notes)})
    assert "sandboxd base build" in refusal.value.hint


def test_each_package_is_listed_once_with_where_it_came_from() -> None:
    rows = [
        (OURS, "xml2", "1.3.3", ",R,cli,rlang"),
        (DEBIANS, "shiny", "1.10.0", ",httpuv,"),
        (DEBIANS, "xml2", "1.3.6", ""),
        (DEBIANS, "zoo", "1.8-14", ""),
    ]
    found = installed(
        {
            "base.json": json.dumps(NOTES),
            "library.json": json.dumps({"xml2": {"origin": "https://cran.example", "digest": "d1"}}),
            "stock": "".join("\t".join(row) + "\n" for row in rows),
            "debian": "r-cran-zoo\t1.8-14-1\nr-cran-shiny\t1.10.0-1\n",
        }
    )
    assert found == [
        Installed("shiny", "1.10.0", "base", needs=("httpuv",)),
        Installed("xml2", "1.3.3", "https://cran.example", "d1", ("cli", "rlang")),
        Installed("zoo", "1.8-14", "Debian r-cran-zoo 1.8-14-1"),
    ]


def test_what_an_installation_left_beside_its_own_package_is_no_package_of_base_or_debian() -> None:
    found = installed(
        {
            "base.json": json.dumps(NOTES),
            "library.json": "{}",
            "stock": f"{OURS}\tshiny\t666\t\n{OURS}\tother\t1\t\n",
            "debian": "r-cran-shiny\t1.10.0-1\n",
        }
    )
    assert {one.origin for one in found} == {"put there by another package's installation"}
