"""The SFU of one worker process: rooms and transports on one event loop.

Packets go socket -> `UdpMux` -> `Intake` -> `Room` -> `Egress`, moved by `Pump`; `Reporter` says
what happens here. What the service asks for comes through `requests.py`.
"""

import asyncio
import logging
import secrets
import time
from collections.abc import Callable, Coroutine, Sequence
from collections.abc import Set as AbstractSet

from media import answer, control
from media.announced import Announced
from media.collector import Collector
from media.drops import Counters
from media.dumps import Dumps
from media.forward.room import Room
from media.intake import Intake
from media.mishaps import Mishaps
from media.peer import Peer
from media.pump import Pump
from media.recordings import Recordings
from media.reporter import Reporter
from media.sdp import Offer, OfferRefused
from media.transport.dtls import make_certificate, sha256_fingerprint
from media.transport.egress import Egress
from media.transport.ice import Address, Credentials, IceLite, IceSession, Path
from media.transport.links import LinkPlace, Links
from media.transport.mux import Local, LocalSocket, UdpMux
from media.transport.tcp import TcpListener, TcpMux
from media.transport.transport import Transport

log = logging.getLogger(__name__)

SOON_S = 0.02  # changes within this are looked at together
NTP_EPOCH_S = 2_208_988_800  # from 1900 to 1970


