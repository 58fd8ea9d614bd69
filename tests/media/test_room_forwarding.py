"""What subscribers get: continuous numbers over every switch, their own ids, nothing else."""

from itertools import pairwise

import pytest
from room_world import (
    CHROMIUM,
    FIREFOX,
    H264,
    ROTATION,
    Received,
    Source,
    Viewer,
    World,
)

from media.drops import DropReason
from media.negotiated import AUDIO_LEVEL, TRANSPORT_CC
from media.peer import StreamEndpoint
from media.rtp.rtcp import (
    PictureLoss,
    ReceiverReport,
    ReportBlock,
    SenderReport,
    middle32,
    ntp_from_seconds,
    ntp_to_seconds,
)


def assert_continuous(received: list[Received]) -> None:
    """One stream without a gap, whatever its sources were."""
    for before, after in pairwise(received):
        assert (after.sequence - before.sequence) & 0xFFFF == 1
        step = (after.timestamp - before.timestamp) & 0xFFFFFFFF
        assert step < 2**31
        if before.picture.picture_id_bits:
            same = after.timestamp == before.timestamp
            assert (after.picture.picture_id - before.picture.picture_id) & 0x7FFF == (not same)
            assert (after.picture.tl0 - before.picture.tl0) & 0xFF == (not same)


def test_ids_payload_type_and_extensions_are_the_subscribers_own() -> None:
    world = World()
    speaker = world.publisher("s")
    chromium = world.viewer("c")
    firefox = world.viewer("f", firefox=True)
    for viewer in (chromium, firefox):
        world.show(viewer, "v0", "s")
    items = ((CHROMIUM[ROTATION], b"\x02"), (4, b"1"), (3, b"\0\x09"), (2, b"abc"))
    world.send(speaker, *Source(5, items=items).frame(key=True))
    for viewer, ids, payload_type in ((chromium, CHROMIUM, 96), (firefox, FIREFOX, 120)):
        (packet,) = viewer.slot("v0")
        assert packet.payload_type == payload_type
        assert packet.elements[ids[ROTATION]] == b"\x02"
        assert packet.elements[ids[TRANSPORT_CC]] == b"\x00\x01"
        assert packet.marker
        assert ids[AUDIO_LEVEL] not in packet.elements
        assert len(packet.elements) == 3  # abs-send-time is written anew, mid is left out


def test_nothing_is_forwarded_before_a_keyframe() -> None:
    world = World()
    speaker = world.publisher("s")
    viewer = world.viewer("v")
    world.show(viewer, "v0", "s")
    source = Source(5)
    world.send(speaker, *source.frame(), *source.frame())
    assert viewer.received == []
    world.send(speaker, *source.frame(), *source.frame(key=True, packets=3), *source.frame())
    assert len(viewer.received) == 4
    assert viewer.received[0].picture.keyframe


@pytest.mark.parametrize("first", [0, 65530, 32766])
def test_numbers_continue_when_the_slot_switches_between_sources(first: int) -> None:
    world = World()
    speakers = [world.publisher("a"), world.publisher("b")]
    sources = [
        Source(5, sequence=first, timestamp=2**32 - 9000, pid=0x7FFE, tl0=254),
        Source(6, sequence=20000, timestamp=77, pid=3, tl0=9),
    ]
    viewer = world.viewer("v")
    for turn in range(6):
        chosen = turn % 2
        world.show(viewer, "v0", "ab"[chosen])
        for index in range(5):
            for number in (0, 1):
                key = number == chosen and index == 2
                world.send(speakers[number], *sources[number].frame(key=key, packets=2))
            world.now += 1 / 30
    received = viewer.slot("v0")
    assert len(received) > 40
    assert_continuous(received)


def test_video_timestamps_advance_by_the_elapsed_time_over_a_switch() -> None:
    world = World()
    a, b = world.publisher("a"), world.publisher("b")
    viewer = world.viewer("v")
    world.show(viewer, "v0", "a")
    world.send(a, *Source(5).frame(key=True))
    world.now += 0.5
    world.show(viewer, "v0", "b")
    world.send(b, *Source(6, timestamp=9).frame())
    world.send(b, *Source(7, timestamp=9).frame(key=True)[:0])
    source = Source(6, timestamp=9, sequence=102)
    world.send(b, *source.frame(key=True))
    before, after = viewer.slot("v0")
    assert (after.timestamp - before.timestamp) & 0xFFFFFFFF == 45000


