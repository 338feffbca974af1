import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox_server.domain.names import (
    branch_label,
    check_app_name,
    check_branch,
    deployment_host,
    nearest,
    parse_deployment,
    release_host,
    sandbox_host,
)
from sandbox_server.errors import BadName, BadRequest

APPS = st.from_regex(r"[a-z][a-z0-9]{0,29}", fullmatch=True)


def test_it_works() -> None:
    assert check_app_name("sales-dashboard") == "sales-dashboard"
    assert branch_label("feature-x", "sales-dashboard") == "feature-x"
    assert release_host("sales", "apps.localhost") == "sales.apps.localhost"
    assert sandbox_host("sales", "feature-x", "apps.localhost") == "feature-x--sales.apps.localhost"
    assert deployment_host("sales", 42, "apps.localhost") == "d42--sales.apps.localhost"


@pytest.mark.parametrize(
    "name",
    [
        "",
        "A",
        "Sales",
        "1a",
        "-a",
        "a-",
        "a--b",
        "a_b",
        "a.b",
        "ä",
        "a" * 31,
        "www",
        "api",
        "d42",
        "a\n",
        "a b",
    ],
)
def test_names_that_cannot_be_hosts_are_refused(name: str) -> None:
    with pytest.raises(BadName) as caught:
        check_app_name(name)
    assert caught.value.message.isprintable()


def test_a_hostile_name_is_not_printed_raw() -> None:
    with pytest.raises(BadName) as caught:
        check_app_name("\x1b[2J" + "a" * 10_000)
    assert caught.value.message.isprintable()
    assert len(caught.value.message) < 300


def test_the_nearest_names_are_the_ones_meant() -> None:
    assert nearest("slaes", ["sales", "stock", "weather"]) == ["sales"]
    assert nearest("Feature-X", ["feature-x", "main"]) == ["feature-x"]
    assert nearest("zzz", ["sales"]) == []


@pytest.mark.parametrize(
    "branch", ["d42", "d1", "xn", "a--b", "Feature", "a/b", "a_b", "日本", "x" * 60, "-a", "a-"]
)
def test_a_branch_that_cannot_be_a_label_as_it_is_gets_a_hash(branch: str) -> None:
    label = branch_label(branch, "sales")
    assert label != branch
    assert re.fullmatch(r"[a-z0-9-]*-[0-9a-f]{8}", label)


def test_branches_that_differ_in_what_is_lost_have_different_labels() -> None:
    branches = ["feature/x", "feature-x", "feature_x", "Feature-x", "feature--x", "feature-x-", "feature.x"]
    assert len({branch_label(branch, "sales") for branch in branches}) == len(branches)


def test_a_branch_that_looks_like_a_hashed_label_gets_a_hash_of_its_own() -> None:
    taken = branch_label("Feature", "sales")
    assert branch_label(taken, "sales") != taken


@given(branch=st.text(max_size=300), app=APPS)
def test_every_branch_has_a_label_that_is_a_host(branch: str, app: str) -> None:
    try:
        check_branch(branch)
    except BadRequest:
        return
    label = branch_label(branch, app)
    assert re.fullmatch(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?", label)
    assert "--" not in label
    assert not re.fullmatch(r"d[0-9]+", label)
    assert len(f"{label}--{app}") <= 63


@given(
    one=st.text(alphabet="aAbB-_/d4", min_size=1), other=st.text(alphabet="aAbB-_/d4", min_size=1), app=APPS
)
def test_two_branches_never_share_a_label(one: str, other: str, app: str) -> None:
    assert one == other or branch_label(one, app) != branch_label(other, app)


@pytest.mark.parametrize(
    "branch", ["main", "feature/x", "fix-1.2", "日本", "a@b", "UPPER_case", "dependabot/npm/@x"]
)
def test_branches_that_git_accepts_are_accepted(branch: str) -> None:
    assert check_branch(branch) == branch


@pytest.mark.parametrize(
    "branch",
    [
        "",
        "a b",
        "a..b",
        "a~1",
        "a^",
        "a:b",
        "a?",
        "a*",
        "a[",
        "a\\b",
        "/a",
        "a/",
        "a//b",
        "@",
        "a@{1}",
        "-a",
        "a.",
        ".a",
        "a/.b",
        "a.lock",
        "a.lock/b",
        "a\x00b",
        "a\nb",
        "a\u202eb",
        "\ud800",
        "x" * 256,
    ],
)
def test_branches_that_git_refuses_are_refused(branch: str) -> None:
    with pytest.raises(BadRequest) as caught:
        check_branch(branch)
    assert caught.value.message.isprintable()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("d42", (None, 42)),
        ("42", (None, 42)),
        (" d7 ", (None, 7)),
        ("sales#42", ("sales", 42)),
        ("sales#d42", ("sales", 42)),
    ],
)
def test_deployments_are_understood_as_people_write_them(text: str, expected: tuple[str | None, int]) -> None:
    assert parse_deployment(text) == expected


@pytest.mark.parametrize(
    "text", ["", "d", "x42", "d-1", "d0", "#42", "Sales#1", "a#b#1", "1" * 10, "٤٢", "main"]
)
def test_what_is_no_deployment_is_refused(text: str) -> None:
    with pytest.raises(BadRequest):
        parse_deployment(text)
