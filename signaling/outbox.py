"""What waits to be written to one client: batched, merged and bounded. No socket, no clock.

Log entries and notices wait up to `Limits.batch_seconds` for company; the first after a quiet
time goes at once. Entries leave as one `events` message, notices of one kind as one notice.
Replies push what waits before them, so a client that reads `done` has the events it caused.
"""

from collections.abc import Callable, Sequence

import msgspec

from rooms.session.events import Entry
from rooms.session.model import SeatId
from rooms.session.notices import (
    AnyNotice,
    IceServers,
    Layers,
    Level,
    Line,
    Lines,
    MediaLost,
    MediaReset,
    Paused,
    Permissions,
    Receipt,
    RecordingHealth,
    Slots,
    Speakers,
    Superseded,
    TryPath,
)
from signaling.connection import Limits
from signaling.messages import Bye, Codec, Events

ENTRY_BYTES = 200  # typical entry as JSON, for the estimate of what waits


class SharedCodec:
    """Serializes what many connections send only once.

    A live meeting hands the same objects to all its connections in a row, so a small memory of
    the latest objects is enough. Objects are kept while their text is, so `id` stays theirs.
    """

    def __init__(self, size: int = 64) -> None:
        self._size = size
        self._texts: dict[tuple[int, ...], tuple[object, bytes]] = {}
        self.encoded = 0  # how often something really was serialized

    def events(self, entries: tuple[Entry, ...]) -> bytes:
        """The `events` message of these entries."""
        return self._once(entries, lambda: Events(entries=entries))

    def notice(self, notice: AnyNotice) -> bytes:
        if isinstance(
            notice, Slots | Layers | Paused
        ):  # every client's own: would only push others out
            return Codec.serialize(notice).encode()
        return self._once((notice,), lambda: notice)

    def _once(self, owners: tuple[object, ...], message: Callable[[], msgspec.Struct]) -> bytes:
        key = tuple(map(id, owners))
        known = self._texts.get(key)
        if known is not None:
            return known[1]
        if len(self._texts) >= self._size:
            del self._texts[next(iter(self._texts))]
        text = Codec.serialize(message()).encode()
        self._texts[key] = (owners, text)
        self.encoded += 1
        return text


def _latest(_: AnyNotice, new: AnyNotice) -> AnyNotice:
    return new


def _merge_speakers(old: AnyNotice, new: AnyNotice) -> AnyNotice:
    assert isinstance(old, Speakers)
    assert isinstance(new, Speakers)
    levels: dict[SeatId, Level] = {level.seat: level for level in (*old.levels, *new.levels)}
    return Speakers(levels=tuple(levels.values()))


def _merge_lines(old: AnyNotice, new: AnyNotice) -> AnyNotice:
    assert isinstance(old, Lines)
    assert isinstance(new, Lines)
    lines: dict[SeatId, Line] = {line.seat: line for line in (*old.lines, *new.lines)}
    return Lines(lines=tuple(lines.values()))


MERGE: dict[type[AnyNotice], Callable[[AnyNotice, AnyNotice], AnyNotice]] = {
    Slots: _latest,  # the whole table every time
    Layers: _latest,
    Speakers: _merge_speakers,
    Lines: _merge_lines,
    Paused: _latest,
    RecordingHealth: _latest,
    MediaLost: _latest,
    MediaReset: _latest,
    IceServers: _latest,
    TryPath: _latest,
    Superseded: _latest,
    Permissions: _latest,
    Receipt: _latest,
}
"""(notice that waits, newer one of its kind) -> the one to send."""

AT_ONCE = (Permissions,)  # it holds a snapshot: no later entry may come before it


