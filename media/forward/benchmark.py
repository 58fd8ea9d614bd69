"""`python -m media.forward.benchmark`: what one forwarded packet costs, in one process.

One publisher (per second 180 video packets of 1,100 bytes in frames of six, and 50 of audio) and N
subscribers, everything on: ingress with feedback and cache, switching, header extensions with
transport-wide numbers, the arrival feedback of every subscriber (16 a second) with its estimator
and probes, SRTP (AES-128-GCM), UDP on loopback into undrained sinks. The figure is CPU time (user +
system) per copy sent, flat out; loopback charges the kernel's receiving half to it.
"""

import argparse
import os
import resource
import socket
import time

from pylibsrtp import Policy, Session

from media.control import SlotWant
from media.drops import Counters
from media.forward.room import Room
from media.negotiated import (
    ABS_SEND_TIME,
    AUDIO_LEVEL,
    MID,
    TRANSPORT_CC,
    Codec,
    NegotiatedMedia,
    SlotMedia,
    Uplink,
)
from media.peer import Peer, UdpEndpoint
from media.rtp.extensions import render
from media.rtp.packet import build
from media.rtp.rtcp import serialize
from media.rtp.transport_cc import from_arrivals
from media.transport.egress import Egress

VIDEO = Codec(96, "VP8", 90000, nack=True, pli=True, rtx_payload_type=97)
AUDIO = Codec(111, "opus", 48000, 2)
EXTENSIONS = {MID: 4, TRANSPORT_CC: 3, ABS_SEND_TIME: 2, AUDIO_LEVEL: 1}
FRAME_PACKETS = 6
FRAMES_PER_S = 30
KEY_FRAMES = 15
FEEDBACK_FRAMES = 2  # about as often as a browser
DELAY_S = 0.02
SRTCP_BYTES = 20  # what encryption adds
WARM_UP_S = 4.0  # the estimates found their room


class Publisher:
    """Makes plain RTP packets of a camera and a microphone."""

    def __init__(self) -> None:
        self._transport = 0
        self._video = 0
        self.voiced = 0
        self._picture = 0

    def _elements(self, mid: bytes) -> bytes:
        self._transport = (self._transport + 1) & 0xFFFF
        number = self._transport.to_bytes(2, "big")
        return render([(1, b"\x9e"), (2, b"\0\0\0"), (3, number), (4, mid)])

    def frame(self, now: float) -> list[bytes]:
        """One video frame, every 15th a key frame. Sizes differ by a byte, as browsers' do."""
        key = self._picture % KEY_FRAMES == 0
        self._picture = (self._picture + 1) & 0x7FFF
        packets = []
        for index in range(FRAME_PACKETS):
            first = 0x90 if index == 0 else 0x80
            descriptor = bytes((first, 0xE0, 0x80 | self._picture >> 8, self._picture & 0xFF))
            head = bytes((7, 0x20)) + (b"\x10\0\0\x9d\x01\x2a\0\5\xd0\2" if key else b"\x11")
            payload = (descriptor + head).ljust(1100 + (index > 3), b"x")
            self._video = (self._video + 1) & 0xFFFF
            packets.append(
                build(
                    96,
                    self._video,
                    int(now * 90000) & 0xFFFFFFFF,
                    0x1111,
                    payload,
                    marker=index == FRAME_PACKETS - 1,
                    extension=self._elements(b"1"),
                )
            )
        return packets

    def voice(self, now: float) -> bytes:
        self.voiced += 1
        timestamp = self.voiced * 960 & 0xFFFFFFFF
        return build(
            111, self.voiced & 0xFFFF, timestamp, 0x2222, b"o" * 80, extension=self._elements(b"0")
        )


def _session(profile: int) -> Session:
    policy = Policy(
        key=os.urandom(28 if profile == Policy.SRTP_PROFILE_AEAD_AES_128_GCM else 30),
        ssrc_type=Policy.SSRC_ANY_OUTBOUND,
        srtp_profile=profile,
    )
    policy.window_size = 128
    return Session(policy)


