"""Sockets between the workers of one machine; what goes over them decides `media.forward.relay`.

One pair of unix datagram sockets for two workers, in a folder only the service's user may enter.
Each end is connected to the other: then the kernel takes datagrams from nobody else, and a busy
worker is not limited to the few datagrams of `net.unix.max_dgram_qlen` (10 in many systems).
"""

import asyncio
import contextlib
import socket
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from media.drops import Counters
from media.forward.relay import RelayLink
from media.forward.room import Room
from media.mishaps import Mishaps
from media.transport.mux import BATCH_DATAGRAMS, BUDGET_COPIES, SOCKET_BUFFER_BYTES

DATAGRAM_BYTES = 65536  # announcements of a peer with many codecs
SOON_S = 0.02  # changes within this are told together
_SO_SNDBUFFORCE = 32  # Linux, needs CAP_NET_ADMIN


@dataclass(frozen=True, slots=True)
class LinkPlace:
    """Where this worker is among the others."""

    folder: Path  # holds the sockets of all workers; mode 0700
    number: int


class LinkSocket:
    """Our end of the pair with one other worker. Never raises: what cannot leave is counted."""

    def __init__(self, mine: Path, theirs: Path, counters: Counters) -> None:
        self._theirs = str(theirs)
        self._counters = counters
        self._connected = False
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.setblocking(False)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SOCKET_BUFFER_BYTES)
        if sys.platform == "linux":
            with contextlib.suppress(PermissionError):
                self.socket.setsockopt(socket.SOL_SOCKET, _SO_SNDBUFFORCE, SOCKET_BUFFER_BYTES)
        with contextlib.suppress(FileNotFoundError):
            mine.unlink()  # of a process that died
        self.socket.bind(str(mine))

    def connect(self) -> None:
        """To the other end, if it is there; a few times a second while it is not."""
        if not self._connected:
            with contextlib.suppress(OSError):
                self.socket.connect(self._theirs)
                self._connected = True

    def send(self, datagram: bytes) -> bool:
        try:
            self.socket.send(datagram)
        except BlockingIOError:
            self._counters.add("drop_relay_full")
            return False
        except OSError:  # not there, or gone: it starts anew under the same name
            self._connected = False
            self._counters.add("drop_relay_absent")
            return False
        self._counters.add("relay_out")
        return True


class Links:
    """All links of this worker.

    Args:
        rooms: of this worker, by name.
        dirty: called with a room that got a packet, and when; they leave at `burst_end`.
        burst_end: sends what has gathered, returns the copies made.
        changed: called with a room that must be looked at: wanted layers, deadlines.
    """

    def __init__(
        self,
        place: LinkPlace,
        rooms: Mapping[str, Room],
        counters: Counters,
        mishaps: Mishaps,
        *,
        dirty: Callable[[Room, float], None],
        burst_end: Callable[[float], int],
        changed: Callable[[Room], None],
    ) -> None:
        self._place = place
        self._rooms = rooms
        self._counters = counters
        self._mishaps = mishaps
        self._dirty = dirty
        self._burst_end = burst_end
        self._changed = changed
        self._links: dict[int, tuple[LinkSocket, RelayLink]] = {}
        self._buffer = bytearray(DATAGRAM_BYTES)
        self._view = memoryview(self._buffer)
        self._batch = BATCH_DATAGRAMS
        self._loop = asyncio.get_running_loop()
        self._soon: asyncio.TimerHandle | None = None

    def share(self, room: str, worker: int) -> None:
        """Another worker has the room, too.

        Raises:
            OSError: no socket can be made.
        """
        if worker not in self._links:
            self._links[worker] = self._open(worker)
        self._links[worker][1].share(room)
        self.stir()

    def unshare(self, room: str, worker: int, now: float) -> None:
        if worker in self._links:
            self._links[worker][1].unshare(room, now)

    def close_room(self, room: str, now: float) -> None:
        for _, link in self._links.values():
            link.unshare(room, now)

    def forget_peer(self, room: str, peer_id: str, now: float) -> None:
        """It connects to this worker."""
        for _, link in self._links.values():
            link.forget_peer(room, peer_id, now)

    def stir(self) -> None:
        """Something of ours changed: tell the others soon."""
        if self._links and self._soon is None:
            self._soon = self._loop.call_later(SOON_S, self._poll_soon)

    def _poll_soon(self) -> None:
        self._soon = None
        self.poll(time.monotonic())

    def poll(self, now: float) -> None:
        """A few times a second."""
        for end, link in self._links.values():
            end.connect()
            try:
                link.poll(now)
            except Exception:
                self._mishaps.note("announcing to another worker")

    def close(self) -> None:
        if self._soon is not None:
            self._soon.cancel()
        for end, _ in self._links.values():
            self._loop.remove_reader(end.socket.fileno())
            end.socket.close()
        self._links.clear()

    def snapshot(self) -> dict[str, object]:
        return {str(worker): link.snapshot() for worker, (_, link) in self._links.items()}

    def _open(self, worker: int) -> tuple[LinkSocket, RelayLink]:
        number = self._place.number
        mine = self._place.folder / f"{number}-{worker}"
        theirs = self._place.folder / f"{worker}-{number}"
        end = LinkSocket(mine, theirs, self._counters)
        end.connect()
        link = RelayLink(self._rooms, self._counters, end.send, self._changed)
        self._loop.add_reader(end.socket.fileno(), self._readable, end, link)
        return end, link

    def _readable(self, end: LinkSocket, link: RelayLink) -> None:
        """A batch, its size bounded by the copies it makes: as `UdpMux`."""
        taken = 0
        now = time.monotonic()
        for _ in range(self._batch):
            try:
                size = end.socket.recv_into(self._buffer)
            except OSError:  # nothing more
                break
            taken += 1
            try:
                room = link.on_datagram(self._view[:size], now)
            except Exception:
                self._mishaps.note("taking a relayed datagram")
                continue
            if room is not None:
                self._dirty(room, now)
        if taken:
            copies = self._burst_end(time.monotonic())
            self._batch = max(1, min(BATCH_DATAGRAMS, BUDGET_COPIES // max(1, copies // taken)))
