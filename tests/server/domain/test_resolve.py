"""From what an app needs and what can be had: a plan, or the table of what could not be had."""

from dataclasses import replace

from sandbox_server.domain.catalogue import (
    DebianPackage,
    Fetch,
    Fetched,
    Index,
    Need,
    NotFetched,
    Record,
    Unreachable,
)
from sandbox_server.domain.requirement import Declaration, Origin, Remote, Requirement, Source
from sandbox_server.domain.resolve import (
    Drift,
    Resolution,
    Shelf,
    lost_repositories,
    resolve,
    table,
    with_latest,
)

CRAN = "https://cran.example"
INDEX = Index(
    CRAN,
    {
        "alpha": Record("alpha", "2.0", (Need("beta", "1.1"),), md5="aa"),
        "beta": Record("beta", "1.1"),
        "zoo": Record("zoo", "1.9-0"),
    },
)
SHELF = Shelf(
    installed={"shiny": "1.10.0", "rlang": "1.1.5"},
    available={"zoo": DebianPackage("r-cran-zoo", "1.8-14")},
    indexes=[INDEX],
)


def locked(*requirements: Requirement, **more: tuple[Requirement, ...]) -> Declaration:
    return Declaration(Origin.renv, requirements=requirements, **more)


def unlocked(*requirements: Requirement) -> Declaration:
    return Declaration(Origin.code, requirements=requirements)


def exactly(name: str, version: str, source: Source = Source.repository) -> Requirement:
    return Requirement(name, "renv.lock", version=version, source=source)


def came(fetch: Fetch, *needs: Need, version: str = "") -> Fetched:
    return Fetched(fetch, f"/store/{fetch.name}", "5a" * 32, fetch.name, version or fetch.version, needs)


def carried_out(declaration: Declaration, shelf: Shelf, *, compatible: bool = False) -> Resolution:
    """As if each archive came, with the needs that the index tells."""
    while (resolution := resolve(declaration, shelf, compatible=compatible)).fetch:
        records = INDEX.records
        shelf = with_latest(
            shelf, [came(one, *(records[one.name].needs if one.name in records else ())) for one in resolution.fetch]
        )  # fmt: skip
    return resolution


def test_what_the_base_has_needs_nothing() -> None:
    assert resolve(unlocked(Requirement("shiny", "app.R:1")), SHELF) == Resolution()
    assert resolve(locked(exactly("shiny", "1.10.0")), SHELF) == Resolution()


def test_what_debian_has_ready_built_comes_from_debian() -> None:
    assert resolve(unlocked(Requirement("zoo", "app.R:1")), SHELF).debian == {"r-cran-zoo"}


def test_a_dash_and_a_dot_are_the_same_in_versions() -> None:
    assert resolve(locked(exactly("zoo", "1.8.14")), SHELF).debian == {"r-cran-zoo"}


def test_repositories_are_asked_only_when_something_is_left() -> None:
    nobody_asked = replace(SHELF, indexes=None)

    assert not resolve(unlocked(Requirement("zoo", "app.R:1")), nobody_asked).asks
    assert resolve(unlocked(Requirement("alpha", "app.R:1")), nobody_asked).asks


def test_what_debian_lacks_comes_from_a_repository_with_what_it_needs_in_order() -> None:
    resolution = carried_out(unlocked(Requirement("alpha", "app.R:1")), SHELF)

    assert [one.name for one in resolution.sources] == ["beta", "alpha"]
    assert resolution.sources[1].fetch.urls == (
        f"{CRAN}/src/contrib/alpha_2.0.tar.gz", f"{CRAN}/src/contrib/Archive/alpha/alpha_2.0.tar.gz",
    )  # fmt: skip
    assert resolution.sources[1].fetch.md5 == "aa"


def test_a_locked_version_that_is_not_ready_built_is_fetched_from_the_archive() -> None:
    (fetch,) = resolve(locked(exactly("rlang", "1.1.3")), SHELF).fetch

    assert fetch.urls[0] == f"{CRAN}/src/contrib/Archive/rlang/rlang_1.1.3.tar.gz"
    assert fetch.version == "1.1.3"


