"""Who listens in on a room: recordings."""

from collections.abc import Callable, Sequence
from typing import Protocol

from media.forward.layers import ideal_layers
from media.forward.router import Router
from media.forward.slots import AUTO_HEIGHT
from media.receive.source_packet import SourcePacket
from media.receive.up_track import UpTrack

RECORDING_KEYFRAME_S = 10.0


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


class Taps:
    """The taps of a room.

    Args:
        attend: called with the id of a publisher that is to be asked for something now.
    """

    def __init__(self, router: Router, attend: Callable[[str], None]) -> None:
        self.due = float("inf")  # key frames are asked for again
        self._router = router
        self._attend = attend
        self._taps: list[Tap] = []

    def __bool__(self) -> bool:
        return bool(self._taps)

    def add(self, tap: Tap, now: float) -> None:
        self._taps.append(tap)
        self.ask(now)

    def remove(self, tap: Tap) -> bool:
        """Whether it was there."""
        if tap not in self._taps:
            return False
        self._taps.remove(tap)
        if not self._taps:
            self.due = float("inf")
        return True

    def tell(self, packet: SourcePacket) -> None:
        encoding = packet.encoding
        track = encoding.track
        for tap in self._taps:
            tap.on_packet(
                track.peer_id,
                track.source,
                encoding.rid,
                packet.codec,
                encoding.ssrc or 0,
                packet.raw,
                packet.arrival,
            )

    def ask(self, now: float) -> None:
        """Every picture begins anew: recordings can be cut there, and survive losses."""
        self.due = now + RECORDING_KEYFRAME_S
        for track in self._router.tracks.values():
            if track.kind == "video" and track.allowed and track.relayed is None:
                for encoding in track.encodings.values():
                    if encoding.arriving(now):
                        encoding.keyframes.request(now)
                        self._attend(track.peer_id)

    def layers(self, track: UpTrack, main: str | None) -> Sequence[str]:
        """Recordings need every picture; that of the peer `main` and documents at full size."""
        if not self._taps or track.relayed is not None:
            return ()
        if track.source == "screen" or track.peer_id == main:
            return ideal_layers(track, AUTO_HEIGHT)[-1:]
        return ideal_layers(track, 0)
