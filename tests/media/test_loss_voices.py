"""Redundant voices (RED) and in-band FEC: who gets them, and what makes the encoder send them."""

from hypothesis import given
from hypothesis import strategies as st
from room_world import CHROMIUM, Source, Viewer, World, sessions

from media.allocator import Limits
from media.forward.subscriber import RED_FROM
from media.negotiated import Codec, NegotiatedMedia, SlotMedia, Uplink
from media.peer import Peer, StreamEndpoint
from media.rtp import red
from media.rtp.rtcp import ReceiverReport, ReportBlock

OPUS_RED = Codec(111, "opus", 48000, 2, red_payload_type=63)
OTHER_RED = Codec(109, "opus", 48000, 2, red_payload_type=62)


def redundant(new: bytes, *older: bytes, payload_type: int = 111) -> bytes:
    """RFC 2198 payload; the older frames 20 ms apart."""
    heads = b"".join(
        bytes((0x80 | payload_type,))
        + (((len(older) - n) * 960) << 10 | len(frame)).to_bytes(3, "big")
        for n, frame in enumerate(older)
    )
    return heads + bytes((payload_type,)) + b"".join(older) + new


# The format


def test_the_newest_frame_is_found_behind_the_older_ones() -> None:
    payload = redundant(b"new", b"older", b"old")
    found = red.parse(b"head" + payload, 4, 4 + len(payload))
    assert found == red.Red(4 + 4 + 4 + 1 + 8, 111, True)
    assert red.parse(redundant(b"new"), 0, 4) == red.Red(1, 111, True)


def test_other_codecs_among_the_older_frames_are_noticed() -> None:
    payload = bytearray(redundant(b"new", b"old"))
    payload[0] = 0x80 | 0
    found = red.parse(payload, 0, len(payload))
    assert found is not None
    assert not found.uniform


@given(st.binary(max_size=60))
def test_any_bytes_are_read_within_their_bounds(data: bytes) -> None:
    found = red.parse(data, 0, len(data))
    assert found is None or 0 < found.start <= len(data)


# Forwarding


def talker(world: World) -> tuple[Peer, Source]:
    tx, _ = sessions()
    uplink = Uplink("0", "audio", "microphone", (OPUS_RED,), CHROMIUM)
    peer = Peer(
        "s",
        NegotiatedMedia((uplink,), (), local_ssrc=4242),
        srtp_tx=tx._srtp[0],
        endpoint=StreamEndpoint(lambda data: None),
    )
    world.viewers["s"] = Viewer(peer, tx, tx)
    world.room.add_peer(peer, world.now)
    world.room.set_allowed("s", ("microphone",), world.now)
    return peer, Source(9, payload_type=63, items=((4, b"0"), (1, b"\x20")))


def listener(world: World, name: str, codec: Codec) -> Viewer:
    tx, rx = sessions()
    slot = SlotMedia("a0", "audio", 0, 500 + len(world.viewers), None, (codec,), CHROMIUM)
    peer = Peer(name, NegotiatedMedia((), (slot,), local_ssrc=4242))
    viewer = world.viewers[name] = Viewer(peer, tx, rx)
    world.room.add_peer(peer, world.now)
    world.connect(viewer)
    return viewer


def say(world: World, peer: Peer, source: Source, count: int) -> None:
    for _ in range(count):
        number = source.sequence
        payload = redundant(b"frame%d" % number, b"frame%d" % (number - 1))
        world.send(peer, source.packet(payload, step=960))
        world.tick(0.02)


def lose(world: World, viewer: Viewer, fraction: float) -> None:
    block = ReportBlock(viewer.peer.negotiated.slots[0].ssrc, int(fraction * 256), 0, 0, 0, 0, 0)
    world.tell(viewer.peer, ReceiverReport(1, (block,)))


