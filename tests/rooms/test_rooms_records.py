"""Attendance, recordings, line quality, the health board and following the speaker."""

from pathlib import Path

import msgspec
import pytest
from rooms_world import CHAIR, KBANG, PLEIKU, SEATS, HandClock

from rooms.health import BUCKET_SECONDS, POINTS, HealthBoard
from rooms.live.batch import Batch
from rooms.media_port import Pause, PausedPicture, PeerStats
from rooms.quality import LineQuality, Quality, fault
from rooms.records.attendance import Stay, attendance
from rooms.records.recordings import Recordings, RecordingState
from rooms.session import events as e
from rooms.session.following import SpeakerFollower
from rooms.session.model import MeetingId, PeerId, Recording, Session, Source

# ---------------------------------------------------------------- attendance


def log(*happened: tuple[float, e.AnyEvent]) -> list[e.Entry]:
    opened = (0.0, e.MeetingOpened(meeting=1, title="Giao ban", seats=SEATS[:3]))
    return [
        e.Entry(seq=seq, at=at, actor="system", event=event)
        for seq, (at, event) in enumerate([opened, *happened], start=1)
    ]


def test_stays_are_merged_by_seat_in_protocol_order():
    kbang = e.SeatEntered(seat=SEATS[2])
    entries = log(
        (10.0, kbang),
        (15.0, kbang),  # described anew, still the same stay
        (20.0, e.SeatLeft(seat=KBANG, left=False)),
        (30.0, kbang),
        (35.0, e.SeatEntered(seat=SEATS[0])),
    )
    chair, pleiku, kbang_row = attendance(entries, now=100.0)
    assert (chair.seat, chair.stays) == (CHAIR, (Stay(start=35.0, end=None),))
    assert (pleiku.seat, pleiku.stays, pleiku.seconds) == (PLEIKU, (), 0)
    assert kbang_row.stays == (Stay(start=10.0, end=20.0), Stay(start=30.0, end=None))
    assert kbang_row.seconds == 80.0


def test_the_end_of_the_meeting_ends_every_stay():
    entries = log((10.0, e.SeatEntered(seat=SEATS[2])), (60.0, e.MeetingEnded(by=CHAIR)))
    assert attendance(entries, now=100.0)[2].stays == (Stay(start=10.0, end=60.0),)


# ---------------------------------------------------------------- recordings


@pytest.fixture
def recordings(db, tmp_path: Path) -> Recordings:
    return Recordings(db, tmp_path / "recordings")


async def test_the_life_of_a_recording(recordings, meeting_id, now, tmp_path):
    made = await recordings.create(meeting_id, CHAIR, now, "1-7")
    assert made.directory.is_dir()
    assert (made.id, made.state, made.started) == ("1-7", RecordingState.RECORDING, now)
    assert await recordings.waiting() == []

    await recordings.set_size("1-7", 5_000_000_000)
    await recordings.stop("1-7", now)
    (waiting,) = await recordings.waiting()
    assert (waiting.state, waiting.ended, waiting.size_bytes) == ("waiting", now, 5_000_000_000)

    await recordings.set_progress("1-7", 0.5)
    (composing,) = await recordings.waiting()  # its job may have died
    assert (composing.state, composing.progress) == ("composing", 0.5)

    await recordings.ready("1-7", tmp_path / "x.mp4", duration_s=61.5, size_bytes=7)
    ready = await recordings.get("1-7")
    assert ready is not None
    assert (ready.state, ready.progress, ready.duration_s) == ("ready", 1.0, 61.5)
    assert ready.video == tmp_path / "x.mp4"
    assert await recordings.of_meeting(meeting_id) == [ready]
    assert await recordings.waiting() == []


async def test_creating_a_known_recording_goes_on_with_it(recordings, meeting_id, now):
    made = await recordings.create(meeting_id, CHAIR, now, "1-7")
    assert await recordings.create(meeting_id, KBANG, now, "1-7") == made
    other = await recordings.create(meeting_id, CHAIR, now)
    assert other.id != made.id


async def test_a_failed_recording_is_not_composed(recordings, meeting_id, now):
    await recordings.create(meeting_id, CHAIR, now, "1-7")
    await recordings.failed("1-7", "no disk")
    await recordings.stop("1-7", now)
    failed = await recordings.get("1-7")
    assert failed is not None
    assert (failed.state, failed.error) == ("failed", "no disk")
    assert await recordings.get("nothing") is None


# ---------------------------------------------------------------- quality

GOOD = PeerStats(peer=PeerId("x#1"), path="udp", connected_since=0.0, rtt_ms=20.0, up_bps=1000)


def figures(**changes: object) -> PeerStats:
    return msgspec.structs.replace(GOOD, **changes)


def paused(why: Pause) -> PausedPicture:
    return PausedPicture(peer=PeerId("y#1"), source=Source.CAMERA, why=why)


