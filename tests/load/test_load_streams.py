"""What a light client writes is standard RTP, and its counting follows RFC 3550."""

import random
import struct
from itertools import pairwise

import pytest
from aiortc.codecs.vpx import VpxPayloadDescriptor
from aiortc.rtp import RtcpPacket, RtpPacket, unpack_header_extensions, unwrap_rtx
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from media.load import feedback, offer
from media.load.arrivals import Arrivals, transport_seq
from media.load.clipfile import FORMAT, AudioFrame, Clip, VideoFrame, VideoLayer
from media.load.offer import EXTENSION_IDS
from media.load.publication import Due, Publication
from media.load.streams import InTrack, OutStream, receiver_report
from media.rtp import transport_cc, vp8

CLIP = Clip(
    format=FORMAT,
    key="test",
    fps=10,
    layers=(
        VideoLayer(
            rid="",
            width=2,
            height=2,
            frames=tuple(VideoFrame(n % 5 == 0, bytes([n]) * 2500) for n in range(10)),
        ),
    ),
    speech=(AudioFrame(0x80 | 20, b"a"), AudioFrame(0x80 | 30, b"b")),
    silence=AudioFrame(127, b"s"),
)


def video_stream(**fields: object) -> OutStream:
    values: dict[str, object] = {
        "payload_type": 96,
        "clock_hz": 90000,
        "extensions": EXTENSION_IDS,
        "mid": "1",
        "rtx_type": 97,
        "rng": random.Random(1),
    }
    return OutStream(**{**values, **fields})  # type: ignore[arg-type]


def audio_stream() -> OutStream:
    return video_stream(payload_type=111, clock_hz=48000, mid="0", rtx_type=None)


def extensions(data: bytes) -> dict[int, bytes]:
    """Header extensions by id, read by the RTP parser of aiortc's own wire helpers."""
    words = int.from_bytes(data[14:16], "big")
    return dict(unpack_header_extensions(0xBEDE, data[16 : 16 + 4 * words]))


def test_header_extensions_identify_a_stream_until_the_server_reports_it() -> None:
    stream = video_stream(rid="h")
    data = stream.packet(True, 7, b"payload", transport_seq=513, send_time=1.5)
    found = extensions(data)
    assert found[EXTENSION_IDS[offer.MID_URI]] == b"1"
    assert found[EXTENSION_IDS[offer.RID_URI]] == b"h"
    assert found[EXTENSION_IDS[offer.TRANSPORT_CC_URI]] == b"\x02\x01"
    assert int.from_bytes(found[EXTENSION_IDS[offer.SEND_TIME_URI]], "big") == 1.5 * 2**18
    stream.identified = True
    later = extensions(stream.packet(True, 7, b"payload"))
    assert set(later) == {
        EXTENSION_IDS[uri]
        for uri in (offer.TRANSPORT_CC_URI, offer.SEND_TIME_URI, offer.AUDIO_LEVEL_URI)
    }
    assert RtpPacket.parse(data).payload == b"payload"


def test_a_lost_packet_comes_back_as_rtx() -> None:
    stream = video_stream(rid="q")
    sent = [RtpPacket.parse(stream.packet(n % 2 == 0, 100 + n, bytes([n]))) for n in range(5)]
    repeat = stream.repeat(sent[3].sequence_number, 1, 0.0)
    assert repeat is not None
    assert extensions(repeat)[EXTENSION_IDS[offer.REPAIRED_RID_URI]] == b"q"
    found = unwrap_rtx(RtpPacket.parse(repeat), payload_type=96, ssrc=stream.ssrc)
    assert (found.sequence_number, found.timestamp, found.marker, found.payload) == (
        sent[3].sequence_number,
        sent[3].timestamp,
        sent[3].marker,
        sent[3].payload,
    )
    assert stream.repeat(sent[0].sequence_number - 1 & 0xFFFF, 1, 0.0) is None
    for n in range(300):
        stream.packet(False, n, b"")
    assert stream.repeat(sent[3].sequence_number, 1, 0.0) is None


def play(publication: Publication, start: float, seconds: float) -> list[tuple[float, Due]]:
    ticks = [start + n * 0.01 for n in range(round(seconds * 100))]
    return [(now, due) for now in ticks for due in publication.poll(now, 8)]


