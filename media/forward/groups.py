"""Subscribers of one feed whose copies differ only in numbers: same payload type, same
header-extension ids, same socket. Each group is a set of parallel arrays."""

from collections.abc import Callable, Iterable
from struct import Struct
from typing import Any

import numpy as np

from media.forward.down_track import DownTrack, Epoch
from media.negotiated import ABS_SEND_TIME, MID, REPAIRED_RID, RID, TRANSPORT_CC, Codec
from media.peer import StreamEndpoint
from media.receive.source_packet import SourcePacket
from media.receive.up_track import Encoding, Feed
from media.rtp.packet import HEADER_BYTES

_HOP_BY_HOP = frozenset({MID, RID, REPAIRED_RID, TRANSPORT_CC, ABS_SEND_TIME})
_EXTENDED_HEADER = Struct("!BB10xHH")
_ONE_BYTE = 0xBEDE
PID, TL0, TRANSPORT = 3, 4, 5  # columns of `GroupArrays.offsets`; before them as in the RTP header


class WireFormat:
    """How packets of one source look to a group: payload type and extension ids."""

    __slots__ = (
        "abs_send_time_id",
        "ids",
        "payload_type",
        "red_payload_type",
        "rtx_payload_type",
        "transport_cc_id",
    )

    def __init__(
        self, encoding: Encoding, codec: Codec, extensions: dict[str, int], red: int | None = None
    ) -> None:
        self.payload_type = codec.payload_type
        self.red_payload_type = red  # of packets that have redundancy; None: only their own frame
        self.rtx_payload_type = codec.rtx_payload_type
        self.transport_cc_id = self._usable(extensions.get(TRANSPORT_CC, 0))
        self.abs_send_time_id = self._usable(extensions.get(ABS_SEND_TIME, 0))
        # Source id -> subscriber id of everything that is passed on.
        self.ids: dict[int, int] = {
            number: extensions[uri]
            for uri, number in encoding.track.uplink.extensions.items()
            if uri in extensions and uri not in _HOP_BY_HOP and 0 < extensions[uri] < 15
        }

    @staticmethod
    def _usable(number: int) -> int:
        return number if 0 < number < 15 else 0

    def head(self, packet: SourcePacket, now: float, payload_type: int) -> tuple[bytes, int]:
        """RTP header and extension with zeroed numbers, and where the transport-wide number goes
        (0: nowhere). One-byte form; elements that do not fit in it are left out."""
        body = bytearray()
        offset = 0
        if self.transport_cc_id:
            offset = HEADER_BYTES + 4 + 1
            body += bytes((self.transport_cc_id << 4 | 1, 0, 0))
        if self.abs_send_time_id:
            body.append(self.abs_send_time_id << 4 | 2)
            body += (int(now * 262144) & 0xFFFFFF).to_bytes(3, "big")
        ids = self.ids
        for number, data in packet.elements:
            ours = ids.get(number)
            if ours is not None and 0 < len(data) <= 16:
                body.append(ours << 4 | len(data) - 1)
                body += data
        second = packet.marker | payload_type
        if not body:
            return bytes((0x80, second)) + bytes(10), 0
        if len(body) % 4:
            body += bytes(-len(body) % 4)
        return _EXTENDED_HEADER.pack(0x90, second, _ONE_BYTE, len(body) // 4) + body, offset


class Group:
    """Rebuilt, never changed: `members` and everything derived from them stay parallel."""

    def __init__(self, feed: Feed, members: list[DownTrack], epochs: list[Epoch]) -> None:
        first = members[0]
        self.encoding = feed.encoding
        self.members = members
        self.by_stream = first.peer.stream_numbers is not None
        self.pacer = first.peer.pacer if self.encoding.track.kind == "video" else None
        red = red_payload_type(first, epochs[0])
        self.format = WireFormat(self.encoding, epochs[0].codec, first.slot.extensions, red)
        endpoint = first.peer.endpoint
        self.streams: list[Callable[[bytes], None]] | None = None
        self.fd = first.peer.fd
        if isinstance(endpoint, StreamEndpoint):
            self.streams = [m.peer.endpoint.send for m in members]  # type: ignore[union-attr]
        self.contexts: list[Any] = [m.peer.srtp_tx for m in members]
        # Of each member: what to add to sequence number and timestamp, its SSRC, what to add to
        # picture id and TL0PICIDX.
        self.offsets = [
            (
                epoch.sequence_offset & 0xFFFF,
                epoch.timestamp_offset & 0xFFFFFFFF,
                member.slot.ssrc,
                epoch.pid_offset & 0x7FFF,
                epoch.tl0_offset & 0xFF,
            )
            for member, epoch in zip(members, epochs, strict=True)
        ]
        self.indices = [m.peer.index for m in members]
        self.addresses = [(m.peer.socket_name, m.peer.socket_namelen) for m in members]
        self._arrays: GroupArrays | None = None
        self._repeated: dict[int, list[Any]] = {1: self.contexts}
        # Counted here for all members at once; `settle` moves the counts into each member.
        self.packets = 0
        self.octets = 0

    @property
    def arrays(self) -> "GroupArrays":
        if self._arrays is None:
            self._arrays = GroupArrays(self)
        return self._arrays

    def contexts_for(self, columns: int) -> list[Any]:
        """Every context `columns` times in a row."""
        repeated = self._repeated.get(columns)
        if repeated is None:
            repeated = [c for c in self.contexts for _ in range(columns)]
            self._repeated[columns] = repeated
        return repeated

    def adopt(self) -> None:
        """From now on the members count their packets here."""
        for member in self.members:
            member.group = self

    def settle(self) -> None:
        """The group ends: move its counts to the members."""
        for member in self.members:
            member.packets_base += self.packets
            member.octets_base += self.octets
            if member.group is self:
                member.group = None
        self.packets = self.octets = 0


class GroupArrays:
    """The numbers of a group for numpy."""

    __slots__ = ("addresses", "indices", "offsets")

    def __init__(self, group: Group) -> None:
        self.indices = np.array(group.indices, np.intp)
        self.addresses = np.array(group.addresses, np.uint64)
        offsets = np.array(group.offsets, np.uint32)
        self.offsets = np.zeros((len(offsets), 1, offsets.shape[1] + 1), np.uint32)
        self.offsets[:, 0, :-1] = offsets  # transport-wide numbers begin anew each time


def red_payload_type(sink: DownTrack, epoch: Epoch) -> int | None:
    """Under which payload type a slot takes redundant packets; None: it gets the frames alone.

    The blocks name their codec by the publisher's payload type, so both ends must use the same.
    """
    codec = epoch.codec
    if not sink.redundant or codec.red_payload_type is None:
        return None
    same = any(c.payload_type == codec.payload_type for c in epoch.encoding.track.red.values())
    return codec.red_payload_type if same else None


def build_groups(feed: Feed, sinks: Iterable[DownTrack]) -> list[Group]:
    """Sinks that can be sent to, by wire format and socket. A peer that shows the same source in
    two slots appears in two groups, because a group counts one transport-wide number per peer. A
    paced slot is a group of its own."""
    gathered: dict[tuple[Any, ...], tuple[list[DownTrack], list[Epoch]]] = {}
    occurrences: dict[tuple[int, Any], int] = {}
    for sink in sinks:
        peer = sink.peer
        epoch = sink.epoch
        if epoch is None or peer.srtp_tx is None or peer.endpoint is None:
            continue
        codec = epoch.codec
        stream = isinstance(peer.endpoint, StreamEndpoint)
        turn = occurrences.get((peer.index, stream), 0)
        occurrences[peer.index, stream] = turn + 1
        paced = peer.pacer is not None and feed.encoding.track.kind == "video"
        key = (
            peer.index if paced else -1,
            peer.stream_numbers is not None,
            stream,
            peer.fd,
            codec.payload_type,
            codec.rtx_payload_type,
            red_payload_type(sink, epoch),
            sink.format_key,
            turn,
        )
        members, epochs = gathered.setdefault(key, ([], []))
        members.append(sink)
        epochs.append(epoch)
    return [Group(feed, members, epochs) for members, epochs in gathered.values()]
