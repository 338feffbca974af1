"""Which of Debian's packages an R package needs to be compiled."""

from sandbox_server.domain.catalogue import Fetch, Fetched
from sandbox_server.domain.system_libraries import debian_packages, named_in


def source(name: str, *, system: str = "", built: str = "") -> Fetched:
    return Fetched(Fetch(name, "1"), "/x", "00", name, "1", (), built, system)


def test_what_debian_itself_builds_it_with_comes_first() -> None:
    assert debian_packages([source("RPostgres", system="libpq")], {"rpostgres": ("libpq-dev",)}) == {
        "libpq-dev"
    }


def test_words_of_the_authors_are_understood() -> None:
    assert named_in("GDAL (>= 2.0.1), GEOS (>= 3.4.0), PROJ (>= 4.8.0), sqlite3") == {
        "libgdal-dev", "libgeos-dev", "libproj-dev",
    }  # fmt: skip
    assert named_in("OpenSSL >= 1.0.2; libxml2-dev (deb)") == {"libssl-dev", "libxml2-dev"}
    assert named_in("C++17, GNU make") == set()


def test_a_word_within_a_word_is_none() -> None:
    assert named_in("project, gslides") == set()


def test_what_was_built_elsewhere_needs_no_headers() -> None:
    assert debian_packages([source("sf", system="gdal", built="4.5.0")], {}) == set()
