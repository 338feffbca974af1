"""Mail and webhook, to real servers."""

import os
import ssl
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import anyio
import pytest
from tests.server.post.servers import hook, post_office, silence

from sandbox_server.domain.telling import Message, Side, message
from sandbox_server.post import Letter, Mail, NotSent, Webhook

pytestmark = pytest.mark.anyio

CONTROL = "http://sandbox.localhost:8080"
ANN = ["ann@example.org"]


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


def said(text: str = "sales does not work.\n\nError in f(x): größer als 3", told: Side = "opened") -> Message:
    return message(
        app="sales", key="availability", text=text, hint="Run `sandbox logs`.", page=f"{CONTROL}/apps/sales",
        told=told, at=datetime(2026, 3, 2, 12, tzinfo=UTC),
    )  # fmt: skip


def mail(port: int, login: str = "", sender: str = "", patience: float = 20, **more: Path) -> Mail:
    return Mail(f"smtp://{login}127.0.0.1:{port}", sender, CONTROL, patience=patience, **more)


async def test_a_mail_arrives() -> None:
    async with post_office() as office:
        await mail(office.port, sender="Sandbox <sandbox@example.org>").send(said(), [*ANN, "ben@x.org"], 7)
    (got,) = office.mails
    assert office.recipients == [["ann@example.org", "ben@x.org"]]
    assert got["Subject"] == "[Sandbox] sales does not work."
    assert got["From"] == "Sandbox <sandbox@example.org>"
    assert got["To"] == "ann@example.org, ben@x.org"
    assert got["Auto-Submitted"] == "auto-generated"
    assert got["Message-ID"] == "<notice-7-opened@sandbox.localhost>"
    assert got.get_content_type() == "text/plain"
    text = got.get_content()
    for part in ("größer als 3", "Run `sandbox logs`.", f"{CONTROL}/apps/sales", "names you as its owner"):
        assert part in text


async def test_its_end_stands_in_the_same_thread() -> None:
    async with post_office() as office:
        await mail(office.port).send(said(told="settled"), ANN, 7)
    (got,) = office.mails
    assert got["Subject"] == "[Sandbox] sales: it works again"
    assert got["In-Reply-To"] == "<notice-7-opened@sandbox.localhost>"
    assert got["From"] == "sandbox@sandbox.localhost"


def letter(subject: str = "Please try Sales", to: str = "rita@example.org", reply_to: str = "") -> Letter:
    return Letter(
        to=to, subject=subject, text="Grüße\nhttps://x.example/r/1.ab\n.\n", key="review-1", reply_to=reply_to,
        at=datetime(2026, 3, 2, 12, tzinfo=UTC),
    )  # fmt: skip


async def test_a_letter_arrives_at_one_person() -> None:
    async with post_office() as office:
        await mail(office.port, sender="Sandbox <sandbox@example.org>").post(
            letter(reply_to="anna@example.org")
        )
    (got,) = office.mails
    assert office.recipients == [["rita@example.org"]]
    assert (got["To"], got["Reply-To"]) == ("rita@example.org", "anna@example.org")
    assert (got["Subject"], got["From"]) == ("Please try Sales", "Sandbox <sandbox@example.org>")
    assert (got["Message-ID"], got["Auto-Submitted"]) == ("<review-1@sandbox.localhost>", "auto-generated")
    assert got.get_content().splitlines() == ["Grüße", "https://x.example/r/1.ab", "."]


async def test_a_letter_without_an_answers_address_names_none() -> None:
    async with post_office() as office:
        await mail(office.port).post(letter())
    (got,) = office.mails
    assert got["Reply-To"] is None


@pytest.mark.parametrize("to", ["rita@example.org\r\nBcc: eve@e.x", "rita@example.org\nRCPT TO:<eve@e.x>"])
async def test_a_letter_never_goes_to_more_than_one(to: str) -> None:
    async with post_office() as office:
        with pytest.raises(NotSent, match="no mail"):
            await mail(office.port).post(letter(to=to))
        with pytest.raises(NotSent, match="no mail"):
            await mail(office.port).post(letter(subject="x\r\nBcc: eve@e.x"))
    assert office.recipients == []


@pytest.mark.parametrize(
    "text", ["x\r\nBcc: eve@evil.example", "x\rBcc: eve@e.x", "x\u2028Bcc: eve@e.x", ".\r\nQUIT\r\n"]
)
async def test_nothing_in_a_notice_becomes_a_header_or_a_command(text: str) -> None:
    async with post_office() as office:
        await mail(office.port, sender="a@b.example\r\nBcc: eve@e.x").send(said(text), ANN, 7)
    (got,) = office.mails
    assert got["Bcc"] is None
    assert office.recipients == [ANN]


async def test_who_must_log_in_does(tmp_path: Path) -> None:
    async with post_office(login=True) as office:
        await mail(office.port, login="ann:p%40ss%2Fword@").send(said(), ANN, 7)
        assert office.logins == [("ann", "p@ss/word")]
        with pytest.raises(NotSent, match="refuses user and password") as refused:
            await mail(office.port, login="ann:wrong-secret@").send(said(), ANN, 7)
    assert "wrong-secret" not in str(refused.value)
    assert not refused.value.alone


