"""A room on two workers: what each tells the other, and whose packets cross. No socket, no task.

Every worker of a room announces its own peers to the others. The other side takes each of them in
as a peer without a transport (`Peer.upstream`), so that slots, voices and reports know no
difference, and asks for the layers somebody watches there. A packet crosses once for each worker,
decrypted and repaired, and fans out on the other side.

Datagrams, first byte:

    1  packet: `_PACKET` header, then the RTP packet as the publisher sent it
    2  sender report: `_PACKET` header, then RTCP
    3  message: MessagePack of one of `AnyMessage`

Announcements and wants are repeated every second, so a lost datagram or a worker that started anew
needs no special case. Voices that are switched on always cross: a microphone that is off sends
nothing, and so every worker chooses its speakers among all voices of the room.
"""

import itertools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from struct import Struct

import msgspec

from media.drops import Counters
from media.forward.room import Room
from media.negotiated import TRANSPORT_CC, NegotiatedMedia, Uplink
from media.peer import Peer
from media.receive.source_packet import SourcePacket
from media.receive.up_track import UpTrack
from media.rtp.rtcp import SenderReport, serialize

REPEAT_S = 1.0
EXPIRE_S = 3.5  # three announcements were lost: the other worker does not serve this peer any more
MAX_SOURCES = 4000  # taken from one worker
PACKET, REPORT, MESSAGE = 1, 2, 3
_PACKET = Struct("!BBxxId")  # kind, place of the rid, source number, arrival in monotonic seconds
_MESSAGE = bytes([MESSAGE])