@pytest.mark.parametrize(
    ("stats", "expected"),
    [
        (GOOD, None),
        (figures(up_loss=0.05), "up-loss"),
        (figures(down_loss=0.2), "down-loss"),
        (figures(rtt_ms=400.0), "slow"),
        (figures(down_jitter_ms=90.0), "unsteady"),
        (figures(up_loss=0.01, rtt_ms=None), None),
        (figures(paused=(paused(Pause.LINE),)), "narrow"),
        (figures(paused=(paused(Pause.LIMIT),)), None),
    ],
)
def test_what_is_wrong_with_a_line(stats, expected):
    assert fault(stats) == expected


def test_quality_does_not_flicker():
    line, bad = LineQuality(), figures(up_loss=0.5)
    assert [line.second(s) for s in (bad, bad, GOOD, bad, bad)] == [Quality.GOOD] * 5
    assert line.second(bad) is Quality.WEAK
    assert [line.second(GOOD) for _ in range(4)] == [Quality.WEAK] * 4
    assert line.second(GOOD) is Quality.GOOD


def test_a_lost_line_is_good_again_when_figures_come():
    line = LineQuality()
    assert line.lost() is Quality.LOST
    assert line.second(GOOD) is Quality.GOOD


# ---------------------------------------------------------------- health board


def session() -> Session:
    seats = {s.id: msgspec.structs.replace(s, present=True, since=1.0) for s in SEATS[:2]}
    return Session(meeting=MeetingId(1), title="Giao ban", seats={**seats, KBANG: SEATS[2]})


def test_a_snapshot_shows_figures_history_and_trouble():
    clock = HandClock()
    board = HealthBoard(clock)
    board.changed(session())
    assert board.live_meetings() == [1]
    for second in range(2 * BUCKET_SECONDS):
        board.stats(1, PLEIKU, figures(rtt_ms=float(second), up_loss=0.3))
        clock.advance(1.0)
    health = board.snapshot(1)
    assert health is not None
    assert (health.title, health.recording_growing) == ("Giao ban", None)
    chair, pleiku, kbang = health.seats
    assert (chair.quality, chair.stats, chair.trouble) == ("good", None, None)
    assert (pleiku.quality, kbang.quality) == ("weak", "absent")
    assert pleiku.stats is not None
    assert pleiku.stats.rtt_ms == 9.0
    assert pleiku.trouble is not None
    assert pleiku.trouble.code == "up-loss"
    points = pleiku.history["rttMs"]
    assert len(points) == POINTS
    assert list(points[-3:]) == [2.0, 7.0, None]
    assert set(pleiku.history["upFps"]) == {None}


def test_history_keeps_its_place_in_time_and_ends_after_five_minutes():
    clock = HandClock()
    board = HealthBoard(clock)
    board.changed(session())
    board.stats(1, PLEIKU, GOOD)
    clock.advance(BUCKET_SECONDS * 10)
    points = board.snapshot(1).seats[1].history["rttMs"]
    assert points[-11] == 20.0
    clock.advance(BUCKET_SECONDS * POINTS)
    assert set(board.snapshot(1).seats[1].history["rttMs"]) == {None}
    assert board.snapshot(1, history=False).seats[1].history == {}


def test_lost_media_and_recording_show_and_a_closed_meeting_does_not():
    board = HealthBoard(HandClock())
    recorded = Recording(id="1-7", started=1.0, by=CHAIR)
    board.changed(msgspec.structs.replace(session(), recording=recorded))
    board.recording(1, False, 7)
    board.stats(1, PLEIKU, GOOD)
    board.media_gone(1, PLEIKU, "media-lost")
    health = board.snapshot(1)
    assert (health.recording_growing, health.recording_bytes) == (False, 7)
    assert (health.seats[1].quality, health.seats[1].stats) == ("lost", None)
    assert health.seats[1].trouble.code == "media-lost"
    assert board.qualities(1) == {PLEIKU: Quality.LOST}
    board.media_back(1, PLEIKU)
    assert board.quality(1, PLEIKU) is Quality.GOOD
    board.changed(session())
    assert board.snapshot(1).recording_growing is None
    board.closed(1)
    assert board.snapshot(1) is None
    assert board.live_meetings() == []


# ---------------------------------------------------------------- speakers


def test_a_switch_waits_until_the_last_one_is_two_seconds_old():
    follower = SpeakerFollower()
    assert follower.due(0.0) is None
    follower.heard(KBANG)
    assert follower.due(0.0) == 0.0
    assert follower.take() == KBANG
    follower.switched(0.0)
    follower.heard(PLEIKU)
    assert follower.due(0.5) == 1.5
    follower.heard(CHAIR)  # the interjection is over
    assert follower.due(2.5) == 0.0
    assert (follower.take(), follower.take()) == (CHAIR, None)


def test_a_batch_delivers_the_newest_values_and_not_too_often():
    clock, delivered = HandClock(), list[list[int]]()
    batch: Batch[str, int] = Batch(clock, 1.0, lambda values: delivered.append(list(values)))
    batch.put("a", 1)
    batch.put("b", 2)
    clock.advance(0.0)
    for value in (3, 4):
        batch.put("a", value)
        clock.advance(0.3)
    assert delivered == [[1, 2]]
    clock.advance(0.5)
    assert delivered == [[1, 2], [4]]
    batch.put("a", 5)
    batch.close()
    clock.advance(5.0)
    assert delivered == [[1, 2], [4]]
