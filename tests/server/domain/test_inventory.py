"""What changed between two package lists, and the lock for one."""

import json

from tests.server.inventories import CRAN, LISTED, with_version

from sandbox_server.domain.inventory import changes, lock_of
from sandbox_server.wire_packages import Package


def test_equal_lists_have_no_changes() -> None:
    assert changes(LISTED, list(reversed(LISTED))) == []


def test_what_came_went_or_has_another_version_is_told() -> None:
    after = [*with_version("zoo", "1.8-15")[:3], Package(name="DT", version="0.33", source=CRAN)]
    told = [(row.name, row.before, row.after) for row in changes(LISTED, after)]
    assert told == [("DT", "", "0.33"), ("leaflet", "2.2.2", ""), ("zoo", "1.8-14", "1.8-15")]


def test_another_archive_of_the_same_version_is_a_change() -> None:
    after = [row.model_copy(update={"hash": "sha256:8"}) if row.name == "leaflet" else row for row in LISTED]
    assert [(row.name, row.before, row.after) for row in changes(LISTED, after)] == [
        ("leaflet", "2.2.2", "2.2.2")
    ]


def test_a_lock_names_what_is_asked_for_and_what_that_needs() -> None:
    rows = [
        Package(name="app", version="1", source="base", needs=["methods", "low"], wanted=True),
        Package(name="low", version="2", source="base", needs=["app"]),
        Package(name="unused", version="3", source="base"),
    ]

    assert list(json.loads(lock_of("4.5.0", rows, [CRAN]))["Packages"]) == ["app", "low"]


def test_a_lock_names_nothing_that_is_part_of_r() -> None:
    lock = json.loads(lock_of("4.5.0", LISTED, [CRAN, "https://example.org/r"]))
    assert lock["R"] == {
        "Version": "4.5.0",
        "Repositories": [
            {"Name": "CRAN", "URL": CRAN},
            {"Name": "CRAN2", "URL": "https://example.org/r"},
        ],
    }
    assert list(lock["Packages"]) == ["leaflet", "shiny", "zoo"]
    assert lock["Packages"]["zoo"] == {
        "Package": "zoo", "Version": "1.8-14", "Source": "Repository", "Repository": "CRAN"
    }  # fmt: skip


def test_a_lock_says_where_each_package_came_from() -> None:
    sources = {
        "a": "https://example.org/r",
        "b": "github.com/owner/repo@0123456789abcdef",
        "c": "gitlab.example.org/group/sub/repo@fedcba",
        "d": "https://bioconductor.org/packages/3.21/bioc",
        "e": "the bundle",
        "f": "https://elsewhere.example.org",
    }
    rows = [Package(name=name, version="1", source=source, wanted=True) for name, source in sources.items()]
    lock = json.loads(lock_of("4.5.0", rows, [CRAN, "https://example.org/r"]))["Packages"]
    assert (lock["a"]["Source"], lock["a"]["Repository"]) == ("Repository", "CRAN2")
    assert (lock["b"]["Source"], lock["b"]["RemoteHost"], lock["b"]["RemoteUsername"]) == (
        "GitHub", "api.github.com", "owner"
    )  # fmt: skip
    assert (lock["b"]["RemoteRepo"], lock["b"]["RemoteSha"]) == ("repo", "0123456789abcdef")
    assert (lock["c"]["Source"], lock["c"]["RemoteUsername"]) == ("GitLab", "group/sub")
    assert [lock[name]["Source"] for name in "de"] == ["Bioconductor", "Local"]
    assert lock["f"]["Repository"] == "https://elsewhere.example.org"
