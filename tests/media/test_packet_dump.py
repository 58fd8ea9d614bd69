"""Packet dumps: redacted, bounded, and replayed to the same decisions."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from room_world import CHROMIUM, FIREFOX, H264, Source, World

from conference.__main__ import main
from media.dump import DumpError, DumpWriter, Kind, load, read, redact_rtp
from media.negotiated import Codec, NegotiatedMedia, SlotMedia, Uplink
from media.replay import Decision, Replay
from media.rtp.packet import build
from media.rtp.rtcp import (
    Nack,
    PictureLoss,
    SenderReport,
    SourceDescription,
    parse,
    serialize,
)

OPUS = Codec(111, "opus", 48000, 2, red_payload_type=63)
VP8 = Codec(96, "VP8", 90000, nack=True, pli=True, rtx_payload_type=97)
MEDIA = NegotiatedMedia(
    (
        Uplink("0", "audio", "microphone", (OPUS,), CHROMIUM),
        Uplink("1", "video", "camera", (VP8,), CHROMIUM),
        Uplink("2", "video", "screen", (H264,), FIREFOX),
    ),
    (SlotMedia("3", "audio", 0, 1000, None, (OPUS,), CHROMIUM),),
)
SECRET = b"what was said and shown"


def seconds_of(camera: Source, voice: Source, writer: DumpWriter) -> list[float]:
    """Four seconds of a line that loses a packet each second; when packets were asked for."""
    world = World()
    peer = world.publisher("s")
    asked = []
    for frame in range(120):
        world.now = frame / 30
        packets = camera.frame(key=frame == 0, packets=4, size=300)
        if frame % 30 == 20:
            del packets[1]
        level = 20 if 30 <= frame < 75 else 127
        for data in (*packets, voice.voice(level)):
            writer.rtp_in(data, len(data), world.now)
            world.send(peer, data)
        for _, packet in world.tick():
            writer.rtcp_out(serialize([packet]), world.now)
            if isinstance(packet, Nack):
                asked.append(world.now)
    return asked


def replayed(data: bytes, rtt_s: float = 0.1) -> tuple[list[Decision], Replay]:
    media, records = read(data)
    replay = Replay(media, rtt_s)
    return list(replay.run(records)), replay


def test_a_dump_replays_to_the_decisions_of_the_room() -> None:
    writer = DumpWriter(MEDIA, 0.0)
    asked = seconds_of(
        Source(5, items=((4, b"1"),)), Source(9, payload_type=111, items=((4, b"0"),)), writer
    )
    decisions, replay = replayed(writer.take())
    again = [d.at for d in decisions if d.core == "nack"]
    assert len({int(at) for at in again}) == len({int(at) for at in asked}) == 4
    assert again[0] == pytest.approx(asked[0], abs=0.04)
    firsts = [d.what for d in decisions if d.core == "source"]
    assert firsts == ["camera is SSRC 00000005", "microphone is SSRC 00000009"]
    key = next(d for d in decisions if d.core == "key frame")
    assert (key.at, key.what) == (0.0, "camera 320x180")
    spoken = [d for d in decisions if d.core == "voice"]
    assert [d.what.split(",")[0] for d in spoken] == ["speaks", "is silent"]
    assert 1.0 <= spoken[0].at <= 1.3
    layer = next(d.what for d in decisions if d.core == "layer")
    assert layer == "camera for 1080 lines: camera"
    assert any(d.core == "told" and "again" in d.what for d in decisions)
    assert any(
        line.startswith("camera") and "476 packets" in line and "4 lost" in line
        for line in replay.summary()
    )


def test_a_dump_begun_later_knows_what_the_packets_no_longer_say() -> None:
    """Publishers name the layer of an SSRC at first only."""
    world = World()
    peer = world.publisher("s", rids=("q", "h"))
    layers = [Source(50, items=((4, b"1"), (10, b"q"))), Source(51, items=((4, b"1"), (10, b"h")))]
    for source in layers:
        world.send(peer, *source.frame(key=True, height=180))
        source.items = ()
    assert peer.ingress is not None
    writer = DumpWriter(peer.ingress.known_media(), 0.0)
    for frame in range(10):
        for source in layers:
            for data in source.frame(key=frame == 5, height=180):
                writer.rtp_in(data, len(data), frame / 30)
    decisions, replay = replayed(writer.take())
    named = [d.what for d in decisions if d.core == "source"]
    assert named == ["camera q is SSRC 00000032", "camera h is SSRC 00000033"]
    assert not any("drop" in line for line in replay.summary())


def test_the_command_prints_a_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    writer = DumpWriter(MEDIA, 0.0)
    seconds_of(
        Source(5, items=((4, b"1"),)), Source(9, payload_type=111, items=((4, b"0"),)), writer
    )
    file = tmp_path / "a.dcdump"
    file.write_bytes(writer.take())
    assert main(["replay", str(file), "--core", "voice"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0].split() == ["seconds", "core", "decision"]
    assert all("voice" in line for line in said[1:3])
    assert "speaks" in said[1]
    other = tmp_path / "b"
    other.write_bytes(b"something else")
    assert main(["replay", str(other)]) == 1
    assert main(["replay", str(tmp_path / "missing")]) == 1


def test_a_dump_holds_nothing_of_what_was_said_and_shown() -> None:
    writer = DumpWriter(MEDIA, 0.0)
    picture = b"\x90\xe0\x81\x23\x05\x20\x11".ljust(30, b"\0") + SECRET * 20
    redundant = bytes.fromhex("ef0f00176f") + SECRET + SECRET
    for kind, payload in ((96, picture), (111, b"\x78" + SECRET), (63, redundant)):
        packet = build(kind, 1, 1, 5, payload)
        writer.rtp_in(packet, len(packet), 1.0)
    name = SourceDescription(((5, "nguyen.van.an@10.77.0.1"),))
    writer.rtcp_in(serialize([SenderReport(5, 1 << 32, 1, 1, 1), name]), 1.0)
    writer.rtcp_in(serialize([name]), 1.0)
    data = writer.take()
    for secret in (SECRET, SECRET[:6], b"nguyen", b"10.77"):
        assert secret not in data
    _, records = read(data)
    kept = list(records)
    assert [len(r.data) for r in kept[:3]] == [12 + len(picture), 13 + len(SECRET), 12 + 51]
    assert [type(p) for p in parse(kept[3].data)] == [SenderReport]
    assert len(kept) == 4


def test_what_the_cores_read_of_a_payload_is_kept() -> None:
    world_frame = Source(5).frame(key=True, size=600)[0]
    assert redact_rtp(world_frame, len(world_frame), {}) == world_frame[: 12 + 26]
    parameters = bytes.fromhex("6742c01fda014016e9b808080a00000300020000030079")
    packet = build(102, 1, 1, 5, parameters + bytes(100))
    assert redact_rtp(packet, len(packet), {})[12:].startswith(parameters)
    padded = build(96, 1, 1, 5, b"\x90", padding=9)
    assert (
        redact_rtp(padded, len(padded), {}) == padded[:1].replace(b"\xa0", b"\x80") + padded[1:13]
    )


def test_a_dump_is_bounded_and_says_what_it_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(DumpWriter, "MAX_PENDING_BYTES", 4000)
    writer = DumpWriter(MEDIA, 0.0)
    packet = Source(5).frame()[0]
    for number in range(200):
        writer.rtp_in(packet, len(packet), number * 0.01)
    assert writer.dropped > 0
    assert writer.packets + writer.dropped == 200
    assert len(writer.take()) < 4100
    writer.rtp_in(packet, len(packet), 9.0)
    assert writer.take()


def test_a_torn_dump_is_read_as_far_as_it_goes() -> None:
    writer = DumpWriter(MEDIA, 0.0)
    writer.rtcp_in(serialize([PictureLoss(1, 2)]), 0.5)
    writer.rtcp_in(serialize([PictureLoss(1, 3)]), 0.75)
    data = writer.take()
    media, records = read(data[:-3])
    assert media == MEDIA
    assert [(r.kind, r.at) for r in records] == [(Kind.RTCP_IN, 0.5)]


@pytest.mark.parametrize("data", [b"", b"diemcau dump 1\n", b"diemcau dump 1\n\0\0\0\4abcd"])
def test_other_files_are_refused(data: bytes, tmp_path: Path) -> None:
    with pytest.raises(DumpError):
        read(data)
    file = tmp_path / "x"
    file.write_bytes(data)
    with pytest.raises(DumpError):
        load(file)


@given(st.binary(max_size=400))
def test_any_records_are_replayed(tail: bytes) -> None:
    writer = DumpWriter(MEDIA, 0.0)
    replayed(writer.take() + tail)
