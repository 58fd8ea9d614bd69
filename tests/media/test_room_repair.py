"""Losses on both sides: what subscribers ask for is answered, what publishers lost is asked for."""

import random
from itertools import pairwise

import pytest
from room_world import CHROMIUM, Received, Source, Viewer, World

from media.drops import DropReason
from media.negotiated import MID, REPAIRED_RID, RID
from media.receive.nack import MAX_MISSING, NackGenerator
from media.rtp.extensions import render
from media.rtp.packet import build
from media.rtp.rtcp import Nack, PictureLoss, ReceiverReport
from tests.sim.net import SimNet


def restored(repair: Received) -> tuple[int, bytes]:
    """Original number and payload of an RTX packet."""
    return int.from_bytes(repair.payload[:2], "big"), repair.payload[2:]


def watch(world: World, viewer: Viewer, mid: str = "v0") -> tuple[int, int]:
    slot = next(s for s in viewer.peer.negotiated.slots if s.mid == mid)
    assert slot.rtx_ssrc is not None
    return slot.ssrc, slot.rtx_ssrc


def test_a_lost_copy_comes_again_as_rtx_with_the_same_content() -> None:
    world = World()
    speaker = world.publisher("s")
    viewer = world.viewer("v")
    world.show(viewer, "v0", "s")
    source = Source(5)
    world.send(speaker, *source.frame(key=True, packets=4), *source.frame(packets=2))
    ssrc, rtx_ssrc = watch(world, viewer)
    originals = viewer.slot("v0")
    lost = originals[4]
    world.tell(viewer.peer, Nack(1, ssrc, (lost.sequence, originals[1].sequence)))
    repairs = [r for r in viewer.received if r.ssrc == rtx_ssrc]
    assert [restored(r) for r in repairs] == [
        (lost.sequence, lost.payload),
        (originals[1].sequence, originals[1].payload),
    ]
    assert [r.payload_type for r in repairs] == [97, 97]
    assert repairs[0].timestamp == lost.timestamp
    assert (repairs[1].sequence - repairs[0].sequence) & 0xFFFF == 1
    assert world.counters.get("nack_repaired") == 2


def test_losses_from_before_a_switch_are_still_answered_with_the_old_source() -> None:
    world = World()
    a, b = world.publisher("a"), world.publisher("b")
    viewer = world.viewer("v")
    ssrc, rtx_ssrc = watch(world, viewer)
    first, second = Source(5, pid=900), Source(6, pid=20)
    world.show(viewer, "v0", "a")
    world.send(a, *first.frame(key=True), *first.frame(), *first.frame())
    world.show(viewer, "v0", "b")
    world.send(b, *second.frame(), *second.frame(key=True), *second.frame())
    originals = viewer.slot("v0")
    world.tell(viewer.peer, Nack(1, ssrc, tuple(r.sequence for r in originals)))
    repairs = [restored(r) for r in viewer.received if r.ssrc == rtx_ssrc]
    assert repairs == [(r.sequence, r.payload) for r in originals]


def test_the_same_packet_is_not_repeated_within_a_round_trip_nor_numbers_never_sent() -> None:
    world = World()
    speaker = world.publisher("s")
    viewer = world.viewer("v")
    world.show(viewer, "v0", "s")
    world.send(speaker, *Source(5).frame(key=True))
    ssrc, rtx_ssrc = watch(world, viewer)
    number = viewer.slot("v0")[0].sequence
    for _ in range(3):
        world.tell(viewer.peer, Nack(1, ssrc, (number,)))
    world.tell(viewer.peer, Nack(1, ssrc, ((number + 9) & 0xFFFF, (number - 9) & 0xFFFF)))
    assert len([r for r in viewer.received if r.ssrc == rtx_ssrc]) == 1
    assert world.counters.dropped(DropReason.NACK_LIMITED) == 2
    assert world.counters.dropped(DropReason.NACK_UNANSWERED) == 2
    world.now += 0.1
    world.tell(viewer.peer, Nack(1, ssrc, (number,)))
    assert len([r for r in viewer.received if r.ssrc == rtx_ssrc]) == 2


def test_nothing_but_rtx_repeats_a_number_of_a_slot() -> None:
    """AES-GCM: an equal SSRC and number with other bytes would reveal the key stream."""
    world = World()
    speaker = world.publisher("s")
    viewer = world.viewer("v")
    world.show(viewer, "v0", "s")
    source = Source(5)
    chosen = random.Random(3)
    for _ in range(200):
        frame = source.frame(key=chosen.random() < 0.1, packets=3)
        chosen.shuffle(frame)
        world.send(speaker, *frame, *frame[:1])
        world.now += 0.01
    seen = [(r.ssrc, r.sequence) for r in viewer.received]
    assert len(seen) > 300
    assert len(set(seen)) == len(seen)


