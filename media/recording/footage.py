"""Which pictures a journal holds, and the pictures themselves, decoded one after another."""

import logging
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import av
from av.error import FFmpegError
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame

from media.recording.depacketize import Frame, picture_height
from media.recording.reader import Mark, TrackFile, frames
from media.recording.timeline import Footage

log = logging.getLogger(__name__)

PAUSE_S = {"camera": 1.5, "screen": 6.0}  # a longer pause ends a stretch; still screens send little
MAX_PIXELS = 4096 * 2304
_DECODERS = {"vp8": "vp8", "h264": "h264"}


@dataclass(slots=True)
class VideoTrack:
    """A video journal and where it can be entered. Times in UTC epoch seconds."""

    file: TrackFile
    keyframes: list[Mark] = field(default_factory=list)
    stretches: list[tuple[float, float]] = field(default_factory=list)
    height: int = 0  # lines of the last key frame; 0 when unknown

    def footage(self, number: int, started: float) -> list[Footage]:
        """Its stretches in seconds since `started`, under the caller's track number."""
        header = self.file.header
        keyframes = [mark.at - started for mark in self.keyframes]
        return [
            Footage(
                track=number,
                peer=header.peer,
                source=header.source,
                rid=header.rid,
                height=self.height,
                start=start - started,
                end=end - started,
                keyframes=keyframes,
            )
            for start, end in self.stretches
        ]

    def entry(self, at: float) -> Mark:
        """The key frame to start decoding at for a picture at `at`."""
        index = bisect_right(self.keyframes, at, key=lambda mark: mark.at)
        return self.keyframes[max(0, index - 1)]


def survey(file: TrackFile) -> VideoTrack:
    """Read a video journal through once.

    Raises:
        KeyError: a codec without depacketiser.
        OSError: unreadable.
    """
    track = VideoTrack(file)
    pause = PAUSE_S.get(file.header.source, PAUSE_S["camera"])
    start = end = None
    for frame in frames(file):
        if frame.keyframe:
            _note_keyframe(track, frame)
        if start is None or end is None:
            start = frame.at
        elif not -pause < frame.at - end < pause:
            track.stretches.append((start, end))
            start = frame.at
        end = frame.at
    if start is not None and end is not None:
        track.stretches.append((start, end))
    track.keyframes.sort(key=lambda mark: mark.at)
    return track


def _note_keyframe(track: VideoTrack, frame: Frame) -> None:
    track.keyframes.append(Mark(frame.offset, frame.at, frame.rtp_time))
    track.height = picture_height(track.file.header.codec, frame.data) or track.height


class Picture(NamedTuple):
    """A decoded picture, and how many quarter turns clockwise set it upright."""

    frame: VideoFrame
    turns: int


class PictureReader:
    """Decodes one video journal forwards, from one of its key frames on."""

    def __init__(self, track: VideoTrack, at: float) -> None:
        """`at` in UTC epoch seconds: the first picture that will be asked for."""
        entry = track.entry(at)
        self._track = track
        self._frames: Iterator[Frame] = frames(track.file, entry)
        self._next: Frame | None = next(self._frames, None)
        self._position = entry.at
        self._picture: Picture | None = None
        self._decoder = _decoder(track.file.header.codec)

    def reaches(self, at: float) -> bool:
        """Going on is at least as quick as starting anew at the key frame before `at`."""
        return self._position <= at and self._track.entry(at).at <= self._position

    def picture(self, at: float) -> Picture | None:
        """The picture to be seen at `at` (UTC epoch seconds, not before the last call's)."""
        while self._next is not None and self._next.at <= at:
            self._decode(self._next)
            self._position = self._next.at
            self._next = next(self._frames, None)
        return self._picture

    def _decode(self, frame: Frame) -> None:
        try:
            for picture in self._decoder.decode(av.Packet(frame.data)):
                self._picture = Picture(picture, frame.turns)
        except FFmpegError as error:
            log.debug("frame at %.3f does not decode: %s", frame.at, error)


def _decoder(codec: str) -> VideoCodecContext:
    """One thread and no delay: each frame comes out as it goes in. Huge pictures, which would
    take the memory, are refused."""
    context = av.CodecContext.create(_DECODERS[codec], "r")
    assert isinstance(context, VideoCodecContext)
    context.thread_count = 1
    context.options = {"max_pixels": str(MAX_PIXELS)}
    return context
