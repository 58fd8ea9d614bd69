"""A subscriber behind a narrow line: its slots get what the line carries, speech always."""

import itertools

from room_world import CHROMIUM, SRTCP_BYTES, Received, Source, Viewer, World

from media.allocator import Limits
from media.negotiated import MID, RID
from media.peer import StreamEndpoint
from media.receive.twcc import TransportFeedbackGenerator
from media.rtp.rtcp import Nack, PictureLoss, ReceiverReport, serialize
from media.rtp.transport_cc import from_arrivals
from tests.sim.net import SimNet

FRAMES_PER_S = 15
LAYERS = {"q": (180, 1, 800), "h": (360, 3, 900), "f": (720, 10, 1100)}  # 0.1, 0.35, 1.4 Mbit/s


class Meeting:
    """One speaker with three layers, one viewer behind a line of `rate_bps`."""

    by_stream = False

    def __init__(self, rate_bps: float) -> None:
        self.net = SimNet(1)
        self.world = World()
        self.speaker = self.world.publisher("s", rids=("q", "h", "f"))
        mid = (CHROMIUM[MID], b"1")
        self.layers = {
            rid: Source(50 + i, items=(mid, (CHROMIUM[RID], rid.encode())))
            for i, rid in enumerate(LAYERS)
        }
        self.voice = Source(9, payload_type=111, items=((CHROMIUM[MID], b"0"),))
        self.viewer: Viewer = self.world.viewer(
            "v", ready=False, estimates=True, by_stream=self.by_stream
        )
        self.down = self.net.narrow_link(self._arrive, rate_bps=rate_bps, delay=0.02)
        self.feedback = TransportFeedbackGenerator()
        self.back = self.net.link(self._hear, delay=0.02)
        self.frames = 0
        self.key_factor = 1  # a key frame is this many times as large
        self.heard: list[float] = []
        self.shown: list[tuple[float, int]] = []  # (when, layer's packet size)
        self.world.room.peer_ready(
            "v",
            self.viewer.tx._srtp[0],
            StreamEndpoint(lambda data: self.down.send(len(data) + 28, data)),
            0.0,
        )
        self.world.show(self.viewer, "v0", "s")

    @property
    def line(self):  # type: ignore[no-untyped-def]
        return self.viewer.peer.subscriber.downlink  # type: ignore[union-attr]

    def run(self, seconds: float) -> None:
        until = self.net.now + seconds
        self.net.every(1 / FRAMES_PER_S, self._picture, until)
        self.net.every(0.02, self._speak, until)
        self.net.every(0.005, self._poll, until)
        self.net.run(until)

    def _picture(self) -> None:
        self.world.now = self.net.now
        key = self.frames % FRAMES_PER_S == 0
        self.frames += 1
        for rid, (height, packets, size) in LAYERS.items():
            count = packets * (self.key_factor if key else 1)
            frame = self.layers[rid].frame(key=key, packets=count, height=height, size=size)
            self.world.send(self.speaker, *frame, flush=False)
        self.world.room.flush(self.net.now)

    def _speak(self) -> None:
        self.world.now = self.net.now
        self.world.send(self.speaker, self.voice.voice(20))

    def _poll(self) -> None:
        room = self.world.room
        if room.next_deadline(self.net.now) <= self.net.now:
            room.poll(self.net.now)
            room.flush(self.net.now)
        self._report()

    def _report(self) -> None:
        for feedback in self.feedback.poll(1, 2, self.net.now):
            self.back(feedback)

    def _note(self, received: Received) -> None:
        self.feedback.on_packet(int.from_bytes(received.elements[3], "big"), self.net.now)

    def _hear(self, feedback) -> None:  # type: ignore[no-untyped-def]
        self.world.now = self.net.now
        self.world.tell(self.viewer.peer, feedback)

    def _arrive(self, data: bytes) -> None:
        self.viewer.on_datagram(data)
        received = self.viewer.received.pop()
        self._note(received)
        slots = self.viewer.peer.negotiated.slots
        if received.ssrc == slots[0].ssrc:
            self.heard.append(self.net.now)
        elif received.ssrc == slots[1].ssrc:
            self.shown.append((self.net.now, len(received.payload)))

    def sizes(self, since: float) -> set[int]:
        """Packet sizes of the layers shown since then."""
        return {size for at, size in self.shown if at >= since}


def test_a_fast_line_shows_the_largest_layer_within_two_seconds() -> None:
    meeting = Meeting(20e6)
    meeting.run(4.0)
    assert meeting.sizes(2.0) == {1100}
    assert not meeting.line.grants


def test_a_worker_that_is_late_takes_no_line_for_a_slow_one() -> None:
    """What a look sends leaves some milliseconds after the look began; the send log knows."""
    meeting = Meeting(20_000_000)
    room, net = meeting.world.room, meeting.net
    lateness = itertools.cycle((0.0, 0.002, 0.009, 0.004))

    def poll() -> None:
        began = net.now - next(lateness)
        if room.next_deadline(began) <= began:
            room.poll(began)
            room.flush(began)
        meeting._report()

    room.fanout.clock = lambda: net.now
    meeting._poll = poll  # type: ignore[method-assign]
    meeting.run(5.0)
    assert meeting.world.counters.get("probe_packets")
    assert not meeting.line.bounded
    assert meeting.line.peer.pacer is None


