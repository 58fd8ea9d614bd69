"""What strangers can send us, one function for each reader: any bytes in, no exception out.

Used twice: `run.py` drives them with coverage-guided fuzzing (atheris, libFuzzer), and
`test_fuzz_targets.py` runs the seeds and some mutations of them in every test run.
"""

import asyncio
import re
import struct
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import msgspec
from aioice import stun as aioice_stun
from pylibsrtp import Policy, Session

from media import answer, control
from media.bwe.arrival import ArrivalReader, SendLog
from media.bwe.stream_numbers import StreamNumbers
from media.drops import Counters
from media.forward.room import Room
from media.forward.temporal import Thinned
from media.negotiated import (
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
from media.receive.ingress import Ingress
from media.receive.source_packet import SourcePacket
from media.receive.up_track import Encoding
from media.recording import depacketize, journal, reader
from media.rtp import congestion_feedback, h264, red, rtcp, transport_cc, vp8
from media.rtp.congestion_feedback import CongestionFeedback, StreamReport, received
from media.rtp.extensions import elements, render
from media.rtp.keyframes import starts_keyframe
from media.rtp.packet import ParseError, build, layout
from media.rtp.rtcp import Nack, PictureLoss, ReceiverReport, Remb, ReportBlock, SenderReport
from media.sdp import OfferRefused, parse_offer
from media.transport.egress import Egress
from media.transport.ice import Credentials, IceLite, check_ufrag
from media.transport.ice import Path as IcePath
from signaling.messages import Codec as Messages
from signaling.messages import ProtocolError

CAPTURES = Path(__file__).parent.parent / "captures"
IDS = {AUDIO_LEVEL: 1, TRANSPORT_CC: 3, MID: 4, RID: 10, REPAIRED_RID: 11}
OPUS = Codec(111, "opus", 48000, 2, nack=True, red_payload_type=63)
VP8 = Codec(96, "VP8", 90000, nack=True, pli=True, rtx_payload_type=97)
H264 = Codec(
    102,
    "H264",
    90000,
    fmtp="profile-level-id=42e01f;packetization-mode=1",
    nack=True,
    rtx_payload_type=103,
)
KEY = b"\x10\x02\x00\x9d\x01\x2a\x40\x01\xb4\x00"
FRAME = b"\x90\xe0\x81\x23\x05\x20" + KEY + bytes(20)


def negotiated() -> NegotiatedMedia:
    return NegotiatedMedia(
        (
            Uplink("0", "audio", "microphone", (OPUS,), IDS),
            Uplink("1", "video", "camera", (VP8,), IDS, ("q", "h", "f")),
            Uplink("2", "video", "screen", (H264,), IDS),
        ),
        (
            SlotMedia("3", "audio", 0, 1000, None, (OPUS,), IDS),
            SlotMedia("4", "video", 0, 1010, 1011, (VP8, H264), IDS),
        ),
    )


def camera(payload: bytes = FRAME, sequence: int = 7, rid: bytes = b"q") -> bytes:
    extension = render(((4, b"1"), (10, rid), (3, b"\0\7")))
    return build(96, sequence, 3000, 0x51, payload, marker=True, extension=extension)


def _ingress() -> Ingress:
    ingress = Ingress("a", negotiated(), Counters())
    ingress.on_level = lambda peer, level, now: None
    for track in ingress.tracks:
        track.allowed = True
    return ingress


def _chunks(data: bytes) -> list[bytes]:
    """Several packets in one input: a length byte (in fours) before each."""
    found = []
    while data and len(found) < 32:
        size = 4 * data[0]
        found.append(data[1 : 1 + size])
        data = data[1 + size :]
    return found


def joined(*packets: bytes) -> bytes:
    return b"".join(
        bytes([(len(p) + 3) // 4]) + p.ljust((len(p) + 3) // 4 * 4, b"\0") for p in packets
    )


# Targets


def rtp(data: bytes) -> None:
    """Header and extensions of one packet, then several packets of one publisher."""
    parts = layout(data, len(data))
    if parts is not None:
        profile, start, end, payload, stop = parts
        assert payload <= stop <= len(data)
        found = elements(data, profile, start, end)
        if all(number for number, _ in found):
            render(found)
    ingress = _ingress()
    for index, packet in enumerate(_chunks(data)):
        now = index * 0.01
        ingress.accept(bytearray(packet) + bytes(4), len(packet), now)
        if ingress.look(now)[0]:
            rtcp.serialize(ingress.poll(now, 0.05))
            rtcp.serialize([ReceiverReport(1, tuple(ingress.report_blocks(now)))])


def rtx(data: bytes) -> None:
    """Retransmissions of a camera that is known."""
    ingress = _ingress()
    first = camera()
    ingress.accept(bytearray(first), len(first), 0.0)
    extension = render(((4, b"1"), (11, b"q")))
    for index, body in enumerate(_chunks(data)):
        packet = build(97, index, 3000, 0x52, body, marker=True, extension=extension)
        ingress.accept(bytearray(packet), len(packet), 0.001 * index)
    ingress.poll(1.0, 0.05)


def read_rtcp(data: bytes) -> None:
    """Compound RTCP: parsed, written again, read again."""
    try:
        packets = rtcp.parse(data)
    except ParseError:
        return
    again = rtcp.parse(rtcp.serialize(packets))
    assert len(again) == len(packets)


_POLICY = Policy(
    key=bytes(28),
    ssrc_type=Policy.SSRC_ANY_OUTBOUND,
    srtp_profile=Policy.SRTP_PROFILE_AEAD_AES_128_GCM,
)


_EGRESS = Egress(Counters())  # its arena is large: one for all


def room(data: bytes) -> None:
    """Any RTP and RTCP of a peer that sits in a room with another."""
    counters = Counters()
    meeting = Room("r", _EGRESS, counters, 0.0, ntp_offset=3.9e9)
    session = Session(_POLICY)
    for name in ("a", "b"):
        peer = Peer(name, negotiated())
        meeting.add_peer(peer, 0.0)
        meeting.set_allowed(name, ("microphone", "camera", "screen"), 0.0)
        meeting.auto_slots(name, 0.0)
        meeting.peer_ready(name, session._srtp[0], StreamEndpoint(lambda data: None), 0.0)
    for down in meeting.peers["b"].subscriber.video:  # type: ignore[union-attr]
        down.granted_tid = 0
    now = 0.0
    sender = meeting.peers["a"]
    first = camera()
    meeting.on_rtp(sender, bytearray(first), len(first), now)
    for packet in _chunks(data):
        now += 0.02
        if len(packet) > 1 and 192 <= packet[1] <= 223:
            meeting.on_rtcp(sender, packet, now)
            meeting.on_rtcp(meeting.peers["b"], packet, now)
        else:
            meeting.on_rtp(sender, bytearray(packet) + bytes(4), len(packet), now)
        meeting.flush(now)
        meeting.poll(now)
    meeting.stats(now)


def thinned(data: bytes) -> None:
    """Pictures in any order, with any ids and layers: no number is given twice."""
    track = _ingress().tracks[1]
    encoding = Encoding(track, "q", 1)
    feed = Thinned(encoding, 1)
    given: dict[int, int] = {}
    extended = 1 << 16
    for at in range(0, len(data) - 3, 4):
        step, kind, high, low = data[at : at + 4]
        extended = max(0, extended + (step - 64))
        payload = bytes((0x90, 0xE0, 0x80 | high, low, 5, kind)) + b"\x11"
        packet = SourcePacket(
            encoding, "vp8/90000", extended, at, 0, payload, 0, len(payload), [], at / 100
        )
        packet.vp8 = vp8.parse(payload, 0, len(payload))
        numbered = feed.take(packet)
        if numbered is not None:
            assert given.setdefault(numbered.extended, extended) == extended


def stun(data: bytes) -> None:
    ice: IceLite[str] = IceLite(1)
    ice.open("a", Credentials("abcd", "p" * 24), 0.0)
    check_ufrag(data)
    checked = ice.on_stun(data, IcePath(0, ("192.0.2.1", 4000)), 0.1)
    assert checked is None or checked.reply
    try:
        message = aioice_stun.parse_message(data)
    except (ValueError, KeyError, struct.error):
        return
    # A mutation breaks the integrity, so the message is signed anew: what its owner could send.
    message.attributes.pop("MESSAGE-INTEGRITY", None)
    message.attributes.pop("FINGERPRINT", None)
    try:
        message.add_message_integrity(b"p" * 24)
        signed = bytes(message)
    except (ValueError, struct.error):
        return  # the library reads more than it can write
    ice.on_stun(signed, IcePath(0, ("192.0.2.1", 4000)), 0.1)
    list(ice.expire(100.0))


def sdp(data: bytes) -> None:
    """An offer, negotiated and answered, or refused."""
    numbers = iter(range(1, 1_000_000))
    try:
        offer = parse_offer(data.decode("utf-8", "replace"))
        media = answer.negotiate(offer, lambda: next(numbers))
    except OfferRefused:
        return
    answer.check_restart(offer, media)
    local = answer.LocalTransport(Credentials("abcd", "p" * 24), "AA:BB", (("192.0.2.1", 4000),))
    written = answer.write_answer(offer, media, local, 1, 1)
    assert all(len(line) < 600 for line in written.split("\r\n"))


def vp8_descriptor(data: bytes) -> None:
    found = vp8.parse(data, 0, len(data))
    if found is not None:
        copy = bytearray(data)
        vp8.rewrite(copy, 0, found, found.picture_id + 5, found.tl0 + 5)
        again = vp8.parse(copy, 0, len(copy))
        assert again is not None
        assert again.keyframe == found.keyframe
        assert len(copy) == len(data)


def redundant_voice(data: bytes) -> None:
    found = red.parse(data, 0, len(data))
    assert found is None or 0 < found.start <= len(data)


def h264_payload(data: bytes) -> None:
    h264.is_keyframe_start(data, 0, len(data))
    h264.picture_size(data, 0, len(data))
    for codec in ("vp9/90000/0", "av1/90000", "h264/90000/42/1", "other/1"):
        starts_keyframe(codec, data, 0, len(data))


def twcc(data: bytes) -> None:
    try:
        feedback = transport_cc.parse(1, 2, data)
    except ParseError:
        return
    assert len(feedback.arrivals) <= 0xFFFF
    transport_cc.parse(1, 2, transport_cc.body(feedback)[8:])


def ccfb(data: bytes) -> None:
    """Feedback by stream: read, written, read again, and joined with what was sent."""
    try:
        feedback = congestion_feedback.parse(1, data)
    except ParseError:
        return
    assert congestion_feedback.parse(1, congestion_feedback.body(feedback)[4:]) == feedback
    numbers = StreamNumbers()
    for stream in feedback.streams[:2]:
        for place in range(0, min(len(stream.packets), 64), 3):
            numbers.note(stream.ssrc, stream.first + place & 0xFFFF, 1000 + place)
    reader = ArrivalReader(SendLog(1), 0)
    for run in numbers.read(feedback):
        reader.read(run, 1100)


class _NoLoop:
    """Nothing waits here: everything is fed before it is read."""

    def get_debug(self) -> bool:
        return False


def control_frames(data: bytes) -> None:
    """What a worker reads from its service."""

    async def read() -> None:
        stream = asyncio.StreamReader(loop=cast(Any, _NoLoop()))
        stream.feed_data(data)
        stream.feed_eof()
        try:
            while True:
                await control.read_envelope(stream)
        except (asyncio.IncompleteReadError, ValueError, msgspec.DecodeError):
            return

    coroutine = read()
    try:
        while True:
            coroutine.send(None)  # everything is there: it never waits
    except StopIteration:
        pass


def client_messages(data: bytes) -> None:
    """What a browser says on its WebSocket."""
    try:
        Messages.parse(data.decode("utf-8", "replace"))
    except ProtocolError:
        return


_FOLDER = tempfile.TemporaryDirectory(prefix="diemcau-fuzz-")


def journals(data: bytes) -> None:
    """A damaged recording is read as far as it goes."""
    path = Path(_FOLDER.name) / f"track{journal.SUFFIX}"
    path.write_bytes(data)
    for track in reader.tracks(Path(_FOLDER.name)):
        if depacketize.can_depacketize(track.header.codec):
            for _ in reader.frames(track):
                pass
        reader.last_arrival([track])


# Seeds


def _voice() -> bytes:
    payload = bytes.fromhex("ef0f00036f") + b"oldnew"
    return build(63, 5, 960, 0x61, payload, extension=render(((4, b"0"), (1, b"\x20"))))


def _report() -> bytes:
    block = ReportBlock(1010, 20, 3, 70000, 5, 9, 9)
    return rtcp.serialize([ReceiverReport(7, (block,))])


def _feedbacks() -> list[bytes]:
    arrivals: list[float | None] = [0.1, None, 0.13, 0.11, None, 3.0]
    feedback = transport_cc.from_arrivals(7, 9, 65530, 1, arrivals)
    return [
        _report(),
        rtcp.serialize([SenderReport(0x51, 3 << 40, 9, 1, 1)]),
        rtcp.serialize([Nack(7, 1010, (1, 2, 90)), PictureLoss(7, 1010)]),
        rtcp.serialize([Remb(7, 2_000_000, (1010,))]),
        rtcp.serialize([feedback]),
    ]


def _twcc() -> list[bytes]:
    return [data[12:] for data in _feedbacks()[-1:]]


def _ccfb() -> list[bytes]:
    voice = StreamReport(7, 65534, (received(512), 0, received(3, ecn=1)))
    return [
        congestion_feedback.body(CongestionFeedback(1, (voice, StreamReport(9, 5, ())), 1 << 30))[
            4:
        ]
    ]


def _journal() -> list[bytes]:
    header = journal.encode_header(
        journal.TrackHeader(
            recording="1",
            peer="a",
            source="camera",
            rid="q",
            codec="vp8",
            clock_hz=90000,
            ssrc=1,
            wall=1.7e9,
            monotonic=5.0,
        )
    )
    records = b"".join(
        journal.encode_record(n * 33000, camera(sequence=n)) for n in (1, 2, 2, 5, 4)
    )
    return [header + records]


def _envelopes() -> list[bytes]:
    bodies = (
        control.OpenRoom(room="1"),
        control.SetSlots(peer="a", wants=(control.SlotWant(mid="4", peer="b"),)),
        control.Done(),
    )
    encoded = [msgspec.msgpack.encode(control.Envelope(id=1, body=body)) for body in bodies]
    return [b"".join(struct.pack("!I", len(e)) + e for e in encoded)]


def _binding_request() -> bytes:
    message = aioice_stun.Message(
        message_method=aioice_stun.Method.BINDING, message_class=aioice_stun.Class.REQUEST
    )
    message.attributes["USERNAME"] = "abcd:efgh"
    message.attributes["PRIORITY"] = 1
    message.attributes["ICE-CONTROLLING"] = 5
    message.attributes["USE-CANDIDATE"] = None
    message.add_message_integrity(b"p" * 24)
    return bytes(message)


def _offers() -> list[bytes]:
    """The first sections of real offers: microphone and camera, in one also a slot."""
    offers = []
    for path in sorted(CAPTURES.glob("*_4+9.sdp")):
        session, *sections = path.read_bytes().split(b"\r\nm=")
        for kept in (sections[:2], [sections[0], sections[3]]):
            mids = b" ".join(s.split(b"a=mid:")[1].split(b"\r\n")[0] for s in kept)
            head = re.sub(rb"BUNDLE [^\r]*", b"BUNDLE " + mids, session)
            offers.append(b"\r\nm=".join([head, *kept]).rstrip() + b"\r\n")
    return offers


@dataclass(frozen=True)
class Target:
    run: Callable[[bytes], None]
    seeds: Callable[[], list[bytes]]
    max_bytes: int = 2048


TARGETS = {
    "rtp": Target(rtp, lambda: [camera(), joined(camera(), camera(sequence=9, rid=b"h"))]),
    "rtx": Target(rtx, lambda: [joined(b"\0\7" + FRAME, b"\0\5" + FRAME, b"\0")]),
    "rtcp": Target(read_rtcp, _feedbacks),
    "room": Target(
        room,
        lambda: [joined(camera(sequence=8), *_feedbacks()), joined(camera(sequence=12), _voice())],
    ),
    "thinned": Target(
        thinned,
        lambda: [
            b"".join(bytes((65, (n * 2 % 4) << 6 | 0x20, 0, n)) for n in range(16)),
            bytes((70, 0x80, 0, 9, 60, 0, 0, 7, 80, 0x40, 0, 12)),
        ],
    ),
    "stun": Target(stun, lambda: [_binding_request()]),
    "sdp": Target(sdp, _offers, 16384),
    "vp8": Target(vp8_descriptor, lambda: [FRAME, b"\x80\xc0\x05\x07" + KEY]),
    "h264": Target(
        h264_payload,
        lambda: [
            bytes.fromhex("6742c01fda014016e9b808080a00000300020000030079"),
            bytes.fromhex("18000a6742c01fda014016e9b8000468ce3c80"),
        ],
    ),
    "red": Target(redundant_voice, lambda: [bytes.fromhex("ef0f0002ef078003") + b"o" * 9]),
    "twcc": Target(twcc, _twcc),
    "ccfb": Target(ccfb, _ccfb),
    "control": Target(control_frames, _envelopes),
    "messages": Target(
        client_messages,
        lambda: [b'{"type":"join","id":1}', b'{"type":"chat","id":2,"text":"a"}'],
    ),
    "journals": Target(journals, _journal, 4096),
}
