"""Live meetings over a real store: the log comes first, then clients and media hear of it."""

import asyncio
import functools

import msgspec
import pytest
from rooms_live_world import World
from rooms_world import until
from sqlalchemy.exc import OperationalError

from rooms.errors import RequestRefused
from rooms.health import SeatHealth
from rooms.live.meeting import GRACE_SECONDS, SNAPSHOT_EVERY
from rooms.media_port import MediaRefused, Pause, PausedPicture, PeerStats, SlotWant
from rooms.meetings.records import MeetingState
from rooms.service import Tile
from rooms.session import commands as c
from rooms.session.core import fold
from rooms.session.model import PeerId, Profile, Role, Seat, SeatId, Source
from rooms.session.notices import (
    Layers,
    Lines,
    MediaLost,
    MediaReset,
    Paused,
    RecordingHealth,
    SentLayers,
    Slots,
    Speakers,
)
from rooms.store.log import EventLog

EVERYTHING = frozenset({Source.MICROPHONE, Source.CAMERA})


# ---------------------------------------------------------------- entering and leaving


async def test_the_first_entry_opens_the_meeting(world: World):
    attendance, ear = await world.enter("kbang")
    assert await world.state() is MeetingState.LIVE
    assert await world.log() == ["MeetingOpened", "SeatEntered", "MainShown"]
    assert attendance.session == world.session
    assert attendance.session.seats[attendance.seat_id].present
    assert attendance.missed == ()
    assert "set-microphone" in attendance.permissions
    assert "mute-all" not in attendance.permissions
    assert ear.entries == []  # the snapshot holds everything


async def test_others_hear_of_an_entry_and_of_commands_after_the_log(world: World):
    _, ear = await world.enter("chutri")
    kbang, kbang_ear = await world.enter("kbang")
    await kbang.submit(c.SetMicrophone(on=True))
    assert (await world.log())[-2:] == ["SeatEntered", "MicrophoneSet"]
    assert ear.events() == ["SeatEntered", "MicrophoneSet"]
    assert kbang_ear.events() == ["MicrophoneSet"]
    assert kbang_ear.entries[0].seq == world.session.seq


async def test_a_refused_command_says_why_and_logs_nothing(world: World):
    kbang, ear = await world.enter("kbang")
    before = await world.log()
    with pytest.raises(RequestRefused, match="not-allowed"):
        await kbang.submit(c.MuteAll())
    assert await world.log() == before
    assert ear.entries == []


async def test_entries_of_a_crowd_come_in_few_batches(world: World):
    _, ear = await world.enter("thuky")
    seats = [msgspec.structs.replace(world.seat("kbang"), id=f"site:{n}") for n in range(100, 180)]
    await asyncio.gather(*(world.enter(seat) for seat in seats))
    assert ear.events().count("SeatEntered") == 80
    assert [entry.seq for entry in ear.entries] == list(range(3, world.session.seq + 1))
    assert ear.batches <= 8


async def test_leaving_on_purpose_is_immediate(world: World):
    await world.enter("chutri")
    kbang, ear = await world.enter("kbang")
    await world.live.depart(kbang, left=True)
    assert (await world.log())[-1] == "SeatLeft"
    assert not world.session.seats[kbang.seat_id].present
    with pytest.raises(RequestRefused, match="superseded"):
        await kbang.submit(c.RaiseHand())
    assert ear.closed is None
    await world.live.depart(kbang, left=True)  # again has no effect


async def test_a_lost_line_has_ten_seconds_to_come_back(world: World):
    await world.enter("chutri")
    kbang, _ = await world.enter("kbang")
    await kbang.submit(c.SetMicrophone(on=True))
    before = await world.log()
    await world.live.depart(kbang, left=False)
    world.clock.advance(GRACE_SECONDS - 1)
    back, _ = await world.enter("kbang")
    world.clock.advance(GRACE_SECONDS * 2)
    assert await world.log() == before
    assert world.session.seats[back.seat_id].microphone


async def test_a_line_that_stays_lost_departs(world: World):
    await world.enter("chutri")
    kbang, _ = await world.enter("kbang")
    await world.live.depart(kbang, left=False)
    world.clock.advance(GRACE_SECONDS)
    await until(lambda: not world.session.seats[kbang.seat_id].present)
    assert world.health.snapshot(world.meeting.id).seats[2].trouble.code == "lost"


