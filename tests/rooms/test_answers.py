"""Answers of sites in the store: cascade, lock, history."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from rooms.answers.answers import Answers
from rooms.answers.core import Gate
from rooms.answers.records import AnswerState, Delegate, Reply
from rooms.errors import Invalid, RequestRefused
from rooms.meetings.meetings import Meetings
from rooms.meetings.records import MeetingState
from rooms.store.database import Database
from rooms.store.tables import RecipientRow, SiteRow, UnitRow

PEOPLE = (
    Delegate(full_name="Bà Rơ Châm H’Yéo", position="Phó Chủ tịch"),
    Delegate(full_name="Ông Đinh Văn Lực", position="Chánh Văn phòng", unit="VP HĐND và UBND"),
)
CONFIRMED = Reply(
    state=AnswerState.CONFIRMED,
    presiding_name="Bà Rơ Châm H’Yéo",
    presiding_position="Phó Chủ tịch",
    head_count=12,
    delegates=PEOPLE,
)


@pytest.fixture
def answers(db) -> Answers:
    return Answers(db)


@pytest.fixture
async def commune(db: Database) -> int:
    """A site of a commune of KBang."""
    return await commune_site(db, "Huyện KBang", "kbang-1")


async def commune_site(db: Database, district: str, code: str) -> int:
    async with db.session() as session:
        area = await session.scalar(select(UnitRow).where(UnitRow.short_name == district))
        unit = await session.scalar(
            select(UnitRow).where(UnitRow.parent_id == area.id, UnitRow.level == "commune")
        )
        site = SiteRow(
            code=code,
            name=unit.name,
            short_name=unit.name,
            unit_id=unit.id,
            rank=500,
            technician_phone="0269 3 555 099",
            capacity=20,
            place="",
            active=True,
        )
        session.add(site)
        await session.flush()
        return site.id


async def test_a_site_answers_and_the_host_sees_it(answers, meeting, people, template, now):
    kbang = template.sites["kbang"]
    actor = await answers.actor(meeting.id, people["kbang"])
    after = await answers.answer(meeting.id, kbang, CONFIRMED, actor, now)
    found = {answer.site_id: answer for answer in await answers.of_meeting(meeting.id)}
    assert list(found) == [site.site_id for site in meeting.sites]
    assert found[kbang] == after == await answers.of_site(meeting.id, kbang)
    assert (after.delegates, after.head_count, after.answered_at) == (PEOPLE, 12, now)
    assert (after.level, after.branch) == ("district", "Huyện KBang")
    totals = await answers.totals(meeting.id)
    assert (totals.confirmed, totals.pending, totals.head_count, totals.named) == (1, 2, 12, 2)
    assert await answers.head_counts([meeting.id, 999]) == {meeting.id: 12}


async def test_an_official_answers_for_the_branch_alone(answers, meeting, people, template, now):
    actor = await answers.actor(meeting.id, people["daibieu"])
    await answers.answer(meeting.id, template.sites["kbang"], CONFIRMED, actor, now)
    with pytest.raises(RequestRefused, match="outside-branch"):
        await answers.answer(meeting.id, template.sites["pleiku"], CONFIRMED, actor, now)
    with pytest.raises(RequestRefused, match="not-found"):
        await answers.answer(meeting.id, template.sites["chuse"], CONFIRMED, actor, now)
    technician = await answers.actor(meeting.id, people["kythuat"])
    assert technician.watches
    with pytest.raises(RequestRefused, match="outside-branch"):
        await answers.answer(meeting.id, template.sites["kbang"], CONFIRMED, technician, now)


async def test_two_who_answer_at_once(answers, meeting, people, template, now):
    kbang = template.sites["kbang"]
    actor = await answers.actor(meeting.id, people["kbang"])
    await answers.answer(meeting.id, kbang, CONFIRMED, actor, now, revision=0)
    with pytest.raises(RequestRefused, match="changed-meanwhile"):
        await answers.answer(meeting.id, kbang, CONFIRMED, actor, now, revision=0)
    with pytest.raises(Invalid):
        await answers.answer(meeting.id, kbang, Reply(state=AnswerState.DECLINED), actor, now)


async def test_the_cascade(db, answers, meeting, people, template, commune, now):
    kbang = template.sites["kbang"]
    actor = await answers.actor(meeting.id, people["kbang"])
    offered = {site.id: known for site, known in await answers.below(actor, meeting.id)}
    assert offered == {commune: False}
    assert await answers.invite(meeting.id, kbang, [commune], actor, now) == [commune]
    assert await answers.invite(meeting.id, kbang, [commune], actor, now) == []
    invited = await answers.of_site(meeting.id, commune)
    assert (invited.invited_by, invited.state) == (kbang, AnswerState.PENDING)
    scheduled = await Meetings(db).get(meeting.id)
    assert commune in [site.site_id for site in scheduled.sites]
    await answers.answer(meeting.id, commune, CONFIRMED, actor, now)

    other = await commune_site(db, "Huyện Ia Pa", "iapa-1")
    with pytest.raises(RequestRefused, match="outside-branch"):
        await answers.invite(meeting.id, kbang, [other], actor, now)
    with pytest.raises(RequestRefused, match="not-allowed"):
        await answers.withdraw(meeting.id, kbang, actor, now)
    await answers.withdraw(meeting.id, commune, actor, now)
    assert await answers.of_site(meeting.id, commune) is None
    actions = [change.action for change in await answers.history(meeting.id, commune)]
    assert actions == ["withdrawn", "confirmed", "invited"]


async def test_the_deadline_locks_and_the_secretary_opens_one_site(
    answers, meeting, people, template, now
):
    kbang, pleiku = template.sites["kbang"], template.sites["pleiku"]
    secretary = await answers.actor(meeting.id, people["thuky"])
    site = await answers.actor(meeting.id, people["kbang"])
    with pytest.raises(RequestRefused, match="not-allowed"):
        await answers.set_terms(meeting.id, site, now, deadline=None, locked=True)
    late = meeting.start + timedelta(hours=1)
    with pytest.raises(Invalid):
        await answers.set_terms(meeting.id, secretary, now, deadline=late, locked=None)
    await answers.set_terms(meeting.id, secretary, now, deadline=now, locked=None)
    assert await answers.gate(meeting.id, now) is Gate.LOCKED
    with pytest.raises(RequestRefused, match="answers-locked"):
        await answers.answer(meeting.id, kbang, CONFIRMED, site, now)
    await answers.reopen(meeting.id, kbang, secretary, now)
    await answers.answer(meeting.id, kbang, CONFIRMED, site, now)
    await answers.answer(meeting.id, pleiku, CONFIRMED, secretary, now)
    newest = (await answers.history(meeting.id))[0]
    assert (newest.action, newest.by) == ("confirmed", "Tên thuky, Chức vụ")
    assert newest.detail["head_count"] == 12


async def test_a_cancelled_meeting_takes_no_answer(db, answers, meeting, people, template, now):
    await Meetings(db).set_state(meeting.id, MeetingState.CANCELLED)
    secretary = await answers.actor(meeting.id, people["thuky"])
    with pytest.raises(RequestRefused, match="answers-off"):
        await answers.answer(meeting.id, template.sites["kbang"], CONFIRMED, secretary, now)


async def test_a_personal_link_acts_for_its_site(db, answers, meeting, template, now):
    kbang = template.sites["kbang"]
    async with db.session() as session:
        row = RecipientRow(
            meeting_id=meeting.id, site_id=kbang, name="UBND huyện KBang", email="kbang@example.vn"
        )
        session.add(row)
    actor = await answers.link_actor(row.id)
    assert kbang in actor.own_sites
    await answers.answer(meeting.id, kbang, CONFIRMED, actor, now)
    assert (await answers.history(meeting.id))[0].by == "UBND huyện KBang"
    with pytest.raises(RequestRefused, match="outside-branch"):
        await answers.answer(meeting.id, template.sites["pleiku"], CONFIRMED, actor, now)