def test_audio_timestamps_stay_multiples_of_a_frame_over_switches() -> None:
    world = World()
    a, b = world.publisher("a"), world.publisher("b")
    viewer = world.viewer("v", audio=1, video=0)
    sources = {"a": Source(5, payload_type=111, timestamp=11), "b": Source(6, payload_type=111)}
    for turn in range(6):
        world.room.set_main_voice("ab"[turn % 2], world.now)
        for name, peer in (("a", a), ("b", b)):
            world.send(peer, sources[name].voice(), sources[name].voice())
        world.now += 0.0437
    received = viewer.slot("a0")
    assert len(received) == 18  # the old voice plays until the new one arrives
    for before, after in pairwise(received):
        assert (after.sequence - before.sequence) & 0xFFFF == 1
        step = (after.timestamp - before.timestamp) & 0xFFFFFFFF
        assert step >= 960
        assert step % 960 == 0


def test_slot_keeps_the_old_picture_until_the_new_ones_keyframe() -> None:
    world = World()
    a, b = world.publisher("a"), world.publisher("b")
    viewer = world.viewer("v")
    first, second = Source(5), Source(6)
    world.show(viewer, "v0", "a")
    world.send(a, *first.frame(key=True))
    world.send(b, *second.frame())
    world.show(viewer, "v0", "b")
    world.send(a, *first.frame())
    world.send(b, *second.frame())
    assert len(viewer.received) == 2
    assert ("b", PictureLoss(4242, 6)) in world.tick()
    world.send(b, *second.frame(key=True))
    world.send(a, *first.frame())
    assert len(viewer.received) == 3
    assert_continuous(viewer.received)


def test_two_slots_show_one_source_and_transport_numbers_never_repeat() -> None:
    world = World()
    speaker = world.publisher("s")
    viewer = world.viewer("v")
    for mid in ("v0", "v1"):
        world.show(viewer, mid, "s")
    source = Source(5)
    world.send(speaker, *source.frame(key=True, packets=3), *source.frame(packets=3))
    assert len(viewer.slot("v0")) == len(viewer.slot("v1")) == 6
    numbers = [r.elements[3] for r in viewer.received]
    assert len(set(numbers)) == 12


def test_muted_sources_are_dropped_but_acknowledged_and_come_back_without_a_gap() -> None:
    world = World()
    speaker = world.publisher("s")
    viewer = world.viewer("v")
    world.show(viewer, "v0", "s")
    source = Source(5, items=((3, b"\0\1"),))
    world.send(speaker, *source.frame(key=True))
    world.room.set_allowed("s", ("microphone",), world.now)
    for number in range(2, 5):
        source.items = ((3, bytes((0, number))),)
        world.send(speaker, *source.frame(key=True))
    assert len(viewer.received) == 1
    assert world.counters.dropped(DropReason.NOT_ALLOWED) == 3
    said = world.tick(0.2)
    feedback = [p for _, p in said if type(p).__name__ == "TransportFeedback"]
    assert sum(len(f.arrivals) for f in feedback) == 4  # type: ignore[union-attr]
    (report,) = [p for _, p in said if isinstance(p, ReceiverReport) and p.blocks]
    assert report.blocks[0].highest_sequence == source.sequence - 1
    world.room.set_allowed("s", ("microphone", "camera"), world.now)
    world.send(speaker, *source.frame(), *source.frame(key=True))
    assert len(viewer.received) == 2
    assert_continuous(viewer.received)


def test_codecs_a_slot_did_not_negotiate_are_not_forwarded() -> None:
    world = World()
    speaker = world.publisher("s", video=H264)
    viewer = world.viewer("v")
    world.show(viewer, "v0", "s")
    source = Source(5, payload_type=102)
    world.send(speaker, source.packet(b"\x67\x42\xc0\x1f", marker=True))
    assert viewer.received == []
    assert world.counters.dropped(DropReason.CODEC_MISMATCH) >= 1


def test_late_packets_from_before_a_switch_reach_only_those_who_played_the_source() -> None:
    world = World()
    speaker = world.publisher("s")
    early, late = world.viewer("early"), world.viewer("late")
    world.show(early, "v0", "s")
    source = Source(5)
    world.send(speaker, *source.frame(key=True))
    delayed = source.frame()
    world.show(late, "v0", "s")
    world.send(speaker, *source.frame(key=True))
    world.send(speaker, *delayed)
    assert [len(v.received) for v in (early, late)] == [3, 1]
    assert world.counters.dropped(DropReason.BEFORE_SWITCH) == 1
    assert [r.sequence for r in sorted(early.received, key=lambda r: r.sequence)] == [
        early.received[0].sequence + i for i in range(3)
    ]


