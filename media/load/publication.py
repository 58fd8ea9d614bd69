"""Plays a clip as live media: which packets are due now. Pure; `now` is monotonic seconds."""

from collections import deque
from collections.abc import Collection
from dataclasses import dataclass, field

from media.load.clipfile import Clip, VideoLayer
from media.load.offer import (
    OPUS_TYPE,
    RTX_TYPE,
    VP8_TYPE,
    Answer,
    AnswerSection,
    Direction,
    Section,
)
from media.load.streams import OutStream

AUDIO_CLOCK_HZ = 48000
VIDEO_CLOCK_HZ = 90000
AUDIO_STEP_S = 0.02
AUDIO_STEP_TICKS = 960
DTX_STEPS = 20  # one silent frame in 400 ms, as Opus DTX sends
MAX_LATE_S = 0.5  # a sender that slept longer drops what it missed
KEY_FRAME_GAP_S = 0.3
PAYLOAD_BYTES = 1100
DESCRIPTOR_BYTES = 6


def open_streams(
    sections: list[Section], answer: Answer
) -> tuple[list[OutStream], OutStream | None]:
    """The streams the server took: pictures (one for each simulcast layer it wants), sound."""
    video: list[OutStream] = []
    audio: OutStream | None = None
    for section, answered in zip(sections, answer.sections, strict=False):
        if section.direction is not Direction.SEND or not answered.accepted:
            continue
        if section.kind == "audio":
            audio = OutStream(
                payload_type=OPUS_TYPE,
                clock_hz=AUDIO_CLOCK_HZ,
                extensions=answered.extensions,
                mid=answered.mid,
                ssrc=section.ssrc,
            )
            continue
        video += [
            OutStream(
                payload_type=VP8_TYPE,
                clock_hz=VIDEO_CLOCK_HZ,
                extensions=answered.extensions,
                mid=answered.mid,
                rid=rid,
                ssrc=section.ssrc,
                rtx_ssrc=section.rtx_ssrc,
                rtx_type=RTX_TYPE,
            )
            for rid in _rids(section, answered)
        ]
    return video, audio


def _rids(section: Section, answered: AnswerSection) -> list[str]:
    """The layers to send; [""]: one picture without a name; []: nothing (a section kept free)."""
    if not section.rids:
        return [""] if section.ssrc else []
    wanted = [rid for rid in section.rids if rid in answered.rids]
    return wanted or [section.rids[-1]]  # no simulcast in the answer: the largest alone


@dataclass(frozen=True, slots=True)
class Due:
    """One packet to send now."""

    stream: OutStream
    marker: bool
    rtp_time: int
    payload: bytes
    level: int = 127


@dataclass(slots=True)
class _Layer:
    """One simulcast layer on its way out."""

    source: VideoLayer
    stream: OutStream
    picture_id: int = 0
    tl0: int = 0


@dataclass(slots=True)
class Publication:
    """A clip played in a loop on one peer's streams.

    `microphone` off sends no sound at all; on and not `speaking`, comfort silence.
    """

    clip: Clip
    video: list[OutStream]  # by rid, or one stream
    audio: OutStream | None
    start: float
    microphone: bool = False
    speaking: bool = False
    camera: bool = True
    watched: frozenset[str] | None = None  # layers somebody watches, by rid; None: all
    _layers: list[_Layer] = field(init=False)
    _queue: deque[Due] = field(init=False, default_factory=deque)
    _frame: int = field(init=False, default=0)
    _shift: int = field(init=False, default=0)  # clip index minus frame number
    _key_frame_at: float = field(init=False, default=-1e9)
    _key_frame_wanted: bool = field(init=False, default=False)
    _step: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        by_rid = {layer.rid: layer for layer in self.clip.layers}
        largest = self.clip.layers[-1]
        self._layers = [_Layer(by_rid.get(s.rid, largest), s) for s in self.video]

    def watch(self, rids: Collection[str] | None) -> None:
        """Send these layers only (None: all); one switched on starts with a key frame on all."""
        rids = None if rids is None else frozenset(rids)
        sent = {layer.stream.rid for layer in self._layers}
        before = sent if self.watched is None else self.watched
        if (sent if rids is None else rids & sent) - before:
            self._key_frame_wanted = True
            self._key_frame_at = -1e9  # at once, however young the last one is
        self.watched = rids

    def request_key_frame(self) -> None:
        """Jump to the clip's next key frame, on every layer, as browsers do."""
        self._key_frame_wanted = True

    def rtp_time(self, stream: OutStream, now: float) -> int:
        """Media time of `stream` at `now`, for sender reports."""
        return stream.time_base + int((now - self.start) * stream.clock_hz)

    def poll(self, now: float, budget: int) -> list[Due]:
        """At most `budget` packets that are due; sound first."""
        due = self._due_audio(now)
        self._queue_video(now)
        queue = self._queue
        while queue and len(due) < budget:
            due.append(queue.popleft())
        return due

    def _due_audio(self, now: float) -> list[Due]:
        due: list[Due] = []
        stream = self.audio
        last = int((now - self.start) / AUDIO_STEP_S)
        self._step = max(self._step, last - int(MAX_LATE_S / AUDIO_STEP_S))
        while self._step <= last:
            step = self._step
            self._step += 1
            if stream is None or not self.microphone:
                continue
            if self.speaking:
                frame = self.clip.speech[step % len(self.clip.speech)]
            elif step % DTX_STEPS == 0:
                frame = self.clip.silence
            else:
                continue
            rtp_time = stream.time_base + step * AUDIO_STEP_TICKS
            due.append(Due(stream, False, rtp_time, frame.data, frame.level))
        return due

    def _queue_video(self, now: float) -> None:
        fps = self.clip.fps
        last = int((now - self.start) * fps)
        self._frame = max(self._frame, last - int(MAX_LATE_S * fps))
        while self._frame <= last:
            frame = self._frame
            self._frame += 1
            if not (self.camera and self._layers):
                self._key_frame_wanted = True  # when the picture comes back
                continue
            self._jump(frame, now)
            for layer in self._layers:
                if self.watched is None or layer.stream.rid in self.watched:
                    self._packetize(layer, frame)

    def _jump(self, frame: int, now: float) -> None:
        if not self._key_frame_wanted or now - self._key_frame_at < KEY_FRAME_GAP_S:
            return
        self._key_frame_wanted = False
        self._key_frame_at = now
        frames = self._layers[0].source.frames
        here = frame + self._shift
        ahead = next(n for n in range(len(frames)) if frames[(here + n) % len(frames)].key)
        self._shift += ahead

    def _packetize(self, layer: _Layer, frame: int) -> None:
        """Split one VP8 frame (RFC 7741 section 4.2: X, I with 15 bits, L, T with Y)."""
        picture = layer.source.frames[(frame + self._shift) % len(layer.source.frames)]
        data = picture.data
        layer.picture_id = layer.picture_id + 1 & 0x7FFF
        layer.tl0 = layer.tl0 + (picture.tid == 0) & 0xFF
        stream = layer.stream
        rtp_time = stream.time_base + frame * stream.clock_hz // self.clip.fps
        pid = layer.picture_id
        sync = picture.tid > 0
        last = picture.tid << 6 | sync << 5
        tail = bytes((0xE0, 0x80 | pid >> 8, pid & 0xFF, layer.tl0, last))
        room = PAYLOAD_BYTES - DESCRIPTOR_BYTES
        for at in range(0, len(data), room):
            first = b"\x90" if at == 0 else b"\x80"
            marker = at + room >= len(data)
            payload = first + tail + data[at : at + room]
            self._queue.append(Due(stream, marker, rtp_time, payload))
