"""RTP header, extensions, sequence numbers and payload descriptors."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.rtp import h264, vp8
from media.rtp.extensions import elements, render
from media.rtp.keyframes import starts_keyframe
from media.rtp.packet import ONE_BYTE_PROFILE, build, layout
from media.rtp.sequence import Extender, extend, wrap


@given(st.integers(-(2**40), 2**40), st.integers(-32768, 32767), st.sampled_from([16, 32]))
def test_extension_undoes_wrapping_near_the_reference(reference: int, step: int, bits: int) -> None:
    value = reference + step
    assert extend(wrap(value, bits), reference, bits) == value


def test_extender_counts_cycles_and_keeps_its_highest_on_reordering() -> None:
    extender = Extender()
    assert [extender.extend(s) for s in (65534, 65535, 1, 0, 2)] == [
        131070,
        131071,
        131073,
        131072,
        131074,
    ]
    assert extender.highest == 131074


@given(
    st.binary(max_size=60),
    st.lists(st.tuples(st.integers(1, 255), st.binary(max_size=20)), max_size=6),
    st.integers(0, 255),
    st.booleans(),
)
def test_built_packets_are_found_again(
    payload: bytes, items: list[tuple[int, bytes]], padding: int, marker: bool
) -> None:
    data = build(96, 7, 8, 9, payload, marker=marker, extension=render(items), padding=padding)
    parts = layout(data, len(data))
    assert parts is not None
    profile, start, end, payload_start, payload_end = parts
    assert data[payload_start:payload_end] == payload
    assert elements(data, profile, start, end) == items


@given(st.binary(max_size=80))
def test_random_bytes_are_laid_out_inside_the_packet_or_refused(data: bytes) -> None:
    for first in (b"", b"\x90", b"\xb0"):
        buffer = first + data
        parts = layout(buffer, len(buffer))
        if parts is not None:
            profile, start, end, payload_start, payload_end = parts
            assert 0 <= payload_start <= payload_end <= len(buffer)
            elements(buffer, profile, start, end)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x80" * 11,
        b"\x00" * 12,  # version 0
        b"\xa0" + bytes(11) + b"\x00",  # padding of 0 bytes
        b"\xa0" + bytes(11) + b"\x09",  # more padding than payload
        b"\x8f" + bytes(11),  # 15 CSRCs missing
        b"\x90" + bytes(11) + b"\xbe\xde\x00\x01",  # extension missing
    ],
)
def test_broken_headers_are_refused(data: bytes) -> None:
    assert layout(data, len(data)) is None


def test_reserved_id_15_ends_the_one_byte_form() -> None:
    body = bytes((0x10, 0xAA, 0xF0, 0xBB, 0x20, 0xCC, 0, 0))
    assert elements(body, ONE_BYTE_PROFILE, 0, len(body)) == [(1, b"\xaa")]


def test_padding_between_elements_is_skipped() -> None:
    body = bytes((0, 0x10, 0xAA, 0, 0x21, 0xBB, 0xCC, 0))
    assert elements(body, ONE_BYTE_PROFILE, 0, 8) == [(1, b"\xaa"), (2, b"\xbb\xcc")]


# VP8

_KEYFRAME = bytes.fromhex("10 02 00 9d 01 2a 40 01 b4 00")


def test_vp8_descriptor_of_a_keyframe_with_15_bit_picture_id() -> None:
    found = vp8.parse(bytes.fromhex("90 e0 85 aa 07 00") + _KEYFRAME, 0, 16)
    assert found is not None
    assert (found.picture_id, found.picture_id_bits, found.tl0, found.temporal_id) == (
        0x5AA,
        15,
        7,
        0,
    )
    assert found.keyframe
    assert (found.width, found.height) == (320, 180)


def test_vp8_continuation_and_delta_frames_are_no_keyframes() -> None:
    later_packet = vp8.parse(bytes.fromhex("80 e0 85 aa 07 00") + _KEYFRAME, 0, 16)
    delta = vp8.parse(bytes.fromhex("90 80 05 11"), 0, 4)
    assert later_packet is not None
    assert not later_packet.keyframe
    assert delta is not None
    assert not delta.keyframe
    assert (delta.picture_id, delta.picture_id_bits) == (5, 7)


@given(st.integers(0, 0x7FFF), st.integers(0, 255), st.booleans())
def test_vp8_ids_are_rewritten_in_place_and_nothing_else(pid: int, tl0: int, long: bool) -> None:
    identifier = b"\x80\x01" if long else b"\x01"
    payload = bytearray(b"\x90\xe0" + identifier + b"\x01\x40" + _KEYFRAME)
    before = vp8.parse(payload, 0, len(payload))
    assert before is not None
    vp8.rewrite(payload, 0, before, pid, tl0)
    after = vp8.parse(payload, 0, len(payload))
    assert after is not None
    assert after.picture_id == (pid if long else pid & 0x7F)
    assert (after.tl0, after.temporal_id, after.picture_id_bits) == (tl0, 1, 15 if long else 7)
    assert bytes(payload).endswith(_KEYFRAME)


@given(st.binary(max_size=24))
def test_vp8_takes_any_bytes(data: bytes) -> None:
    found = vp8.parse(data, 0, len(data))
    if found is not None and found.picture_id_bits:
        assert found.picture_id < 1 << found.picture_id_bits


# H.264

# Written by x264: baseline 1280x720, and high profile 320x180, which is cropped from 192 lines.
_SPS_720 = bytes.fromhex("6742c01fd9005005ba10000003001000000303c0f1832480")
_SPS_180 = bytes.fromhex("6764000dacd941419f9e10000003001000000303c0f1429960")


def test_h264_keyframes_in_single_aggregated_and_fragmented_units() -> None:
    stap = b"\x78" + len(_SPS_720).to_bytes(2, "big") + _SPS_720 + b"\x00\x02\x68\xce"
    assert h264.is_keyframe_start(_SPS_720, 0, len(_SPS_720))
    assert h264.is_keyframe_start(stap, 0, len(stap))
    assert not h264.is_keyframe_start(b"\x78\x00\x02\x68\xce", 0, 5)  # PPS alone
    assert h264.is_keyframe_start(b"\x7c\x85\x88", 0, 3)  # FU-A start of an IDR slice
    assert not h264.is_keyframe_start(b"\x7c\x05\x88", 0, 3)  # its continuation
    assert not h264.is_keyframe_start(b"\x41\x9a", 0, 2)


def test_h264_picture_size_from_the_sequence_parameter_set() -> None:
    assert h264.picture_size(_SPS_720, 0, len(_SPS_720)) == (1280, 720)
    assert h264.picture_size(_SPS_180, 0, len(_SPS_180)) == (320, 180)


@given(st.binary(max_size=60))
def test_h264_takes_any_bytes(data: bytes) -> None:
    for head in (b"", b"\x67", b"\x78\x00\x30\x67", b"\x7c\x87"):
        buffer = head + data
        h264.is_keyframe_start(buffer, 0, len(buffer))
        size = h264.picture_size(buffer, 0, len(buffer))
        assert size is None or (0 < size[0] <= 16384 and 0 < size[1] <= 16384)


@pytest.mark.parametrize(
    ("codec", "payload", "expected"),
    [
        ("vp9/90000/0", "88 80 01", True),  # I, B set; P clear
        ("vp9/90000/0", "c8 80 01", False),  # inter-predicted
        ("vp9/90000/0", "a8 01 02 00", False),  # second spatial layer
        ("av1/90000", "18 0a", True),
        ("av1/90000", "10 0a", False),
        ("h265/90000", "26 01", None),
    ],
)
def test_keyframes_of_other_codecs(codec: str, payload: str, expected: bool | None) -> None:
    data = bytes.fromhex(payload)
    assert starts_keyframe(codec, data, 0, len(data)) is expected


@given(st.sampled_from(["vp9/90000/0", "av1/90000", "h264/90000/42/1"]), st.binary(max_size=8))
def test_keyframe_detection_takes_any_bytes(codec: str, data: bytes) -> None:
    assert starts_keyframe(codec, data, 0, len(data)) in (True, False)