class Node:
    """See the module.

    Args:
        sockets: bound.
        report: takes what the worker says by itself; must not block or raise.
        listeners: for ICE-TCP; their indices go on from those of the sockets.
        announced: what clients are told, best first; default: the addresses of the sockets.
        relays: addresses that TURN servers send from.
        dumps: packet dumps may be taken.
        place: where the sockets between workers are, and which worker this is.
    """

    def __init__(
        self,
        sockets: Sequence[LocalSocket],
        report: Callable[[control.AnyReport], None],
        *,
        listeners: Sequence[TcpListener] = (),
        announced: Sequence[Announced] = (),
        relays: AbstractSet[str] = frozenset(),
        dumps: bool = False,
        place: LinkPlace | None = None,
    ) -> None:
        self.rooms: dict[str, Room] = {}
        self.transports: dict[str, Transport] = {}  # by peer id
        self.recordings = Recordings()
        self.dumps = Dumps(allowed=dumps)
        self.counters = Counters()
        self.collector = Collector(time.monotonic())
        self._report = report
        self._sockets = tuple(sockets)
        self._locals: tuple[Local, ...] = (*sockets, *listeners)
        self._relays = relays
        self._datagram_endpoints = frozenset(local.index for local in sockets)
        hosts = [a.host for a in announced] or [local.host for local in sockets]
        self._candidates = tuple((host, sockets[0].port) for host in hosts)
        self._tcp_candidates = tuple((host, listeners[0].port) for host in hosts if listeners)
        self.ice: IceLite[Transport] = IceLite(len(self._locals), relays)
        self._certificate = make_certificate()
        self._fingerprint = sha256_fingerprint(self._certificate)
        self._session_id = secrets.randbits(62)
        self._names: dict[Room, str] = {}
        self._changed: dict[Room, None] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop = asyncio.get_running_loop()
        self._mishaps = Mishaps(self.counters)
        self._egress = Egress(self.counters)
        self.pump = Pump(
            self.rooms, self._egress, self._sockets, self.dumps, self.counters, self._mishaps
        )
        intake = Intake(self.ice, self.pump, self.counters, self._move)
        self.mux = UdpMux(self._sockets, intake, self._mishaps)
        self.tcp = TcpMux(listeners, intake, self._mishaps, self._on_stream_gone)
        self.links = self._make_links(place) if place is not None else None
        self.reporter = Reporter(self, report, self._mishaps)

    def _make_links(self, place: LinkPlace) -> Links:
        return Links(
            place,
            self.rooms,
            self.counters,
            self._mishaps,
            dirty=self.pump.stir,
            burst_end=self.pump.burst_end,
            changed=self.changed,
        )

    async def close(self) -> None:
        """Say goodbye to every peer, flush the journals, close the sockets."""
        for transport in list(self.transports.values()):
            self._forget(transport)
        if self._tasks:
            await asyncio.wait(list(self._tasks))
        await self.recordings.close()
        await self.dumps.close()
        if self.links is not None:
            self.links.close()
        self.pump.close()
        self.mux.close()
        self.tcp.close()

    # What the service asks for

    def open_room(self, name: str) -> None:
        if name not in self.rooms:
            now = time.monotonic()
            offset = time.time() + NTP_EPOCH_S - now
            room = Room(
                name,
                self._egress,
                self.counters,
                now,
                ntp_offset=offset,
                clock=time.monotonic,
            )
            room.relieve(self.pump.relief, now)
            self.rooms[name] = room
            self._names[room] = name

    async def close_room(self, name: str) -> None:
        room = self.rooms.get(name)
        if room is None:
            return
        if self.links is not None:
            self.links.close_room(name, time.monotonic())
        del self.rooms[name]
        for transport in [t for t in self.transports.values() if t.room is room]:
            self._forget(transport)
        await self.recordings.stop_room(name)
        self._names.pop(room, None)
        self.pump.forget(room)

    def connect(self, room: Room, peer_id: str, offer: Offer) -> control.Connected:
        """Take a new peer; its transport starts now and waits for the client's checks.

        Raises:
            OfferRefused: no known codec.
        """
        now = time.monotonic()
        media = answer.negotiate(offer, _draw_ssrc)
        peer = Peer(peer_id, media)
        transport = Transport(
            room, peer, offer, self._certificate, self._locals, self, self._relays
        )
        credentials = _draw_credentials()
        transport.ice = self.ice.open(transport, credentials, now)
        self.transports[peer_id] = transport
        if self.links is not None:
            self.links.forget_peer(self._names[room], peer_id, now)
        room.add_peer(peer, now)
        transport.start()
        self.pump.rearm(now)
        return self._connected(transport, offer, credentials)

    def restart(self, transport: Transport, offer: Offer, path: str = "any") -> control.Connected:
        """New credentials for a peer on a new network; the old path stays until it moves.

        Raises:
            OfferRefused: the offer is not a restart of this transport.
        """
        answer.check_restart(offer, transport.peer.negotiated)
        if offer.fingerprints != transport.fingerprints:
            raise OfferRefused("malformed", "the restart shows another certificate")
        credentials = _draw_credentials()
        off_udp = path == "tcp" and bool(self._tcp_candidates)
        if transport.ice is not None:
            barred = self._datagram_endpoints if off_udp else frozenset()
            self.ice.restart(transport.ice, credentials, time.monotonic(), barred)
        # TURN servers reach us over UDP alone.
        streams_only = off_udp and not self._relays
        return self._connected(transport, offer, credentials, streams_only=streams_only)

    def disconnect(self, peer_id: str) -> None:
        transport = self.transports.get(peer_id)
        if transport is not None:
            self._forget(transport)

    def changed(self, room: Room) -> None:
        """The service changed something in the room: its next deadline may be nearer, and pictures
        may be wanted that nobody sends. When many join, they are looked at together."""
        if not self._changed:
            self._loop.call_later(SOON_S, self._look_at_changed)
        self._changed[room] = None
        if self.links is not None:
            self.links.stir()
        self.pump.rearm(time.monotonic())

    def _look_at_changed(self) -> None:
        now = time.monotonic()
        rooms, self._changed = self._changed, {}
        for room in rooms:
            if room in self._names:
                self.reporter.report_wanted(self._names[room], room, now)

    # Events of the network

    def _move(self, session: IceSession[Transport], now: float) -> None:
        """Media goes where ICE says now."""
        transport = session.owner
        transport.move(session.selected)
        endpoint = transport.endpoint
        if transport.srtp is not None and endpoint is not None:
            transport.room.peer_moved(transport.peer.id, endpoint, now)

    def _on_stream_gone(self, listener: TcpListener, address: Address) -> None:
        session = self.ice.drop_path(Path(listener.index, address))
        if session is not None:
            self._move(session, time.monotonic())

    # Events of transports

    def on_connected(self, transport: Transport) -> None:
        now = time.monotonic()
        endpoint = transport.endpoint
        if transport.srtp is None or endpoint is None:
            return
        transport.room.peer_ready(transport.peer.id, transport.srtp.tx, endpoint, now)
        self._report(
            control.PeerConnected(
                room=self._names[transport.room], peer=transport.peer.id, path=transport.kind
            )
        )
        self.changed(transport.room)

    def on_lost(self, transport: Transport, reason: str) -> None:
        if self.transports.get(transport.peer.id) is transport:
            name = self._names[transport.room]
            self._forget(transport)
            self._report(control.PeerLost(room=name, peer=transport.peer.id, reason=reason))

    # Helpers

    def _connected(
        self,
        transport: Transport,
        offer: Offer,
        credentials: Credentials,
        *,
        streams_only: bool = False,
    ) -> control.Connected:
        media = transport.peer.negotiated
        transport.answers += 1
        local = answer.LocalTransport(
            credentials,
            self._fingerprint,
            () if streams_only else self._candidates,
            self._tcp_candidates,
        )
        return control.Connected(
            answer=answer.write_answer(offer, media, local, self._session_id, transport.answers),
            audio_mids=tuple(slot.mid for slot in media.slots if slot.kind == "audio"),
            video_mids=tuple(slot.mid for slot in media.slots if slot.kind == "video"),
        )

    def _forget(self, transport: Transport) -> None:
        """Out of all tables at once; goodbye is said by a task of its own."""
        streams = [
            path
            for path in (transport.ice.paths if transport.ice else ())
            if self._locals[path.endpoint].path == "tcp"
        ]
        self.transports.pop(transport.peer.id, None)
        self.collector.left()
        if transport.dump is not None:
            self._spawn(self.dumps.end(transport.peer.id))
        transport.room.remove_peer(transport.peer.id, time.monotonic())
        if transport.ice is not None:
            self.ice.close(transport.ice)
            transport.ice = None
        self._spawn(self._goodbye(transport, streams))

    async def _goodbye(self, transport: Transport, streams: Sequence[Path]) -> None:
        await transport.close()
        for path in streams:
            self.tcp.end(path)

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.error("closing a transport failed", exc_info=task.exception())


def _draw_ssrc() -> int:
    return secrets.randbits(32)


def _draw_credentials() -> Credentials:
    """128 bits of password, 32 of ufrag; RFC 8445 section 5.3 asks for 128 and 24."""
    return Credentials(ufrag=secrets.token_hex(4), password=secrets.token_hex(16))