class Message(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    room: str
    peer: str


class RelayedTrack(msgspec.Struct, frozen=True, kw_only=True):
    """One source; `number` stands for it in packets until it is announced otherwise."""

    number: int
    uplink: Uplink
    allowed: bool
    arriving: bool


class Announce(Message, frozen=True, tag="announce"):
    """Origin -> other: this peer is here, with these sources."""

    tracks: tuple[RelayedTrack, ...]


class Withdraw(Message, frozen=True, tag="withdraw"):
    """Origin -> other: the peer is gone."""


class Want(Message, frozen=True, tag="want"):
    """Other -> origin: relay these layers of a picture, and no others."""

    source: str
    rids: tuple[str, ...]


class AskKeyframe(Message, frozen=True, tag="ask-keyframe"):
    """Other -> origin: somebody waits for a key frame of this layer."""

    source: str
    rid: str


AnyMessage = Announce | Withdraw | Want | AskKeyframe
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(AnyMessage).decode
Key = tuple[str, str]  # room, peer id
Send = Callable[[bytes], bool]


class Outlet:
    """One of our sources on its way to another worker."""

    __slots__ = ("_heads", "_send", "number", "reports", "rids", "track")

    def __init__(self, track: UpTrack, number: int, send: Send) -> None:
        self.track = track
        self.number = number
        # Layers that cross; voices always do.
        self.rids: frozenset[str] = frozenset(track.rids if track.kind == "audio" else ())
        self.reports: dict[str, SenderReport] = {}  # told last, by rid
        self._heads = {rid: place for place, rid in enumerate(track.rids)}
        self._send = send

    def send(self, packet: SourcePacket) -> None:
        """Called for every packet of the source: about a microsecond when it crosses."""
        rid = packet.encoding.rid
        if rid in self.rids:
            head = _PACKET.pack(PACKET, self._heads[rid], self.number, packet.arrival)
            self._send(head + packet.raw)

    def send_reports(self) -> None:
        """Sender reports that came since: they keep lips and voice together."""
        for rid in self.rids:
            encoding = self.track.encodings.get(rid)
            report = encoding.sender_report if encoding is not None else None
            if encoding is None or report is None or self.reports.get(rid) is report:
                continue
            self.reports[rid] = report
            at = encoding.sender_report_at
            head = _PACKET.pack(REPORT, self._heads[rid], self.number, at)
            self._send(head + serialize([replace(report, blocks=())]))


class Upstream:
    """Where a relayed peer comes from: takes what its publisher would be asked."""

    def __init__(self, link: "RelayLink", room: str, peer: str) -> None:
        self._link = link
        self._room = room
        self._peer = peer
        self.heard = 0.0  # last announcement
        self.wants: dict[str, tuple[str, ...]] = {}
        self.numbers: set[int] = set()
        self.allowed: frozenset[str] = frozenset()

    def want(self, source: str, rids: tuple[str, ...]) -> None:
        self.wants[source] = rids
        self._link.tell(Want(room=self._room, peer=self._peer, source=source, rids=rids))

    def ask_keyframe(self, source: str, rid: str) -> None:
        self._link.tell(AskKeyframe(room=self._room, peer=self._peer, source=source, rid=rid))

    def repeat(self) -> None:
        for source, rids in self.wants.items():
            self._link.tell(Want(room=self._room, peer=self._peer, source=source, rids=rids))


class RelayLink:
    """Everything between this worker and one other.

    Args:
        rooms: of this worker, by name.
        send: one datagram to the other worker; False when it was dropped. Must not raise.
        changed: called with a room whose sources are watched otherwise, or that must be polled.
    """

    def __init__(
        self,
        rooms: Mapping[str, Room],
        counters: Counters,
        send: Send,
        changed: Callable[[Room], None],
    ) -> None:
        self.shared: set[str] = set()  # names of rooms that are on both workers
        self.peers: dict[Key, Peer] = {}  # theirs, as they are in our rooms
        self._rooms = rooms
        self._counters = counters
        self._send = send
        self._changed = changed
        self._numbers = itertools.count(1)
        self._outlets: dict[Key, tuple[Peer, dict[str, Outlet]]] = {}  # ours
        self._told: dict[Key, tuple[tuple[object, ...], float]] = {}
        self._sources: dict[int, tuple[Room, Peer, UpTrack]] = {}  # theirs, by number

    # Rooms

    def share(self, room: str) -> None:
        """The other worker has this room, too."""
        self.shared.add(room)

    def unshare(self, room: str, now: float) -> None:
        """It has it no more, or is gone, or we close it."""
        self.shared.discard(room)
        for key in [key for key in self._outlets if key[0] == room]:
            self._withdraw(key)
        for key in [key for key in self.peers if key[0] == room]:
            self._forget(key, now)

    def forget_peer(self, room: str, peer_id: str, now: float) -> None:
        """The peer connects to this worker now."""
        if (room, peer_id) in self.peers:
            self._forget((room, peer_id), now)

    def poll(self, now: float) -> None:
        """Announce what changed or was not told for a second; expire. A few times a second."""
        present: set[Key] = set()
        for name in self.shared:
            room = self._rooms.get(name)
            for peer in tuple(room.peers.values()) if room is not None else ():
                if peer.upstream is None and peer.ingress is not None and peer.ingress.tracks:
                    present.add((name, peer.id))
                    self._announce((name, peer.id), peer, now)
        for key in [key for key in self._outlets if key not in present]:
            self._withdraw(key)
        for key, peer in list(self.peers.items()):
            upstream = peer.upstream
            if isinstance(upstream, Upstream) and now - upstream.heard > EXPIRE_S:
                self._counters.add("relay_expired")
                self._forget(key, now)

    def tell(self, message: AnyMessage) -> None:
        self._send(_MESSAGE + _encode(message))

    # Our peers

    def _announce(self, key: Key, peer: Peer, now: float) -> None:
        outlets = self._outlets_of(key, peer)
        for outlet in outlets.values():
            outlet.send_reports()
        signature: tuple[object, ...] = tuple(
            (o.number, o.track.allowed, o.track.arriving(now)) for o in outlets.values()
        )
        told, at = self._told.get(key, ((), float("-inf")))
        if signature == told and now - at < REPEAT_S:
            return
        self._told[key] = (signature, now)
        tracks = tuple(
            RelayedTrack(
                number=outlet.number,
                uplink=_plain(outlet.track.uplink),
                allowed=outlet.track.allowed,
                arriving=outlet.track.arriving(now),
            )
            for outlet in outlets.values()
        )
        self.tell(Announce(room=key[0], peer=key[1], tracks=tracks))

    def _outlets_of(self, key: Key, peer: Peer) -> dict[str, Outlet]:
        known, outlets = self._outlets.get(key, (None, {}))
        if known is not peer:
            self._close_outlets(outlets.values())
            assert peer.ingress is not None
            outlets = {
                track.source: Outlet(track, next(self._numbers) & 0xFFFFFFFF, self._send)
                for track in peer.ingress.tracks
            }
            for outlet in outlets.values():
                outlet.track.relays = (*outlet.track.relays, outlet)
            self._outlets[key] = (peer, outlets)
        return outlets

    def _withdraw(self, key: Key) -> None:
        _, outlets = self._outlets.pop(key)
        self._close_outlets(outlets.values())
        self._told.pop(key, None)
        self.tell(Withdraw(room=key[0], peer=key[1]))

    def _close_outlets(self, outlets: Iterable[Outlet]) -> None:
        for outlet in outlets:
            track = outlet.track
            track.relays = tuple(other for other in track.relays if other is not outlet)

    # What the other worker sends

    def on_datagram(self, data: memoryview, now: float) -> Room | None:
        """One datagram; the room that must be flushed. Never raises; what is odd is counted."""
        kind = data[0] if len(data) else 0
        if kind == MESSAGE:
            try:
                self._on_message(_decode(data[1:]), now)
            except msgspec.DecodeError:
                self._counters.add("drop_relay_malformed")
            return None
        if kind not in (PACKET, REPORT) or len(data) < _PACKET.size + 8:
            self._counters.add("drop_relay_malformed")
            return None
        _, place, number, arrival = _PACKET.unpack_from(data)
        found = self._sources.get(number)
        if found is None or place >= len(found[2].rids):
            self._counters.add("drop_relay_unknown")
            return None
        room, peer, track = found
        body = bytearray(data[_PACKET.size :])
        ssrc = body[8:12] if kind == PACKET else body[4:8]
        assert peer.ingress is not None
        peer.ingress.bind(track, track.rids[place], int.from_bytes(ssrc, "big"))
        if kind == REPORT:
            room.on_rtcp(peer, bytes(body), arrival)
            return None
        room.on_rtp(peer, body, len(body), arrival)
        self._counters.add("relay_packets_in")
        return room

    def _on_message(self, message: AnyMessage, now: float) -> None:
        room = self._rooms.get(message.room)
        if room is None or message.room not in self.shared:
            self._counters.add("drop_relay_room")
            return
        match message:
            case Announce():
                self._on_announce(room, message, now)
            case Withdraw():
                self.forget_peer(message.room, message.peer, now)
            case Want():
                self._on_want(room, message, now)
            case AskKeyframe():
                self._on_ask(room, message, now)

    def _on_announce(self, room: Room, message: Announce, now: float) -> None:
        key = (message.room, message.peer)
        numbers = {track.number for track in message.tracks}
        peer = self.peers.get(key)
        upstream = peer.upstream if peer is not None else None
        if isinstance(upstream, Upstream) and upstream.numbers != numbers:
            self._forget(key, now)
            peer = None
        if peer is None:
            taken = message.peer in room.peers or len(self._sources) >= MAX_SOURCES
            if taken or not message.tracks:
                self._counters.add("drop_relay_peer")
                return
            peer = self._take_in(room, key, message, now)
        assert isinstance(peer.upstream, Upstream)
        peer.upstream.heard = now
        for told in message.tracks:
            track = self._sources[told.number][2]
            if track.relayed is not told.arriving:
                track.relayed = told.arriving
                room.router.refresh((peer.id, track.source), now)
        allowed = frozenset(track.uplink.source for track in message.tracks if track.allowed)
        if allowed != peer.upstream.allowed:
            peer.upstream.allowed = allowed
            room.set_allowed(peer.id, allowed, now)
        peer.upstream.repeat()
        self._changed(room)

    def _take_in(self, room: Room, key: Key, message: Announce, now: float) -> Peer:
        uplinks = tuple(track.uplink for track in message.tracks)
        peer = Peer(message.peer, NegotiatedMedia(uplinks=uplinks, slots=()))
        upstream = Upstream(self, *key)
        peer.upstream = upstream
        self.peers[key] = peer
        room.add_peer(peer, now)
        assert peer.ingress is not None
        for told, track in zip(message.tracks, peer.ingress.tracks, strict=True):
            upstream.numbers.add(told.number)
            self._sources[told.number] = (room, peer, track)
            track.relayed = False
            track.ask(frozenset(track.rids if track.kind == "audio" else ()), now)
        return peer

    def _forget(self, key: Key, now: float) -> None:
        peer = self.peers.pop(key)
        assert isinstance(peer.upstream, Upstream)
        for number in peer.upstream.numbers:
            self._sources.pop(number, None)
        room = self._rooms.get(key[0])
        if room is not None and room.peers.get(peer.id) is peer:
            room.remove_peer(peer.id, now)
            self._changed(room)

    def _on_want(self, room: Room, message: Want, now: float) -> None:
        outlet = self._outlet(message)
        if outlet is None or outlet.track.kind == "audio":
            return
        rids = frozenset(message.rids) & frozenset(outlet.track.rids)
        if rids != outlet.rids:
            for rid in rids - outlet.rids:
                room.ask_keyframe(outlet.track, rid, now)
            outlet.rids = rids
            room.router.stirred.add((message.peer, message.source))
            self._changed(room)

    def _on_ask(self, room: Room, message: AskKeyframe, now: float) -> None:
        outlet = self._outlet(message)
        if outlet is not None and room.ask_keyframe(outlet.track, message.rid, now):
            self._changed(room)

    def _outlet(self, message: Want | AskKeyframe) -> Outlet | None:
        _, outlets = self._outlets.get((message.room, message.peer), (None, {}))
        return outlets.get(message.source)

    def snapshot(self) -> dict[str, object]:
        """For debugging."""
        ours = [outlet for _, outlets in self._outlets.values() for outlet in outlets.values()]
        return {
            "rooms": sorted(self.shared),
            "ours": len(self._outlets),
            "theirs": len(self.peers),
            "crossing": sum(len(outlet.rids) for outlet in ours),
        }


def _plain(uplink: Uplink) -> Uplink:
    """As the other worker needs it: repairs and transport feedback were ours."""
    codecs = tuple(replace(codec, nack=False, rtx_payload_type=None) for codec in uplink.codecs)
    extensions = {uri: i for uri, i in uplink.extensions.items() if uri != TRANSPORT_CC}
    return replace(uplink, codecs=codecs, extensions=extensions, ssrcs=())
