from hypothesis import given
from hypothesis import strategies as st

from sandbox_server.domain.catalogue import Need
from sandbox_server.domain.description import entries, needed_r, needs_of, parse_dcf

TEXT = """Package: sales
Version: 1.2-3
Depends: R (>= 4.1), methods, zoo
Imports:
    dplyr (>= 1.1.0),
    shiny,
\tDT (== 0.3), gone (< 2)
LinkingTo: Rcpp
Suggests: testthat
Description: Words
  and: more words.

Package: second
"""


def test_it_works() -> None:
    fields = parse_dcf(TEXT)
    assert (fields["Package"], fields["Version"]) == ("sales", "1.2-3")
    assert fields["Description"] == "Words\nand: more words."
    assert needs_of(fields) == (
        Need("zoo"),
        Need("dplyr", "1.1.0"),
        Need("shiny"),
        Need("DT", "0.3"),
        Need("gone"),
        Need("Rcpp"),
    )
    assert needed_r(fields) == "4.1"


def test_a_version_named_once_counts_in_all_fields() -> None:
    assert needs_of({"Imports": "Rcpp (>= 1.0)", "LinkingTo": "Rcpp"}) == (Need("Rcpp", "1.0"),)
    assert needs_of({"Imports": "Rcpp", "LinkingTo": "Rcpp (>= 1.0)"}) == (Need("Rcpp", "1.0"),)


def test_windows_lines_and_trailing_commas_are_read() -> None:
    assert needs_of(parse_dcf("Imports: a1,\r\n b1 ,\r\n")) == (Need("a1"), Need("b1"))


@given(st.text(alphabet="Pa:ckge \n\t(>=1.),-", max_size=200))
def test_no_text_makes_it_fail(text: str) -> None:
    needs_of(parse_dcf(text))
    entries(text)
