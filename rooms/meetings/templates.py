"""Drafts to begin from: kept under a name, or taken from an earlier meeting."""

from datetime import datetime

import msgspec
from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError

from rooms.directory.accounts import Account
from rooms.errors import N_, Invalid, RequestRefused
from rooms.meetings.drafts import MeetingDraft
from rooms.meetings.revisions import decode, encode
from rooms.meetings.saving import SCHEDULERS
from rooms.store.database import Database
from rooms.store.tables import MeetingTemplateRow

MAX_NAME_CHARS = 200


class Template(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    name: str
    draft: MeetingDraft  # of its times only the hours mean something
    created_by: int
    created_at: datetime


def as_template(draft: MeetingDraft) -> MeetingDraft:
    """What of a meeting another one can begin with."""
    agenda = tuple(msgspec.structs.replace(item, id=None) for item in draft.agenda)
    return msgspec.structs.replace(draft, agenda=agenda, short_name=None)


class Templates:
    def __init__(self, db: Database) -> None:
        self._db = db

    async def all(self) -> list[Template]:
        """By name."""
        query = select(MeetingTemplateRow).order_by(MeetingTemplateRow.name)
        async with self._db.reading() as session:
            return [_template(row) for row in await session.scalars(query)]

    async def get(self, template_id: int) -> Template | None:
        async with self._db.reading() as session:
            row = await session.get(MeetingTemplateRow, template_id)
        return _template(row) if row is not None else None

    async def save(self, name: str, draft: MeetingDraft, by: Account, now: datetime) -> int:
        """
        Raises:
            RequestRefused: "not-allowed".
            Invalid: {"name": …}.
        """
        _check(by)
        name = name.strip()
        if not name or len(name) > MAX_NAME_CHARS:
            raise Invalid({"name": N_("Nhập tên mẫu, không quá 200 ký tự.")})
        row = MeetingTemplateRow(
            name=name, content=encode(as_template(draft)), created_by=by.id, created_at=now
        )
        try:
            async with self._db.session() as session:
                session.add(row)
                await session.flush()
                return row.id
        except IntegrityError:
            raise Invalid({"name": N_("Đã có mẫu mang tên này.")}) from None

    async def remove(self, template_id: int, by: Account) -> None:
        """
        Raises:
            RequestRefused: "not-allowed".
        """
        _check(by)
        async with self._db.session() as session:
            await session.execute(
                delete(MeetingTemplateRow).where(MeetingTemplateRow.id == template_id)
            )


def _check(by: Account) -> None:
    if by.role not in SCHEDULERS:
        raise RequestRefused("not-allowed")


def _template(row: MeetingTemplateRow) -> Template:
    return Template(
        id=row.id,
        name=row.name,
        draft=decode(row.content),
        created_by=row.created_by,
        created_at=row.created_at,
    )
