"""What the live session asks of the media plane. `conference` binds it to the worker processes."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Protocol

import msgspec

from rooms.session.model import PeerId, Source


class MediaRefused(Exception):
    """The media plane cannot take this offer.

    `code` is stable: "malformed", "no-fingerprint", "no-known-codec", "too-large", "busy",
    "unavailable"; `detail` is English, for the log and API clients.
    """

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail


class Connected(msgspec.Struct, frozen=True, kw_only=True):
    answer: str  # SDP
    audio_mids: tuple[str, ...]  # receive slots in the order of the offer
    video_mids: tuple[str, ...]


class SlotWant(msgspec.Struct, frozen=True, kw_only=True):
    """What one video slot should play."""

    mid: str
    peer: PeerId | None  # publisher; None empties the slot
    source: Source = Source.CAMERA
    max_height: int = 720  # picture lines shown; picks the simulcast layer


class Pause(StrEnum):
    """Why a picture that a peer wants is not sent to it."""

    LINE = "line"  # the peer's line does not carry it
    LIMIT = "limit"  # the peer's limits forbid it
    LOAD = "load"  # the service has too much to send


class PausedPicture(msgspec.Struct, frozen=True, kw_only=True):
    """A picture that a peer wants and is not sent."""

    peer: PeerId  # whose
    source: Source
    why: Pause


class PeerStats(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """How one transport did in the last second, seen by the server.

    "up" is client to server, "down" server to client. None: not known yet.
    """

    peer: PeerId
    path: str  # "udp" | "tcp" | "relay"
    connected_since: float  # UTC epoch seconds
    rtt_ms: float | None = None
    up_bps: int = 0
    down_bps: int = 0
    up_loss: float | None = None  # fraction 0…1 of the last second, before repair
    down_loss: float | None = None
    up_jitter_ms: float | None = None
    down_jitter_ms: float | None = None
    up_fps: float | None = None  # of the highest camera layer that arrives
    up_height: int | None = None
    line_bps: int | None = None  # estimate of what the line carries down, headers included
    line_bounded: bool = False  # False: it carries at least that
    paused: tuple[PausedPicture, ...] = ()


class MediaObserver(Protocol):
    """What the media plane reports about one room."""

    def on_peer_connected(self, peer: PeerId, path: str) -> None: ...
    def on_peer_lost(self, peer: PeerId) -> None:
        """No consent (RFC 7675) for the timeout, or DTLS closed."""

    def on_sources(self, peer: PeerId, sources: frozenset[Source]) -> None:
        """Which of a peer's sources packets now arrive for."""

    def on_layers(self, peer: PeerId, source: Source, rids: tuple[str, ...]) -> None:
        """Which layers of a peer's picture somebody watches now ("": the only one); a new peer is
        taken to send all of them."""

    def on_speakers(self, levels: Sequence[tuple[PeerId, int, bool]]) -> None: ...
    def on_dominant(self, peer: PeerId) -> None: ...
    def on_stalled(self, peer: PeerId) -> None:
        """Something this peer should receive did not arrive there; the plane is healing it."""

    def on_stats(self, stats: Sequence[PeerStats]) -> None: ...
    def on_recording(self, recording: str, size_bytes: int, growing: bool) -> None: ...
    def on_reset(self, peers: Sequence[PeerId]) -> None:
        """A worker died, and with it these peers of the room. They may offer again at once."""


class MediaPlane(Protocol):
    """Place rooms on workers and steer what each peer receives."""

    async def open_room(self, room: str, observer: MediaObserver) -> None: ...
    async def close_room(self, room: str) -> None: ...
    async def connect(self, room: str, peer: PeerId, offer: str) -> Connected:
        """Take an offer. m-lines: send-only audio = microphone, first send-only video = camera,
        second = screen; receive-only ones are slots, in order.

        Raises:
            MediaRefused: with its code.
        """
        ...

    async def restart(self, room: str, peer: PeerId, offer: str, path: str = "any") -> str:
        """ICE restart: the answer with new credentials; tracks and slots stay.

        Args:
            path: "any", or "tcp": the peer is kept off UDP, but for TURN servers.
        """
        ...

    async def disconnect(self, room: str, peer: PeerId) -> None: ...
    async def set_slots(self, room: str, peer: PeerId, wants: Sequence[SlotWant]) -> None: ...
    async def auto_slots(self, room: str, peer: PeerId) -> None:
        """Fill this peer's video slots with the first published sources, and keep them filled."""
        ...

    async def set_allowed(self, room: str, peer: PeerId, sources: frozenset[Source]) -> None:
        """Only these sources of the peer are forwarded; others are dropped and counted."""
        ...

    async def set_limits(
        self, room: str, peer: PeerId, max_down_kbps: int | None, video: bool
    ) -> None:
        """What this peer may be sent at most, whatever its line carries; speech is never cut."""
        ...

    async def set_main_voice(self, room: str, peer: PeerId | None) -> None:
        """Whose microphone always plays in audio slot 0; the loudest others share the rest."""
        ...

    async def start_recording(self, room: str, recording: str, directory: str) -> None: ...
    async def stop_recording(self, room: str, recording: str) -> None: ...
