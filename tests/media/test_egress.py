"""Datagrams leave by sendmmsg, GSO or single sends, over IPv4 and IPv6; sockets may be full."""

import ctypes
import errno
import socket
from typing import Any

import numpy as np
import pytest

from media.drops import Counters, DropReason
from media.transport.egress import MAX_PENDING, SLOTS, STRIDE, Egress, SocketAddress

WAYS = [{}, {"gso": False}, {"sendmmsg": False}]


class Line:
    """A sender and receivers on loopback."""

    def __init__(self, egress: Egress, receivers: int = 1, host: str = "127.0.0.1") -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.egress = egress
        self.sender = socket.socket(family, socket.SOCK_DGRAM)
        self.sender.setblocking(False)
        self.sender.bind((host, 0))
        self.receivers = []
        for _ in range(receivers):
            receiver = socket.socket(family, socket.SOCK_DGRAM)
            receiver.bind((host, 0))
            receiver.setblocking(False)
            self.receivers.append(receiver)
        self.addresses = [SocketAddress(r.getsockname()) for r in self.receivers]

    def put(self, *datagrams: bytes) -> int:
        slot = self.egress.reserve(len(datagrams))
        for index, data in enumerate(datagrams):
            at = (slot + index) * STRIDE
            self.egress.memory[at : at + len(data)] = data
            self.egress.length_memory[slot + index] = len(data)
        return slot

    def push(self, *datagrams: bytes, to: int = 0) -> None:
        slot = self.put(*datagrams)
        address = self.addresses[to]
        self.egress.push(
            self.sender.fileno(),
            slot,
            len(datagrams),
            address.name,
            address.length,
            len(datagrams[0]),
        )

    def received(self, index: int = 0) -> list[bytes]:
        found = []
        while True:
            try:
                found.append(self.receivers[index].recv(3000))
            except BlockingIOError:
                return found

    def close(self) -> None:
        for one in (self.sender, *self.receivers):
            one.close()


@pytest.mark.parametrize("options", WAYS)
@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_bursts_arrive_in_order_at_their_addresses(options: dict[str, bool], host: str) -> None:
    line = Line(Egress(**options), 2, host)
    line.push(b"one")
    line.push(b"aaaa", b"bbbb", b"cc", to=1)
    line.push(b"two")
    line.egress.flush()
    assert line.received(0) == [b"one", b"two"]
    assert line.received(1) == [b"aaaa", b"bbbb", b"cc"]
    line.egress.flush()
    assert line.received(0) == []
    line.close()


@pytest.mark.parametrize("options", WAYS)
def test_a_matrix_goes_row_by_row_to_its_addresses(options: dict[str, bool]) -> None:
    line = Line(Egress(**options), 3)
    rows = [[bytes((65 + r, c)) * (50 + r - (c == 3)) for c in range(4)] for r in range(3)]
    slot = line.put(*(d for row in rows for d in row))
    addresses = np.array([(a.name, a.length) for a in line.addresses], np.uint64)
    line.egress.push_matrix(line.sender.fileno(), slot, 3, 4, addresses)
    line.egress.flush()
    assert [line.received(i) for i in range(3)] == rows
    line.close()


def test_a_full_arena_sends_itself() -> None:
    line = Line(Egress())
    line.receivers[0].setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8_000_000)
    for number in range(SLOTS + 100):
        line.push(number.to_bytes(4, "big"))
        if number == SLOTS:
            assert len(line.received()) > 0
    line.egress.flush()
    assert line.egress.pending == 0
    line.close()


def test_datagrams_the_kernel_refuses_are_counted_and_the_others_go() -> None:
    counters = Counters()
    line = Line(Egress(counters))
    bad = SocketAddress(("255.255.255.255", 9))  # EACCES without SO_BROADCAST
    line.push(b"before")
    slot = line.put(b"never", b"never")
    line.egress.push(line.sender.fileno(), slot, 2, bad.name, bad.length, 5)
    line.push(b"after")
    line.egress.flush()
    assert line.received() == [b"before", b"after"]
    assert counters.dropped(DropReason.SEND_ERROR) == 2
    line.close()


class FullSocket:
    """Stands for libc while the socket buffer is full; errno as the kernel sets it."""

    def __init__(self, libc: Any) -> None:
        self.libc = libc
        self.full = True
        self.no_gso = False

    def sendmmsg(self, fd: int, messages: int, count: int, flags: int) -> int:
        if self.full:
            ctypes.set_errno(errno.EAGAIN)
            return -1
        if self.no_gso:
            ctypes.set_errno(errno.EIO)
            return -1
        return int(self.libc.sendmmsg(fd, messages, count, flags))

    def sendto(self, *arguments: Any) -> int:
        if self.full:
            ctypes.set_errno(errno.EAGAIN)
            return -1
        return int(self.libc.sendto(*arguments))


def test_a_full_socket_keeps_datagrams_in_order_and_drops_the_oldest() -> None:
    counters = Counters()
    line = Line(Egress(counters))
    line.receivers[0].setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8_000_000)
    gate = FullSocket(line.egress._libc)
    line.egress._libc = gate  # type: ignore[assignment]
    for number in range(MAX_PENDING + 10):
        line.push(number.to_bytes(4, "big"))
        line.egress.flush()
    assert line.egress.pending == MAX_PENDING
    assert counters.dropped(DropReason.SEND_QUEUE) == 10
    gate.full = False
    line.push(b"last")
    line.egress.flush()
    got = line.received()
    assert got[0] == (10).to_bytes(4, "big")
    assert got[-1] == b"last"
    assert line.egress.pending == 0
    line.close()


def test_a_device_without_segmentation_turns_gso_off_and_loses_nothing() -> None:
    line = Line(Egress())
    if not line.egress.gso:
        pytest.skip("kernel without UDP_SEGMENT")
    gate = FullSocket(line.egress._libc)
    gate.full, gate.no_gso = False, True
    line.egress._libc = gate  # type: ignore[assignment]
    line.push(b"aa", b"bb")
    line.egress.flush()
    gate.no_gso = False
    line.push(b"cc", b"dd")
    line.egress.flush()
    assert line.egress.gso is False
    assert line.received() == [b"aa", b"bb", b"cc", b"dd"]
    line.close()
