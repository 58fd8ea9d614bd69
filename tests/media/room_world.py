"""A room with publishers and subscribers made of bytes: real SRTP, no socket, `now` by hand."""

import os
from dataclasses import dataclass, field

from pylibsrtp import Policy, Session

from media.control import SlotWant
from media.drops import Counters
from media.forward.room import Room
from media.negotiated import (
    ABS_SEND_TIME,
    AUDIO_LEVEL,
    MID,
    REPAIRED_RID,
    RID,
    TRANSPORT_CC,
    Codec,
    NegotiatedMedia,
    SlotMedia,
    Uplink,
)
from media.peer import Peer, StreamEndpoint
from media.rtp import vp8
from media.rtp.extensions import Element, elements, render
from media.rtp.packet import HEADER, build, layout
from media.rtp.rtcp import Rtcp, parse, serialize
from media.transport.egress import Egress

ROTATION = "urn:3gpp:video-orientation"
CHROMIUM = {
    AUDIO_LEVEL: 1,
    ABS_SEND_TIME: 2,
    TRANSPORT_CC: 3,
    MID: 4,
    ROTATION: 13,
    RID: 10,
    REPAIRED_RID: 11,
}
FIREFOX = {AUDIO_LEVEL: 1, MID: 3, ABS_SEND_TIME: 4, TRANSPORT_CC: 7, ROTATION: 12, RID: 9}
SRTCP_BYTES = 20  # what encryption adds
OPUS = Codec(111, "opus", 48000, 2)
VP8 = Codec(96, "VP8", 90000, nack=True, pli=True, rtx_payload_type=97)
OPUS_FIREFOX = Codec(109, "opus", 48000, 2)
VP8_FIREFOX = Codec(120, "VP8", 90000, nack=True, pli=True, rtx_payload_type=124)
H264 = Codec(102, "H264", 90000, fmtp="profile-level-id=42e01f;packetization-mode=1", nack=True)


@dataclass
class Received:
    """One copy a subscriber decrypted."""

    payload_type: int
    sequence: int
    timestamp: int
    ssrc: int
    marker: bool
    elements: dict[int, bytes]
    payload: bytes
    data: bytes

    @property
    def picture(self) -> vp8.Vp8Descriptor:
        found = vp8.parse(self.payload, 0, len(self.payload))
        assert found is not None
        return found


def read(data: bytes) -> Received:
    parts = layout(data, len(data))
    assert parts is not None
    profile, start, end, payload_start, payload_end = parts
    _, second, sequence, timestamp, ssrc = HEADER.unpack_from(data)
    return Received(
        second & 0x7F,
        sequence,
        timestamp,
        ssrc,
        bool(second & 0x80),
        dict(elements(data, profile, start, end)),
        data[payload_start:payload_end],
        data,
    )


def sessions(key: bytes | None = None) -> tuple[Session, Session]:
    """A sending and a receiving SRTP session with one key."""
    key = key or os.urandom(28)
    made = []
    for kind in (Policy.SSRC_ANY_OUTBOUND, Policy.SSRC_ANY_INBOUND):
        policy = Policy(key=key, ssrc_type=kind, srtp_profile=Policy.SRTP_PROFILE_AEAD_AES_128_GCM)
        policy.window_size = 128
        made.append(Session(policy))
    return made[0], made[1]


@dataclass
class Viewer:
    """A subscriber; `received` holds what arrived, decrypted."""

    peer: Peer
    tx: Session
    rx: Session
    received: list[Received] = field(default_factory=list)
    rtcp: list[Rtcp] = field(default_factory=list)

    def on_datagram(self, data: bytes) -> None:
        self.received.append(read(self.rx.unprotect(data)))

    def slot(self, mid: str) -> list[Received]:
        ssrc = next(s.ssrc for s in self.peer.negotiated.slots if s.mid == mid)
        return [r for r in self.received if r.ssrc == ssrc]


class Source:
    """Numbers of one published SSRC."""

    def __init__(
        self,
        ssrc: int,
        *,
        payload_type: int = 96,
        sequence: int = 100,
        timestamp: int = 5000,
        pid: int = 7,
        tl0: int = 3,
        items: tuple[Element, ...] = (),
    ) -> None:
        self.ssrc = ssrc
        self.payload_type = payload_type
        self.sequence = sequence
        self.timestamp = timestamp
        self.pid = pid
        self.tl0 = tl0
        self.items = items

    def packet(self, payload: bytes, *, marker: bool = False, step: int = 0) -> bytes:
        data = build(
            self.payload_type,
            self.sequence & 0xFFFF,
            self.timestamp & 0xFFFFFFFF,
            self.ssrc,
            payload,
            marker=marker,
            extension=render(self.items),
        )
        self.sequence += 1
        self.timestamp += step
        return data

    def frame(
        self,
        *,
        key: bool = False,
        packets: int = 1,
        height: int = 180,
        size: int = 40,
        tid: int = 0,
        sync: bool = False,
    ) -> list[bytes]:
        """One VP8 frame, 15-bit picture id, as many packets."""
        self.pid += 1
        self.tl0 += not tid
        made = []
        for index in range(packets):
            last = index == packets - 1
            descriptor = bytes(
                (0x90 if index == 0 else 0x80, 0xE0, 0x80 | self.pid >> 8 & 0x7F, self.pid & 0xFF)
            )
            tail = bytes((self.tl0 & 0xFF, tid << 6 | sync << 5))
            body = (
                b"\x10\0\0\x9d\x01\x2a\x40\x01" + height.to_bytes(2, "little") if key else b"\x11"
            )
            payload = (descriptor + tail + (body if index == 0 else b"")).ljust(size, b"v")
            made.append(self.packet(payload, marker=last, step=3000 if last else 0))
        return made

    def voice(self, level: int | None = None) -> bytes:
        if level is not None:
            self.items = ((1, bytes((level,))),)
        return self.packet(b"opus" * 10, step=960)


