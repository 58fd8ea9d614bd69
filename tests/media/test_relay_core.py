"""Two rooms that are one meeting: what crosses between them, packet by packet, without a socket."""

import random
from collections import deque
from dataclasses import dataclass, field

import pytest
from room_world import CHROMIUM, Source, Viewer, World

from media.forward.relay import EXPIRE_S, MESSAGE, PACKET, RelayLink
from media.forward.room import Room
from media.forward.watched import OFF_AFTER_S
from media.negotiated import RID
from media.peer import Peer
from media.rtp.rtcp import PictureLoss, SenderReport, ntp_from_seconds


@dataclass
class Side:
    """One worker: its room, its link, and the datagrams on their way to it."""

    world: World = field(default_factory=World)
    inbox: deque[bytes] = field(default_factory=deque)
    said: list[tuple[str, object]] = field(default_factory=list)
    wanted: list[tuple[str, str, tuple[str, ...]]] = field(default_factory=list)
    link: RelayLink = field(init=False)

    def connect(self, other: "Side") -> None:
        def send(datagram: bytes) -> bool:
            other.inbox.append(datagram)
            return True

        rooms = {"r": self.world.room}
        self.link = RelayLink(rooms, self.world.counters, send, self.changed)
        self.link.share("r")

    def changed(self, room: Room) -> None:
        """As the node: what is wanted of relayed peers goes upstream."""
        for peer, source, rids in room.take_wanted(self.world.now):
            upstream = room.peers[peer].upstream
            if upstream is not None:
                upstream.want(source, rids)
            else:
                self.wanted.append((peer, source, rids))

    def take(self) -> None:
        while self.inbox:
            self.link.on_datagram(memoryview(self.inbox.popleft()), self.world.now)
        self.world.room.flush(self.world.now)


class Pair:
    """Two workers with one clock."""

    def __init__(self) -> None:
        self.a, self.b = Side(), Side()
        self.a.connect(self.b)
        self.b.connect(self.a)
        self.run(0.0)

    def exchange(self) -> None:
        while self.a.inbox or self.b.inbox:
            self.a.take()
            self.b.take()

    def run(self, seconds: float) -> None:
        """Let time pass as workers do: timers, then announcements."""
        steps = max(1, round(seconds / 0.05))
        for _ in range(steps):
            for side in (self.a, self.b):
                side.said.extend(side.world.tick(seconds / steps))
                side.link.poll(side.world.now)
                side.changed(side.world.room)
            self.exchange()


def camera(pair: Pair, name: str = "s#1") -> Peer:
    return pair.a.world.publisher(name)


def frames(pair: Pair, peer: Peer, source: Source, count: int, *, key: bool = False) -> None:
    for index in range(count):
        pair.a.world.send(peer, *source.frame(key=key and index == 0, packets=2))
        pair.run(0.05)


def crossed(pair: Pair) -> int:
    return pair.b.world.counters.get("relay_packets_in")


def watching(pair: Pair, viewer: Viewer, height: int = 720) -> None:
    pair.b.world.show(viewer, "v0", "s#1", height)
    pair.b.changed(pair.b.world.room)
    pair.exchange()


def test_a_picture_crosses_once_for_all_who_watch_it_there() -> None:
    pair = Pair()
    peer, source = camera(pair), Source(50)
    viewers = [pair.b.world.viewer(f"v{n}") for n in range(3)]
    frames(pair, peer, source, 4, key=True)
    assert crossed(pair) == 0, "nobody watches it there"
    for viewer in viewers:
        watching(pair, viewer)
    pair.run(0.1)
    asked = [p for _, p in pair.a.said if isinstance(p, PictureLoss)]
    assert [p.media_ssrc for p in asked] == [50], "a key frame for those who wait there"
    frames(pair, peer, source, 10, key=True)
    assert crossed(pair) == 20
    for viewer in viewers:
        got = viewer.slot("v0")
        assert [r.sequence for r in got] == list(range(got[0].sequence, got[0].sequence + 20))
        assert got[0].picture.keyframe


def test_what_nobody_watches_there_any_more_stops_crossing() -> None:
    pair = Pair()
    peer, source, viewer = camera(pair), Source(50), pair.b.world.viewer("v")
    frames(pair, peer, source, 2, key=True)
    watching(pair, viewer)
    frames(pair, peer, source, 2, key=True)
    pair.b.world.show(viewer, "v0", None)
    pair.run(OFF_AFTER_S + 0.5)
    before = crossed(pair)
    frames(pair, peer, source, 5)
    assert crossed(pair) == before
    pair.run(OFF_AFTER_S)
    assert pair.a.wanted[-1] == ("s#1", "camera", ()), "nor is it asked of the publisher"


def test_only_the_layer_that_is_watched_there_crosses_and_the_publisher_is_asked_for_it() -> None:
    pair = Pair()
    peer = pair.a.world.publisher("s#1", rids=("q", "h", "f"))
    layers = {
        rid: Source(60 + at, items=((CHROMIUM[RID], rid.encode()),))
        for at, rid in enumerate(("q", "h", "f"))
    }

    def play(seconds: float) -> None:
        for _ in range(round(seconds / 0.05)):
            asked = pair.a.wanted[-1][2] if pair.a.wanted else tuple(layers)
            for rid in asked:
                pair.a.world.send(peer, *layers[rid].frame(key=True, height=180))
            pair.run(0.05)

    play(0.2)
    viewer = pair.b.world.viewer("v")
    watching(pair, viewer, height=180)
    play(OFF_AFTER_S + 1.0)
    outlet = peer.ingress.tracks[1].relays[0]  # type: ignore[union-attr]
    assert outlet.rids == {"q"}
    assert pair.a.wanted[-1] == ("s#1", "camera", ("q",))
    assert len(viewer.slot("v0")) > 40


