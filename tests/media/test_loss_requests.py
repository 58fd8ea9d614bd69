"""When missing packets are asked for: reordering, bursts, slow lines, voices."""

from itertools import pairwise

import pytest
from room_world import CHROMIUM, OPUS, Source, World

from media.drops import Counters
from media.negotiated import Codec, NegotiatedMedia, Uplink
from media.receive.ingress import Ingress
from media.receive.nack import MAX_ASKED, MAX_MISSING, NackGenerator
from media.rtp.rtcp import Nack, PictureLoss
from tests.sim.net import SimNet

RTT = 0.06


def received(
    *,
    loss: float = 0.0,
    burst: tuple[float, float] | None = None,
    jitter: float = 0.0,
    seed: int = 3,
    packets: int = 4000,
    interval: float = 0.002,
) -> tuple[set[int], list[int]]:
    """What came, and what was asked for, of a stream over a line; repairs come on their own."""
    net = SimNet(seed)
    nack = NackGenerator()
    arrived: set[int] = set()
    asked: list[int] = []

    def repair(number: int) -> None:
        arrived.add(number)
        nack.on_packet(number, net.now, repaired=True)

    def arrive(number: int) -> None:
        arrived.add(number)
        if nack.on_packet(number, net.now):
            poll()

    def poll() -> None:
        for number in nack.poll(net.now, RTT):
            asked.append(number)
            to_sender(number)

    line = net.link(arrive, delay=RTT / 2, loss=loss, burst=burst, jitter=jitter)
    repairs = net.link(repair, delay=RTT / 2, loss=loss)
    to_sender = net.link(repairs, delay=RTT / 2, loss=loss)
    for number in range(packets):
        net.call_at(number * interval, line, number)
    net.every(0.01, poll, until=packets * interval + 2)
    net.run(until=packets * interval + 3)
    assert nack.pending == 0
    return arrived, asked


def test_reordered_packets_are_not_asked_for() -> None:
    """10 ms of jitter at 500 packets a second: nearly every packet overtakes another."""
    arrived, asked = received(jitter=0.01)
    assert len(arrived) == 4000
    assert len(asked) < 40


def test_losses_among_reordered_packets_are_still_repaired() -> None:
    arrived, asked = received(jitter=0.01, loss=0.02)
    assert len(arrived) >= 3999
    assert len(asked) < 4000 * 0.02 * 1.5 + 40


def test_bursts_are_repaired_without_a_storm() -> None:
    """Every second a burst of about ten packets: each is asked for about once."""
    arrived, asked = received(burst=(0.002, 0.1))
    lost = 4000 - len(arrived - set(asked))
    assert 30 < lost < 400
    assert len(arrived) == 4000 - _tail(arrived)
    assert len(asked) < lost * 1.1


def _tail(arrived: set[int]) -> int:
    """Nobody can know of losses behind the last packet."""
    return 3999 - max(arrived)


def test_a_gap_on_an_orderly_line_is_asked_for_within_three_packets() -> None:
    nack = NackGenerator()
    for number in (0, 1, 3, 4):
        assert not nack.on_packet(number, 1.0)
    assert nack.on_packet(5, 1.0)
    assert nack.poll(1.0, RTT) == [2]


def test_a_gap_after_a_pause_is_asked_for_at_once() -> None:
    """Voices come every 20 ms: nothing that was overtaken is still under way."""
    nack = NackGenerator()
    nack.on_packet(0, 1.0)
    assert nack.on_packet(2, 1.04)
    assert nack.poll(1.04, RTT) == [1]


def test_a_line_seen_to_reorder_is_given_more_time_and_loses_it_again() -> None:
    nack = NackGenerator()
    nack.poll(0.0, 0.01)
    for number in (0, *range(2, 9)):
        nack.on_packet(number, 1.0)
    nack.on_packet(1, 1.002)  # seven packets later, before any answer could come
    assert nack.reordered == 1
    for number in (9, *range(11, 17)):
        assert not nack.on_packet(number, 2.0)
    nack.on_packet(10, 2.001)
    for number in (17, 19, 20, 21):
        nack.on_packet(number, 20.0)
    assert nack.on_packet(22, 20.0)