def test_redundancy_goes_to_those_who_lose_packets_and_use_the_same_numbers() -> None:
    world = World()
    peer, source = talker(world)
    clean = listener(world, "clean", OPUS_RED)
    lossy = listener(world, "lossy", OPUS_RED)
    other = listener(world, "other", OTHER_RED)
    plain = listener(world, "plain", Codec(109, "opus", 48000, 2))
    say(world, peer, source, 5)
    everybody = (clean, lossy, other, plain)
    assert [v.received[-1].payload for v in everybody] == [b"frame104"] * 4
    assert [v.received[-1].payload_type for v in everybody] == [111, 111, 109, 109]
    for viewer in (lossy, other, plain):
        lose(world, viewer, 0.2)
    say(world, peer, source, 5)
    assert lossy.received[-1].payload == redundant(b"frame109", b"frame108")
    assert [v.received[-1].payload_type for v in everybody] == [111, 63, 109, 109]
    assert {v.received[-1].payload for v in (clean, other, plain)} == {b"frame109"}
    for viewer in everybody:
        numbers = [r.sequence for r in viewer.received]
        assert numbers == list(range(numbers[0], numbers[0] + 10))


def test_redundancy_ends_when_the_line_is_clean_again() -> None:
    world = World()
    peer, source = talker(world)
    viewer = listener(world, "v", OPUS_RED)
    say(world, peer, source, 2)
    lose(world, viewer, 0.1)
    say(world, peer, source, 2)
    assert viewer.received[-1].payload_type == 63
    for _ in range(12):
        lose(world, viewer, 0.0)
    say(world, peer, source, 2)
    assert viewer.received[-1].payload_type == 111


def test_a_thin_line_gets_no_redundancy() -> None:
    world = World()
    peer, source = talker(world)
    viewer = listener(world, "v", OPUS_RED)
    world.room.set_limits("v", Limits(max_down_bps=200_000), world.now)
    say(world, peer, source, 2)
    lose(world, viewer, 0.5)
    say(world, peer, source, 2)
    assert viewer.received[-1].payload_type == 111


def test_a_recording_hears_plain_packets() -> None:
    world = World()
    peer, source = talker(world)
    heard: list[bytes] = []

    class Tap:
        def on_packet(self, *fields: object) -> None:
            data = fields[5]
            assert isinstance(data, bytes)
            heard.append(data)

    world.room.add_tap(Tap(), world.now)
    say(world, peer, source, 1)
    assert heard[0][1] & 0x7F == 111
    assert heard[0].endswith(b"frame100")
    assert b"frame99" not in heard[0]


def test_a_broken_redundant_packet_is_dropped_and_counted() -> None:
    world = World()
    peer, source = talker(world)
    viewer = listener(world, "v", OPUS_RED)
    world.send(peer, source.packet(b"\xef\xff\xff\xff" * 3))
    world.send(peer, source.packet(redundant(b"x", payload_type=9)))
    assert viewer.received == []
    assert world.counters.get("drop_unknown_payload") == 2


# In-band FEC


def fraction_told(world: World, seconds: float = 0.6) -> int:
    """What the publisher is told it lost, in 1/256."""
    reports = [p for name, p in world.tick(seconds) if name == "s"]
    blocks = [b for p in reports if isinstance(p, ReceiverReport) for b in p.blocks if b.ssrc == 9]
    assert all(block.packets_lost == 0 for block in blocks)
    return blocks[-1].fraction_lost


def test_the_publisher_hears_of_its_worst_listeners_losses() -> None:
    world = World()
    peer, source = talker(world)
    clean, lossy = listener(world, "clean", OPUS_RED), listener(world, "lossy", OPUS_RED)
    say(world, peer, source, 40)
    assert fraction_told(world) == 0
    for _ in range(8):
        lose(world, clean, 0.0)
        lose(world, lossy, 0.1)
    say(world, peer, source, 5)
    assert 0.08 * 256 < fraction_told(world) <= 0.1 * 256
    for _ in range(20):
        lose(world, lossy, 0.9)
    say(world, peer, source, 5)
    assert fraction_told(world) == int(0.2 * 256)


def test_a_listener_that_fell_silent_counts_no_more() -> None:
    world = World()
    peer, source = talker(world)
    lossy = listener(world, "lossy", OPUS_RED)
    say(world, peer, source, 2)
    lose(world, lossy, 0.5)
    assert lossy.peer.subscriber is not None
    assert lossy.peer.subscriber.down_tracks[0].reports.loss(world.now) > RED_FROM
    world.tick(9.0)
    say(world, peer, source, 2)
    assert fraction_told(world) == 0