def test_a_locked_version_that_never_existed_is_a_line_of_the_table() -> None:
    declaration = locked(exactly("rlang", "9.9"))
    (fetch,) = resolve(declaration, SHELF).fetch
    shelf = with_latest(SHELF, [NotFetched(fetch, "no such version", missing=True)])

    (trouble,) = resolve(declaration, shelf).troubles

    assert (trouble.package, trouble.wanted) == ("rlang", "9.9 (renv.lock)")
    assert "no such version" in trouble.found
    assert "the base has 1.1.5" in trouble.found
    assert 'dependencies = "compatible"' in trouble.remedy


def test_compatible_takes_what_is_ready_built_and_tells_the_drift() -> None:
    declaration = locked(exactly("rlang", "9.9"), exactly("zoo", "1.8-12"))

    resolution = resolve(declaration, SHELF, compatible=True)

    assert resolution.debian == {"r-cran-zoo"}
    assert [str(one) for one in resolution.drift] == [
        "rlang 1.1.5 instead of 9.9",
        "zoo 1.8-14 instead of 1.8-12",
    ]
    assert not resolution.fetch
    assert not resolution.troubles


def test_compatible_takes_the_current_version_of_what_is_not_in_the_archive() -> None:
    declaration = locked(exactly("beta", "0.5"))
    (exact,) = resolve(declaration, SHELF, compatible=True).fetch
    shelf = with_latest(SHELF, [NotFetched(exact, "no such version", missing=True)])

    resolution = carried_out(declaration, shelf, compatible=True)

    assert [(one.name, one.version) for one in resolution.sources] == [("beta", "1.1")]
    assert resolution.drift == (Drift("beta", "1.1", "0.5"),)


def test_without_compatible_another_version_is_never_taken() -> None:
    declaration = locked(exactly("beta", "0.5"))
    (exact,) = resolve(declaration, SHELF).fetch

    resolution = resolve(
        declaration, with_latest(SHELF, [NotFetched(exact, "no such version", missing=True)])
    )

    assert not resolution.sources
    assert not resolution.fetch
    assert [trouble.package for trouble in resolution.troubles] == ["beta"]


def test_an_unreachable_repository_is_named_with_the_time_spent() -> None:
    shelf = replace(SHELF, indexes=[Unreachable(CRAN, "timed out", 30.2)])

    (trouble,) = resolve(unlocked(Requirement("leaflet", "app.R:2")), shelf).troubles

    assert lost_repositories(shelf) == [f"{CRAN} timed out (30 s)"]
    assert "1 of 1 repositories could not be asked" in trouble.found
    assert "not in the base, not in Debian" in trouble.found
    assert "SANDBOX_CRAN" in trouble.remedy


def test_what_the_code_only_tries_is_a_notice_if_it_cannot_be_had() -> None:
    resolution = resolve(unlocked(Requirement("leaflet", "app.R:2", optional=True)), SHELF)

    assert not resolution.troubles
    assert "leaflet" in resolution.notices[0]


def test_what_a_commit_needs_is_met_once_its_archive_is_here() -> None:
    remote = Remote("github", "github.com", "team", "ours", "1a2b3c4d5e6f")
    declaration = locked(Requirement("ours", "renv.lock", source=Source.remote, remote=remote))
    (fetch,) = resolve(declaration, SHELF).fetch

    here = with_latest(SHELF, [came(fetch, Need("zoo"), Need("beta"), version="0.1")])
    resolution = carried_out(declaration, here)

    assert resolution.debian == {"r-cran-zoo"}
    assert [one.name for one in resolution.sources] == ["beta", "ours"]


