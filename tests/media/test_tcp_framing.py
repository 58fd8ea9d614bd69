"""Datagrams on a stream, and what a stream that is too thin drops."""

import struct
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media.transport import framing
from media.transport.framing import MAX_FRAME_BYTES, BadFrame, Deframer, WriteQueue, framed

VOICE, CAMERA = 1111, 2222
STUN = b"\0\1\0\0" + bytes(16)
RTCP = b"\x80\xc8" + bytes(26)


def rtp(ssrc: int, number: int = 0, size: int = 1200) -> bytes:
    return struct.pack("!BBHII", 0x80, 96, number, 0, ssrc) + bytes(size - 12)


def written(queue: WriteQueue, now: float) -> list[bytes]:
    frames = []
    while frame := queue.take(now):
        frames.append(frame[2:])
    return frames


@settings(deadline=None)
@given(st.lists(st.binary(min_size=1, max_size=200), max_size=20), st.data())
def test_datagrams_survive_any_cutting_of_the_stream(
    datagrams: list[bytes], data: st.DataObject
) -> None:
    stream = b"".join(map(framed, datagrams))
    deframer = Deframer()
    taken = []
    while stream:
        at = data.draw(st.integers(1, len(stream)))
        taken += deframer.feed(stream[:at])
        stream = stream[at:]
    assert taken == datagrams


@settings(deadline=None)
@given(st.lists(st.binary(max_size=3000), max_size=10))
def test_any_bytes_give_datagrams_or_bad_frame_and_hold_one_frame_at_most(
    pieces: list[bytes],
) -> None:
    deframer = Deframer()
    try:
        for piece in pieces:
            assert all(0 < len(d) <= MAX_FRAME_BYTES for d in deframer.feed(piece))
            assert len(deframer._rest) < MAX_FRAME_BYTES + 2
    except BadFrame:
        pass


def test_the_frame_of_the_rfc() -> None:
    assert framed(b"\x80\x00") == b"\x00\x02\x80\x00"
    deframer = Deframer()
    assert deframer.feed(b"\x00\x00\x00\x01a\x00") == [b"a"]  # an empty frame is no datagram
    assert deframer.feed(b"\x01b") == [b"b"]
    with pytest.raises(BadFrame):
        deframer.feed(struct.pack("!H", MAX_FRAME_BYTES + 1))


def test_voice_and_control_overtake_pictures() -> None:
    queue = WriteQueue(Counter(), frozenset({VOICE}))
    for datagram in (rtp(CAMERA, 1), rtp(CAMERA, 2), rtp(VOICE), RTCP, STUN):
        queue.push(datagram, 0.0)
    assert written(queue, 0.0) == [rtp(VOICE), RTCP, STUN, rtp(CAMERA, 1), rtp(CAMERA, 2)]
    assert not queue
    assert queue.size_bytes == 0


def test_a_full_queue_drops_the_oldest_pictures_and_no_voice() -> None:
    queue = WriteQueue(Counter(), frozenset({VOICE}))
    queue.push(rtp(VOICE, size=80), 0.0)
    for number in range(1000):
        queue.push(rtp(CAMERA, number), 0.0)
    assert queue.size_bytes <= framing.MAX_PICTURE_BYTES + 82
    kept = written(queue, 0.0)
    assert kept[0] == rtp(VOICE, size=80)
    assert kept[-1] == rtp(CAMERA, 999)
    assert queue.drops == {"tcp_picture_queue": 1000 - (len(kept) - 1)}


def test_pictures_that_waited_too_long_are_not_sent() -> None:
    queue = WriteQueue(Counter(), frozenset({VOICE}))
    queue.push(rtp(CAMERA, 1), 0.0)
    queue.push(rtp(VOICE), 0.0)
    queue.push(rtp(CAMERA, 2), 0.4)
    assert written(queue, framing.MAX_PICTURE_WAIT_S + 0.1) == [rtp(VOICE), rtp(CAMERA, 2)]
    assert queue.drops == {"tcp_picture_queue": 1}


def test_voice_is_bounded_too() -> None:
    queue = WriteQueue(Counter(), frozenset({VOICE}))
    for number in range(2000):
        queue.push(rtp(VOICE, number, 100), 0.0)
    assert queue.size_bytes <= framing.MAX_VOICE_BYTES
    assert written(queue, 0.0)[-1] == rtp(VOICE, 1999, 100)
    assert queue.drops["tcp_voice_queue"] > 0


@pytest.mark.parametrize("line_bps", [24_000, 64_000, 400_000])
def test_nothing_is_seconds_late_on_a_narrow_stream(line_bps: int) -> None:
    """Voice of 48 kbit/s and pictures of 600 kbit/s, 20 s long."""
    queue = WriteQueue(Counter(), frozenset({VOICE}))
    began: dict[bytes, float] = {}
    late: dict[bool, list[float]] = {True: [], False: []}
    free_at = 0.0
    for tick in range(1000):
        now = tick * 0.02
        datagrams = [rtp(VOICE, tick, 120), *(rtp(CAMERA, 3 * tick + n, 500) for n in range(3))]
        for datagram in datagrams:
            began[datagram] = now
            queue.push(datagram, now)
        if tick % 50 == 0:
            queue.push(STUN, now)
        while free_at <= now and (frame := queue.take(now)):
            free_at = max(free_at, now - 0.02) + len(frame) * 8 / line_bps
            if frame[2:] != STUN:
                late[len(frame) < 200].append(free_at - began[frame[2:]])
    assert max(late[True]) <= framing.MAX_VOICE_WAIT_S + 0.2
    assert max(late[False], default=0.0) <= framing.MAX_PICTURE_WAIT_S + 0.2
    if line_bps > 48_000:
        assert queue.drops["tcp_voice_queue"] == 0
        assert max(late[True]) < 0.1
    else:
        assert queue.drops["tcp_voice_queue"] > 0
    assert queue.drops["tcp_picture_queue"] > 0


def test_control_never_gets_too_old() -> None:
    queue = WriteQueue(Counter(), frozenset({VOICE}))
    for datagram in (RTCP, rtp(VOICE), STUN):
        queue.push(datagram, 0.0)
    assert written(queue, 60.0) == [RTCP, STUN]
    assert queue.drops == {"tcp_voice_queue": 1}


@settings(deadline=None)
@given(st.lists(st.binary(max_size=60), max_size=50))
def test_any_datagram_can_wait(datagrams: list[bytes]) -> None:
    queue = WriteQueue(Counter())
    for datagram in datagrams:
        queue.push(datagram, 0.0)
    assert sorted(written(queue, 0.0)) == sorted(datagrams)
