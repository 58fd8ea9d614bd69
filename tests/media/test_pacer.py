"""The pacer by itself: order, rate, repeats first, nothing lost."""

import itertools
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

from hypothesis import given
from hypothesis import strategies as st

from media.forward.pacer import BURST_S, FACTOR, MAX_HELD_BYTES, Pacer
from media.receive.source_packet import SourcePacket


def packet(size: int) -> SourcePacket:
    return cast(SourcePacket, SimpleNamespace(start=0, end=size))


@dataclass
class Held:
    """A group of one slot."""

    members: list[object] = field(default_factory=lambda: [object()])


@given(st.lists(st.tuples(st.floats(0, 0.2), st.integers(1, 1200)), max_size=60))
def test_everything_leaves_in_order_and_not_faster_than_the_rate(
    arrivals: list[tuple[float, int]],
) -> None:
    pacer = Pacer(lambda: None, 800_000)
    group = cast(Any, Held())
    sent: list[tuple[float, SourcePacket]] = []
    now, packets = 0.0, []

    def send(_: Any, one: SourcePacket) -> None:
        sent.append((now, one))

    def until(end: float) -> None:
        nonlocal now
        while pacer.due <= end:
            now = max(now, pacer.due)
            pacer.release(now, send)
        now = end

    for wait, size in arrivals:
        until(now + wait)
        one = packet(size)
        packets.append(one)
        assert pacer.push(group, [one])
        pacer.release(now, send)
    until(now + 10.0)
    assert [one for _, one in sent] == packets
    assert pacer.bytes_held == 0
    for (begin, _), (at, _) in itertools.pairwise(sent):
        assert at >= begin
    if len(sent) > 2 and sum(p.end for p in packets) * 8 < 400_000:
        bits = sum((p.end + 76) * 8 for p in packets[:-1])
        assert sent[-1][0] - sent[0][0] >= bits / (FACTOR * 800_000) - BURST_S - 0.001 or any(
            wait > 0 for wait, _ in arrivals
        )


def test_a_repeat_leaves_before_what_was_not_sent_yet() -> None:
    woken: list[int] = []
    pacer = Pacer(lambda: woken.append(1), 100_000)
    order: list[object] = []
    pacer.push(cast(Any, Held()), [packet(1000), packet(1000)])
    pacer.push_repeat(packet(500), lambda now: order.append("repeat"))
    pacer.release(0.0, lambda group, one: order.append(one))
    assert order == ["repeat"]
    assert len(woken) == 2


def test_a_full_pacer_takes_no_more_and_can_be_emptied() -> None:
    pacer = Pacer(lambda: None, 100_000)
    group, other = cast(Any, Held()), cast(Any, Held())
    count = 0
    while pacer.push(group, [packet(1100)]):
        count += 1
    assert count * 1176 <= MAX_HELD_BYTES < (count + 1) * 1176
    pacer.drop(group.members[0])
    assert pacer.bytes_held == 0
    assert pacer.push(other, [packet(1100)])
    sent: list[object] = []
    pacer.drain(0.0, lambda _, one: sent.append(one))
    assert len(sent) == 1
    assert pacer.due == float("inf")
