"""A light WebRTC client: publishes a clip, counts what it receives.

One UDP socket per peer. Nothing is decoded and received RTP stays encrypted unless somebody asks
for it (`on_rtp`). `tick` does everything that time brings; `Ticker` calls it for all peers of the
process, so that a thousand clients cost one timer. A `MassReception` reads for many of them.
"""

import asyncio
import contextlib
import itertools
import random
import socket
import struct
import time
from collections.abc import Callable
from urllib.parse import urlsplit

import pylibsrtp
from aiortc import RTCCertificate

from media.load import feedback
from media.load.batch import stamp_arrivals
from media.load.clipfile import Clip
from media.load.dtls import Dtls, DtlsFailed, sha256_fingerprint
from media.load.ice import IceAgent, Outgoing
from media.load.mass import MassReception
from media.load.offer import (
    VP8_TYPE,
    Answer,
    BadAnswer,
    Credentials,
    Direction,
    MediaPlan,
    new_ssrc,
    read_answer,
    write_offer,
)
from media.load.publication import Due, Publication, open_streams
from media.load.reception import DRAIN_PACKETS, Reception
from media.load.stamp import stamped
from media.load.streams import InTrack, OutStream, receiver_report
from media.load.tally import Totals

TICK_S = 0.01
BURST_PACKETS = 8  # most packets of one peer in one tick
REPORT_INTERVAL_S = 1.0
ARRIVAL_INTERVAL_S = 0.06  # of transport-cc feedback, as Chromium
_TIMESPEC = struct.Struct("qq")
_MASS_BUFFER_BYTES = 1 << 20  # holds what comes between two ticks; the kernel may grant less

OnRtp = Callable[[bytes, int], None]


class PeerFailed(Exception):
    """The transport did not come up, or is gone."""


def address_towards(url: str) -> str:
    """The address of this machine on the way to the server of `url`."""
    parts = urlsplit(url)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect((parts.hostname or "127.0.0.1", parts.port or 80))
        address: str = probe.getsockname()[0]
        return address


