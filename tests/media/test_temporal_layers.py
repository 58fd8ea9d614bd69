"""Slots that get fewer frames: what is left out leaves no gap, and what comes can be decoded."""

import random
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from room_world import Received, Source, Viewer, World
from test_room_downlink import FRAMES_PER_S, LAYERS, Meeting
from vp8_world import L1T1, L1T2, L1T3, Camera, Pattern, Vp8Receiver, feed, number_of

from media.allocator import Limits
from media.forward.temporal import REMEMBERED, Compaction, next_limit
from media.peer import Peer
from media.rtp.rtcp import Nack, PictureLoss, Rtcp
from media.rtp.vp8 import Vp8Descriptor

FRAME_S = 1 / 30


class Scene:
    """One camera, some viewers with one slot each."""

    def __init__(
        self, viewers: int = 1, *, pattern: Pattern = L1T3, source: Source | None = None
    ) -> None:
        self.world = World()
        self.speaker: Peer = self.world.publisher("s")
        self.said: list[Rtcp] = []
        self.camera = Camera(source or Source(5), pattern)
        self.viewers = [self.world.viewer(f"v{i}", video=1) for i in range(viewers)]
        for viewer in self.viewers:
            self.world.show(viewer, "v0", "s")
        self.play(1, key=True)

    def play(self, frames: int, *, key: bool = False, packets: int = 1) -> list[list[bytes]]:
        """Frames at 30 a second, at once each; what was sent."""
        sent = []
        for index in range(frames):
            frame = self.camera.frame(key=key and index == 0, packets=packets)
            sent.append(frame)
            self.world.send(self.speaker, *frame)
            self.said += [packet for _, packet in self.world.tick(FRAME_S)]
        return sent

    def limit(self, viewer: Viewer, tid: int) -> None:
        """As the allocator does."""
        assert viewer.peer.subscriber is not None
        down = viewer.peer.subscriber.by_mid["v0"]
        down.granted_tid = tid
        self.world.room.router.select(down, self.world.now)

    def decodable(self, numbers: list[int]) -> bool:
        """Whether a decoder that gets these frames in this order has every reference."""
        known: set[int] = set()
        for number in numbers:
            if not self.camera.references[number] <= known:
                return False
            known.add(number)
        return True


def frames_of(viewer: Viewer) -> list[int]:
    return [number_of(r.payload) for r in viewer.slot("v0")]


def assert_one_stream(received: list[Received]) -> None:
    for before, after in pairwise(received):
        assert (after.sequence - before.sequence) & 0xFFFF == 1
        same = after.timestamp == before.timestamp
        assert (after.picture.picture_id - before.picture.picture_id) & 0x7FFF == (not same)


@pytest.mark.parametrize(
    ("sequence", "pid", "tl0"), [(100, 7, 3), (65500, 0x7FF0, 250), (32760, 0x7FFF, 255)]
)
def test_a_limited_slot_gets_the_lowest_layer_without_a_gap(
    sequence: int, pid: int, tl0: int
) -> None:
    scene = Scene(source=Source(5, sequence=sequence, pid=pid, tl0=tl0))
    (viewer,) = scene.viewers
    scene.play(7)
    scene.limit(viewer, 0)
    begun = len(frames_of(viewer))
    scene.play(80, packets=2)
    assert [scene.camera.tids[n] for n in frames_of(viewer)[begun:]] == [0] * 40
    assert_one_stream(viewer.slot("v0"))
    steps = [
        (after.timestamp - before.timestamp) & 0xFFFFFFFF
        for before, after in pairwise(viewer.slot("v0")[begun::2])
    ]
    assert set(steps) == {4 * 3000}


@pytest.mark.parametrize("pattern", [L1T2, L1T3])
@pytest.mark.parametrize("limit", [0, 1])
def test_more_frames_come_back_where_they_can_be_decoded(pattern: Pattern, limit: int) -> None:
    for delay in range(16):
        scene = Scene(pattern=pattern)
        (viewer,) = scene.viewers
        scene.limit(viewer, limit)
        scene.play(21 + delay)
        scene.limit(viewer, 3)
        scene.play(16)
        full = len(frames_of(viewer))
        scene.play(8)
        assert len(frames_of(viewer)) == full + 8
        assert_one_stream(viewer.slot("v0"))
        receiver = feed(Vp8Receiver(), viewer.slot("v0"))
        assert receiver.decoded == frames_of(viewer)
        assert scene.decodable(receiver.decoded)