async def test_the_page_whose_line_is_back_speaks_on_and_another_one_does_not(world: World):
    await world.enter("chutri")
    for resumes, speaks in ((True, True), (False, False)):
        kbang, _ = await world.enter("kbang")
        await kbang.submit(c.SetMicrophone(on=True))
        await world.live.depart(kbang, left=False)
        world.clock.advance(GRACE_SECONDS)
        await until(lambda: not world.session.seats[world.seat("kbang").id].present)
        resumed = kbang.connection if resumes else None
        back, _ = await world.enter("kbang", after=world.session.seq, resumed=resumed)
        assert world.session.seats[back.seat_id].microphone == speaks


async def test_a_page_whose_seat_another_device_had_comes_back_muted(world: World):
    await world.enter("chutri")
    old, _ = await world.enter("kbang")
    await old.submit(c.SetMicrophone(on=True))
    new, _ = await world.enter("kbang")
    await world.live.depart(new, left=False)
    world.clock.advance(GRACE_SECONDS)
    await until(lambda: not world.session.seats[old.seat_id].present)
    await world.enter("kbang", after=world.session.seq, resumed=old.connection)
    assert not world.session.seats[old.seat_id].microphone


async def test_a_muted_seat_is_muted_after_a_reload(world: World):
    chair, _ = await world.enter("chutri")
    kbang, _ = await world.enter("kbang")
    await kbang.submit(c.SetMicrophone(on=True))
    await chair.submit(c.MuteSeat(seat=kbang.seat_id))
    await world.live.depart(kbang, left=False)
    back, _ = await world.enter("kbang")
    seat = back.session.seats[back.seat_id]
    assert (seat.microphone, seat.muted_by) == (False, chair.seat_id)


async def test_a_new_connection_supersedes_the_old_one(world: World):
    old, old_ear, old_peer = await world.enter_with_media("kbang")
    before = await world.log()
    new, new_ear = await world.enter("kbang")
    assert (old_ear.closed, new_ear.closed) == ("superseded", None)
    assert await world.log() == before
    attempts = old.submit(c.RaiseHand()), old.offer("x", False), old.set_view(1, ())
    for attempt in (*attempts, old.withhold(True)):
        with pytest.raises(RequestRefused, match="superseded"):
            await attempt
    await world.live.depart(old, left=True)  # its socket closes now; the seat stays
    assert world.session.seats[new.seat_id].present
    await until(lambda: old_peer not in world.plane.peers)


async def test_leaving_while_the_next_tab_enters_keeps_the_seat(world: World):
    old, _ = await world.enter("kbang")
    (new, _), _ = await asyncio.gather(world.enter("kbang"), world.live.depart(old, left=True))
    assert world.session.seats[new.seat_id].present
    await new.submit(c.RaiseHand())


async def test_an_entry_given_up_is_a_lost_line(world: World):
    await world.enter("chutri")
    entering = asyncio.create_task(world.enter("kbang"))
    await asyncio.sleep(0)
    entering.cancel()
    with pytest.raises(asyncio.CancelledError):
        await entering
    kbang = world.seat("kbang").id
    await until(lambda: world.session.seats[kbang].present)
    await until(lambda: bool(world.clock._timers))
    world.clock.advance(GRACE_SECONDS)
    await until(lambda: not world.session.seats[kbang].present)


async def test_a_client_resumes_with_what_it_missed(world: World):
    chair, _ = await world.enter("chutri")
    kbang, _ = await world.enter("kbang")
    seen = kbang.session.seq
    await world.live.depart(kbang, left=False)
    await chair.submit(c.SetMicrophone(on=True))
    await chair.submit(c.SetMicrophone(on=False))
    back, _ = await world.enter("kbang", after=seen)
    assert back.session is None
    assert [entry.seq for entry in back.missed] == [seen + 1, seen + 2]
    assert fold(back.missed, kbang.session) == world.session
    up_to_date, _ = await world.enter("kbang", after=world.session.seq)
    assert (up_to_date.session, up_to_date.missed) == (None, ())
    ahead, _ = await world.enter("kbang", after=world.session.seq + 1)
    assert ahead.session == world.session


