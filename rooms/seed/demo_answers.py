"""Answers of sites in the demo: some confirm, one declines, the others are waited for. Invented."""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from rooms.answers import core, rows
from rooms.answers.records import Actor, AnswerState, Delegate, Reply
from rooms.answers.standing import standings
from rooms.store.tables import MeetingRow, PersonRow, SiteAnswerRow

_MEETINGS = ("demo", "hoc-tap", "dich-ta-lon", "nghi-quyet")  # short names
_UNANSWERED = 5  # the last ones by rank, and KBang, whose account the demo offers
_TOMORROW = "nghi-quyet"
_DECLINES = "Trùng lịch tiếp công dân định kỳ; đề nghị gửi tài liệu sau hội nghị."
_DEPARTMENTS = ("Văn phòng", "Phòng Tài chính - Kế hoạch", "Phòng Nông nghiệp", "Phòng Nội vụ")


async def seed_answers(session: AsyncSession, now: datetime) -> None:
    """Once for each meeting: what is answered in the demo stays."""
    query = select(MeetingRow).where(MeetingRow.short_name.in_(_MEETINGS))
    for meeting in (await session.scalars(query)).all():
        known = await session.scalar(
            select(SiteAnswerRow.site_id).where(SiteAnswerRow.meeting_id == meeting.id).limit(1)
        )
        if known is None:
            await _answers(session, meeting, now)
        if meeting.short_name == _TOMORROW:
            terms = await rows.terms(session, meeting.id)
            terms.deadline = meeting.start - timedelta(hours=10)


async def _answers(session: AsyncSession, meeting: MeetingRow, now: datetime) -> None:
    found = await standings(session, meeting.id)
    open_sites = [site.site_id for site in found[-_UNANSWERED:]] if len(found) > 8 else []
    for number, site in enumerate(found):
        if site.site_id in open_sites or site.short_name == "KBang":
            continue
        reply = await _reply(session, site.unit_id, number)
        if number == 7:
            reply = Reply(state=AnswerState.DECLINED, reason=_DECLINES)
        actor = Actor(name=site.name)
        after = core.applied(actor, site, reply, now - timedelta(minutes=20 * number + 15))
        await rows.save(session, meeting.id, after)
        detail = {"head_count": after.head_count, "reason": after.reason}
        at = after.answered_at or now
        rows.note(session, meeting.id, actor, at, reply.state.value, site.site_id, detail)


async def _reply(session: AsyncSession, unit_id: int, number: int) -> Reply:
    """The first person of the unit presides; heads of departments attend."""
    query = select(PersonRow).where(PersonRow.unit_id == unit_id).order_by(PersonRow.rank).limit(3)
    people = (await session.scalars(query)).all()
    named = [
        Delegate(full_name=f"{one.honorific} {one.full_name}".strip(), position=one.position)
        for one in people
    ] or [Delegate(full_name="Ông Rơ Châm Khánh", position="Phó Chủ tịch")]
    others = [
        Delegate(full_name=f"Đại diện {department}")
        for department in _DEPARTMENTS[: 1 + number % 4]
    ]
    return Reply(
        state=AnswerState.CONFIRMED,
        presiding_name=named[0].full_name,
        presiding_position=named[0].position,
        head_count=8 + number * 5 % 19,
        delegates=(*named, *others),
    )
