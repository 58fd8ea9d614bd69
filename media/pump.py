"""Moves what rooms have to send: copies at the end of a burst; what is due by one timer, which
follows the earliest deadline of all rooms."""

import asyncio
import logging
import time
from collections.abc import Mapping, Sequence

from media.drops import Counters
from media.dumps import Dumps
from media.forward.relief import Governor
from media.forward.room import Room
from media.mishaps import Mishaps
from media.stats import LoopLag
from media.transport.egress import Egress
from media.transport.mux import LocalSocket
from media.transport.srtp import queue_rtcp

log = logging.getLogger(__name__)

IDLE_S = 3600.0
RETRY_S = 0.001


class Pump:
    """See the module.

    Args:
        rooms: of this worker, by name.
        sockets: watched while they are full.
        dumps: told what peers are told.
    """

    def __init__(
        self,
        rooms: Mapping[str, Room],
        egress: Egress,
        sockets: Sequence[LocalSocket],
        dumps: Dumps,
        counters: Counters,
        mishaps: Mishaps,
    ) -> None:
        self.lag = LoopLag()
        self._rooms = rooms
        self._egress = egress
        self._sockets = sockets
        self._dumps = dumps
        self._counters = counters
        self._mishaps = mishaps
        self._dirty: dict[Room, None] = {}  # rooms with something to flush
        self._oldest = float("inf")  # arrival of the first packet they got
        self._governor = Governor(time.monotonic(), time.thread_time())
        self._watching = False  # a socket was full
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = float("inf")  # monotonic seconds

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        for local in self._sockets:
            self._loop.remove_writer(local.socket.fileno())

    def stir(self, room: Room, arrived: float) -> None:
        """The room got a packet that arrived then."""
        self._dirty[room] = None
        self._oldest = min(self._oldest, arrived)

    def forget(self, room: Room) -> None:
        self._dirty.pop(room, None)

    def gathered(self) -> int:
        """About how many copies `burst_end` will make."""
        return sum(room.copies_waiting for room in self._dirty)

    def burst_end(self, now: float) -> int:
        """Send what rooms made of the packets they got; how many copies."""
        copies = 0
        for room in self._dirty:
            try:
                room.flush(now)
            except Exception:
                self._mishaps.note("forwarding a burst")
            copies += room.copies_last_flush
            self._arm(room.next_deadline(now), now)
        self._dirty.clear()
        self._mind_full_sockets()
        if copies:
            self._governor.note(time.monotonic() - self._oldest, copies)
        self._oldest = float("inf")
        return copies

    def _mind_full_sockets(self) -> None:
        """Datagrams that found their socket full leave as soon as one takes more."""
        if self._egress.pending and not self._watching:
            self._watching = True
            for local in self._sockets:
                self._loop.add_writer(local.socket.fileno(), self._on_writable)

    def _on_writable(self) -> None:
        self._egress.flush()
        if not self._egress.pending:
            self._watching = False
            for local in self._sockets:
                self._loop.remove_writer(local.socket.fileno())

    def _poll(self) -> None:
        """The timer: RTCP that is due, slots that move on."""
        now = time.monotonic()
        self.lag.note(self._timer_at, now)
        self._timer, self._timer_at = None, float("inf")
        for room in self._rooms.values():
            if room.next_deadline(now) > now:
                continue
            try:
                self._poll_room(room, now)
            except Exception:
                self._mishaps.note("polling a room")
        self._mind_full_sockets()
        self._govern(now)
        self.rearm(time.monotonic())

    def _govern(self, now: float) -> None:
        """More or less is left out when packets leave late, or have been in time for a while."""
        change = self._governor.look(now, time.thread_time())
        if change is None:
            return
        log.warning(
            "relief level %d: copies leave after %.0f ms, %.0f %% of a core in use",
            change.level,
            change.late_s * 1000,
            change.busy * 100,
        )
        self._counters.add("relief_changes")
        for room in self._rooms.values():
            room.relieve(change.level, now)

    @property
    def relief(self) -> int:
        return self._governor.level

    def _poll_room(self, room: Room, now: float) -> None:
        for peer, packet in room.poll(now):
            if self._dumps.running:
                self._dumps.said(peer.id, packet, now)
            if not queue_rtcp(self._egress, peer, packet):
                self._counters.add("drop_rtcp_out")
        room.flush(now)

    def rearm(self, now: float) -> None:
        """A room whose deadline is over although it was polled is tried again after `RETRY_S`."""
        deadlines = [room.next_deadline(now) for room in self._rooms.values()]
        if deadlines:
            self._arm(max(min(deadlines), now + RETRY_S), now)

    def _arm(self, deadline: float, now: float) -> None:
        """Let the timer run at `deadline` unless it runs sooner anyway."""
        if deadline < self._timer_at and deadline - now < IDLE_S:
            if self._timer is not None:
                self._timer.cancel()
            self._timer_at = deadline
            self._timer = self._loop.call_later(max(0.0, deadline - now), self._poll)
