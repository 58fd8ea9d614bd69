"""Batching, merging, order and bounds of what waits for one client."""

import json
from typing import Any

import pytest

from rooms.session.events import Entry, HandRaised
from rooms.session.model import MeetingId, SeatId, Session, Source
from rooms.session.notices import (
    AnyNotice,
    Level,
    Line,
    Lines,
    MediaReset,
    Permissions,
    RecordingHealth,
    Slot,
    Slots,
    Speakers,
)
from signaling.connection import Limits
from signaling.messages import SERVER_MESSAGES, Bye, Codec, Done, Events, Pong
from signaling.outbox import MERGE, Outbox, SharedCodec

A, B = SeatId("site:1"), SeatId("site:2")
LIMITS = Limits(batch_seconds=0.1, waiting_bytes=10_000, waiting_messages=40, stall_seconds=10)


def entry(seq: int) -> Entry:
    return Entry(seq=seq, at=1.0, actor=A, event=HandRaised(seat=A))


def started(seq: int = 0, codec: SharedCodec | None = None) -> Outbox:
    outbox = Outbox(codec or SharedCodec(), LIMITS)
    outbox.start(Pong(), seq, ())
    assert len(outbox.take(0.0)) == 1
    return outbox


def taken(outbox: Outbox, now: float) -> list[dict[str, Any]]:
    return [json.loads(text) for text in outbox.take(now)]


def seqs(message: dict[str, Any]) -> list[int]:
    assert message["type"] == "events"
    return [entry["seq"] for entry in message["entries"]]


def test_first_entry_after_a_quiet_time_goes_at_once() -> None:
    outbox = started()
    outbox.add_entries([entry(1)], now=5.03)
    assert outbox.due == 5.03
    assert [seqs(m) for m in taken(outbox, 5.03)] == [[1]]


def test_entries_of_a_busy_time_travel_together() -> None:
    outbox = started()
    outbox.add_entries([entry(1)], now=5.03)
    taken(outbox, 5.03)
    for seq in (2, 3, 4):
        outbox.add_entries([entry(seq)], now=5.04)
    assert taken(outbox, 5.05) == []
    assert outbox.due == pytest.approx(5.1)
    assert [seqs(m) for m in taken(outbox, 5.11)] == [[2, 3, 4]]
    assert outbox.due is None


def test_connections_share_their_turns_and_the_text() -> None:
    codec = SharedCodec()
    outboxes = [started(codec=codec) for _ in range(50)]
    first, rest = [entry(1)], [entry(2), entry(3)]
    for outbox in outboxes:
        outbox.add_entries(first, now=5.0)
    for outbox in outboxes[:25]:
        outbox.take(5.0)
    for outbox in outboxes[25:]:
        outbox.take(5.01)
    for outbox in outboxes:
        outbox.add_entries(rest, now=5.02)
    texts = [outbox.take(5.11) for outbox in outboxes]
    assert all(text == texts[0] for text in texts)
    assert codec.encoded == 2


def test_shared_text_is_the_events_message() -> None:
    entries = (entry(1), entry(2))
    assert SharedCodec().events(entries).decode() == Codec.serialize(Events(entries=entries))


def test_shared_codec_forgets_the_oldest() -> None:
    codec = SharedCodec(size=2)
    entries = [(entry(n),) for n in range(3)]
    for item in (*entries, entries[2], entries[0]):
        codec.events(item)
    assert codec.encoded == 4


def test_nothing_of_the_log_leaves_before_the_start_and_nothing_twice() -> None:
    outbox = Outbox(SharedCodec(), LIMITS)
    outbox.add_entries([entry(1), entry(2)], now=1.0)
    outbox.add_entries([entry(3)], now=1.0)
    assert outbox.due is None
    assert outbox.take(2.0) == []
    outbox.start(Pong(), 2, ())
    messages = taken(outbox, 2.0)
    assert messages[0] == {"type": "pong"}
    assert [seqs(m) for m in messages[1:]] == [[3]]


def test_all_that_waited_was_in_the_snapshot() -> None:
    outbox = Outbox(SharedCodec(), LIMITS)
    outbox.add_entries([entry(1)], now=1.0)
    outbox.start(Pong(), 1, ())
    assert len(outbox.take(2.0)) == 1
    assert outbox.due is None


def test_missed_entries_follow_the_welcome() -> None:
    outbox = Outbox(SharedCodec(), LIMITS)
    outbox.add_entries([entry(8)], now=1.0)
    outbox.add_entries([entry(9)], now=1.0)
    outbox.start(Pong(), 6, (entry(7), entry(8)))
    messages = taken(outbox, 1.0)
    assert [seqs(m) for m in messages[1:]] == [[7, 8], [9]]


