"""RTCP: what is written is read again, other implementations agree, junk is refused."""

import contextlib

import pytest
from aiortc import rtp as aiortc_rtp
from hypothesis import given
from hypothesis import strategies as st

from media.rtp.congestion_feedback import CongestionFeedback, StreamReport
from media.rtp.packet import ParseError
from media.rtp.rtcp import (
    FullIntraRequest,
    Goodbye,
    Nack,
    PictureLoss,
    ReceiverReport,
    Remb,
    ReportBlock,
    Rtcp,
    SenderReport,
    SourceDescription,
    ntp_from_seconds,
    ntp_to_seconds,
    parse,
    serialize,
)
from media.rtp.transport_cc import TICK_S, TransportFeedback, from_arrivals

u32 = st.integers(0, 2**32 - 1)
u8 = st.integers(0, 255)
blocks = st.builds(
    ReportBlock,
    ssrc=u32,
    fraction_lost=u8,
    packets_lost=st.integers(-(2**23), 2**23 - 1),
    highest_sequence=u32,
    jitter=u32,
    lsr=u32,
    dlsr=u32,
)
block_lists = st.lists(blocks, max_size=4).map(tuple)
stream_reports = st.builds(
    StreamReport,
    ssrc=u32,
    first=st.integers(0, 65535),
    packets=st.lists(st.integers(0, 65535), max_size=9).map(tuple),
)
packets = st.one_of(
    st.builds(CongestionFeedback, u32, st.lists(stream_reports, max_size=3).map(tuple), u32),
    st.builds(SenderReport, u32, st.integers(0, 2**64 - 1), u32, u32, u32, block_lists),
    st.builds(ReceiverReport, u32, block_lists),
    st.builds(
        SourceDescription,
        st.lists(st.tuples(u32, st.text("abcé", max_size=9)), max_size=3).map(tuple),
    ),
    st.builds(Goodbye, st.lists(u32, max_size=3).map(tuple)),
    st.builds(PictureLoss, u32, u32),
    st.builds(FullIntraRequest, u32, st.lists(st.tuples(u32, u8), max_size=3).map(tuple)),
)


@given(st.lists(packets, max_size=4))
def test_compound_packets_survive_a_round_trip(compound: list[Rtcp]) -> None:
    assert parse(serialize(compound)) == compound


@given(st.sets(st.integers(0, 65535), max_size=40))
def test_nack_names_the_same_packets_after_a_round_trip(lost: set[int]) -> None:
    (again,) = parse(serialize([Nack(1, 2, tuple(sorted(lost)))]))
    assert isinstance(again, Nack)
    assert set(again.lost) == lost


def test_nack_run_across_the_wrap_is_one_field() -> None:
    data = serialize([Nack(1, 2, (65534, 65535, 0, 5))])
    assert len(data) == 16
    (again,) = parse(data)
    assert isinstance(again, Nack)
    assert again.lost == (65534, 65535, 0, 5)


@given(st.integers(0, 2**40))
def test_remb_keeps_18_bits_of_the_rate(rate: int) -> None:
    (again,) = parse(serialize([Remb(1, rate, (5, 6))]))
    assert isinstance(again, Remb)
    assert again.ssrcs == (5, 6)
    assert again.bitrate_bps <= rate <= again.bitrate_bps * (1 + 2**-17) + 1


def test_ntp_keeps_microseconds() -> None:
    assert ntp_to_seconds(ntp_from_seconds(3900000000.25)) == 3900000000.25


@given(st.binary(max_size=80))
def test_random_bytes_are_parsed_or_refused(data: bytes) -> None:
    for kind in (200, 201, 202, 203, 205, 206):
        for count in (0x81, 0x8F):
            words = len(data) // 4
            candidate = bytes((count, kind)) + words.to_bytes(2, "big") + data[: 4 * words]
            try:
                parse(candidate)
            except ParseError:
                continue


@given(st.binary(max_size=40))
def test_unframed_random_bytes_are_parsed_or_refused(data: bytes) -> None:
    with contextlib.suppress(ParseError):
        parse(data)


# transport-wide congestion control

arrival_lists = st.lists(
    st.one_of(st.none(), st.floats(0, 6, allow_nan=False)), min_size=1, max_size=120
).filter(lambda times: any(t is not None for t in times))


@given(st.integers(0, 65535), st.integers(0, 300), st.floats(0, 1e7), arrival_lists)
def test_feedback_survives_a_round_trip(
    base: int, count: int, start: float, offsets: list[float | None]
) -> None:
    times = [None if o is None else start + o for o in offsets]
    built = from_arrivals(1, 2, base, count, times)
    (again,) = parse(serialize([built]))
    assert isinstance(again, TransportFeedback)
    assert again.base_sequence == base
    assert [a is None for a in again.arrivals] == [t is None for t in times]
    known = [(a, t) for a, t in zip(again.arrivals, times, strict=True) if a is not None]
    first_tick, first_time = known[0]
    for tick, time in known:
        assert time is not None
        assert first_time is not None
        assert abs((tick - first_tick) * TICK_S - (time - first_time)) <= 2 * TICK_S


def test_feedback_of_the_draft_layout() -> None:
    """Base 5, three arrivals 0, +1 ms, lost, -0.5 ms: bytes by hand from the draft."""
    times = [0.064, 0.065, None, 0.0645]
    data = serialize([from_arrivals(1, 2, 5, 9, times)])
    assert data == bytes.fromhex(
        "8fcd 0006 00000001 00000002 0005 0004 000001 09"
        "d480"  # two-bit symbols 1 1 0 2
        "00 04 fffe"  # deltas
        "0000"  # padding
    )


def test_reports_are_read_by_another_implementation() -> None:
    block = ReportBlock(7, 12, -3, 70000, 5, 6, 7)
    data = serialize([SenderReport(1, 2**40, 3, 4, 5, (block,)), PictureLoss(8, 9)])
    report, loss = aiortc_rtp.RtcpPacket.parse(data)
    assert report.sender_info.ntp_timestamp == 2**40
    assert report.reports[0].packets_lost == -3
    assert report.reports[0].highest_sequence == 70000
    assert loss.media_ssrc == 9


def test_another_implementation_is_read() -> None:
    nack = aiortc_rtp.RtcpRtpfbPacket(fmt=1, ssrc=1, media_ssrc=2, lost=[3, 4, 30])
    remb = aiortc_rtp.RtcpPsfbPacket(
        fmt=15, ssrc=1, media_ssrc=0, fci=aiortc_rtp.pack_remb_fci(2_500_000, [5])
    )
    found = parse(bytes(nack) + bytes(remb))
    assert found[0] == Nack(1, 2, (3, 4, 30))
    assert isinstance(found[1], Remb)
    assert found[1].bitrate_bps == pytest.approx(2_500_000, rel=1e-5)
