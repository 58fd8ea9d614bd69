"""Mixes the microphones of a recording: Opus journals in, one voice track out."""

import logging
from collections.abc import Iterator, Sequence
from typing import Any

import av
import numpy as np
from av.audio.codeccontext import AudioCodecContext
from av.error import FFmpegError

from media.recording.depacketize import Frame
from media.recording.reader import TrackFile, frames
from media.rtp.sequence import TIMESTAMP_BITS, extend

log = logging.getLogger(__name__)

SAMPLE_RATE = 48_000
SILENT_BYTES = 2  # a packet this short says "still silent" (DTX), RFC 6716 section 3.1
SLIP_SAMPLES = SAMPLE_RATE * 60 // 1000  # clocks may drift this far apart before we step
KNEE = 0.7  # the limiter leaves softer samples as they are

Samples = np.ndarray[Any, np.dtype[np.float32]]


class Microphone:
    """Decodes one Opus journal forwards onto the recording's time line."""

    def __init__(self, track: TrackFile, started: float) -> None:
        """`started`: UTC epoch seconds of sample 0."""
        self._track = track
        self._started = started
        self._frames: Iterator[Frame] | None = None
        first = next(frames(track), None)
        self._start = None if first is None else self._sample(first.at)
        self._next: Frame | None = None
        self._decoder: AudioCodecContext | None = None
        self._shift: int | None = None  # sample position minus extended timestamp
        self._rtp_time = 0
        self._end = 0  # where the last chunk ended, samples
        self._rest: tuple[int, Samples] | None = None

    def add_to(self, mix: Samples, start: int) -> None:
        """Add what sounds in the window from sample `start` on. Windows follow each other."""
        stop = start + len(mix)
        if self._start is None or self._start >= stop:
            return
        if self._frames is None:
            self._open()
        rest, self._rest = self._rest, None
        if rest is not None:
            self._place(*rest, mix, start)
        while self._rest is None and self._next is not None:
            if self._sample(self._next.at) >= stop + SLIP_SAMPLES:
                return
            frame = self._next
            assert self._frames is not None
            self._next = next(self._frames, None)
            position = self._position(frame)
            samples = self._decode(frame)
            if samples is not None:
                self._place(position, samples, mix, start)

    def _open(self) -> None:
        self._frames = frames(self._track)
        self._next = next(self._frames, None)
        decoder = av.CodecContext.create("libopus", "r")
        assert isinstance(decoder, AudioCodecContext)
        decoder.sample_rate = SAMPLE_RATE
        decoder.layout = "mono"
        self._decoder = decoder

    def _sample(self, at: float) -> int:
        return round((at - self._started) * SAMPLE_RATE)

    def _position(self, frame: Frame) -> int:
        """First sample of a frame: by its timestamp, so that voice is never stretched; stepped
        when that and the time line have drifted apart."""
        position = self._sample(frame.at)
        self._rtp_time = extend(frame.rtp_time, self._rtp_time, TIMESTAMP_BITS)
        if self._shift is None or abs(self._rtp_time + self._shift - position) > SLIP_SAMPLES:
            self._shift = position - self._rtp_time
        return self._rtp_time + self._shift

    def _decode(self, frame: Frame) -> Samples | None:
        if len(frame.data) <= SILENT_BYTES:
            return None
        assert self._decoder is not None
        try:
            decoded = self._decoder.decode(av.Packet(frame.data))
        except FFmpegError as error:
            log.debug("sound at %.3f does not decode: %s", frame.at, error)
            return None
        chunks = [_mono(chunk.to_ndarray()) for chunk in decoded]
        return np.concatenate(chunks) if chunks else None

    def _place(self, position: int, samples: Samples, mix: Samples, start: int) -> None:
        """Add samples to the window; those behind it wait, those before it are gone."""
        skip = max(0, max(start, self._end) - position)
        position, samples = position + skip, samples[skip:]
        room = start + len(mix) - position
        now = samples[: max(0, room)]
        if len(now):
            mix[position - start : position - start + len(now)] += now
            self._end = position + len(now)
        if len(samples) > len(now):
            self._rest = position + len(now), samples[len(now) :]


def _mono(decoded: np.ndarray[Any, Any]) -> Samples:
    """One channel of float samples; PyAV gives mono as one row."""
    scale = 32768.0 if decoded.dtype == np.int16 else 1.0
    return np.asarray(decoded.reshape(-1), np.float32) / np.float32(scale)


def limit(samples: Samples) -> Samples:
    """Soft limiter: unchanged up to the knee, then bent to stay within ±1."""
    loud = np.abs(samples)
    over = loud > KNEE
    if not over.any():
        return samples
    bent = samples.copy()
    span = np.float32(1.0 - KNEE)
    bent[over] = np.sign(samples[over]) * (KNEE + span * np.tanh((loud[over] - KNEE) / span))
    return bent


def mix_window(microphones: Sequence[Microphone], start: int, length: int) -> Samples:
    """All microphones together in samples [start, start + length)."""
    mix = np.zeros(length, np.float32)
    for microphone in microphones:
        microphone.add_to(mix, start)
    return limit(mix)