def test_publisher_losses_are_asked_for_and_its_rtx_fills_the_gap_for_everyone() -> None:
    world = World()
    speaker = world.publisher("s")
    viewers = [world.viewer("one"), world.viewer("two", firefox=True)]
    for viewer in viewers:
        world.show(viewer, "v0", "s")
    source = Source(5, items=((4, b"1"),))
    first, lost, last = (source.frame(key=i == 0)[0] for i in range(3))
    world.send(speaker, first)
    world.send(speaker, last)
    said = [p for _, p in world.tick(0.03) if isinstance(p, Nack)]
    assert said == [Nack(4242, 5, (101,))]
    original = lost[12 + 4 + 4 :]
    repair = build(
        97, 9, 8000, 0x77, (101).to_bytes(2, "big") + original, extension=render(((4, b"1"),))
    )
    repair = repair[:4] + lost[4:8] + repair[8:]
    world.send(speaker, repair)
    for viewer in viewers:
        got = sorted(viewer.slot("v0"), key=lambda r: r.sequence)
        assert [r.sequence - got[0].sequence for r in got] == [0, 1, 2]
        assert got[1].payload[6:] == original[6:]
    world.send(speaker, lost)  # it was only late
    assert world.counters.dropped(DropReason.DUPLICATE) == 1
    assert all(len(v.received) == 3 for v in viewers)


# Simulcast


def simulcast(world: World) -> tuple[object, dict[str, Source]]:
    speaker = world.publisher("s", rids=("q", "h", "f"))
    sources = {
        rid: Source(
            10 + i,
            sequence=1000 * i,
            items=((CHROMIUM[MID], b"1"), (CHROMIUM[RID], rid.encode())),
        )
        for i, rid in enumerate("qhf")
    }
    return speaker, sources


HEIGHTS = {"q": 180, "h": 360, "f": 720}


def picture(world: World, speaker, sources, key=False, layers="qhf") -> None:  # type: ignore[no-untyped-def]
    for rid in layers:
        world.send(speaker, *sources[rid].frame(key=key, height=HEIGHTS[rid]))


@pytest.mark.parametrize(("height", "layer"), [(90, "q"), (180, "q"), (300, "h"), (720, "f")])
def test_slots_get_the_smallest_layer_that_fills_them(height: int, layer: str) -> None:
    world = World()
    speaker, sources = simulcast(world)
    viewer = world.viewer("v")
    world.show(viewer, "v0", "s", height)
    for turn in range(10):
        picture(world, speaker, sources, key=turn % 3 == 0)
        world.tick(0.1)
    shown = [r.picture.height for r in viewer.received if r.picture.keyframe]
    assert shown[-1] == HEIGHTS[layer]


def test_a_layer_that_stops_is_replaced_and_taken_again_when_it_returns() -> None:
    world = World()
    speaker, sources = simulcast(world)
    viewer = world.viewer("v")
    world.show(viewer, "v0", "s", 720)
    heights = []
    for turn in range(90):
        layers = "qh" if 30 <= turn < 60 else "qhf"
        picture(world, speaker, sources, key=turn % 4 == 0, layers=layers)
        asked = [p for _, p in world.tick(0.1) if isinstance(p, PictureLoss)]
        if 30 <= turn < 60 and asked:
            assert {p.media_ssrc for p in asked} <= {11, 10}
        heights.append([r.picture.height for r in viewer.received if r.picture.keyframe][-1])
    assert heights[29] == 720
    assert heights[59] == 360
    assert heights[-1] == 720
    assert_sequences(viewer.slot("v0"))


def assert_sequences(received: list[Received]) -> None:
    numbers = [r.sequence for r in received]
    assert [(n - numbers[0]) & 0xFFFF for n in numbers] == list(range(len(numbers)))


def test_layers_are_reported_soon_so_that_mid_and_rid_can_stop() -> None:
    world = World()
    speaker, sources = simulcast(world)
    picture(world, speaker, sources, key=True)
    for source in sources.values():
        source.items = ()
    said = world.tick(0.1)
    blocks = [b.ssrc for _, p in said if isinstance(p, ReceiverReport) for b in p.blocks]
    assert blocks == [10, 11, 12]
    picture(world, speaker, sources)
    assert world.counters.dropped(DropReason.UNKNOWN_SSRC) == 0


def test_probes_on_unknown_rtx_ssrcs_are_dropped_but_repair_by_rrid_works() -> None:
    world = World()
    speaker, sources = simulcast(world)
    world.send(speaker, build(97, 1, 2, 99, b"", padding=255))  # neither mid nor rrid
    assert world.counters.dropped(DropReason.UNKNOWN_SSRC) == 1
    viewer = world.viewer("v")
    world.show(viewer, "v0", "s", 180)
    picture(world, speaker, sources, key=True)
    lost = sources["q"].frame()[0]
    picture(world, speaker, sources)
    extension = render(((CHROMIUM[MID], b"1"), (CHROMIUM[REPAIRED_RID], b"q")))
    world.send(speaker, build(97, 1, 2, 99, b"", padding=200, extension=extension))
    assert world.counters.dropped(DropReason.PADDING) == 1
    payload = (1).to_bytes(2, "big") + lost[-40:]
    world.send(speaker, build(97, 2, 8000, 99, payload, extension=extension, padding=4))
    assert len(viewer.received) == 3
    assert viewer.received[-1].payload[6:] == lost[-34:]


