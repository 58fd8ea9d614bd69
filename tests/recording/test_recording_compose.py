"""From journals to a film: right length, right site at the right time, sound that is heard."""

import json
import os
import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest

from media.recording.compose import FPS, BusyError, compose, main
from media.recording.picture import LEFT, PICTURE_HEIGHT, PICTURE_WIDTH, Fonts
from media.recording.timeline import Chapter, Plan, Segment
from tests.recording.synthetic import (
    STARTED,
    pictures,
    tone_packets,
    video_packets,
    write_journal,
)

RED, BLUE = (200, 30, 30), (30, 30, 200)
GOLD = (244, 203, 104)
NIGHT = (10, 14, 19)

PLAN = Plan(
    recording="test",
    started=STARTED,
    ended=STARTED + 9.0,
    title="Hội nghị giao ban",
    segments=(
        Segment(start=0, end=4, seat="site:1", peers=("site:1",), label="An Khê"),
        Segment(start=4, end=8, seat="site:2", peers=("site:2",), label="Kông Chro"),
    ),
    chapters=(Chapter(start=0, title="Mở đầu"), Chapter(start=4, title="Kông Chro phát biểu")),
)


@pytest.fixture(scope="module")
def journals(tmp_path_factory) -> Path:
    """Two sites: the first on VP8 from 1 s on, the second on H.264 from 2 s to 7 s."""
    folder = tmp_path_factory.mktemp("journals")

    def add(name, packets, site, source, codec, start):
        write_journal(
            folder, name, packets, peer=f"site:{site}#a", source=source, codec=codec, start=start
        )

    add("001-00000.rtp", video_packets("vp8", pictures(RED, 6)), 1, "camera", "vp8", 1.0)
    blue = video_packets("h264", pictures(BLUE, 5, size=(320, 240)))
    add("001-00001.rtp", blue, 2, "camera", "h264", 2.0)
    add("001-00002.rtp", tone_packets(440, 3), 1, "microphone", "opus", 1.0)
    add("001-00003.rtp", tone_packets(1000, 3), 2, "microphone", "opus", 3.0)
    return folder


@pytest.fixture(scope="module")
def movie(journals, tmp_path_factory) -> Path:
    output = tmp_path_factory.mktemp("movie") / "out.mp4"
    progress: list[float] = []
    composed = compose(journals, PLAN, output, Fonts(), progress.append)
    assert composed.duration_s == 9.0
    assert composed.size_bytes == output.stat().st_size
    assert progress == sorted(progress)
    assert 0 <= progress[0] <= progress[-1] <= 1
    return output


@pytest.fixture(scope="module")
def images(movie) -> list[np.ndarray]:
    with av.open(str(movie)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)][::5]


def image_at(images, seconds: float) -> np.ndarray:
    return images[round(seconds * FPS / 5)]


def near(pixel, colour) -> bool:
    return bool(np.all(np.abs(pixel.astype(int) - colour) < 24))


