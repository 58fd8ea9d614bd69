"""Changes of meetings: what is written down of them, and who may make them when."""

from datetime import time, timedelta

import msgspec
import pytest
from sqlalchemy import select, update

from rooms.errors import Invalid, RequestRefused
from rooms.meetings.drafts import AgendaItem, DraftSite, Duty, MeetingKind, OnDuty, draft_sites
from rooms.meetings.meetings import Meetings
from rooms.meetings.records import MeetingState
from rooms.meetings.revisions import Revisions, differences, last_before
from rooms.store.tables import MeetingRevisionRow, MeetingRow, SiteRow

replace = msgspec.structs.replace


@pytest.fixture
def meetings(db) -> Meetings:
    return Meetings(db)


@pytest.fixture
def full(draft, template, people):
    """A draft that says everything."""
    sites = template.sites
    return replace(
        draft,
        kind=MeetingKind.CONFERENCE,
        deputy_id=people["vptu"].id,
        staff=(
            OnDuty(account_id=people["thuky"].id, duty=Duty.SECRETARY),
            OnDuty(account_id=people["kythuat"].id, duty=Duty.TECHNICIAN),
        ),
        sites=(
            DraftSite(site_id=sites["ubndtinh"], composition="Lãnh đạo UBND tỉnh", delegates=12),
            DraftSite(site_id=sites["kbang"], composition="Lãnh đạo huyện", delegates=30),
        ),
        main_site_id=sites["ubndtinh"],
        venue="Hội trường 2-9",
        agenda=(
            AgendaItem(position=1, title="Khai mạc", start=time(9), minutes=10),
            AgendaItem(position=2, title="Kết luận", start=time(9, 10), presenter="Chủ trì"),
        ),
        notes="Đề nghị có mặt trước 15 phút.",
        public=True,
        short_name="hoi-nghi",
    )


async def test_a_meeting_leads_back_to_its_draft(meetings, people, full, now):
    meeting = await meetings.schedule(full, people["thuky"], now)
    numbered = tuple(
        replace(item, id=held.id) for item, held in zip(full.agenda, meeting.agenda, strict=True)
    )
    assert meetings.draft_of(meeting) == replace(full, agenda=numbered)
    assert (meeting.delegates, meeting.revision) == (42, 1)
    assert meeting.main_site is not None
    assert meeting.main_site.code == "ubndtinh"
    assert [member.name for member in meeting.on_duty(Duty.SECRETARY)] == ["Tên thuky"]


async def test_every_change_leaves_a_revision(db, meetings, people, full, now):
    first = await meetings.schedule(full, people["thuky"], now)
    later = now + timedelta(minutes=5)
    draft = replace(meetings.draft_of(first), title="Hội nghị (mở rộng)", public=False)
    second = await meetings.change(first.id, draft, people["quantri"], later, revision=1)
    await meetings.advance(first.id, MeetingState.INVITED, people["thuky"], later)
    third = await meetings.advance(first.id, MeetingState.CANCELLED, people["thuky"], later, "bão")
    assert (second.revision, second.changed_at, third.revision) == (2, later, 4)
    written = await Revisions(db).of_meeting(first.id)
    assert [(r.revision, r.action, r.by_name, r.note) for r in written] == [
        (1, "created", "Tên thuky", ""),
        (2, "changed", "Tên quantri", ""),
        (3, "invited", "Tên thuky", ""),
        (4, "cancelled", "Tên thuky", "bão"),
    ]
    changed = differences(written[0].draft, written[1].draft)
    assert [(d.field, d.before, d.after) for d in changed] == [
        ("title", "Giao ban", "Hội nghị (mở rộng)"),
        ("public", True, False),
    ]
    assert last_before(written, MeetingState.CANCELLED) is MeetingState.INVITED


async def test_a_change_from_an_old_revision_is_refused(meetings, people, meeting, now):
    draft = meetings.draft_of(meeting)
    mine = replace(draft, title="Của tôi")
    await meetings.change(meeting.id, mine, people["thuky"], now, revision=1)
    with pytest.raises(RequestRefused, match="changed-meanwhile"):
        await meetings.change(
            meeting.id, replace(draft, title="Khác"), people["quantri"], now, revision=1
        )
    with pytest.raises(RequestRefused, match="not-found"):
        await meetings.change(999, draft, people["thuky"], now, revision=1)


async def test_nothing_changed_is_no_revision(db, meetings, people, meeting, now):
    draft = meetings.draft_of(meeting)
    same = await meetings.change(meeting.id, draft, people["thuky"], now, revision=1)
    assert same == meeting
    assert len(await Revisions(db).of_meeting(meeting.id)) == 1