# ---------------------------------------------------------------- restart, failure, end


async def test_a_restart_loses_nothing_and_absent_seats_depart(world: World):
    chair, ear = await world.enter("chutri")
    kbang, _ = await world.enter("kbang")
    await kbang.submit(c.SetMicrophone(on=True))
    before = world.session
    await world.restart()
    assert ear.closed == "shutdown"
    assert world.session == before
    back, _ = await world.enter("kbang", after=before.seq)
    assert (back.session, back.missed) == (None, ())
    world.clock.advance(GRACE_SECONDS)
    await until(lambda: not world.session.seats[chair.seat_id].present)
    assert world.session.seats[back.seat_id].microphone


async def test_a_long_log_is_folded_from_its_snapshot(world: World):
    kbang, _ = await world.enter("kbang")
    for n in range(SNAPSHOT_EVERY + 10):
        await kbang.submit(c.SetMicrophone(on=n % 2 == 0))
    snapshot = await EventLog(world.db).snapshot(world.meeting.id)
    assert snapshot is not None
    before = world.session
    assert 1 < snapshot.seq <= before.seq
    await world.restart()
    assert world.session == before


async def test_events_that_could_not_be_logged_did_not_happen(world: World, monkeypatch):
    kbang, ear = await world.enter("kbang")
    before = world.session

    async def full(*_: object) -> None:
        raise OperationalError("INSERT", {}, Exception("database or disk is full"))

    with monkeypatch.context() as patch:
        patch.setattr(EventLog, "append", full)
        with pytest.raises(RequestRefused, match="busy"):
            await kbang.submit(c.RaiseHand())
    assert world.session == before
    assert ear.entries == []
    await kbang.submit(c.RaiseHand())
    assert ear.events() == ["HandRaised"]


async def test_a_second_owner_is_noticed_and_clients_come_back(world: World):
    kbang, ear = await world.enter("kbang")
    other = World(world.db, world.recordings._folder, world.meeting, world.people)
    await other.enter("chutri")  # appends to the same log
    with pytest.raises(RequestRefused, match="shutdown"):
        await kbang.submit(c.RaiseHand())
    await until(lambda: ear.closed == "shutdown")
    back, _ = await world.enter("kbang")
    await until(lambda: str(world.meeting.id) in world.plane.observers)
    assert world.plane.rooms == ["open", "close", "open"]
    assert back.session.seats[SeatId("site:1")].present
    await other.live.close()


async def test_the_end_closes_everything(world: World):
    chair, chair_ear, _ = await world.enter_with_media("chutri")
    kbang, ear = await world.enter("kbang")
    await chair.submit(c.EndMeeting())
    await until(lambda: ear.closed is not None)
    assert (ear.closed, chair_ear.closed) == ("ended", "ended")
    assert ear.events()[-1] == "MeetingEnded"
    for attempt in (kbang.submit(c.RaiseHand()), kbang.offer("x", False)):
        with pytest.raises(RequestRefused, match="ended"):
            await attempt
    await world.live.depart(kbang, left=False)
    await until(lambda: world.plane.observers == {})
    with pytest.raises(RequestRefused, match="ended"):
        await world.enter("kbang")
    assert await world.state() is MeetingState.ENDED
    assert world.live.session(world.meeting.id) is None
    assert world.health.live_meetings() == []


async def test_a_meeting_whose_end_was_logged_is_ended_after_a_crash(world: World):
    chair, _ = await world.enter("chutri")
    await chair.submit(c.EndMeeting())
    await until(lambda: world.plane.observers == {})
    await world.meetings.set_state(world.meeting.id, MeetingState.LIVE)  # as if it died before
    await world.restart()
    assert await world.state() is MeetingState.ENDED


async def test_a_cancelled_meeting_cannot_be_entered(world: World):
    await world.meetings.set_state(world.meeting.id, MeetingState.CANCELLED)
    with pytest.raises(RequestRefused, match="cancelled"):
        await world.enter("kbang")


async def test_nobody_enters_while_the_service_stops(world: World):
    await world.live.close()
    with pytest.raises(RequestRefused, match="shutdown"):
        await world.enter("kbang")


