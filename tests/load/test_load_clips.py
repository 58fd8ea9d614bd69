"""Clips are real media: they decode, line up across layers, and are made only once."""

from pathlib import Path

import av
import numpy as np
import pytest
from msgspec.structs import replace

from media.load import clips
from media.load.clipfile import Clip, VideoLayer
from media.load.clips import ClipWish, ensure_clip, make_bench_clip
from media.load.speech import RATE_HZ, level_of, speech

WISH = ClipWish(name="Kông Chro", caption="UBND huyện Kông Chro", place=2)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Clip:
    return ensure_clip(tmp_path_factory.mktemp("clips"), WISH)


def decoded(layer: VideoLayer) -> list[av.VideoFrame]:
    decoder = av.CodecContext.create("vp8", "r")
    return [frame for f in layer.frames for frame in decoder.decode(av.Packet(f.data))]


def sound(clip: Clip) -> list[av.AudioFrame]:
    decoder = av.CodecContext.create("libopus", "r")
    decoder.sample_rate, decoder.layout = 48000, "mono"
    return [frame for f in clip.speech for frame in decoder.decode(av.Packet(f.data))]


def test_every_layer_decodes_at_its_size(clip: Clip) -> None:
    assert [(layer.rid, layer.height) for layer in clip.layers] == [
        ("q", 180),
        ("h", 360),
        ("f", 720),
    ]
    for layer in clip.layers[:2]:
        frames = decoded(layer)
        assert len(frames) == clip.fps * clips.SECONDS
        assert {(frame.width, frame.height) for frame in frames} == {(layer.width, layer.height)}


def test_layers_have_their_key_frames_together(clip: Clip) -> None:
    keys = [[n for n, frame in enumerate(layer.frames) if frame.key] for layer in clip.layers]
    assert keys[0] == keys[1] == keys[2] == [0, 30, 60]


def test_the_lower_temporal_layer_decodes_alone(clip: Clip) -> None:
    layer = clip.layers[0]
    assert [frame.tid for frame in layer.frames[:60]] == [0, 1] * 30
    base = replace(layer, frames=tuple(frame for frame in layer.frames if frame.tid == 0))
    whole, half = decoded(layer), decoded(base)
    assert len(half) == len(whole) // 2
    for number, frame in enumerate(half):
        assert (frame.to_ndarray() == whole[2 * number].to_ndarray()).all()


def test_the_picture_moves(clip: Clip) -> None:
    first, later = (decoded(clip.layers[0])[n].to_ndarray(format="gray") for n in (0, 20))
    assert np.abs(first.astype(int) - later.astype(int)).mean() > 0.3


def test_speech_decodes_and_has_pauses(clip: Clip) -> None:
    energies = [float(np.mean(f.to_ndarray().astype(float) ** 2)) for f in sound(clip)]
    assert len(energies) == clips.SECONDS * 50
    assert max(energies) > 1e5
    voiced = [frame.level for frame in clip.speech if frame.level & 0x80]
    assert 0.5 < len(voiced) / len(clip.speech) < 0.95


def test_level_is_that_of_rfc_6464() -> None:
    assert level_of(np.zeros(480)) == 127
    assert level_of(np.ones(480)) == 0 | 0x80
    assert level_of(np.full(480, 0.001)) == 60  # too quiet for a voice


def test_sites_have_different_voices() -> None:
    assert not np.array_equal(speech(1, 1.0), speech(2, 1.0))
    assert len(speech(1, 1.0)) == RATE_HZ
    assert float(np.abs(speech(1, 1.0)).max()) <= 0.5


def test_a_kept_clip_is_used_again_and_a_broken_one_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clip: Clip
) -> None:
    made: list[ClipWish] = []

    def make(wish: ClipWish) -> Clip:
        made.append(wish)
        return clip

    monkeypatch.setattr(clips, "make_clip", make)
    for _ in range(2):
        assert ensure_clip(tmp_path, WISH) == clip
    assert made == [WISH]
    (kept,) = tmp_path.iterdir()
    kept.write_bytes(kept.read_bytes()[:-10])
    assert ensure_clip(tmp_path, WISH) == clip
    assert made == [WISH, WISH]


def test_the_bench_clip_has_the_packet_mix_and_still_decodes() -> None:
    bench = make_bench_clip()
    (layer,) = bench.layers
    # 6 packets of 1,100 B a frame, each with a 6 B descriptor
    assert {len(frame.data) for frame in layer.frames} == {6 * 1094}
    assert len(decoded(layer)) == len(layer.frames)
    assert {len(frame.data) for frame in bench.speech} == {80}
    assert max(float(np.abs(f.to_ndarray()).max()) for f in sound(bench)) > 1000
