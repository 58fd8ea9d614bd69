"""Reception reports, transport-wide feedback, key frame requests, voices, the packet cache."""

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from room_world import CHROMIUM, Source, World

from media.forward.cache import PacketCache
from media.negotiated import Codec, Uplink
from media.receive.keyframe_requests import KeyframeRequests
from media.receive.reports import ReceptionStats
from media.receive.source_packet import SourcePacket
from media.receive.speakers import SpeakerSelector
from media.receive.twcc import TransportFeedbackGenerator
from media.receive.up_track import Encoding, UpTrack
from media.rtp.rtcp import ReceiverReport, Remb, ReportBlock, SenderReport, middle32
from media.rtp.transport_cc import TICK_S
from tests.sim.net import SimNet


def test_report_block_counts_losses_since_the_last_one_and_in_all() -> None:
    stats = ReceptionStats(90000)
    for number in range(65530, 65530 + 100):
        if number % 4:
            stats.on_packet(number & 0xFFFF, 0, number * 0.01)
    block = stats.block(9, 1.0)
    assert block is not None
    assert (block.packets_lost, block.highest_sequence) == (25, 65536 + 93)
    assert block.fraction_lost == 25 * 256 // 99
    for number in range(94, 104):
        stats.on_packet(number, 0, 2.0)
    again = stats.block(9, 2.0)
    assert again is not None
    assert (again.packets_lost, again.fraction_lost) == (25, 0)


def test_report_block_names_the_last_sender_report_and_its_age() -> None:
    stats = ReceptionStats(48000)
    stats.on_packet(1, 0, 0.0)
    stats.on_sender_report(SenderReport(9, 0x1234_5678_9ABC_DEF0, 0, 1, 1), 3.0)
    block = stats.block(9, 3.5)
    assert block is not None
    assert (block.lsr, block.dlsr) == (middle32(0x1234_5678_9ABC_DEF0), 32768)


def test_jitter_follows_the_formula_of_the_rfc() -> None:
    stats = ReceptionStats(8000)
    transits = []
    expected = 0.0
    chosen = random.Random(2)
    for number in range(200):
        arrival = number * 0.02 + chosen.random() * 0.01
        timestamp = (number * 160 + 2**32 - 4000) % 2**32
        stats.on_packet(number, timestamp, arrival)
        transits.append(arrival * 8000 - number * 160)
        if number:
            expected += (abs(transits[-1] - transits[-2]) - expected) / 16
    assert stats.jitter_ticks == pytest.approx(expected, rel=1e-6)


# Transport-wide feedback


@pytest.mark.parametrize("first", [0, 65500])
def test_every_packet_is_acknowledged_once_or_again_with_its_time(first: int) -> None:
    net = SimNet(seed=4)
    generator = TransportFeedbackGenerator()
    sent: dict[int, float] = {}
    acknowledged: dict[int, float] = {}
    gaps = []
    last = 0.0

    def arrive(number: int) -> None:
        sent[number] = net.now
        generator.on_packet(number, net.now)

    def poll() -> None:
        nonlocal last
        for feedback in generator.poll(1, 2, net.now):
            gaps.append(net.now - last)
            last = net.now
            for index, arrival in enumerate(feedback.arrivals):
                if arrival is not None:
                    acknowledged[(feedback.base_sequence + index) % 65536] = arrival * TICK_S

    link = net.link(arrive, delay=0.02, jitter=0.03, loss=0.05)
    for index in range(1000):
        net.call_at(index * 0.005, link, (first + index) % 65536)
    net.every(0.01, poll, until=5.5)
    net.run(until=6.0)
    assert acknowledged.keys() == sent.keys()
    for number, time in sent.items():
        assert acknowledged[number] == pytest.approx(time, abs=2 * TICK_S)
    assert max(gaps[1:50]) <= 0.0701
    assert max(gaps) <= 0.1201


