"""Datagrams through real sockets: told apart, budgeted, and never stopped by a bug."""

import asyncio
import contextlib
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from media.drops import Counters
from media.mishaps import Mishaps
from media.transport import mux
from media.transport.ice import Address
from media.transport.mux import (
    BATCH_DATAGRAMS,
    BUDGET_COPIES,
    Local,
    Pace,
    UdpMux,
    open_sockets,
)
from media.transport.receive import Many, Single, arrival
from media.transport.srtp import InPlace

HOST = "127.0.0.1"


class Taker:
    """A sink that remembers, makes `copies` of each packet, and may have a bug."""

    def __init__(self, copies: int = 1, bug: bool = False) -> None:
        self.taken: list[tuple[str, bytes]] = []
        self.bursts: list[int] = []
        self._copies = copies
        self._bug = bug
        self._burst = 0

    def _take(self, kind: str, datagram: bytes) -> None:
        self._burst += 1
        if self._bug:
            raise ValueError("a bug")
        self.taken.append((kind, datagram))

    def on_stun(self, local: Local, address: Address, datagram: bytes, now: float) -> bool:
        self._take("stun", datagram)
        return False

    def on_dtls(self, local: Local, address: Address, datagram: bytes, now: float) -> None:
        self._take("dtls", datagram)

    def on_srtp(
        self, local: Local, address: Address, packet: InPlace, size: int, now: float
    ) -> None:
        self._take("srtp", bytes(packet.buffer[:size]))

    def gathered(self) -> int:
        return self._burst * self._copies

    def on_burst_end(self, now: float) -> int:
        self.bursts.append(self._burst)
        burst, self._burst = self._burst, 0
        return burst * self._copies


@contextlib.contextmanager
def running(taker: Taker) -> Iterator[tuple[UdpMux, Counters, Callable[[bytes], int]]]:
    counters = Counters()
    multiplexer = UdpMux(open_sockets([HOST], 0), taker, Mishaps(counters))
    with contextlib.closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as client:
        client.connect((HOST, multiplexer.sockets[0].port))
        yield multiplexer, counters, client.send
    multiplexer.close()


