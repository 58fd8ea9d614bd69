"""Journals of recorded tracks: append-only files that survive a kill at any byte.

One file holds the RTP packets of one encoding (peer, source, layer, SSRC) as they arrived,
decrypted. Layout, integers big-endian:

    file   = "DCJ1" length:u32 crc32:u32 header        header is MessagePack (`TrackHeader`)
    record = crc32:u32 length:u16 arrival_us:u64 packet

The record's checksum covers everything behind it, so a torn tail is seen and left out. Nothing is
ever rewritten and nothing depends on an orderly end: after a crash the next recorder of the same
directory starts new files (the next *segment*). Several workers may record into one directory, each
its own peers: each has its segment. `manifest.jsonl` lists the files for people and tools; each
file also stands on its own.
"""

import errno
import logging
import os
import threading
import time
import zlib
from collections import OrderedDict, deque
from collections.abc import Iterator
from pathlib import Path
from struct import Struct
from typing import NamedTuple

import msgspec

log = logging.getLogger(__name__)

MAGIC = b"DCJ1"
SUFFIX = ".rtp"
CLAIM = ".segment"  # an empty file: this segment's number is taken
MAX_SEGMENT_TRIES = 1000
MANIFEST = "manifest.jsonl"
MAX_HEADER_BYTES = 64 * 1024
MAX_PENDING_PACKETS = 65_536  # about 60 MB at 1 kB each: 15 s of 16 full cameras
WRITE_INTERVAL_S = 0.2
SYNC_INTERVAL_S = 1.0
SYNC_BUDGET_S = 0.3  # of one round; files not reached are first in the next
BATCH_PACKETS = 256  # per turn of the writer, so that the media loop gets the interpreter back
MAX_OPEN_FILES = 256
RETRY_S = 2.0  # after the disk refused
GROWING_WITHIN_S = 10.0

_PREFIX = Struct(">4sII")
_RECORD = Struct(">IHQ")
_RECORD_BODY = Struct(">HQ")
_CHECKSUM = Struct(">I")


class JournalError(ValueError):
    """Not a journal, or one whose header is torn."""


class RecordingError(OSError):
    """The recording cannot be written: folder missing, not writable or full."""


class TrackHeader(msgspec.Struct, frozen=True, kw_only=True):
    """What one journal holds. `wall` and `monotonic` are the same instant, arrival 0."""

    recording: str
    peer: str  # "<seat>#<connection>"
    source: str  # "microphone" | "camera" | "screen"
    rid: str  # simulcast layer "q" | "h" | "f"; "" without simulcast
    codec: str  # "vp8", "h264", "opus"
    clock_hz: int
    ssrc: int
    wall: float  # UTC epoch seconds
    monotonic: float  # of the writing process


class Record(NamedTuple):
    offset: int  # of the record in the file, bytes
    arrival_us: int  # since the header's base
    packet: bytes


def encode_header(header: TrackHeader) -> bytes:
    body = msgspec.msgpack.encode(header)
    return _PREFIX.pack(MAGIC, len(body), zlib.crc32(body)) + body


def encode_record(arrival_us: int, packet: bytes) -> bytes:
    """One record; the packet has at most 65,535 bytes."""
    body = _RECORD_BODY.pack(len(packet), arrival_us) + packet
    return _CHECKSUM.pack(zlib.crc32(body)) + body


def decode_header(data: bytes) -> tuple[TrackHeader, int]:
    """The header at the start of a journal, and the offset of the first record.

    Raises:
        JournalError: not a journal, another version, or torn.
    """
    if len(data) < _PREFIX.size:
        raise JournalError("shorter than a journal header")
    magic, length, checksum = _PREFIX.unpack_from(data)
    if magic != MAGIC or length > MAX_HEADER_BYTES:
        raise JournalError("not a journal")
    end = _PREFIX.size + length
    body = data[_PREFIX.size : end]
    if len(body) < length or zlib.crc32(body) != checksum:
        raise JournalError("torn journal header")
    try:
        return msgspec.msgpack.decode(body, type=TrackHeader), end
    except msgspec.DecodeError as error:
        raise JournalError(f"journal header: {error}") from error


def read_header(path: Path) -> tuple[TrackHeader, int]:
    """`decode_header` of a file.

    Raises:
        JournalError: see there.
        OSError: unreadable.
    """
    with path.open("rb") as file:
        return decode_header(file.read(_PREFIX.size + MAX_HEADER_BYTES))


def read_records(path: Path, offset: int) -> Iterator[Record]:
    """Whole records of a journal from a byte offset on, in file order.

    A damaged record is left out; a torn tail ends the iteration. The file may still be growing.
    """
    with path.open("rb", buffering=1 << 18) as file:
        file.seek(offset)
        at = offset
        while len(head := file.read(_RECORD.size)) == _RECORD.size:
            checksum, length, arrival_us = _RECORD.unpack(head)
            packet = file.read(length)
            if len(packet) < length:
                return
            if zlib.crc32(packet, zlib.crc32(head[_CHECKSUM.size :])) == checksum:
                yield Record(at, arrival_us, packet)
            at += _RECORD.size + length