class Bench:
    """A room of one publisher and `subscribers` others, with real sockets; `together` packets are
    forwarded at a time."""

    def __init__(
        self, subscribers: int, *, together: int = FRAME_PACKETS, gso: bool | None = None
    ) -> None:
        self.together = together
        self.source = Publisher()
        self.frames = 0
        self.counters = Counters()
        self.egress = Egress(self.counters, gso=gso)
        self.room = Room("bench", self.egress, self.counters, 0.0)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setblocking(False)
        self.socket.bind(("127.0.0.1", 0))
        self.sinks: list[socket.socket] = []
        self._sessions: list[Session] = []
        self.viewers: list[Peer] = []
        self._reported: dict[Peer, int] = {}
        uplinks = (
            Uplink("0", "audio", "microphone", (AUDIO,), EXTENSIONS),
            Uplink("1", "video", "camera", (VIDEO,), EXTENSIONS),
        )
        self.publisher = Peer("speaker#1", NegotiatedMedia(uplinks, ()))
        self.room.add_peer(self.publisher, 0.0)
        self.room.set_allowed("speaker#1", ("microphone", "camera"), 0.0)
        for number in range(subscribers):
            self._subscribe(number)

    def _subscribe(self, number: int) -> None:
        sink = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sink.bind(("127.0.0.1", 0))
        self.sinks.append(sink)
        session = _session(Policy.SRTP_PROFILE_AEAD_AES_128_GCM)
        self._sessions.append(session)
        ssrc = 1000 + 10 * number
        slots = (
            SlotMedia("2", "audio", 0, ssrc, None, (AUDIO,), EXTENSIONS),
            SlotMedia("3", "video", 0, ssrc + 1, ssrc + 2, (VIDEO,), EXTENSIONS),
        )
        peer = Peer(
            f"viewer#{number}",
            NegotiatedMedia((), slots),
            srtp_tx=session._srtp[0],
            endpoint=UdpEndpoint(self.socket.fileno(), sink.getsockname()),
        )
        self.room.add_peer(peer, 0.0)
        self.viewers.append(peer)
        self._reported[peer] = 1
        self.room.set_slots(peer.id, (SlotWant(mid="3", peer="speaker#1"),), 0.0)

    def run(self, seconds: float) -> tuple[float, int]:
        """Seconds of media, as fast as it goes: (CPU seconds, copies)."""
        source = self.source
        frames = int(seconds * FRAMES_PER_S)
        plan: list[tuple[float, list[bytes]]] = []
        for index in range(frames):
            at = (self.frames + index) / FRAMES_PER_S
            burst = source.frame(at)
            while source.voiced < at * 50 + 1:
                burst.append(source.voice(at))
            plan.append((at, burst))
        self.frames += frames
        room, publisher = self.room, self.publisher
        before = resource.getrusage(resource.RUSAGE_SELF)
        copies = 0
        for index, (at, burst) in enumerate(plan):
            for start in range(0, len(burst), self.together):
                for packet in burst[start : start + self.together]:
                    room.on_rtp(publisher, bytearray(packet), len(packet), at)
                room.flush(at)
                copies += room.copies_last_flush
            while (due := room.next_deadline(at)) < at + 1 / FRAMES_PER_S:
                due = max(at, due)
                room.poll(due)
                room.flush(due)
            if index % FEEDBACK_FRAMES == 1:
                self._acknowledge(at + 1 / FRAMES_PER_S)
        after = resource.getrusage(resource.RUSAGE_SELF)
        cpu = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
        return cpu, copies

    def _acknowledge(self, now: float) -> None:
        """Every subscriber reports everything it got; equal reports are made once."""
        made: dict[tuple[int, int], bytes] = {}
        for peer in self.viewers:
            first, following = self._reported[peer], int(self.room.numbers.next[peer.index])
            self._reported[peer] = following
            if first == following:
                continue
            report = made.get((first, following))
            if report is None:
                cells = self.room.numbers.log.read(peer.index, first, following - first)
                times: list[float | None] = [9.0 + DELAY_S + (c >> 16) / 1e6 for c in cells]
                report = serialize([from_arrivals(1, 2, first, 0, times)])
                made[first, following] = report
            if not self.room.skips(peer, report, len(report) + SRTCP_BYTES, now):
                self.room.on_rtcp(peer, report, now)

    def close(self) -> None:
        self.socket.close()
        for sink in self.sinks:
            sink.close()


def measure(
    subscribers: int,
    seconds: float,
    *,
    together: int = FRAME_PACKETS,
    gso: bool | None = None,
) -> tuple[float, int]:
    """(microseconds of CPU per copy, copies)."""
    bench = Bench(subscribers, together=together, gso=gso)
    try:
        bench.run(WARM_UP_S)
        cpu, copies = bench.run(seconds)
    finally:
        bench.close()
    return cpu * 1e6 / max(1, copies), copies


def main() -> None:
    parser = argparse.ArgumentParser(description="CPU time per forwarded packet")
    parser.add_argument("--subscribers", type=int, nargs="*", default=[5, 10, 50, 100, 200])
    parser.add_argument("--copies", type=int, default=300_000, help="copies to make per figure")
    parser.add_argument(
        "--together", type=int, default=FRAME_PACKETS, help="packets that come at the same time"
    )
    parser.add_argument("--no-gso", action="store_true")
    arguments = parser.parse_args()
    gso = False if arguments.no_gso else None
    print("subscribers   us/packet   copies   seconds")
    for subscribers in arguments.subscribers:
        seconds = arguments.copies / (230 * subscribers)
        started = time.perf_counter()
        cost, copies = measure(subscribers, seconds, together=arguments.together, gso=gso)
        elapsed = time.perf_counter() - started
        print(f"{subscribers:11d}   {cost:9.2f}   {copies:6d}   {elapsed:7.2f}")


if __name__ == "__main__":
    main()
