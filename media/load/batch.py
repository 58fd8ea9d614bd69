"""Reads many datagrams with one system call: `recvmmsg`, with the kernel's arrival times."""

import socket

import numpy as np
import numpy.typing as npt

from media.transport.receive import SO_TIMESTAMPNS, kernel_recvmmsg

ROWS = 512  # datagrams read between two looks at them: what fits in a core's cache
STRIDE = 512  # bytes of a row, enough for RTCP; of longer datagrams the rest is not copied
AT_ONCE = 64  # datagrams of one call
_FLAGS = socket.MSG_DONTWAIT | socket.MSG_TRUNC
_CONTROL_BYTES = 32  # CMSG_SPACE(sizeof(struct timespec))

# struct mmsghdr, struct iovec and struct cmsghdr with a timespec on 64-bit Linux.
_MESSAGE = np.dtype(
    [
        ("name", "u8"),
        ("namelen", "u8"),
        ("iov", "u8"),
        ("iovlen", "u8"),
        ("control", "u8"),
        ("controllen", "u8"),
        ("flags", "u8"),
        ("size", "u8"),
    ]
)
_CONTROL = np.dtype(
    [("len", "u8"), ("level", "i4"), ("type", "i4"), ("seconds", "i8"), ("nanoseconds", "i8")]
)


class ReceiveBatch:
    """Room for `ROWS` datagrams, filled socket by socket.

    `rows[:used]` are the datagrams, `words` the same memory as 32-bit numbers of the network.
    """

    def __init__(self) -> None:
        arena = np.zeros(ROWS * STRIDE, np.uint8)
        self.rows = arena.reshape(ROWS, STRIDE)
        self.words = arena.view(">u4").reshape(ROWS, STRIDE // 4)
        self.used = 0
        steps = np.arange(ROWS, dtype=np.uint64)
        self._control = np.zeros(ROWS, _CONTROL)
        self._vectors = np.zeros((ROWS, 2), np.uint64)
        self._vectors[:, 0] = arena.ctypes.data + steps * STRIDE
        self._vectors[:, 1] = STRIDE
        self._messages = np.zeros(ROWS, _MESSAGE)
        self._messages["iov"] = self._vectors.ctypes.data + steps * 16
        self._messages["iovlen"] = 1
        self._messages["control"] = self._control.ctypes.data + steps * _CONTROL_BYTES
        self._address = self._messages.ctypes.data
        self._receive = kernel_recvmmsg()
        self.clear()

    def clear(self) -> None:
        self.used = 0
        self._messages["controllen"] = _CONTROL_BYTES

    @property
    def free(self) -> int:
        return ROWS - self.used

    @property
    def sizes(self) -> npt.NDArray[np.int64]:
        """Bytes of each datagram in use, also of what was not copied."""
        return (self._messages["size"][: self.used] & 0xFFFFFFFF).astype(np.int64)

    @property
    def arrivals_ns(self) -> npt.NDArray[np.int64]:
        """When each datagram in use arrived, UTC nanoseconds of the kernel."""
        control = self._control[: self.used]
        stamped: npt.NDArray[np.int64] = control["seconds"] * 1_000_000_000 + control["nanoseconds"]
        return stamped

    def read(self, fd: int, most: int) -> int:
        """Append at most `most` datagrams that wait at a socket; how many it was."""
        found: int = self._receive(
            fd, self._address + self.used * _MESSAGE.itemsize, most, _FLAGS, None
        )
        if found <= 0:  # nothing there, or the port is gone for the moment
            return 0
        self.used += found
        return found


def stamp_arrivals(sock: socket.socket) -> None:
    """Ask the kernel for arrival times."""
    sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
