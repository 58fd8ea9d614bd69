"""Waiting datagrams with the kernel's arrival times: one recvmmsg for all, or one by one."""

import ctypes
import errno
import socket
import struct
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Protocol, cast

import numpy as np
import numpy.typing as npt

from media.transport.ice import Address
from media.transport.srtp import InPlace

SO_TIMESTAMPNS = 35  # Linux, SO_TIMESTAMPNS_OLD: struct timespec of two C longs
_TIMESPEC = struct.Struct("@ll")
_ANCILLARY_BYTES = socket.CMSG_SPACE(_TIMESPEC.size)
_MAX_WAIT_S = 1.0  # in the socket; more is a clock step
_NAME_BYTES = 28  # sockaddr_in6
_KNOWN_ADDRESSES = 4096
_TRUNCATED = int(socket.MSG_TRUNC)
_NOTHING = (errno.EAGAIN, errno.EWOULDBLOCK, errno.EINTR)
_PORT = struct.Struct("!H")
_FLOW = struct.Struct("!I")
_SCOPE = struct.Struct("=I")

# struct mmsghdr and struct cmsghdr with a timespec, on 64-bit Linux.
_NAME_LENGTH, _CONTROL_LENGTH, _FLAGS, _SIZE, _WORDS = 1, 5, 6, 7, 8  # of 64 bits, of a message
_CONTROL_WORDS = 4
_CONTROL_BYTES = 8 * _CONTROL_WORDS
_STAMPED = socket.SOL_SOCKET | SO_TIMESTAMPNS << 32  # level and type

Received = tuple[InPlace, int, Address, float]  # buffer, bytes in it, from, monotonic seconds


class Receiver(Protocol):
    """Reads a non-blocking UDP socket into buffers of its own, which the next call uses again."""

    def take(self, sock: socket.socket, most: int) -> list[Received]:
        """At most `most` datagrams; what is lost is counted."""


def receiver(packets: Sequence[InPlace], drops: Counter[str]) -> Receiver:
    """The fastest way this system offers."""
    if hasattr(ctypes.CDLL(None), "recvmmsg"):
        return Many(packets, drops)
    return Single(packets, drops)


class Single:
    """One system call a datagram."""

    def __init__(self, packets: Sequence[InPlace], drops: Counter[str]) -> None:
        self._packets = packets
        self._drops = drops

    def take(self, sock: socket.socket, most: int) -> list[Received]:
        batch: list[Received] = []
        now = time.monotonic()
        shift = now - time.time()
        for packet in self._packets[:most]:
            try:
                size, ancillary, flags, address = sock.recvmsg_into(
                    packet.buffers, _ANCILLARY_BYTES
                )
            except (BlockingIOError, InterruptedError):
                break
            except OSError:
                self._drops["socket_error"] += 1
                break
            if flags & socket.MSG_TRUNC:
                self._drops["oversize"] += 1
                continue
            arrived = now
            for _, kind, data in ancillary:
                if kind == SO_TIMESTAMPNS and len(data) == _TIMESPEC.size:
                    seconds, nanoseconds = _TIMESPEC.unpack(data)
                    arrived = arrival(seconds, nanoseconds, shift, now)
            batch.append((packet, size, address, arrived))
        return batch


def kernel_recvmmsg() -> Callable[[int, int, int, int, None], int]:
    """recvmmsg(descriptor, address of the messages, how many, flags, None); -1 and errno."""
    function = ctypes.CDLL(None, use_errno=True).recvmmsg
    function.argtypes = [
        ctypes.c_int,
        ctypes.c_void_p,
        ctypes.c_uint,
        ctypes.c_int,
        ctypes.c_void_p,
    ]
    return cast(Callable[[int, int, int, int, None], int], function)


