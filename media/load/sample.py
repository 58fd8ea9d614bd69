"""Proves that forwarded media is right: opens, reassembles, compares and decodes a sample. Pure."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import av
import numpy as np
from aiortc.codecs.vpx import VpxPayloadDescriptor
from aiortc.rtp import RtpPacket

from media.load.clipfile import Clip
from media.load.offer import OPUS_TYPE, VP8_TYPE
from media.load.stamp import STAMP_BYTES, sent_at

AUDIBLE_POWER = 1e4  # mean square of 16-bit samples


@dataclass(slots=True)
class Sample:
    """What one subscriber received, decrypted: kept first, judged after the measurement."""

    packets: list[bytes] = field(default_factory=list)
    delays_ms: list[float] = field(default_factory=list)
    recording: bool = False

    def take(self, packet: bytes, arrival_ns: int) -> None:
        """One RTP packet; its stamp, if it has one, gives the delay."""
        if not self.recording:
            return
        self.packets.append(packet)
        sent_ns = sent_at(packet)
        if sent_ns:
            self.delays_ms.append((arrival_ns - sent_ns) / 1e6)


@dataclass(slots=True, kw_only=True)
class Verdict:
    """What became of the sample."""

    frames: int = 0  # complete VP8 frames from the first key frame on
    decoded: int = 0
    sounds: int = 0
    audible: bool = False
    altered: int = 0  # frames and sound packets that are not those of the clip

    @property
    def right(self) -> bool:
        return (
            self.frames > 0
            and self.decoded == self.frames
            and self.sounds > 0
            and self.audible
            and self.altered == 0
        )


def judge(packets: Sequence[bytes], clip: Clip) -> Verdict:
    """Check one video and one audio stream of the sample, byte by byte and by decoding."""
    parsed = [RtpPacket.parse(packet) for packet in packets]
    verdict = Verdict()
    _judge_picture(_busiest(parsed, VP8_TYPE), clip, verdict)
    _judge_sound(_busiest(parsed, OPUS_TYPE), clip, verdict)
    return verdict


def _busiest(packets: Iterable[RtpPacket], payload_type: int) -> list[RtpPacket]:
    """The packets of the SSRC with most of them, in sequence order."""
    by_ssrc: dict[int, list[RtpPacket]] = {}
    for packet in packets:
        if packet.payload_type == payload_type:
            by_ssrc.setdefault(packet.ssrc, []).append(packet)
    stream = max(by_ssrc.values(), key=len, default=[])
    if not stream:
        return []
    first = stream[0].sequence_number
    return sorted(stream, key=lambda p: (p.sequence_number - first + 0x8000) & 0xFFFF)


def _essence(data: bytes) -> bytes:
    """A digest of media data without the stamp."""
    return hashlib.blake2b(data[:-STAMP_BYTES], digest_size=12).digest()


def _judge_picture(stream: list[RtpPacket], clip: Clip, verdict: Verdict) -> None:
    known = {_essence(frame.data) for layer in clip.layers for frame in layer.frames}
    decoder = av.CodecContext.create("vp8", "r")
    started = False
    for data in frames_of(stream):
        started = started or data[0] & 1 == 0  # RFC 6386 section 9.1: key frame
        if not started:
            continue
        verdict.frames += 1
        verdict.altered += _essence(data) not in known
        try:
            verdict.decoded += len(decoder.decode(av.Packet(data)))
        except av.error.FFmpegError:
            continue


def frames_of(stream: Sequence[RtpPacket]) -> list[bytes]:
    """Complete VP8 frames (RFC 7741 section 4): from a start to the marker without a gap."""
    frames: list[bytes] = []
    parts: list[bytes] = []
    expected: int | None = None
    for packet in stream:
        descriptor, data = VpxPayloadDescriptor.parse(packet.payload)
        begins = descriptor.partition_start and descriptor.partition_id == 0
        if begins:
            parts = [data]
        elif parts and packet.sequence_number == expected:
            parts.append(data)
        else:
            parts = []
        expected = packet.sequence_number + 1 & 0xFFFF
        if packet.marker and parts:
            frames.append(b"".join(parts))
            parts = []
    return frames


def _judge_sound(stream: list[RtpPacket], clip: Clip, verdict: Verdict) -> None:
    known = {_essence(frame.data) for frame in clip.speech}
    decoder = av.CodecContext.create("libopus", "r")
    decoder.sample_rate, decoder.layout = 48000, "mono"
    for packet in stream:
        verdict.sounds += 1
        verdict.altered += _essence(packet.payload) not in known
        try:
            decoded = decoder.decode(av.Packet(packet.payload))
        except av.error.FFmpegError:
            verdict.altered += 1
            continue
        for frame in decoded:
            power = float(np.mean(frame.to_ndarray().astype(float) ** 2))
            verdict.audible = verdict.audible or power > AUDIBLE_POWER
