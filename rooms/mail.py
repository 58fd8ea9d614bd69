"""Mail on its way out: messages are built, kept in the store, and tried until accepted.

A message waits in the table `mails` until the mailer (`conference.mailer`) delivers it. Whoever
takes one for an attempt leases it, so that two processes never send it twice at once. Without a
mail server in the settings messages are simply kept.
"""

import secrets
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from email import message_from_string
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from enum import StrEnum

import msgspec
from sqlalchemy import Select, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import defer

from rooms.store.database import Database
from rooms.store.files import FileStore
from rooms.store.tables import MailRow

# Waits between attempts: a busy server, a restart, an outage of hours. Then once every six hours.
BACK_OFF = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 180, 360))
MAX_AGE = timedelta(days=3)  # nobody wants an invitation that comes later
LEASE = timedelta(minutes=10)  # longer than any attempt takes
MAX_ERROR_CHARS = 300
_POLICY = SMTP.clone(cte_type="7bit")  # passes every server


class MailState(StrEnum):
    QUEUED = "queued"
    SENT = "sent"
    FAILED = "failed"


class Attachment(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    type: str  # "application/pdf"
    content: bytes = b""
    digest: str = ""  # instead of the content: of a file in the `FileStore`, attached when sent
    cid: str = ""  # shown inside the HTML as cid:…, instead of being attached


class Outgoing(msgspec.Struct, frozen=True, kw_only=True):
    """A message to one recipient. The sender is added when it goes out."""

    to: str
    subject: str
    text: str
    html: str = ""
    attachments: tuple[Attachment, ...] = ()
    calendar: bytes = b""  # an iCalendar object with its METHOD
    name: str = ""  # of the addressee
    meeting_id: int | None = None
    recipient_id: int | None = None
    kind: str = "notice"  # "invitation", "change", "cancellation", "reminder", "test", …


class Mail(msgspec.Struct, frozen=True, kw_only=True):
    """A message as pages show it."""

    id: int
    meeting_id: int | None
    recipient_id: int | None
    kind: str
    to: str
    subject: str
    state: MailState
    attempts: int
    created_at: datetime
    due_at: datetime
    sent_at: datetime | None
    error: str


class Due(msgspec.Struct, frozen=True, kw_only=True):
    """A message to be delivered now."""

    id: int
    attempts: int
    created_at: datetime
    message: EmailMessage


class MailQueue:
    def __init__(self, db: Database) -> None:
        self._db = db

    async def put(self, mail: Outgoing, now: datetime) -> int:
        """Queue one message; its id."""
        return (await self.put_all((mail,), now))[0]

    async def put_all(self, mails: Iterable[Outgoing], now: datetime) -> list[int]:
        """Queue messages, all or none of them."""
        async with self._db.session() as session:
            rows = self.add(session, mails, now)
            await session.flush()
            return [row.id for row in rows]

    @staticmethod
    def add(session: AsyncSession, mails: Iterable[Outgoing], now: datetime) -> list[MailRow]:
        """Queue messages within a transaction of the caller's."""
        rows = [_row(mail, now) for mail in mails]
        session.add_all(rows)
        return rows

    async def take(self, now: datetime, limit: int = 20) -> list[Due]:
        """Messages whose time has come, leased to the caller."""
        query = (
            select(MailRow)
            .where(MailRow.state == MailState.QUEUED.value, MailRow.due_at <= now)
            .order_by(MailRow.due_at, MailRow.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        async with self._db.session() as session:
            rows = (await session.scalars(query)).all()
            for row in rows:
                row.due_at = now + LEASE
            return [_due(row) for row in rows]

    async def sent(self, mail_id: int, now: datetime) -> None:
        """The server has taken it. Its text is not kept."""
        await self._settle(mail_id, state=MailState.SENT.value, sent_at=now, message="", error="")

    async def failed(
        self, mail: Due, error: str, now: datetime, *, for_good: bool = False
    ) -> MailState:
        """An attempt failed: when it is tried again, if ever.

        Args:
            for_good: the server said that it will never take it.
        """
        attempts = mail.attempts + 1
        over = for_good or now - mail.created_at > MAX_AGE
        state = MailState.FAILED if over else MailState.QUEUED
        await self._settle(
            mail.id,
            state=state.value,
            attempts=attempts,
            due_at=now + wait_after(attempts),
            error=error[:MAX_ERROR_CHARS],
        )
        return state

    async def _settle(self, mail_id: int, **values: object) -> None:
        async with self._db.session() as session:
            await session.execute(update(MailRow).where(MailRow.id == mail_id).values(**values))

    async def retry(self, mail_id: int, now: datetime) -> None:
        """Try a message at once that failed or waits."""
        async with self._db.session() as session:
            await session.execute(
                update(MailRow)
                .where(MailRow.id == mail_id, MailRow.state != MailState.SENT.value)
                .where(MailRow.message != "")
                .values(state=MailState.QUEUED.value, due_at=now, created_at=now)
            )

    async def drop_waiting(self, meeting_id: int, kinds: Sequence[str]) -> None:
        """Take back what has not gone out yet: a newer message replaces it."""
        async with self._db.session() as session:
            await session.execute(
                update(MailRow)
                .where(
                    MailRow.meeting_id == meeting_id,
                    MailRow.kind.in_(kinds),
                    MailRow.state == MailState.QUEUED.value,
                )
                .values(state=MailState.FAILED.value, message="", error="replaced")
            )

    async def of_meeting(self, meeting_id: int) -> list[Mail]:
        """Newest first."""
        query = _listed().where(MailRow.meeting_id == meeting_id)
        async with self._db.reading() as session:
            return [_mail(row) for row in await session.scalars(query)]

    async def latest(self, limit: int) -> list[Mail]:
        """The newest messages of all meetings, newest first."""
        query = _listed().limit(limit)
        async with self._db.reading() as session:
            return [_mail(row) for row in await session.scalars(query)]

    async def get(self, mail_id: int) -> Mail | None:
        async with self._db.reading() as session:
            row = await session.get(MailRow, mail_id)
            return None if row is None else _mail(row)

    async def counts(self) -> dict[MailState, int]:
        query = select(MailRow.state, func.count()).group_by(MailRow.state)
        async with self._db.reading() as session:
            found = dict((await session.execute(query)).all())
        return {state: found.get(state.value, 0) for state in MailState}


def _listed() -> "Select[MailRow]":
    """The newest first, without their texts."""
    return select(MailRow).options(defer(MailRow.message)).order_by(MailRow.id.desc())


def wait_after(attempts: int) -> timedelta:
    """How long to wait after so many failed attempts."""
    return BACK_OFF[min(attempts, len(BACK_OFF)) - 1]


def compose(mail: Outgoing, now: datetime) -> EmailMessage:
    """The message of RFC 5322, all but its sender.

    An invitation comes as multipart/alternative (plain text, HTML, text/calendar), for clients that
    show an event with its buttons, and as an attached file for those that do not (RFC 6047).
    """
    message = EmailMessage(policy=_POLICY)
    message["To"] = _address(mail.to, mail.name)
    message["Subject"] = " ".join(mail.subject.split())
    message["Date"] = format_datetime(now)
    message["Message-ID"] = f"<{secrets.token_hex(16)}@diemcau>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no replies by machines
    message.set_content(mail.text, cte="base64")
    if mail.html:
        message.add_alternative(mail.html, subtype="html", cte="base64")
        _add_pictures(message, mail.attachments)
    if mail.calendar:
        _add_calendar(message, mail.calendar)
    for part in mail.attachments:
        if part.digest:
            message["X-Attach"] = f"{part.digest} {part.type} {part.name}"
        elif not part.cid:
            _attach(message, part)
    return message


async def complete(message: EmailMessage, files: FileStore) -> None:
    """Put the files in that the stored message only names: hundreds of messages share one."""
    named = message.get_all("X-Attach", [])
    del message["X-Attach"]
    for line in named:
        digest, kind, name = str(line).split(" ", 2)
        content = await files.get(digest)
        if content is not None:
            _attach(message, Attachment(name=name, type=kind, content=content))


def _attach(message: EmailMessage, part: Attachment) -> None:
    kind, _, subtype = part.type.partition("/")
    message.add_attachment(part.content, maintype=kind, subtype=subtype, filename=part.name)


def _add_pictures(message: EmailMessage, attachments: Sequence[Attachment]) -> None:
    html = message.get_payload()[-1]  # type: ignore[index]
    assert isinstance(html, EmailMessage)
    for part in attachments:
        if part.cid:
            kind, _, subtype = part.type.partition("/")
            html.add_related(
                part.content,
                maintype=kind,
                subtype=subtype,
                cid=f"<{part.cid}>",
                filename=part.name,
                disposition="inline",
            )


def _add_calendar(message: EmailMessage, calendar: bytes) -> None:
    method = next(
        line.partition(":")[2] for line in calendar.decode().splitlines() if line[:7] == "METHOD:"
    )
    params = {"method": method}
    message.add_alternative(calendar.decode(), subtype="calendar", params=params, cte="base64")
    message.add_attachment(calendar, maintype="application", subtype="ics", filename="giay-moi.ics")


def _address(to: str, name: str) -> Address | str:
    return Address(display_name=name, addr_spec=to) if name else to


def _row(mail: Outgoing, now: datetime) -> MailRow:
    return MailRow(
        meeting_id=mail.meeting_id,
        recipient_id=mail.recipient_id,
        kind=mail.kind,
        to=mail.to,
        subject=mail.subject[:300],
        message=compose(mail, now).as_string(),
        state=MailState.QUEUED.value,
        attempts=0,
        created_at=now,
        due_at=now,
        sent_at=None,
        error="",
    )


def _due(row: MailRow) -> Due:
    message = message_from_string(row.message, policy=_POLICY)
    assert isinstance(message, EmailMessage)
    return Due(id=row.id, attempts=row.attempts, created_at=row.created_at, message=message)


def _mail(row: MailRow) -> Mail:
    return Mail(
        id=row.id,
        meeting_id=row.meeting_id,
        recipient_id=row.recipient_id,
        kind=row.kind,
        to=row.to,
        subject=row.subject,
        state=MailState(row.state),
        attempts=row.attempts,
        created_at=row.created_at,
        due_at=row.due_at,
        sent_at=row.sent_at,
        error=row.error,
    )