class Many:
    """All with one recvmmsg, headers read and written as 64-bit words."""

    def __init__(self, packets: Sequence[InPlace], drops: Counter[str]) -> None:
        count = len(packets)
        places = np.arange(count, dtype=np.uint64)
        self._packets = packets
        self._drops = drops
        self._addresses: dict[bytes, Address] = {}
        self._names = np.zeros((count, _NAME_BYTES), np.uint8)
        self._name_memory = memoryview(cast(bytes, self._names.reshape(-1)))
        self._control = np.zeros((count, _CONTROL_WORDS), np.uint64)
        self._control_memory = words(self._control)
        self._vectors = np.array([(p.address, len(p.buffer)) for p in packets], np.uint64)
        self._messages = np.zeros((count, _WORDS), np.uint64)
        self._messages[:, 0] = self._names.ctypes.data + places * _NAME_BYTES
        self._messages[:, 2] = self._vectors.ctypes.data + places * 16
        self._messages[:, 3] = 1
        self._messages[:, _NAME_LENGTH] = _NAME_BYTES
        self._messages[:, _CONTROL_LENGTH] = _CONTROL_BYTES
        self._messages[:, 4] = self._control.ctypes.data + places * _CONTROL_BYTES
        self._memory = words(self._messages)
        self._place = self._messages.ctypes.data
        self._receive = kernel_recvmmsg()

    def take(self, sock: socket.socket, most: int) -> list[Received]:
        most = min(most, len(self._packets))
        found = self._receive(sock.fileno(), self._place, most, socket.MSG_DONTWAIT, None)
        if found <= 0:
            if found < 0 and ctypes.get_errno() not in _NOTHING:
                self._drops["socket_error"] += 1
            return []
        now = time.monotonic()
        shift = now - time.time()
        memory, control, names = self._memory, self._control_memory, self._name_memory
        known = self._addresses
        batch: list[Received] = []
        at = stamp = name_at = 0
        for packet in self._packets[:found]:
            name = names[name_at : name_at + memory[at + _NAME_LENGTH]].tobytes()
            address = known.get(name) or self._learn(name)
            arrived = now
            if memory[at + _CONTROL_LENGTH] and control[stamp + 1] == _STAMPED:
                arrived = arrival(control[stamp + 2], control[stamp + 3], shift, now)
            memory[at + _CONTROL_LENGTH] = _CONTROL_BYTES
            memory[at + _NAME_LENGTH] = _NAME_BYTES
            if memory[at + _FLAGS] & _TRUNCATED:
                self._drops["oversize"] += 1
            else:
                batch.append((packet, memory[at + _SIZE], address, arrived))
            at += _WORDS
            stamp += _CONTROL_WORDS
            name_at += _NAME_BYTES
        return batch

    def _learn(self, name: bytes) -> Address:
        if len(self._addresses) >= _KNOWN_ADDRESSES:
            self._addresses.clear()
        address = self._addresses[name] = decode_address(name)
        return address


def words(numbers: "npt.NDArray[np.uint64]") -> memoryview:
    """The same numbers, faster one by one."""
    return memoryview(cast(bytes, numbers)).cast("B").cast("Q")


def decode_address(name: bytes) -> Address:
    """A struct sockaddr_in or sockaddr_in6 as Python's sockets say it."""
    (port,) = _PORT.unpack_from(name, 2)
    if len(name) < _NAME_BYTES:
        return socket.inet_ntop(socket.AF_INET, name[4:8]), port
    (flow,), (scope,) = _FLOW.unpack_from(name, 4), _SCOPE.unpack_from(name, 24)
    return socket.inet_ntop(socket.AF_INET6, name[8:24]), port, flow, scope


def arrival(seconds: int, nanoseconds: int, clock_shift: float, now: float) -> float:
    """Monotonic seconds of a kernel's timestamp.

    `clock_shift` is monotonic minus wall clock. A stepped wall clock gives at most `_MAX_WAIT_S`.
    """
    arrived = seconds + nanoseconds * 1e-9 + clock_shift
    return min(now, max(arrived, now - _MAX_WAIT_S))