# ---------------------------------------------------------------- media


async def test_only_what_is_switched_on_is_forwarded(world: World):
    kbang, _, peer = await world.enter_with_media("kbang")
    assert world.plane.allowed[peer] == {Source.CAMERA}
    await kbang.submit(c.SetMicrophone(on=True))
    await until(lambda: world.plane.allowed[peer] == EVERYTHING)
    chair, _ = await world.enter("chutri")
    await chair.submit(c.MuteSeat(seat=kbang.seat_id))
    await until(lambda: world.plane.allowed[peer] == {Source.CAMERA})
    await kbang.submit(c.SetScreen(on=True))
    await until(lambda: world.plane.allowed[peer] == {Source.CAMERA, Source.SCREEN})


async def test_a_mute_the_plane_did_not_hear_is_told_again(world: World, monkeypatch):
    kbang, _, peer = await world.enter_with_media("kbang")
    deaf = asyncio.Event()

    async def unheard(*_: object) -> None:
        deaf.set()
        raise MediaRefused("unavailable", "as the test wishes")

    with monkeypatch.context() as patch:
        patch.setattr(world.plane, "set_allowed", unheard)
        await kbang.submit(c.SetCamera(on=False))
        await deaf.wait()
    await kbang.submit(c.RaiseHand())
    await until(lambda: world.plane.allowed[peer] == frozenset())


async def test_slots_follow_the_view_and_clients_are_told(world: World):
    _, _, chair_peer = await world.enter_with_media("chutri")
    kbang, _, kbang_peer = await world.enter_with_media("kbang")
    secretary, ear, peer = await world.enter_with_media("thuky")
    tile = Tile(seat=kbang.seat_id, source=Source.CAMERA, height=180)
    await secretary.set_view(720, [tile])
    expected = {
        "5": SlotWant(mid="5", peer=chair_peer, source=Source.CAMERA, max_height=720),
        "6": SlotWant(mid="6", peer=kbang_peer, source=Source.CAMERA, max_height=180),
    }
    await until(lambda: world.plane.slots.get(peer) == expected)
    await until(lambda: any(isinstance(notice, Slots) for notice in ear.notices))
    slots = ear.last(Slots)
    assert [(s.mid, s.seat, s.source) for s in slots.slots] == [
        ("5", "site:1", Source.CAMERA),
        ("6", kbang.seat_id, Source.CAMERA),
        ("7", None, None),
    ]
    await kbang.submit(c.SetCamera(on=False))
    await until(lambda: world.plane.slots[peer]["6"].peer is None)
    await until(lambda: ear.last(Slots).slots[1].seat is None)


async def test_a_publisher_that_comes_back_plays_in_the_same_slot(world: World):
    await world.enter_with_media("chutri")
    kbang, _, old_peer = await world.enter_with_media("kbang")
    secretary, _, peer = await world.enter_with_media("thuky")
    await secretary.set_view(720, [Tile(seat=kbang.seat_id, source=Source.CAMERA, height=180)])
    await until(lambda: world.plane.slots.get(peer, {}).get("6") is not None)
    _, _, new_peer = await world.enter_with_media("kbang")
    assert new_peer != old_peer
    await until(lambda: world.plane.slots[peer]["6"].peer == new_peer)


async def test_the_main_voice_is_the_main_pictures(world: World):
    _, _, chair_peer = await world.enter_with_media("chutri")
    await until(lambda: world.plane.main_voice == chair_peer)
    kbang, _, kbang_peer = await world.enter_with_media("kbang")
    secretary, _ = await world.enter("thuky")
    await secretary.submit(c.ShowOnMain(seat=kbang.seat_id))
    await until(lambda: world.plane.main_voice == kbang_peer)