# Plain tuples: they are made for every packet.
_Key = tuple[str, str, str, str, int]  # peer, source, rid, codec, ssrc
_Pending = tuple[_Key, float, bytes]  # track, monotonic arrival, packet


class Recorder:
    """Writes every packet it is given into journals, by a thread beside the media loop.

    `on_packet` only appends to a bounded queue; when the disk stalls, the oldest packets are
    dropped and counted. A killed process loses what the last `WRITE_INTERVAL_S` brought; a lost
    machine what came since the last sync, about `SYNC_INTERVAL_S`.

    The constructor and `close` touch the disk: call them in a thread.

    Raises:
        RecordingError: the folder cannot be made or written.
    """

    def __init__(
        self, directory: Path | str, recording_id: str, now_wall: float, now: float | None = None
    ) -> None:
        """`now_wall` in UTC epoch seconds and `now` in `time.monotonic()` seconds (the default)
        are the same instant; `on_packet` uses the second clock."""
        self.recording_id = recording_id
        self.written_packets = 0
        self.error: str | None = None  # why nothing is written now; None when all is well
        self._directory = Path(directory)
        self._base = time.monotonic() if now is None else now
        self._wall = now_wall
        self._queue: deque[_Pending] = deque(maxlen=MAX_PENDING_PACKETS)
        self._offered = 0
        self._taken = 0
        self._overrun = 0  # dropped by the full queue
        self._refused_packets = 0  # lost in a failed write
        self._next_file = 0
        self._stop = threading.Event()
        self._files: dict[_Key, _File] = {}
        self._open: OrderedDict[_Key, _File] = OrderedDict()
        self._last_growth = self._base
        self._retry_at = 0.0
        self._sync_at = 0.0
        try:
            self._directory.mkdir(parents=True, exist_ok=True)
            self.size_bytes, self._segment = _look_around(self._directory)
            self._note("opened")
        except OSError as error:
            raise RecordingError(f"recording folder: {error.strerror}") from error
        self._thread = threading.Thread(target=self._run, name=f"recorder-{recording_id}")
        self._thread.daemon = True
        self._thread.start()

    def on_packet(
        self,
        peer_id: str,
        source: str,
        rid: str,
        codec: str,
        ssrc: int,
        data: bytes | bytearray | memoryview,
        now: float,
    ) -> None:
        """Record one decrypted RTP packet. Called on the media loop: about half a microsecond.

        `codec` is name and clock, "vp8/90000"; `data` is copied unless it is `bytes`; `now` is in
        monotonic seconds.
        """
        key = (peer_id, source, rid, codec, ssrc)
        self._queue.append((key, now, bytes(data)))
        self._offered += 1

    @property
    def dropped_packets(self) -> int:
        """Packets lost because the disk was too slow, or refused."""
        return self._overrun + self._refused_packets

    def growing(self, now: float) -> bool:
        """Did bytes reach the disk in the last 10 s? (True in the first 10 s.)"""
        return now - self._last_growth < GROWING_WITHIN_S

    def close(self) -> None:
        """Write and sync what is queued, close all files. May be called twice."""
        self._stop.set()
        self._thread.join()

    def snapshot(self) -> dict[str, int | str | None]:
        return {
            "recording": self.recording_id,
            "segment": self._segment,
            "files": len(self._files),
            "size_bytes": self.size_bytes,
            "written_packets": self.written_packets,
            "dropped_packets": self.dropped_packets,
            "queued_packets": len(self._queue),
            "error": self.error,
        }

    # The rest runs on the writer's thread.

    def _run(self) -> None:
        while not self._stop.wait(WRITE_INTERVAL_S):
            self._round()
        self._retry_at = 0.0
        self._round()
        self._sync(budget_s=float("inf"))
        for file in self._open.values():
            file.close()
        try:
            self._note("closed")
        except OSError as error:
            self._refused(error)

    def _round(self) -> None:
        """Write everything queued, and sync when it is time."""
        while time.monotonic() >= self._retry_at and (batch := self._take()):
            self._write(batch)
            time.sleep(0)  # let the media loop in
        offered = self._offered  # read before the length: a packet between counts as not dropped
        self._overrun = max(self._overrun, offered - self._taken - len(self._queue))
        if time.monotonic() >= self._sync_at:
            self._sync(SYNC_BUDGET_S)
            self._sync_at = time.monotonic() + SYNC_INTERVAL_S

    def _take(self) -> list[_Pending]:
        batch: list[_Pending] = []
        while len(batch) < BATCH_PACKETS:
            try:
                batch.append(self._queue.popleft())
            except IndexError:
                break
        self._taken += len(batch)
        return batch

    def _write(self, batch: list[_Pending]) -> None:
        chunks: dict[_Key, list[bytes]] = {}
        for key, at, packet in batch:
            arrival_us = max(0, round((at - self._base) * 1e6))
            chunks.setdefault(key, []).append(encode_record(arrival_us, packet[:0xFFFF]))
        for key, records in chunks.items():
            self._write_records(key, records)

    def _write_records(self, key: _Key, records: list[bytes]) -> None:
        try:
            file = self._file(key)
            self.size_bytes += file.write(b"".join(records))
        except OSError as error:
            self._refused_packets += len(records)
            self._abandon(key)
            self._refused(error)
            return
        self.written_packets += len(records)
        if self.error is not None:
            log.warning("recording %s is written again", self.recording_id)
            self.error = None

    def _file(self, key: _Key) -> "_File":
        """The open file of a track; it is made, or opened again, when needed."""
        file = self._open.get(key)
        if file is not None:
            self._open.move_to_end(key)
            return file
        file = self._files.get(key)
        if file is None:
            file = self._create(key)
        else:
            file.reopen()
            self._open[key] = file
        if len(self._open) > MAX_OPEN_FILES:
            _, oldest = self._open.popitem(last=False)
            oldest.sync()
            oldest.close()
        return file

    def _create(self, key: _Key) -> "_File":
        peer, source, rid, codec, ssrc = key
        name, _, rest = codec.lower().partition("/")
        clock = rest.partition("/")[0]
        header = TrackHeader(
            recording=self.recording_id,
            peer=peer,
            source=source,
            rid=rid,
            codec=name,
            clock_hz=int(clock) if clock.isdigit() else 90_000,
            ssrc=ssrc,
            wall=self._wall,
            monotonic=self._base,
        )
        file_name = f"{self._segment:03d}-{self._next_file:05d}{SUFFIX}"
        self._next_file += 1
        file = self._files[key] = self._open[key] = _File(self._directory / file_name)
        self.size_bytes += file.write(encode_header(header))
        start_us = round((time.monotonic() - self._base) * 1e6)
        self._note("track", file=file_name, start_us=start_us, track=header)
        return file

    def _abandon(self, key: _Key) -> None:
        """The track goes on in a new file: this one may end in half a record."""
        self._files.pop(key, None)
        file = self._open.pop(key, None)
        if file is not None:
            file.close()

    def _refused(self, error: OSError) -> None:
        self._retry_at = time.monotonic() + RETRY_S
        if self.error is None:
            log.error("recording %s cannot be written: %s", self.recording_id, error.strerror)
        self.error = error.strerror or str(error)

    def _sync(self, budget_s: float) -> None:
        """Sync files with unsynced bytes, those that wait longest first, within the budget."""
        until = time.monotonic() + budget_s
        dirty = sorted((f for f in self._open.values() if f.dirty_since), key=_waiting)
        for file in dirty:
            try:
                file.sync()
            except OSError as error:
                self._refused(error)
                return
            self._last_growth = time.monotonic()
            if self._last_growth > until:
                return

    def _note(self, event: str, **fields: object) -> None:
        """Append one line to the manifest."""
        line = {"version": 1, "event": event, "segment": self._segment, "wall": self._wall}
        if event == "closed":
            line |= {"packets": self.written_packets, "dropped": self.dropped_packets}
        with (self._directory / MANIFEST).open("ab") as file:
            file.write(msgspec.json.encode(line | fields) + b"\n")


