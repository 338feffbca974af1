"""The edge with a certificate."""

import datetime
import ssl
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tests.integration.edge_parts import RELEASE, Kit, app_of, kit, released, seen
from websockets.asyncio.client import connect
from websockets.typing import Origin

pytestmark = pytest.mark.anyio


@pytest.fixture
async def edge(tmp_path: Path) -> AsyncIterator[Kit]:
    async with kit(tmp_path / "edge", certificate=certificate(tmp_path / "both.pem"), scheme="https") as made:
        await released(made)
        yield made


@pytest.fixture
def trust(tmp_path: Path, edge: Kit) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=tmp_path / "both.pem")


async def test_a_page_comes_over_tls_with_a_secure_pin(edge: Kit, trust: ssl.SSLContext) -> None:
    async with httpx.AsyncClient(trust_env=False, verify=trust) as client:
        answer = await client.get(
            f"https://127.0.0.1:{edge.port}/",
            headers={"Host": RELEASE, "Sec-Fetch-Dest": "document"},
            extensions={"sni_hostname": RELEASE},
        )
    assert app_of(answer) == "d1"
    assert answer.headers["set-cookie"].endswith("; Secure")
    assert seen(answer)["x-forwarded-proto"] == "https"


async def test_no_sibling_can_say_which_version_a_visitor_gets(edge: Kit, trust: ssl.SSLContext) -> None:
    """Browsers take a cookie of such a name from its own host only."""
    await edge.go(replace(edge.wanted, shares={RELEASE: "50:slot2"}))
    for cookie, drawn in (("sandbox_bucket=7", True), ("__Host-sandbox_bucket=7", False)):
        async with httpx.AsyncClient(trust_env=False, verify=trust) as client:
            answer = await client.get(
                f"https://127.0.0.1:{edge.port}/",
                headers={"Host": RELEASE, "Sec-Fetch-Dest": "document", "Cookie": cookie},
                extensions={"sni_hostname": RELEASE},
            )
        said = [line for line in answer.headers.get_list("set-cookie") if "bucket" in line]
        assert bool(said) is drawn
        assert all(line.startswith("__Host-sandbox_bucket=") for line in said)
        assert all("; Path=/;" in line and line.endswith("; Secure") for line in said)
        assert "cookie" not in seen(answer)
    assert app_of(answer) == "d2"


async def test_a_websocket_comes_over_tls(edge: Kit, trust: ssl.SSLContext) -> None:
    origin = Origin(f"https://{RELEASE}:{edge.port}")
    url = f"wss://{RELEASE}:{edge.port}/websocket/"
    async with connect(url, host="127.0.0.1", port=edge.port, ssl=trust, origin=origin, proxy=None) as socket:
        await socket.send("hi")
        assert await socket.recv() == "d1:hi"


def certificate(path: Path) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "apps.localhost")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("*.apps.localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM) + private)
    return path