async def test_the_main_picture_follows_the_speaker_but_not_too_fast(world: World):
    chair, _, chair_peer = await world.enter_with_media("chutri")
    kbang, _, kbang_peer = await world.enter_with_media("kbang")
    await chair.submit(c.SetMicrophone(on=True))
    world.clock.advance(5.0)
    world.observer.on_dominant(kbang_peer)  # its microphone is off: noise of the measurement
    await kbang.submit(c.SetMicrophone(on=True))
    assert world.session.main == chair.seat_id
    world.observer.on_dominant(kbang_peer)
    await until(lambda: world.session.main == kbang.seat_id)
    world.observer.on_dominant(chair_peer)
    await kbang.submit(c.RaiseHand())  # the owner had its chance
    assert world.session.main == kbang.seat_id
    world.clock.advance(2.0)
    await until(lambda: world.session.main == chair.seat_id)


async def test_a_refused_offer_reaches_the_client_which_may_offer_again(world: World):
    kbang, _, peer = await world.enter_with_media("kbang")
    world.plane.refuse = "malformed"
    with pytest.raises(MediaRefused, match="malformed"):
        await kbang.offer("nonsense", restart=False)
    world.plane.refuse = None
    again = await kbang.offer("second", restart=False)
    assert again.video_mids == ("5", "6", "7")
    assert world.plane.peers == {peer: "second"}


async def test_an_ice_restart_keeps_the_transport(world: World):
    kbang, _ = await world.enter("kbang")
    with pytest.raises(MediaRefused, match="unavailable"):
        await kbang.offer("x", restart=True)
    await kbang.offer("first", restart=False)
    answer = await kbang.offer("second", restart=True)
    assert (answer.answer, answer.video_mids) == ("restarted", ("5", "6", "7"))
    assert world.plane.calls == ["connect site:7#c1", "restart site:7#c1"]


async def test_a_resumed_connection_keeps_its_transport_and_hears_its_slots(world: World):
    await world.enter_with_media("chutri")
    kbang, _, peer = await world.enter_with_media("kbang")
    await world.live.depart(kbang, left=False)
    back, ear = await world.enter("kbang", after=world.session.seq, resumed=kbang.connection)
    await until(lambda: any(isinstance(notice, Slots) for notice in ear.notices))
    assert peer in world.plane.peers
    again, _ = await world.enter("kbang", after=world.session.seq, resumed=back.connection)
    await again.offer("restart", restart=True)
    assert world.plane.peers[peer] == "restart"


async def test_a_stale_client_does_not_inherit_a_newer_transport(world: World):
    stale, _ = await world.enter("kbang")
    _, _, peer = await world.enter_with_media("kbang")
    _, ear = await world.enter("kbang", after=world.session.seq, resumed=stale.connection)
    await until(lambda: peer not in world.plane.peers)
    assert any(isinstance(notice, MediaLost) for notice in ear.notices)


async def test_what_does_not_arrive_is_shown_to_the_technician(world: World):
    kbang, ear, peer = await world.enter_with_media("kbang")
    world.observer.on_stalled(peer)
    seats = world.health.snapshot(world.meeting.id).seats
    trouble = next(s.trouble for s in seats if s.seat == kbang.seat_id)
    assert trouble.code == "not-arriving"
    assert not any(isinstance(notice, MediaLost) for notice in ear.notices)
    world.observer.on_stalled("nobody#1")


async def test_lost_media_is_told_and_shown(world: World):
    _, chair_ear = await world.enter("chutri")
    kbang, ear, peer = await world.enter_with_media("kbang")
    world.observer.on_peer_lost(peer)
    assert any(isinstance(notice, MediaLost) for notice in ear.notices)
    await until(lambda: peer not in world.plane.peers)
    world.clock.advance(1.0)
    assert chair_ear.last(Lines).lines[0].quality == "lost"
    _, late_ear = await world.enter("thuky")
    assert late_ear.last(Lines).lines[0].seat == kbang.seat_id
    await kbang.offer("again", restart=False)
    world.observer.on_peer_connected(peer, "udp")
    world.clock.advance(1.0)
    assert chair_ear.last(Lines).lines[0].quality == "good"


