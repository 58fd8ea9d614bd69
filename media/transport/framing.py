"""Datagrams on a byte stream: a 16-bit length before each, and what waits for a slow reader. Pure.

Source: RFC 4571 section 2, as RFC 6544 section 3 uses it for STUN, DTLS, SRTP and SRTCP alike.
"""

import struct
from collections import Counter, deque
from collections.abc import Set as AbstractSet

MAX_FRAME_BYTES = 2048  # as the largest datagram taken from UDP
MAX_VOICE_BYTES = 64 * 1024  # voice, RTCP, STUN and DTLS that wait: 10 s of three voices
MAX_VOICE_WAIT_S = 1.0  # older voice is worse than none: it makes all that follows late
MAX_PICTURE_BYTES = 256 * 1024  # about one second at 2 Mbit/s
MAX_PICTURE_WAIT_S = 0.5  # an older picture packet is repaired better than sent
_LENGTH = struct.Struct("!H")
_SSRC = struct.Struct("!8xI")


class BadFrame(ValueError):
    """A length no client of ours writes: the stream is something else, and cannot be re-entered."""


def framed(datagram: bytes) -> bytes:
    """`datagram` (at most 65,535 bytes) with its length before it."""
    return _LENGTH.pack(len(datagram)) + datagram


class Deframer:
    """Cuts what comes from a stream into datagrams. Holds less than one frame."""

    def __init__(self, max_bytes: int = MAX_FRAME_BYTES) -> None:
        self._max_bytes = max_bytes
        self._rest = b""

    def feed(self, data: bytes) -> list[bytes]:
        """The datagrams that are now complete. Empty ones are legal and left out.

        Raises:
            BadFrame: a frame longer than the limit.
        """
        data = self._rest + data if self._rest else data
        datagrams = []
        at, end = 0, len(data)
        while end - at >= 2:
            (size,) = _LENGTH.unpack_from(data, at)
            if size > self._max_bytes:
                raise BadFrame(f"a frame of {size} bytes")
            if end - at - 2 < size:
                break
            if size:
                datagrams.append(data[at + 2 : at + 2 + size])
            at += 2 + size
        self._rest = data[at:]
        return datagrams


class WriteQueue:
    """What waits until the stream takes more: voice first, both only while they are fresh.

    A stream loses nothing by itself, it only gets late. So this queue is where a line that is too
    thin loses: the oldest pictures first, as a full router would, while voice, RTCP, STUN and DTLS
    overtake them. RTCP, STUN and DTLS never get too old. A frame that has begun is always finished.

    Args:
        drops: counts dropped datagrams by reason.
        voices: SSRCs of audio slots; everything else that is RTP is a picture.
    """

    def __init__(self, drops: Counter[str], voices: AbstractSet[int] = frozenset()) -> None:
        self.drops = drops
        self.voices = voices
        self._voice: deque[tuple[float, bytes]] = deque()  # until when it is good
        self._voice_bytes = 0
        self._pictures: deque[tuple[float, bytes]] = deque()
        self._picture_bytes = 0

    def __bool__(self) -> bool:
        return bool(self._voice or self._pictures)

    @property
    def size_bytes(self) -> int:
        return self._voice_bytes + self._picture_bytes

    def push(self, datagram: bytes, now: float) -> None:
        frame = framed(datagram)
        if self._is_picture(datagram):
            self._pictures.append((now, frame))
            self._picture_bytes += len(frame)
            while self._picture_bytes > MAX_PICTURE_BYTES:
                self._drop_picture()
        else:
            good = now + MAX_VOICE_WAIT_S if _is_rtp(datagram) else float("inf")
            self._voice.append((good, frame))
            self._voice_bytes += len(frame)
            while self._voice_bytes > MAX_VOICE_BYTES:
                self._drop_voice()

    def take(self, now: float) -> bytes:
        """The next frame to write; empty when nothing (fresh) waits."""
        while self._voice:
            if now > self._voice[0][0]:
                self._drop_voice()
                continue
            frame = self._voice.popleft()[1]
            self._voice_bytes -= len(frame)
            return frame
        while self._pictures:
            if now - self._pictures[0][0] > MAX_PICTURE_WAIT_S:
                self._drop_picture()
                continue
            frame = self._pictures.popleft()[1]
            self._picture_bytes -= len(frame)
            return frame
        return b""

    def _drop_voice(self) -> None:
        self._voice_bytes -= len(self._voice.popleft()[1])
        self.drops["tcp_voice_queue"] += 1

    def _drop_picture(self) -> None:
        self._picture_bytes -= len(self._pictures.popleft()[1])
        self.drops["tcp_picture_queue"] += 1

    def _is_picture(self, datagram: bytes) -> bool:
        """RTP of an SSRC that is no voice."""
        return _is_rtp(datagram) and _SSRC.unpack_from(datagram)[0] not in self.voices


def _is_rtp(datagram: bytes) -> bool:
    """RTCP is told apart by its packet type: RFC 5761 section 4."""
    return len(datagram) >= 12 and 128 <= datagram[0] <= 191 and not 192 <= datagram[1] <= 223