def test_a_line_that_gets_slow_gets_a_smaller_layer_and_the_large_one_comes_back() -> None:
    meeting = Meeting(3e6)
    meeting.run(4.0)
    meeting.down.rate_bps = 400e3
    meeting.run(8.0)
    assert meeting.sizes(9.0) == {800}
    assert meeting.down.waiting_s < 0.3
    meeting.down.rate_bps = 3e6
    meeting.run(16.0)
    assert meeting.sizes(27.0) == {1100}


def test_64_kbit_carry_speech_alone_and_never_break_it() -> None:
    meeting = Meeting(64e3)
    meeting.run(20.0)
    assert meeting.shown == []
    assert len(meeting.heard) >= 20 * 50 - 30
    gaps = [b - a for a, b in zip(meeting.heard, meeting.heard[1:], strict=False)]
    assert max(gaps) < 0.25
    snapshot = meeting.line.snapshot(meeting.net.now)
    assert snapshot["paused"] == {"v0": "line"}


def test_limits_hold_on_any_line_and_are_lifted_live() -> None:
    meeting = Meeting(20e6)
    meeting.run(3.0)
    room = meeting.world.room
    room.set_limits("v", Limits(max_down_bps=300_000), meeting.net.now)
    meeting.run(3.0)
    assert meeting.sizes(4.5) == {800}
    room.set_limits("v", Limits(video=False), meeting.net.now)
    meeting.run(2.0)
    assert meeting.sizes(6.1) == set()
    assert meeting.line.snapshot(8.0)["paused"] == {"v0": "limit"}
    assert max(meeting.heard) > 7.9
    room.set_limits("v", Limits(), meeting.net.now)
    meeting.run(5.0)
    assert 1100 in meeting.sizes(11.0)
    room.set_limits("nobody", Limits(), 13.0)


def test_a_subscriber_that_reports_nothing_is_not_restricted_after_a_second() -> None:
    meeting = Meeting(20e6)
    meeting.back = lambda feedback: None
    meeting.run(4.0)
    assert meeting.sizes(3.0) == {1100}


def test_of_a_line_with_room_feedback_is_read_four_times_a_second() -> None:
    meeting = Meeting(20e6)
    meeting.run(6.0)
    counters = meeting.world.counters
    before = counters.get("transport_feedback_in"), counters.get("transport_feedback_unread")
    meeting.run(4.0)
    read = counters.get("transport_feedback_in") - before[0]
    unread = counters.get("transport_feedback_unread") - before[1]
    assert 10 <= read <= 16
    assert read + unread >= 38


def test_only_feedback_by_itself_stays_unread_and_only_while_the_line_has_room() -> None:
    meeting = Meeting(20e6)
    peer, room = meeting.viewer.peer, meeting.world.room
    feedback = serialize([from_arrivals(1, 2, 1, 0, [9.0])])
    report = serialize([ReceiverReport(1)])

    def skipped(data: bytes, after: float) -> bool:
        datagram = data + bytes(SRTCP_BYTES)
        return room.skips(peer, datagram, len(datagram), meeting.net.now + after)

    assert not skipped(feedback, 0.0)
    meeting.run(6.0)
    assert skipped(feedback, 0.1)
    assert not skipped(report + feedback, 0.1)
    assert not skipped(feedback + report, 0.1)
    assert not skipped(serialize([PictureLoss(1, 2)]), 0.1)
    assert not skipped(feedback, 0.4)
    meeting.down.rate_bps = 400e3
    meeting.run(1.0)
    assert not skipped(feedback, 0.0)


def test_no_voice_waits_behind_a_key_frame_on_a_narrow_line() -> None:
    meeting = Meeting(400e3)
    meeting.key_factor = 12  # of the small layer: 9.6 kB, 190 ms of the line
    meeting.run(12.0)
    assert meeting.sizes(6.0) == {800}
    heard = [at for at in meeting.heard if at > 6.0]
    gaps = [b - a for a, b in itertools.pairwise(heard)]
    assert max(gaps) < 0.08
    assert meeting.viewer.peer.pacer is not None


def test_what_is_held_leaves_in_order_and_a_wide_line_holds_nothing() -> None:
    meeting = Meeting(400e3)
    numbers: list[int] = []
    arrive = meeting.viewer.on_datagram

    def note(data: bytes) -> None:
        arrive(data)
        received = meeting.viewer.received[-1]
        if received.ssrc == meeting.viewer.peer.negotiated.slots[1].ssrc:
            numbers.append(received.sequence)

    meeting.viewer.on_datagram = note  # type: ignore[method-assign]
    meeting.run(8.0)
    assert meeting.viewer.peer.pacer is not None
    meeting.down.rate_bps = 20e6
    meeting.run(10.0)
    assert meeting.viewer.peer.pacer is None
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))


def test_a_picture_that_was_paused_is_not_repeated() -> None:
    meeting = Meeting(400e3)
    meeting.run(5.0)
    meeting.world.room.set_limits("v", Limits(video=False), meeting.net.now)
    pacer = meeting.viewer.peer.pacer
    assert pacer is not None
    assert pacer.bytes_held == 0
    slot = meeting.viewer.peer.negotiated.slots[1]
    down = meeting.viewer.peer.subscriber.by_mid["v0"]  # type: ignore[union-attr]
    unanswered = meeting.world.counters.snapshot().get("drop_nack_unanswered", 0)
    meeting.world.tell(meeting.viewer.peer, Nack(1, slot.ssrc, (down._out & 0xFFFF,)))
    assert meeting.world.counters.snapshot()["drop_nack_unanswered"] == unanswered + 1
