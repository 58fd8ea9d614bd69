"""Invitation letters and their recipients as data."""

from datetime import date, datetime
from enum import StrEnum

import msgspec

INVITATION = "invitation"  # the kind of paper a series numbers


class LetterForm(StrEnum):
    STATE = "state"  # Nghị định 30/2020/NĐ-CP
    PARTY = "party"  # Hướng dẫn 36-HD/VPTW


class Series(msgspec.Struct, frozen=True, kw_only=True):
    """Numbers of one issuer, and how its letters look."""

    id: int = 0
    unit_id: int
    unit_name: str = ""
    form: LetterForm = LetterForm.STATE
    symbol: str  # "GM-UBND", "GM/TU"
    first_number: int = 1  # of a year without numbers yet
    superior: str = ""
    issuer: str
    inviter: str  # within a sentence: "Ủy ban nhân dân tỉnh Gia Lai"
    place: str
    signature: str = ""  # lines above the name
    signer: str = ""
    recipients: str = ""  # lines of "Nơi nhận"

    def numbered(self, number: int) -> str:
        """ "05/GM-UBND" in the State's form, "5-GM/TU" in the Party's."""
        if self.form is LetterForm.PARTY:
            return f"{number}-{self.symbol}"
        return f"{number:02d}/{self.symbol}"


class GivenNumber(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    year: int
    number: int
    text: str  # "123/GM-UBND"


class BookLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the book of numbers."""

    number: GivenNumber
    abstract: str
    typed: bool
    given_at: datetime
    given_by: str
    replaced: bool
    meeting_id: int | None


class SignedFile(msgspec.Struct, frozen=True, kw_only=True):
    """The signed PDF that came back."""

    digest: str
    name: str
    size: int
    digital: bool  # holds a digital signature
    at: datetime


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """The letter of a meeting, as far as the meeting itself does not say it."""

    meeting_id: int
    series: Series
    number: GivenNumber | None = None
    issue_date: date | None = None
    abstract: str = ""
    requirements: str = ""  # a line each
    contact: str = ""
    signature: str = ""
    signer: str = ""
    recipients: str = ""
    signed: SignedFile | None = None
    sent_at: datetime | None = None
    called_off: bool = False  # recipients were told that it does not take place
    base_url: str = ""
    revision: int = 0  # 0: not stored yet


class RecipientState(StrEnum):
    """How far an invitation has come."""

    NO_ADDRESS = "no-address"
    NEW = "new"
    QUEUED = "queued"
    FAILED = "failed"
    SENT = "sent"
    OPENED = "opened"
    CONFIRMED = "confirmed"
    DECLINED = "declined"
    REMOVED = "removed"


class Recipient(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    meeting_id: int
    site_id: int | None
    person_id: int | None
    name: str  # as addressed
    email: str
    link_version: int = 0
    link_expires: datetime | None = None
    revoked_at: datetime | None = None
    invited_by_site: int | None = None
    sent_at: datetime | None = None
    opened_at: datetime | None = None
    confirmed_at: datetime | None = None
    declined_at: datetime | None = None
    reason: str = ""
    told_revision: int | None = None
    removed_at: datetime | None = None

    @property
    def pending(self) -> bool:
        """Invited, and has not answered."""
        answered = self.confirmed_at is not None or self.declined_at is not None
        return not answered and self.removed_at is None


class Audience(StrEnum):
    PENDING = "pending"
    ALL = "all"


class Reminder(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    meeting_id: int
    hours_before: int
    audience: Audience
    done_at: datetime | None
    count: int


def lines(text: str) -> tuple[str, ...]:
    """The lines of a field that have something in them."""
    return tuple(line.strip() for line in text.splitlines() if line.strip())
