"""Delivers the mail queue over SMTP. Names and addresses never reach a log."""

import asyncio
import logging
import ssl
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage

import aiosmtplib
from sqlalchemy.exc import SQLAlchemyError

from conference.config import MailSettings
from rooms.errors import RequestRefused
from rooms.invitations.invitations import Invitations
from rooms.mail import Due, MailQueue, MailState, Outgoing, complete, compose
from rooms.store.files import FileStore

log = logging.getLogger(__name__)

LOOK_EVERY_S = 3.0
FOLLOW_EVERY_S = 30.0
TIMEOUT_S = 30.0
BATCH = 25  # messages of one connection


class Mailer:
    """Takes what is due, sends it over one connection, notes what became of it."""

    def __init__(self, queue: MailQueue, files: FileStore, settings: MailSettings) -> None:
        self._queue = queue
        self._files = files
        self._settings = settings

    async def run(self, look_every_s: float = LOOK_EVERY_S) -> None:
        """Deliver until cancelled. Without a server in the settings there is nothing to do."""
        if not self._settings.host:
            return
        while True:
            try:
                while await self.deliver(datetime.now(UTC)) == BATCH:
                    pass
            except (SQLAlchemyError, OSError):
                log.exception("mail waits for the store")
            await asyncio.sleep(look_every_s)

    async def deliver(self, now: datetime) -> int:
        """One batch of what is due; how many messages were taken up."""
        batch = await self._queue.take(now, BATCH)
        if not batch:
            return 0
        try:
            async with _connection(self._settings) as smtp:
                for mail in batch:
                    await self._send(smtp, mail, now)
        except (aiosmtplib.SMTPException, OSError) as error:
            log.warning("mail server failed error=%s", type(error).__name__)
            for mail in batch:
                await self._failed(mail, error, now)
        return len(batch)

    async def _send(self, smtp: aiosmtplib.SMTP, mail: Due, now: datetime) -> None:
        await complete(mail.message, self._files)
        _sign(mail.message, self._settings)
        try:
            await smtp.send_message(mail.message)
        except aiosmtplib.SMTPServerDisconnected:
            raise
        except (aiosmtplib.SMTPException, ValueError) as error:
            await self._failed(mail, error, now, for_good=_for_good(error))
        else:
            await self._queue.sent(mail.id, now)

    async def _failed(
        self, mail: Due, error: Exception, now: datetime, *, for_good: bool = False
    ) -> None:
        current = await self._queue.get(mail.id)
        if current is None or current.state is not MailState.QUEUED:
            return  # went out before the connection broke
        if current.attempts > mail.attempts:
            return  # failed by itself before that
        state = await self._queue.failed(mail, describe(error), now, for_good=for_good)
        log.info(
            "mail failed id=%d attempt=%d error=%s state=%s",
            mail.id,
            mail.attempts + 1,
            _code(error),
            state,
        )


async def run_follower(invitations: Invitations, every_s: float = FOLLOW_EVERY_S) -> None:
    """Queue what comes due about meetings, until cancelled."""
    while True:
        try:
            await invitations.follow(datetime.now(UTC))
        except (SQLAlchemyError, OSError, RequestRefused):
            log.exception("invitations wait")
        await asyncio.sleep(every_s)


async def send_test(settings: MailSettings, to: str, now: datetime) -> None:
    """Send one message to `to` without the queue.

    Raises:
        aiosmtplib.SMTPException, OSError: it could not be delivered.
    """
    message = compose(test_message(to), now)
    _sign(message, settings)
    async with _connection(settings) as smtp:
        await smtp.send_message(message)


def test_message(to: str) -> Outgoing:
    return Outgoing(
        to=to,
        subject="Thư thử của hệ thống Điểm Cầu",
        text="Thư này cho biết hệ thống họp trực tuyến gửi được thư điện tử.\nKhông cần trả lời.\n",
        kind="test",
    )


def describe(error: Exception) -> str:
    """What the server said, for the person who has to do something about it."""
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused) and error.recipients:
        return str(error.recipients[0])[:300]
    return str(error) or type(error).__name__


def _code(error: Exception) -> str:
    """The reply code or the kind of error: no words, they may quote an address."""
    reply = _reply_code(error)
    return str(reply) if reply is not None else type(error).__name__


def _reply_code(error: Exception) -> int | None:
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused) and error.recipients:
        return error.recipients[0].code
    return error.code if isinstance(error, aiosmtplib.SMTPResponseException) else None


def _for_good(error: Exception) -> bool:
    """RFC 5321 section 4.2.1: 5yz is a permanent answer."""
    code = _reply_code(error)
    return isinstance(error, ValueError) or (code is not None and 500 <= code < 600)


def _connection(settings: MailSettings) -> aiosmtplib.SMTP:
    """Signed in when the block begins. A refused sign-in raises like a server that is away."""
    trusted = ssl.create_default_context(cafile=settings.ca_file or None)
    return aiosmtplib.SMTP(
        hostname=settings.host,
        port=settings.port,
        use_tls=settings.tls == "tls",
        start_tls=settings.tls == "starttls",
        tls_context=trusted if settings.tls != "none" else None,
        username=settings.user or None,
        password=settings.password or None,
        timeout=TIMEOUT_S,
    )


def _sign(message: EmailMessage, settings: MailSettings) -> None:
    del message["From"], message["Reply-To"]
    message["From"] = Address(display_name=settings.sender_name, addr_spec=settings.sender)
    if settings.reply_to:
        message["Reply-To"] = settings.reply_to
