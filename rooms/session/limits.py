"""What a site on a poor line gets and sends. Pure.

Pictures of others are dropped first, then the document, then the own picture, never sound. "weak"
leaves the main picture at its smallest and the document; "audio" leaves sound alone, both ways.
A ceiling downwards is kept by the media plane, which knows what every picture really takes.
"""

from collections.abc import Sequence

from rooms.session.model import LineLimits, Profile, Seat, Source

LEAST_CEILING_KBPS, MOST_CEILING_KBPS = 16, 100_000  # that may be set
SMALL_HEIGHT = 180  # picture lines of the smallest layer
WEAK_UP_KBPS = 250
VOICE_KBPS = 50  # Opus with its headers
# What clients send at most in each camera layer, smallest first.
CAMERA_KBPS = {"q": 120, "h": 500, "f": 1700}
CAMERA_RIDS = tuple(CAMERA_KBPS)
LEAST_PICTURE_KBPS = 100  # with less a picture stays off
WORTHWHILE = 0.5  # a layer is sent with this share of its rate, not with less


def sends(seat: Seat, source: Source) -> bool:
    """Whether a seat's source is switched on and its limits leave room for it."""
    switched_on = {
        Source.MICROPHONE: seat.microphone,
        Source.CAMERA: seat.camera,
        Source.SCREEN: seat.screen,
    }[source]
    return switched_on and (source is Source.MICROPHONE or picture_kbps(seat.limits) != 0)


def picture_kbps(limits: LineLimits) -> int | None:
    """What the own pictures may take together; 0: none may be sent, None: anything."""
    if limits.profile is Profile.AUDIO:
        return 0
    ceilings = [] if limits.max_up_kbps is None else [limits.max_up_kbps]
    if limits.profile is Profile.WEAK:
        ceilings.append(WEAK_UP_KBPS)
    if not ceilings:
        return None
    room = min(ceilings) - VOICE_KBPS
    return room if room >= LEAST_PICTURE_KBPS else 0


def source_kbps(limits: LineLimits, source: Source, *, shares: bool) -> int | None:
    """What one own picture may take; 0: it is not sent, None: anything.

    Args:
        shares: the screen is shared. A small camera picture then comes first, the document has
            the rest.
    """
    room = picture_kbps(limits)
    if not room:
        return room
    camera = max(LEAST_PICTURE_KBPS, min(CAMERA_KBPS[CAMERA_RIDS[0]], room // 2))
    if not shares or room - camera < LEAST_PICTURE_KBPS:
        camera = room
    return camera if source is Source.CAMERA else room - camera


def sent_layers(room: int | None, rids: Sequence[str]) -> tuple[str, ...]:
    """Of the layers somebody watches, those `room` kbit/s carry; the smallest for want of them.

    Clients give each layer what it takes at most, smallest first: the last may get less.
    """
    if room is None or not rids:
        return tuple(rids)
    if room == 0:
        return ()
    fitting = []
    for rid in CAMERA_RIDS:
        if rid in rids and CAMERA_KBPS[rid] * WORTHWHILE <= room:
            room = max(0, room - CAMERA_KBPS[rid])
            fitting.append(rid)
    smallest = CAMERA_RIDS[0] if set(rids) <= set(CAMERA_RIDS) else rids[0]
    return tuple(fitting) or (smallest,)


def received_height(limits: LineLimits, source: Source, height: int, *, main: bool) -> int:
    """The lines a picture may have at a site with these limits; 0: it is not sent there."""
    if limits.profile is Profile.AUDIO:
        return 0
    if limits.profile is Profile.NORMAL or (main and source is Source.SCREEN):
        return height
    return min(height, SMALL_HEIGHT) if main else 0
