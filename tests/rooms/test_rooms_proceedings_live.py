"""Votes, doors and the chair in a live meeting over a real store."""

import asyncio

import msgspec
import pytest
from rooms_live_world import World
from rooms_world import until
from sqlalchemy import text

from rooms.errors import RequestRefused
from rooms.live.proceedings import KNOCK_SECONDS
from rooms.meetings.records import MeetingState
from rooms.session import commands as c
from rooms.session import events as e
from rooms.session.model import NoteKind, Phase, Role
from rooms.session.notices import Permissions, Receipt
from rooms.store.ballots import Ballots

AYES = ("Tán thành", "Không tán thành")


async def secret_vote(world: World) -> tuple[int, str, list]:
    chair, _ = await world.enter("chutri")
    kbang, ear = await world.enter("kbang")
    await chair.submit(c.OpenVote(question="Thông qua?", options=AYES, secret=True))
    vote = world.session.votes[0].id
    await kbang.submit(c.CastVote(vote=vote, counts=(0, 1)))
    return vote, ear.last(Receipt).receipt, [chair, kbang]


async def test_a_secret_vote_is_counted_from_its_box_and_the_voter_finds_the_receipt(
    world: World,
):
    vote, receipt, (chair, _) = await secret_vote(world)
    await chair.submit(c.CloseVote(vote=vote))
    await until(lambda: world.session.votes[0].tally is not None)
    assert world.session.votes[0].tally == (0, 1)
    assert await Ballots(world.db).receipts(world.meeting.id, vote) == [receipt]


async def test_no_row_of_the_store_joins_voter_and_choice(world: World):
    await secret_vote(world)
    async with world.db.reading() as session:
        log = [row[0] for row in await session.execute(text("SELECT event FROM log_entries"))]
        boxes = list((await session.execute(text("SELECT * FROM ballot_boxes"))).mappings())
        receipts = list((await session.execute(text("SELECT * FROM ballot_receipts"))).mappings())
    cast = [msgspec.json.decode(event) for event in log if '"vote-cast"' in event]
    assert [event["counts"] for event in cast] == [[]]
    assert {key for row in boxes for key in row} == {"meeting_id", "vote", "option", "ballots"}
    assert {key for row in receipts for key in row} == {"meeting_id", "vote", "receipt"}


async def test_a_crash_between_closing_and_counting_loses_no_ballot(
    world: World,
    monkeypatch,
):
    vote, _, (chair, _) = await secret_vote(world)

    async def unreadable(*_: object) -> tuple[int, ...]:
        raise OSError("disk")

    monkeypatch.setattr(Ballots, "tally", unreadable)
    await chair.submit(c.CloseVote(vote=vote))
    monkeypatch.undo()
    await world.restart()
    await until(lambda: world.session.votes[0].tally is not None)
    assert world.session.votes[0].tally == (0, 1)


async def test_who_knocks_comes_in_once_admitted_and_is_forgotten_when_gone(
    world: World,
):
    chair, ear = await world.enter("chutri")
    stranger = msgspec.structs.replace(world.seat("daibieu"), invited=False)
    with pytest.raises(RequestRefused, match="waiting"):
        await world.enter(stranger)
    assert ear.events()[-1] == "Knocked"
    world.clock.advance(KNOCK_SECONDS + 1)
    await until(lambda: not world.session.knocking)
    with pytest.raises(RequestRefused, match="waiting"):
        await world.enter(stranger)
    await chair.submit(c.Admit(seat=stranger.id))
    inside, _ = await world.enter(stranger)
    assert inside.session.seats[stranger.id].present


async def test_who_is_shown_out_is_gone_at_once(world: World):
    chair, _ = await world.enter("chutri")
    kbang, ear = await world.enter("kbang")
    await chair.submit(c.RemoveSeat(seat=kbang.seat_id, barred=True))
    assert ear.closed == "removed"
    await until(lambda: not world.session.seats[kbang.seat_id].present)
    with pytest.raises(RequestRefused, match="removed"):
        await world.enter("kbang")


