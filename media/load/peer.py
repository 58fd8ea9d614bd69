"""A light WebRTC client: publishes a clip, counts what it receives.

One UDP socket per peer. Nothing is decoded and received RTP stays encrypted unless somebody asks
for it (`on_rtp`). `tick` does everything that time brings; `Ticker` calls it for all peers of the
process, so that a thousand clients cost one timer.
"""

import asyncio
import contextlib
import random
import socket
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

import pylibsrtp
from aiortc import RTCCertificate

from media.load import feedback
from media.load.arrivals import Arrivals, transport_seq
from media.load.clipfile import Clip
from media.load.dtls import Dtls, DtlsFailed, sha256_fingerprint
from media.load.ice import IceAgent, Outgoing
from media.load.offer import (
    OPUS_TYPE,
    RTX_TYPE,
    TRANSPORT_CC_URI,
    VP8_TYPE,
    Answer,
    BadAnswer,
    Credentials,
    Direction,
    Section,
    read_answer,
    write_offer,
)
from media.load.publication import Due, Publication
from media.load.streams import InTrack, OutStream, picture_loss_indication, receiver_report

TICK_S = 0.01
BURST_PACKETS = 8  # most packets of one peer in one tick
REPORT_INTERVAL_S = 1.0
ARRIVAL_INTERVAL_S = 0.06  # of transport-cc feedback, as Chromium
SEND_STAMP = b"dctm"  # ends payloads whose 8 bytes before it carry the send time
_STAMP = struct.Struct("!Q4s")
_RTP_PEEK = struct.Struct("!BBHII")
_CLOCKS = {OPUS_TYPE: 48000}
_VIDEO_CLOCK = 90000
_SO_TIMESTAMPNS = 35
_TIMESPEC = struct.Struct("qq")
_RTCP_TYPES = range(192 - 128, 224 - 128)  # second byte of RTCP without its first bit
_DRAIN_PACKETS = 256  # then others have their turn
_POLLED_BUFFER_BYTES = 1 << 20  # holds what comes between two ticks; the kernel may grant less

OnRtp = Callable[[bytes, int], None]


