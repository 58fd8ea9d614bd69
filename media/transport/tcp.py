"""ICE-TCP, passive: datagrams over TCP connections that clients open, for networks that block UDP.

A connection must begin with a valid connectivity check; afterwards it carries the same datagrams as
the UDP port, each with its length before it (`framing.py`). It is one more remote address to ICE: a
client nominates it as it would a UDP path, and may move between both.

The kernel holds only what is on its way (TCP_NOTSENT_LOWAT): what has to wait, waits in our queue,
where voices and pictures that come too late are dropped.

Source: RFC 6544 sections 4.1 and 7.2.
"""

import asyncio
import contextlib
import logging
import socket
import time
from collections import Counter
from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet

from media.mishaps import Mishaps
from media.peer import Endpoint, StreamEndpoint
from media.transport.framing import BadFrame, Deframer, WriteQueue
from media.transport.ice import CONSENT_S, Address, Path
from media.transport.mux import Sink, deliver
from media.transport.srtp import InPlace

log = logging.getLogger(__name__)

MAX_CONNECTIONS = 1024  # of one worker
MAX_PER_HOST = 320  # a whole province may stand behind one translating router
MAX_UNPROVEN = 256  # before their first valid check
FIRST_CHECK_S = 5.0  # from accept to the first valid check
STALL_S = 10.0  # a connection that takes no byte this long, with something waiting, is closed
BACKLOG = 128
UNSENT_BYTES = 4096  # that the kernel takes beyond what is on its way: 0.5 s at 64 kbit/s
READ_BYTES = 64 * 1024
_ACCEPTS = 16  # in one wake-up


class Connection:
    """One accepted connection. Made and closed by `TcpMux`."""

    __slots__ = (
        "accepted",
        "address",
        "checked",
        "deframer",
        "listener",
        "moved",
        "partial",
        "queue",
        "socket",
        "watched",
    )

    def __init__(
        self,
        listener: "TcpListener",
        sock: socket.socket,
        address: Address,
        drops: Counter[str],
        now: float,
    ) -> None:
        self.listener = listener
        self.socket = sock
        self.address = address
        self.accepted = now  # monotonic seconds
        self.checked: float | None = None  # last valid check
        self.moved = now  # when the kernel last took bytes, or had nothing to take
        self.deframer = Deframer()
        self.queue = WriteQueue(drops)
        self.partial = b""  # the rest of a frame that has begun
        self.watched = False  # waits until the kernel takes more

    @property
    def unsent(self) -> bool:
        return bool(self.partial or self.queue)


class TcpListener:
    """A listening socket of one announced address. Stands beside `LocalSocket`s with its methods.

    Args:
        index: position among the worker's endpoints; `Path.endpoint`.
    """

    path = "tcp"

    def __init__(self, index: int, sock: socket.socket) -> None:
        self.index = index
        self.socket = sock
        self.host: str = sock.getsockname()[0]
        self.port: int = sock.getsockname()[1]
        self.connections: dict[Address, Connection] = {}
        self.mux: TcpMux | None = None  # that serves it

    def send(self, datagram: bytes, address: Address) -> bool:
        """Frame and write, or queue; False when there is no such connection."""
        connection = self.connections.get(address)
        if connection is None or self.mux is None:
            return False
        self.mux.write(connection, datagram)
        return True

    def endpoint(self, address: Address, voices: AbstractSet[int] = frozenset()) -> Endpoint:
        """How the packet path reaches `address`; `voices` are the SSRCs to send first."""
        connection = self.connections.get(address)
        if connection is not None:
            connection.queue.voices = voices
        return StreamEndpoint(lambda datagram: self._forward(datagram, address))

    def _forward(self, datagram: bytes, address: Address) -> None:
        if not self.send(datagram, address) and self.mux is not None:
            self.mux.drops["tcp_gone"] += 1

    def close(self) -> None:
        self.socket.close()


