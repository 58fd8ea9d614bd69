"""A camera with temporal layers as libvpx makes them in browsers, and a receiver that finds the
references of frames as libwebrtc does."""

from dataclasses import dataclass, field

from room_world import Received, Source

from media.rtp import vp8
from media.rtp.sequence import extend

# (temporal id, refers only to the lowest layer, buffers read, buffers written); "g" is written by
# layer 1 alone. libwebrtc, default_temporal_layers.cc.
L1T3 = (
    (0, False, "l", "l"),
    (2, True, "l", ""),
    (1, True, "l", "g"),
    (2, False, "lg", ""),
    (0, False, "l", "l"),
    (2, False, "lg", ""),
    (1, False, "lg", "g"),
    (2, False, "lg", ""),
)
L1T2 = ((0, False, "l", "l"), (1, True, "l", "g"), (0, False, "l", "l"), (1, False, "lg", ""))
L1T1 = ((0, False, "l", "l"),)
Pattern = tuple[tuple[int, bool, str, str], ...]


class Camera:
    """Frames by their number; `references` says what a decoder must have decoded before."""

    def __init__(self, source: Source, pattern: Pattern = L1T3) -> None:
        self.source = source
        self.pattern = pattern
        self.references: dict[int, set[int]] = {}
        self.tids: dict[int, int] = {}
        self._place = 0
        self._buffers: dict[str, int] = {}

    def frame(self, *, key: bool = False, packets: int = 1, size: int = 60) -> list[bytes]:
        number = len(self.references)
        if key:
            self._place = 0
        tid, sync, reads, writes = self.pattern[self._place % len(self.pattern)]
        self._place += 1
        known = {self._buffers[b] for b in reads if b in self._buffers}
        self.references[number] = set() if key else known
        self.tids[number] = tid
        self._buffers.update(dict.fromkeys("lg" if key else writes, number))
        made = self.source.frame(key=key, packets=packets, size=size, tid=tid, sync=sync)
        return [packet[:-4] + number.to_bytes(4, "big") for packet in made]


def number_of(payload: bytes) -> int:
    return int.from_bytes(payload[-4:], "big")


@dataclass
class _Frame:
    pid: int
    tl0: int
    tid: int
    sync: bool
    key: bool
    number: int


@dataclass
class Vp8Receiver:
    """Assembles frames of one slot and hands them to the decoder when their references are known.

    Source: libwebrtc, packet_buffer.cc and rtp_vp8_ref_finder.cc; without their limits in time.
    """

    decoded: list[int] = field(default_factory=list)
    payloads: dict[int, bytes] = field(default_factory=dict)  # by extended sequence number
    _packets: dict[int, tuple[bytes, bool]] = field(default_factory=dict)
    _highest: int | None = None
    _done: set[int] = field(default_factory=set)  # first numbers of assembled frames
    _pid: int = 1 << 16
    _tl0: int = 1 << 16
    _layers: dict[int, list[int]] = field(default_factory=dict)  # tl0 -> last pid by layer
    _last_pid: int = -1
    _awaited: set[int] = field(default_factory=set)  # picture ids that were skipped
    _stash: list[_Frame] = field(default_factory=list)

    def on_packet(self, sequence: int, payload: bytes, *, marker: bool) -> None:
        reference = self._highest if self._highest is not None else sequence + (1 << 16)
        number = extend(sequence, reference)
        assert self.payloads.setdefault(number, payload) == payload, "a number was used twice"
        self._highest = number if self._highest is None else max(self._highest, number)
        self._packets[number] = (payload, marker)
        self._assemble(number)
        self._retry()

    @property
    def missing(self) -> set[int]:
        """16-bit numbers that a receiver would ask for."""
        if self._highest is None:
            return set()
        known = self.payloads
        return {n & 0xFFFF for n in range(min(known), self._highest) if n not in known}

    def _assemble(self, number: int) -> None:
        first = number
        while not self._begins(first):
            if first not in self._packets or not self._packets[first][0]:
                return
            first -= 1
        last = number
        while last in self._packets and not self._packets[last][1]:
            last += 1
        if last not in self._packets or first in self._done:
            return
        self._done.add(first)
        payload = self._packets[first][0]
        picture = vp8.parse(payload, 0, len(payload))
        assert picture is not None
        self._pid = extend(picture.picture_id, self._pid, 15)
        self._tl0 = extend(picture.tl0, self._tl0, 8)
        self._stash.append(
            _Frame(
                self._pid,
                self._tl0,
                picture.temporal_id,
                picture.layer_sync,
                picture.keyframe,
                number_of(payload),
            )
        )

    def _begins(self, number: int) -> bool:
        payload = self._packets.get(number, (b"", False))[0]
        picture = vp8.parse(payload, 0, len(payload)) if payload else None
        return picture is not None and picture.begins

    def _retry(self) -> None:
        progress = True
        while progress:
            progress = False
            for frame in tuple(self._stash):
                if self._fits(frame):
                    self._stash.remove(frame)
                    progress = True

    def _fits(self, frame: _Frame) -> bool:
        """Whether the frame was handed on (or dropped)."""
        if self._last_pid < 0:
            self._last_pid = frame.pid
        self._awaited.discard(frame.pid)
        if frame.pid > self._last_pid:
            self._awaited.update(range(self._last_pid + 1, frame.pid))
            self._last_pid = frame.pid
        if frame.key:
            self._layers[frame.tl0] = [frame.pid] * 4
            return self._hand_on(frame)
        base = frame.tl0 - 1 if frame.tid == 0 else frame.tl0
        layers = self._layers.get(base)
        if layers is None:
            return False
        if frame.tid == 0:
            if layers[0] >= frame.pid:
                return True
            layers = self._layers.setdefault(frame.tl0, list(layers))
        elif frame.sync:
            if layers[0] >= frame.pid:
                return True
        else:
            for tid in range(frame.tid + 1):
                if layers[tid] >= frame.pid:
                    return True
                if any(layers[tid] < skipped < frame.pid for skipped in self._awaited):
                    return False
        self._update(frame)
        return self._hand_on(frame)

    def _update(self, frame: _Frame) -> None:
        tl0 = frame.tl0
        while tl0 in self._layers and self._layers[tl0][frame.tid] < frame.pid:
            self._layers[tl0][frame.tid] = frame.pid
            tl0 += 1

    def _hand_on(self, frame: _Frame) -> bool:
        self.decoded.append(frame.number)
        return True


def feed(receiver: Vp8Receiver, packets: list[Received]) -> Vp8Receiver:
    for packet in packets:
        receiver.on_packet(packet.sequence, packet.payload, marker=packet.marker)
    return receiver
