"""The two implementations of the fan-out make the same bytes; padding and limits."""

import random
import socket
from collections import defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st
from room_world import Received, Source, World, read

from media.drops import DropReason
from media.forward import fanout
from media.forward.benchmark import Bench, measure
from media.forward.fanout import PADDING_LIMIT, runs
from media.peer import UdpEndpoint
from media.transport.egress import MAX_SEGMENTS

KEYS = [bytes((i,)) * 28 for i in range(16)]


def meeting(matrix_from: int, *, gso: bool, seed: int) -> list[dict[int, bytes]]:
    """A busy room over real sockets; every datagram each subscriber got, by its SSRC and number."""
    chosen = random.Random(seed)
    world = World(gso=gso)
    world.room.fanout.matrix_from = matrix_from
    sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sender.setblocking(False)
    sender.bind(("127.0.0.1", 0))
    speakers = [world.publisher(name) for name in "ab"]
    sources = [
        Source(5, sequence=65500, timestamp=2**32 - 9000, pid=0x7FF0, items=((13, b"\1"),)),
        Source(6, sequence=10, pid=90, tl0=250),
    ]
    voices = [Source(7, payload_type=111), Source(8, payload_type=111)]
    sinks = []
    for index, key in enumerate(KEYS):
        viewer = world.viewer(f"v{index}", key=key, ready=False, firefox=index % 3 == 0)
        sink = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sink.bind(("127.0.0.1", 0))
        sink.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_000_000)
        sink.setblocking(False)
        sinks.append((viewer, sink))
        world.room.peer_ready(
            viewer.peer.id,
            viewer.tx._srtp[0],
            UdpEndpoint(sender.fileno(), sink.getsockname()),
            world.now,
        )
        world.show(viewer, "v0", "a")
        world.show(viewer, "v1", "ab"[index % 2])
    got: list[dict[int, bytes]] = [{} for _ in sinks]
    for turn in range(40):
        for number, speaker in enumerate(speakers):
            sizes = chosen.randrange(30, 1100)
            frame = sources[number].frame(
                key=turn % 10 == 0,
                packets=chosen.randrange(1, 9),
                size=sizes,
                tid=turn % 10 % 2,
                sync=True,
            )
            if chosen.random() < 0.3 and len(frame) > 2:
                frame[1], frame[2] = frame[2], frame[1]
            world.send(speaker, *frame, voices[number].voice(level=20), flush=turn % 2 == 0)
        if turn % 7 == 3:
            world.show(world.viewers[f"v{chosen.randrange(16)}"], "v0", "ab"[turn % 2])
        if turn % 5 == 2:
            limited = world.viewers[f"v{chosen.randrange(16)}"].peer
            assert limited.subscriber is not None
            down = limited.subscriber.by_mid["v0"]
            down.granted_tid = chosen.choice((0, 0, 3))
            world.room.router.select(down, world.now)
        world.room.flush(world.now)
        world.now += 0.033
        for (_, sink), datagrams in zip(sinks, got, strict=True):
            while True:
                try:
                    data = sink.recv(2000)
                except BlockingIOError:
                    break
                datagrams[int.from_bytes(data[8:12] + data[2:4], "big")] = data
    for viewer, sink in sinks:
        for data in got[int(viewer.peer.id[1:])].values():
            viewer.on_datagram(data)
        sink.close()
    sender.close()
    assert sum(len(d) for d in got) == world.counters.get("packets_out")
    return got


@pytest.mark.parametrize("seed", [1, 2])
def test_plain_loop_and_matrix_make_the_same_datagrams(seed: int) -> None:
    loop = meeting(1000, gso=False, seed=seed)
    matrix = meeting(1, gso=True, seed=seed)
    assert sum(len(d) for d in loop) > 5000
    assert matrix == loop
    assert meeting(1000, gso=True, seed=seed) == loop
    assert meeting(1, gso=False, seed=seed) == loop


def test_a_matrix_made_in_parts_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = meeting(1, gso=True, seed=3)
    monkeypatch.setattr(fanout, "ROWS_BYTES", 5000)
    assert meeting(1, gso=True, seed=3) == whole


PICTURES = (
    b"\x90\xe0\xff\xfe\xff\0\x11",  # ids of 15 bits about to wrap
    b"\x90\xe0\x80\x01\x01\0\x11",
    b"\x90\xc0\x7f\xff\x11",  # 7 bits
    b"\x90\x80\x05\x11",  # no TL0PICIDX
    b"\x90\x40\x09\x11",  # nothing else
    b"\x80\x11",  # no ids at all
)


