"""Invitations go out: the letter, changes that replace it, reminders, cancellations.

Messages are queued in the transaction that notes who was told what: nobody is told twice, and
whatever was noted is on its way.
"""

import asyncio
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from rooms.answers.answers import Answers
from rooms.directory.accounts import Account, Accounts
from rooms.errors import RequestRefused
from rooms.invitations import changes
from rooms.invitations.ics import Mailbox
from rooms.invitations.letter import default_letter, letter_paper
from rooms.invitations.letters import FIRST_REMINDERS, Letters, put_reminders
from rooms.invitations.messages import CALLED_OFF, Kind, Post, message_for
from rooms.invitations.numbers import CLERKS, Numbers
from rooms.invitations.recipients import Recipients
from rooms.invitations.records import Audience, Letter, Recipient, Reminder, lines
from rooms.invitations.standing import Standing, in_audience, standings
from rooms.invitations.words import with_position
from rooms.mail import MailQueue, Outgoing
from rooms.meetings.drafts import MeetingDraft
from rooms.meetings.meetings import LOCAL, Meeting, Meetings, MeetingState
from rooms.meetings.records import WAITING
from rooms.meetings.revisions import Revisions
from rooms.papers.fonts import PaperFonts
from rooms.papers.pdf import to_pdf
from rooms.store.database import Database
from rooms.store.files import FileStore
from rooms.store.tables import LetterReminderRow, LetterRow, RecipientRow

OPEN = (*WAITING, MeetingState.LIVE)  # meetings one can be invited to
OFF = (MeetingState.POSTPONED, MeetingState.CANCELLED)
MAX_ATTACHED = 8 * 1024 * 1024  # larger letters are fetched by the link


class Office(msgspec.Struct, frozen=True, kw_only=True):
    """Who writes."""

    sender: Mailbox
    server: str  # "": mail is not set up, messages wait
    hotline: str
    public_url: str  # "" = as the page was asked for when the letter went out
    key: bytes
    hold: timedelta = timedelta(minutes=10)  # after a change, before it is mailed

    @property
    def can_send(self) -> bool:
        return bool(self.server)


class SendResult(msgspec.Struct, frozen=True, kw_only=True):
    sent: int
    without_address: int