class _File:
    """One journal being written."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.dirty_since = 0.0  # monotonic seconds of the first unsynced byte; 0: all synced
        self._fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL, 0o640)

    def reopen(self) -> None:
        self._fd = os.open(self.path, os.O_WRONLY | os.O_APPEND)

    def write(self, data: bytes) -> int:
        if not self.dirty_since:
            self.dirty_since = time.monotonic()
        view = memoryview(data)
        while view:
            view = view[os.write(self._fd, view) :]
        return len(data)

    def sync(self) -> None:
        self.dirty_since = 0.0
        os.fdatasync(self._fd)

    def close(self) -> None:
        os.close(self._fd)


def _waiting(file: _File) -> float:
    return file.dirty_since


def _look_around(directory: Path) -> tuple[int, int]:
    """Bytes recorded so far, and the number of a segment that is now ours alone."""
    size, last = 0, 0
    for path in directory.glob(f"*{SUFFIX}"):
        size += path.stat().st_size
        number = path.name.partition("-")[0]
        last = max(last, int(number) if number.isdigit() else 0)
    for segment in range(last + 1, last + 1 + MAX_SEGMENT_TRIES):
        try:
            (directory / f"{segment:03d}{CLAIM}").touch(0o640, exist_ok=False)
        except FileExistsError:  # another worker's that has no packets yet
            continue
        return size, segment
    raise OSError(errno.EEXIST, "too many segments without packets")
