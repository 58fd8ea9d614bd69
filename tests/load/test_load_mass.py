"""Counting for hundreds of receivers at once says what counting packet by packet says."""

import random
import socket
import struct
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.load.arrivals import Arrivals, transport_seq
from media.load.batch import STRIDE
from media.load.mass import MassReception
from media.load.offer import EXTENSION_IDS, TRANSPORT_CC_URI
from media.load.streams import InTrack, OutStream
from media.load.tally import Tally
from media.rtp import transport_cc

CC_ID = EXTENSION_IDS[TRANSPORT_CC_URI]


def take(tally: Tally, arrived: list[tuple[int, bytes, int]]) -> list[int]:
    """Packets as (receiver, datagram, nanoseconds)."""
    rows = np.zeros((len(arrived), STRIDE), np.uint8)
    for row, (_, data, _) in enumerate(arrived):
        rows[row, : len(data)] = np.frombuffer(data, np.uint8)
    words = rows.view(">u4").reshape(len(arrived), STRIDE // 4)
    sizes = np.array([len(data) for _, data, _ in arrived])
    at_ns = np.array([at for _, _, at in arrived])
    return list(tally.take(rows, words, sizes, at_ns, np.array([who for who, _, _ in arrived])))


def stream(seed: int) -> OutStream:
    return OutStream(
        payload_type=96,
        clock_hz=90000,
        extensions=EXTENSION_IDS,
        mid="1" if seed % 2 else "",
        rng=random.Random(seed),
    )


@pytest.mark.parametrize("lose", [0.0, 0.1])
def test_streams_of_many_receivers_are_told_apart_and_counted(lose: float) -> None:
    rng = random.Random(3)
    tally = Tally()
    receivers = [tally.add() for _ in range(5)]
    streams = {(who, n): stream(10 * who + n) for who in receivers for n in range(3)}
    known: dict[tuple[int, int], InTrack] = {}
    for _ in range(400):  # long enough for numbers to wrap around
        burst = []
        for (who, n), out in streams.items():
            for _ in range(rng.randrange(0, 4 if n else 200)):
                data = out.packet(False, 1, b"x" * rng.randrange(5, 50))
                if rng.random() >= lose:
                    burst.append((who, data, 0))
        burst.sort(key=lambda packet: packet[0])
        assert take(tally, burst) == []
        for who, data, _ in burst:
            _, second, seq, _, ssrc = struct.unpack_from("!BBHII", data)
            key = who, ssrc
            track = known.setdefault(key, InTrack(ssrc, second & 0x7F, seq))
            track.count(seq, len(data))
    for who in receivers:
        mine = [track for (owner, _), track in known.items() if owner == who]
        totals = tally.totals(who)
        assert totals.received == sum(track.received for track in mine)
        assert totals.expected == sum(track.expected for track in mine)
        assert totals.octets == sum(track.octets for track in mine)
        assert tally.packets(who, 96) == totals.received
        assert tally.packets(who, 97) == 0
        assert set(tally.ssrcs(who)) == {track.ssrc for track in mine}
        tally.sender_report(who, mine[0].ssrc, 77, 5.0)
        mine[0].last_report, mine[0].last_report_at = 77, 5.0
        assert set(tally.report_blocks(who, 6.0)) == {track.report_block(6.0) for track in mine}
        assert set(tally.report_blocks(who, 7.0)) == {track.report_block(7.0) for track in mine}


def test_transport_wide_numbers_are_found_wherever_they_stand() -> None:
    tally = Tally()
    one, other = tally.add(), tally.add()
    tally.numbered(one, CC_ID)
    arrived = [
        (who, stream(seed).packet(False, 1, b"x", transport_seq=1000 * who + seed), seed * 10**6)
        for who in (one, other)
        for seed in range(4)
    ]
    take(tally, arrived)
    seqs, times = tally.arrived[one]
    assert seqs == [transport_seq(data, CC_ID) for who, data, _ in arrived if who == one]
    assert times == [0, 4, 8, 12]
    assert tally.arrived[other] == ([], []), "not negotiated there"


@given(st.lists(st.tuples(st.integers(0, 3), st.binary(max_size=80)), min_size=1, max_size=20))
def test_arbitrary_datagrams_are_counted_or_handed_on(packets: list[tuple[int, bytes]]) -> None:
    tally = Tally()
    for who in [tally.add() for _ in range(4)]:
        tally.numbered(who, 3)
    arrived = sorted(((who, data, 0) for who, data in packets), key=lambda packet: packet[0])
    others = take(tally, arrived)
    assert sum(tally.totals(who).received for who in range(4)) + len(others) == len(arrived)


arrival_steps = st.lists(
    st.tuples(st.sampled_from([1, 1, 1, 1, 2, 5]), st.integers(0, 400)),
    min_size=1,
    max_size=30,
)


@given(st.integers(0, 0xFFFF), st.lists(arrival_steps, min_size=1, max_size=4))
def test_feedback_of_a_batch_is_that_of_its_packets(
    first: int, batches: list[list[tuple[int, int]]]
) -> None:
    together, apart = Arrivals(), Arrivals()
    seq, at = first, 10**13
    for steps in batches:
        seqs, times = [], []
        for ahead, wait in steps:
            seqs.append(seq)
            times.append(at)
            seq, at = seq + ahead & 0xFFFF, at + wait
        mine = together.batch(seqs, times, 1, 2)
        for number, tick in zip(seqs, times, strict=True):
            apart.packet(number, tick * 0.00025)
        theirs = apart.feedback(1, 2)
        assert mine is not None
        assert theirs is not None
        one = transport_cc.parse(1, 2, mine[12:])
        other = transport_cc.parse(1, 2, theirs[12:])
        assert (one.base_sequence, one.feedback_count) == (
            other.base_sequence,
            other.feedback_count,
        )
        assert len(one.arrivals) == len(other.arrivals)
        for left, right in zip(one.arrivals, other.arrivals, strict=True):
            assert (left is None) == (right is None)
            assert left is None or right is None or abs(left - right) <= 1


@pytest.fixture
def sockets() -> Iterator[list[socket.socket]]:
    made = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(3)]
    for one in made:
        one.bind(("127.0.0.1", 0))
        one.setblocking(False)
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    yield made
    for one in made:
        one.close()


def test_sockets_are_emptied_in_turns_and_what_is_not_rtp_is_handed_on(
    sockets: list[socket.socket],
) -> None:
    sender, *receivers = sockets
    mass = MassReception()
    others: list[bytes] = []
    clients = [mass.client(one, others.append) for one in receivers]
    out = stream(2)
    out_size = len(out.packet(False, 1, b""))
    for _ in range(400):
        for one in receivers:
            sender.sendto(out.packet(False, 1, b"x" * 1000), one.getsockname())
    sender.sendto(b"\x00\x01 a check", receivers[1].getsockname())
    for client, one in zip(clients, receivers, strict=True):
        client.read(one.fileno())
    mass.settle()
    assert [client.totals().received for client in clients] == [400, 400]
    assert [client.totals().octets for client in clients] == [400 * (out_size + 1000)] * 2
    assert others == [b"\x00\x01 a check"]
