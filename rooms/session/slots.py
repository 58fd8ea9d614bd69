"""Which source plays in which receive slot of one client."""

import msgspec

from rooms.session.model import SeatId, Source


class Tile(msgspec.Struct, frozen=True, kw_only=True):
    """A picture the client shows; `height` in picture lines (device pixels), 0: not shown."""

    seat: SeatId
    source: Source
    height: int
