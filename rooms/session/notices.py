"""What clients are told beside the log: passing facts that nobody needs to keep.

Signalling sends these structs as they stand (tag field `type`, camelCase names).
"""

import msgspec

from rooms.session.model import SeatId, Session, Source
from rooms.turn import IceServer


class Notice(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", rename="camel"):
    """Base of all notices."""


class Slot(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What plays in one receive slot of this client."""

    mid: str  # the m-line of the client's own offer
    seat: SeatId | None  # None: the slot is empty
    source: Source | None


class Slots(Notice, frozen=True, tag="slots"):
    """The whole video slot table of this client, sent whenever it changes."""

    slots: tuple[Slot, ...]


class SentLayers(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What this client should send of one of its pictures."""

    source: Source
    rids: tuple[str, ...]  # "": the only layer; empty: nothing, nobody watches
    max_kbps: int | None = None  # what the picture may take in all


class Layers(Notice, frozen=True, tag="layers"):
    """What this client should send of its pictures; of those not named, every layer."""

    sources: tuple[SentLayers, ...]


class Level(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    seat: SeatId
    level: int  # 0 (silent) … 127 (loudest): 127 minus RFC 6464's -dBov
    speaking: bool


class Speakers(Notice, frozen=True, tag="speakers"):
    """Loudness of the seats that changed, at most five times a second."""

    levels: tuple[Level, ...]


class Line(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    seat: SeatId
    quality: str  # "good" | "weak" | "lost"


class Lines(Notice, frozen=True, tag="lines"):
    """Line quality of the seats that changed, at most once a second."""

    lines: tuple[Line, ...]


class PausedPicture(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    seat: SeatId  # whose
    source: Source
    why: str  # "line": this client's line does not carry it; "limit": its limits forbid it; "load":
    # the service has too much to send


class Paused(Notice, frozen=True, tag="paused"):
    """All pictures this client shows and is not sent at the moment, whenever they changed."""

    pictures: tuple[PausedPicture, ...]


class RecordingHealth(Notice, frozen=True, tag="recording-health"):
    """Heartbeat of the recording: did bytes reach the disk in the last 10 s?"""

    growing: bool
    size_bytes: int


class MediaLost(Notice, frozen=True, tag="media-lost"):
    """This connection's media transport is gone (no consent, RFC 7675): make a new offer."""


class MediaReset(Notice, frozen=True, tag="media-reset"):
    """The media worker was replaced: make a new peer connection and a new offer."""


class IceServers(Notice, frozen=True, tag="ice-servers"):
    """New credentials for TURN, before those the client has run out. Used from the next path on."""

    ice_servers: tuple[IceServer, ...]


class TryPath(Notice, frozen=True, tag="try-path"):
    """UDP stays bad on this client's line, or TCP is no better: restart ICE with this path."""

    path: str  # "tcp" | "any"


class Superseded(Notice, frozen=True, tag="superseded"):
    """The seat connected elsewhere; this connection closes and must not come back by itself."""


class Permissions(Notice, frozen=True, tag="permissions"):
    """What this seat may do and know from now on: the chair was handed over.

    `session` is a snapshot as in a welcome: who leads sees what was withheld before, who no longer
    leads does not keep it.
    """

    permissions: tuple[str, ...]
    session: Session


class Receipt(Notice, frozen=True, tag="receipt"):
    """This seat's paper is in the ballot box of a secret vote; nobody else is told the number."""

    vote: int
    receipt: str


AnyNotice = (
    Slots
    | Layers
    | Speakers
    | Lines
    | Paused
    | RecordingHealth
    | MediaLost
    | MediaReset
    | IceServers
    | TryPath
    | Superseded
    | Permissions
    | Receipt
)