def test_unready_peers_get_nothing_and_a_keyframe_is_asked_twice_when_they_are() -> None:
    world = World()
    speaker = world.publisher("s")
    source = Source(5)
    world.send(speaker, *source.frame(key=True))
    viewer = world.viewer("v", ready=False)
    world.show(viewer, "v0", "s")
    world.send(speaker, *source.frame(key=True))
    assert viewer.received == []
    world.tick(1.0)
    world.send(speaker, *source.frame())
    world.connect(viewer)
    asked = []
    for _ in range(30):
        asked += [world.now for _, p in world.tick(0.01) if isinstance(p, PictureLoss)]
    assert len(asked) == 2
    assert asked[1] - asked[0] == pytest.approx(0.15, abs=0.06)


def test_a_peer_on_a_new_path_gets_its_pictures_from_key_frames_on() -> None:
    world = World()
    speaker = world.publisher("s")
    viewer = world.viewer("v")
    world.show(viewer, "v0", "s")
    world.send(speaker, *Source(5).frame(key=True))
    world.tick(2.0)
    world.room.peer_moved("v", StreamEndpoint(viewer.on_datagram), world.now)
    asked = [name for name, p in world.tick(0.1) if isinstance(p, PictureLoss)]
    assert "s" in asked


def test_keyframe_requests_are_merged_and_throttled() -> None:
    world = World()
    speaker = world.publisher("s")
    source = Source(5)
    viewers = [world.viewer(f"v{i}") for i in range(5)]
    for viewer in viewers:
        world.show(viewer, "v0", "s")
    world.send(speaker, *source.frame(key=True))
    world.tick(2.0)
    times = []
    for _ in range(20):
        for viewer in viewers:
            ssrc = viewer.peer.negotiated.slots[1].ssrc
            world.tell(viewer.peer, PictureLoss(1, ssrc))
        times += [world.now for _, p in world.tick(0.1) if isinstance(p, PictureLoss)]
        world.send(speaker, *source.frame())
    assert 3 <= len(times) <= 5


def lone(viewer: Viewer, said: list[tuple[str, object]], mid: str) -> SenderReport:
    ssrc = next(s.ssrc for s in viewer.peer.negotiated.slots if s.mid == mid)
    return [
        p for n, p in said if n == viewer.peer.id and isinstance(p, SenderReport) and p.ssrc == ssrc
    ][-1]


def test_sender_reports_keep_voice_and_picture_of_a_seat_together() -> None:
    """The source says: audio timestamp 960 and video timestamp 9000 were captured 40 ms apart."""
    world = World()
    speaker = world.publisher("s")
    viewer = world.viewer("v")
    world.show(viewer, "v0", "s")
    world.room.set_main_voice("s", world.now)
    voice, picture = Source(5, payload_type=111, timestamp=960), Source(6, timestamp=9000)
    world.send(speaker, voice.voice(level=30), *picture.frame(key=True))
    clock = 3.7e9  # the source's own, far from ours
    world.tell(speaker, SenderReport(5, ntp_from_seconds(clock), 960, 1, 1))
    world.now += 0.02
    world.tell(speaker, SenderReport(6, ntp_from_seconds(clock + 0.04), 9000, 1, 1))
    said = world.tick(1.0)
    audio, video = lone(viewer, said, "a0"), lone(viewer, said, "v0")
    sent_audio, sent_video = viewer.slot("a0")[0].timestamp, viewer.slot("v0")[0].timestamp
    captured_audio = (
        ntp_to_seconds(audio.ntp) - ((audio.rtp_timestamp - sent_audio) & 0xFFFFFFFF) / 48000
    )
    captured_video = (
        ntp_to_seconds(video.ntp) - ((video.rtp_timestamp - sent_video) & 0xFFFFFFFF) / 90000
    )
    assert captured_video - captured_audio == pytest.approx(0.04, abs=2e-4)
    assert ntp_to_seconds(audio.ntp) == pytest.approx(3.9e9 + world.now, abs=0.6)
    assert (audio.packet_count, video.packet_count) == (1, 1)