def test_a_keyframe_brings_all_frames_back_at_once() -> None:
    scene = Scene()
    (viewer,) = scene.viewers
    scene.limit(viewer, 0)
    scene.play(9)
    scene.limit(viewer, 3)
    scene.play(1, key=True)
    begun = len(frames_of(viewer))
    scene.play(8)
    assert len(frames_of(viewer)) == begun + 8
    assert_one_stream(viewer.slot("v0"))


def test_a_keyframe_is_asked_for_when_no_frame_lets_a_slot_rise() -> None:
    never = tuple((tid, False, reads, writes) for tid, _, reads, writes in L1T2)
    scene = Scene(pattern=never)
    scene.limit(scene.viewers[0], 0)
    scene.play(30)
    scene.limit(scene.viewers[0], 3)
    scene.said.clear()
    scene.play(90)
    assert any(isinstance(packet, PictureLoss) for packet in scene.said)


def test_a_source_without_layers_is_sent_whole() -> None:
    scene = Scene(pattern=L1T1)
    scene.play(20)
    scene.limit(scene.viewers[0], 0)
    scene.play(20)
    assert len(frames_of(scene.viewers[0])) == 41
    assert_one_stream(scene.viewers[0].slot("v0"))


def test_viewers_of_one_limit_share_a_feed_and_the_others_miss_nothing() -> None:
    scene = Scene(20)
    for viewer in scene.viewers[:14]:
        scene.limit(viewer, 0)
    scene.limit(scene.viewers[14], 1)
    scene.play(41, packets=3)
    camera = scene.speaker.ingress.tracks[1]  # type: ignore[union-attr]
    assert sorted(camera.encodings[""].thinned) == [0, 1]
    assert {len(frames_of(v)) for v in scene.viewers[15:]} == {1 + 3 * 41}
    assert len({len(frames_of(v)) for v in scene.viewers[:14]}) == 1
    for viewer in scene.viewers:
        assert_one_stream(viewer.slot("v0"))
    for viewer in scene.viewers[:15]:
        scene.limit(viewer, 3)
    scene.play(60)
    assert camera.encodings[""].thinned == {}


def test_a_switch_to_another_source_and_back_keeps_the_limit_and_the_numbers() -> None:
    scene = Scene()
    (viewer,) = scene.viewers
    other = scene.world.publisher("b")
    second = Source(6)
    scene.limit(viewer, 0)
    scene.play(9)
    scene.world.show(viewer, "v0", "b")
    scene.world.send(other, *second.frame(key=True), *second.frame())
    scene.world.show(viewer, "v0", "s")
    scene.play(1, key=True)
    scene.play(16)
    assert_one_stream(viewer.slot("v0"))
    last = frames_of(viewer)[-3:]
    assert [scene.camera.tids[n] for n in last] == [0, 0, 0]


def test_a_lost_packet_that_comes_late_and_was_to_be_left_out_closes_its_gap() -> None:
    scene = Scene()
    (viewer,) = scene.viewers
    scene.limit(viewer, 0)
    scene.play(7)
    receiver = feed(Vp8Receiver(), viewer.slot("v0"))
    at = len(viewer.received)
    base, middle, higher, lost, after = (scene.camera.frame() for _ in range(5))
    for frame in (base, middle, higher, after):
        scene.world.send(scene.speaker, *frame)
    feed(receiver, viewer.slot("v0")[at:])
    assert len(receiver.missing) == 1  # nobody knows yet what was lost
    scene.world.send(scene.speaker, *lost)
    scene.play(8)
    filler = viewer.slot("v0")[at + 2]
    assert filler.payload == b""
    feed(receiver, viewer.slot("v0")[at + 2 :])
    assert receiver.missing == set()
    assert [scene.camera.tids[n] for n in receiver.decoded[-3:]] == [0, 0, 0]
    assert scene.decodable(receiver.decoded)


def test_repeats_are_the_packets_that_were_sent_under_the_number() -> None:
    scene = Scene(2)
    scene.limit(scene.viewers[0], 0)
    scene.play(16, packets=2)
    scene.limit(scene.viewers[0], 3)
    scene.play(16, packets=2)
    for viewer in scene.viewers:
        slot = viewer.peer.negotiated.slots[1]
        sent = viewer.slot("v0")
        for packet in sent:
            scene.world.tick(0.005)
            scene.world.tell(viewer.peer, Nack(1, slot.ssrc, (packet.sequence,)))
        repeats = [r for r in viewer.received if r.ssrc == slot.rtx_ssrc]
        assert len(repeats) == len(sent)
        for packet, repeat in zip(sent, repeats, strict=True):
            assert repeat.payload == packet.sequence.to_bytes(2, "big") + packet.payload
            assert (repeat.timestamp, repeat.marker) == (packet.timestamp, packet.marker)


