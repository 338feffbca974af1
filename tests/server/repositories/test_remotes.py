from pathlib import Path

import pytest

from sandbox_server.domain.requirement import Remote
from sandbox_server.repositories import remotes
from sandbox_server.repositories.bioconductor import release_for, repositories_of
from sandbox_server.repositories.logins import Logins

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize(
    ("kind", "host", "login", "url"),
    [
        ("github", "api.github.com", False, f"https://codeload.github.com/ada/tools/tar.gz/{COMMIT}"),
        ("github", "github.com", True, f"https://api.github.com/repos/ada/tools/tarball/{COMMIT}"),
        ("github", "git.firm.com", False, f"https://git.firm.com/api/v3/repos/ada/tools/tarball/{COMMIT}"),
        ("github", "localhost:80", False, f"http://localhost:80/api/v3/repos/ada/tools/tarball/{COMMIT}"),
        (
            "gitlab",
            "gitlab.com",
            False,
            f"https://gitlab.com/api/v4/projects/ada%2Ftools/repository/archive.tar.gz?sha={COMMIT}",
        ),
    ],
)
def test_where_a_commit_is(kind: str, host: str, login: bool, url: str) -> None:
    assert remotes.archive_url(Remote(kind, host, "ada", "tools", COMMIT), login=login) == url


def test_a_login_needs_tls_and_its_own_host(tmp_path: Path) -> None:
    path = tmp_path / "netrc"
    path.write_text("machine github.com login x password one\ndefault login y password two\n")
    path.chmod(0o600)
    logins = Logins(path)
    assert logins.of("https://api.github.com/repos") == logins.of("https://github.com/x") == ("x", "one")
    assert logins.of("http://github.com/x") is None
    assert logins.of("https://github.com.evil.org/x") is None


def test_bioconductor_follows_r() -> None:
    assert (release_for("4.4.2"), release_for("4.2.2"), release_for("")) == ("3.20", "3.16", "")
    assert repositories_of("https://bioconductor.org/", "3.20")[0] == (
        "https://bioconductor.org/packages/3.20/bioc"
    )
    assert repositories_of("", "3.20") == []