async def until(done: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while True:
            if done():
                return
            await asyncio.sleep(0.005)


async def test_datagrams_are_told_apart_by_their_first_byte() -> None:
    taker = Taker()
    with running(taker) as (multiplexer, _, send):
        for first in range(256):
            send(bytes([first, 0]))
        send(b"")
        send(b"\x80" + bytes(mux.DATAGRAM_BYTES))
        send(b"\x80end")
        await until(lambda: ("srtp", b"\x80end") in taker.taken)
        kinds = {datagram[0]: kind for kind, datagram in taker.taken}
        assert {kinds.pop(n) for n in range(4)} == {"stun"}
        assert {kinds.pop(n) for n in range(20, 64)} == {"dtls"}
        assert {kinds.pop(n) for n in range(128, 192)} == {"srtp"}
        assert not kinds
        assert multiplexer.drops == {
            "unknown_first_byte": 256 - 4 - 44 - 64 + 1,
            "oversize": 1,
        }


async def test_a_wake_up_takes_fewer_datagrams_when_each_makes_many_copies() -> None:
    taker = Taker(copies=BUDGET_COPIES // 4)
    with running(taker) as (_, _, send):
        for _ in range(200):
            send(b"\x80packet")
        await until(lambda: len(taker.taken) == 200)
        assert taker.bursts[0] <= BATCH_DATAGRAMS
        assert max(taker.bursts[1:]) <= 4


async def test_what_waits_is_read_before_anything_is_sent() -> None:
    taker = Taker()
    with running(taker) as (_, _, send):
        for _ in range(5 * BATCH_DATAGRAMS):
            send(b"\x80packet")
        await until(lambda: sum(taker.bursts) == 5 * BATCH_DATAGRAMS)
        assert max(taker.bursts) > 2 * BATCH_DATAGRAMS


def send_steadily(send: Callable[[bytes], int], per_s: int, seconds: float) -> int:
    """How many it became."""
    sent, started = 0, time.perf_counter()
    while (elapsed := time.perf_counter() - started) < seconds:
        while sent < elapsed * per_s:
            send(b"\x80packet")
            sent += 1
        time.sleep(0.00005)
    return sent


async def test_many_datagrams_are_taken_together_and_few_at_once() -> None:
    taker = Taker()
    with running(taker) as (_, _, send):
        sent = await asyncio.to_thread(send_steadily, send, 20_000, 0.5)
        await until(lambda: len(taker.taken) == sent)
        late = taker.bursts[len(taker.bursts) // 2 :]
        assert sum(late) > 2 * len(late)
        await asyncio.sleep(0.3)
        bursts = len(taker.bursts)
        for more in range(1, 6):
            send(b"\x80packet")
            await until(lambda expected=sent + more: len(taker.taken) == expected)  # type: ignore[misc]
        assert taker.bursts[bursts:].count(1) == 5


async def test_a_bug_at_the_end_of_a_burst_does_not_stop_a_busy_port() -> None:
    class Broken(Taker):
        def on_burst_end(self, now: float) -> int:
            super().on_burst_end(now)
            raise ValueError("a bug")

    taker = Broken()
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda loop, context: None)
    with running(taker) as (multiplexer, _, send):
        multiplexer._pace.busy = True
        for number in range(1, 4):
            send(b"\x80packet")
            await until(lambda expected=number: len(taker.taken) == expected)  # type: ignore[misc]
            multiplexer._pace.busy = number < 3
        send(b"\x80packet")
        await until(lambda: len(taker.taken) == 4)


def test_the_pace_is_that_of_the_last_tenth_of_a_second() -> None:
    pace = Pace(0.0)
    for tick in range(100):
        pace.note(1, tick / 100)
        assert not pace.busy
    for tick in range(100, 120):
        pace.note(20, tick / 100)
    assert pace.busy
    for tick in range(120, 140):
        pace.note(9, tick / 100)
    assert pace.busy  # it does not flutter
    for tick in range(140, 160):
        pace.note(7, tick / 100)
    assert not pace.busy


async def test_a_bug_costs_one_traceback_and_no_other_datagram(
    caplog: pytest.LogCaptureFixture,
) -> None:
    taker = Taker(bug=True)
    with running(taker) as (_, counters, send):
        for _ in range(50):
            send(b"\x80packet")
        await until(lambda: sum(taker.bursts) == 50)
        assert counters.get("bugs") == 50
    assert len([record for record in caplog.records if record.exc_info]) == 1


async def test_all_addresses_share_one_port() -> None:
    sockets = open_sockets([HOST, "127.0.0.2"], 0)
    assert len({local.port for local in sockets}) == 1
    with pytest.raises(OSError, match="in use"):
        open_sockets([HOST], sockets[0].port)
    for local in sockets:
        local.close()


@pytest.mark.parametrize(
    ("stamp", "expected"),
    [
        (1_700_000_000.5, 99.75),  # a quarter of a second in the socket
        (1_700_000_000.75, 100.0),
        (1_700_000_090.0, 100.0),  # the wall clock was set back meanwhile
        (1_600_000_000.0, 99.0),  # or forward
    ],
)
def test_the_kernel_says_when_a_datagram_came(stamp: float, expected: float) -> None:
    shift = 100.0 - 1_700_000_000.75
    said = arrival(int(stamp), int(stamp % 1 * 1e9), shift, 100.0)
    assert said == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("way", [Single, Many])
@pytest.mark.parametrize("host", [HOST, "::1"])
def test_both_ways_of_reading_tell_the_same(way: type[Single] | type[Many], host: str) -> None:
    drops: Counter[str] = Counter()
    reader = way([InPlace(mux.DATAGRAM_BYTES) for _ in range(8)], drops)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with (
        contextlib.closing(mux._bind(host, 0)) as sock,
        contextlib.closing(socket.socket(family, socket.SOCK_DGRAM)) as one,
        contextlib.closing(socket.socket(family, socket.SOCK_DGRAM)) as two,
    ):
        for sender in (one, two):
            sender.bind((host, 0))
        assert reader.take(sock, 8) == []
        before = time.monotonic()
        for number in range(10):
            (one, two)[number % 2].sendto(bytes((128, number)) * (number + 1), sock.getsockname())
        one.sendto(bytes(mux.DATAGRAM_BYTES + 1), sock.getsockname())
        two.sendto(b"", sock.getsockname())
        after = time.monotonic()
        time.sleep(0.02)
        taken = [
            (bytes(packet.buffer[:size]), address, arrived)
            for most in (3, 8, 8)
            for packet, size, address, arrived in reader.take(sock, most)
        ]
        names = [one.getsockname(), two.getsockname()]
    assert [data for data, _, _ in taken] == [bytes((128, n)) * (n + 1) for n in range(10)] + [b""]
    assert [address for _, address, _ in taken] == [names[n % 2] for n in range(10)] + [names[1]]
    assert all(before - 0.01 <= arrived <= after + 0.01 for _, _, arrived in taken)
    assert drops == {"oversize": 1}


async def test_arrival_does_not_grow_with_the_time_a_datagram_waited() -> None:
    arrivals: list[tuple[float, float]] = []

    class Clocked(Taker):
        def on_srtp(
            self, local: Local, address: Address, packet: InPlace, size: int, now: float
        ) -> None:
            arrivals.append((now, asyncio.get_running_loop().time()))

    with running(Clocked()) as (_, _, send):
        loop = asyncio.get_running_loop()
        before = loop.time()
        send(b"\x80packet")
        sent = loop.time()
        while loop.time() < sent + 0.2:
            pass  # the loop is busy
        await until(lambda: bool(arrivals))
        arrival, taken = arrivals[0]
        assert before - 0.01 <= arrival <= sent + 0.15
        assert taken >= sent + 0.2
