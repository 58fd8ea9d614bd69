"""What a line does to a packet: rate, queue, loss, delay, jitter, reordering, a firewall. Pure.

Times are seconds of whatever clock the caller passes as `now`; sizes are bytes of whole IP packets.
"""

import random
import struct
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self

UDP, TCP = 17, 6
PROTOCOLS = {"udp": UDP, "tcp": TCP}


class Drop(StrEnum):
    """Why a packet did not arrive."""

    BLOCKED = "blocked"  # by a rule
    LOSS = "loss"  # one by one
    BURST = "burst"  # inside a burst of the Gilbert-Elliott model
    QUEUE = "queue"  # the queue before the slow link is full


@dataclass(frozen=True, slots=True)
class Rule:
    """Packets of a protocol with this port at either end; None stands for any."""

    protocol: str | None = None  # "udp" or "tcp"
    port: int | None = None

    def matches(self, protocol: int, ports: tuple[int, ...]) -> bool:
        if self.protocol is not None and PROTOCOLS[self.protocol] != protocol:
            return False
        return self.port is None or self.port in ports


@dataclass(frozen=True, slots=True)
class Bursts:
    """Losses that come together: the Gilbert-Elliott model, one step a packet.

    Args:
        begin: probability that a packet begins a burst.
        end: probability that a packet is the first after the burst; a burst has 1 / end packets.
        loss: probability that a packet inside a burst is lost.
    """

    begin: float
    end: float
    loss: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """One direction of a line. The default passes everything at once.

    Args:
        rate_bps: bits per second of IP packets; None has no limit.
        queue_s: the longest wait before the slow link, as drain time; more is dropped at the tail.
        queue_bytes: the same limit in bytes, instead of `queue_s`.
        loss: probability that a packet is lost, each by itself.
        delay_s: one-way delay after the slow link.
        jitter_s: up to this much more, evenly drawn; packets keep their order.
        reorder: probability that a packet is held back `reorder_s`; those behind it overtake.
        blocked: rules of a firewall; packets disappear without an answer.
        allowed: exceptions from `blocked`.
    """

    rate_bps: float | None = None
    queue_s: float = 0.3
    queue_bytes: int | None = None
    loss: float = 0.0
    bursts: Bursts | None = None
    delay_s: float = 0.0
    jitter_s: float = 0.0
    reorder: float = 0.0
    reorder_s: float = 0.02
    blocked: tuple[Rule, ...] = ()
    allowed: tuple[Rule, ...] = ()

    @classmethod
    def from_fields(cls, fields: dict[str, Any]) -> Self:
        """The inverse of `dataclasses.asdict`, after JSON."""
        bursts = fields.pop("bursts", None)
        rules = {
            name: tuple(Rule(**rule) for rule in fields.pop(name, ()))
            for name in ("blocked", "allowed")
        }
        return cls(bursts=Bursts(**bursts) if bursts else None, **rules, **fields)


class Link:
    """One direction, with its memory: the queue, the burst it is in, the last packet delivered."""

    def __init__(self, shape: Shape, seed: int = 0) -> None:
        self.shape = shape
        self.counts: Counter[str] = Counter()  # packets, bytes, drops by reason, bytes delivered
        self._random = random.Random(seed)
        self._free_at = float("-inf")  # when the slow link has sent what waits
        self._last_delivery = float("-inf")
        self._in_burst = False

    def offer(self, packet: bytes, now: float) -> float | Drop:
        """When the packet comes out at the other end, or why it does not.

        A new shape holds for the packets offered after it; those that wait leave as computed.
        """
        self.counts["packets"] += 1
        self.counts["bytes"] += len(packet)
        drop = self._dropped(packet, now)
        if drop is not None:
            self.counts[drop] += 1
            return drop
        self.counts["delivered_bytes"] += len(packet)
        return self._delivery(self._sent(len(packet), now))

    def waiting_s(self, now: float) -> float:
        """How long a packet offered now would wait for the slow link."""
        return max(0.0, self._free_at - now)

    def _dropped(self, packet: bytes, now: float) -> Drop | None:
        shape = self.shape
        if shape.blocked and self._is_blocked(packet):
            return Drop.BLOCKED
        if shape.bursts is not None and self._lost_in_burst(shape.bursts):
            return Drop.BURST
        if shape.loss and self._random.random() < shape.loss:
            return Drop.LOSS
        if shape.rate_bps is not None and self._is_full(shape.rate_bps, len(packet), now):
            return Drop.QUEUE
        return None

    def _is_blocked(self, packet: bytes) -> bool:
        protocol, ports = flow(packet)
        if any(rule.matches(protocol, ports) for rule in self.shape.allowed):
            return False
        return any(rule.matches(protocol, ports) for rule in self.shape.blocked)

    def _lost_in_burst(self, bursts: Bursts) -> bool:
        change = bursts.end if self._in_burst else bursts.begin
        if self._random.random() < change:
            self._in_burst = not self._in_burst
        return self._in_burst and self._random.random() < bursts.loss

    def _is_full(self, rate_bps: float, size: int, now: float) -> bool:
        waiting = self.waiting_s(now)
        if self.shape.queue_bytes is None:
            return waiting > self.shape.queue_s
        return waiting * rate_bps / 8 + size > self.shape.queue_bytes

    def _sent(self, size: int, now: float) -> float:
        if self.shape.rate_bps is None:
            return max(now, self._free_at)
        self._free_at = max(now, self._free_at) + size * 8 / self.shape.rate_bps
        return self._free_at

    def _delivery(self, sent: float) -> float:
        shape = self.shape
        at = sent + shape.delay_s
        if shape.jitter_s:
            at += self._random.random() * shape.jitter_s
        if shape.reorder and self._random.random() < shape.reorder:
            self.counts["held_back"] += 1
            return at + shape.reorder_s
        self._last_delivery = max(at, self._last_delivery)
        return self._last_delivery


def flow(packet: bytes) -> tuple[int, tuple[int, ...]]:
    """Protocol number and the two ports; no ports for fragments, other protocols, short packets.

    Departure: IPv6 extension headers are not followed; neither browsers nor the service send any.
    """
    if len(packet) >= 20 and packet[0] >> 4 == 4:
        protocol, start = packet[9], (packet[0] & 15) * 4
        if struct.unpack_from(">H", packet, 6)[0] & 0x1FFF:
            return protocol, ()
    elif len(packet) >= 40 and packet[0] >> 4 == 6:
        protocol, start = packet[6], 40
    else:
        return -1, ()
    if protocol not in (UDP, TCP) or len(packet) < start + 4:
        return protocol, ()
    return protocol, struct.unpack_from(">HH", packet, start)
