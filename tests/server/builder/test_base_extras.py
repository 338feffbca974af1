"""What an administrator adds to every base, and the way out that builders are told of."""

from pathlib import Path

import pytest

from sandbox_server.builder import Extras, check_extras
from sandbox_server.builder.proxies import proxies
from sandbox_server.errors import BadRequest


def test_no_extras_are_fine() -> None:
    check_extras(Extras())
    assert not Extras()


def test_an_overlay_that_is_no_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match="is not a folder"):
        check_extras(Extras(overlay=tmp_path / "none"))


@pytest.mark.parametrize("content", [b"", b"no certificate", b"\xff\xfe"])
def test_a_bundle_without_a_certificate_is_refused(tmp_path: Path, content: bytes) -> None:
    bundle = tmp_path / "ca.pem"
    bundle.write_bytes(content)
    with pytest.raises(BadRequest, match="has no certificate"):
        check_extras(Extras(ca_bundle=bundle))


def test_a_bundle_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match="cannot be read"):
        check_extras(Extras(ca_bundle=tmp_path / "none.pem"))


def test_proxies_are_told_in_capitals_and_in_small_letters() -> None:
    found = proxies({"https_proxy": "http://proxy:3128", "NO_PROXY": "localhost", "HOME": "/root"})
    assert found == {
        "HTTPS_PROXY": "http://proxy:3128",
        "https_proxy": "http://proxy:3128",
        "NO_PROXY": "localhost",
        "no_proxy": "localhost",
    }
