"""The engine: packets of one feed become encrypted copies for all its subscribers.

Two implementations of the same rewriting: a plain loop, faster below about 14 subscribers, and a
numpy matrix of subscribers x packets above. Tests compare them byte for byte. In both a copy is the
group's header template with sequence number, timestamp, SSRC, transport-wide number and VP8 ids
replaced, encrypted in place by libsrtp in the egress arena.
"""

from array import array
from collections.abc import Callable, Sequence
from struct import Struct
from typing import Any

import numpy as np
from pylibsrtp._binding import lib

from media.bwe.arrival import LINE_BYTES, record
from media.drops import Counters, DropReason
from media.forward import matrix
from media.forward.down_track import DownTrack
from media.forward.groups import Group, WireFormat, build_groups
from media.forward.numbers import TransportNumbers
from media.forward.rtx import RtxSender
from media.receive.source_packet import SourcePacket
from media.receive.up_track import Feed
from media.rtp import vp8
from media.transport.egress import MAX_DATAGRAM, MAX_SEGMENTS, STRIDE, Egress

MATRIX_FROM = 14  # subscribers
PADDING_LIMIT = 24  # bytes of RTP padding spent to make neighbours equal for GSO
ROWS_BYTES = 160_000  # a matrix larger than this is made and sent in parts: the first need not wait
_NUMBERS = Struct("!HII")
_SHORT = Struct("!H")

# Template, sequence number, timestamp, where the payload begins and its VP8 descriptor.
Shape = tuple[bytes, int, int, tuple[int, vp8.Vp8Descriptor] | None]


class Copy:
    """A packet as a group sees it, before the numbers of a subscriber are in."""

    __slots__ = ("octets", "packet", "payload_at", "template", "transport_at")

    def __init__(self, packet: SourcePacket, fmt: WireFormat, now: float) -> None:
        red = packet.red if fmt.red_payload_type is not None else None
        if red is None:
            head, self.transport_at = fmt.head(packet, now, fmt.payload_type)
            payload = packet.raw[packet.start : packet.end]
        else:
            head, self.transport_at = fmt.head(packet, now, fmt.red_payload_type or 0)
            payload = red
        self.packet = packet
        self.payload_at = len(head)
        self.octets = len(payload)
        self.template = head + payload

    @property
    def shape(self) -> "Shape":
        picture = self.packet.vp8
        return (
            self.template,
            self.packet.extended,
            self.packet.timestamp,
            None if picture is None else (self.payload_at, picture),
        )

    def numbers(self, column: int) -> tuple[int, int, int, int, int, int]:
        """What the offsets of a member are added to, see `GroupArrays`."""
        packet = self.packet
        picture = packet.vp8
        sequence = packet.extended & 0xFFFF
        if picture is None:
            return sequence, packet.timestamp, 0, 0, 0, column
        return sequence, packet.timestamp, 0, picture.picture_id, picture.tl0, column

    def pad(self, size: int) -> None:
        """RTP padding (RFC 3550 section 5.1) up to `size` bytes."""
        missing = size - len(self.template)
        if missing > 0:
            padded = bytearray(self.template)
            padded[0] |= 0x20
            padded += bytes(missing - 1)
            padded.append(missing)
            self.template = bytes(padded)


def _records(run: Sequence[Copy], now: float) -> list[int]:
    """For the send log: of one subscriber's copies."""
    return [record(now, len(copy.template) + LINE_BYTES) for copy in run]


def runs(sizes: Sequence[int], limit: int = MAX_SEGMENTS) -> list[tuple[int, int, int]]:
    """Split a burst into stretches one GSO message can carry.

    Returns:
        (start, end, size): datagrams start..end-1 padded to `size`, at most PADDING_LIMIT each; the
        last of a stretch may stay shorter.
    """
    found = []
    start = 0
    while start < len(sizes):
        largest = lowest = sizes[start]
        end = start + 1
        while end < len(sizes) and end - start < limit:
            size = sizes[end]
            if max(largest, size) - lowest > PADDING_LIMIT:
                break
            largest = max(largest, size)
            end += 1
            if largest - size > PADDING_LIMIT:
                break
            lowest = min(lowest, size)
        found.append((start, end, largest))
        start = end
    return found