class Outbox:
    """Messages for one client, in the order they will be written.

    Nothing of the log leaves before `start` says where the client stands.
    """

    def __init__(self, codec: SharedCodec, limits: Limits) -> None:
        self._codec = codec
        self._limits = limits
        self._ready: list[bytes] = []
        self._ready_bytes = 0
        self._entries: list[Entry] = []
        self._notices: dict[type[AnyNotice], AnyNotice] = {}
        self._seq: int | None = None  # last one the client has, or will have from `_ready`
        self._flush_at: float | None = None
        self._flushed_at = float("-inf")
        self._waiting_since: float | None = None
        self.closed = False

    def start(self, welcome: msgspec.Struct, seq: int, missed: tuple[Entry, ...]) -> None:
        """Send `welcome`, then `missed`, then what comes after.

        Args:
            seq: of the last entry in the welcome's snapshot, or the last one a resuming client
                said it has.
        """
        self._push(Codec.serialize(welcome).encode())
        if missed:
            self._push(self._codec.events(missed))
        self._seq = missed[-1].seq if missed else seq
        self._entries = [entry for entry in self._entries if entry.seq > self._seq]
        # However long the past is, a client that takes it is not slow.
        self._ready_bytes = 0
        self._waiting_since = None

    def add_entries(self, entries: Sequence[Entry], now: float) -> None:
        known = -1 if self._seq is None else self._seq
        self._entries += [entry for entry in entries if entry.seq > known]
        self._wait(now)

    def add_notice(self, notice: AnyNotice, now: float) -> None:
        kind = type(notice)
        if kind in AT_ONCE and self._seq is not None:
            return self.reply(notice, now)
        waiting = self._notices.get(kind)
        self._notices[kind] = notice if waiting is None else MERGE[kind](waiting, notice)
        self._wait(now)

    def reply(self, message: msgspec.Struct, now: float) -> None:
        """Send at once, after everything that waits."""
        self._flush(now)
        self._push(Codec.serialize(message).encode())
        self._mark(now)

    def pong(self, message: msgspec.Struct, now: float) -> None:
        """Send at once; what waits may go on waiting."""
        self._push(Codec.serialize(message).encode())
        self._mark(now)

    def close(self, bye: Bye | None, now: float, *, drop: bool) -> None:
        """`bye` is the last message; `drop`: the client cannot take what waits before it."""
        if drop:
            self._ready.clear()
            self._entries.clear()
            self._notices.clear()
        self._flush(now)
        if bye is not None:
            self._push(Codec.serialize(bye).encode())
        self.closed = True

    @property
    def due(self) -> float | None:
        """When `take` has something, monotonic seconds; None: nothing waits."""
        if self._ready:
            return float("-inf")
        return self._flush_at if self._seq is not None else None

    def take(self, now: float) -> list[bytes]:
        """What to write now, in order."""
        if self._flush_at is not None and now >= self._flush_at:
            self._flush(now)
        taken, self._ready, self._ready_bytes = self._ready, [], 0
        self._waiting_since = None
        return taken

    def overflowing(self, now: float) -> bool:
        """Whether the client takes its messages too slowly to go on."""
        limits = self._limits
        waiting_bytes = self._ready_bytes + ENTRY_BYTES * len(self._entries)
        if waiting_bytes > limits.waiting_bytes:
            return True
        if len(self._ready) + len(self._entries) > limits.waiting_messages:
            return True
        since = self._waiting_since if self._seq is not None else None
        return since is not None and now - since > limits.stall_seconds

    def _wait(self, now: float) -> None:
        """Choose when to flush. Turns fall on multiples of `batch_seconds`, so that connections
        flush the same entries together and share their text."""
        self._mark(now)
        if self._flush_at is None and (self._entries or self._notices):
            batch = self._limits.batch_seconds
            quiet = now - self._flushed_at >= batch
            self._flush_at = now if quiet else (now // batch + 1) * batch

    def _mark(self, now: float) -> None:
        if self._waiting_since is None:
            self._waiting_since = now

    def _flush(self, now: float) -> None:
        """Move what waits for company to what goes out."""
        if self._seq is None:
            return
        self._flush_at = None
        if not self._entries and not self._notices:
            return
        if self._entries:
            self._push(self._codec.events(tuple(self._entries)))
            self._seq = self._entries[-1].seq
        for notice in self._notices.values():
            self._push(self._codec.notice(notice))
        self._entries = []
        self._notices = {}
        self._flushed_at = now

    def _push(self, text: bytes) -> None:
        self._ready.append(text)
        self._ready_bytes += len(text)
