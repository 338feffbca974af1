"""Proxies, certificates, and what a kill leaves behind."""

import signal
import ssl
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tests.repository import Server
from tests.server.repositories.conftest import Open

from sandbox_server.domain.catalogue import Index, Unreachable
from sandbox_server.errors import Unavailable

pytestmark = pytest.mark.anyio

_FETCH = """
import sys
import time
from pathlib import Path
import anyio
from sandbox_server.domain.catalogue import Fetch
from sandbox_server.repositories import Repositories
url = sys.argv[1]
repositories = Repositories(Path(sys.argv[2]), cran=[url])
fetch = Fetch("gamma", "1.0.0", (url + "/src/contrib/gamma_1.0.0.tar.gz",))
anyio.run(repositories.fetch, [fetch], Path("/nowhere"), print)
"""


def own_certificate(folder: Path) -> Path:
    """Of an authority that nobody knows, for 127.0.0.1, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    path = folder / "own.pem"
    path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM) + private)
    return path


def kill_in_the_middle(url: str, folder: Path) -> None:
    fetching = subprocess.Popen([sys.executable, "-c", _FETCH, url, str(folder)])
    try:
        while not list(folder.glob("arriving/*")):
            assert fetching.poll() is None
            time.sleep(0.02)
    finally:
        fetching.send_signal(signal.SIGKILL)
        fetching.wait()


async def test_own_certificates_are_trusted_when_named(
    server: Server, open_repositories: Open, tmp_path: Path
) -> None:
    pem = own_certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    url = server.url.replace("http:", "https:")
    [found] = await open_repositories(url).indexes()
    assert isinstance(found, Unreachable)
    assert "certificate verify failed" in found.reason
    [found] = await open_repositories(url, ca_bundle=pem).indexes()
    assert isinstance(found, Index)


async def test_a_proxy_is_used(
    server: Server, open_repositories: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", server.url)
    [found] = await open_repositories("http://cran.example.org").indexes()
    assert isinstance(found, Index)
    assert server.asked == ["http://cran.example.org/src/contrib/PACKAGES.gz"]


@pytest.mark.parametrize(
    "url", ["https://ada:secret@cran.example.org", "ftp://cran.example.org", "/srv/cran"]
)
async def test_strange_addresses_are_refused_at_once(open_repositories: Open, url: str) -> None:
    with pytest.raises(Unavailable) as told:
        open_repositories(url)
    assert "secret" not in told.value.message + told.value.hint


async def test_a_killed_fetch_leaves_nothing_under_a_final_name(
    server: Server, open_repositories: Open, tmp_path: Path
) -> None:
    server.wrong["gamma"] = "drip"
    folder = tmp_path / "packages"
    kill_in_the_middle(server.url, folder)
    assert list(folder.glob("source/*/*")) == list(folder.glob("known/*")) == []
    assert len(list(folder.glob("arriving/*"))) == 1
    open_repositories(server.url).tidy()
    assert list(folder.glob("arriving/*")) == []