async def test_who_is_shown_out_in_mid_speech_comes_back_muted_and_without_the_floor(world: World):
    chair, _ = await world.enter("chutri")
    kbang, _ = await world.enter("kbang")
    await chair.submit(c.InviteToSpeak(seat=kbang.seat_id))
    assert world.session.seats[kbang.seat_id].microphone
    await chair.submit(c.RemoveSeat(seat=kbang.seat_id))
    await until(lambda: not world.session.seats[kbang.seat_id].present)
    assert world.session.floor is None
    await world.enter("kbang")
    back = world.session.seats[kbang.seat_id]
    assert (back.present, back.microphone) == (True, False)


async def test_the_chair_handed_over_may_lead_at_once_and_the_former_no_longer(
    world: World,
):
    chair, chair_ear = await world.enter("chutri")
    kbang, kbang_ear = await world.enter("kbang")
    await chair.submit(c.TakeNote(kind=NoteKind.DECISION, text="Giao Sở Tài chính"))
    await chair.submit(c.HandOverChair(seat=kbang.seat_id))
    assert "mute-all" in kbang_ear.last(Permissions).permissions
    assert "mute-all" not in chair_ear.last(Permissions).permissions
    # What was withheld is known to who leads now, and to the former chair no longer.
    assert len(kbang_ear.last(Permissions).session.notes) == 1
    assert chair_ear.last(Permissions).session.notes == ()
    with pytest.raises(RequestRefused, match="not-allowed"):
        await chair.submit(c.MuteAll())
    await kbang.submit(c.MuteAll())


async def test_the_round_goes_on_by_itself(world: World):
    chair, _ = await world.enter("chutri")
    await world.enter("kbang")
    await chair.submit(c.StartRound(seconds=10))
    first = world.session.main
    world.clock.advance(10)
    await until(lambda: world.session.main != first)
    world.clock.advance(10)
    await until(lambda: world.session.round is None)


# ---------------------------------------------------------------- test runs


@pytest.fixture
async def tomorrow(world: World) -> World:
    """The meeting starts in a day, and is in its test run."""
    async with world.db.session() as session:
        start = world.meeting.start.timestamp()
        world.clock.advance(start - 86400 - world.clock.now())
        await session.execute(text("UPDATE meetings SET state = 'rehearsal'"))
    meeting = await world.meetings.get(world.meeting.id)
    assert meeting is not None
    world.meeting = meeting
    return world


async def test_a_test_run_leaves_no_trace_in_the_log_of_the_meeting(tomorrow: World):
    technician, _ = await tomorrow.enter("kythuat")
    kbang, ear = await tomorrow.enter("kbang")
    assert technician.session.rehearsal
    await technician.submit(c.CheckSite(seat=kbang.seat_id, passed=False, note="Loa rè"))
    assert tomorrow.session.checks[kbang.seat_id].note == "Loa rè"
    secretary, _ = await tomorrow.enter("thuky")
    await secretary.submit(c.EndMeeting())
    await until(lambda: ear.closed == "ended")
    assert await tomorrow.log() == []
    await until_state(tomorrow, "approved")


async def test_a_test_run_goes_on_over_a_restart_and_ends_at_the_hour_of_the_meeting(
    tomorrow: World,
):
    kbang, ear = await tomorrow.enter("kbang")
    await kbang.submit(c.RaiseHand())
    await tomorrow.restart()
    again, ear = await tomorrow.enter("kbang")
    assert again.session.rehearsal
    assert again.session.queue == (kbang.seat_id,)
    tomorrow.clock.advance(86400)
    back, _ = await tomorrow.enter("kbang")
    assert ear.closed == "shutdown"
    assert (back.session.rehearsal, back.session.queue) == (False, ())
    assert (await tomorrow.log())[0] == "MeetingOpened"
    await until_state(tomorrow, "live")


async def until_state(world: World, state: str) -> None:
    async with asyncio.timeout(5):
        while (await world.state()).value != state:  # noqa: ASYNC110
            await asyncio.sleep(0.001)


async def test_the_room_device_of_the_chairs_site_does_not_lead(world: World):
    await world.enter("chutri")
    device, _ = await world.enter("ubndtinh")
    assert world.session.seats[device.seat_id].role.value == "chair"
    assert "mute-all" not in device.permissions
    with pytest.raises(RequestRefused, match="not-allowed"):
        await device.submit(c.MuteAll())