def test_a_long_past_is_no_slowness() -> None:
    outbox = Outbox(SharedCodec(), LIMITS)
    outbox.start(Pong(), 0, tuple(entry(n) for n in range(1, 1000)))
    outbox.add_entries([entry(1000)], now=50.0)
    assert not outbox.overflowing(50.0)


def test_reply_comes_after_the_events_it_caused() -> None:
    outbox = started()
    outbox.add_entries([entry(1)], now=5.0)
    taken(outbox, 5.0)
    outbox.add_entries([entry(2)], now=5.01)
    outbox.reply(Done(request_id=7), now=5.01)
    messages = taken(outbox, 5.01)
    assert seqs(messages[0]) == [2]
    assert messages[1] == {"type": "done", "requestId": 7}


def test_pong_does_not_break_a_batch() -> None:
    outbox = started()
    outbox.add_entries([entry(1)], now=5.0)
    taken(outbox, 5.0)
    outbox.add_entries([entry(2)], now=5.01)
    outbox.pong(Pong(), now=5.01)
    assert taken(outbox, 5.01) == [{"type": "pong"}]
    assert [seqs(m) for m in taken(outbox, 5.11)] == [[2]]


def test_notices_follow_the_entries_they_speak_of() -> None:
    outbox = started()
    slots = Slots(slots=(Slot(mid="5", seat=A, source=Source.CAMERA),))
    outbox.add_notice(slots, now=5.0)
    outbox.add_entries([entry(1)], now=5.0)
    assert [m["type"] for m in taken(outbox, 5.0)] == ["events", "slots"]


def merged(*notices: AnyNotice) -> list[dict[str, Any]]:
    outbox = started()
    for notice in notices:
        outbox.add_notice(notice, now=5.0)
    return taken(outbox, 5.0)


def test_levels_merge_by_seat() -> None:
    loud = Level(seat=A, level=100, speaking=True)
    soft = Level(seat=A, level=3, speaking=False)
    other = Level(seat=B, level=50, speaking=False)
    [message] = merged(Speakers(levels=(loud, other)), Speakers(levels=(soft,)))
    assert {level["seat"]: level["level"] for level in message["levels"]} == {A: 3, B: 50}


def test_lines_merge_by_seat() -> None:
    weak = Lines(lines=(Line(seat=A, quality="weak"), Line(seat=B, quality="lost")))
    [message] = merged(weak, Lines(lines=(Line(seat=A, quality="good"),)))
    assert {line["seat"]: line["quality"] for line in message["lines"]} == {A: "good", B: "lost"}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (
            Slots(slots=(Slot(mid="5", seat=A, source=Source.CAMERA),)),
            Slots(slots=(Slot(mid="5", seat=None, source=None),)),
        ),
        (
            RecordingHealth(growing=True, size_bytes=1),
            RecordingHealth(growing=False, size_bytes=1),
        ),
        (MediaReset(), MediaReset()),
    ],
)
def test_of_whole_notices_the_newest_counts(old: AnyNotice, new: AnyNotice) -> None:
    assert merged(old, new) == [json.loads(Codec.serialize(new))]


def test_a_snapshot_comes_before_any_later_entry() -> None:
    outbox = started()
    outbox.add_entries([entry(1)], now=5.0)
    session = Session(meeting=MeetingId(1), title="Giao ban", seq=1)
    outbox.add_notice(Permissions(permissions=(), session=session), now=5.0)
    outbox.add_entries([entry(2)], now=5.0)
    kinds = [message["type"] for message in taken(outbox, 5.3)]
    assert kinds == ["events", "permissions", "events"]


def test_every_notice_has_a_merge() -> None:
    notices = {kind for kind in SERVER_MESSAGES.values() if kind.__module__.endswith("notices")}
    assert set(MERGE) == notices


def test_too_many_bytes_messages_or_seconds_overflow() -> None:
    by_bytes = started()
    by_bytes.reply(Bye(code="x", text="y" * 10_001, retry=False), now=1.0)
    assert by_bytes.overflowing(1.0)

    by_count = started()
    by_count.add_entries([entry(n) for n in range(1, 41)], now=1.0)
    assert not by_count.overflowing(1.0)
    by_count.add_entries([entry(41)], now=1.0)
    assert by_count.overflowing(1.0)

    by_age = started()
    by_age.add_entries([entry(1)], now=1.0)
    assert not by_age.overflowing(11.0)
    assert by_age.overflowing(11.1)
    by_age.take(11.1)
    assert not by_age.overflowing(12.0)


def test_goodbye_is_last_and_a_slow_client_gets_nothing_else() -> None:
    bye = Bye(code="ended", text="", retry=False)
    for drop, expected in ((False, ["events", "bye"]), (True, ["bye"])):
        outbox = started()
        outbox.add_entries([entry(1)], now=1.0)
        outbox.close(bye, now=1.0, drop=drop)
        assert [m["type"] for m in taken(outbox, 1.0)] == expected
        assert outbox.closed