class Watcher:
    """A viewer that asks for everything it misses."""

    def __init__(self, scene: Scene, viewer: Viewer) -> None:
        self.scene = scene
        self.viewer = viewer
        self.receiver = Vp8Receiver()
        self._seen = 0

    def look(self) -> None:
        slot = self.viewer.peer.negotiated.slots[1]
        self._take(slot.rtx_ssrc)
        missing = tuple(sorted(self.receiver.missing))
        if missing:
            self.scene.world.tell(self.viewer.peer, Nack(1, slot.ssrc, missing))
        self._take(slot.rtx_ssrc)

    def _take(self, rtx_ssrc: int | None) -> None:
        fresh = self.viewer.received[self._seen :]
        self._seen = len(self.viewer.received)
        for packet in fresh:
            sequence, payload = packet.sequence, packet.payload
            if packet.ssrc == rtx_ssrc:
                sequence, payload = int.from_bytes(payload[:2], "big"), payload[2:]
            self.receiver.on_packet(sequence, payload, marker=packet.marker)


class Line:
    """A publisher's line that loses and reorders; what was lost is repeated once, later."""

    def __init__(self, scene: Scene, seed: int, loss: float, reordering: float) -> None:
        self.scene = scene
        self.watchers = [Watcher(scene, viewer) for viewer in scene.viewers]
        self.chosen = random.Random(seed)
        self.loss = loss
        self.reordering = reordering
        self.held: list[tuple[int, bytes]] = []  # (arrives after so many packets, packet)
        self.sent = 0

    def play(self, frames: int) -> None:
        for _ in range(frames):
            for packet in self.scene.camera.frame(packets=self.chosen.randrange(1, 4)):
                self._carry(packet)
            self.scene.world.tick(FRAME_S)
            for watcher in self.watchers:
                watcher.look()

    def _carry(self, packet: bytes) -> None:
        self.sent += 1
        delay = 0
        if self.chosen.random() < self.loss:
            delay = self.chosen.randrange(3, 12)
        elif self.chosen.random() < self.reordering:
            delay = self.chosen.randrange(1, 3)
        self.held.append((self.sent + delay, packet))
        self._deliver(self.sent)

    def _deliver(self, until: int) -> None:
        due = [packet for at, packet in self.held if at <= until]
        self.held = [(at, packet) for at, packet in self.held if at > until]
        if due:
            self.scene.world.send(self.scene.speaker, *due)

    def settle(self) -> None:
        self._deliver(self.sent + 100)
        for _ in range(3):
            self.scene.world.tick(0.05)
            for watcher in self.watchers:
                watcher.look()


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    loss=st.sampled_from([0.0, 0.02, 0.1]),
    reordering=st.sampled_from([0.0, 0.1]),
    pattern=st.sampled_from([L1T2, L1T3]),
    moves=st.lists(st.tuples(st.integers(0, 2), st.integers(0, 3), st.integers(4, 20)), max_size=8),
    first=st.sampled_from([(100, 7, 3), (65510, 0x7FF8, 252)]),
)
def test_whatever_the_line_and_the_limits_do_numbers_are_used_once_and_frames_decode(
    seed: int,
    loss: float,
    reordering: float,
    pattern: Pattern,
    moves: list[tuple[int, int, int]],
    first: tuple[int, int, int],
) -> None:
    sequence, pid, tl0 = first
    scene = Scene(3, pattern=pattern, source=Source(5, sequence=sequence, pid=pid, tl0=tl0))
    line = Line(scene, seed, loss, reordering)
    for viewer, limit, frames in moves:
        scene.limit(scene.viewers[viewer], limit)
        line.play(frames)
    line.settle()
    for receiver in (watcher.receiver for watcher in line.watchers):
        assert receiver.missing == set()
        got = {number_of(p) for p in receiver.payloads.values() if p}
        assert scene.decodable(sorted(got))
        lowest = {n for n in got if scene.camera.tids[n] == 0}
        assert lowest <= set(receiver.decoded) <= got
        if not loss and not reordering:
            assert receiver.decoded == sorted(got)


