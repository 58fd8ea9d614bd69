"""Which source plays in which receive slot of one client. Pure.

The first video slot is the main picture's (its audio twin plays the main voice, so lips and voice
stay together); the others are tiles. A picture that plays keeps its slot as long as it is wanted,
because moving it would cost a keyframe and a flicker.
"""

from collections.abc import Mapping, Sequence

import msgspec

from rooms.session.limits import received_height, sends
from rooms.session.model import LineLimits, SeatId, Session, Source

DEFAULT_MAIN_HEIGHT = 720

Picture = tuple[SeatId, Source]


class Tile(msgspec.Struct, frozen=True, kw_only=True):
    """A picture the client shows; `height` in picture lines (device pixels), 0: not shown."""

    seat: SeatId
    source: Source
    height: int


class View(msgspec.Struct, frozen=True, kw_only=True):
    """What one client shows. Until it says, only the main picture."""

    main_height: int = DEFAULT_MAIN_HEIGHT  # picture lines, 0: not shown
    tiles: tuple[Tile, ...] = ()


class Assigned(msgspec.Struct, frozen=True, kw_only=True):
    """What one slot plays; None: empty."""

    mid: str
    picture: Picture | None
    height: int  # picture lines


Table = tuple[Assigned, ...]


def assign(
    session: Session,
    own: SeatId,
    view: View,
    arriving: Mapping[SeatId, frozenset[Source]],
    previous: Table,
    mids: Sequence[str],
) -> Table:
    """The slot table of one client.

    Args:
        own: the client's seat; it never receives itself.
        arriving: the sources packets arrive for, of every seat with a media peer.
        previous: the client's table until now.
        mids: its video receive sections in the order of its offer.

    Returns:
        One row for each mid, in their order.
    """
    if not mids:
        return ()
    view = _within(session, own, view)
    main = _main_picture(session, own, view, arriving)
    wanted = _tiles(session, own, view, arriving, main)
    rows = {mids[0]: main, **_keep_and_fill(wanted, previous, mids[1:])}
    heights = _heights(view, main)
    return tuple(
        Assigned(mid=mid, picture=rows[mid], height=heights.get(rows[mid], 0)) for mid in mids
    )


def _within(session: Session, own: SeatId, view: View) -> View:
    """What of a view the limits of the client's line leave."""
    seat = session.seats.get(own)
    limits = seat.limits if seat is not None else LineLimits()
    shares = session.sharing is not None and session.sharing != own
    source = Source.SCREEN if shares else Source.CAMERA
    height = received_height(limits, source, view.main_height, main=True)
    tiles = (
        msgspec.structs.replace(
            tile, height=received_height(limits, tile.source, tile.height, main=False)
        )
        for tile in view.tiles
    )
    return View(main_height=height, tiles=tuple(tiles))


def _main_picture(
    session: Session, own: SeatId, view: View, arriving: Mapping[SeatId, frozenset[Source]]
) -> Picture | None:
    """A shared screen comes before the main seat's camera, except at the seat that shares."""
    if view.main_height == 0:
        return None
    seat, source = session.main, Source.CAMERA
    if session.sharing is not None and session.sharing != own:
        seat, source = session.sharing, Source.SCREEN
    if seat is None or not _shown(session, own, (seat, source), arriving):
        return None
    return seat, source


def _tiles(
    session: Session,
    own: SeatId,
    view: View,
    arriving: Mapping[SeatId, frozenset[Source]],
    main: Picture | None,
) -> list[Picture]:
    pictures = dict.fromkeys((tile.seat, tile.source) for tile in view.tiles if tile.height > 0)
    return [
        picture
        for picture in pictures
        if picture != main and _shown(session, own, picture, arriving)
    ]


def _shown(
    session: Session, own: SeatId, picture: Picture, arriving: Mapping[SeatId, frozenset[Source]]
) -> bool:
    """Whether there is a picture to show: present, switched on, and packets arrive."""
    seat_id, source = picture
    seat = session.seats.get(seat_id)
    if seat is None or seat_id == own or not seat.present:
        return False
    is_picture = source is not Source.MICROPHONE
    return is_picture and sends(seat, source) and source in arriving.get(seat_id, frozenset())


def _keep_and_fill(
    wanted: Sequence[Picture], previous: Table, mids: Sequence[str]
) -> dict[str, Picture | None]:
    """Pictures that play stay in their slot; the others take free slots in the client's order.

    When there are more wanted pictures than slots, the client's order says which play.
    """
    chosen = list(wanted)[: len(mids)]
    playing = {row.mid: row.picture for row in previous if row.picture in chosen}
    rows: dict[str, Picture | None] = {mid: playing.get(mid) for mid in mids}
    placed = set(rows.values())
    waiting = [picture for picture in chosen if picture not in placed]
    free = [mid for mid in mids if rows[mid] is None]
    rows.update(zip(free, waiting, strict=False))
    return rows


def _heights(view: View, main: Picture | None) -> dict[Picture | None, int]:
    heights: dict[Picture | None, int] = {}
    for tile in view.tiles:
        key = (tile.seat, tile.source)
        heights[key] = max(tile.height, heights.get(key, 0))
    if main is not None:
        heights[main] = max(view.main_height, heights.get(main, 0))
    return heights