async def test_the_peers_of_a_dead_worker_offer_again_and_nobody_else(world: World):
    lost: list[str] = []
    _, chair_ear, chair_peer = await world.enter_with_media("chutri")
    kbang, ear, peer = await world.enter_with_media("kbang")
    live = await world.live.live(world.meeting)
    for name in ("viewer:1", "viewer:2"):
        await live.connect_viewer(PeerId(name), "offer", functools.partial(lost.append, name))
    for gone in (peer, PeerId("viewer:1")):
        del world.plane.peers[gone]
    world.observer.on_reset([peer, PeerId("viewer:1")])
    assert any(isinstance(notice, MediaReset) for notice in ear.notices)
    assert not any(isinstance(notice, MediaReset) for notice in chair_ear.notices)
    assert lost == ["viewer:1"]
    await kbang.offer("again", restart=False)
    assert world.plane.peers[peer] == "again"
    assert chair_peer in world.plane.peers
    trouble = world.health.snapshot(world.meeting.id).seats[2].trouble
    assert trouble.code == "reset"


async def test_departure_ends_the_transport(world: World):
    await world.enter("chutri")
    kbang, _, peer = await world.enter_with_media("kbang")
    await world.live.depart(kbang, left=True)
    await until(lambda: peer not in world.plane.peers)


async def test_levels_of_open_microphones_are_told(world: World):
    chair, ear, chair_peer = await world.enter_with_media("chutri")
    _, _, kbang_peer = await world.enter_with_media("kbang")
    await chair.submit(c.SetMicrophone(on=True))
    world.observer.on_speakers([(chair_peer, 90, True), (kbang_peer, 80, True)])
    world.clock.advance(0.0)
    (level,) = ear.last(Speakers).levels
    assert (level.seat, level.level, level.speaking) == (chair.seat_id, 90, True)


async def test_levels_are_told_five_times_a_second_at_most(world: World):
    chair, ear, peer = await world.enter_with_media("chutri")
    await chair.submit(c.SetMicrophone(on=True))
    for step in range(100):
        world.observer.on_speakers([(peer, 60 + step % 40, True)])
        world.clock.advance(0.02)
    told = [notice for notice in ear.notices if isinstance(notice, Speakers)]
    assert 9 <= len(told) <= 11
    assert all(len(notice.levels) == 1 for notice in told)


async def test_a_weak_line_is_told_once(world: World):
    _, ear = await world.enter("kythuat")
    kbang, _, peer = await world.enter_with_media("kbang")
    for _ in range(5):
        stats = PeerStats(peer=peer, path="udp", connected_since=0.0, up_loss=0.5)
        world.observer.on_stats([stats])
        world.clock.advance(1.0)
    lines = [notice for notice in ear.notices if isinstance(notice, Lines)]
    assert [(line.seat, line.quality) for n in lines for line in n.lines] == [
        (kbang.seat_id, "weak")
    ]
    seat = next(s for s in world.health.snapshot(world.meeting.id).seats if s.seat == kbang.seat_id)
    assert (seat.quality, seat.stats.up_loss) == ("weak", 0.5)


async def test_paused_pictures_are_told_once_and_by_seats(world: World):
    chair, _, chair_peer = await world.enter_with_media("chutri")
    kbang, ear, peer = await world.enter_with_media("kbang")
    told = lambda: [notice for notice in ear.notices if isinstance(notice, Paused)]  # noqa: E731

    def second(*why: Pause) -> None:
        pictures = tuple(PausedPicture(peer=chair_peer, source=Source.CAMERA, why=w) for w in why)
        stats = PeerStats(peer=peer, path="udp", connected_since=0.0, paused=pictures)
        world.observer.on_stats([stats])
        world.clock.advance(1.0)

    def board() -> SeatHealth:
        health = world.health.snapshot(world.meeting.id)
        return next(seat for seat in health.seats if seat.seat == kbang.seat_id)

    second(Pause.LINE)
    second(Pause.LINE)
    assert told() == [], "a moment's pause is nobody's business"
    assert [(p.seat, p.why) for p in board().paused] == [(chair.seat_id, "line")], (
        "but on the board"
    )
    for _ in range(4):
        second(Pause.LINE)
    (notice,) = told()
    assert [(p.seat, p.source, p.why) for p in notice.pictures] == [
        (chair.seat_id, "camera", "line")
    ]

    _, again, peer = await world.enter_with_media("kbang")
    assert again.last(Paused) == notice, "a new connection of the seat hears of it"
    second()
    assert again.last(Paused).pictures == ()
    assert board().paused == ()


