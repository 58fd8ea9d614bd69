"""Meetings of the months before, with who attended, so that the demo's report has something to
tell. Invented."""

from datetime import date, datetime, time, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from rooms.answers.records import AnswerState
from rooms.meetings.drafts import MeetingDraft, MeetingKind, draft_sites
from rooms.meetings.meetings import LOCAL
from rooms.meetings.records import MeetingState
from rooms.meetings.revisions import CREATED, encode
from rooms.store.tables import (
    AccountRow,
    MeetingRevisionRow,
    MeetingRow,
    MeetingSiteRow,
    SiteAnswerRow,
    SiteRow,
    UnitCodeRow,
)

NAMES = "bao-cao-"  # the short names begin with it
_MONTHS = 11
_TITLES = (
    (6, 8, "Hội nghị giao ban trực tuyến tháng {}"),
    (13, 14, "Hội nghị trực tuyến về giải ngân vốn đầu tư công, tháng {}"),
    (20, 8, "Họp trực tuyến Ban Chỉ đạo phòng, chống thiên tai, tháng {}"),
)
_HOST, _CHAIR, _SECRETARY = "GL-VPUB", "chutri", "thuky"


async def seed_reports(session: AsyncSession, now: datetime) -> None:
    """Once for each meeting; needs the accounts of the demo."""
    host = await session.scalar(select(UnitCodeRow.unit_id).where(UnitCodeRow.code == _HOST))
    accounts = dict((await session.execute(select(AccountRow.username, AccountRow.id))).all())
    sites = (await session.scalars(select(SiteRow).order_by(SiteRow.rank))).all()
    if host is None or not {_CHAIR, _SECRETARY} <= set(accounts):
        return
    known = set(await session.scalars(select(MeetingRow.short_name)))
    month = now.astimezone(LOCAL).date().replace(day=1)
    for back in range(1, _MONTHS + 1):
        month = (month - timedelta(days=1)).replace(day=1)
        for number, (day, hour, title) in enumerate(_TITLES):
            name = f"{NAMES}{month:%Y%m}-{number + 1}"
            if name in known or (back + number) % 4 == 3:  # not every month is like the others
                continue
            start = datetime.combine(_working_day(month, day), time(hour), LOCAL)
            draft = MeetingDraft(
                title=title.format(month.month),
                start=start,
                end=start + timedelta(minutes=120 + 30 * number),
                host_unit_id=host,
                chair_id=accounts[_CHAIR],
                sites=draft_sites(site.id for site in sites),
                kind=MeetingKind.MEETING,
                short_name=name,
            )
            await _place(session, draft, accounts[_SECRETARY], list(sites), back)


def _working_day(month: date, day: int) -> date:
    found = month.replace(day=day)
    return found - timedelta(days=max(0, found.weekday() - 4))


async def _place(
    session: AsyncSession, draft: MeetingDraft, by: int, sites: list[SiteRow], back: int
) -> None:
    assert draft.start is not None
    assert draft.end is not None
    row = MeetingRow(
        short_name=draft.short_name,
        title=draft.title,
        kind=draft.kind.value,
        host_unit_id=draft.host_unit_id,
        chair_id=draft.chair_id,
        main_site_id=sites[0].id,
        start=draft.start,
        end=draft.end,
        state=MeetingState.ENDED.value,
        notes="",
        created_by=by,
        created_at=draft.start - timedelta(days=7),
        revision=2,
    )
    session.add(row)
    await session.flush()
    for revision, (action, at) in enumerate(
        ((CREATED, row.created_at), (MeetingState.ENDED.value, draft.end)), start=1
    ):
        session.add(
            MeetingRevisionRow(
                meeting_id=row.id,
                revision=revision,
                at=at,
                by=by,
                action=action,
                note="",
                content=encode(draft),
            )
        )
    for number, site in enumerate(sites):
        session.add(MeetingSiteRow(meeting_id=row.id, site_id=site.id, delegates=8))
        session.add(_answer(row, site, number, back))


def _answer(row: MeetingRow, site: SiteRow, number: int, back: int) -> SiteAnswerRow:
    declined = (number * 7 + back * 3 + row.id) % 13 == 0
    state = AnswerState.DECLINED if declined else AnswerState.CONFIRMED
    return SiteAnswerRow(
        meeting_id=row.id,
        site_id=site.id,
        state=state.value,
        reason="Trùng lịch tiếp công dân định kỳ." if declined else "",
        presiding_name="",
        presiding_position="",
        head_count=0 if declined else 6 + (number * 5 + back * 2) % 17,
        note="",
        answered_at=row.created_at + timedelta(days=2),
        by=site.name,
        reopened=False,
        revision=1,
    )