def bar(image: np.ndarray) -> float:
    """Where the white bar stands across the picture, 0…1."""
    row = image[PICTURE_HEIGHT // 2, LEFT : LEFT + PICTURE_WIDTH]
    white = np.flatnonzero(row.min(axis=1) > 180)
    return float(white.mean()) / PICTURE_WIDTH


def test_the_length_is_that_of_the_recording(movie):
    with av.open(str(movie)) as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        assert (video.width, video.height) == (1280, 720)
        assert video.codec_context.name == "h264"
        assert video.average_rate == FPS
        assert video.frames == 9 * FPS
        assert audio.codec_context.name == "aac"
        assert float(audio.duration * audio.time_base) == pytest.approx(9.0, abs=0.05)


def test_the_index_is_in_front(movie):
    data = movie.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")


def test_chapters_and_title_are_inside(movie):
    with av.open(str(movie)) as container:
        chapters = [(c["start"], c["end"], c["metadata"]["title"]) for c in container.chapters()]
        assert container.metadata["title"] == "Hội nghị giao ban"
    assert chapters == [(0, 4000, "Mở đầu"), (4000, 9000, "Kông Chro phát biểu")]


def test_each_site_is_seen_in_its_time(images):
    x, y = LEFT + PICTURE_WIDTH // 2, 40
    assert near(image_at(images, 0.5)[y, LEFT + 20], (21, 27, 35))  # the card: no picture yet
    for second in (1.4, 2.6, 3.8):
        assert near(image_at(images, second)[y, LEFT + 4], RED)
    for second in (4.6, 6.0, 6.8):
        colours = image_at(images, second)[y, x - 300 : x + 300]
        assert sum(near(pixel, BLUE) for pixel in colours) > 400
        assert near(image_at(images, second)[y, LEFT + 4], (5, 8, 11))  # 4:3 has black sides
    assert near(image_at(images, 8.6)[y, LEFT + 20], (21, 27, 35))


def test_the_picture_moves_at_its_own_speed(images):
    positions = [bar(image_at(images, second)) for second in (1.4, 2.0, 3.0, 3.8)]
    assert positions == pytest.approx([0.12, 0.27, 0.52, 0.72], abs=0.04)


def test_names_stand_on_a_plate_below_the_picture(images):
    for second in (2.0, 6.0):
        image = image_at(images, second)
        assert near(image[PICTURE_HEIGHT + 8, LEFT + PICTURE_WIDTH - 20], GOLD)
        assert image[PICTURE_HEIGHT + 10 : 710, LEFT + 24 : LEFT + 200].min() < 60  # letters
        assert near(image[PICTURE_HEIGHT + 8, LEFT - 20], NIGHT)
    assert not near(image_at(images, 8.6)[PICTURE_HEIGHT + 8, LEFT + 600], GOLD)


def loudness(samples: np.ndarray, start: float, hertz: float) -> float:
    """Amplitude of a tone in the half second from `start` on."""
    part = samples[round(start * 48_000) :][:24_000]
    wave = np.exp(-2j * np.pi * hertz * np.arange(len(part)) / 48_000)
    return float(abs((part * wave).mean()) * 2)


def test_all_microphones_are_heard_when_they_spoke(movie):
    with av.open(str(movie)) as container:
        chunks = [frame.to_ndarray() for frame in container.decode(audio=0)]
    samples = np.concatenate(chunks, axis=1)
    assert samples.shape[0] == 2
    left = samples[0]
    assert np.allclose(samples[0], samples[1], atol=0.01)
    assert loudness(left, 0.2, 440) < 0.01
    assert loudness(left, 1.5, 440) == pytest.approx(0.49, abs=0.1)
    assert loudness(left, 1.5, 1000) < 0.02
    assert loudness(left, 3.2, 440) > 0.3
    assert loudness(left, 3.2, 1000) > 0.3
    assert loudness(left, 4.6, 1000) > 0.3
    assert loudness(left, 4.6, 440) < 0.02
    assert np.abs(left).max() <= 1.02
    assert np.abs(left[round(6.5 * 48_000) :]).max() < 0.01


def test_a_plan_without_end_ends_with_the_last_packet(journals, tmp_path):
    plan = Plan(recording="test", started=STARTED, ended=None, title="T")
    composed = compose(journals, plan, tmp_path / "out.mp4", Fonts(), lambda progress: None)
    assert composed.duration_s == pytest.approx(7.0, abs=0.1)


def test_nothing_recorded_is_still_a_film(tmp_path):
    (tmp_path / "empty").mkdir()
    plan = Plan(recording="test", started=0.0, ended=1.0, title="")
    output = tmp_path / "out.mp4"
    compose(tmp_path / "empty", plan, output, Fonts(), lambda progress: None)
    with av.open(str(output)) as container:
        assert len(list(container.decode(video=0))) == FPS


def test_two_processes_do_not_make_the_same_film(tmp_path):
    (tmp_path / "empty").mkdir()
    plan = Plan(recording="test", started=0.0, ended=1.0, title="")
    output = tmp_path / "out.mp4"

    def again(_progress: float) -> None:
        with pytest.raises(BusyError):
            compose(tmp_path / "empty", plan, output, Fonts(), lambda progress: None)

    compose(tmp_path / "empty", plan, output, Fonts(), again)
    assert output.exists()


def command(tmp_path: Path, folder: Path, output: Path) -> list[str]:
    plan = tmp_path / "plan.json"
    plan.write_text(
        json.dumps({"recording": "r", "started": STARTED, "ended": STARTED + 3, "title": "T"})
    )
    module = [sys.executable, "-m", "media.recording.compose"]
    return [*module, "--directory", folder, "--plan", plan, "--output", output]


def test_the_command_reports_progress_and_can_be_killed_and_run_again(journals, tmp_path):
    output = tmp_path / "out.mp4"
    run = command(tmp_path, journals, output)
    with subprocess.Popen(run, stdout=subprocess.PIPE, text=True) as killed:
        assert killed.stdout is not None
        assert json.loads(killed.stdout.readline())["progress"] < 1
        killed.kill()
    assert not output.exists()
    done = subprocess.run(run, capture_output=True, text=True, timeout=60, check=True)
    last = json.loads(done.stdout.splitlines()[-1])
    assert last == {"progress": 1.0, "duration_s": 3.0, "size_bytes": output.stat().st_size}
    assert [path.name for path in tmp_path.iterdir() if path.suffix == ".part"] == []


def test_errors_are_one_line_of_json(tmp_path, capsys):
    output = tmp_path / "out.mp4"
    arguments = [str(word) for word in command(tmp_path, tmp_path / "missing", output)[3:]]
    assert main(arguments) == 1
    (line,) = capsys.readouterr().out.splitlines()
    assert "missing" in json.loads(line)["error"]
    assert not output.exists()


def test_a_command_whose_reader_is_gone_ends(journals, tmp_path):
    output = tmp_path / "out.mp4"
    read, write = os.pipe()
    process = subprocess.Popen(
        command(tmp_path, journals, output), stdout=write, stderr=subprocess.DEVNULL
    )
    os.close(write)
    os.close(read)
    assert process.wait(timeout=60) != 0
    assert not output.exists()
