"""RFC 8888: the wire form, and a subscriber whose arrivals are told by stream."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from room_world import Received
from test_media_sdp import AUDIO, CHROMIUM, answer_of, media_of, small_offer
from test_room_downlink import Meeting

from media.bwe.arrival import WINDOW, ArrivalReader, SendLog
from media.bwe.stream_numbers import StreamNumbers
from media.negotiated import TRANSPORT_CC
from media.rtp.congestion_feedback import (
    LONG_AGO,
    MAX_OFFSET,
    OFFSET_S,
    UNKNOWN,
    CongestionFeedback,
    StreamReport,
    received,
)
from media.rtp.packet import ParseError
from media.rtp.rtcp import middle32, ntp_from_seconds, parse, serialize

REPORT_S = 0.05


class StreamReceiver:
    """Notes arrivals and reports on all streams, a run from the last reported number on."""

    def __init__(self) -> None:
        self._arrived: dict[int, dict[int, float]] = {}
        self._next: dict[int, int] = {}
        self._due = REPORT_S

    def on_packet(self, ssrc: int, sequence: int, now: float) -> None:
        self._next.setdefault(ssrc, sequence)
        self._arrived.setdefault(ssrc, {})[sequence] = now

    def poll(self, now: float) -> CongestionFeedback | None:
        fresh = {ssrc: arrived for ssrc, arrived in self._arrived.items() if arrived}
        if now < self._due or not fresh:
            return None
        self._due = now + REPORT_S
        self._arrived = {}
        streams = [self._report(ssrc, arrived, now) for ssrc, arrived in fresh.items()]
        return CongestionFeedback(1, tuple(streams), middle32(ntp_from_seconds(now + 3e9)))

    def _report(self, ssrc: int, arrived: dict[int, float], now: float) -> StreamReport:
        first = self._next[ssrc]
        count = max((sequence - first) & 0xFFFF for sequence in arrived) + 1
        self._next[ssrc] = (first + count) & 0xFFFF
        words = []
        for place in range(count):
            came = arrived.get((first + place) & 0xFFFF)
            offset = None if came is None else min(MAX_OFFSET, round((now - came) / OFFSET_S))
            words.append(0 if offset is None else received(offset))
        return StreamReport(ssrc, first, tuple(words))


class MeetingByStream(Meeting):
    by_stream = True

    def __init__(self, rate_bps: float) -> None:
        super().__init__(rate_bps)
        self.reporter = StreamReceiver()

    def _note(self, received: Received) -> None:
        self.reporter.on_packet(received.ssrc, received.sequence, self.net.now)

    def _report(self) -> None:
        feedback = self.reporter.poll(self.net.now)
        if feedback is not None:
            self.back(feedback)


def test_a_line_whose_arrivals_are_told_by_stream_is_estimated_as_well() -> None:
    """Up to the largest layer, down to the smallest when the line gets slow, and back."""
    meeting = MeetingByStream(3e6)
    meeting.run(4.0)
    assert meeting.sizes(2.5) == {1100}
    meeting.down.rate_bps = 400e3
    meeting.run(8.0)
    assert meeting.sizes(9.0) == {800}
    assert meeting.down.waiting_s < 0.3
    meeting.down.rate_bps = 3e6
    meeting.run(16.0)
    assert meeting.sizes(27.0) == {1100}
    assert meeting.world.counters.get("stream_feedback_in") > 300


def test_the_layout_of_the_rfc() -> None:
    """Section 3.1: one stream, three packets, of which the second is lost and the third is marked;
    the reports are padded to 32 bits."""
    data = bytes.fromhex("8bcd00060000000100000007fffe000382000000a003000012345678")
    (feedback,) = parse(data[:2] + (len(data) // 4 - 1).to_bytes(2, "big") + data[4:])
    assert isinstance(feedback, CongestionFeedback)
    (stream,) = feedback.streams
    assert (stream.ssrc, stream.first) == (7, 0xFFFE)
    assert [stream.offset(place) for place in range(3)] == [0x200, None, 3]
    assert stream.packets[2] == received(3, ecn=1)
    assert feedback.timestamp == 0x12345678
    assert serialize([feedback])[4:] == data[4:]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        bytes(4),  # no time
        bytes(4) + b"\0\0\0\7" + bytes(4),  # no numbers
        bytes(4) + b"\0\0\0\7" + b"\0\1\0\3" + bytes(8),  # three packets, two reports
    ],
)
def test_feedback_that_is_cut_short_is_refused(body: bytes) -> None:
    packet = b"\x8b\xcd" + (len(body) // 4).to_bytes(2, "big") + body
    with pytest.raises(ParseError):
        parse(packet)


def at(ntp_seconds: float, *streams: StreamReport) -> CongestionFeedback:
    return CongestionFeedback(1, streams, middle32(ntp_from_seconds(ntp_seconds)))


def test_arrivals_of_streams_become_those_of_one_row_of_numbers() -> None:
    numbers = StreamNumbers()
    for number, (ssrc, sequence) in enumerate([(7, 65535), (9, 4), (7, 0), (9, 5), (7, 1)]):
        numbers.note(ssrc, sequence, 100 + number)
    voice = StreamReport(7, 65535, (received(100), received(60), 0))
    picture = StreamReport(9, 4, (received(80), received(UNKNOWN), received(4)))
    first, last = numbers.read(at(1000.0, voice, picture))
    assert (first.base_sequence, last.base_sequence) == (100, 104)
    assert last.arrivals == (None,)
    begin, *others = [ticks for ticks in first.arrivals if ticks is not None]
    assert [(ticks - begin) / 4000 for ticks in others] == pytest.approx(
        [20 * OFFSET_S, 40 * OFFSET_S], abs=0.0003
    )


@given(st.integers(0, 2**32), st.lists(st.integers(0, LONG_AGO - 1), min_size=1, max_size=30))
def test_times_are_kept_to_a_quarter_of_a_millisecond(clock: int, offsets: list[int]) -> None:
    log = SendLog(1)
    log.records[0] = 1 << 16 | 100
    numbers = StreamNumbers()
    for place in range(2 * len(offsets)):
        numbers.note(7, place, place)
    reader = ArrivalReader(log, 0)
    found = []
    for turn in range(2):
        words = tuple(received(offset) for offset in offsets)
        report = StreamReport(7, turn * len(offsets), words)
        feedback = CongestionFeedback(1, (report,), (clock + turn * 65536) & 0xFFFFFFFF)
        (run,) = numbers.read(feedback)
        arrived, lost = reader.read(run, 2 * len(offsets))
        assert lost == 0
        found.append([time for _, time, _ in arrived])
    for earlier, later, offset in zip(*found, offsets, strict=True):
        assert later - earlier == pytest.approx(1.0, abs=0.001)
        assert found[0][0] - earlier == pytest.approx((offset - offsets[0]) * OFFSET_S, abs=0.001)


def test_only_so_many_packets_are_remembered() -> None:
    numbers = StreamNumbers()
    for number in range(WINDOW + 10):
        numbers.note(7, number & 0xFFFF, number)
    lost = StreamReport(7, 0, (0,) * 11)
    (run,) = numbers.read(at(5.0, lost))
    assert (run.base_sequence, run.arrivals) == (10, (None,))


def only_by_stream(offer: str) -> str:
    lines = offer.replace("\r\n", "\n").split("\n")
    kept = [line for line in lines if not line.endswith(" transport-cc")]
    return "\r\n".join(
        line + "\r\na=rtcp-fb:* ack ccfb" if line.startswith("a=rtcp-mux") else line
        for line in kept
    )


def test_feedback_by_stream_is_taken_where_nothing_else_is_offered() -> None:
    offer = only_by_stream(CHROMIUM)
    media = media_of(offer)
    assert media.by_stream
    assert all(TRANSPORT_CC in slot.extensions for slot in media.slots)
    answer = answer_of(offer)
    assert answer.count("a=rtcp-fb:* ack ccfb") == len(media.slots)
    assert "transport-cc\r\n" not in answer


@pytest.mark.parametrize(
    "change",
    [
        lambda offer: offer,
        lambda offer: offer.replace("a=rtcp-mux", "a=rtcp-mux\r\na=rtcp-fb:* ack ccfb"),
        lambda offer: "\r\n".join(
            line for line in only_by_stream(offer).split("\r\n") if TRANSPORT_CC not in line
        ),
    ],
)
def test_else_transport_wide_feedback_is_answered_or_none(change: Callable[[str], str]) -> None:
    offer = change(CHROMIUM)
    assert not media_of(offer).by_stream
    assert "ccfb" not in answer_of(offer)


def test_a_publisher_without_slots_is_not_asked_for_it() -> None:
    assert not media_of(small_offer(AUDIO)).by_stream
