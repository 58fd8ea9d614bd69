"""Makes one MP4 out of a recording's journals: `python -m media.recording.compose`.

    --directory DIR   the recording's journals
    --plan FILE       what to show when (`timeline.Plan` as JSON)
    --output FILE     the MP4; it appears whole or not at all
    --font FILE       for names and the title (TrueType, OpenType, WOFF2); --title-font FILE
    --progress-file FILE   instead of standard output

Progress is one JSON object a line: `{"progress": 0.25}` …, at last
`{"progress": 1.0, "duration_s": …, "size_bytes": …}`, or `{"error": "…"}` and exit status 1 (2 for
wrong arguments, 3 when another process makes the same file). The journals are only read, so the
command may be killed and run again at any time. It ends when its reader goes away.
"""

import argparse
import contextlib
import fcntl
import itertools
import logging
import math
import os
import resource
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import av
import msgspec
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.error import FFmpegError
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from media.recording import reader
from media.recording.depacketize import can_depacketize
from media.recording.footage import PictureReader, VideoTrack, survey
from media.recording.picture import HEIGHT, WIDTH, Canvas, Fonts
from media.recording.sound import SAMPLE_RATE, Microphone, mix_window
from media.recording.timeline import Plan, PlanError, Shot, matches, read_plan, shots

if TYPE_CHECKING:
    from av.container.core import Chapter  # a type of the stubs alone

log = logging.getLogger(__name__)

FPS = 25
KEYFRAME_FRAMES = 4 * FPS  # how exactly a viewer can jump
SURVEY_SHARE = 0.1  # of the progress bar
SOUND_BPS = 96_000
PROGRESS_INTERVAL_S = 0.5
_COLOUR_ITU601 = 6  # H.273: SMPTE 170M, what browsers' cameras send
_COLOUR_ITU709_TRANSFER = 1
_VIDEO_OPTIONS = {"preset": "veryfast", "crf": "23"}
_BUSY = 3

Report = Callable[[float], None]  # progress 0…1


class ComposeError(Exception):
    """The recording cannot be composed; the text is English, for the technician."""


class BusyError(ComposeError):
    """Another process makes the same file."""


@dataclass(frozen=True, slots=True)
class Composed:
    duration_s: float
    size_bytes: int


def compose(directory: Path, plan: Plan, output: Path, fonts: Fonts, report: Report) -> Composed:
    """Write `output` from the journals in `directory`. An older `output` is replaced at the end.

    Raises:
        ComposeError: no folder, no length, nothing encodable, or no room on the disk.
    """
    try:
        with _part_of(output) as part:
            duration_s = _compose_into(part, directory, plan, fonts, report)
            size_bytes = part.stat().st_size
            with part.open("rb+") as file:
                os.fsync(file.fileno())
            part.replace(output)
    except BrokenPipeError:
        raise
    except (OSError, FFmpegError) as error:
        raise ComposeError(f"{type(error).__name__}: {error}") from error
    return Composed(duration_s, size_bytes)


def _compose_into(part: Path, directory: Path, plan: Plan, fonts: Fonts, report: Report) -> float:
    files = [track for track in reader.tracks(directory) if can_depacketize(track.header.codec)]
    ended = reader.last_arrival(files) if plan.ended is None else plan.ended
    length = max(ended - plan.started, 1 / FPS)
    videos = _survey(files, plan, lambda share: report(share * SURVEY_SHARE))
    footage = [
        item for number, video in enumerate(videos) for item in video.footage(number, plan.started)
    ]
    pictures = _pictures(shots(plan, footage, length), videos, plan, fonts)
    microphones = [Microphone(track, plan.started) for track in files if not track.video]
    with contextlib.closing(_Movie(part, plan, length)) as movie:
        for second in range(math.ceil(movie.frame_count / FPS)):
            first = second * FPS
            for number in range(first, min(first + FPS, movie.frame_count)):
                movie.add_picture(next(pictures), number)
            start = second * SAMPLE_RATE
            count = min(SAMPLE_RATE, movie.sample_count - start)
            movie.add_sound(mix_window(microphones, start, count), start)
            done = (second + 1) * FPS / movie.frame_count
            report(SURVEY_SHARE + (1 - SURVEY_SHARE) * min(done, 0.999))
        movie.finish()
        return movie.frame_count / FPS


def _survey(files: Sequence[reader.TrackFile], plan: Plan, report: Report) -> list[VideoTrack]:
    """The videos that the plan may show, read through once."""
    wanted = [
        track
        for track in files
        if track.video and any(matches(segment, track.header.peer) for segment in plan.segments)
    ]
    total = sum(track.path.stat().st_size for track in wanted)
    videos, done = [], 0
    for track in wanted:
        videos.append(survey(track))
        done += track.path.stat().st_size
        report(done / max(total, 1))
    return videos


def _pictures(
    shown: Sequence[Shot], videos: Sequence[VideoTrack], plan: Plan, fonts: Fonts
) -> Iterator[VideoFrame]:
    """The movie's frames, one after another, for ever (the last shot stays)."""
    canvas = Canvas(plan.title, fonts)
    source: PictureReader | None = None
    current: int | None = None
    waiting = list(reversed(shown))
    for number in itertools.count():
        at = number / FPS
        while len(waiting) > 1 and at >= waiting[-1].end:
            waiting.pop()
        shot = waiting[-1]
        if shot.track is None:
            canvas.show(None, shot.label)
        else:
            moment = plan.started + at
            if source is None or current != shot.track or not source.reaches(moment):
                source = PictureReader(videos[shot.track], moment)
                current = shot.track
            canvas.show(source.picture(moment), shot.label)
        yield canvas.frame()


