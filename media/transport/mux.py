"""Datagrams in: one non-blocking UDP socket per announced address, told apart by first byte.

Each socket is bound to the address the answer announces: a socket bound to 0.0.0.0 may reply from
another one, and then no browser connects.

Arrival times are the kernel's: bandwidth estimators at the other end read them, and a busy loop
must not look like a slow network. Everything that waits is read before anything is sent, up to a
budget of copies: most datagrams are feedback, and packets of a frame that leave together cost less.
"""

import asyncio
import contextlib
import logging
import socket
import sys
import time
from collections import Counter
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import Protocol

from media.mishaps import Mishaps
from media.peer import Endpoint, UdpEndpoint
from media.transport.ice import Address
from media.transport.receive import SO_TIMESTAMPNS, receiver
from media.transport.srtp import InPlace

log = logging.getLogger(__name__)

DATAGRAM_BYTES = 2048  # one RTP packet plus room for the tail libsrtp strips
BATCH_DATAGRAMS = 32
MOST_DATAGRAMS = 512  # of one look; feedback costs about 10 us each
BUDGET_COPIES = 4000  # about 15 ms of forwarding
SOCKET_BUFFER_BYTES = 8 * 1024 * 1024
SMALL_BUFFER_BYTES = 1024 * 1024  # holds about 100 ms of 5,000 packets a second
BUSY_PER_S = 1500  # datagrams; a wake-up costs more than taking one
GATHER_S = 0.0002  # Chromium sends the packets of a frame 26 us apart
COUNT_S = 0.1
_ANY_PORT_TRIES = 20
_SO_SNDBUFFORCE, _SO_RCVBUFFORCE = 32, 33  # Linux, need CAP_NET_ADMIN


class Local(Protocol):
    """One of our endpoints: a UDP socket, or a listener for ICE-TCP."""

    @property
    def path(self) -> str:
        """ "udp" or "tcp"."""

    index: int  # position among the worker's endpoints; `Path.endpoint`

    def send(self, datagram: bytes, address: Address) -> bool:
        """Send one datagram now; False when it cannot be."""

    def endpoint(self, address: Address, voices: AbstractSet[int] = ...) -> Endpoint:
        """How the packet path reaches `address`; `voices` are the SSRCs that must not wait."""


class LocalSocket:
    """One bound UDP socket."""

    path = "udp"

    def __init__(self, index: int, sock: socket.socket) -> None:
        self.index = index
        self.socket = sock
        self.host: str = sock.getsockname()[0]
        self.port: int = sock.getsockname()[1]

    def send(self, datagram: bytes, address: Address) -> bool:
        """Send one datagram now; False when the socket is full or the address unreachable."""
        try:
            self.socket.sendto(datagram, address)
        except OSError:
            return False
        return True

    def endpoint(self, address: Address, voices: AbstractSet[int] = frozenset()) -> Endpoint:
        """How the packet path reaches `address` through this socket."""
        return UdpEndpoint(fd=self.socket.fileno(), address=address)

    def close(self) -> None:
        self.socket.close()


class Sink(Protocol):
    """Who takes the datagrams of a multiplexer."""

    def on_stun(self, local: Local, address: Address, datagram: bytes, now: float) -> bool:
        """First byte 0…3. True: a valid connectivity check."""

    def on_dtls(self, local: Local, address: Address, datagram: bytes, now: float) -> None:
        """First byte 20…63."""

    def on_srtp(
        self, local: Local, address: Address, packet: InPlace, size: int, now: float
    ) -> None:
        """First byte 128…191; SRTP or SRTCP."""

    def gathered(self) -> int:
        """About how many copies the end of the burst will make."""

    def on_burst_end(self, now: float) -> int:
        """The batch is over: send what has gathered. Returns the copies made."""


def open_sockets(hosts: Sequence[str], port: int) -> list[LocalSocket]:
    """One bound socket per host, all on the same port; port 0 takes any that is free on all.

    Raises:
        OSError: an address is not ours or the port is in use.
    """
    for attempt in range(_ANY_PORT_TRIES):
        try:
            return _bind_all(hosts, port)
        except OSError:
            if port != 0 or attempt == _ANY_PORT_TRIES - 1:
                raise
    raise AssertionError("unreachable")


def _bind_all(hosts: Sequence[str], port: int) -> list[LocalSocket]:
    sockets: list[LocalSocket] = []
    try:
        for index, host in enumerate(hosts):
            sockets.append(LocalSocket(index, _bind(host, port)))
            port = sockets[0].port
    except OSError:
        for local in sockets:
            local.close()
        raise
    return sockets


