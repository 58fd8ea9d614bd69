"""Sends datagrams: one sendmmsg per burst, UDP GSO where the kernel has it, single sends elsewhere.

Copies are built in an arena of equal slots, encrypted there, and queued as messages that point
into it. A message holds one datagram, or several equally long ones to one peer (UDP_SEGMENT, Linux
4.18), which the kernel cuts apart again: it walks its send path once for all of them.
"""

import ctypes
import errno
import socket
import struct
from collections import deque
from collections.abc import Sequence
from typing import Any, cast

import numpy as np
import numpy.typing as npt
from pylibsrtp._binding import ffi

from media.drops import Counters, DropReason

SLOTS = 1024
STRIDE = 1600  # bytes of a slot: a 1,500-byte packet and the SRTP tag, a multiple of 64
MAX_DATAGRAM = 1500  # before encryption
MAX_SEGMENTS = 16  # datagrams in one GSO message
MAX_PENDING = 2048  # datagrams kept while a socket is full

_SOL_UDP = 17
_UDP_SEGMENT = 103
_CMSG_BYTES = 18  # CMSG_LEN(sizeof(uint16_t))
_CMSG_SPACE = 24
_MESSAGE_BYTES = 64
_MAX_VLEN = 1024  # UIO_MAXIOV
_FULL = (errno.EAGAIN, errno.EWOULDBLOCK, errno.ENOBUFS)
_NO_GSO_AT_ALL = (errno.EIO, errno.EOPNOTSUPP, errno.ENOPROTOOPT)

# struct mmsghdr on 64-bit Linux.
_MESSAGE = np.dtype(
    [
        ("name", "u8"),
        ("namelen", "u8"),
        ("iov", "u8"),
        ("iovlen", "u8"),
        ("control", "u8"),
        ("controllen", "u8"),
        ("flags", "u8"),
        ("sent", "u8"),
    ]
)
_MESSAGE_STRUCT = struct.Struct("=8Q")
_IOV = np.dtype([("base", "u8"), ("len", "u8")])
_CONTROL = np.dtype(
    [("len", "u8"), ("level", "i4"), ("type", "i4"), ("size", "u2"), ("rest", "u2", 3)]
)

U64Array = npt.NDArray[np.uint64]


class SocketAddress:
    """A sockaddr at a fixed place in memory, for message headers."""

    __slots__ = ("_buffer", "length", "name")

    def __init__(self, address: tuple[Any, ...]) -> None:
        host, port = str(address[0]), int(address[1])
        if ":" in host:
            flow = int(address[2]) if len(address) > 2 else 0
            scope = int(address[3]) if len(address) > 3 else 0
            data = (
                struct.pack("=H", socket.AF_INET6)
                + struct.pack("!HI", port, flow)
                + socket.inet_pton(socket.AF_INET6, host.partition("%")[0])
                + struct.pack("=I", scope)
            )
        else:
            data = (
                struct.pack("=H", socket.AF_INET)
                + struct.pack("!H", port)
                + socket.inet_pton(socket.AF_INET, host)
                + bytes(8)
            )
        self._buffer = ctypes.create_string_buffer(data, len(data))
        self.name = ctypes.addressof(self._buffer)
        self.length = len(data)


def kernel_has_gso() -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.getsockopt(_SOL_UDP, _UDP_SEGMENT)
        except OSError:
            return False
    return True