def test_a_packet_that_never_comes_is_asked_for_ever_more_rarely_and_then_no_more() -> None:
    nack = NackGenerator()
    nack.on_packet(0, 0.0)
    nack.on_packet(2, 0.0)
    asked = [step for step in range(400) if nack.poll(step * 0.005, RTT)]
    gaps = [(b - a) * 0.005 for a, b in pairwise(asked)]
    assert all(gap >= RTT for gap in gaps)
    assert gaps[-1] > 2 * gaps[0]
    assert len(asked) <= 10
    assert (nack.pending, nack.given_up) == (0, 1)


def test_a_round_asks_for_a_bounded_number() -> None:
    nack = NackGenerator()
    nack.on_packet(0, 0.0)
    nack.on_packet(MAX_MISSING, 0.1)
    rounds = [len(nack.poll(0.1 + step * 0.01, RTT)) for step in range(4)]
    assert rounds[:3] == [MAX_ASKED] * 3
    assert sum(rounds) == MAX_MISSING - 1


# Voices


def voices(rtt: float) -> list[object]:
    """What a publisher whose microphone takes NACKs is told about one lost voice packet."""
    codec = Codec(OPUS.payload_type, "opus", 48000, 2, nack=True)
    uplink = Uplink("0", "audio", "microphone", (codec,), CHROMIUM)
    ingress = Ingress("a", NegotiatedMedia((uplink,), ()), Counters())
    source = Source(9, payload_type=111, items=((4, b"0"),))
    said: list[object] = []
    for number in range(20):
        packet = source.voice()
        if number != 10:
            ingress.accept(bytearray(packet), len(packet), number * 0.02)
        said += ingress.poll(number * 0.02, rtt)
    return said


def test_a_lost_voice_packet_is_asked_for_on_a_fast_line() -> None:
    said = [p for p in voices(rtt=0.03) if isinstance(p, Nack)]
    assert {p.lost for p in said} == {(110,)}
    assert 1 <= len(said) <= 3


def test_a_lost_voice_packet_is_left_alone_on_a_slow_line() -> None:
    assert not [p for p in voices(rtt=0.15) if isinstance(p, Nack | PictureLoss)]


def test_an_outage_of_a_voice_asks_for_no_key_frame() -> None:
    codec = Codec(OPUS.payload_type, "opus", 48000, 2, nack=True)
    uplink = Uplink("0", "audio", "microphone", (codec,), CHROMIUM)
    ingress = Ingress("a", NegotiatedMedia((uplink,), ()), Counters())
    source = Source(9, payload_type=111, items=((4, b"0"),))
    for skip in (0, MAX_MISSING + 7):
        source.sequence += skip
        packet = source.voice()
        ingress.accept(bytearray(packet), len(packet), 0.0)
    assert ingress.poll(0.0, 0.03) == []


@pytest.mark.parametrize("answers", [True, False])
def test_subscribers_that_all_ask_make_one_request(answers: bool) -> None:
    """Thirty viewers whose decoders ask five times a second, for ten seconds."""
    world = World()
    speaker = world.publisher("s")
    viewers = [world.viewer(f"v{n}", audio=0, video=1) for n in range(30)]
    for viewer in viewers:
        world.show(viewer, "v0", "s")
    source = Source(5)
    world.send(speaker, *source.frame(key=True))
    asked = 0
    for step in range(50):
        for viewer in viewers:
            ssrc = viewer.peer.negotiated.slots[0].ssrc
            world.tell(viewer.peer, PictureLoss(1, ssrc))
        said = [p for _, p in world.tick(0.2) if isinstance(p, PictureLoss)]
        asked += len(said)
        world.send(speaker, *source.frame(key=answers and bool(said), size=20 + step % 7))
    assert 15 <= asked <= 21 if answers else 3 <= asked <= 6


def test_only_what_is_missing_or_still_to_come_is_worth_a_repair() -> None:
    generator = NackGenerator()
    assert generator.lacks(5)
    for sequence in (65534, 65535, 1):
        generator.on_packet(sequence, 0.0)
    assert [generator.lacks(n) for n in (65533, 65534, 0, 1, 2)] == [
        False,
        False,
        True,
        False,
        True,
    ]
    generator.on_packet(0, 0.1, repaired=True)
    assert not generator.lacks(0)
