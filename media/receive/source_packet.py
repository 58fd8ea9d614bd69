"""One packet of a source, read once at ingress and shared by every copy made of it."""

from copy import copy
from typing import TYPE_CHECKING, Self

from media.rtp.extensions import Element
from media.rtp.vp8 import Vp8Descriptor

if TYPE_CHECKING:
    from media.receive.up_track import Encoding


class SourcePacket:
    """Immutable by convention. `raw[start:end]` is the payload, without padding."""

    __slots__ = (
        "arrival",
        "codec",
        "elements",
        "encoding",
        "end",
        "extended",
        "keyframe",
        "marker",
        "raw",
        "red",
        "repaired",
        "start",
        "timestamp",
        "vp8",
    )

    def __init__(
        self,
        encoding: "Encoding",
        codec: str,
        extended: int,
        timestamp: int,
        marker: int,
        raw: bytes,
        start: int,
        end: int,
        elements: list[Element],
        arrival: float,
    ) -> None:
        self.encoding = encoding
        self.codec = codec  # Codec.key
        self.extended = extended  # sequence number
        self.timestamp = timestamp  # 32 bits, of the source
        self.marker = marker  # 0x80 or 0
        self.raw = raw
        self.start = start
        self.end = end
        self.elements = elements
        self.arrival = arrival  # seconds
        self.keyframe = False  # a decoder may start here
        self.vp8: Vp8Descriptor | None = None
        self.repaired = False  # came as a retransmission
        self.red: bytes | None = None  # the payload with its redundancy, as it came (RFC 2198)

    def renumbered(self, extended: int) -> Self:
        """The same under another sequence number."""
        made = copy(self)
        made.extended = extended
        return made

    def emptied(self, extended: int) -> Self:
        """A packet without payload under this number, which receivers take for padding."""
        made = self.renumbered(extended)
        made.end, made.elements, made.marker, made.vp8 = made.start, [], 0, None
        return made