class PeerFailed(Exception):
    """The transport did not come up, or is gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaPlan:
    """What a peer sends and how much it can receive."""

    microphone: bool = False
    camera: bool = False
    rids: tuple[str, ...] = ()  # simulcast layers of the camera
    screen: bool = False  # a send section without a track, as browsers offer it
    audio_slots: int = 0
    video_slots: int = 0

    def sections(self, rng: random.Random) -> list[Section]:
        """Send sections, then slots."""
        send, receive = Direction.SEND, Direction.RECEIVE
        sections = []
        if self.microphone:
            sections.append(Section(kind="audio", direction=send, ssrc=_ssrc(rng)))
        if self.camera:
            single = () if self.rids else (_ssrc(rng), _ssrc(rng))
            ssrc, rtx_ssrc = single or (0, 0)
            sections.append(
                Section(kind="video", direction=send, rids=self.rids, ssrc=ssrc, rtx_ssrc=rtx_ssrc)
            )
        if self.screen:
            sections.append(Section(kind="video", direction=send))
        sections += [Section(kind="audio", direction=receive)] * self.audio_slots
        sections += [Section(kind="video", direction=receive)] * self.video_slots
        return sections


def _ssrc(rng: random.Random) -> int:
    return rng.randrange(1, 2**32)


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
        polled: bool = False,
        stamp: bool = False,
        burst: int = BURST_PACKETS,
        on_rtp: OnRtp | None = None,
    ) -> None:
        """
        Args:
            address: our host candidate; an address of this machine the server can reach.
            polled: read the socket on ticks instead of at once (cheaper, no arrival times).
            stamp: write the send time (UTC nanoseconds) before every `SEND_STAMP`.
            burst: most packets sent in one tick.
            on_rtp: gets every received RTP packet decrypted, with its arrival by the kernel's
                clock (UTC nanoseconds).
        """
        self._certificate = certificate
        self._clip = clip
        self._polled = polled
        self._stamp = stamp
        self._burst = burst
        self._on_rtp = on_rtp
        self._rng = random.Random()
        self._sections = plan.sections(self._rng)
        self._credentials = Credentials()
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.bind(("0.0.0.0", 0))
        if polled:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _POLLED_BUFFER_BYTES)
        if on_rtp is not None:
            self._socket.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        self._address = (address, self._socket.getsockname()[1])
        self._loop = asyncio.get_running_loop()
        self._buffer = bytearray(2048)
        self._ice: IceAgent | None = None
        self._dtls: Dtls | None = None
        self._dtls_due = 0.0
        self._connected: asyncio.Future[None] | None = None
        self._report_due = 0.0
        self._report_ssrc = _ssrc(self._rng)
        self._transport_seq = 0
        self._streams: dict[int, OutStream] = {}
        self._arrivals = Arrivals()
        self._arrival_id = 0  # header extension with the transport-wide number; 0: not negotiated
        self._arrivals_due = 0.0
        self._unplaced = 0  # polled packets whose transport-wide number is not read yet
        self._drained_at = 0.0
        self.tracks: dict[int, InTrack] = {}
        self.publication: Publication | None = None
        self.mids: dict[str, list[str]] = {"audio": [], "video": []}  # receive slots of the offer
        self.lost: str | None = None  # why the transport is gone, once it is
        self.packets_sent = 0
        self.retransmitted = 0
        self.key_frames_asked = 0
        self.send_errors = 0

    @property
    def round_trip_s(self) -> float | None:
        return self._ice.round_trip_s if self._ice else None

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

    def tick(self, now: float) -> None:
        """Everything that is due at `now` (monotonic seconds)."""
        if self._ice is None or self.lost is not None:
            return
        for data, target in self._ice.poll(now):
            self._send_to(data, target)
        if self._dtls is not None and not self._dtls.connected and self._ice.nominated:
            self._drive_dtls(now)
        elif self.publication is not None or self._polled:
            if self._polled:
                self._drain()
            self._publish(now)
        if self._arrival_id and now >= self._arrivals_due:
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
        video: list[OutStream] = []
        audio: OutStream | None = None
        for section, answered in zip(self._sections, answer.sections, strict=False):
            if section.direction is not Direction.SEND or not answered.accepted:
                continue
            if section.kind == "audio":
                audio = OutStream(
                    payload_type=OPUS_TYPE,
                    clock_hz=48000,
                    extensions=answered.extensions,
                    mid=answered.mid,
                    ssrc=section.ssrc,
                )
                continue
            rids = [rid for rid in section.rids if rid in answered.rids]
            if section.rids and not rids:
                rids = [section.rids[-1]]  # no simulcast in the answer: one picture
            for rid in rids or [""] * bool(section.ssrc):
                video.append(
                    OutStream(
                        payload_type=VP8_TYPE,
                        clock_hz=_VIDEO_CLOCK,
                        extensions=answered.extensions,
                        mid=answered.mid,
                        rid=rid,
                        ssrc=section.ssrc,
                        rtx_ssrc=section.rtx_ssrc,
                        rtx_type=RTX_TYPE,
                    )
                )
        for section, answered in zip(self._sections, answer.sections, strict=False):
            if section.direction is Direction.RECEIVE:
                self._arrival_id = answered.extensions.get(TRANSPORT_CC_URI, 0)
        streams = [*video, audio] if audio else video
        self._streams = {stream.ssrc: stream for stream in streams}
        now = time.monotonic()
        self._report_due = now + self._rng.uniform(0.1, REPORT_INTERVAL_S)
        if self._clip is not None and streams:
            self.publication = Publication(self._clip, video, audio, now)
        if self._polled:
            self._loop.remove_reader(self._socket.fileno())

    def _publish(self, now: float) -> None:
        if self.publication is None:
            return
        for due in self.publication.poll(now, self._burst):
            self._send_due(due)

    def _send_due(self, due: Due) -> None:
        payload = due.payload
        if self._stamp and payload.endswith(SEND_STAMP):
            payload = payload[: -_STAMP.size] + _STAMP.pack(time.time_ns(), SEND_STAMP)
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
        self.packets_sent += not rtcp

    def _send(self, data: bytes) -> None:
        """Send to the selected address; a full buffer or a dead port loses the datagram."""
        try:
            self._socket.send(data)
        except OSError:
            self.send_errors += 1

    def _send_to(self, data: bytes, target: tuple[str, int]) -> None:
        """Checks go where they must, before and after the socket is connected."""
        assert self._ice is not None
        if self._ice.nominated and target == self._ice.selected:
            self._send(data)
            return
        try:
            self._socket.sendto(data, target)
        except OSError:
            self.send_errors += 1

    def _report(self, now: float) -> None:
        """Sender reports of what we send, one receiver report of what we get."""
        utc = time.time()
        parts = []
        if self.publication is not None:
            for stream in self._streams.values():
                if stream.packets:
                    rtp_time = self.publication.rtp_time(stream, now)
                    parts.append(stream.sender_report(utc, rtp_time))
        blocks = [track.report_block(now) for track in self.tracks.values()][:31]
        if blocks or not parts:
            parts.append(receiver_report(self._report_ssrc, blocks))
        self._protect_and_send(b"".join(parts), rtcp=True)

    def _report_arrivals(self) -> None:
        media = next(iter(self.tracks), 0)
        packet = self._arrivals.feedback(self._report_ssrc, media)
        if packet is not None:
            self._protect_and_send(packet, rtcp=True)

    def request_key_frames(self) -> None:
        """PLI for every video SSRC received so far."""
        for track in self.tracks.values():
            if track.payload_type == VP8_TYPE:
                packet = picture_loss_indication(self._report_ssrc, track.ssrc)
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
        """Read what has arrived. The hot path of a receiving client: header fields only."""
        if self._on_rtp is not None:
            self._drain_timed(self._on_rtp)
            return
        receive, buffer, peek = self._socket.recv_into, self._buffer, _RTP_PEEK.unpack_from
        tracks = self.tracks
        timed = not self._polled
        found = 0
        for _ in range(_DRAIN_PACKETS):
            try:
                size = receive(buffer)
            except OSError:  # nothing more, or the port is gone for the moment
                break
            if size < 12:
                continue
            first, second, seq, rtp_time, ssrc = peek(buffer)
            if first & 0xC0 == 0x80 and not 192 <= second <= 223:
                track = tracks.get(ssrc)
                if track is None:
                    track = self._new_track(ssrc, second & 0x7F, seq)
                if seq == track.expected_seq < 0xFFFF:  # nearly always; `count` without its call
                    track.expected_seq = seq + 1
                    track.received += 1
                    track.octets += size
                else:
                    track.count(seq, size)
                found += 1
                if timed:
                    self._time(track, rtp_time, buffer)
            else:
                self._control(bytes(buffer[:size]), None)
                if self._socket.fileno() < 0:
                    return
        if not timed:
            self._place(found)

    def _place(self, found: int) -> None:
        """Note the arrival of `found` polled packets, the last of which may stand in the buffer."""
        now, since = time.monotonic(), self._drained_at
        self._drained_at = now
        self._unplaced += found
        if not (self._arrival_id and self._unplaced) or self._buffer[1] & 0x7F in _RTCP_TYPES:
            return
        last = transport_seq(self._buffer, self._arrival_id)
        if last >= 0:
            self._arrivals.run(last, self._unplaced, since, now)
            self._unplaced = 0

    def _drain_timed(self, on_rtp: OnRtp) -> None:
        """Like `_drain`, with the kernel's arrival time and the packet decrypted."""
        for _ in range(_DRAIN_PACKETS):
            try:
                data, ancillary, _, _ = self._socket.recvmsg(2048, 64)
            except OSError:
                return
            if len(data) < 12:
                continue
            first, second, seq, rtp_time, ssrc = _RTP_PEEK.unpack_from(data)
            if first & 0xC0 != 0x80 or 192 <= second <= 223:
                self._control(data, None)
                if self._socket.fileno() < 0:
                    return
                continue
            track = self.tracks.get(ssrc) or self._new_track(ssrc, second & 0x7F, seq)
            track.count(seq, len(data))
            self._time(track, rtp_time, data)
            arrival = time.time_ns()
            if ancillary:
                seconds, nanoseconds = _TIMESPEC.unpack(ancillary[0][2])
                arrival = seconds * 1_000_000_000 + nanoseconds
            self._open(data, arrival, on_rtp)

    def _open(self, data: bytes, arrival_ns: int, on_rtp: OnRtp) -> None:
        assert self._dtls is not None
        try:
            packet = self._dtls.receive_srtp.unprotect(data)
        except pylibsrtp.Error:
            return
        on_rtp(packet, arrival_ns)

    def _new_track(self, ssrc: int, payload_type: int, seq: int) -> InTrack:
        track = self.tracks[ssrc] = InTrack(ssrc, payload_type, seq)
        return track

    def _time(self, track: InTrack, rtp_time: int, packet: bytes | bytearray) -> None:
        now = time.monotonic()
        track.time(rtp_time, int(now * _CLOCKS.get(track.payload_type, _VIDEO_CLOCK)))
        if self._arrival_id:
            seq = transport_seq(packet, self._arrival_id)
            if seq >= 0:
                self._arrivals.packet(seq, now)

    def _control(self, data: bytes, source: tuple[str, int] | None) -> None:
        """Anything but RTP (RFC 7983): STUN, DTLS, RTCP."""
        assert self._ice is not None
        assert self._dtls is not None
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
                if track := self.tracks.get(ssrc):
                    track.last_report, track.last_report_at = ntp, time.monotonic()
            case feedback.Reported(ssrc):
                if stream := self._streams.get(ssrc):
                    stream.identified = True
            case feedback.KeyFrameWanted():
                self.key_frames_asked += 1
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
                self.retransmitted += 1


class Ticker:
    """Ticks every peer of the process; peers that are lost are dropped."""

    def __init__(self, interval_s: float = TICK_S) -> None:
        self._interval_s = interval_s
        self.peers: set[Peer] = set()
        self.late_s = 0.0  # worst delay of a tick since the start

    def add(self, peer: Peer) -> None:
        self.peers.add(peer)

    def remove(self, peer: Peer) -> None:
        self.peers.discard(peer)

    async def run(self) -> None:
        """Tick until cancelled, at a steady rate."""
        due = time.monotonic()
        while True:
            due += self._interval_s
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            now = time.monotonic()
            self.late_s = max(self.late_s, now - due)
            if now - due > 10 * self._interval_s:
                due = now
            for peer in tuple(self.peers):
                peer.tick(now)
                if peer.lost is not None:
                    self.peers.discard(peer)