async def test_the_technician_sees_whose_line_does_not_carry_the_own_picture(world: World):
    kbang, ear, peer = await world.enter_with_media("kbang")

    def second() -> SeatHealth:
        world.observer.on_stats([PeerStats(peer=peer, path="udp", connected_since=0.0)])
        world.clock.advance(1.0)
        health = world.health.snapshot(world.meeting.id)
        return next(seat for seat in health.seats if seat.seat == kbang.seat_id)

    await kbang.withhold(True)
    for _ in range(4):
        board = second()
    assert [(p.seat, p.source, p.why) for p in board.paused] == [(kbang.seat_id, "camera", "line")]
    assert (board.quality, board.trouble.code) == ("weak", "narrow")
    assert not [n for n in ear.notices if isinstance(n, Paused)], "who withholds it knows"

    await kbang.submit(c.SetCamera(on=False))
    assert second().paused == ()
    await kbang.submit(c.SetCamera(on=True))
    await kbang.withhold(False)
    assert second().paused == ()

    await kbang.withhold(True)
    _, _, peer = await world.enter_with_media("kbang")
    assert second().paused == (), "a new connection sends everything"


async def test_a_viewer_is_no_seat(world: World):
    lost: list[str] = []
    live = await world.live.live(world.meeting)
    viewer = PeerId("viewer:1#0")
    connected = await live.connect_viewer(viewer, "offer", lambda: lost.append("1"))
    assert connected.answer == "answer"
    assert world.plane.auto == [viewer]
    assert world.plane.allowed[viewer] == frozenset()
    assert not any(seat.present for seat in world.session.seats.values())
    await live.disconnect_viewer(viewer)
    await live.disconnect_viewer(viewer)
    await until(lambda: viewer not in world.plane.peers)
    assert lost == []


async def test_a_viewer_that_cannot_be_served_is_put_out_again(world: World, monkeypatch):
    async def busy(*_: object) -> None:
        raise MediaRefused("busy", "as the test wishes")

    live = await world.live.live(world.meeting)
    monkeypatch.setattr(world.plane, "auto_slots", busy)
    with pytest.raises(MediaRefused, match="busy"):
        await live.connect_viewer(PeerId("viewer:1#0"), "offer", lambda: None)
    assert world.plane.peers == {}


async def test_viewers_hear_that_the_meeting_is_over(world: World):
    lost: list[str] = []
    chair, _ = await world.enter("chutri")
    live = await world.live.live(world.meeting)
    await live.connect_viewer(PeerId("viewer:1#0"), "offer", lambda: lost.append("1"))
    await chair.submit(c.EndMeeting())
    await until(lambda: lost == ["1"])
    with pytest.raises(MediaRefused, match="unavailable"):
        await live.connect_viewer(PeerId("viewer:2#0"), "offer", lambda: None)


async def test_an_encoder_is_a_seat_like_any_other(world: World):
    encoder = Seat(
        id=SeatId("encoder:ab12"),
        name="Máy mã hóa",
        short_name="Máy mã hóa",
        rank=1_000_000,
        role=Role.DELEGATE,
        on_tiles=True,
    )
    attendance, _, peer = await world.enter_with_media(encoder)
    await attendance.submit(c.SetMicrophone(on=True))
    await until(lambda: world.plane.allowed[peer] == EVERYTHING)
    assert world.session.main == encoder.id


# ---------------------------------------------------------------- recording


async def test_the_recording_runs_from_command_to_waiting_job(world: World):
    secretary, ear = await world.enter("thuky")
    _, site_ear = await world.enter("kbang")
    await secretary.submit(c.StartRecording())
    running = world.session.recording
    assert running is not None
    await until(lambda: running.id in world.plane.recordings)
    (info,) = await world.recordings.of_meeting(world.meeting.id)
    assert (info.id, str(info.directory)) == (running.id, world.plane.recordings[running.id])

    world.observer.on_recording(running.id, 4096, True)
    world.observer.on_recording("another", 1, False)
    assert ear.last(RecordingHealth) == RecordingHealth(growing=True, size_bytes=4096)
    assert not any(isinstance(notice, RecordingHealth) for notice in site_ear.notices)
    assert world.health.snapshot(world.meeting.id).recording_bytes == 4096

    await secretary.submit(c.EndMeeting())
    await until(lambda: world.plane.observers == {})
    assert world.plane.recordings == {}
    (stopped,) = await world.recordings.waiting()
    assert (stopped.id, stopped.size_bytes) == (running.id, 4096)