class Peer:
    """One client transport. Made, offered, connected, ticked, closed."""

    def __init__(
        self,
        certificate: RTCCertificate,
        plan: MediaPlan,
        *,
        clip: Clip | None = None,
        address: str = "127.0.0.1",
        mass: MassReception | None = None,
        stamp: bool = False,
        burst: int = BURST_PACKETS,
        on_rtp: OnRtp | None = None,
    ) -> None:
        """
        Args:
            address: our host candidate; an address of this machine the server can reach.
            mass: reads our socket with those of others (`Ticker` sees to it), which is cheap.
            stamp: write the send time into media data that has room for it (`stamp.py`).
            burst: most packets sent in one tick.
            on_rtp: gets every received RTP packet decrypted, with its arrival by the kernel's
                clock (UTC nanoseconds).
        """
        self._certificate = certificate
        self._clip = clip
        self._stamp = stamp
        self._burst = burst
        self._on_rtp = on_rtp
        self._rng = random.Random()
        self._sections = plan.sections()
        self._credentials = Credentials()
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.bind(("0.0.0.0", 0))
        self._mass = mass.client(self._socket, self._control) if mass is not None else None
        self._own = Reception()
        self._reception = self._mass or self._own
        if mass is not None:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _MASS_BUFFER_BYTES)
        if on_rtp is not None:
            stamp_arrivals(self._socket)
        self._address = (address, self._socket.getsockname()[1])
        self._loop = asyncio.get_running_loop()
        self._buffer = bytearray(2048)
        self._ice: IceAgent | None = None
        self._dtls: Dtls | None = None
        self._dtls_due = 0.0
        self._connected: asyncio.Future[None] | None = None
        self._report_due = 0.0
        self._report_ssrc = new_ssrc()
        self._transport_seq = 0
        self._streams: dict[int, OutStream] = {}
        self._arrivals_due = 0.0
        self.publication: Publication | None = None
        self.mids: dict[str, list[str]] = {"audio": [], "video": []}  # receive slots of the offer
        self.lost: str | None = None  # why the transport is gone, once it is

    @property
    def tracks(self) -> dict[int, InTrack]:
        """What is received, by SSRC; without `mass`."""
        return self._own.tracks

    def totals(self) -> Totals:
        """What was received until now."""
        return self._reception.totals()

    def picture_packets(self) -> int:
        """How many packets of pictures, without repeats and padding, were received until now."""
        return self._reception.packets(VP8_TYPE)

    def offer(self) -> str:
        for mid, section in enumerate(self._sections):
            if section.direction is Direction.RECEIVE:
                self.mids[section.kind].append(str(mid))
        print_ = sha256_fingerprint(self._certificate)
        return write_offer(self._sections, self._credentials, [print_], self._address)

    async def connect(self, answer_sdp: str, timeout_s: float = 10.0) -> None:
        """ICE, then DTLS, then media starts. Somebody must call `tick` meanwhile.

        Raises:
            PeerFailed: bad answer, no address answers, the handshake fails.
        """
        try:
            answer = read_answer(answer_sdp)
        except BadAnswer as error:
            raise PeerFailed(str(error)) from None
        self._ice = IceAgent(self._credentials, answer.ufrag, answer.password, answer.candidates)
        self._dtls = Dtls(
            self._certificate, client=answer.passive, fingerprints=answer.fingerprints
        )
        self._connected = self._loop.create_future()
        self._loop.add_reader(self._socket.fileno(), self._readable)
        try:
            async with asyncio.timeout(timeout_s):
                await self._connected
        except TimeoutError:
            where = "DTLS" if self._ice.nominated else "ICE"
            raise PeerFailed(f"{where} did not finish within {timeout_s:g} s") from None
        self._start_media(answer)

    def close(self) -> None:
        """Say goodbye and free the socket."""
        if self._socket.fileno() < 0:
            return
        if self._dtls is not None and self._ice is not None and self._ice.nominated:
            for datagram in self._dtls.close():
                self._send(datagram)
        self._loop.remove_reader(self._socket.fileno())
        self._socket.close()
        self._fail("closed")

    # ------------------------------------------------------------ time

    def read(self) -> None:
        """Let the `mass` read what has arrived since the last tick."""
        if self._mass is not None and self._report_due and self.lost is None:
            self._mass.read(self._socket.fileno())

    def tick(self, now: float) -> None:
        """Everything that is due at `now` (monotonic seconds)."""
        if self._ice is None or self.lost is not None:
            return
        for data, target in self._ice.poll(now):
            self._send_to(data, target)
        if self._dtls is not None and not self._dtls.connected and self._ice.nominated:
            self._drive_dtls(now)
        elif self.publication is not None:
            self._publish(now)
        if self._report_due and now >= self._arrivals_due:
            self._arrivals_due = now + ARRIVAL_INTERVAL_S - TICK_S / 2
            self._report_arrivals()
        if self._report_due and now >= self._report_due:
            self._report_due = now + REPORT_INTERVAL_S
            self._report(now)
            if self._ice.consent_lost(now):
                self._fail("consent")

    def _drive_dtls(self, now: float) -> None:
        assert self._dtls is not None
        if now < self._dtls_due:
            return
        wait = self._dtls.timeout_s()
        self._dtls_due = now + (wait if wait is not None and wait > 0 else TICK_S)
        if wait is not None and wait <= 0:
            self._run_dtls(self._dtls.retransmit)

    def _run_dtls(self, step: Callable[[], list[bytes]]) -> None:
        assert self._dtls is not None
        was_connected = self._dtls.connected
        try:
            datagrams = step()
        except DtlsFailed as error:
            self._fail(str(error))
            return
        for datagram in datagrams:
            self._send(datagram)
        if self._dtls.closed:
            self._fail("closed by the server")
        elif self._dtls.connected and not was_connected:
            assert self._connected is not None
            if not self._connected.done():
                self._connected.set_result(None)

    def _fail(self, reason: str) -> None:
        if self.lost is None:
            self.lost = reason
        if self._connected is not None and not self._connected.done():
            self._connected.set_exception(PeerFailed(reason))

    # ------------------------------------------------------------ sending

    def _start_media(self, answer: Answer) -> None:
        video, audio = open_streams(self._sections, answer)
        self._reception.start(self._sections, answer)
        streams = [*video, audio] if audio else video
        self._streams = {stream.ssrc: stream for stream in streams}
        now = time.monotonic()
        self._report_due = now + self._rng.uniform(0.1, REPORT_INTERVAL_S)
        if self._clip is not None and streams:
            self.publication = Publication(self._clip, video, audio, now)
        if self._mass is not None:
            self._loop.remove_reader(self._socket.fileno())

    def _publish(self, now: float) -> None:
        if self.publication is None:
            return
        for due in self.publication.poll(now, self._burst):
            self._send_due(due)

    def _send_due(self, due: Due) -> None:
        payload = due.payload
        if self._stamp:
            payload = stamped(payload, time.time_ns())
        packet = due.stream.packet(
            due.marker,
            due.rtp_time,
            payload,
            level=due.level,
            transport_seq=self._next_transport_seq(),
            send_time=time.time(),
        )
        self._protect_and_send(packet)

    def _next_transport_seq(self) -> int:
        self._transport_seq = self._transport_seq + 1 & 0xFFFF
        return self._transport_seq

    def _protect_and_send(self, packet: bytes, *, rtcp: bool = False) -> None:
        assert self._dtls is not None
        session = self._dtls.send_srtp
        self._send(session.protect_rtcp(packet) if rtcp else session.protect(packet))

    def _send(self, data: bytes) -> None:
        """Send to the selected address; a full buffer or a dead port loses the datagram."""
        with contextlib.suppress(OSError):
            self._socket.send(data)

    def _send_to(self, data: bytes, target: tuple[str, int]) -> None:
        """Checks go where they must, before and after the socket is connected."""
        assert self._ice is not None
        if self._ice.nominated and target == self._ice.selected:
            self._send(data)
            return
        with contextlib.suppress(OSError):
            self._socket.sendto(data, target)

    def _report(self, now: float) -> None:
        """Sender reports of what we send, one receiver report of what we get."""
        utc = time.time()
        parts = []
        if self.publication is not None:
            for stream in self._streams.values():
                if stream.packets:
                    rtp_time = self.publication.rtp_time(stream, now)
                    parts.append(stream.sender_report(utc, rtp_time))
        blocks = self._reception.report_blocks(now)
        if blocks or not parts:
            parts.append(receiver_report(self._report_ssrc, blocks))
        self._protect_and_send(b"".join(parts), rtcp=True)

    def _report_arrivals(self) -> None:
        packet = self._reception.arrival_feedback(self._report_ssrc)
        if packet is not None:
            self._protect_and_send(packet, rtcp=True)

    # ------------------------------------------------------------ receiving

    def _readable(self) -> None:
        assert self._ice is not None
        if self._ice.nominated:
            self._drain()
            return
        with contextlib.suppress(OSError):
            while not self._ice.nominated:
                size, source = self._socket.recvfrom_into(self._buffer)
                self._control(bytes(self._buffer[:size]), source)

    def _drain(self) -> None:
        """Read what has arrived."""
        if self._on_rtp is not None:
            self._drain_opened(self._on_rtp)
        else:
            self._own.drain(self._socket.recv_into, self._buffer, self._control)

    def _drain_opened(self, on_rtp: OnRtp) -> None:
        """Like `_drain`, with the kernel's arrival time and the packet decrypted."""
        for _ in range(DRAIN_PACKETS):
            try:
                data, ancillary, _, _ = self._socket.recvmsg(2048, 64)
            except OSError:
                return
            arrival = now = time.time_ns()
            if ancillary:
                seconds, nanoseconds = _TIMESPEC.unpack(ancillary[0][2])
                arrival = seconds * 1_000_000_000 + nanoseconds
            if self._own.take(data, time.monotonic() - (now - arrival) / 1e9):
                self._open(data, arrival, on_rtp)
            else:
                self._control(data)

    def _open(self, data: bytes, arrival_ns: int, on_rtp: OnRtp) -> None:
        assert self._dtls is not None
        try:
            packet = self._dtls.receive_srtp.unprotect(data)
        except pylibsrtp.Error:
            return
        on_rtp(packet, arrival_ns)

    def _control(self, data: bytes, source: tuple[str, int] | None = None) -> None:
        """Anything but RTP (RFC 7983): STUN, DTLS, RTCP."""
        assert self._ice is not None
        assert self._dtls is not None
        if not data or self.lost is not None:
            return
        if data[0] < 4:
            selected = self._ice.selected
            origin = source or selected
            if origin is None:
                return
            was_nominated = self._ice.nominated
            replies: Outgoing = self._ice.handle(data, origin, time.monotonic())
            for reply, target in replies:
                self._send_to(reply, target)
            if self._ice.nominated and not was_nominated:
                self._nominated()
        elif 20 <= data[0] < 64:
            dtls = self._dtls
            self._run_dtls(lambda: dtls.handle(data))
        elif data[0] >> 6 == 2 and self._dtls.connected:
            self._rtcp(data)

    def _nominated(self) -> None:
        assert self._ice is not None
        assert self._dtls is not None
        assert self._ice.selected is not None
        self._socket.connect(self._ice.selected)
        self._run_dtls(self._dtls.start)

    def _rtcp(self, data: bytes) -> None:
        assert self._dtls is not None
        try:
            plain = self._dtls.receive_srtp.unprotect_rtcp(data)
        except pylibsrtp.Error:
            return
        for item in feedback.read_rtcp(plain):
            self._take(item)

    def _take(self, item: feedback.Feedback) -> None:
        match item:
            case feedback.SenderReport(ssrc, ntp):
                self._reception.sender_report(ssrc, ntp, time.monotonic())
            case feedback.Reported(ssrc):
                if stream := self._streams.get(ssrc):
                    stream.identified = True
            case feedback.KeyFrameWanted():
                if self.publication is not None:
                    self.publication.request_key_frame()
            case feedback.Lost(ssrc, seqs):
                if stream := self._streams.get(ssrc):
                    self._repair(stream, seqs)

    def _repair(self, stream: OutStream, seqs: tuple[int, ...]) -> None:
        for seq in seqs:
            packet = stream.repeat(seq, self._next_transport_seq(), time.time())
            if packet is not None:
                self._protect_and_send(packet)


class Ticker:
    """Ticks every peer of the process; peers that are lost are dropped.

    Args:
        interval_s: between two ticks of a peer.
        groups: peers are ticked in so many turns, so that a thousand do not all report at once.
        mass: what reads for them.
    """

    def __init__(
        self, interval_s: float = TICK_S, *, groups: int = 1, mass: MassReception | None = None
    ) -> None:
        self._step_s = interval_s / groups
        self._mass = mass
        self._groups: list[set[Peer]] = [set() for _ in range(groups)]

    def add(self, peer: Peer) -> None:
        min(self._groups, key=len).add(peer)

    def remove(self, peer: Peer) -> None:
        for group in self._groups:
            group.discard(peer)

    async def run(self) -> None:
        """Tick until cancelled, at a steady rate."""
        due = time.monotonic()
        for group in itertools.cycle(self._groups):
            due += self._step_s
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            now = time.monotonic()
            if now - due > 10 * self._step_s:
                due = now
            self._tick(group, now)

    def _tick(self, group: set[Peer], now: float) -> None:
        if self._mass is not None:
            for peer in group:
                peer.read()
            self._mass.settle()
        for peer in tuple(group):
            peer.tick(now)
            if peer.lost is not None:
                group.discard(peer)
