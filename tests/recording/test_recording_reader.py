"""Journals read back: order, repeats, time line, frames."""

import itertools
import random
import struct

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media.recording import reader
from media.recording.depacketize import h264_part, opus_frames, picture_height, vp8_part
from media.recording.footage import PictureReader, survey
from media.recording.picture import LEFT, PICTURE_HEIGHT, PICTURE_WIDTH, Canvas, Fonts
from media.recording.reader import Mark, TrackClock, parse_rtp
from media.recording.sound import Microphone, mix_window
from tests.recording.synthetic import (
    STARTED,
    pictures,
    rtp,
    tone_packets,
    video_packets,
    write_journal,
)


def journal_of(tmp_path, packets, codec="vp8", source="camera", **more):
    write_journal(
        tmp_path, "001-00000.rtp", packets, peer="a#1", source=source, codec=codec, **more
    )
    (track,) = reader.tracks(tmp_path)
    return track


def numbered(numbers, step=0.01):
    """Packets with these sequence numbers, one every `step` seconds."""
    return [
        (i * step, rtp(n, n * 900, 1, bytes([n & 0xFF]), marker=True, pt=96))
        for i, n in enumerate(numbers)
    ]


def seqs(track):
    return [packet.seq & 0xFFFF for packet in reader.packets(track)]


def test_late_and_repeated_packets_come_out_in_order_and_once(tmp_path):
    track = journal_of(tmp_path, numbered([65534, 65535, 1, 1, 0, 3, 2, 2, 4]))
    assert seqs(track) == [65534, 65535, 0, 1, 2, 3, 4]


def test_a_lost_packet_holds_the_others_for_a_second_only(tmp_path):
    numbers = [n for n in range(400) if n != 5]
    packets = numbered(numbers)
    packets.append((packets[-1][0], rtp(5, 0, 1, b"too late", marker=True, pt=96)))
    assert seqs(journal_of(tmp_path, packets)) == numbers


def test_a_sender_that_starts_numbering_again_is_followed(tmp_path):
    track = journal_of(tmp_path, numbered([100, 101, 102, 40_000, 40_001]))
    assert seqs(track) == [100, 101, 102, 40_000, 40_001]


def test_headers_extensions_csrcs_and_padding_are_taken_off():
    packet = bytes([0xB1, 0xE0, 0, 7, 0, 0, 0, 9, 0, 0, 0, 1]) + b"CSRC"
    packet += bytes([0xBE, 0xDE, 0, 1]) + b"EXT." + b"payload" + bytes([0, 0, 3])
    parsed = parse_rtp(packet)
    assert parsed is not None
    assert parsed == (7, 9, True, b"payload", None)
    assert parse_rtp(packet[:20]) is None
    assert parse_rtp(b"\x00" * 20) is None


@settings(max_examples=200, deadline=None)
@given(st.lists(st.binary(max_size=80), max_size=12), st.sampled_from(["vp8", "h264", "opus"]))
def test_random_packets_never_raise(tmp_path_factory, blobs, codec):
    track = journal_of(tmp_path_factory.mktemp("fuzz"), enumerate(blobs), codec)
    list(reader.frames(track))
    survey(track)


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_damaged_payloads_never_raise(tmp_path_factory, data):
    draw = st.binary(max_size=30)
    blobs = data.draw(st.lists(st.tuples(st.booleans(), draw), max_size=20))
    packets = [
        (i * 0.01, rtp(i, i // 3 * 3000, 1, payload, marker=marker, pt=96))
        for i, (marker, payload) in enumerate(blobs)
    ]
    for codec in ("vp8", "h264", "opus"):
        track = journal_of(tmp_path_factory.mktemp("fuzz"), packets, codec)
        list(reader.frames(track))


@given(st.binary(max_size=60))
def test_random_payloads_are_parts_or_nothing(payload):
    vp8_part(payload)
    h264_part(payload)
    picture_height("vp8", payload)
    picture_height("h264", payload)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=3000))