def test_a_commit_that_cannot_be_had_says_so() -> None:
    remote = Remote("github", "github.com", "team", "ours", "1a2b3c4d5e6f")
    declaration = locked(Requirement("ours", "renv.lock", source=Source.remote, remote=remote))
    (fetch,) = resolve(declaration, SHELF).fetch

    (trouble,) = resolve(declaration, with_latest(SHELF, [NotFetched(fetch, "answered 404")])).troubles

    assert trouble.wanted == "github.com/team/ours@1a2b3c4d5e6f (renv.lock)"
    assert "answered 404" in trouble.found
    assert "SANDBOX_NETRC" in trouble.remedy


def test_archives_that_need_each_other_are_a_line_of_the_table() -> None:
    one, two = Requirement("one", "DESCRIPTION", source=Source.local, path="packages/one"), Requirement(
        "two", "DESCRIPTION", source=Source.local, path="packages/two"
    )  # fmt: skip
    first, second = resolve(unlocked(one, two), SHELF).fetch
    shelf = with_latest(
        SHELF, [came(first, Need("two"), version="1"), came(second, Need("one"), version="1")]
    )

    (trouble,) = resolve(unlocked(one, two), shelf).troubles

    assert "need each other" in trouble.found


def test_what_the_lock_lacks_is_refused_unless_the_base_has_it() -> None:
    behind = (Requirement("rlang", "app.R:1"), Requirement("zoo", "app.R:2"))

    resolution = resolve(locked(behind=behind), SHELF)

    assert [trouble.package for trouble in resolution.troubles] == ["zoo"]
    assert "renv::snapshot()" in resolution.troubles[0].remedy
    assert "rlang" in resolution.notices[0]


def test_a_version_that_is_too_old_is_not_taken() -> None:
    resolution = carried_out(unlocked(Requirement("zoo", "DESCRIPTION", at_least="1.9")), SHELF)

    assert not resolution.debian
    assert [one.version for one in resolution.sources] == ["1.9-0"]


def test_the_table_names_each_package_once_with_what_to_do() -> None:
    shelf = replace(SHELF, indexes=[])
    troubles = resolve(unlocked(Requirement("b", "app.R:2"), Requirement("A", "app.R:1")), shelf).troubles

    lines = table(troubles).splitlines()

    assert lines[0] == "A  any version (app.R:1)"
    assert lines[3] == "b  any version (app.R:2)"
    assert lines[1].startswith("    found: ")
    assert lines[2].startswith("    do: ")


def test_compatible_takes_no_other_version_while_a_repository_is_only_away() -> None:
    declaration = locked(exactly("beta", "0.5"))
    (exact,) = resolve(declaration, SHELF, compatible=True).fetch

    resolution = resolve(
        declaration, with_latest(SHELF, [NotFetched(exact, "cran.example answered 500")]), compatible=True
    )

    (trouble,) = resolution.troubles
    assert "answered 500" in trouble.found
    assert trouble.remedy.startswith("push again")
    assert not resolution.drift


def test_a_vendored_archive_of_another_version_breaks_the_promise() -> None:
    declaration = locked(
        Requirement("ours", "renv.lock", version="1.0", source=Source.local, path="packages/ours")
    )
    (fetch,) = resolve(declaration, SHELF).fetch
    shelf = with_latest(SHELF, [came(fetch, version="2.0")])

    (trouble,) = resolve(declaration, shelf).troubles
    assert "what came is 2.0" in trouble.found

    assert resolve(declaration, shelf, compatible=True).drift == (Drift("ours", "2.0", "1.0"),)


def test_a_repository_of_the_locks_own_is_asked_first() -> None:
    own = Index("https://ours.example/r", {"beta": Record("beta", "1.1")})
    shelf = replace(SHELF, indexes=[INDEX, own])

    def first_url(repository: str) -> str:
        wanted = Requirement("beta", "renv.lock", version="1.1", repository=repository)
        return resolve(locked(wanted), shelf).fetch[0].urls[0]

    assert first_url(own.url).startswith(own.url)
    assert first_url("https://cran.rstudio.com").startswith(CRAN)