class Invitations:
    def __init__(
        self,
        db: Database,
        office: Office,
        *,
        accounts: Accounts,
        meetings: Meetings,
        revisions: Revisions,
        answers: Answers,
        mail: MailQueue,
        files: FileStore,
        fonts: PaperFonts,
    ) -> None:
        self._db = db
        self.office = office
        self._accounts = accounts
        self._meetings = meetings
        self._revisions = revisions
        self._answers = answers
        self._mail = mail
        self._files = files
        self._fonts = fonts
        self.numbers = Numbers(db)
        self.letters = Letters(db, files)
        self.recipients = Recipients(db, office.key)

    # ------------------------------------------------------------ the letter

    async def letter(self, meeting: Meeting) -> Letter | None:
        """The letter of a meeting, as stored or as it would begin; None: there is no series."""
        stored = await self.letters.of_meeting(meeting.id)
        if stored is not None:
            return stored
        series = await self.numbers.series_for(meeting.host_unit_id)
        if series is None:
            return None
        author = await self._accounts.by_id(meeting.created_by)
        contact = with_position(author.full_name, author.position) if author else ""
        terms = await self._answers.terms(meeting.id)
        return default_letter(
            meeting,
            series,
            contact=contact,
            hotline=self.office.hotline,
            deadline=terms.deadline,
        )

    async def stored_letter(self, meeting: Meeting) -> Letter:
        """The letter in the store, put there if need be.

        Raises:
            RequestRefused: "no-series".
        """
        letter = await self.letter(meeting)
        if letter is None:
            raise RequestRefused("no-series")
        if letter.revision == 0:
            await self.letters.keep(letter)
            letter = await self.letters.of_meeting(meeting.id)
            assert letter is not None
        return letter

    async def pdf(self, letter: Letter, meeting: Meeting, now: datetime) -> bytes:
        """The letter as it is to be signed."""
        paper = letter_paper(letter, meeting, now.astimezone(LOCAL).date())
        return await asyncio.to_thread(to_pdf, paper, self._fonts, now)

    async def standings(self, meeting_id: int) -> list[Standing]:
        """Every recipient and how far the invitation has come."""
        return standings(
            await self.recipients.of_meeting(meeting_id),
            await self._mail.of_meeting(meeting_id),
            await self._answers.of_meeting(meeting_id),
        )

    # ------------------------------------------------------------ sending by hand

    async def send(
        self,
        meeting_id: int,
        by: Account,
        now: datetime,
        base_url: str,
        *,
        only: Collection[int] | None = None,
    ) -> SendResult:
        """Mail the invitation to everybody who has not got it, or to `only` these, again.

        Raises:
            RequestRefused: "not-allowed", "not-found", "no-series", "no-number", "wrong-state".
        """
        if by.role not in CLERKS:
            raise RequestRefused("not-allowed")
        meeting = await self._meeting(meeting_id)
        if meeting.state not in OPEN:
            raise RequestRefused("wrong-state")
        letter = await self.stored_letter(meeting)
        if letter.number is None:
            raise RequestRefused("no-number")
        if meeting.state is MeetingState.APPROVED:
            meeting = await self._meetings.advance(meeting.id, MeetingState.INVITED, by, now)
        await self.recipients.sync(meeting.id, now)
        known = [r for r in await self.recipients.of_meeting(meeting.id) if r.removed_at is None]
        chosen = [r for r in known if (r.sent_at is None if only is None else r.id in only)]
        letter = msgspec.structs.replace(letter, base_url=self.office.public_url or base_url)
        await self._deliver(meeting, letter, chosen, Kind.INVITATION, now, first=True)
        return SendResult(
            sent=sum(bool(r.email) for r in chosen),
            without_address=sum(not r.email for r in chosen),
        )

    async def remind(
        self,
        meeting_id: int,
        by: Account,
        now: datetime,
        audience: Audience = Audience.PENDING,
        *,
        only: Collection[int] | None = None,
        sites: Collection[int] | None = None,
    ) -> int:
        """Remind those who have not answered, or everybody; how many mails were queued.

        Raises:
            RequestRefused: "not-allowed", "not-found", "not-sent", "wrong-state".
        """
        if by.role not in CLERKS:
            raise RequestRefused("not-allowed")
        meeting = await self._meeting(meeting_id)
        letter = await self.letters.of_meeting(meeting_id)
        if letter is None or letter.sent_at is None:
            raise RequestRefused("not-sent")
        if meeting.state not in OPEN:
            raise RequestRefused("wrong-state")
        chosen = [
            standing.recipient
            for standing in await self.standings(meeting_id)
            if in_audience(standing, audience)
            and standing.recipient.sent_at is not None
            and (only is None or standing.recipient.id in only)
            and (sites is None or standing.recipient.site_id in sites)
        ]
        return await self._deliver(meeting, letter, chosen, Kind.REMINDER, now)

    async def _meeting(self, meeting_id: int) -> Meeting:
        meeting = await self._meetings.get(meeting_id)
        if meeting is None:
            raise RequestRefused("not-found")
        return meeting

    # ------------------------------------------------------------ by itself

    async def follow(self, now: datetime) -> int:
        """Mail what has come due: changes, cancellations, new sites, reminders."""
        queued = 0
        for meeting_id in await self.letters.followed(now):
            meeting = await self._meetings.get(meeting_id)
            letter = await self.letters.of_meeting(meeting_id)
            if meeting is not None and letter is not None:
                queued += await self._follow(meeting, letter, now)
        return queued

    async def _follow(self, meeting: Meeting, letter: Letter, now: datetime) -> int:
        if meeting.state in OFF:
            return 0 if letter.called_off else await self._call_off(meeting, letter, now)
        if meeting.state not in OPEN:
            return 0
        await self.recipients.sync(meeting.id, now)
        queued = await self._tell_changes(meeting, letter, now, force=False)
        queued += await self._tell_removed(meeting, letter, now)
        queued += await self._invite_new_sites(meeting, letter, now)
        return queued + await self._due_reminders(meeting, letter, now)

    async def pending_change(
        self, meeting: Meeting, letter: Letter
    ) -> tuple[tuple[str, ...], datetime | None]:
        """What is new since guests were told, and when it is mailed by itself."""
        if letter.sent_at is None or meeting.state not in OPEN:
            return (), None
        known = await self._behind(meeting)
        if not known:
            return (), None
        told = await self._changes(meeting, min(r.told_revision or 1 for r in known))
        if not told and not letter.called_off:
            return (), None
        return told or ("Cuộc họp diễn ra trở lại.",), meeting.changed_at + self.office.hold

    async def tell_changes(self, meeting_id: int, by: Account, now: datetime) -> int:
        """Mail a change at once instead of after a while.

        Raises:
            RequestRefused: "not-allowed", "not-found", "not-sent".
        """
        if by.role not in CLERKS:
            raise RequestRefused("not-allowed")
        meeting = await self._meeting(meeting_id)
        letter = await self.letters.of_meeting(meeting_id)
        if letter is None or letter.sent_at is None:
            raise RequestRefused("not-sent")
        await self.recipients.sync(meeting.id, now)
        return await self._tell_changes(meeting, letter, now, force=True)

    async def _behind(self, meeting: Meeting) -> list[Recipient]:
        """Who was told of an earlier revision."""
        return [
            recipient
            for recipient in await self.recipients.of_meeting(meeting.id)
            if recipient.removed_at is None
            and recipient.told_revision is not None
            and recipient.told_revision < meeting.revision
        ]

    async def _tell_changes(
        self, meeting: Meeting, letter: Letter, now: datetime, *, force: bool
    ) -> int:
        behind = await self._behind(meeting)
        if not behind or (not force and now < meeting.changed_at + self.office.hold):
            return 0
        drafts = await self._drafts(meeting.id)
        after = self._meetings.draft_of(meeting)
        names = await self._names()
        queued = 0
        for revision in sorted({r.told_revision or 1 for r in behind}):
            before = drafts.get(revision, after)
            told = changes.change_lines(before, meeting, names, after)
            group = [r for r in behind if (r.told_revision or 1) == revision]
            hear = [
                r
                for r in group
                if letter.called_off
                or changes.matters(before, after)
                or changes.composition_changed(before, after, r.site_id)
            ]
            queued += await self._deliver(
                meeting, letter, hear, Kind.CHANGE, now, told=told or ("Thành phần có thay đổi.",)
            )
            quiet = [r.id for r in group if r not in hear]
            await self.recipients.told(quiet, meeting.revision, now)
        return queued

    async def _changes(self, meeting: Meeting, revision: int) -> tuple[str, ...]:
        before = (await self._drafts(meeting.id)).get(revision)
        after = self._meetings.draft_of(meeting)
        if before is None:
            return ()
        found = changes.change_lines(before, meeting, await self._names(), after)
        others = any(
            changes.composition_changed(before, after, site.site_id) for site in meeting.sites
        )
        return (*found, "Thành phần của một số điểm cầu có thay đổi.") if others else found

    async def _drafts(self, meeting_id: int) -> dict[int, MeetingDraft]:
        """What the meeting was, by revision."""
        history = await self._revisions.of_meeting(meeting_id)
        return {revision.revision: revision.draft for revision in history}

    async def _names(self) -> dict[int, str]:
        return {account.id: account.full_name for account in await self._accounts.everyone()}

    async def _call_off(self, meeting: Meeting, letter: Letter, now: datetime) -> int:
        kind = Kind.CANCELLED if meeting.state is MeetingState.CANCELLED else Kind.POSTPONED
        history = await self._revisions.of_meeting(meeting.id)
        reason = next((r.note for r in reversed(history) if r.state is meeting.state), "")
        await self._mail.drop_waiting(meeting.id, [k.value for k in Kind if k not in CALLED_OFF])
        told = [
            r
            for r in await self.recipients.of_meeting(meeting.id)
            if r.removed_at is None and r.told_revision is not None
        ]
        return await self._deliver(meeting, letter, told, kind, now, reason=reason)

    async def _tell_removed(self, meeting: Meeting, letter: Letter, now: datetime) -> int:
        gone = [
            r
            for r in await self.recipients.of_meeting(meeting.id)
            if r.removed_at is not None and r.told_revision is not None
        ]
        return await self._deliver(meeting, letter, gone, Kind.REMOVED, now)

    async def _invite_new_sites(self, meeting: Meeting, letter: Letter, now: datetime) -> int:
        """Sites that came later, by a change or down the cascade. People are invited by hand."""
        new = [
            r
            for r in await self.recipients.of_meeting(meeting.id)
            if r.removed_at is None and r.sent_at is None and r.site_id is not None and r.email
        ]
        return await self._deliver(meeting, letter, new, Kind.INVITATION, now)

    async def _due_reminders(self, meeting: Meeting, letter: Letter, now: datetime) -> int:
        queued = 0
        for reminder in await self.letters.reminders(meeting.id):
            if due(reminder, meeting, now):
                queued += await self._run_reminder(reminder, meeting, letter, now)
        return queued

    async def _run_reminder(
        self, reminder: Reminder, meeting: Meeting, letter: Letter, now: datetime
    ) -> int:
        late = letter.sent_at is not None and letter.sent_at > reminder_time(reminder, meeting)
        chosen = [
            standing.recipient
            for standing in await self.standings(meeting.id)
            if in_audience(standing, reminder.audience) and standing.recipient.sent_at is not None
        ]
        return await self._deliver(
            meeting, letter, [] if late else chosen, Kind.REMINDER, now, reminder=reminder
        )

    # ------------------------------------------------------------ delivery

    async def _deliver(
        self,
        meeting: Meeting,
        letter: Letter,
        recipients: Sequence[Recipient],
        kind: Kind,
        now: datetime,
        *,
        told: tuple[str, ...] = (),
        reason: str = "",
        reminder: Reminder | None = None,
        first: bool = False,
    ) -> int:
        """Queue one message for each recipient with an address, and note what they know now."""
        if not recipients and reminder is None and not first and kind not in CALLED_OFF[:2]:
            return 0
        post = await self._post(meeting, letter, kind, told, reason, now)
        reachable = [r for r in recipients if r.email]

        def compose() -> dict[int, Outgoing]:
            return {
                r.id: message_for(post, r, self.recipients.token(r), kind, now) for r in reachable
            }

        mails = await asyncio.to_thread(compose)
        async with self._db.session() as session:
            row = await session.get_one(LetterRow, meeting.id, with_for_update=True)
            if reminder is not None and not await _claim(session, reminder, len(mails), now):
                return 0
            fresh = await _note(session, recipients, kind, meeting.revision, now)
            chosen = [mails[r] for r in fresh if r in mails]
            self._mail.add(session, chosen, now)
            await _mark(session, row, kind, post.base_url, now, first)
        return len(chosen)

    async def _post(
        self,
        meeting: Meeting,
        letter: Letter,
        kind: Kind,
        told: tuple[str, ...],
        reason: str,
        now: datetime,
    ) -> Post:
        terms = await self._answers.terms(meeting.id)
        attached = await self._attached(meeting, letter, kind, now)
        return Post(
            meeting=meeting,
            letter=letter,
            base_url=letter.base_url or self.office.public_url,
            sender=self.office.sender,
            hotline=self.office.hotline,
            key=self.office.key,
            deadline=terms.deadline,
            letter_pdf=attached,
            changes=told,
            reason=" ".join(lines(reason)),
        )

    async def _attached(self, meeting: Meeting, letter: Letter, kind: Kind, now: datetime) -> str:
        """The file that goes along: the signed letter, else the letter as it is."""
        if kind not in (Kind.INVITATION, Kind.CHANGE):
            return ""
        if letter.signed is not None:
            # A letter that was signed before the change would contradict the mail.
            small = letter.signed.size <= MAX_ATTACHED
            return letter.signed.digest if small and kind is Kind.INVITATION else ""
        return await self._files.put(await self.pdf(letter, meeting, now))