class _Movie:
    """The MP4 being written: H.264 at a constant frame rate, AAC, chapters, index in front."""

    def __init__(self, path: Path, plan: Plan, length_s: float) -> None:
        self.frame_count = max(1, round(length_s * FPS))
        self.sample_count = self.frame_count * SAMPLE_RATE // FPS
        self._container: OutputContainer = av.open(
            str(path), "w", format="mp4", options={"movflags": "+faststart"}
        )
        self._container.metadata["title"] = plan.title
        self._container.set_chapters(_chapters(plan, self.frame_count / FPS))
        self._video = self._add_video()
        self._audio = self._add_audio()

    def _add_video(self) -> VideoStream:
        stream = self._container.add_stream("libx264", rate=FPS, options=_VIDEO_OPTIONS)
        assert isinstance(stream, VideoStream)
        context = stream.codec_context
        context.width, context.height, context.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        context.gop_size = KEYFRAME_FRAMES
        context.thread_count = 0  # as many as there are cores
        context.thread_type = "FRAME"
        context.colorspace = context.color_primaries = _COLOUR_ITU601
        context.color_trc = _COLOUR_ITU709_TRANSFER
        return stream

    def _add_audio(self) -> AudioStream:
        stream = self._container.add_stream("aac", rate=SAMPLE_RATE, layout="stereo")
        assert isinstance(stream, AudioStream)
        stream.codec_context.bit_rate = SOUND_BPS
        return stream

    def add_picture(self, frame: VideoFrame, number: int) -> None:
        frame.pts = number
        frame.time_base = Fraction(1, FPS)
        self._container.mux(self._video.encode(frame))

    def add_sound(self, samples: np.ndarray[Any, Any], start: int) -> None:
        """Mono samples for both ears."""
        frame = AudioFrame.from_ndarray(np.stack([samples, samples]), "fltp", "stereo")
        frame.sample_rate = SAMPLE_RATE
        frame.pts = start
        frame.time_base = Fraction(1, SAMPLE_RATE)
        self._container.mux(self._audio.encode(frame))

    def finish(self) -> None:
        self._container.mux(self._video.encode(None))
        self._container.mux(self._audio.encode(None))

    def close(self) -> None:
        self._container.close()


def _chapters(plan: Plan, length_s: float) -> "list[Chapter]":
    """Each chapter lasts until the next."""
    starts = [chapter for chapter in plan.chapters if 0 <= chapter.start < length_s]
    ends = [chapter.start for chapter in starts] + [length_s]
    return [
        {
            "id": number,
            "start": round(chapter.start * 1000),
            "end": round(end * 1000),
            "time_base": Fraction(1, 1000),
            "metadata": {"title": chapter.title},
        }
        for number, (chapter, end) in enumerate(zip(starts, ends[1:], strict=True), start=1)
    ]


@contextlib.contextmanager
def _part_of(output: Path) -> Iterator[Path]:
    """A temporary name beside `output`, held by this process alone; remains of others are removed.

    Raises:
        BusyError: another process makes the same file.
    """
    output.parent.mkdir(parents=True, exist_ok=True)
    part = output.with_name(f".{output.name}.part")
    with output.with_name(f".{output.name}.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise BusyError(f"{output.name} is being made by another process") from error
        try:
            yield part
        finally:
            part.unlink(missing_ok=True)


class _Progress:
    """Writes progress lines, a few a second at most."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._due = 0.0

    def __call__(self, progress: float) -> None:
        if time.monotonic() >= self._due:
            self._due = time.monotonic() + PROGRESS_INTERVAL_S
            self.write(progress=round(progress, 4))

    def write(self, **fields: object) -> None:
        self._stream.write(msgspec.json.encode(fields).decode() + "\n")
        self._stream.flush()


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m media.recording.compose")
    parser.add_argument("--directory", type=Path, required=True)
    parser.add_argument("--plan", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--font", type=Path)
    parser.add_argument("--title-font", type=Path)
    parser.add_argument("--progress-file", type=Path)
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; see the module's text."""
    options = _arguments(arguments)
    _allow_many_files()
    with contextlib.ExitStack() as stack:
        stream: TextIO = sys.stdout
        if options.progress_file is not None:
            stream = stack.enter_context(options.progress_file.open("a"))
        progress = _Progress(stream)
        try:
            plan = read_plan(options.plan.read_bytes())
            fonts = Fonts(options.font, options.title_font)
            done = compose(options.directory, plan, options.output, fonts, progress)
        except BrokenPipeError:
            return 1  # whoever asked is gone
        except (PlanError, ComposeError, OSError) as error:
            progress.write(error=str(error))
            return _BUSY if isinstance(error, BusyError) else 1
        progress.write(progress=1.0, duration_s=done.duration_s, size_bytes=done.size_bytes)
    return 0


def _allow_many_files() -> None:
    """A journal is open per voice that sounds: take all file descriptors that are allowed."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


if __name__ == "__main__":
    sys.exit(main())