async def test_a_recording_that_cannot_start_is_stopped_and_failed(world: World):
    secretary, ear = await world.enter("thuky")
    world.plane.refuse = "unavailable"
    await secretary.submit(c.StartRecording())
    await until(lambda: world.session.recording is None)
    assert ear.events()[-2:] == ["RecordingStarted", "RecordingStopped"]
    (info,) = await world.recordings.of_meeting(world.meeting.id)
    assert info.state == "failed"


async def test_a_recording_goes_on_after_a_restart(world: World):
    secretary, _ = await world.enter("thuky")
    await secretary.submit(c.StartRecording())
    await until(lambda: bool(world.plane.recordings))
    before = dict(world.plane.recordings)
    await world.restart()
    await until(lambda: world.plane.recordings == before)


async def test_a_client_hears_which_of_its_layers_are_watched(world: World):
    attendance, ear, peer = await world.enter_with_media("kbang")
    await asyncio.sleep(0.01)
    assert not [n for n in ear.notices if isinstance(n, Layers)], "all layers go without saying"
    world.observer.on_layers(peer, Source.CAMERA, ("q",))
    world.observer.on_layers(peer, Source.SCREEN, ())
    camera = SentLayers(source=Source.CAMERA, rids=("q",))
    expected = Layers(sources=(camera, SentLayers(source=Source.SCREEN, rids=())))
    assert ear.last(Layers) == expected, "told at once"

    _, again = await world.enter("kbang", resumed=attendance.connection)
    await until(lambda: any(isinstance(n, Layers) for n in again.notices))
    assert again.last(Layers) == expected, "the transport goes on, and what was said of it"


async def test_layers_of_an_older_transport_are_nobodys(world: World):
    _, _, old = await world.enter_with_media("kbang")
    _, ear, _ = await world.enter_with_media("kbang")
    world.observer.on_layers(old, Source.CAMERA, ())
    await asyncio.sleep(0.01)
    assert not [n for n in ear.notices if isinstance(n, Layers)]


async def test_limits_act_at_once_and_again_on_a_new_transport(world: World):
    await world.enter_with_media("chutri")
    kbang, ear, peer = await world.enter_with_media("kbang")
    await kbang.set_view(720, [])
    main_of = lambda: world.plane.slots[peer]["5"]  # noqa: E731
    await until(lambda: world.plane.slots.get(peer, {}).get("5") is not None)
    assert main_of().max_height == 720

    await kbang.submit(c.SetLimits(profile=Profile.WEAK, max_down_kbps=256))
    await until(lambda: main_of().max_height == 180)
    assert world.plane.limits[peer] == (256, True)
    await until(lambda: any(isinstance(n, Layers) for n in ear.notices))
    assert [sent.rids for sent in ear.last(Layers).sources] == [("q",), ()]

    silent = c.SetLimits(seat=kbang.seat_id, profile=Profile.AUDIO)
    await world.live.oversee(world.meeting.id, silent, SeatId("user:99"))
    await until(lambda: main_of().peer is None)
    await until(lambda: world.plane.limits[peer] == (None, False))
    await until(lambda: world.plane.allowed[peer] == frozenset())
    await kbang.submit(c.SetMicrophone(on=True))
    await until(lambda: world.plane.allowed[peer] == {Source.MICROPHONE})

    await kbang.offer("again", restart=False)
    await until(lambda: world.plane.allowed[peer] == {Source.MICROPHONE})
    await kbang.submit(c.SetLimits(profile=Profile.NORMAL))
    await until(lambda: Source.CAMERA in world.plane.allowed[peer])
    await until(lambda: main_of().max_height == 720)


async def test_limits_of_a_meeting_not_in_session_are_refused(world: World):
    weak = c.SetLimits(seat=SeatId("site:1"), profile=Profile.WEAK)
    with pytest.raises(RequestRefused, match="ended"):
        await world.live.oversee(world.meeting.id, weak, SeatId("user:3"))