def test_round_trip_time_comes_from_our_report_and_theirs() -> None:
    world = World()
    speaker = world.publisher("s")
    viewer = world.viewer("v")
    world.show(viewer, "v0", "s")
    world.send(speaker, *Source(6).frame(key=True))
    report = lone(viewer, world.tick(0.6), "v0")
    sent_at = world.now
    while world.now < sent_at + 0.2:
        world.tick(0.05)
    reports = viewer.peer.subscriber
    assert reports is not None
    sent = dict(reports.by_mid["v0"].reports._sent)
    at = sent[middle32(report.ntp)]
    block = ReportBlock(report.ssrc, 64, 1, 1, 900, middle32(report.ntp), 6554)
    world.tell(viewer.peer, ReceiverReport(1, (block,)))
    expected = world.now - at - 0.1
    (stats,) = [s for s in world.room.stats(world.now) if s.peer == "v"]
    assert stats.rtt_ms == pytest.approx(expected * 1000, abs=1)
    assert stats.down_loss == 0.25
    assert stats.down_jitter_ms == 10


def test_removed_publishers_leave_their_slots_and_removed_viewers_get_no_more() -> None:
    world = World()
    speaker = world.publisher("s")
    stays, goes = world.viewer("stays"), world.viewer("goes")
    source = Source(5)
    for viewer in (stays, goes):
        world.show(viewer, "v0", "s")
    world.send(speaker, *source.frame(key=True))
    world.room.remove_peer("goes", world.now)
    world.send(speaker, *source.frame())
    assert [len(stays.received), len(goes.received)] == [2, 1]
    world.room.remove_peer("s", world.now)
    world.send(speaker, *source.frame())
    world.tick(1.0)
    assert len(stays.received) == 2
    back = world.publisher("s")
    world.send(back, *Source(9).frame(key=True))
    assert len(stays.received) == 3
    assert_continuous(stays.received)


def test_auto_slots_take_the_first_published_and_refill() -> None:
    world = World()
    viewer = world.viewer("v", video=2)
    world.room.auto_slots("v", world.now)
    peers = {name: world.publisher(name) for name in "abc"}
    sources = {name: Source(50 + i) for i, name in enumerate("abc")}
    for name in "cab":
        world.send(peers[name], *sources[name].frame(key=True))
    shown = [d.want.peer_id for d in viewer.peer.subscriber.video if d.want]  # type: ignore[union-attr]
    assert shown == ["c", "a"]
    world.room.remove_peer("c", world.now)
    shown = [d.want.peer_id for d in viewer.peer.subscriber.video if d.want]  # type: ignore[union-attr]
    assert shown == ["b", "a"]


def test_taps_see_allowed_packets_as_sent() -> None:
    seen = []

    class Recorder:
        def on_packet(self, *arguments: object) -> None:
            seen.append(arguments)

    world = World()
    speaker = world.publisher("s", allowed=("camera",))
    recorder = Recorder()
    world.room.add_tap(recorder, world.now)
    (frame,) = Source(5).frame(key=True)
    world.send(speaker, frame, Source(6, payload_type=111).voice())
    assert seen == [("s", "camera", "", "vp8/90000", 5, frame, 0.0)]
    world.room.remove_tap(recorder)
    world.send(speaker, frame)
    assert len(seen) == 1


def test_reports_say_who_speaks_and_what_arrives() -> None:
    world = World()
    a = world.publisher("a")
    source = Source(5, payload_type=111)
    for _ in range(60):
        world.send(a, source.voice(level=25))
        world.tick(0.02)
    reports = world.room.take_reports(world.now)
    assert reports.dominant == "a"
    assert reports.sources == (("a", ("microphone",)),)
    ((peer, level, speaking),) = reports.speakers
    assert (peer, speaking) == ("a", True)
    assert level > 90
    for _ in range(60):
        world.send(a, source.voice(level=127))
        world.tick(0.02)
    reports = world.room.take_reports(world.now)
    assert reports.speakers[0][2] is False
    assert reports.dominant is None
    world.tick(4.0)
    assert world.room.take_reports(world.now).sources == (("a", ()),)


def test_junk_is_counted_and_never_raised() -> None:
    world = World()
    speaker = world.publisher("s")
    for size in range(40):
        world.send(speaker, bytes((0x90, 96)) + bytes(range(size)))
        world.room.on_rtcp(speaker, bytes((0x81, 200)) + bytes(size), world.now)
    assert world.counters.dropped(DropReason.MALFORMED) > 0
    assert world.counters.dropped(DropReason.RTCP_MALFORMED) > 0
