"""Journals survive what happens to files: torn tails, killed writers, full disks."""

import contextlib
import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media.recording import journal
from media.recording.journal import (
    JournalError,
    Recorder,
    RecordingError,
    TrackHeader,
    decode_header,
    encode_header,
    encode_record,
    read_header,
    read_records,
)

HEADER = TrackHeader(
    recording="r",
    peer="site:12#c1",
    source="camera",
    rid="f",
    codec="vp8",
    clock_hz=90_000,
    ssrc=7,
    wall=1.8e9,
    monotonic=5.0,
)

WRITER = """
import sys, time
from media.recording.journal import Recorder
recorder = Recorder(sys.argv[1], "r", time.time())
number = 0
while True:
    now = time.monotonic()
    recorder.on_packet("p#1", "camera", "", "vp8/90000", 1, number.to_bytes(8, "big") * 100, now)
    number += 1
    if number % 10 == 0:
        print(number, flush=True)
    time.sleep(0.002)
"""


def recorder_in(directory: Path) -> Recorder:
    return Recorder(directory, "r", now_wall=1.8e9, now=100.0)


def journals(directory: Path) -> list[Path]:
    return sorted(directory.glob("*.rtp"))


def contents(path: Path) -> list[bytes]:
    _, start = read_header(path)
    return [record.packet for record in read_records(path, start)]


@settings(max_examples=60, deadline=None)
@given(packets=st.lists(st.binary(min_size=1, max_size=40), max_size=6))
def test_a_journal_cut_at_any_byte_keeps_the_records_before_the_cut(tmp_path_factory, packets):
    head = encode_header(HEADER)
    whole, ends = head, [len(head)]
    for number, packet in enumerate(packets):
        whole += encode_record(number * 1000, packet)
        ends.append(len(whole))
    path = tmp_path_factory.mktemp("cut") / "a.rtp"
    for cut in range(len(whole) + 1):
        path.write_bytes(whole[:cut])
        if cut < len(head):
            with pytest.raises(JournalError):
                read_header(path)
            continue
        header, start = read_header(path)
        assert header == HEADER
        complete = sum(end <= cut for end in ends[1:])
        assert [r.packet for r in read_records(path, start)] == packets[:complete]


def test_a_damaged_record_is_left_out_and_the_rest_is_read(tmp_path):
    packets = [b"one" * 10, b"two" * 10, b"three" * 10]
    data = bytearray(encode_header(HEADER))
    places = []
    for packet in packets:
        places.append(len(data))
        data += encode_record(0, packet)
    data[places[1] + 20] ^= 0xFF
    path = tmp_path / "a.rtp"
    path.write_bytes(data)
    assert contents(path) == [packets[0], packets[2]]


@given(data=st.binary(max_size=200))
def test_random_bytes_are_a_journal_error_or_a_header(data):
    with contextlib.suppress(JournalError):
        decode_header(data)


def test_packets_come_back_as_they_were_given_with_their_arrival_times(tmp_path):
    recorder = recorder_in(tmp_path)
    buffer = bytearray(b"first")
    recorder.on_packet("site:1#a", "camera", "h", "vp8/90000", 1, memoryview(buffer), 100.5)
    buffer[:] = b"reuse"
    recorder.on_packet("site:1#a", "microphone", "", "opus/48000/2", 2, b"sound", 101.25)
    recorder.close()
    camera, sound = journals(tmp_path)
    header, start = read_header(camera)
    assert (header.peer, header.source, header.rid) == ("site:1#a", "camera", "h")
    assert (header.codec, header.clock_hz, header.ssrc) == ("vp8", 90_000, 1)
    assert header.wall == 1.8e9
    assert [r[1:] for r in read_records(camera, start)] == [(500_000, b"first")]
    header, start = read_header(sound)
    assert (header.codec, header.clock_hz) == ("opus", 48_000)
    assert [r[1:] for r in read_records(sound, start)] == [(1_250_000, b"sound")]


def test_the_manifest_lists_every_track(tmp_path):
    recorder = recorder_in(tmp_path)
    recorder.on_packet("site:1#a", "camera", "q", "vp8/90000", 1, b"x", 100.0)
    recorder.on_packet("site:1#a", "camera", "f", "vp8/90000", 2, b"y", 100.0)
    recorder.close()
    lines = [msgspec.json.decode(x) for x in (tmp_path / "manifest.jsonl").read_bytes().split()]
    assert [line["event"] for line in lines] == ["opened", "track", "track", "closed"]
    files = {line["file"]: line["track"]["rid"] for line in lines if line["event"] == "track"}
    assert files == {"001-00000.rtp": "q", "001-00001.rtp": "f"}