async def test_the_room_device_of_the_chairs_site_knows_no_more_than_a_site(world: World):
    """Its screen hangs in a hall full of people."""
    secretary, _ = await world.enter("thuky")
    await secretary.submit(c.TakeNote(kind=NoteKind.DECISION, text="Giao Sở Tài chính"))
    device, ear = await world.enter("ubndtinh")
    assert world.session.seats[device.seat_id].role is Role.CHAIR
    assert device.session is not None
    assert device.session.notes == ()
    await secretary.submit(c.TakeNote(kind=NoteKind.DECISION, text="Giao Sở Nội vụ"))
    assert not any(isinstance(entry.event, e.NoteTaken) for entry in ear.entries)
    chair, _ = await world.enter("chutri")
    assert chair.session is not None
    assert len(chair.session.notes) == 2


async def test_nothing_ends_by_itself_while_a_meeting_runs(world: World):
    kbang, _ = await world.enter("kbang")
    chair, _ = await world.enter("chutri")
    await chair.submit(c.StartPause(seconds=600))
    for _ in range(30):  # days beyond the planned end, the break and everybody's patience
        world.clock.advance(3 * 3600)
        await asyncio.sleep(0)
    assert world.session.phase is Phase.OPEN
    assert await world.state() is MeetingState.LIVE
    assert world.session.pause is not None, "until who leads goes on"
    await world.live.depart(kbang, left=True)
    await world.live.depart(chair, left=True)
    world.clock.advance(3 * 3600)
    assert world.session.phase is Phase.OPEN, "also when everybody has left"
    back, _ = await world.enter("chutri")
    await back.submit(c.ExtendMeeting(seconds=900))
    assert world.session.ends == world.clock.now() + 900
    await back.submit(c.EndMeeting(text="Cảm ơn các đồng chí."))
    assert world.live.session(world.meeting.id) is None


async def test_a_document_is_looked_up_before_it_is_shown(world: World):
    chair, _ = await world.enter("chutri")
    kbang, _ = await world.enter("kbang")
    with pytest.raises(RequestRefused, match="unknown-document"):
        await chair.submit(c.OpenDocument(document=99))
    with pytest.raises(RequestRefused, match="unknown-page"):
        await chair.submit(c.OpenDocument(document=3, page=5))
    await chair.submit(c.OpenDocument(document=3, page=2))
    shown = world.session.document
    assert (shown.title, shown.version, shown.page) == ("Báo cáo", 1, 2)
    assert shown.by == chair.seat_id
    with pytest.raises(RequestRefused, match="not-allowed"):
        await kbang.submit(c.OpenDocument(document=3))


async def test_a_voice_that_was_heard_is_known_to_the_technician(world: World):
    kbang, _, peer = await world.enter_with_media("kbang")

    def spoke() -> bool:
        health = world.health.snapshot(world.meeting.id, history=False)
        return next(seat.spoke for seat in health.seats if seat.seat == kbang.seat_id)

    world.observer.on_speakers([(peer, 100, True)])
    assert not spoke(), "its microphone is off"
    await kbang.submit(c.SetMicrophone(on=True))
    world.observer.on_speakers([(peer, 20, False)])
    assert not spoke()
    world.observer.on_speakers([(peer, 100, True)])
    assert spoke()


async def test_a_secret_vote_in_a_test_run_is_counted_from_a_box_of_that_run(tomorrow: World):
    for choice in ((0, 1), (1, 0)):
        secretary, _ = await tomorrow.enter("thuky")
        kbang, _ = await tomorrow.enter("kbang")
        await secretary.submit(c.OpenVote(question="Thử?", options=AYES, secret=True))
        vote = tomorrow.session.votes[0].id
        await kbang.submit(c.CastVote(vote=vote, counts=choice))
        await secretary.submit(c.CloseVote(vote=vote))
        await until(lambda: tomorrow.session.votes[0].tally is not None)
        assert tomorrow.session.votes[0].tally == choice
        await secretary.submit(c.EndMeeting())
        await until_state(tomorrow, "approved")
        async with tomorrow.db.session() as session:
            await session.execute(text("UPDATE meetings SET state = 'rehearsal'"))
    assert await Ballots(tomorrow.db).receipts(tomorrow.meeting.id, vote) == []