class World:
    """The room, and people made for it."""

    def __init__(self, *, gso: bool | None = None) -> None:
        self.counters = Counters()
        self.egress = Egress(self.counters, gso=gso)
        self.room = Room("r", self.egress, self.counters, 0.0, ntp_offset=3.9e9)
        self.now = 0.0
        self.viewers: dict[str, Viewer] = {}
        self._ssrc = 100

    def publisher(
        self,
        name: str,
        *,
        rids: tuple[str, ...] = (),
        extensions: dict[str, int] = CHROMIUM,
        video: Codec = VP8,
        allowed: tuple[str, ...] = ("microphone", "camera"),
    ) -> Peer:
        uplinks = (
            Uplink("0", "audio", "microphone", (OPUS,), extensions),
            Uplink("1", "video", "camera", (video,), extensions, rids),
        )
        tx, _ = sessions()
        peer = Peer(
            name,
            NegotiatedMedia(uplinks, (), local_ssrc=4242),
            srtp_tx=tx._srtp[0],
            endpoint=StreamEndpoint(lambda data: None),
        )
        self.viewers[name] = Viewer(peer, tx, tx)
        self.room.add_peer(peer, self.now)
        self.room.set_allowed(name, allowed, self.now)
        return peer

    def viewer(
        self,
        name: str,
        *,
        audio: int = 1,
        video: int = 2,
        firefox: bool = False,
        key: bytes | None = None,
        ready: bool = True,
        estimates: bool = False,
        by_stream: bool = False,
    ) -> Viewer:
        """Without `estimates` its line is taken to carry everything: nobody sends feedback here."""
        extensions = FIREFOX if firefox else CHROMIUM
        slots = []
        for index in range(audio + video):
            kind = "audio" if index < audio else "video"
            codecs = (OPUS_FIREFOX if firefox else OPUS,)
            if kind == "video":
                codecs = (VP8_FIREFOX if firefox else VP8,)
            slots.append(
                SlotMedia(
                    f"{kind[0]}{index if kind == 'audio' else index - audio}",
                    kind,
                    index if kind == "audio" else index - audio,
                    self._ssrc,
                    self._ssrc + 1 if kind == "video" else None,
                    codecs,
                    extensions,
                )
            )
            self._ssrc += 10
        tx, rx = sessions(key)
        negotiated = NegotiatedMedia((), tuple(slots), local_ssrc=4242, by_stream=by_stream)
        peer = Peer(name, negotiated)
        viewer = self.viewers[name] = Viewer(peer, tx, rx)
        self.room.add_peer(peer, self.now)
        assert peer.subscriber is not None
        if not estimates:
            peer.subscriber.downlink.estimator = None
        if ready:
            self.connect(viewer)
        return viewer

    def connect(self, viewer: Viewer) -> None:
        self.room.peer_ready(
            viewer.peer.id, viewer.tx._srtp[0], StreamEndpoint(viewer.on_datagram), self.now
        )

    def show(self, viewer: Viewer, mid: str, peer: str | None, height: int = 720) -> None:
        self.room.set_slots(
            viewer.peer.id, (SlotWant(mid=mid, peer=peer, max_height=height),), self.now
        )

    def send(self, peer: Peer, *packets: bytes, flush: bool = True) -> None:
        for packet in packets:
            self.room.on_rtp(peer, bytearray(packet) + bytes(20), len(packet), self.now)
        if flush:
            self.room.flush(self.now)

    def tell(self, peer: Peer, *packets: Rtcp) -> None:
        data = serialize(packets)
        if not self.room.skips(peer, data, len(data) + SRTCP_BYTES, self.now):
            self.room.on_rtcp(peer, data, self.now)
        self.room.flush(self.now)

    def tick(self, seconds: float = 0.0) -> list[tuple[str, Rtcp]]:
        """Let time pass, polling as a worker does; what the room had to say."""
        said: list[tuple[str, Rtcp]] = []
        until = self.now + seconds
        while True:
            for peer, data in self.room.poll(self.now):
                said.extend((peer.id, packet) for packet in parse(data))
            deadline = self.room.next_deadline(self.now)
            if self.now >= until:
                return said
            self.now = min(until, max(deadline, self.now + 0.001))
