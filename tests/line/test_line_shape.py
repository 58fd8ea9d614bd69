"""Each property of a line alone, in virtual time."""

import dataclasses
import itertools
import json
import struct

import pytest

from tests.line.shape import TCP, UDP, Bursts, Drop, Link, Rule, Shape, flow

PACKET = bytes(1250)  # 10,000 bits


def packet4(protocol: int, source: int, destination: int, *, offset: int = 0) -> bytes:
    header = struct.pack(">BBHHHBBH8x", 0x45, 0, 28, 0, offset, 64, protocol, 0)
    return header + struct.pack(">HH4x", source, destination)


def packet6(protocol: int, source: int, destination: int) -> bytes:
    header = struct.pack(">IHBB32x", 6 << 28, 8, protocol, 64)
    return header + struct.pack(">HH4x", source, destination)


def offered(shape: Shape, number: int, gap_s: float, seed: int = 1) -> list[float | Drop]:
    link = Link(shape, seed)
    return [link.offer(PACKET, index * gap_s) for index in range(number)]


def test_the_default_passes_everything_at_once() -> None:
    assert offered(Shape(), 3, 0.5) == [0.0, 0.5, 1.0]


def test_a_slow_link_sends_one_packet_after_the_other() -> None:
    assert offered(Shape(rate_bps=1_000_000, queue_s=1), 3, 0.0) == pytest.approx(
        [0.01, 0.02, 0.03]
    )
    # Nothing waits when packets come slower than the link.
    assert offered(Shape(rate_bps=1_000_000), 3, 0.1) == pytest.approx([0.01, 0.11, 0.21])


@pytest.mark.parametrize("limit", [{"queue_s": 0.045}, {"queue_bytes": 5 * 1250}])
def test_a_full_queue_drops_at_its_tail_and_drains(limit: dict[str, float]) -> None:
    link = Link(Shape(rate_bps=1_000_000, **limit))  # type: ignore[arg-type]
    first = [link.offer(PACKET, 0.0) for _ in range(8)]
    assert first[:5] == pytest.approx([0.01, 0.02, 0.03, 0.04, 0.05])
    assert first[5:] == [Drop.QUEUE] * 3
    assert link.waiting_s(0.0) == pytest.approx(0.05)
    assert link.offer(PACKET, 0.02) == pytest.approx(0.06)
    assert link.counts == {
        "packets": 9, "bytes": 9 * 1250, "delivered_bytes": 6 * 1250, Drop.QUEUE: 3
    }  # fmt: skip


def test_a_new_rate_holds_behind_what_waits() -> None:
    link = Link(Shape(rate_bps=1_000_000))
    assert link.offer(PACKET, 0.0) == pytest.approx(0.01)
    link.shape = Shape(rate_bps=100_000)
    assert link.offer(PACKET, 0.0) == pytest.approx(0.11)
    link.shape = Shape()
    assert link.offer(PACKET, 0.0) == pytest.approx(0.11)


def test_loss_is_the_share_asked_for_and_repeatable() -> None:
    outcome = offered(Shape(loss=0.1), 20_000, 0.001)
    assert outcome.count(Drop.LOSS) == pytest.approx(2000, rel=0.1)
    assert outcome == offered(Shape(loss=0.1), 20_000, 0.001)
    assert outcome != offered(Shape(loss=0.1), 20_000, 0.001, seed=2)


def test_bursts_have_the_length_and_share_of_their_model() -> None:
    outcome = offered(Shape(bursts=Bursts(begin=0.01, end=0.2)), 50_000, 0.001)
    runs = [
        len(list(run))
        for lost, run in itertools.groupby(at is Drop.BURST for at in outcome)
        if lost
    ]
    assert sum(runs) / len(runs) == pytest.approx(5, rel=0.15)
    assert sum(runs) / len(outcome) == pytest.approx(0.01 / (0.01 + 0.2), rel=0.2)


def test_jitter_adds_delay_and_keeps_the_order() -> None:
    outcome = offered(Shape(delay_s=0.1, jitter_s=0.03), 2000, 0.002)
    times = [at for at in outcome if not isinstance(at, Drop)]
    added = [at - index * 0.002 for index, at in enumerate(times)]
    assert len(times) == 2000
    assert min(added) >= 0.1
    assert max(added) <= 0.13 + 1e-9
    assert max(added) - min(added) > 0.01
    assert times == sorted(times)


def test_packets_held_back_are_overtaken() -> None:
    outcome = offered(Shape(delay_s=0.05, reorder=0.1, reorder_s=0.03), 5000, 0.01)
    held = [index for index, at in enumerate(outcome) if at > index * 0.01 + 0.0501]
    assert len(held) == pytest.approx(500, rel=0.2)
    assert all(outcome[index] == pytest.approx(index * 0.01 + 0.08) for index in held)


def test_rules_block_a_protocol_or_a_port() -> None:
    link = Link(Shape(blocked=(Rule("udp"), Rule("tcp", 8080))))
    assert link.offer(packet4(UDP, 50_000, 40_000), 0.0) is Drop.BLOCKED
    assert link.offer(packet6(UDP, 50_000, 40_000), 0.0) is Drop.BLOCKED
    assert link.offer(packet4(UDP, 50_000, 40_000, offset=185), 0.0) is Drop.BLOCKED
    assert link.offer(packet4(TCP, 8080, 50_000), 0.0) is Drop.BLOCKED
    assert link.offer(packet4(TCP, 50_000, 443), 0.0) == 0.0


def test_a_firewall_that_passes_one_port_alone() -> None:
    link = Link(Shape(blocked=(Rule(),), allowed=(Rule("tcp", 443),)))
    assert link.offer(packet4(TCP, 50_000, 443), 0.0) == 0.0
    assert link.offer(packet6(TCP, 443, 50_000), 0.0) == 0.0
    assert link.offer(packet4(UDP, 50_000, 443), 0.0) is Drop.BLOCKED
    assert link.offer(packet4(1, 0, 0), 0.0) is Drop.BLOCKED


@pytest.mark.parametrize("packet", [b"", b"\x45", bytes(20), bytes(60), b"\x60" + bytes(20)])
def test_what_is_no_ip_packet_has_no_flow(packet: bytes) -> None:
    assert flow(packet) == (-1, ())


def test_a_shape_survives_json() -> None:
    shape = Shape(rate_bps=64_000, bursts=Bursts(0.1, 0.5), blocked=(Rule("udp", 40_000), Rule()))
    assert Shape.from_fields(json.loads(json.dumps(dataclasses.asdict(shape)))) == shape
