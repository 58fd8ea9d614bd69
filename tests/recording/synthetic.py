"""Recordings made up for tests: moving coloured pictures and tones, encoded, packetised, journaled.

The packetisers are written from the RFCs alone, apart from the code under test.
"""

import struct
from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from media.recording.journal import TrackHeader, encode_header, encode_record

STARTED = 1_800_000_000.0  # UTC epoch seconds of the made-up recordings
MAX_PAYLOAD = 1100


def rtp(seq: int, rtp_time: int, ssrc: int, payload: bytes, *, marker: bool, pt: int) -> bytes:
    second = pt | (0x80 if marker else 0)
    fixed = struct.pack(
        ">BBHII", 0x80, second, seq & 0xFFFF, rtp_time & 0xFFFFFFFF, ssrc & 0xFFFFFFFF
    )
    return fixed + payload


def vp8_payloads(frame: bytes, picture_id: int) -> list[bytes]:
    """RFC 7741: X, I with a 15-bit picture id; S on the first packet."""
    chunks = [frame[i : i + MAX_PAYLOAD] for i in range(0, len(frame), MAX_PAYLOAD)]
    return [
        struct.pack(">BBH", 0x90 if i == 0 else 0x80, 0x80, 0x8000 | picture_id & 0x7FFF) + chunk
        for i, chunk in enumerate(chunks)
    ]


def h264_payloads(frame: bytes, _picture_id: int) -> list[bytes]:
    """RFC 6184: parameter sets in one STAP-A, large units in FU-A, others alone."""
    units = [unit for unit in _annex_b_units(frame) if unit]
    small = [unit for unit in units if unit[0] & 0x1F in (6, 7, 8)]
    payloads = []
    if small:
        payloads.append(b"\x78" + b"".join(struct.pack(">H", len(unit)) + unit for unit in small))
    for unit in units:
        if unit in small:
            continue
        if len(unit) <= MAX_PAYLOAD:
            payloads.append(unit)
            continue
        body, indicator, kind = unit[1:], unit[0] & 0xE0 | 28, unit[0] & 0x1F
        chunks = [body[i : i + MAX_PAYLOAD] for i in range(0, len(body), MAX_PAYLOAD)]
        for i, chunk in enumerate(chunks):
            edge = (0x80 if i == 0 else 0) | (0x40 if i == len(chunks) - 1 else 0)
            payloads.append(bytes([indicator, edge | kind]) + chunk)
    return payloads


def _annex_b_units(data: bytes) -> list[bytes]:
    return [
        part.removesuffix(b"\x00") for part in data.split(b"\x00\x00\x01") if part.strip(b"\x00")
    ]


def pictures(
    colour: tuple[int, int, int],
    seconds: float,
    *,
    fps: int = 15,
    size: tuple[int, int] = (320, 180),
) -> Iterator[av.VideoFrame]:
    """A plain colour with a white bar that walks to the right, one width in 4 s."""
    width, height = size
    for number in range(round(seconds * fps)):
        image = np.empty((height, width, 3), np.uint8)
        image[:] = colour
        left = int(number / fps / 4 * width) % (width - 16)
        image[:, left : left + 16] = 255
        frame = av.VideoFrame.from_ndarray(image, format="rgb24").reformat(format="yuv420p")
        frame.pts = number
        yield frame


def video_packets(
    codec: str,
    frames: Iterable[av.VideoFrame],
    *,
    fps: int = 15,
    gop: int = 30,
    ssrc: int = 1,
    seq: int = 65_500,
    rtp_time: int = 4_294_900_000,
) -> list[tuple[float, bytes]]:
    """(seconds since the first, RTP packet) of an encoded clip. Numbers wrap soon by default."""
    name = {"vp8": "libvpx", "h264": "libx264"}[codec]
    payloads_of = {"vp8": vp8_payloads, "h264": h264_payloads}[codec]
    context = None
    packets: list[tuple[float, bytes]] = []

    def add(encoded: list[av.Packet]) -> None:
        nonlocal seq
        for packet in encoded:
            payloads = payloads_of(bytes(packet), packet.pts)
            at = packet.pts / fps
            for index, payload in enumerate(payloads):
                last = index == len(payloads) - 1
                time = rtp_time + packet.pts * 90_000 // fps
                packets.append((at, rtp(seq, time, ssrc, payload, marker=last, pt=96)))
                seq += 1

    for frame in frames:
        if context is None:
            context = av.CodecContext.create(name, "w")
            context.width, context.height, context.pix_fmt = frame.width, frame.height, "yuv420p"
            context.framerate, context.time_base = fps, Fraction(1, fps)
            context.gop_size = gop
            context.options = (
                {"deadline": "realtime", "cpu-used": "8"}
                if codec == "vp8"
                else {"preset": "ultrafast", "tune": "zerolatency"}
            )
        frame.time_base = Fraction(1, fps)
        add(context.encode(frame))
    assert context is not None
    add(context.encode(None))
    return packets


def tone_packets(
    hertz: float, seconds: float, *, ssrc: int = 2, seq: int = 65_500, rtp_time: int = 4_294_900_000
) -> list[tuple[float, bytes]]:
    """(seconds since the first, RTP packet) of a 20 ms Opus tone at half loudness."""
    context = av.CodecContext.create("libopus", "w")
    context.sample_rate, context.layout, context.format = 48_000, "mono", "s16"
    context.options = {"application": "voip", "frame_duration": "20"}
    packets = []
    for number in range(round(seconds * 50)):
        t = (np.arange(960) + number * 960) / 48_000
        samples = (np.sin(2 * np.pi * hertz * t) * 16_000).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), "s16", "mono")
        frame.sample_rate, frame.pts = 48_000, number * 960
        for packet in context.encode(frame):
            index = len(packets)
            data = rtp(
                seq + index, rtp_time + index * 960, ssrc, bytes(packet), marker=False, pt=111
            )
            packets.append((index * 0.02, data))
    return packets


def write_journal(
    directory: Path,
    name: str,
    packets: Iterable[tuple[float, bytes]],
    *,
    peer: str,
    source: str,
    codec: str,
    start: float = 0.0,
    rid: str = "",
    started: float = STARTED,
) -> Path:
    """A journal whose first packet arrives `start` seconds into the recording."""
    directory.mkdir(parents=True, exist_ok=True)
    header = TrackHeader(
        recording="test",
        peer=peer,
        source=source,
        rid=rid,
        codec=codec,
        clock_hz=48_000 if codec == "opus" else 90_000,
        ssrc=1,
        wall=started,
        monotonic=100.0,
    )
    path = directory / name
    records = [encode_record(round((start + at) * 1e6), data) for at, data in packets]
    path.write_bytes(encode_header(header) + b"".join(records))
    return path
