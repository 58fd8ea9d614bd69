"""Makes the clips simulated sites and the bench play, once, and keeps them in a folder."""

import math
from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path

import av
import msgspec
import numpy as np
from av.audio.codeccontext import AudioCodecContext
from av.video.codeccontext import VideoCodecContext
from PIL import Image

from media.load.clipfile import (
    FORMAT,
    SUFFIX,
    AudioFrame,
    Clip,
    VideoFrame,
    VideoLayer,
    load_clip,
    save_clip,
)
from media.load.picture import frames, seed_of
from media.load.publication import DESCRIPTOR_BYTES, PAYLOAD_BYTES
from media.load.speech import RATE_HZ, level_of, speech
from media.load.stamp import SEND_STAMP, STAMP_BYTES

FPS = 15
SECONDS = 6
KEY_FRAME_S = 2
LAYERS = 2  # temporal ones, every other frame
BASE_PART = 0.6  # of the rate: what browsers give the lower layer
LOOK = 2  # raise when picture or sound change, so that kept clips are made anew
AUDIO_STEP_S = 0.02
SPEECH_BPS = 24000
# TOC of a 20 ms fullband CELT frame and two bytes of silence: what browsers send for a muted track
SILENCE = AudioFrame(127, b"\xf8\xff\xfe")

BENCH_FPS = 30
BENCH_SECONDS = 2
BENCH_PACKETS_PER_FRAME = 6
BENCH_AUDIO_BYTES = 80
_STAMP_ROOM = bytes(STAMP_BYTES - len(SEND_STAMP)) + SEND_STAMP


class Size(msgspec.Struct, frozen=True):
    """One layer to encode."""

    rid: str
    width: int
    height: int
    rate_bps: int


SIMULCAST = (
    Size("q", 320, 180, 120_000),
    Size("h", 640, 360, 350_000),
    Size("f", 1280, 720, 900_000),
)
BENCH_SIZE = Size("", 640, 360, 150_000)


class ClipWish(msgspec.Struct, frozen=True, kw_only=True):
    """What a clip shall show."""

    name: str  # "KBang"
    caption: str = ""  # "Ủy ban nhân dân huyện KBang"
    place: int = 0  # position in the meeting, picks the colour

    @property
    def key(self) -> str:
        return f"{LOOK}/{self.name}/{self.caption}/{self.place}"


def kept_clip(folder: Path, wish: ClipWish) -> Clip | None:
    """The clip of `wish`, if `folder` has it."""
    return load_clip(_path(folder, wish), wish.key)


def ensure_clip(folder: Path, wish: ClipWish) -> Clip:
    """The clip of `wish`; made and kept when `folder` does not have it.

    Raises:
        OSError: the folder cannot be written.
    """
    clip = kept_clip(folder, wish)
    if clip is None:
        clip = make_clip(wish)
        save_clip(_path(folder, wish), clip)
    return clip


def _path(folder: Path, wish: ClipWish) -> Path:
    return folder / f"site-{seed_of(wish.key):08x}{SUFFIX}"


def make_clip(wish: ClipWish) -> Clip:
    """Draw, speak and encode; about two seconds of one core."""
    pictures = frames(wish.name, wish.caption, place=wish.place, fps=FPS, seconds=SECONDS)
    return Clip(
        format=FORMAT,
        key=wish.key,
        fps=FPS,
        layers=_encode_video(pictures, SIMULCAST, FPS),
        speech=_encode_speech(seed_of(wish.name), SECONDS),
        silence=SILENCE,
    )


def make_bench_clip(place: int = 0) -> Clip:
    """The load mix: 180 video packets of 1,100 B and 50 sound packets of 80 B a second.

    The frames are real and decode; each is padded behind its last partition, where VP8 decoders do
    not look, and Opus packets by Opus padding (RFC 6716 section 3.2.5). The last bytes of a frame
    and of a sound packet hold the send stamp.
    """
    pictures = frames("Bench", "", place=place, fps=BENCH_FPS, seconds=BENCH_SECONDS)
    (layer,) = _encode_video(pictures, [BENCH_SIZE], BENCH_FPS)
    replace = msgspec.structs.replace
    padded = tuple(replace(frame, data=_pad_picture(frame.data)) for frame in layer.frames)
    sound = tuple(
        AudioFrame(frame.level, _pad_sound(frame.data))
        for frame in _encode_speech(place, SECONDS, limit_bytes=BENCH_AUDIO_BYTES - STAMP_BYTES)
    )
    return Clip(
        format=FORMAT,
        key="bench",
        fps=BENCH_FPS,
        layers=(replace(layer, frames=padded),),
        speech=sound,
        silence=SILENCE,
    )


def make_meeting_clip(place: int = 0) -> Clip:
    """`make_bench_clip` as the large layer of a simulcast camera, "f", with a small one, "q"."""
    large = make_bench_clip(place)
    pictures = frames("Bench", "", place=place, fps=BENCH_FPS, seconds=BENCH_SECONDS)
    (small,) = _encode_video(pictures, [SIMULCAST[0]], BENCH_FPS)
    replace = msgspec.structs.replace
    marked = tuple(replace(frame, data=frame.data + _STAMP_ROOM) for frame in small.frames)
    layers = (replace(small, frames=marked), replace(large.layers[0], rid="f"))
    return replace(large, key="meeting", layers=layers)