def test_feedback_is_silent_without_packets_and_after_them() -> None:
    generator = TransportFeedbackGenerator()
    assert generator.poll(1, 2, 5.0) == []
    generator.on_packet(7, 5.0)
    assert generator.poll(1, 2, 5.01) == []
    assert len(generator.poll(1, 2, 5.06)) == 1
    assert generator.due is None


@given(st.lists(st.tuples(st.integers(0, 65535), st.floats(0, 0.2)), max_size=60))
def test_feedback_takes_any_numbers(arrivals: list[tuple[int, float]]) -> None:
    generator = TransportFeedbackGenerator()
    now = 0.0
    for number, step in arrivals:
        now += step
        generator.on_packet(number, now)
        for feedback in generator.poll(1, 2, now):
            assert len(feedback.arrivals) <= 400


# Key frame requests


def test_requests_merge_and_wait_half_a_second() -> None:
    requests = KeyframeRequests()
    left = []
    for step in range(200):
        now = step * 0.01
        requests.request(now)
        if requests.poll(now):
            left.append(now)
            requests.satisfy()
    assert left == pytest.approx([0.0, 0.5, 1.0, 1.5])


def test_a_publisher_that_does_not_answer_is_asked_ever_more_rarely() -> None:
    requests = KeyframeRequests()
    left = []
    for step in range(6000):
        now = step * 0.01
        requests.request(now)
        if requests.poll(now):
            left.append(now)
    gaps = [b - a for a, b in pairwise(left)]
    assert gaps == pytest.approx([0.5, 0.5, 1.0, 2.0, 4.0] + [8.0] * 6, abs=0.011)
    requests.satisfy()
    assert requests.interval_s == 0.5


def test_a_newcomer_gets_a_second_request() -> None:
    requests = KeyframeRequests()
    requests.request_for_newcomer(1.0)
    assert requests.poll(1.0)
    assert not requests.poll(1.1)
    assert requests.due == pytest.approx(1.15)
    assert requests.poll(1.15)
    assert not requests.poll(9.0)


# Voices


def speak(selector: SpeakerSelector, levels: dict[str, int], start: float, seconds: float) -> float:
    """Every voice sends 50 packets a second at its level (dBov)."""
    for step in range(int(seconds * 50)):
        now = start + step * 0.02
        for key, level in levels.items():
            selector.add(key, now).on_level(level, now)
        selector.update(now)
    return start + seconds


def test_main_voice_keeps_position_0_and_the_loudest_share_the_rest() -> None:
    selector = SpeakerSelector(3)
    selector.main = "main"
    levels = {"main": 127, **{f"p{i}": 127 for i in range(6)}}
    now = speak(selector, levels, 0.0, 1.0)
    now = speak(selector, {**levels, "p4": 30, "p5": 35}, now, 4.0)
    assert selector.positions[0] == "main"
    assert set(selector.positions[1:]) == {"p4", "p5"}
    assert selector.dominant == "p4"


def test_a_pause_between_sentences_does_not_cost_the_position() -> None:
    selector = SpeakerSelector(2)
    levels = {"a": 30, "b": 127, "c": 127}
    now = speak(selector, levels, 0.0, 2.0)
    where = selector.positions.index("a")
    for _ in range(5):
        now = speak(selector, {"a": 127, "b": 127, "c": 60}, now, 1.0)
        now = speak(selector, {"a": 32, "b": 127, "c": 127}, now, 1.0)
        assert selector.positions[where] == "a"


def test_a_cough_takes_no_position_from_somebody_who_speaks() -> None:
    selector = SpeakerSelector(2)
    now = speak(selector, {"a": 30, "b": 32, "c": 127}, 0.0, 2.0)
    now = speak(selector, {"a": 30, "b": 32, "c": 10}, now, 0.1)
    now = speak(selector, {"a": 30, "b": 32, "c": 127}, now, 1.0)
    assert set(selector.positions) == {"a", "b"}


