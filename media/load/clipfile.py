"""The file a clip is kept in: encoded frames ready to be sent, in one MessagePack document."""

from pathlib import Path

import msgspec

FORMAT = 1
SUFFIX = ".clip"


class VideoFrame(msgspec.Struct, frozen=True, array_like=True):
    key: bool
    data: bytes  # one VP8 frame
    tid: int = 0  # temporal layer; 1 refers to the last frame of 0 alone


class VideoLayer(msgspec.Struct, frozen=True, kw_only=True):
    rid: str  # "q" | "h" | "f"; "" when there is only one
    width: int
    height: int
    frames: tuple[VideoFrame, ...]  # first one a key frame; same key frames in every layer


class AudioFrame(msgspec.Struct, frozen=True, array_like=True):
    level: int  # RFC 6464 byte: -dBov, plus 128 when there is voice
    data: bytes  # one Opus packet of 20 ms


class Clip(msgspec.Struct, frozen=True, kw_only=True):
    """A loop of moving pictures and speech."""

    format: int
    key: str  # what it was made from; another key is another clip
    fps: int
    layers: tuple[VideoLayer, ...]  # smallest first; may be empty
    speech: tuple[AudioFrame, ...]
    silence: AudioFrame


_decoder = msgspec.msgpack.Decoder(Clip)
_encoder = msgspec.msgpack.Encoder()


def load_clip(path: Path, key: str) -> Clip | None:
    """The clip kept at `path`; None when it is missing, of another format, or another clip."""
    try:
        clip = _decoder.decode(path.read_bytes())
    except (OSError, msgspec.MsgspecError):
        return None
    return clip if clip.format == FORMAT and clip.key == key else None


def save_clip(path: Path, clip: Clip) -> None:
    """Write in one step, so that a reader never meets half a clip."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_bytes(_encoder.encode(clip))
    part.replace(path)
