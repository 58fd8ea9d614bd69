"""Messages between the service and a media worker, over a stream socket.

Framing: 4-byte big-endian length, then MessagePack. The service sends `Request`s, each answered by
one `Reply` with the same id; the worker sends `Report`s whenever it has something to say. The same
bytes may travel over a local socket or, later, over Redis.
"""

import asyncio
import struct
from typing import Any

import msgspec

MAX_FRAME_BYTES = 4 * 1024 * 1024
_LENGTH = struct.Struct("!I")


class Request(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="type", forbid_unknown_fields=True
):
    """Base of what the service asks of a worker."""


class OpenRoom(Request, frozen=True, tag="open-room"):
    room: str


class CloseRoom(Request, frozen=True, tag="close-room"):
    room: str


class Connect(Request, frozen=True, tag="connect"):
    """Take an offer; the reply is `Connected`, or `Failed` with a `MediaRefused` code."""

    room: str
    peer: str
    offer: str


class Restart(Request, frozen=True, tag="restart"):
    """ICE restart; the reply is `Connected`."""

    peer: str
    offer: str
    path: str = "any"  # "tcp": checks over UDP get no answer, but for those of TURN servers


class Disconnect(Request, frozen=True, tag="disconnect"):
    peer: str


class SlotWant(msgspec.Struct, frozen=True, kw_only=True):
    mid: str
    peer: str | None
    source: str = "camera"  # "camera" | "screen"
    max_height: int = 720


class SetSlots(Request, frozen=True, tag="set-slots"):
    """Only the named slots change."""

    peer: str
    wants: tuple[SlotWant, ...]


class AutoSlots(Request, frozen=True, tag="auto-slots"):
    """WHEP: fill this peer's video slots with the first published sources, and keep them filled."""

    peer: str


class SetAllowed(Request, frozen=True, tag="set-allowed"):
    peer: str
    sources: tuple[str, ...]


class SetLimits(Request, frozen=True, tag="set-limits"):
    """What this peer may be sent at most; speech is never cut."""

    peer: str
    max_down_bps: int | None = None  # on its line, headers included; None: no limit
    video: bool = True


class SetMainVoice(Request, frozen=True, tag="set-main-voice"):
    room: str
    peer: str | None


class RelayTo(Request, frozen=True, tag="relay-to"):
    """Another worker of this machine has the room, too: announce our peers to it, relay what it
    asks for, and take in its peers. Sent to both."""

    room: str
    worker: int


class RelayStop(Request, frozen=True, tag="relay-stop"):
    """The other worker has the room no more, or died: forget its peers."""

    room: str
    worker: int


class StartRecording(Request, frozen=True, tag="start-recording"):
    room: str
    recording: str
    directory: str  # made by the service; the worker writes journals and the manifest there


class StopRecording(Request, frozen=True, tag="stop-recording"):
    room: str
    recording: str


class StartDump(Request, frozen=True, tag="start-dump"):
    """Write a redacted packet dump of a peer's transport; `Done` with the path of the file."""

    peer: str
    directory: str
    seconds: float = 600.0  # ends by itself then; at most 600


class StopDump(Request, frozen=True, tag="stop-dump"):
    """`Done` with path, packets, dropped and size_bytes, or with None when none was running."""

    peer: str


class Snapshot(Request, frozen=True, tag="snapshot"):
    """Everything the worker knows, for debugging; the reply is `Done` with `value`."""


class Shutdown(Request, frozen=True, tag="shutdown"):
    """Close every transport, flush journals, exit."""


AnyRequest = (
    OpenRoom
    | CloseRoom
    | Connect
    | Restart
    | Disconnect
    | SetSlots
    | AutoSlots
    | SetAllowed
    | SetLimits
    | SetMainVoice
    | RelayTo
    | RelayStop
    | StartRecording
    | StopRecording
    | StartDump
    | StopDump
    | Snapshot
    | Shutdown
)