def test_temporal_layers_are_told() -> None:
    layer = CLIP.layers[0]
    frames = tuple(replace(frame, tid=n % 2) for n, frame in enumerate(layer.frames))
    clip = replace(CLIP, layers=(replace(layer, frames=frames),))
    publication = Publication(clip, [video_stream()], None, start=50.0)
    first = [due.payload for _, due in play(publication, 50.0, 1.0)][::3]
    pictures = [vp8.parse(payload, 0, len(payload)) for payload in first]
    told = [(p.temporal_id, p.layer_sync, p.tl0) for p in pictures if p is not None]
    assert told == [(n % 2, n % 2 == 1, 1 + n // 2) for n in range(10)]


def test_frames_leave_on_time_in_packets_that_continue_each_other() -> None:
    publication = Publication(CLIP, [video_stream()], None, start=50.0)
    sent = [due for _, due in play(publication, 50.0, 2.0)]
    assert len(sent) == 20 * 3
    assert [due.marker for due in sent[:3]] == [False, False, True]
    parsed = [VpxPayloadDescriptor.parse(due.payload) for due in sent]
    assert [d.partition_start for d, _ in parsed[:4]] == [1, 0, 0, 1]
    ids = [descriptor.picture_id for descriptor, _ in parsed]
    assert all(b - a in (0, 1) for a, b in pairwise(ids))
    assert {(d.tl0picidx - d.picture_id) & 0xFF for d, _ in parsed} == {0}
    times = [due.rtp_time for due in sent[::3]]
    assert {b - a for a, b in pairwise(times)} == {9000}
    assert b"".join(data for _, data in parsed[:3]) == bytes([0]) * 2500


def test_a_wanted_key_frame_is_the_next_frame_and_numbers_go_on() -> None:
    publication = Publication(CLIP, [video_stream()], None, start=0.0)
    before = [due for _, due in play(publication, 0.0, 0.25)]
    publication.request_key_frame()
    after = [due for _, due in play(publication, 0.25, 0.25)]
    assert before[-1].payload[-1] == 2  # third frame of the clip
    assert after[0].payload[-1] == 5  # its second key frame
    assert after[0].rtp_time - before[-1].rtp_time == 9000
    publication.request_key_frame()  # too soon after the last one: waits its turn
    later = [due for _, due in play(publication, 0.5, 0.3)]
    assert [due.payload[-1] for due in later if due.marker] == [7, 0, 1]


def test_sound_speaks_keeps_quiet_or_is_off() -> None:
    publication = Publication(CLIP, [], audio_stream(), start=0.0)
    assert play(publication, 0.0, 1.0) == []
    publication.microphone = True
    quiet = [due for _, due in play(publication, 1.0, 2.0)]
    assert [due.payload for due in quiet] == [b"s"] * 5
    publication.speaking = True
    spoken = [due for _, due in play(publication, 3.0, 1.0)]
    assert len(spoken) == 50
    assert spoken[0].level & 0x80
    assert all((due.rtp_time - quiet[0].rtp_time) % 960 == 0 for due in spoken)


def test_a_sender_that_slept_skips_what_it_missed() -> None:
    publication = Publication(CLIP, [video_stream()], audio_stream(), start=0.0)
    publication.microphone = publication.speaking = True
    publication.poll(0.0, 100)
    late = publication.poll(60.0, 1000)
    assert sum(due.marker for due in late) <= 6
    assert len(late) < 60


@given(st.integers(0, 65535), st.lists(st.booleans(), min_size=1, max_size=300))
def test_gaps_count_as_lost(first: int, arrives: list[bool]) -> None:
    track = InTrack(1, 96, first)
    track.count(first, 100)
    for n, arrived in enumerate(arrives, start=1):
        if arrived:
            track.count(first + n & 0xFFFF, 100)
    last = max((n for n, arrived in enumerate(arrives, start=1) if arrived), default=0)
    assert track.expected == last + 1
    assert track.lost == sum(not arrived for arrived in arrives[:last])


def test_reordered_packets_are_not_lost() -> None:
    track = InTrack(1, 96, 65534)
    for seq in (65534, 0, 65535, 2, 1):
        track.count(seq, 100)
    assert (track.expected, track.lost) == (5, 0)


def test_reports_parse_and_say_what_was_counted() -> None:
    track = InTrack(77, 96, 10)
    for seq in (10, 11, 13):
        track.count(seq, 100)
    track.last_report, track.last_report_at = 0x1234, 99.5
    (report,) = RtcpPacket.parse(receiver_report(5, [track.report_block(100.0)]))
    (block,) = report.reports
    assert (report.ssrc, block.ssrc, block.packets_lost) == (5, 77, 1)
    assert (block.fraction_lost, block.highest_sequence) == (64, 13)
    assert (block.lsr, block.dlsr) == (0x1234, 32768)
    (early,) = RtcpPacket.parse(receiver_report(5, [track.report_block(99.0)]))
    assert early.reports[0].dlsr == 0
    stream = video_stream()
    stream.packet(True, 1, b"12345")
    (sr,) = RtcpPacket.parse(stream.sender_report(1.5, 4711))
    assert (sr.sender_info.rtp_timestamp, sr.sender_info.packet_count) == (4711, 1)
    assert sr.sender_info.ntp_timestamp == (2208988801 << 32) + 2**31


def test_arrival_feedback_says_what_came_when() -> None:
    arrivals = Arrivals()
    assert arrivals.feedback(1, 2) is None
    for seq, at in ((65534, 10.0), (65535, 10.004), (1, 10.1)):
        arrivals.packet(seq, at)
    first = arrivals.feedback(1, 2)
    arrivals.packet(4, 10.13)
    second = arrivals.feedback(1, 2)
    assert first is not None
    assert second is not None
    assert struct.unpack_from("!BBHII", first) == (0x8F, 205, len(first) // 4 - 1, 1, 2)
    found = transport_cc.parse(1, 2, first[12:])
    assert (found.base_sequence, found.feedback_count) == (65534, 0)
    assert [t and t * 0.00025 for t in found.arrivals] == [10.0, 10.004, None, 10.1]
    later = transport_cc.parse(1, 2, second[12:])
    assert (later.base_sequence, later.feedback_count) == (2, 1)
    assert [t and t * 0.00025 for t in later.arrivals] == [None, None, 10.13]


def test_the_transport_wide_number_is_read_from_the_clear_header() -> None:
    id_ = EXTENSION_IDS[offer.TRANSPORT_CC_URI]
    packet = video_stream(rid="h").packet(True, 7, b"payload", transport_seq=0xABCD)
    assert transport_seq(packet, id_) == 0xABCD
    assert transport_seq(packet, 14) == -1
    assert transport_seq(bytearray(packet) + bytes(1000), id_) == 0xABCD


@given(st.binary(min_size=16, max_size=60))
def test_arbitrary_headers_have_a_number_or_none(data: bytes) -> None:
    assert -1 <= transport_seq(b"\x90" + data, 3) <= 0xFFFF


def test_feedback_is_read() -> None:
    stream = video_stream()
    block = InTrack(9, 96, 1).report_block(0.0)
    nack = bytes.fromhex("81cd0003000000010000000900100005")
    transport_cc = bytes.fromhex("8fcd00050000000100000009" + "00" * 12)
    pli = bytes.fromhex("81ce00020000000100000009")
    fir = bytes.fromhex("84ce000400000001000000000000000901000000")
    data = b"".join(
        (
            receiver_report(1, [block]),
            stream.sender_report(1.5, 1),
            nack,
            transport_cc,
            fir,
            pli,
        )
    )
    assert list(feedback.read_rtcp(data)) == [
        feedback.Reported(9),
        feedback.SenderReport(stream.ssrc, (2208988801 & 0xFFFF) << 16 | 0x8000),
        feedback.Lost(9, (16, 17, 19)),
        feedback.KeyFrameWanted(9),
        feedback.KeyFrameWanted(9),
    ]


@given(st.binary(max_size=120))
def test_arbitrary_rtcp_never_raises(data: bytes) -> None:
    list(feedback.read_rtcp(data))
    list(feedback.read_rtcp(b"\x81\xcd\x00\x08" + data))


@given(st.text(max_size=200))
def test_arbitrary_answers_are_refused(text: str) -> None:
    with pytest.raises(offer.BadAnswer):
        offer.read_answer(text + "\r\nm=video\r\na=extmap:x\r\n")


def test_layers_nobody_watches_are_not_sent_and_come_back_with_a_key_frame() -> None:
    publication = Publication(CLIP, [video_stream()], None, start=0.0)
    rid = publication.video[0].rid
    assert play(publication, 0.0, 0.3)
    publication.watch(())
    assert play(publication, 0.3, 1.0) == []
    publication.watch((rid,))
    back = [due for _, due in play(publication, 1.3, 0.3)]
    assert back[0].payload[-1] in (0, 5), "the clip's key frames"
    publication.watch(None)
    assert play(publication, 1.6, 0.3)