def listen(host: str, port: int, index: int) -> TcpListener:
    """A listening socket.

    Raises:
        OSError: the address is not ours or the port is in use.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind((host, port))
        sock.listen(BACKLOG)
    except OSError:
        sock.close()
        raise
    return TcpListener(index, sock)


class TcpMux:
    """Accepts and reads connections on the running loop, and hands their datagrams to `sink`.

    Args:
        on_gone: called with a listener and the remote address when a connection has ended.
    """

    def __init__(
        self,
        listeners: Sequence[TcpListener],
        sink: Sink,
        mishaps: Mishaps,
        on_gone: Callable[[TcpListener, Address], None],
    ) -> None:
        self.listeners = tuple(listeners)
        self.drops: Counter[str] = Counter()
        self.datagrams_in = 0
        self._sink = sink
        self._mishaps = mishaps
        self._on_gone = on_gone
        self._packet = InPlace(2048)
        self._hosts: Counter[str] = Counter()  # connections by remote host
        self._unproven = 0
        self._loop = asyncio.get_running_loop()
        for listener in self.listeners:
            listener.mux = self
            self._loop.add_reader(listener.socket.fileno(), self._accept, listener)

    @property
    def connections(self) -> int:
        return sum(len(listener.connections) for listener in self.listeners)

    def close(self) -> None:
        for listener in self.listeners:
            for connection in list(listener.connections.values()):
                self._end(connection)
            self._loop.remove_reader(listener.socket.fileno())
            listener.close()

    def expire(self, now: float) -> None:
        """Close connections without a first check in time, without consent, and stuck ones."""
        for listener in self.listeners:
            for connection in list(listener.connections.values()):
                if connection.checked is None:
                    if now - connection.accepted > FIRST_CHECK_S:
                        self.drops["tcp_no_check"] += 1
                        self._end(connection)
                elif now - connection.checked > CONSENT_S:
                    self._end(connection)
                elif connection.unsent and now - connection.moved > STALL_S:
                    self.drops["tcp_stalled"] += 1
                    self._end(connection)

    def end(self, path: Path) -> None:
        """Close one connection, if it is there; what waits in it is given up."""
        for listener in self.listeners:
            connection = listener.connections.get(path.address)
            if connection is not None and listener.index == path.endpoint:
                self._end(connection)

    # In

    def _accept(self, listener: TcpListener) -> None:
        for _ in range(_ACCEPTS):
            try:
                sock, address = listener.socket.accept()
            except (BlockingIOError, InterruptedError):
                return
            except OSError:
                self.drops["tcp_accept_error"] += 1
                return
            if self._is_full(str(address[0])):
                self.drops["tcp_full"] += 1
                sock.close()
                continue
            try:
                _prepare(sock)
            except OSError:  # it is gone already
                sock.close()
                continue
            connection = Connection(listener, sock, address, self.drops, time.monotonic())
            listener.connections[address] = connection
            self._hosts[str(address[0])] += 1
            self._unproven += 1
            self._loop.add_reader(sock.fileno(), self._readable, connection)

    def _is_full(self, host: str) -> bool:
        return (
            self.connections >= MAX_CONNECTIONS
            or self._unproven >= MAX_UNPROVEN
            or self._hosts[host] >= MAX_PER_HOST
        )

    def _readable(self, connection: Connection) -> None:
        try:
            data = connection.socket.recv(READ_BYTES)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            data = b""
        if not data:
            self._end(connection)
            return
        now = time.monotonic()
        try:
            datagrams = connection.deframer.feed(data)
        except BadFrame:
            self.drops["tcp_bad_frame"] += 1
            self._end(connection)
            return
        for datagram in datagrams:
            if connection.socket.fileno() < 0:
                break  # closed by what it sent before
            self._take(connection, datagram, now)
        self.datagrams_in += len(datagrams)
        self._sink.on_burst_end(time.monotonic())

    def _take(self, connection: Connection, datagram: bytes, now: float) -> None:
        """One datagram; the first must be a valid check."""
        size = len(datagram)
        self._packet.buffer[:size] = datagram
        try:
            check = deliver(
                self._sink, connection.listener, self._packet, size, connection.address, now
            )
        except Exception:
            self._mishaps.note("taking a datagram")
            return
        if check is None:
            self.drops["unknown_first_byte"] += 1
        if check:
            if connection.checked is None:
                self._unproven -= 1
            connection.checked = now
        elif connection.checked is None:
            self.drops["tcp_no_check"] += 1
            self._end(connection)

    # Out

    def write(self, connection: Connection, datagram: bytes) -> None:
        """Never raises: what cannot be written waits, or is dropped and counted."""
        now = time.monotonic()
        if not connection.unsent:
            connection.moved = now
        connection.queue.push(datagram, now)
        if not connection.watched:
            self._flush(connection, now)

    def _writable(self, connection: Connection) -> None:
        self._flush(connection, time.monotonic())

    def _flush(self, connection: Connection, now: float) -> None:
        """Write until the kernel takes no more; then wait for it."""
        sock = connection.socket
        while frame := connection.partial or connection.queue.take(now):
            try:
                sent = sock.send(frame)
            except (BlockingIOError, InterruptedError):
                sent = 0
            except OSError:
                # Not from here: the packet path is in the middle of a burst.
                self._loop.call_soon(self._end, connection)
                connection.partial = b""
                return
            if sent:
                connection.moved = now
            connection.partial = frame[sent:]
            if connection.partial:
                break
        self._watch(connection, connection.unsent)

    def _watch(self, connection: Connection, wanted: bool) -> None:
        if wanted == connection.watched:
            return
        connection.watched = wanted
        if wanted:
            self._loop.add_writer(connection.socket.fileno(), self._writable, connection)
        else:
            self._loop.remove_writer(connection.socket.fileno())

    def _end(self, connection: Connection) -> None:
        """May be called twice."""
        sock = connection.socket
        if sock.fileno() < 0:
            return
        self._watch(connection, False)
        self._loop.remove_reader(sock.fileno())
        with contextlib.suppress(OSError):
            sock.close()
        host = str(connection.address[0])
        self._hosts[host] -= 1
        if not self._hosts[host]:
            del self._hosts[host]
        if connection.checked is None:
            self._unproven -= 1
        connection.listener.connections.pop(connection.address, None)
        self._on_gone(connection.listener, connection.address)


def _prepare(sock: socket.socket) -> None:
    sock.setblocking(False)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if hasattr(socket, "TCP_NOTSENT_LOWAT"):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT_BYTES)
    if hasattr(socket, "TCP_USER_TIMEOUT"):  # milliseconds; Linux
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(STALL_S * 1000))