async def test_agenda_items_keep_their_ids_in_another_order(meetings, people, full, now):
    meeting = await meetings.schedule(full, people["thuky"], now)
    opening, closing = meeting.agenda
    turned = (closing, AgendaItem(position=0, title="Thảo luận"), opening)
    draft = replace(meetings.draft_of(meeting), agenda=turned)
    changed = await meetings.change(meeting.id, draft, people["thuky"], now, revision=1)
    assert [item.title for item in changed.agenda] == ["Kết luận", "Thảo luận", "Khai mạc"]
    assert (changed.agenda[0].id, changed.agenda[2].id) == (closing.id, opening.id)
    foreign = replace(draft, agenda=(replace(opening, id=99_999),))
    changed = await meetings.change(meeting.id, foreign, people["thuky"], now, revision=2)
    assert changed.agenda[0].id not in (opening.id, 99_999)


async def test_moving_takes_the_agenda_along(meetings, people, full, now):
    meeting = await meetings.schedule(full, people["thuky"], now)
    start = meeting.start + timedelta(days=1, minutes=90)
    moved = await meetings.move(
        meeting.id, start, start + timedelta(hours=1), people["thuky"], now, revision=1
    )
    assert (moved.start, moved.end) == (start, start + timedelta(hours=1))
    assert [item.start for item in moved.agenda] == [time(10, 30), time(10, 40)]


async def test_a_postponed_meeting_is_approved_again_with_its_new_time(
    meetings, people, meeting, now
):
    await meetings.advance(meeting.id, MeetingState.POSTPONED, people["thuky"], now, "vì bão")
    start = meeting.start + timedelta(days=7)
    moved = await meetings.move(
        meeting.id, start, start + timedelta(hours=2), people["thuky"], now, revision=2
    )
    assert moved.state is MeetingState.APPROVED


async def test_a_running_meeting_may_be_extended_but_not_begin_again(
    meetings, people, meeting, now
):
    await meetings.set_state(meeting.id, MeetingState.LIVE, now)
    late = meeting.end + timedelta(minutes=5)
    draft = replace(meetings.draft_of(meeting), end=late + timedelta(hours=1))
    longer = await meetings.change(meeting.id, draft, people["thuky"], late, revision=2)
    assert longer.end == draft.end
    again = replace(draft, start=late)
    with pytest.raises(Invalid, match="start"):
        await meetings.change(meeting.id, again, people["thuky"], late, revision=3)


async def test_a_meeting_that_is_over_time_can_still_be_corrected(meetings, people, meeting, now):
    draft = replace(meetings.draft_of(meeting), title="Giao ban tuần")
    late = meeting.end + timedelta(minutes=5)
    assert await meetings.change(meeting.id, draft, people["thuky"], late, revision=1)


async def test_only_drafts_are_thrown_away(db, meetings, people, draft, now):
    meeting = await meetings.schedule(draft, people["thuky"], now, MeetingState.DRAFT)
    await meetings.discard(meeting.id, people["thuky"])
    assert await meetings.get(meeting.id) is None
    meeting = await meetings.schedule(draft, people["thuky"], now)
    with pytest.raises(RequestRefused, match="wrong-state"):
        await meetings.discard(meeting.id, people["thuky"])
    async with db.reading() as session:
        rows = (await session.scalars(select(MeetingRevisionRow.meeting_id))).all()
    assert rows == [meeting.id]


async def test_drafts_are_seen_by_few(meetings, people, draft, now):
    authored = await meetings.schedule(draft, people["thuky"], now, MeetingState.DRAFT)
    day = authored.start.date()
    seen = {name for name, who in people.items() if await meetings.on_day(day, who)}
    assert seen == {"chutri", "thuky", "kythuat", "quantri"}


async def test_a_site_that_left_the_directory_stays_in_its_meeting(
    db, meetings, people, meeting, now, template
):
    async with db.session() as session:
        await session.execute(update(SiteRow).where(SiteRow.code == "pleiku").values(active=False))
    draft = replace(meetings.draft_of(meeting), title="Giao ban tuần")
    changed = await meetings.change(meeting.id, draft, people["thuky"], now, revision=1)
    assert len(changed.sites) == 3
    anew = replace(draft, sites=draft_sites([template.sites["pleiku"]]))
    with pytest.raises(Invalid, match="site_ids"):
        await meetings.schedule(anew, people["thuky"], now)


async def test_old_meetings_keep_the_names_of_their_time(db, meetings, meeting, now):
    async def rename(to: str) -> None:
        async with db.session() as session:
            await session.execute(
                update(SiteRow).where(SiteRow.code == "kbang").values(name=to, short_name=to)
            )

    await rename("UBND xã KBang")
    waiting = await meetings.get(meeting.id)
    assert waiting.sites[-1].name == "UBND xã KBang"
    await meetings.set_state(meeting.id, MeetingState.ENDED, now)
    await rename("UBND xã Tơ Tung")
    over = await meetings.get(meeting.id)
    assert (over.sites[-1].name, over.sites[-1].unit_name) == ("UBND xã KBang", "UBND huyện KBang")


async def test_changes_at_once_are_not_lost(db, meetings, people, meeting, now):
    async with db.session() as session:
        await session.execute(update(MeetingRow).values(revision=7))
    held = await meetings.get(meeting.id)
    assert held.revision == 7
    moved = await meetings.advance(meeting.id, MeetingState.INVITED, people["thuky"], now)
    assert moved.revision == 8