async def test_a_password_leaves_this_machine_by_tls_only() -> None:
    async with post_office(login=True) as office:
        far = Mail(f"smtp://ann:p%40ss@0.0.0.0:{office.port}", "", CONTROL)
        with pytest.raises(NotSent, match=r"0\.0\.0\.0 offers no TLS"):
            await far.send(said(), ANN, 7)
        await Mail(f"smtp://0.0.0.0:{office.port}", "", CONTROL).send(said(), ANN, 7)
    assert (office.logins, len(office.mails)) == ([], 1)


async def test_tls_is_used_when_it_is_offered_and_only_if_it_can_be_trusted(tmp_path: Path) -> None:
    certificate, context = certified(tmp_path)
    async with post_office(tls=context) as office:
        await mail(office.port, ca_bundle=certificate).send(said(), ANN, 7)
        assert office.secure == [True]
        with pytest.raises(NotSent, match="cannot be reached: SSL"):
            await mail(office.port).send(said(), ANN, 7)
    assert len(office.mails) == 1


@pytest.mark.parametrize(("answer", "final"), [("550 No such user", True), ("451 Try again later", False)])
async def test_an_address_that_is_refused_concerns_this_mail_only(answer: str, final: bool) -> None:
    async with post_office() as office:
        office.refused["ann@example.org"] = answer
        with pytest.raises(NotSent, match=f"refuses the address .{answer[:3]}") as refused:
            await mail(office.port).send(said(), ANN, 7)
        assert (refused.value.final, refused.value.alone) == (final, True)
        await mail(office.port).send(said(), [*ANN, "ben@x.org"], 7)
    assert office.recipients == [["ben@x.org"]]


@pytest.mark.parametrize("drip", [b"", b"220-still here\r\n"])
async def test_a_mail_server_that_hangs_is_left_in_time(drip: bytes) -> None:
    with anyio.fail_after(60):
        async with silence(drip) as port:
            with pytest.raises(NotSent, match="cannot be reached"):
                await mail(port, patience=0.5).send(said(), ANN, 7)


async def test_a_stop_of_the_server_does_not_wait_for_a_mail_server() -> None:
    with anyio.fail_after(60):
        async with silence() as port:
            with anyio.move_on_after(0.3):
                await mail(port, patience=60).send(said(), ANN, 7)


async def test_a_mail_server_that_is_not_there_is_told_so() -> None:
    async with silence() as port:
        pass
    with pytest.raises(NotSent, match="cannot be reached: nothing listens there") as failed:
        await mail(port).send(said(), ANN, 7)
    assert not failed.value.alone


async def test_mail_reaches_only_who_has_an_address() -> None:
    assert mail(25).reaches(ANN)
    assert not mail(25).reaches([])
    assert Webhook("http://x.example/").reaches([])


async def test_a_webhook_gets_it_as_json() -> None:
    async with hook() as got:
        await Webhook(got.url).send(said(), ANN, 7)
    (posted,) = got.posted
    assert posted.pop("text").splitlines()[0] == "sales does not work."
    assert posted == {
        "notice": 7, "app": "sales", "key": "availability", "state": "opened", "subject": "sales does not work.",
        "hint": "Run `sandbox logs`.", "page": f"{CONTROL}/apps/sales", "owner": ANN, "at": "2026-03-02T12:00:00+00:00",
    }  # fmt: skip


async def test_an_apps_words_are_no_markup_in_a_chat() -> None:
    async with hook() as got:
        await Webhook(got.url).send(said("a <!channel> & <https://evil.example|click>"), ANN, 7)
    (posted,) = got.posted
    assert posted["text"].splitlines()[0] == "a &lt;!channel&gt; &amp; &lt;https://evil.example|click&gt;"


async def test_an_endless_answer_is_not_read() -> None:
    async with hook() as got:
        got.endless = True
        with anyio.fail_after(60):
            await Webhook(got.url).send(said(), ANN, 7)


@pytest.mark.parametrize(("status", "alone"), [(500, True), (429, True), (404, False), (302, True)])
async def test_a_webhook_that_refuses_is_told_so_without_its_secret(status: int, alone: bool) -> None:
    async with hook() as got:
        got.status = status
        with pytest.raises(NotSent, match=f"answers with {status}") as refused:
            await Webhook(got.url).send(said(), ANN, 7)
    assert refused.value.alone is alone
    assert "secret" not in str(refused.value)


async def test_a_webhook_that_hangs_is_left_in_time() -> None:
    with anyio.fail_after(60):
        async with silence() as port:
            with pytest.raises(NotSent, match=r"did not answer within 0\.3 s"):
                await Webhook(f"http://127.0.0.1:{port}/very-secret", patience=0.3).send(said(), ANN, 7)
        with pytest.raises(NotSent, match="cannot be reached: ConnectError") as gone:
            await Webhook(f"http://127.0.0.1:{port}/very-secret").send(said(), ANN, 7)
    assert "secret" not in str(gone.value)


def certified(folder: Path) -> tuple[Path, ssl.SSLContext]:
    """A certificate for 127.0.0.1, and a server's context with it."""
    certificate, key = folder / "cert.pem", folder / "key.pem"
    command = [
        "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=mail",
        "-addext", "subjectAltName=IP:127.0.0.1", "-out", certificate, "-keyout", key,
    ]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True, env=os.environ)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    return certificate, context
