"""What a person hears of an installation, and which lines belong to a step."""

from tests.building import Told

from sandbox_server.builder.narrator import Narrator
from sandbox_server.domain.build_trouble import Step

APT = [
    "::sandbox:: debian",
    "0 upgraded, 2 newly installed, 0 to remove",
    "Get:1 http://mirror/debian trixie/main amd64 r-cran-zoo",
    "Unpacking r-cran-zoo (1.8-14-1) ...",
    "Setting up r-cran-zoo (1.8-14-1) ...",
    "Setting up libgdal36:amd64 (3.10) ...",
]


def test_debians_packages_are_counted_and_named() -> None:
    told = _heard(APT)
    assert told.steps == [
        "reading Debian's package lists",
        "downloading 1 of 2 Debian packages",
        "unpacking 1 of 2 Debian packages: r-cran-zoo",
        "setting up 1 of 2 Debian packages: r-cran-zoo",
        "setting up 2 of 2 Debian packages: libgdal36",
    ]
    assert told.lines == APT[1:]


def test_r_packages_are_counted_and_named() -> None:
    told = _heard(["::sandbox:: package zoo 1.8-14", "* installing", "::sandbox:: package xts 0.14"])
    assert told.steps == ["installing 1 of 2 packages: zoo", "installing 2 of 2 packages: xts"]
    assert told.lines == ["[1 of 2] zoo 1.8-14", "* installing", "[2 of 2] xts 0.14"]


def test_a_failed_package_has_its_own_lines_alone() -> None:
    narrator = _narrator(Told())
    for line in ("::sandbox:: package zoo 1.8-14", "good", "::sandbox:: package xts 0.14", "bad"):
        narrator.line(line)
    narrator.line("::sandbox:: failed xts 137")
    assert narrator.step == Step("package", "xts", "0.14")
    assert (narrator.lines, narrator.tail, narrator.status) == (["bad"], "bad", 137)


def test_of_a_long_log_beginning_and_end_are_kept() -> None:
    narrator = _narrator(Told())
    for number in range(10_000):
        narrator.line(f"line {number}")
    assert (narrator.lines[0], narrator.lines[-1]) == ("line 0", "line 9999")
    assert len(narrator.lines) < 1000


def test_forged_words_do_no_harm() -> None:
    narrator = _narrator(Told())
    for line in ("::sandbox:: ", "::sandbox:: failed", "::sandbox:: package", "::sandbox:: failed a b c"):
        narrator.line(line)
    narrator.line("::sandbox:: failed a ²")
    assert narrator.step.what == "package"


def _narrator(told: Told) -> Narrator:
    narrator = Narrator(told)
    narrator.expect(2)
    return narrator


def _heard(lines: list[str]) -> Told:
    told = Told()
    narrator = _narrator(told)
    for line in lines:
        narrator.line(line)
    return told