def test_a_layer_that_restarts_with_another_ssrc_goes_on_in_the_same_slot() -> None:
    world = World()
    speaker, sources = simulcast(world)
    viewer = world.viewer("v")
    world.show(viewer, "v0", "s", 180)
    picture(world, speaker, sources, key=True)
    sources["q"].ssrc, sources["q"].sequence = 500, 40000
    picture(world, speaker, sources)
    picture(world, speaker, sources, key=True)
    assert len(viewer.received) == 2
    assert_sequences(viewer.received)


def test_a_peer_cannot_use_ssrcs_without_limit() -> None:
    world = World()
    speaker = world.publisher("s", rids=tuple(f"r{i}" for i in range(100)))
    for index in range(100):
        items = ((CHROMIUM[MID], b"1"), (CHROMIUM[RID], f"r{index}".encode()))
        world.send(speaker, *Source(1000 + index, items=items).frame())
    assert world.counters.dropped(DropReason.TOO_MANY_SSRC) == 68


# The generator alone


@pytest.mark.parametrize("first", [0, 1, 32767, 32768, 65530, 65535])
def test_lost_packet_is_back_one_rtt_after_it_is_noticed(first: int) -> None:
    net = SimNet(seed=1)
    nack = NackGenerator()
    arrived: dict[int, float] = {}

    def at_receiver(sequence: int) -> None:
        arrived[sequence] = net.now
        nack.on_packet(sequence, net.now)
        for lost in nack.poll(net.now, rtt=0.1):
            to_sender(lost)

    to_receiver = net.link(at_receiver, delay=0.05, drop={3})
    to_sender = net.link(to_receiver, delay=0.05)
    for i in range(10):
        net.call_at(i * 0.02, to_receiver, (first + i) % 65536)
    net.run(until=1.0)
    lost, after = ((first + i) % 65536 for i in (3, 4))
    assert arrived[lost] - arrived[after] == pytest.approx(0.1)


def test_ten_percent_loss_both_ways_is_repaired_within_the_age_limit() -> None:
    net = SimNet(seed=7)
    nack = NackGenerator()
    arrived: set[int] = set()
    requests = []

    def at_receiver(sequence: int) -> None:
        arrived.add(sequence)
        nack.on_packet(sequence, net.now)

    def ask() -> None:
        for lost in nack.poll(net.now, rtt=0.06):
            requests.append(lost)
            to_sender(lost)

    to_receiver = net.link(at_receiver, delay=0.03, loss=0.1, jitter=0.01)
    to_sender = net.link(to_receiver, delay=0.03, loss=0.1)
    for i in range(2000):
        net.call_at(i * 0.005, to_receiver, i)
    net.every(0.01, ask, until=11.0)
    net.run(until=12.0)
    assert len(arrived) >= 1999
    assert len(requests) < 700
    assert nack.pending == 0


def test_an_outage_asks_for_a_keyframe_instead() -> None:
    nack = NackGenerator()
    nack.on_packet(0, 0.0)
    nack.on_packet(MAX_MISSING + 5, 0.0)
    assert nack.overrun
    assert nack.poll(0.0, 0.1) == []


def test_the_room_asks_again_a_round_trip_later_until_the_packet_comes() -> None:
    world = World()
    speaker = world.publisher("s")
    source = Source(5)
    first, lost, last = (source.frame(key=i == 0)[0] for i in range(3))
    speaker.on_round_trip(0.03)
    world.send(speaker, first, last)
    asked = []
    for _ in range(10):
        asked += [world.now for _, p in world.tick(0.01) if isinstance(p, Nack)]
    assert len(asked) == 3
    assert all(0.03 <= b - a <= 0.05 for a, b in pairwise(asked))
    world.send(speaker, lost)
    assert not [p for _, p in world.tick(0.3) if isinstance(p, Nack)]


def test_an_outage_of_a_publisher_ends_with_a_keyframe_request() -> None:
    world = World()
    speaker = world.publisher("s")
    source = Source(5)
    world.send(speaker, *source.frame(key=True))
    source.sequence += MAX_MISSING + 100
    world.send(speaker, *source.frame())
    said = [p for _, p in world.tick()]
    assert PictureLoss(4242, 5) in said
    assert not any(isinstance(p, Nack) for p in said)


def test_no_request_is_sent_when_the_keyframe_is_there_already() -> None:
    world = World()
    speaker, sources = simulcast(world)
    viewer = world.viewer("v")
    world.show(viewer, "v0", "s", 720)
    world.tick(0.5)
    picture(world, speaker, sources, key=True)
    said = [p for _, p in world.tick(0.04) if isinstance(p, PictureLoss)]
    assert said == []
    assert viewer.received[-1].picture.height == 720
