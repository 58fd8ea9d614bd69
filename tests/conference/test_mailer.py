"""The mailer against a real SMTP server on loopback."""

import asyncio
import ipaddress
import logging
import shutil
import socket
import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import aiosmtplib
import msgspec
import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from conference.config import MailSettings
from conference.mailer import Mailer, send_test
from rooms.mail import Attachment, MailQueue, MailState, Outgoing
from rooms.store.database import Database
from rooms.store.files import FileStore

NOW = datetime(2018, 6, 20, 2, 0, tzinfo=UTC)
SECRET = "mat-khau-thu"


class Postbox:
    """What a mail server does with what it gets: keeps it, or answers as it was told."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.answers: dict[str, str] = {}  # by recipient

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.answers:
            return self.answers[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        assert isinstance(envelope.content, bytes)
        mail = message_from_bytes(envelope.content, policy=default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        return "250 OK"


class Server:
    def __init__(self, postbox: Postbox, port: int, certificate: Path) -> None:
        self.postbox = postbox
        self.settings = MailSettings(
            host="127.0.0.1",
            port=port,
            tls="starttls",
            ca_file=str(certificate),
            user="hop",
            password=SECRET,
            sender="hop@gialai.example",
            sender_name="Điểm Cầu tỉnh Gia Lai",
            reply_to="vanphong@gialai.example",
        )


def make_certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate of 127.0.0.1 and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .sign(key, hashes.SHA256())
    )
    files = folder / "mail.pem", folder / "mail.key"
    files[0].write_bytes(certificate.public_bytes(Encoding.PEM))
    files[1].write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return files


def check_password(*seen: object) -> AuthResult:
    data = seen[-1]
    assert isinstance(data, LoginPassword)
    return AuthResult(success=data.password == SECRET.encode(), handled=False)


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    postbox = Postbox()
    certificate, key = make_certificate(tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    loop = asyncio.get_running_loop()

    def connection() -> SMTP:
        return SMTP(
            postbox,
            loop=loop,
            tls_context=context,
            require_starttls=True,
            authenticator=check_password,
            auth_required=True,
        )

    listening = await loop.create_server(connection, "127.0.0.1", 0)
    yield Server(postbox, listening.sockets[0].getsockname()[1], certificate)
    listening.close()


@pytest.fixture(scope="module")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("store") / "mail.db"

    async def make() -> None:
        db = Database(f"sqlite+aiosqlite:///{file}")
        await db.migrate()
        await db.close()

    asyncio.run(make())
    return file


@pytest.fixture
async def queue(tmp_path: Path, empty_store: Path) -> AsyncIterator[MailQueue]:
    shutil.copy(empty_store, tmp_path / "mail.db")
    db = Database(f"sqlite+aiosqlite:///{tmp_path}/mail.db")
    yield MailQueue(db)
    await db.close()


def mail(to: str) -> Outgoing:
    return Outgoing(to=to, name="UBND huyện KBang", subject="Giấy mời", text="Kính gửi")


async def test_mail_arrives_with_sender_and_attachment(
    server: Server, queue: MailQueue, tmp_path: Path
) -> None:
    files = FileStore(tmp_path)
    digest = await files.put(b"%PDF-1.4 giay moi")
    letter = Attachment(name="giay-moi-12-GM-UBND.pdf", digest=digest, type="application/pdf")
    await queue.put(
        Outgoing(to="kbang@example.vn", subject="Giấy mời", text="x", attachments=(letter,)), NOW
    )
    assert await Mailer(queue, files, server.settings).deliver(NOW) == 1
    (got,) = server.postbox.mails
    assert got["From"] == "Điểm Cầu tỉnh Gia Lai <hop@gialai.example>"
    assert got["Reply-To"] == "vanphong@gialai.example"
    assert "X-Attach" not in got
    (attached,) = got.iter_attachments()
    assert attached.get_filename() == "giay-moi-12-GM-UBND.pdf"
    assert attached.get_content() == b"%PDF-1.4 giay moi"
    assert (await queue.latest(1))[0].state is MailState.SENT


async def test_refused_recipients_do_not_hold_up_the_others(
    server: Server, queue: MailQueue, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "conference")
    server.postbox.answers = {
        "gone@example.vn": "550 5.1.1 <gone@example.vn> no such user",
        "busy@example.vn": "450 4.2.1 try later",
    }
    await queue.put_all([mail(f"{who}@example.vn") for who in ("gone", "busy", "kbang")], NOW)
    mailer = Mailer(queue, FileStore(tmp_path), server.settings)
    await mailer.deliver(NOW)
    kbang, busy, gone = await queue.latest(3)
    assert [m.state for m in (kbang, busy, gone)] == ["sent", "queued", "failed"]
    assert "no such user" in gone.error
    server.postbox.answers.clear()
    await mailer.deliver(NOW + timedelta(minutes=1))
    assert len(server.postbox.mails) == 2
    assert "example.vn" not in caplog.text
    assert "UBND" not in caplog.text
    assert SECRET not in caplog.text


async def test_mail_waits_while_the_server_is_away(queue: MailQueue, tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    away = MailSettings(host="127.0.0.1", port=port, tls="none", sender="hop@gialai.example")
    await queue.put(mail("kbang@example.vn"), NOW)
    await Mailer(queue, FileStore(tmp_path), away).deliver(NOW)
    (waiting,) = await queue.latest(1)
    assert (waiting.state, waiting.attempts) == (MailState.QUEUED, 1)
    assert waiting.due_at == NOW + timedelta(minutes=1)


async def test_a_wrong_password_fails_no_mail_for_good(
    server: Server, queue: MailQueue, tmp_path: Path
) -> None:
    wrong = msgspec.structs.replace(server.settings, password="sai")
    await queue.put(mail("kbang@example.vn"), NOW)
    await Mailer(queue, FileStore(tmp_path), wrong).deliver(NOW)
    assert (await queue.latest(1))[0].state is MailState.QUEUED
    with pytest.raises(aiosmtplib.SMTPAuthenticationError):
        await send_test(wrong, "kbang@example.vn", NOW)


async def test_the_test_message(server: Server) -> None:
    await send_test(server.settings, "kythuat@example.vn", NOW)
    assert server.postbox.mails[0]["To"] == "kythuat@example.vn"


async def test_without_a_server_nothing_is_taken(queue: MailQueue, tmp_path: Path) -> None:
    await queue.put(mail("kbang@example.vn"), NOW)
    await Mailer(queue, FileStore(tmp_path), MailSettings()).run()
    assert len(await queue.take(NOW)) == 1
