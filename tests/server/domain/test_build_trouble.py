"""What a person reads when a package could not be installed."""

import anyio
import pytest
from anyio import to_thread

from sandbox_server.domain.build_trouble import Step, explain, meanwhile

SF = Step("package", "sf", "1.0-19")
DEBIAN = Step("debian")


def test_a_missing_header_names_debians_package() -> None:
    message, hint = explain(SF, ["gcc -c a.c", "a.c:1:10: fatal error: gdal.h: No such file or directory"])
    assert message == "Package sf 1.0-19 could not be installed: the header gdal.h is missing"
    assert 'system_packages = ["libgdal-dev"]' in hint


def test_a_header_that_nobody_knows_has_a_way_to_find_it() -> None:
    _, hint = explain(SF, ["a.c:1:10: fatal error: odd/thing.h: No such file or directory"])
    assert "system_packages" in hint
    assert "packages.debian.org" in hint


@pytest.mark.parametrize(
    ("line", "words", "help_"),
    [
        ("No package 'libpq' found", "the system library libpq is missing", "libpq-dev"),
        ("Package udunits2 was not found in the pkg-config search path.", "udunits2", "system_packages"),
        ("/usr/bin/ld: cannot find -lgsl: No such file", "the system library gsl is missing", "libgsl-dev"),
        ("Error in loadNamespace(x) : there is no package called ‘rlang’", "the R package rlang", "rlang"),
        ("ERROR: dependencies ‘a’, ‘b’ are not available for package ‘c’", "a, b", "push again"),
        (
            "  namespace ‘rlang’ 1.0.0 is being loaded, but >= 1.1.0 is required",
            "it needs rlang >= 1.1.0, and 1.0.0 is declared",
            "rlang",
        ),
        (
            "ERROR: this R is version 4.2.2, package 'c' requires R >= 4.3.0",
            "it needs R >= 4.3.0",
            "sandbox.toml",
        ),
        ("configure: error: Java Development Kit (JDK) is missing", "it needs Java", 'addons = ["java"]'),
        ("sh: 1: pdflatex: not found", "it needs LaTeX", 'addons = ["latex"]'),
        ("g++: fatal error: Killed signal terminated program cc1plus", "more memory", "SANDBOX_BUILD_MEMORY"),
        ("./configure: 3: Cannot fork", "more processes", "SANDBOX_BUILD_PIDS"),
    ],
)
def test_known_troubles_have_a_remedy(line: str, words: str, help_: str) -> None:
    message, hint = explain(SF, ["* installing *source* package ‘sf’ ...", line, "ERROR: it failed"])
    assert words in message
    assert help_ in hint


def test_otherwise_the_first_error_of_the_compiler_is_told() -> None:
    lines = [
        "a.c:3:5: warning: unused",
        "a.c:7:1: error: expected ‘;’",
        "make: *** Error 1",
        "ERROR: compilation failed",
    ]
    assert explain(SF, lines)[0].endswith("could not be installed: a.c:7:1: error: expected ‘;’")


def test_an_error_of_r_is_told_with_the_line_that_it_broke() -> None:
    lines = ["** byte-compile", "Error in f(x) : ", "  object 'x' not found", "ERROR: lazy loading failed"]
    assert explain(SF, lines)[0].endswith("Error in f(x) : object 'x' not found")


def test_what_says_nothing_is_said_to_have_failed() -> None:
    assert explain(SF, []) == ("Package sf 1.0-19 could not be installed.", "")


def test_a_name_that_debian_does_not_know() -> None:
    message, hint = explain(DEBIAN, ["E: Unable to locate package libgdall-dev"])
    assert message == "Debian's packages could not be installed: Debian has no package libgdall-dev"
    assert "system_packages" in hint


def test_a_name_that_pypi_does_not_know() -> None:
    lines = ["ERROR: No matching distribution found for pandaas==1"]
    message, hint = explain(Step("python"), lines)
    assert "no version of pandaas==1 can be had" in message
    assert "requirements.txt" in hint


def test_an_index_whose_certificate_is_not_trusted() -> None:
    lines = ["WARNING: [SSL: CERTIFICATE_VERIFY_FAILED]", "ERROR: No matching distribution found for six"]
    assert "SANDBOX_CA_BUNDLE" in explain(Step("python"), lines)[1]


def test_a_long_line_does_not_become_a_long_sentence() -> None:
    assert len(explain(SF, ["a.c:1:1: error: " + "x" * 5000])[0]) < 400


@pytest.mark.anyio
@pytest.mark.parametrize(
    "text", ["x", "a:1", "lib.so", "cannot find ", "Package a,", "fork", "latex No Python "]
)
async def test_lines_that_mean_harm_are_read_soon(text: str) -> None:
    # Generous: what costs the square of a line's length takes longer than this.
    with anyio.fail_after(60):
        message, _ = await to_thread.run_sync(
            explain, SF, [(text * 4000)[:4000]] * 600, abandon_on_cancel=True
        )
    assert message == "Package sf 1.0-19 could not be installed."


@pytest.mark.parametrize(
    ("step", "begin"),
    [
        (SF, "While package sf 1.0-19 was being installed, the build took too long."),
        (DEBIAN, "While Debian's packages were being installed, the build took too long."),
        (Step("start"), "The build took too long."),
    ],
)
def test_a_limit_is_told_with_the_step(step: Step, begin: str) -> None:
    assert meanwhile(step, "the build took too long") == begin