def _bind(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_DGRAM)
    try:
        sock.setblocking(False)
        _enlarge_buffers(sock)
        if sys.platform == "linux":
            sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind((host, port))
    except OSError:
        sock.close()
        raise
    return sock


def _enlarge_buffers(sock: socket.socket) -> None:
    """Room for what comes while the loop is busy: beyond the system's limit where we may."""
    for option, forced in (
        (socket.SO_RCVBUF, _SO_RCVBUFFORCE),
        (socket.SO_SNDBUF, _SO_SNDBUFFORCE),
    ):
        sock.setsockopt(socket.SOL_SOCKET, option, SOCKET_BUFFER_BYTES)
        if sys.platform == "linux":
            with contextlib.suppress(PermissionError):
                sock.setsockopt(socket.SOL_SOCKET, forced, SOCKET_BUFFER_BYTES)
    granted = sock.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)
    if granted < SMALL_BUFFER_BYTES:
        log.warning(
            "the receive buffer of the media port is %d kB: raise net.core.rmem_max",
            granted // 1024,
        )


class Pace:
    """Whether datagrams come so often that it is cheaper to let some gather."""

    def __init__(self, now: float) -> None:
        self.busy = False
        self._since = now
        self._counted = 0

    def note(self, datagrams: int, now: float) -> None:
        self._counted += datagrams
        elapsed = now - self._since
        if elapsed >= COUNT_S:
            self.busy = self._counted >= elapsed * (BUSY_PER_S / 2 if self.busy else BUSY_PER_S)
            self._since, self._counted = now, 0


class UdpMux:
    """Reads the sockets on the running loop and hands datagrams to `sink`.

    Where many datagrams come, most are feedback of many subscribers: then the loop waits a moment
    before it reads, which saves wake-ups and gathers the packets of a frame. Timers of the loop
    would wait a millisecond and more.
    """

    def __init__(self, sockets: Sequence[LocalSocket], sink: Sink, mishaps: Mishaps) -> None:
        self.sockets = tuple(sockets)
        self.drops: Counter[str] = Counter()
        self.datagrams_in = 0
        self._sink = sink
        self._mishaps = mishaps
        packets = [InPlace(DATAGRAM_BYTES) for _ in range(BATCH_DATAGRAMS)]
        self._receiver = receiver(packets, self.drops)
        self._batch = BATCH_DATAGRAMS
        self._loop = asyncio.get_running_loop()
        self._pace = Pace(time.monotonic())
        for local in self.sockets:
            self._loop.add_reader(local.socket.fileno(), self._readable, local)

    def close(self) -> None:
        for local in self.sockets:
            with contextlib.suppress(OSError, ValueError):
                self._loop.remove_reader(local.socket.fileno())
            local.close()

    def _readable(self, local: LocalSocket) -> None:
        if self._pace.busy:
            time.sleep(GATHER_S)
        self._work(local)

    def _work(self, local: LocalSocket) -> None:
        """What waits, up to the budget."""
        taken, more = 0, True
        while more and taken < MOST_DATAGRAMS and self._sink.gathered() < BUDGET_COPIES:
            found = self._take(local)
            taken += found
            more = found >= self._batch
        now = time.monotonic()
        if taken:
            self.datagrams_in += taken
            copies = self._sink.on_burst_end(now)
            per_datagram = max(1, copies // taken)
            self._batch = max(1, min(BATCH_DATAGRAMS, BUDGET_COPIES // per_datagram))
        self._pace.note(taken, now)

    def _take(self, local: LocalSocket) -> int:
        """Deliver one batch; how many it had."""
        batch = self._receiver.take(local.socket, self._batch)
        for packet, size, address, arrived in batch:
            try:
                if deliver(self._sink, local, packet, size, address, arrived) is None:
                    self.drops["unknown_first_byte"] += 1
            except Exception:
                self._mishaps.note("taking a datagram")
        return len(batch)


def deliver(
    sink: Sink, local: Local, packet: InPlace, size: int, address: Address, arrived: float
) -> bool | None:
    """Demultiplex by first byte: RFC 7983 section 7.

    Returns:
        True for a valid connectivity check, None for what is none of ours.
    """
    first = packet.buffer[0] if size else 255
    if 128 <= first <= 191:
        sink.on_srtp(local, address, packet, size, arrived)
    elif first <= 3:
        return sink.on_stun(local, address, bytes(packet.buffer[:size]), arrived)
    elif 20 <= first <= 63:
        sink.on_dtls(local, address, bytes(packet.buffer[:size]), arrived)
    else:
        return None
    return False