def _pad_picture(data: bytes) -> bytes:
    """Fill `BENCH_PACKETS_PER_FRAME` packets, more for a large frame; the stamp ends the last."""
    room = PAYLOAD_BYTES - DESCRIPTOR_BYTES
    packets = max(BENCH_PACKETS_PER_FRAME, math.ceil((len(data) + STAMP_BYTES) / room))
    return data + bytes(packets * room - len(data) - len(SEND_STAMP)) + SEND_STAMP


def _pad_sound(data: bytes) -> bytes:
    """One-frame packet -> code 3 packet with padding, which receivers must ignore."""
    padding = max(STAMP_BYTES, BENCH_AUDIO_BYTES - len(data) - 2)
    head = bytes((data[0] & 0xFC | 3, 0x41, padding))
    return head + data[1:] + bytes(padding - len(SEND_STAMP)) + SEND_STAMP


def _encode_video(
    pictures: Iterable[Image.Image], sizes: Sequence[Size], fps: int
) -> tuple[VideoLayer, ...]:
    """All layers in one pass, each scaled from the next larger; their key frames coincide."""
    encoders = [_video_encoder(size, fps) for size in sizes]
    encoded: list[list[tuple[bool, bytes]]] = [[] for _ in sizes]  # key frame, data
    for number, picture in enumerate(pictures):
        source = av.VideoFrame.from_ndarray(np.asarray(picture), format="rgb24")
        key = number % (fps * KEY_FRAME_S) == 0
        scaled = source.reformat(format="yuv420p")
        for size, encoder, out in reversed(list(zip(sizes, encoders, encoded, strict=True))):
            scaled = scaled.reformat(size.width, size.height, interpolation="BILINEAR")
            scaled.pts = number
            scaled.pict_type = (
                av.video.frame.PictureType.I if key else av.video.frame.PictureType.NONE
            )
            out += [(p.is_keyframe, bytes(p)) for p in encoder.encode(scaled)]
    for encoder, out in zip(encoders, encoded, strict=True):
        out += [(p.is_keyframe, bytes(p)) for p in encoder.encode(None)]
    return tuple(
        VideoLayer(rid=size.rid, width=size.width, height=size.height, frames=_frames(out))
        for size, out in zip(sizes, encoded, strict=True)
    )


def _frames(encoded: Iterable[tuple[bool, bytes]]) -> tuple[VideoFrame, ...]:
    """Temporal layers alternate from each key frame on."""
    made: list[VideoFrame] = []
    for key, data in encoded:
        tid = 0 if key else (made[-1].tid + 1) % LAYERS
        made.append(VideoFrame(key, data, tid))
    return tuple(made)


def _video_encoder(size: Size, fps: int) -> VideoCodecContext:
    """libvpx as browsers run it: realtime, no look-ahead, no alternate reference frames, temporal
    layers."""
    rate_kbps = size.rate_bps // 1000
    layers = {
        "ts_number_layers": LAYERS,
        "ts_target_bitrate": f"{round(BASE_PART * rate_kbps)},{rate_kbps}",
        "ts_rate_decimator": "2,1",
        "ts_periodicity": 2,
        "ts_layer_id": "0,1",
        "ts_layering_mode": 2,
    }
    encoder = VideoCodecContext.create("libvpx", "w")
    encoder.width, encoder.height = size.width, size.height
    encoder.pix_fmt = "yuv420p"
    encoder.time_base = Fraction(1, fps)
    encoder.framerate = Fraction(fps, 1)
    encoder.bit_rate = size.rate_bps
    encoder.gop_size = fps * KEY_FRAME_S
    encoder.thread_count = 1
    encoder.options = {
        "deadline": "realtime",
        "cpu-used": "8",
        "lag-in-frames": "0",
        "auto-alt-ref": "0",
        "error-resilient": "1",
        "static-thresh": "100",
        "minrate": str(size.rate_bps),
        "maxrate": str(size.rate_bps),
        "bufsize": str(size.rate_bps),
        "ts-parameters": ":".join(f"{name}={value}" for name, value in layers.items()),
    }
    return encoder


def _encode_speech(
    seed: int, seconds: int, limit_bytes: int | None = None
) -> tuple[AudioFrame, ...]:
    """20 ms Opus packets with their levels; constant size under `limit_bytes` when given."""
    samples = speech(seed, seconds)
    size = int(RATE_HZ * AUDIO_STEP_S)
    encoder = AudioCodecContext.create("libopus", "w")
    encoder.sample_rate = RATE_HZ
    encoder.layout = "mono"
    encoder.format = "s16"
    encoder.bit_rate = SPEECH_BPS if limit_bytes is None else SPEECH_BPS * 3 // 4
    encoder.options = {
        "application": "voip",
        "frame_duration": "20",
        "vbr": "on" if limit_bytes is None else "off",
    }
    packets: list[bytes] = []
    levels: list[int] = []
    for at in range(0, len(samples) - size + 1, size):
        part = samples[at : at + size]
        levels.append(level_of(part))
        frame = av.AudioFrame.from_ndarray(
            (part * 32767).astype(np.int16).reshape(1, -1), format="s16", layout="mono"
        )
        frame.sample_rate = RATE_HZ
        frame.pts = at
        packets += [bytes(packet) for packet in encoder.encode(frame)]
    return tuple(AudioFrame(level, data) for level, data in zip(levels, packets, strict=False))