class Reply(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    """Base of a worker's answers."""


class Done(Reply, frozen=True, tag="done"):
    value: Any = None


class Connected(Reply, frozen=True, tag="connected"):
    answer: str
    audio_mids: tuple[str, ...]
    video_mids: tuple[str, ...]


class Failed(Reply, frozen=True, tag="failed"):
    """`code`: "malformed", "no-fingerprint", "no-known-codec", "too-large", "busy", "unknown-peer",
    "unknown-room", "internal"."""

    code: str
    detail: str


AnyReply = Done | Connected | Failed


class Report(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    """Base of what a worker says by itself."""


class Ready(Report, frozen=True, tag="ready"):
    """First report: the worker listens."""

    addresses: tuple[str, ...]
    port: int  # UDP
    tcp_port: int


class PeerConnected(Report, frozen=True, tag="peer-connected"):
    room: str
    peer: str
    path: str  # "udp" | "tcp" | "relay"


class PeerLost(Report, frozen=True, tag="peer-lost"):
    room: str
    peer: str
    reason: str  # "consent" | "closed" | "handshake" | "stalled"


class Sources(Report, frozen=True, tag="sources"):
    """Which sources of a peer packets arrive for; sent when the set changes."""

    room: str
    peer: str
    sources: tuple[str, ...]


class WantedLayers(Report, frozen=True, tag="wanted-layers"):
    """The layers of a peer's picture that somebody watches now; the others need not be sent.

    A new peer is taken to send all of them. More is said at once, less after 2 s.
    """

    room: str
    peer: str
    source: str  # "camera" | "screen"
    rids: tuple[str, ...]  # in the order of the offer; ("",): the only one; (): nobody watches


class Speakers(Report, frozen=True, tag="speakers"):
    """Levels that changed: (peer, 0…127 louder is larger, speaking); at most 5 a second a room."""

    room: str
    levels: tuple[tuple[str, int, bool], ...]


class Dominant(Report, frozen=True, tag="dominant"):
    room: str
    peer: str


class Stalled(Report, frozen=True, tag="stalled"):
    """A slot that should flow did not, and this was done about it. After "transport" the peer is
    lost (`PeerLost`, "stalled"), so that its client connects anew."""

    room: str
    peer: str
    mid: str
    step: str  # "keyframe" | "reslot" | "transport"


class PausedPicture(msgspec.Struct, frozen=True, kw_only=True):
    """A picture that a peer wants and is not sent."""

    peer: str  # whose
    source: str  # "camera" | "screen"
    why: str  # "line": it does not carry it; "limit": `SetLimits` forbids it; "load": too late


class PeerStats(msgspec.Struct, frozen=True, kw_only=True):
    """Same fields and units as `rooms.media_port.PeerStats`."""

    peer: str
    path: str
    connected_since: float
    rtt_ms: float | None = None
    up_bps: int = 0
    down_bps: int = 0
    up_loss: float | None = None
    down_loss: float | None = None
    up_jitter_ms: float | None = None
    down_jitter_ms: float | None = None
    up_fps: float | None = None
    up_height: int | None = None
    line_bps: int | None = None
    line_bounded: bool = False
    paused: tuple[PausedPicture, ...] = ()


class Stats(Report, frozen=True, tag="stats"):
    """Once a second for each room."""

    room: str
    peers: tuple[PeerStats, ...]


class WorkerStats(Report, frozen=True, tag="worker-stats"):
    """Once a second: totals for /metrics. Counters only grow; names are Prometheus-ready."""

    at: float  # monotonic seconds of the worker: for rates
    cpu_seconds: float
    memory_bytes: int
    loop_lag_ms: float
    relief: int  # 0: everything is sent in time; else how much is left out, see media/forward
    counters: dict[
        str, int
    ]  # "packets_in", "packets_out", "bytes_out", "nack_repaired", "drop_<reason>", …


class RecordingHealth(Report, frozen=True, tag="recording-health"):
    """Every 2 s while a recording runs."""

    room: str
    recording: str
    size_bytes: int
    growing: bool  # bytes reached the disk in the last 10 s


AnyReport = (
    Ready
    | PeerConnected
    | PeerLost
    | Sources
    | WantedLayers
    | Speakers
    | Dominant
    | Stalled
    | Stats
    | WorkerStats
    | RecordingHealth
)


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """A request or reply with its id, or (id 0) a report."""

    id: int
    body: AnyRequest | AnyReply | AnyReport


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Envelope)


async def read_envelope(reader: asyncio.StreamReader) -> Envelope:
    """The next envelope.

    Raises:
        asyncio.IncompleteReadError: the peer closed.
        ValueError: a frame too large, or not an envelope.
    """
    (length,) = _LENGTH.unpack(await reader.readexactly(4))
    if length > MAX_FRAME_BYTES:
        raise ValueError(f"control frame of {length} bytes")
    return _decoder.decode(await reader.readexactly(length))


def write_envelope(writer: asyncio.StreamWriter, envelope: Envelope) -> None:
    data = _encoder.encode(envelope)
    writer.write(_LENGTH.pack(len(data)) + data)