class Egress:
    """Arena of datagrams being built, and the queue towards the kernel. One per worker process.

    `Egress()` picks the fastest way this kernel offers; `Egress(gso=False)` and
    `Egress(sendmmsg=False)` force the others. Sockets must be non-blocking. When a socket is full,
    datagrams wait (the oldest are dropped and counted beyond MAX_PENDING) for the next `flush`.
    """

    def __init__(
        self,
        counters: Counters | None = None,
        *,
        gso: bool | None = None,
        sendmmsg: bool | None = None,
    ) -> None:
        self.counters = counters if counters is not None else Counters()
        self._libc = ctypes.CDLL(None, use_errno=True)
        available = hasattr(self._libc, "sendmmsg")
        self.sendmmsg = available if sendmmsg is None else sendmmsg and available
        self.gso = self.sendmmsg and (kernel_has_gso() if gso is None else gso)
        self._bind_libc(available)
        arena = np.zeros(SLOTS * STRIDE, np.uint8)
        self.bytes_view = arena.reshape(SLOTS, STRIDE)
        self.memory = memoryview(cast(bytes, arena))
        base = ffi.cast("char *", ffi.from_buffer(arena))
        self.pointers: list[Any] = [base + i * STRIDE for i in range(SLOTS)]
        self.lengths = np.zeros(SLOTS, np.int32)
        self.length_memory = memoryview(cast(bytes, self.lengths))
        lengths = ffi.cast("int *", ffi.from_buffer(self.lengths))
        self.length_pointers: list[Any] = [lengths + i for i in range(SLOTS)]
        self._arena_address = arena.ctypes.data
        self._iov = np.zeros(SLOTS, _IOV)
        self._iov["base"] = self._arena_address + np.arange(SLOTS, dtype=np.uint64) * STRIDE
        self._iov_lengths = self._iov["len"]
        self._iov_address = self._iov.ctypes.data
        self._messages = np.zeros(SLOTS, _MESSAGE)
        self._table = self._messages.view(np.uint64).reshape(SLOTS, -1)
        self._message_memory = memoryview(cast(bytes, self._messages.view(np.uint8)))
        self._message_address = self._messages.ctypes.data
        self._control = np.zeros(SLOTS, _CONTROL)
        self._control["len"] = _CMSG_BYTES
        self._control["level"] = _SOL_UDP
        self._control["type"] = _UDP_SEGMENT
        self._control_sizes = self._control["size"]
        self._control_address = self._control.ctypes.data
        places = np.arange(SLOTS, dtype=np.uint64)
        self._iov_addresses = self._iov_address + places * _IOV.itemsize
        self._control_addresses = self._control_address + places * _CMSG_SPACE
        self._cursor = 0
        self._count = 0  # messages
        self._runs: list[list[int]] = []  # [fd, first message, messages]
        self._pending: deque[tuple[int, bytes, bytes]] = deque()
        self._refused_gso = 0

    def _bind_libc(self, available: bool) -> None:
        if available:
            self._libc.sendmmsg.argtypes = [
                ctypes.c_int,
                ctypes.c_void_p,
                ctypes.c_uint,
                ctypes.c_int,
            ]
        self._libc.sendto.argtypes = [
            ctypes.c_int,
            ctypes.c_void_p,
            ctypes.c_size_t,
            ctypes.c_int,
            ctypes.c_void_p,
            ctypes.c_uint,
        ]
        self._libc.sendto.restype = ctypes.c_ssize_t

    @property
    def pending(self) -> int:
        """Datagrams that wait for a full socket."""
        return len(self._pending)

    def reserve(self, count: int) -> int:
        """First of `count` neighbouring slots; sends what is queued when the arena is used up."""
        if self._cursor + count > SLOTS:
            self.flush()
        slot = self._cursor
        self._cursor += count
        return slot

    def push(
        self, fd: int, slot: int, count: int, name: int, namelen: int, segment_bytes: int
    ) -> None:
        """Queue `count` datagrams of neighbouring slots to one address.

        With GSO they become one message: all must be `segment_bytes` long, the last may be shorter.
        """
        if count > 1 and not self.gso:
            for one in range(slot, slot + count):
                self.push(fd, one, 1, name, namelen, 0)
            return
        index = self._enter(fd, 1)
        lengths = self.length_memory
        for one in range(slot, slot + count):
            self._iov_lengths[one] = lengths[one]
        control = space = 0
        if count > 1:
            self._control_sizes[index] = segment_bytes
            control = self._control_address + index * _CMSG_SPACE
            space = _CMSG_SPACE
        _MESSAGE_STRUCT.pack_into(
            self._message_memory,
            index * _MESSAGE_BYTES,
            name,
            namelen,
            self._iov_address + slot * 16,
            count,
            control,
            space,
            0,
            0,
        )

    def push_rows(
        self, fd: int, slot: int, columns: int, addresses: Sequence[tuple[int, int]]
    ) -> None:
        """As `push_matrix`, faster for a few rows."""
        if columns > 1 and not self.gso:
            for row, (name, length) in enumerate(addresses):
                self.push(fd, slot + row * columns, columns, name, length, 0)
            return
        index = self._enter(fd, len(addresses))
        end = slot + len(addresses) * columns
        self._iov_lengths[slot:end] = self.lengths[slot:end]
        place, memory, write = (
            index * _MESSAGE_BYTES,
            self._message_memory,
            _MESSAGE_STRUCT.pack_into,
        )
        vector = self._iov_address + slot * 16
        control = space = 0
        for name, length in addresses:
            if columns > 1:
                self._control_sizes[index] = self.lengths[slot]
                control, space = self._control_address + index * _CMSG_SPACE, _CMSG_SPACE
                index += 1
                slot += columns
            write(memory, place, name, length, vector, columns, control, space, 0, 0)
            place += _MESSAGE_BYTES
            vector += 16 * columns

    def push_matrix(self, fd: int, slot: int, rows: int, columns: int, addresses: U64Array) -> None:
        """Queue rows x columns datagrams, row by row from `slot`; each row goes to one address.

        All of a row are as long as its first, the last may be shorter.

        Args:
            addresses: `name` and `length` of a SocketAddress for every row.
        """
        if columns > 1 and not self.gso:
            addresses = np.repeat(addresses, columns, axis=0)
            rows, columns = rows * columns, 1
        index = self._enter(fd, rows)
        end = slot + rows * columns
        self._iov_lengths[slot:end] = self.lengths[slot:end]
        messages = self._table[index : index + rows]
        messages[:, :2] = addresses
        messages[:, 2] = self._iov_addresses[slot:end:columns]
        messages[:, 3:6] = (columns, 0, 0)
        if columns > 1:
            self._control_sizes[index : index + rows] = self.lengths[slot:end:columns]
            messages[:, 4] = self._control_addresses[index : index + rows]
            messages[:, 5] = _CMSG_SPACE

    def _enter(self, fd: int, count: int) -> int:
        index = self._count
        self._count += count
        runs = self._runs
        if runs and runs[-1][0] == fd:
            runs[-1][2] += count
        else:
            runs.append([fd, index, count])
        return index

    def flush(self) -> None:
        """Send everything queued. Never raises: what cannot be sent is counted."""
        if self._pending:
            self._send_pending()
        if self._count:
            for fd, first, count in self._runs:
                self._send_run(fd, first, count)
            self._runs.clear()
            self._count = 0
        self._cursor = 0

    def _send_run(self, fd: int, first: int, count: int) -> None:
        end = first + count
        if self._pending:
            self._keep(fd, first, end)
            return
        if not self.sendmmsg:
            for index in range(first, end):
                self._send_singly(fd, index)
            return
        while first < end:
            sent = self._libc.sendmmsg(
                fd,
                self._message_address + first * _MESSAGE_BYTES,
                min(end - first, _MAX_VLEN),
                socket.MSG_DONTWAIT,
            )
            if sent > 0:
                first += sent
                continue
            code = ctypes.get_errno()
            if code == errno.EINTR:
                continue
            if code in _FULL:
                self._keep(fd, first, end)
                return
            self._refused(fd, first, code)
            first += 1

    def _refused(self, fd: int, index: int, code: int) -> None:
        """The kernel does not take one message: without GSO it may take its datagrams."""
        if int(self._messages["iovlen"][index]) == 1:
            self.counters.drop(DropReason.SEND_ERROR)
            return
        self._refused_gso += 1
        if code in _NO_GSO_AT_ALL or self._refused_gso > 50:
            self.gso = False
        self._send_singly(fd, index)

    def _parts(self, index: int) -> tuple[bytes, list[tuple[int, int]]]:
        """Address, and (memory address, length) of every datagram of a message."""
        message = self._messages[index]
        name = ctypes.string_at(int(message["name"]), int(message["namelen"]))
        slot = (int(message["iov"]) - self._iov_address) // 16
        parts = [
            (self._arena_address + one * STRIDE, int(self._iov_lengths[one]))
            for one in range(slot, slot + int(message["iovlen"]))
        ]
        return name, parts

    def _send_singly(self, fd: int, index: int) -> None:
        name, parts = self._parts(index)
        for address, size in parts:
            if self._pending or not self._send_one(fd, name, address, size):
                self._append(fd, name, ctypes.string_at(address, size))

    def _send_one(self, fd: int, name: bytes, address: int, size: int) -> bool:
        """False when the socket is full."""
        if self._libc.sendto(fd, address, size, socket.MSG_DONTWAIT, name, len(name)) >= 0:
            return True
        if ctypes.get_errno() in _FULL:
            return False
        self.counters.drop(DropReason.SEND_ERROR)
        return True

    def _keep(self, fd: int, first: int, end: int) -> None:
        for index in range(first, end):
            name, parts = self._parts(index)
            for address, size in parts:
                self._append(fd, name, ctypes.string_at(address, size))

    def _append(self, fd: int, name: bytes, datagram: bytes) -> None:
        if len(self._pending) >= MAX_PENDING:
            self._pending.popleft()
            self.counters.drop(DropReason.SEND_QUEUE)
        self._pending.append((fd, name, datagram))

    def _send_pending(self) -> None:
        while self._pending:
            fd, name, datagram = self._pending[0]
            holder = ctypes.create_string_buffer(datagram, len(datagram))
            if not self._send_one(fd, name, ctypes.addressof(holder), len(datagram)):
                return
            self._pending.popleft()
