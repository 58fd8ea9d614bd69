"""One room of the SFU: decrypted packets in, encrypted copies out. No socket, task or clock here."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from media.control import PeerStats, SlotWant
from media.drops import Counters
from media.peer import Endpoint, Peer
from media.transport.egress import Egress


class Tap(Protocol):
    """Gets every forwardable packet of a room (allowed sources only), e.g. for recording."""

    def on_packet(
        self, peer_id: str, source: str, rid: str, codec: str, ssrc: int, data: bytes, now: float
    ) -> None:
        """One RTP packet, decrypted, as the publisher sent it; repaired ones restored from RTX.

        Args:
            source: "microphone" | "camera" | "screen".
            rid: simulcast layer ("q", "h", "f"), "" when there is one encoding.
            codec: `Codec.key`, e.g. "opus/48000", "vp8/90000".
            ssrc: the publisher's (primary) SSRC.
            data: RTP packet, possibly out of order, never twice.
            now: arrival, seconds, the clock of `Room.on_rtp`.
        """


@dataclass(frozen=True, slots=True)
class RoomReports:
    """What changed since the last `take_reports`."""

    speakers: tuple[tuple[str, int, bool], ...]  # (peer id, 0..127 louder is larger, speaking)
    dominant: str | None  # peer id when it changed, else None
    sources: tuple[tuple[str, tuple[str, ...]], ...]  # (peer id, its arriving sources)


class Room:
    """Routes the packets of one meeting.

    Times: every `now` is `time.monotonic()`-like seconds, non-decreasing. NTP times of our sender
    reports are `now + ntp_offset`.

    Args:
        name: for logs and stats.
        egress: shared by all rooms of a worker; the room queues copies, `flush` sends them.
        counters: shared by all rooms of a worker.
        now: opening time.
        ntp_offset: add to `now` for seconds since 1900 (`time.time() + 2208988800 - monotonic()`).
    """

    def __init__(
        self, name: str, egress: Egress, counters: Counters, now: float, *, ntp_offset: float = 0.0
    ) -> None:
        raise NotImplementedError

    # Peers

    def add_peer(self, peer: Peer, now: float) -> None:
        """Into the room; allowed sources: none until `set_allowed`. Replaces no one: ids are new."""
        raise NotImplementedError

    def remove_peer(self, peer_id: str, now: float) -> None:
        """Forget the peer, empty the slots that played it. Unknown ids are ignored."""
        raise NotImplementedError

    def peer_ready(self, peer_id: str, srtp_tx: Any, endpoint: Endpoint, now: float) -> None:
        """DTLS and ICE are up: start sending; ask the sources in its slots for key frames now and
        again 150 ms later."""
        raise NotImplementedError

    def peer_moved(self, peer_id: str, endpoint: Endpoint, now: float) -> None:
        """ICE chose another pair; nothing else changes."""
        raise NotImplementedError

    # Packets

    def on_rtp(self, peer: Peer, buffer: bytearray, size: int, now: float) -> None:
        """One decrypted RTP packet (`buffer[:size]`). Queued until `flush`; the buffer is free
        again on return. Never raises. Look at `pending_copies` to decide when to flush."""
        raise NotImplementedError

    def on_rtcp(self, peer: Peer, data: bytes, now: float) -> None:
        """One decrypted compound RTCP packet. Retransmissions it asks for are queued in the egress
        and leave with the next `flush`. Never raises."""
        raise NotImplementedError

    @property
    def pending_copies(self) -> int:
        """Copies the next `flush` will make: the drain budget is counted in these."""
        raise NotImplementedError

    @property
    def copies_last_flush(self) -> int:
        raise NotImplementedError

    def flush(self, now: float) -> None:
        """Make and send all copies of the packets queued since the last flush."""
        raise NotImplementedError

    # Timers

    def poll(self, now: float) -> list[tuple[Peer, bytes]]:
        """Plaintext compound RTCP packets due now (NACK, PLI, transport-cc, RR, SR): protect and
        send each. Also moves layer and speaker selection on. Call at `next_deadline`, or more often."""
        raise NotImplementedError

    def next_deadline(self, now: float) -> float:
        """When `poll` has something to do next, in the clock of `now`."""
        raise NotImplementedError

    # What the service asks for

    def set_slots(self, peer_id: str, wants: Sequence[SlotWant], now: float) -> None:
        """Only the named video slots change. Unknown mids are ignored. A wanted peer that is not
        here yet (or has no such source yet) fills the slot when it comes."""
        raise NotImplementedError

    def auto_slots(self, peer_id: str, now: float) -> None:
        """Keep this peer's video slots filled with the first published cameras and screens."""
        raise NotImplementedError

    def set_allowed(self, peer_id: str, sources: Iterable[str], now: float) -> None:
        """Forward only these sources of the peer; others are dropped and counted, still
        acknowledged to the publisher."""
        raise NotImplementedError

    def set_main_voice(self, peer_id: str | None, now: float) -> None:
        """Whose microphone plays in everyone's audio slot 0."""
        raise NotImplementedError

    def add_tap(self, tap: Tap, now: float) -> None:
        """Also asks every video source for a key frame; repeated every 10 s while a tap is there,
        so that recordings can be cut and survive losses."""
        raise NotImplementedError

    def remove_tap(self, tap: Tap) -> None:
        raise NotImplementedError

    # What the room has to say

    def take_reports(self, now: float) -> RoomReports:
        """Changes of speakers, dominant speaker and arriving sources; call at most 5 times a second."""
        raise NotImplementedError

    def stats(self, now: float) -> list[PeerStats]:
        """Figures since the last call (call once a second). `path` is "udp" or "tcp" by endpoint and
        `connected_since` is the `now` of `peer_ready` plus `ntp_offset` minus 2208988800 (UTC epoch)."""
        raise NotImplementedError