class FanOut:
    """Copies for all subscribers of an encoding, into the egress.

    Args:
        clock: monotonic seconds: bursts of hundreds of feeds take milliseconds, and estimators must
            not take that for a queue. None: everything leaves at the `now` it is sent with.
    """

    def __init__(
        self,
        egress: Egress,
        counters: Counters,
        numbers: TransportNumbers | None = None,
        clock: Callable[[], float] | None = None,
    ) -> None:
        self.clock = clock
        self.egress = egress
        self.counters = counters
        self.numbers = numbers if numbers is not None else TransportNumbers()
        self.rtx = RtxSender(egress, counters, self.numbers, self.time)
        self.matrix_from = MATRIX_FROM
        self._protect = lib.srtp_protect
        self._packets = 0  # sent, not yet in the counters
        self._bytes = 0

    def send(self, feed: Feed, packets: Sequence[SourcePacket], now: float) -> int:
        """Copies of `packets` (in arrival order) to the feed's sinks; returns how many."""
        now = self.time(now)
        if feed.groups is None:
            feed.groups = build_groups(feed, feed.sinks)
            for group in feed.groups:
                group.adopt()
            feed.max_first = max(
                (s.epoch.first for s in feed.sinks if s.epoch is not None), default=0
            )
        copies = 0
        fresh: list[SourcePacket] = []
        for packet in packets:
            if packet.extended >= feed.max_first:
                fresh.append(packet)
            else:
                copies += self._send_late(feed, packet, now)
        if fresh:
            for group in feed.groups:
                copies += self._send_group(group, fresh, now)
            self._advance(feed, fresh)
        self._tell()
        return copies

    def time(self, now: float) -> float:
        """When what is made now leaves; `now`: when the burst began."""
        return now if self.clock is None else self.clock()

    def _tell(self) -> None:
        self.counters.add("packets_out", self._packets)
        self.counters.add("bytes_out", self._bytes)
        self._packets = self._bytes = 0

    @staticmethod
    def _advance(feed: Feed, packets: Sequence[SourcePacket]) -> None:
        for packet in packets:
            if packet.extended > feed.sent_extended:
                feed.sent_extended = packet.extended
                feed.sent_timestamp = packet.timestamp
                feed.sent_arrival = packet.arrival
                if packet.vp8 is not None:
                    feed.sent_pid = packet.vp8.picture_id
                    feed.sent_tl0 = packet.vp8.tl0

    def _send_late(self, feed: Feed, packet: SourcePacket, now: float) -> int:
        """A packet older than somebody's switch goes to those who already played the source."""
        takers = []
        for sink in feed.sinks:
            if sink.epoch is not None and packet.extended >= sink.epoch.first:
                takers.append(sink)
            else:
                self.counters.drop(DropReason.BEFORE_SWITCH)
        copies = 0
        for group in build_groups(feed, takers):
            copies += self._send_group(group, [packet], now)
            group.settle()
        if takers:
            self._advance(feed, [packet])
        return copies

    def _send_group(self, group: Group, packets: Sequence[SourcePacket], now: float) -> int:
        """Copies to the members; those for a narrow line wait their turn."""
        if group.pacer is None:
            made, octets = self._emit(group, packets, now)
            group.packets += made
            group.octets += octets
        elif group.pacer.push(group, packets):
            group.packets += len(packets)
            group.octets += sum(packet.end - packet.start for packet in packets)
        else:
            self.counters.drop(DropReason.PACER_FULL, len(packets))
        return len(packets) * len(group.members)

    def send_held(self, group: Group, packet: SourcePacket, now: float) -> None:
        """A packet the pacer held until now; one that may not be shown any more stays away."""
        peer = group.members[0].peer
        if group.encoding.track.allowed and peer.ready:
            self._emit(group, [packet], now)
            self._tell()

    def _emit(self, group: Group, packets: Sequence[SourcePacket], now: float) -> tuple[int, int]:
        """Make and queue the copies; packets and payload octets to each member."""
        copies = []
        for packet in packets:
            copy = Copy(packet, group.format, now)
            if len(copy.template) > MAX_DATAGRAM:
                self.counters.drop(DropReason.OVERSIZE, len(group.members))
            else:
                copies.append(copy)
        few = group.by_stream or len(group.members) < self.matrix_from
        make = self._loop if few else self._matrix
        for start, end, size in runs([len(c.template) for c in copies]):
            run = copies[start:end]
            for copy in run[:-1]:
                copy.pad(size)
            if size - len(run[-1].template) <= PADDING_LIMIT:
                run[-1].pad(size)
            make(group, run, now)
        return len(copies), sum(c.octets for c in copies)

    # Few subscribers

    def _loop(self, group: Group, run: Sequence[Copy], now: float) -> None:
        egress = self.egress
        memory, write, write_short = egress.memory, _NUMBERS.pack_into, _SHORT.pack_into
        count, members = len(run), len(group.members)
        slot = egress.reserve(members * count)
        at = slot * STRIDE
        transport = run[0].transport_at
        shapes = [copy.shape for copy in run]
        number = 0
        records = array("Q", _records(run, now)) if transport else array("Q")
        for index, (sequence_offset, timestamp_offset, ssrc, pid_offset, tl0_offset) in enumerate(
            group.offsets
        ):
            if transport:
                number = self._take_numbers(group, index, records, run)
            for template, sequence, timestamp, picture in shapes:
                memory[at : at + len(template)] = template
                sequence = sequence + sequence_offset & 0xFFFF
                write(memory, at + 2, sequence, timestamp + timestamp_offset & 0xFFFFFFFF, ssrc)
                if transport:
                    write_short(memory, at + transport, number & 0xFFFF)
                    number += 1
                if picture is not None:
                    payload_at, descriptor = picture
                    vp8.rewrite(
                        memory,
                        at + payload_at,
                        descriptor,
                        descriptor.picture_id + pid_offset,
                        descriptor.tl0 + tl0_offset,
                    )
                at += STRIDE
        egress.lengths[slot : slot + members * count] = [len(c.template) for c in run] * members
        self._encrypt(group, group.contexts_for(count), 0, members, slot, count)

    def _take_numbers(
        self, group: Group, index: int, records: "array[int]", run: Sequence[Copy]
    ) -> int:
        """The first of the member's next transport-wide numbers, one a record."""
        peer = group.indices[index]
        memory = self.numbers.memory
        number = memory[peer]
        memory[peer] = number + len(records) & 0xFFFFFFFF
        self.numbers.log.write(peer, number, records)
        if group.by_stream:
            self._note(group.members[index], group.offsets[index][0], run, number)
        return number

    @staticmethod
    def _note(sink: DownTrack, offset: int, run: Sequence[Copy], number: int) -> None:
        numbers = sink.peer.stream_numbers
        assert numbers is not None
        for column, copy in enumerate(run):
            sequence = copy.packet.extended + offset & 0xFFFF
            numbers.note(sink.slot.ssrc, sequence, number + column)

    def _queue_each(self, group: Group, index: int, slot: int, count: int) -> None:
        """A member's copies one by one: some failed to encrypt and have length 0, or go to a
        stream."""
        egress = self.egress
        if group.streams is not None:
            self._write(group.streams[index], slot, count)
        name, namelen = group.addresses[index]
        for one in range(slot, slot + count):
            if not egress.length_memory[one]:
                self.counters.drop(DropReason.SRTP)
            elif group.streams is None:
                egress.push(group.fd, one, 1, name, namelen, 0)
                self._count(one)

    def _count(self, slot: int) -> None:
        self._packets += 1
        self._bytes += self.egress.length_memory[slot]

    def _write(self, send: Any, slot: int, count: int) -> None:
        """Copies for a peer behind a stream; slots that failed to encrypt have length 0."""
        egress = self.egress
        for one in range(slot, slot + count):
            size = egress.length_memory[one]
            if size:
                send(egress.bytes_view[one, :size].tobytes())
                self._count(one)

    # Many subscribers

    def _matrix(self, group: Group, run: Sequence[Copy], now: float) -> None:
        count = len(run)
        members = len(group.members)
        rows = max(1, min(members, ROWS_BYTES // (len(run[0].template) * count), 1024 // count))
        rows = -(-members // -(-members // rows))  # parts of equal size
        contexts = group.contexts_for(count)
        for start in range(0, members, rows):
            if start:  # what is ready need not wait for the next part
                self.egress.flush()
                now = self.time(now)
            stop = min(start + rows, members)
            slot = self.egress.reserve((stop - start) * count)
            written = matrix.write(self.egress, group, run, start, stop, slot, self.numbers.next)
            if run[0].transport_at:
                indices = group.arrays.indices[start:stop]
                self.numbers.log.write_many(indices, written, _records(run, now))
            self._encrypt(group, contexts, start, stop, slot, count)

    def _encrypt(
        self, group: Group, contexts: list[Any], start: int, stop: int, slot: int, count: int
    ) -> None:
        egress = self.egress
        total = (stop - start) * count
        end = slot + total
        codes = list(
            map(
                self._protect,
                contexts if total == len(contexts) else contexts[start * count : stop * count],
                egress.pointers[slot:end],
                egress.length_pointers[slot:end],
            )
        )
        lengths = egress.lengths[slot:end]
        if group.streams is not None or any(codes):
            for position, code in enumerate(codes):
                if code:
                    lengths[position] = 0
            for row in range(stop - start):
                self._queue_each(group, start + row, slot + row * count, count)
            return
        if stop - start < self.matrix_from:
            egress.push_rows(group.fd, slot, count, group.addresses[start:stop])
        else:
            addresses = group.arrays.addresses[start:stop]
            egress.push_matrix(group.fd, slot, stop - start, count, addresses)
        self._packets += total
        self._bytes += int(np.add.reduce(lengths))