def test_a_folder_with_random_files_reads(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("random")
    path = write_journal(
        folder, "001-00000.rtp", numbered([1, 2]), peer="a#1", source="camera", codec="vp8"
    )
    path.write_bytes(path.read_bytes() + data)
    (folder / "002-00000.rtp").write_bytes(data)
    (folder / "notes.txt").write_bytes(data)
    for track in reader.tracks(folder):
        assert seqs(track)[:2] == [1, 2]


def test_vp8_descriptors_of_every_form_are_skipped():
    # RFC 7741 section 4.2: R|X|N|S|R|PID, then I L T K, PictureID, TL0PICIDX, TID/Y/KEYIDX.
    assert vp8_part(b"\x10\x00data") == (b"\x00data", True, True)
    assert vp8_part(b"\x10\x01data") == (b"\x01data", True, False)
    assert vp8_part(b"\x00\x00data") == (b"\x00data", False, False)
    assert vp8_part(b"\x90\x80\x05\x00") == (b"\x00", True, True)
    assert vp8_part(b"\x90\xf0\x85\x39\x07\x20\x01") == (b"\x01", True, False)
    assert vp8_part(b"\x11\x00") == (b"\x00", False, False)
    assert vp8_part(b"\x90\xf0\x85\x39\x07\x20") is None


def test_h264_aggregates_and_fragments_become_start_code_units():
    code = b"\x00\x00\x00\x01"
    assert h264_part(b"\x65abc") == (code + b"\x65abc", True, True)
    assert h264_part(b"\x78\x00\x02\x67a\x00\x02\x65b") == (
        code + b"\x67a" + code + b"\x65b",
        True,
        True,
    )
    assert h264_part(b"\x7c\x85ab") == (code + b"\x65ab", True, True)
    assert h264_part(b"\x7c\x45cd") == (b"cd", False, False)
    assert h264_part(b"\x78\x00\x09\x67a") is None


@pytest.mark.parametrize("codec", ["vp8", "h264"])
def test_the_height_of_key_frames_is_known(tmp_path, codec):
    clip = video_packets(codec, pictures((1, 2, 3), 0.2, size=(480, 270)))
    assert survey(journal_of(tmp_path, clip, codec)).height == 270


@pytest.mark.parametrize("codec", ["vp8", "h264"])
def test_video_survives_reordering_and_decodes(tmp_path, codec):
    packets = video_packets(codec, pictures((200, 30, 30), 2, size=(640, 360)))
    times = [at for at, _ in packets]
    shuffled = random.Random(1)
    order = sorted(range(len(packets)), key=lambda i: i + shuffled.uniform(0, 4))
    track = journal_of(tmp_path, [(times[k], packets[i][1]) for k, i in enumerate(order)], codec)
    frames = list(reader.frames(track))
    assert len(frames) == 30
    assert [frame.keyframe for frame in frames] == [True] + [False] * 29
    decoder = av.CodecContext.create(codec, "r")
    decoded = [p for frame in frames for p in decoder.decode(av.Packet(frame.data))]
    decoded += decoder.decode(None)
    assert [(p.width, p.height) for p in decoded] == [(640, 360)] * 30


def test_after_a_lost_frame_pictures_wait_for_the_next_key_frame(tmp_path):
    packets = video_packets("vp8", pictures((10, 200, 10), 4), gop=30, seq=0)
    lost = next(i for i, (at, _) in enumerate(packets) if at >= 0.5)
    frames = list(reader.frames(journal_of(tmp_path, packets[:lost] + packets[lost + 1 :])))
    times = [round(frame.at - STARTED, 2) for frame in frames]
    assert all(at < 0.5 or at >= 2.0 for at in times)
    assert len([at for at in times if at >= 2.0]) == 30


def test_frames_start_with_a_key_frame(tmp_path):
    packets = video_packets("vp8", pictures((10, 200, 10), 4), gop=30, seq=0)
    late = [(at, data) for at, data in packets if at >= 0.4]
    frames = list(reader.frames(journal_of(tmp_path, late)))
    assert frames[0].keyframe
    assert frames[0].at - STARTED == pytest.approx(2.0, abs=0.01)


def test_opus_packets_keep_their_timestamps(tmp_path):
    track = journal_of(tmp_path, tone_packets(440, 1), "opus", "microphone", start=2.0)
    frames = list(opus_frames(reader.packets(track)))
    assert len(frames) == 50
    assert frames[0].at - STARTED == pytest.approx(2.0)
    assert frames[-1].at - STARTED == pytest.approx(2.98)


def test_network_jitter_does_not_reach_the_time_line():
    clock = TrackClock(90_000)
    jitter = random.Random(2)
    placed = [clock.place(i * 3000, 50 + i / 30 + jitter.uniform(0.02, 0.2)) for i in range(3000)]
    steps = [b - a for a, b in itertools.pairwise(placed[500:])]
    assert max(abs(step - 1 / 30) for step in steps) < 0.005
    assert 0.0 <= placed[-1] - (50 + 2999 / 30) < 0.05


@pytest.mark.parametrize("drift", [-0.0002, 0.0002])
def test_a_sender_with_another_clock_is_followed(drift):
    clock = TrackClock(48_000)
    for i in range(100_000):  # over half an hour
        arrival = i * 0.02 * (1 + drift)
        assert clock.place((i * 960) & 0xFFFFFFFF, arrival) == pytest.approx(arrival, abs=0.01)


def test_a_pause_or_a_restarted_timestamp_is_realigned_to_its_arrival():
    clock = TrackClock(48_000)
    clock.place(0, 10.0)
    clock.place(960, 10.02)
    assert clock.place(1920, 60.0) == 60.0
    assert clock.place(2880, 60.02) == pytest.approx(60.02)
    assert clock.place(3_000_000_000, 61.0) == 61.0


def test_a_reader_that_enters_in_the_middle_sees_the_same_time_line(tmp_path):
    packets = video_packets("vp8", pictures((10, 10, 200), 6), gop=15)
    jitter = random.Random(3)
    late = [(at + jitter.uniform(0, 0.1), data) for at, data in packets]
    track = journal_of(tmp_path, late)
    video = survey(track)
    mark = video.keyframes[3]
    first = next(iter(reader.frames(track, mark)))
    assert (first.offset, first.keyframe) == (mark.offset, True)
    assert Mark(first.offset, pytest.approx(first.at), first.rtp_time) == mark


def damaged(packets, seed):
    """Random bytes changed behind the RTP header of one packet in three."""
    chance = random.Random(seed)
    for at, data in packets:
        changed = bytearray(data)
        for _ in range(chance.choice([0, 0, 3])):
            changed[chance.randrange(12, len(changed))] = chance.randrange(256)
        yield at, bytes(changed)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("codec", ["vp8", "h264"])
def test_damaged_pictures_never_raise(tmp_path, codec, seed):
    clip = video_packets(codec, pictures((200, 30, 30), 3, size=(160, 90)), gop=10)
    video = survey(journal_of(tmp_path, damaged(clip, seed), codec))
    if video.keyframes:
        shown = PictureReader(video, STARTED)
        for number in range(90):
            shown.picture(STARTED + number / 30)


@pytest.mark.parametrize("seed", range(3))
def test_damaged_voices_never_raise(tmp_path, seed):
    track = journal_of(tmp_path, damaged(tone_packets(440, 3), seed), "opus", "microphone")
    microphone = Microphone(track, STARTED)
    mixed = [mix_window([microphone], n * 48_000, 48_000) for n in range(4)]
    assert all(np.abs(window).max() <= 1.0 for window in mixed)


def test_a_huge_picture_is_refused(tmp_path):
    packets = video_packets("vp8", pictures((200, 30, 30), 1, size=(160, 90)), seq=0)
    at, first = packets[0]
    start = first.index(b"\x9d\x01\x2a") + 3
    huge = first[:start] + struct.pack("<HH", 16_383, 16_383) + first[start + 4 :]
    track = journal_of(tmp_path, [(at, huge), *packets[1:]])
    assert PictureReader(survey(track), STARTED).picture(STARTED) is None


def turned(packets, turns):
    """Video orientation in a one-byte extension on the last packet of each frame."""
    for at, data in packets:
        extension = bytes([0xBE, 0xDE, 0, 1, 0x30, ord("1"), 0x40, turns])
        marked = data[1] & 0x80
        yield at, bytes([0x90]) + data[1:12] + extension + data[12:] if marked else data


@pytest.mark.parametrize(("turns", "place"), [(0, "left"), (1, "top"), (2, "right"), (3, "bottom")])
def test_a_camera_held_on_its_side_is_set_upright(tmp_path, turns, place):
    clip = video_packets("vp8", pictures((200, 30, 30), 0.2, size=(320, 180)))  # bar at the left
    track = journal_of(tmp_path, turned(clip, turns))
    canvas = Canvas("", Fonts())
    canvas.show(PictureReader(survey(track), STARTED).picture(STARTED), "")
    image = canvas.frame().to_ndarray(format="rgb24")[:PICTURE_HEIGHT, LEFT : LEFT + PICTURE_WIDTH]
    bright = np.argwhere(image.min(axis=2) > 180)
    y, x = bright.mean(axis=0) / (PICTURE_HEIGHT, PICTURE_WIDTH)
    found = {"left": x < 0.1, "right": x > 0.9, "top": y < 0.1, "bottom": y > 0.9}
    assert [name for name, holds in found.items() if holds] == [place]


def test_survey_finds_stretches_and_size(tmp_path):
    clip = video_packets("vp8", pictures((10, 200, 10), 2, size=(320, 180)), gop=30, seq=0)
    again = video_packets(
        "vp8", pictures((10, 200, 10), 2), gop=30, seq=500, rtp_time=4_294_900_000 + 900_000
    )
    track = journal_of(tmp_path, clip + [(at + 10, data) for at, data in again])
    video = survey(track)
    assert video.height == 180
    stretches = [(round(a - STARTED, 1), round(b - STARTED, 1)) for a, b in video.stretches]
    assert stretches == [(0.0, 1.9), (10.0, 11.9)]


def test_pictures_are_those_of_the_moment(tmp_path):
    track = journal_of(tmp_path, video_packets("vp8", pictures((10, 10, 200), 4), gop=15))
    pictures_of = PictureReader(survey(track), STARTED + 2.5)
    image = pictures_of.picture(STARTED + 2.5).frame.to_ndarray(format="rgb24")
    bar = image[90, :, 0].astype(int).argmax()
    assert bar == pytest.approx(int(2.5 / 4 * 320), abs=20)