@pytest.mark.parametrize("fill", [0, 1, 30])
def test_pictures_with_all_kinds_of_ids_are_the_same_in_both(fill: int) -> None:
    received = []
    for matrix_from in (1, 1000):
        world = World()
        world.room.fanout.matrix_from = matrix_from
        speaker = world.publisher("s")
        viewers = [world.viewer(f"v{i}", key=KEYS[i]) for i in range(16)]
        for viewer in viewers:
            world.show(viewer, "v0", "s")
        source = Source(5, pid=0x7FFD, tl0=253)
        world.send(speaker, *source.frame(key=True))
        world.send(speaker, *(source.packet(p + bytes(fill), step=3000) for p in PICTURES * 2))
        received.append([[copy.data for copy in viewer.received] for viewer in viewers])
    assert received[0] == received[1]
    assert all(len(copies) == 1 + 2 * len(PICTURES) for copies in received[0])


@given(st.lists(st.integers(40, 1200), max_size=60))
def test_runs_cover_a_burst_with_little_padding(sizes: list[int]) -> None:
    at = 0
    for start, end, size in runs(sizes):
        assert start == at
        assert 1 <= end - start <= MAX_SEGMENTS
        assert all(0 <= size - s <= PADDING_LIMIT for s in sizes[start : end - 1])
        assert sizes[end - 1] <= size
        at = end
    assert at == len(sizes)


def test_neighbours_are_padded_to_one_size_and_the_payload_stays() -> None:
    world = World()
    speaker = world.publisher("s")
    viewer = world.viewer("v")
    world.show(viewer, "v0", "s")
    source = Source(5)
    first = source.frame(key=True, size=60)
    world.send(speaker, *first, *source.frame(size=61), *source.frame(size=400))
    sizes = [len(r.data) for r in viewer.received]
    assert sizes[0] == sizes[1] < sizes[2]
    padded: Received = viewer.received[0]
    assert padded.data[0] & 0x20
    assert padded.data[-1] == 1
    assert len(padded.payload) == 60


def test_a_refusing_srtp_context_costs_only_its_own_copies() -> None:
    """The libsrtp of one subscriber already sent these numbers: its copies must not leave."""
    for count in (3, 16):
        world = World()
        speaker = world.publisher("s")
        viewers = [world.viewer(f"v{i}") for i in range(count)]
        for viewer in viewers:
            world.show(viewer, "v0", "s")
        source = Source(5)
        world.send(speaker, *source.frame(key=True))
        spent = viewers[1]
        number = spent.received[0].sequence + 2 & 0xFFFF
        slot = spent.peer.negotiated.slots[1]
        ahead = bytearray(spent.received[0].data)
        ahead[2:4] = number.to_bytes(2, "big")
        assert read(bytes(ahead)).ssrc == slot.ssrc
        spent.tx.protect(bytes(ahead))
        world.send(speaker, *source.frame(packets=3))
        assert [len(v.received) for v in viewers] == [3 if v is spent else 4 for v in viewers]
        assert world.counters.dropped(DropReason.SRTP) == 1


def test_oversized_packets_are_dropped_for_everyone() -> None:
    world = World()
    speaker = world.publisher("s")
    viewer = world.viewer("v")
    world.show(viewer, "v0", "s")
    world.send(speaker, *Source(5).frame(key=True, size=1495))
    assert viewer.received == []
    assert world.counters.dropped(DropReason.OVERSIZE) == 1


def test_transport_numbers_are_contiguous_for_each_peer() -> None:
    world = World()
    speaker = world.publisher("s")
    viewers = [world.viewer(f"v{i}") for i in range(14)]
    for viewer in viewers:
        world.show(viewer, "v0", "s")
        world.show(viewer, "v1", "s")
    source, voice = Source(5), Source(6, payload_type=111)
    for turn in range(30):
        world.send(speaker, *source.frame(key=turn % 9 == 0, packets=4), voice.voice(level=30))
    for viewer in viewers:
        numbers = [int.from_bytes(r.elements[3], "big") for r in viewer.received]
        assert sorted(numbers) == list(range(1, len(viewer.received) + 1))
        counts = defaultdict(int)
        for received in viewer.received:
            counts[received.ssrc] += 1
        assert sorted(counts.values()) == [30, 120, 120]


def test_benchmark_forwards_everything() -> None:
    bench = Bench(20)
    bench.run(1.5)  # until the estimates have found their room
    before = bench.counters.get("packets_out")
    _, copies = bench.run(0.5)
    bench.close()
    assert copies == bench.counters.get("packets_out") - before == 20 * (15 * 6 + 25)
    cost, _ = measure(3, 0.1)
    assert cost > 0