def reminder_time(reminder: Reminder, meeting: Meeting) -> datetime:
    return meeting.start - timedelta(hours=reminder.hours_before)


def due(reminder: Reminder, meeting: Meeting, now: datetime) -> bool:
    return reminder.done_at is None and reminder_time(reminder, meeting) <= now < meeting.start


async def _claim(session: AsyncSession, reminder: Reminder, count: int, now: datetime) -> bool:
    """Whether this reminder is still to be sent; then it is ours."""
    row = await session.get(LetterReminderRow, reminder.id, with_for_update=True)
    if row is None or row.done_at is not None:
        return False
    row.done_at, row.count = now, count
    return True


async def _note(
    session: AsyncSession,
    recipients: Sequence[Recipient],
    kind: Kind,
    revision: int,
    now: datetime,
) -> list[int]:
    """Note what recipients know now; those who know it by now from somebody else are left out."""
    fresh = []
    for recipient in recipients:
        row = await session.get(RecipientRow, recipient.id)
        if row is None or row.told_revision != recipient.told_revision:
            continue
        fresh.append(row.id)
        if kind is Kind.REMOVED:
            row.told_revision = None
        elif recipient.email:
            row.told_revision, row.sent_at = revision, row.sent_at or now
    return fresh


async def _mark(
    session: AsyncSession, row: LetterRow, kind: Kind, base_url: str, now: datetime, first: bool
) -> None:
    if kind in (Kind.CANCELLED, Kind.POSTPONED):
        row.called_off = True
    elif kind in (Kind.CHANGE, Kind.INVITATION):
        row.called_off = False
    if first and row.sent_at is None:
        row.sent_at = now
        await put_reminders(session, row.meeting_id, FIRST_REMINDERS)
    row.base_url = base_url