def test_voices_cross_and_every_worker_chooses_among_all() -> None:
    pair = Pair()
    loud = pair.a.world.publisher("loud#1")
    quiet = pair.b.world.publisher("quiet#1")
    there, here = pair.b.world.viewer("v", video=0), pair.a.world.viewer("w", video=0)
    one, two = Source(70, payload_type=111), Source(71, payload_type=111)
    for _ in range(60):
        pair.a.world.send(loud, one.voice(20))
        pair.b.world.send(quiet, two.voice(60))
        pair.run(0.02)
    for side in (pair.a, pair.b):
        assert side.world.room.voices.speakers.dominant == "loud#1"
    assert len(there.slot("a0")) >= 50
    assert len(here.slot("a0")) >= 50
    levels = pair.b.world.room.take_reports(pair.b.world.now).speakers
    assert {peer for peer, _, _ in levels} <= {"quiet#1"}, "each reports of its own"


def test_a_muted_source_is_muted_there() -> None:
    pair = Pair()
    peer, source, viewer = camera(pair), Source(50), pair.b.world.viewer("v")
    frames(pair, peer, source, 2, key=True)
    watching(pair, viewer)
    frames(pair, peer, source, 2, key=True)
    pair.a.world.room.set_allowed("s#1", (), pair.a.world.now)
    pair.run(0.1)
    ghost = pair.b.world.room.peers["s#1"]
    assert not any(track.allowed for track in ghost.ingress.tracks)  # type: ignore[union-attr]
    before = len(viewer.received)
    frames(pair, peer, source, 3)
    assert len(viewer.received) == before


def test_sender_reports_cross_so_that_lips_and_voice_stay_together() -> None:
    pair = Pair()
    peer, source, viewer = camera(pair), Source(50), pair.b.world.viewer("v")
    frames(pair, peer, source, 2, key=True)
    watching(pair, viewer)
    frames(pair, peer, source, 2, key=True)
    report = SenderReport(50, ntp_from_seconds(3.9e9 + pair.a.world.now), source.timestamp, 4, 400)
    pair.a.world.tell(peer, report)
    pair.run(0.3)
    ghost = pair.b.world.room.peers["s#1"].ingress
    assert ghost is not None
    crossed_over = ghost.tracks[1].encodings[""].sender_report
    assert crossed_over is not None
    assert (crossed_over.ntp, crossed_over.rtp_timestamp) == (report.ntp, report.rtp_timestamp)


def test_who_leaves_there_leaves_here() -> None:
    pair = Pair()
    camera(pair)
    pair.run(0.1)
    assert "s#1" in pair.b.world.room.peers
    pair.a.world.room.remove_peer("s#1", pair.a.world.now)
    pair.run(0.1)
    assert "s#1" not in pair.b.world.room.peers
    assert pair.b.link.peers == {}


def test_who_comes_over_is_a_peer_of_this_worker() -> None:
    """Its announcements from the other worker no longer count."""
    pair = Pair()
    camera(pair)
    pair.run(0.1)
    pair.b.link.forget_peer("r", "s#1", pair.b.world.now)
    mine = pair.b.world.publisher("s#1")
    pair.a.world.room.remove_peer("s#1", pair.a.world.now)
    pair.run(2.0)
    assert pair.b.world.room.peers["s#1"] is mine
    assert pair.a.world.room.peers["s#1"].upstream is not None


def test_peers_of_a_silent_worker_expire_and_a_stopped_link_forgets_them_at_once() -> None:
    pair = Pair()
    camera(pair)
    pair.run(0.1)
    for _ in range(round((EXPIRE_S + 0.5) / 0.05)):
        pair.b.world.tick(0.05)
        pair.b.link.poll(pair.b.world.now)
    assert "s#1" not in pair.b.world.room.peers
    pair.a.world.now = pair.b.world.now
    pair.run(1.5)
    assert "s#1" in pair.b.world.room.peers
    pair.b.link.unshare("r", pair.b.world.now)
    assert "s#1" not in pair.b.world.room.peers


def test_lost_messages_are_made_good_by_the_next() -> None:
    pair = Pair()
    peer, source, viewer = camera(pair), Source(50), pair.b.world.viewer("v")
    frames(pair, peer, source, 2, key=True)
    pair.b.world.show(viewer, "v0", "s#1")
    pair.b.changed(pair.b.world.room)
    pair.a.inbox.clear()  # the want and the key frame request are lost
    for _ in range(3):
        frames(pair, peer, source, 10, key=True)
    assert len(viewer.slot("v0")) >= 10


@pytest.mark.parametrize("kind", [0, PACKET, 2, MESSAGE, 255])
def test_odd_datagrams_are_counted_and_do_no_harm(kind: int) -> None:
    pair = Pair()
    camera(pair)
    pair.run(0.1)
    rng = random.Random(kind)
    for size in (0, 1, 5, 16, 30, 300):
        data = bytes([kind]) + rng.randbytes(size)
        assert pair.b.link.on_datagram(memoryview(data), pair.b.world.now) is None
    assert pair.b.link.on_datagram(memoryview(b""), pair.b.world.now) is None
    counters = pair.b.world.counters
    assert counters.get("drop_relay_malformed") + counters.get("drop_relay_unknown") == 7
    assert list(pair.b.world.room.peers) == ["s#1"]