@given(
    st.lists(st.booleans(), min_size=1, max_size=300),
    st.integers(0, 2**32),
    st.integers(0, 70000),
)
def test_numbers_that_stay_are_ascending_and_never_used_twice(
    passes: list[bool], seed: int, first: int
) -> None:
    chosen = random.Random(seed)
    order = sorted(range(len(passes)), key=lambda i: i + chosen.choice((0, 0, 0, 6.5)))
    compaction = Compaction()
    places = {i: compaction.judge(first + i, passes=passes[i]) for i in order}
    placed = [places[i] for i in range(len(passes)) if places[i] is not None]
    assert placed == sorted(set(placed))  # type: ignore[type-var]
    assert placed == list(range(placed[0], placed[0] + len(placed))) if placed else True  # type: ignore[arg-type]
    for i in order[: order.index(max(order)) + 1]:
        assert compaction.judge(first + i, passes=passes[i]) == places[i]
    kept = [i for i in range(len(passes)) if passes[i] and i >= order[0]]
    assert all(places[i] is not None for i in kept)


def test_numbers_taken_out_are_forgotten_in_time() -> None:
    compaction = Compaction()
    places = [compaction.judge(n, passes=n % 4 == 0) for n in range(20 * REMEMBERED)]
    assert [p for p in places if p is not None] == list(range(5 * REMEMBERED))
    assert compaction.judge(4, passes=True) is None
    assert compaction.judge(20 * REMEMBERED - 4, passes=True) == 5 * REMEMBERED - 1


@pytest.mark.parametrize(
    ("current", "wanted", "tid", "sync", "key", "then"),
    [
        (3, 0, 2, True, False, 3),
        (3, 0, 0, False, False, 0),
        (3, 1, 1, False, False, 1),
        (1, 0, 1, True, False, 1),
        (0, 3, 1, False, False, 0),
        (0, 3, 1, True, False, 1),
        (0, 3, 2, True, False, 0),
        (1, 3, 2, True, False, 3),
        (0, 1, 1, True, False, 1),
        (0, 3, 0, False, True, 3),
        (2, 3, 0, False, False, 3),
    ],
)
def test_limits_change_where_frames_allow_it(
    current: int, wanted: int, tid: int, sync: bool, key: bool, then: int
) -> None:
    picture = Vp8Descriptor()
    picture.temporal_id, picture.layer_sync, picture.keyframe = tid, sync, key
    assert next_limit(current, wanted, 2, picture) == then


def test_a_tight_line_gets_the_lowest_temporal_layer_before_nothing() -> None:
    scene = Scene(pattern=L1T2)
    (viewer,) = scene.viewers
    packets = {}
    scene.play(400, packets=2)  # until the rate is measured
    for limit_bps in (None, 40_000, 70_000):
        scene.world.room.set_limits(viewer.peer.id, Limits(max_down_bps=limit_bps), scene.world.now)
        scene.play(120, packets=2)
        seen = len(viewer.received)
        scene.play(30, packets=2)
        packets[limit_bps] = len(viewer.received) - seen
    # 60 packets of 60 bytes and their headers a second: about 60 kbit/s.
    assert packets == {None: 60, 40_000: 30, 70_000: 60}
    assert_one_stream(viewer.slot("v0"))


class LayeredMeeting(Meeting):
    """Two temporal layers in each simulcast layer, unless `flat`."""

    flat = False

    def _picture(self) -> None:
        self.world.now = self.net.now
        key = self.frames % (2 * FRAMES_PER_S) == 0
        tid = 0 if self.flat else self.frames % 2
        self.frames += 1
        for rid, (height, packets, size) in LAYERS.items():
            frame = self.layers[rid].frame(
                key=key, packets=packets, height=height, size=size, tid=tid, sync=True
            )
            self.world.send(self.speaker, *frame, flush=False)
        self.world.room.flush(self.net.now)


class FlatMeeting(LayeredMeeting):
    flat = True


def test_130_kbit_carry_half_the_frames_where_they_carried_none() -> None:
    shown = {}
    for kind in (LayeredMeeting, FlatMeeting):
        meeting = kind(130e3)
        meeting.run(25.0)
        shown[kind] = sum(at >= 15.0 for at, _ in meeting.shown)
        assert meeting.sizes(15.0) <= {LAYERS["q"][2]}
        assert meeting.down.waiting_s < 0.3
        assert sum(at >= 15.0 for at in meeting.heard) >= 495
    assert shown[FlatMeeting] == 0
    assert shown[LayeredMeeting] == pytest.approx(10 * FRAMES_PER_S / 2, abs=5)
