"""Moves the IP packets of a site's line: two tun devices, each direction through a `Link`.

A child process of its own, so that tests and service do not delay it. One device is in the host's
network, the other in the site's namespace. Commands come as JSON lines on standard input, each is
answered by one line of figures. When the input ends, for whatever reason, the namespace goes with
everything that runs in it; the devices go with the process.
"""

import contextlib
import ctypes
import fcntl
import heapq
import itertools
import json
import os
import select
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.line.shape import Drop, Link, Shape

TUNSETIFF = 0x400454CA  # linux/if_tun.h
IFF_TUN, IFF_NO_PI = 0x0001, 0x1000
CLONE_NEWNET = 0x40000000
NAMESPACES = Path("/run/netns")
READ_BYTES = 65_536
READS_A_TURN = 64  # packets of one device before the other has its turn
LATE_S = 0.002  # deliveries later than this are counted
PRIORITY, NICE = 1, -15  # real time, or else nice: busy browsers do not slow the line down


def open_tun(name: str) -> int:
    """A new tun device of the present network namespace; it lives as long as the descriptor.

    Raises:
        OSError: no permission, no tun in this kernel, or the name is taken.
    """
    device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    try:
        fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TUN | IFF_NO_PI))
    except OSError:
        os.close(device)
        raise
    return device


@contextlib.contextmanager
def inside(namespace: str) -> Iterator[None]:
    """This thread is in the network namespace until the end of the block. Needs root."""
    libc = ctypes.CDLL(None, use_errno=True)
    with open("/proc/thread-self/ns/net") as home, open(NAMESPACES / namespace) as away:
        _enter(libc, away.fileno())
        try:
            yield
        finally:
            _enter(libc, home.fileno())


def _enter(libc: ctypes.CDLL, descriptor: int) -> None:
    if libc.setns(descriptor, CLONE_NEWNET) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def remove_namespace(name: str) -> None:
    """End what runs in it, then the namespace; nothing happens when there is none."""
    if not (NAMESPACES / name).exists():
        return
    for _ in range(20):
        listed = subprocess.run(["ip", "netns", "pids", name], capture_output=True, text=True)
        pids = [int(pid) for pid in listed.stdout.split() if int(pid) != os.getpid()]
        if not pids:
            break
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.05)
    subprocess.run(["ip", "netns", "delete", name], capture_output=True)


def hurry() -> None:
    """Before all others on the processor, as far as this machine permits."""
    try:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(PRIORITY))
    except PermissionError:
        with contextlib.suppress(PermissionError):
            os.nice(NICE)


class Emulator:
    """The loop: packets in, packets out when they are due."""

    def __init__(self, host: int, site: int) -> None:
        self.links = {"up": Link(Shape(), 1), "down": Link(Shape(), 2)}
        self._ways = {site: (self.links["up"], host), host: (self.links["down"], site)}
        self._due: list[tuple[float, int, int, bytes]] = []  # when, order, device, packet
        self._order = itertools.count()
        self._late = 0
        self._latest_s = 0.0
        self._failed_writes = 0

    def run(self, commands: int) -> None:
        """Until the input of commands ends."""
        rest = b""
        while True:
            wait = None if not self._due else max(0.0, self._due[0][0] - time.monotonic())
            readable, _, _ = select.select([*self._ways, commands], [], [], wait)
            self._deliver()
            for device in readable:
                if device in self._ways:
                    self._take(device)
            if commands in readable:
                data = os.read(commands, READ_BYTES)
                if not data:
                    return
                *lines, rest = (rest + data).split(b"\n")
                for line in lines:
                    print(json.dumps(self.obey(json.loads(line))), flush=True)

    def obey(self, command: dict[str, Any]) -> dict[str, Any]:
        """Take new shapes ({"up": fields, "down": fields}, both optional); answer with figures."""
        for name, fields in command.items():
            self.links[name].shape = Shape.from_fields(fields)
        now = time.monotonic()
        figures: dict[str, Any] = {
            name: {**link.counts, "waiting_s": round(link.waiting_s(now), 4)}
            for name, link in self.links.items()
        }
        return figures | {
            "late": self._late,
            "latest_s": round(self._latest_s, 4),
            "failed_writes": self._failed_writes,
        }

    def _take(self, device: int) -> None:
        link, out = self._ways[device]
        for _ in range(READS_A_TURN):
            try:
                packet = os.read(device, READ_BYTES)
            except BlockingIOError:
                return
            now = time.monotonic()
            at = link.offer(packet, now)
            if isinstance(at, Drop):
                continue
            if at <= now:
                self._write(out, packet)
            else:
                heapq.heappush(self._due, (at, next(self._order), out, packet))

    def _deliver(self) -> None:
        now = time.monotonic()
        while self._due and self._due[0][0] <= now:
            at, _, out, packet = heapq.heappop(self._due)
            if now - at > LATE_S:
                self._late += 1
                self._latest_s = max(self._latest_s, now - at)
            self._write(out, packet)

    def _write(self, device: int, packet: bytes) -> None:
        try:
            os.write(device, packet)
        except OSError:  # the device is not up
            self._failed_writes += 1


def main(namespace: str, host_device: str, site_device: str) -> None:
    """Arguments: the namespace (it exists), the names of the two devices to make."""
    try:
        hurry()
        host = open_tun(host_device)
        with inside(namespace):
            site = open_tun(site_device)
        print("ready", flush=True)
        Emulator(host, site).run(sys.stdin.fileno())
    finally:
        remove_namespace(namespace)


if __name__ == "__main__":
    main(*sys.argv[1:])