def test_a_newcomer_who_speaks_replaces_a_voice_silent_for_long() -> None:
    selector = SpeakerSelector(2)
    now = speak(selector, {"a": 30, "b": 32, "c": 127}, 0.0, 2.0)
    now = speak(selector, {"a": 30, "b": 127, "c": 127}, now, 4.0)
    now = speak(selector, {"a": 30, "b": 127, "c": 40}, now, 0.5)
    assert set(selector.positions) == {"a", "c"}


def test_nobody_is_in_two_positions_whatever_happens() -> None:
    chosen = random.Random(5)
    selector = SpeakerSelector(4)
    now = 0.0
    for _ in range(600):
        now += 0.05
        key = f"p{chosen.randrange(8)}"
        action = chosen.random()
        if action < 0.1:
            selector.remove(key)
        elif action < 0.2:
            selector.main = chosen.choice([None, key])
        elif action < 0.22:
            selector.resize(chosen.randrange(1, 5))
        else:
            selector.add(key, now).on_level(chosen.randrange(128), now)
        selector.update(now)
        placed = [p for p in selector.positions if p is not None]
        assert len(placed) == len(set(placed))
        assert set(placed) <= selector.voices.keys()
        if selector.main in selector.voices:
            assert selector.positions[0] == selector.main


def test_a_peer_never_hears_itself() -> None:
    world = World()
    speaker = world.publisher("s")
    viewer = world.viewer("v", audio=2, video=0)
    both = world.publisher("b")
    sources = {"s": Source(5, payload_type=111), "b": Source(6, payload_type=111)}
    for _ in range(10):
        world.send(speaker, sources["s"].voice(level=20))
        world.send(both, sources["b"].voice(level=20))
        world.tick(0.02)
    assert {r.ssrc for r in viewer.received} == {s.ssrc for s in viewer.peer.negotiated.slots}
    assert all(
        r.elements[CHROMIUM["urn:ietf:params:rtp-hdrext:ssrc-audio-level"]] for r in viewer.received
    )


# Cache


def packet(extended: int, size: int, now: float) -> SourcePacket:
    track = UpTrack("p", Uplink("0", "video", "camera", (Codec(96, "VP8", 90000),)), 1)
    return SourcePacket(
        Encoding(track, ""), "vp8/90000", extended, 0, 0, bytes(size), 12, size, [], now
    )


@given(
    st.lists(st.tuples(st.integers(0, 50), st.integers(12, 900), st.floats(0, 0.4)), max_size=80)
)
def test_cache_never_exceeds_its_bounds(arrivals: list[tuple[int, int, float]]) -> None:
    cache = PacketCache(max_bytes=5000, max_age_s=1.0)
    now = 0.0
    for extended, size, step in arrivals:
        now += step
        known = extended in cache
        assert cache.put(packet(extended, size, now)) is (not known)
        if known:
            continue
        assert cache.size_bytes <= 5000
        held = [cache.get(n) for n in range(51)]
        assert all(now - p.arrival <= 1.0 for p in held if p is not None)
        assert sum(p is not None for p in held) == len(cache)


def test_statistics_of_a_publisher() -> None:
    world = World()
    speaker = world.publisher("s")
    world.tick(0.01)
    world.room.stats(world.now)
    source = Source(5)
    for turn in range(60):
        frame = source.frame(key=turn == 0, packets=2, height=180)
        world.send(speaker, *(frame if turn % 10 else frame[1:]))
        world.tick(1 / 30)
        if turn == 29:
            world.room.stats(world.now)
    world.tell(
        speaker, Remb(1, 500_000, ()), ReceiverReport(1, (ReportBlock(1, 0, 0, 0, 0, 0, 0),))
    )
    (stats,) = world.room.stats(world.now)
    assert stats.path == "tcp"
    assert stats.up_loss == pytest.approx(0.05)
    assert stats.up_fps == pytest.approx(30, abs=1)
    assert stats.up_bps > 10_000
    assert stats.rtt_ms is None
    assert stats.connected_since == pytest.approx(3.9e9 - 2208988800)
    assert speaker.remb_bps == 500_000