def test_opening_again_adds_a_segment_and_counts_what_is_there(tmp_path):
    first = recorder_in(tmp_path)
    first.on_packet("a#1", "camera", "", "vp8/90000", 1, b"one", 100.0)
    first.close()
    before = [path.read_bytes() for path in journals(tmp_path)]
    second = recorder_in(tmp_path)
    assert second.size_bytes == first.size_bytes
    second.on_packet("a#1", "camera", "", "vp8/90000", 1, b"two", 100.0)
    second.close()
    assert [path.name for path in journals(tmp_path)] == ["001-00000.rtp", "002-00000.rtp"]
    assert journals(tmp_path)[0].read_bytes() == before[0]
    assert [contents(path) for path in journals(tmp_path)] == [[b"one"], [b"two"]]
    assert second.size_bytes == sum(path.stat().st_size for path in journals(tmp_path))


def test_a_folder_that_cannot_be_made_is_a_clear_error(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(RecordingError, match="recording folder"):
        recorder_in(tmp_path / "file" / "r")


def test_a_disk_that_refuses_is_reported_and_recording_goes_on_in_a_new_file(tmp_path, monkeypatch):
    monkeypatch.setattr(journal, "WRITE_INTERVAL_S", 0.01)
    monkeypatch.setattr(journal, "RETRY_S", 0.01)
    full = True
    write = os.write

    def limited(fd, data):
        if full:
            write(fd, bytes(data)[:20])  # half a record reaches the disk
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(fd, data)

    monkeypatch.setattr(os, "write", limited)
    recorder = recorder_in(tmp_path)
    recorder.on_packet("a#1", "camera", "", "vp8/90000", 1, b"lost", 100.0)
    wait_for(lambda: recorder.error)
    assert "No space" in recorder.error
    full = False
    recorder.on_packet("a#1", "camera", "", "vp8/90000", 1, b"kept", 101.0)
    wait_for(lambda: recorder.error is None)
    recorder.close()
    assert recorder.dropped_packets == 1
    assert contents(journals(tmp_path)[-1]) == [b"kept"]


def test_a_stalled_disk_drops_the_oldest_and_counts_them(tmp_path, monkeypatch):
    monkeypatch.setattr(journal, "MAX_PENDING_PACKETS", 10)
    monkeypatch.setattr(journal, "WRITE_INTERVAL_S", 3600.0)
    recorder = recorder_in(tmp_path)
    for number in range(25):
        recorder.on_packet("a#1", "camera", "", "vp8/90000", 1, bytes([number + 1]), 100.0)
    recorder.close()
    assert recorder.dropped_packets == 15
    assert contents(journals(tmp_path)[0]) == [bytes([number + 1]) for number in range(15, 25)]


def test_many_tracks_share_few_open_files(tmp_path, monkeypatch):
    monkeypatch.setattr(journal, "MAX_OPEN_FILES", 3)
    monkeypatch.setattr(journal, "BATCH_PACKETS", 5)
    recorder = recorder_in(tmp_path)
    for turn in range(4):
        for peer in range(10):
            recorder.on_packet(f"p{peer}#1", "camera", "", "vp8/90000", 1, bytes([turn + 1]), 100.0)
    recorder.close()
    assert len(journals(tmp_path)) == 10
    assert {tuple(contents(path)) for path in journals(tmp_path)} == {(b"\1", b"\2", b"\3", b"\4")}


def test_growing_means_bytes_reached_the_disk_in_the_last_ten_seconds(tmp_path):
    started = time.monotonic()
    recorder = Recorder(tmp_path, "r", now_wall=1.8e9, now=started)
    assert recorder.growing(started + 9)
    assert not recorder.growing(started + 11)
    recorder.on_packet("a#1", "camera", "", "vp8/90000", 1, b"x", started)
    recorder.close()
    assert recorder.growing(time.monotonic() + 9)
    assert not recorder.growing(time.monotonic() + 11)


def test_killing_the_writer_loses_at_most_a_second(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    given = 0
    until = time.monotonic() + 30
    begun = None
    while time.monotonic() < until:
        given = int(process.stdout.readline())
        begun = begun or time.monotonic()
        if time.monotonic() - begun > 2:
            break
    process.send_signal(signal.SIGKILL)
    given = max([given, *(int(line) for line in process.stdout.read().split())])
    process.wait()
    process.stdout.close()
    (path,) = journals(tmp_path)
    _header, start = read_header(path)
    records = list(read_records(path, start))
    numbers = [int.from_bytes(record.packet[:8], "big") for record in records]
    assert numbers == list(range(len(numbers)))
    assert given - len(numbers) < 500  # a second at one packet every 2 ms


def wait_for(condition, seconds=10.0):
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "did not happen"
        time.sleep(0.01)
