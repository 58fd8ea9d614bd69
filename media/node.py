"""The SFU of one worker process: rooms and transports on one event loop.

Packets go socket -> `UdpMux` -> `Room` -> `Egress`. One timer follows the earliest deadline of the
rooms; `housekeep` reports and expires. What the service asks for comes through `requests.py`.
"""

import asyncio
import logging
import secrets
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from collections.abc import Set as AbstractSet

import msgspec

from media import answer, control, stats
from media.announced import Announced
from media.drops import Counters
from media.dumps import Dumps
from media.forward.audit import Step
from media.forward.room import Room
from media.mishaps import Mishaps
from media.peer import Peer
from media.recordings import Recordings
from media.sdp import Offer, OfferRefused
from media.transport.dtls import make_certificate, sha256_fingerprint
from media.transport.egress import Egress
from media.transport.ice import Address, Credentials, IceLite, IceSession, Path
from media.transport.links import LinkPlace, Links
from media.transport.mux import Local, LocalSocket, UdpMux
from media.transport.srtp import InPlace, queue_rtcp
from media.transport.tcp import TcpListener, TcpMux
from media.transport.transport import Transport

log = logging.getLogger(__name__)

NTP_EPOCH_S = 2_208_988_800  # from 1900 to 1970
TICK_S = 0.2  # speakers and sources: five times a second
TICKS_PER_STATS = 5
TICKS_PER_RECORDING_HEALTH = 10
MIN_SRTP_BYTES = 12 + 10  # header and the shortest authentication tag
IDLE_S = 3600.0
RETRY_S = 0.001


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
        self._report = report
        self._sockets = tuple(sockets)
        self._locals: tuple[Local, ...] = (*sockets, *listeners)
        self._relays = relays
        self._datagram_endpoints = frozenset(local.index for local in sockets)
        hosts = [a.host for a in announced] or [local.host for local in sockets]
        self._candidates = tuple((host, sockets[0].port) for host in hosts)
        self._tcp_candidates = tuple((host, listeners[0].port) for host in hosts if listeners)
        self._egress = Egress(self.counters)
        self._ice: IceLite[Transport] = IceLite(len(self._locals), relays)
        self._certificate = make_certificate()
        self._fingerprint = sha256_fingerprint(self._certificate)
        self._session_id = secrets.randbits(62)
        self._names: dict[Room, str] = {}
        self._dirty: dict[Room, None] = {}  # rooms with something to flush
        self._tasks: set[asyncio.Task[None]] = set()
        self._lag = stats.LoopLag()
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = float("inf")  # monotonic seconds
        self._ticks = 0
        self._watching = False  # a socket was full
        self._mishaps = Mishaps(self.counters)
        self._mux = UdpMux(self._sockets, self, self._mishaps)
        self._tcp = TcpMux(listeners, self, self._mishaps, self._on_stream_gone)
        self.links = self._make_links(place) if place is not None else None

    def _make_links(self, place: LinkPlace) -> Links:
        return Links(
            place,
            self.rooms,
            self.counters,
            self._mishaps,
            dirty=lambda room: self._dirty.setdefault(room),
            burst_end=self.on_burst_end,
            changed=self.changed,
        )

    async def close(self) -> None:
        """Say goodbye to every peer, flush the journals, close the sockets."""
        if self._timer is not None:
            self._timer.cancel()
        for transport in list(self.transports.values()):
            self._forget(transport)
        if self._tasks:
            await asyncio.wait(list(self._tasks))
        await self.recordings.close()
        await self.dumps.close()
        if self.links is not None:
            self.links.close()
        for local in self._sockets:
            self._loop.remove_writer(local.socket.fileno())
        self._mux.close()
        self._tcp.close()

    # What the service asks for

    def open_room(self, name: str) -> None:
        if name not in self.rooms:
            now = time.monotonic()
            offset = time.time() + NTP_EPOCH_S - now
            room = Room(name, self._egress, self.counters, now, ntp_offset=offset)
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
        self._dirty.pop(room, None)

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
        transport.ice = self._ice.open(transport, credentials, now)
        self.transports[peer_id] = transport
        if self.links is not None:
            self.links.forget_peer(self._names[room], peer_id, now)
        room.add_peer(peer, now)
        transport.start()
        self._rearm(now)
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
            self._ice.restart(transport.ice, credentials, time.monotonic(), barred)
        # TURN servers reach us over UDP alone.
        streams_only = off_udp and not self._relays
        return self._connected(transport, offer, credentials, streams_only=streams_only)

    def disconnect(self, peer_id: str) -> None:
        transport = self.transports.get(peer_id)
        if transport is not None:
            self._forget(transport)

    def changed(self, room: Room) -> None:
        """The service changed something in the room: its next deadline may be nearer, and pictures
        may be wanted that nobody sends."""
        now = time.monotonic()
        self._report_wanted(self._names[room], room, now)
        if self.links is not None:
            self.links.stir()
        self._rearm(now)

    # Sink of the multiplexer

    def on_srtp(
        self, local: Local, address: Address, packet: InPlace, size: int, now: float
    ) -> None:
        session = self._ice.routes[local.index].get(address)
        if session is None:
            self.counters.add("drop_unknown_address")
            return
        transport = session.owner
        srtp = transport.srtp
        if srtp is None or size < MIN_SRTP_BYTES:
            self.counters.add("drop_before_handshake" if srtp is None else "drop_short")
            return
        room = transport.room
        dump = transport.dump
        if 192 <= packet.buffer[1] <= 223:  # RTCP: RFC 5761 section 4
            if dump is None and room.skips(transport.peer, packet.buffer, size, now):
                return
            size = packet.unprotect_rtcp(srtp.rx, size)
            if size:
                data = bytes(packet.buffer[:size])
                if dump is not None:
                    dump.rtcp_in(data, now)
                room.on_rtcp(transport.peer, data, now)
        else:
            size = packet.unprotect_rtp(srtp.rx, size)
            if size:
                if dump is not None:
                    dump.rtp_in(packet.buffer, size, now)
                room.on_rtp(transport.peer, packet.buffer, size, now)
        if size:
            session.heard = now
            self._dirty[room] = None
        else:
            self.counters.add("drop_unprotect")

    def on_stun(self, local: Local, address: Address, datagram: bytes, now: float) -> bool:
        checked = self._ice.on_stun(datagram, Path(local.index, address), now)
        if checked is None:
            return False
        local.send(checked.reply, address)
        if checked.moved:
            self._move(checked.session, now)
        return True

    def _move(self, session: IceSession[Transport], now: float) -> None:
        """Media goes where ICE says now."""
        transport = session.owner
        transport.move(session.selected)
        endpoint = transport.endpoint
        if transport.srtp is not None and endpoint is not None:
            transport.room.peer_moved(transport.peer.id, endpoint, now)

    def _on_stream_gone(self, listener: TcpListener, address: Address) -> None:
        session = self._ice.drop_path(Path(listener.index, address))
        if session is not None:
            self._move(session, time.monotonic())

    def on_dtls(self, local: Local, address: Address, datagram: bytes, now: float) -> None:
        session = self._ice.routes[local.index].get(address)
        if session is None:
            self.counters.add("drop_unknown_address")
        elif not session.owner.on_dtls(datagram):
            self.counters.add("drop_dtls_queue")

    def on_burst_end(self, now: float) -> int:
        copies = 0
        for room in self._dirty:
            try:
                room.flush(now)
            except Exception:
                self._mishaps.note("forwarding a burst")
            copies += room.copies_last_flush
            self._arm(room.next_deadline(now), now)
        self._dirty.clear()
        self._mind_full_sockets()
        return copies

    def _mind_full_sockets(self) -> None:
        """Datagrams that found their socket full leave as soon as one takes more."""
        if self._egress.pending and not self._watching:
            self._watching = True
            for local in self._sockets:
                self._loop.add_writer(local.socket.fileno(), self._on_writable)

    def _on_writable(self) -> None:
        self._egress.flush()
        if not self._egress.pending:
            self._watching = False
            for local in self._sockets:
                self._loop.remove_writer(local.socket.fileno())

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

    # Time

    def _poll(self) -> None:
        """The timer: RTCP that is due, slots that move on."""
        now = time.monotonic()
        self._lag.note(self._timer_at, now)
        self._timer, self._timer_at = None, float("inf")
        for room in self.rooms.values():
            if room.next_deadline(now) > now:
                continue
            try:
                self._poll_room(room, now)
            except Exception:
                self._mishaps.note("polling a room")
        self._mind_full_sockets()
        self._rearm(time.monotonic())

    def _poll_room(self, room: Room, now: float) -> None:
        for peer, packet in room.poll(now):
            if self.dumps.running:
                self.dumps.said(peer.id, packet, now)
            if not queue_rtcp(self._egress, peer, packet):
                self.counters.add("drop_rtcp_out")
        room.flush(now)

    def _rearm(self, now: float) -> None:
        """A room whose deadline is over although it was polled is tried again after `RETRY_S`."""
        deadlines = [room.next_deadline(now) for room in self.rooms.values()]
        if deadlines:
            self._arm(max(min(deadlines), now + RETRY_S), now)

    def _arm(self, deadline: float, now: float) -> None:
        """Let the timer run at `deadline` unless it runs sooner anyway."""
        if deadline < self._timer_at and deadline - now < IDLE_S:
            if self._timer is not None:
                self._timer.cancel()
            self._timer_at = deadline
            self._timer = self._loop.call_later(max(0.0, deadline - now), self._poll)

    async def housekeep(self) -> None:
        """Report and expire, until cancelled."""
        due = time.monotonic()
        while True:
            due = max(due + TICK_S, time.monotonic())
            await asyncio.sleep(due - time.monotonic())
            self._lag.note(due, time.monotonic())
            try:
                self._tick(time.monotonic())
            except Exception:
                self._mishaps.note("housekeeping")

    def _tick(self, now: float) -> None:
        self._ticks += 1
        self.dumps.flush(now)
        for name, room in self.rooms.items():
            self._report_changes(name, room, now)
        if self.links is not None:
            self.links.poll(now)
        if self._ticks % TICKS_PER_STATS == 0:
            for session in list(self._ice.expire(now)):
                self.on_lost(session.owner, "consent")
            self._tcp.expire(now)
            self._report_stats(now)
        if self._ticks % TICKS_PER_RECORDING_HEALTH == 0:
            for health in self.recordings.health(now):
                self._report(health)

    def _report_wanted(self, name: str, room: Room, now: float) -> None:
        for peer_id, source, rids in room.take_wanted(now):
            upstream = room.peers[peer_id].upstream
            if upstream is not None:
                upstream.want(source, rids)
                continue
            self._report(control.WantedLayers(room=name, peer=peer_id, source=source, rids=rids))

    def _report_changes(self, name: str, room: Room, now: float) -> None:
        self._report_wanted(name, room, now)
        changes = room.take_reports(now)
        for peer_id, sources in changes.sources:
            self._report(control.Sources(room=name, peer=peer_id, sources=sources))
        if changes.speakers:
            self._report(control.Speakers(room=name, levels=changes.speakers))
        for stalled in changes.stalled:
            self._report(
                control.Stalled(
                    room=name, peer=stalled.peer_id, mid=stalled.mid, step=stalled.step.value
                )
            )
            transport = self.transports.get(stalled.peer_id)
            if stalled.step is Step.TRANSPORT and transport is not None:
                self.on_lost(transport, "stalled")
        if changes.dominant is not None:
            self._report(control.Dominant(room=name, peer=changes.dominant))

    def _report_stats(self, now: float) -> None:
        for name, room in self.rooms.items():
            peers = tuple(self._judged(figures, now) for figures in room.stats(now))
            if peers:
                self._report(control.Stats(room=name, peers=peers))
        self._report(
            control.WorkerStats(
                at=now,
                cpu_seconds=stats.cpu_seconds(),
                memory_bytes=stats.memory_bytes(),
                loop_lag_ms=self._lag.take_ms(),
                counters=self.totals(),
            )
        )

    def _judged(self, figures: control.PeerStats, now: float) -> control.PeerStats:
        """A line without any packet for `STALE_S` has lost everything, whatever was counted."""
        transport = self.transports.get(figures.peer)
        if transport is None or transport.ice is None:
            return figures
        if transport.kind != figures.path:
            figures = msgspec.structs.replace(figures, path=transport.kind)
        if not transport.ice.is_stale(now):
            return figures
        return msgspec.structs.replace(figures, up_loss=1.0, rtt_ms=None, up_bps=0)

    # Figures

    def totals(self) -> dict[str, int]:
        """Growing counters of everything in this worker."""
        totals = Counter(self.counters.snapshot())
        for drops in (self._ice.drops, self._mux.drops, self._tcp.drops):
            totals.update({f"drop_{reason}": number for reason, number in drops.items()})
        totals["datagrams_in"] = self._mux.datagrams_in + self._tcp.datagrams_in
        return dict(totals)

    def snapshot(self) -> dict[str, object]:
        """For debugging; no addresses, no SDP."""
        now = time.monotonic()
        return {
            "rooms": {
                name: {
                    t.peer.id: {
                        "connected": t.srtp is not None,
                        "path": t.kind,
                        "quiet_s": round(now - t.ice.heard, 1) if t.ice else None,
                        "paths": len(t.ice.paths) if t.ice else 0,
                        "uplinks": [u.source for u in t.peer.negotiated.uplinks],
                        "layers": t.peer.ingress.snapshot() if t.peer.ingress else {},
                        "slots": len(t.peer.negotiated.slots),
                        "line": t.peer.subscriber.downlink.snapshot(now)
                        if t.peer.subscriber
                        else None,
                    }
                    for t in self.transports.values()
                    if t.room is room
                }
                for name, room in self.rooms.items()
            },
            "recordings": self.recordings.snapshot(),
            "relays": self.links.snapshot() if self.links is not None else {},
            "counters": self.totals(),
        }

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
        if transport.dump is not None:
            self._spawn(self.dumps.end(transport.peer.id))
        transport.room.remove_peer(transport.peer.id, time.monotonic())
        if transport.ice is not None:
            self._ice.close(transport.ice)
            transport.ice = None
        self._spawn(self._goodbye(transport, streams))

    async def _goodbye(self, transport: Transport, streams: Sequence[Path]) -> None:
        await transport.close()
        for path in streams:
            self._tcp.end(path)

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
