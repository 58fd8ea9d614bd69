"""What a site on a poor line gets and sends. Pure.

Pictures of others are dropped first, then the document, then the own picture, never sound. "weak"
leaves the main picture at its smallest and the document; "audio" leaves sound alone, both ways.
"""

from collections.abc import Sequence

from rooms.session.model import LineLimits, Profile, Seat, Source

SMALL_HEIGHT = 180  # picture lines of the smallest layer
WEAK_UP_KBPS = 250
VOICE_KBPS = 50  # Opus with its headers
# What clients send at most in each camera layer, smallest first.
CAMERA_KBPS = {"q": 150, "h": 500, "f": 1700}
LAYER_KBPS = dict(zip((180, 360, 720), CAMERA_KBPS.values(), strict=True))  # by picture lines
SCREEN_KBPS = 300  # a document that stands still most of the time
CAMERA_RIDS = tuple(CAMERA_KBPS)
LEAST_PICTURE_KBPS = 100  # with less the camera stays off


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


def sent_layers(limits: LineLimits, rids: Sequence[str]) -> tuple[str, ...]:
    """Of the layers somebody watches, those the line may carry; the smallest for want of them."""
    room = picture_kbps(limits)
    if room is None or not rids:
        return tuple(rids)
    if room == 0:
        return ()
    fitting = []
    for rid in CAMERA_RIDS:
        if rid in rids and CAMERA_KBPS[rid] <= room:
            room -= CAMERA_KBPS[rid]
            fitting.append(rid)
    smallest = CAMERA_RIDS[0] if set(rids) <= set(CAMERA_RIDS) else rids[0]
    return tuple(fitting) or (smallest,)


class Downlink:
    """What is left of a site's ceiling downwards while its pictures are chosen, first come first.

    Speech is set aside before anything else. Without a ceiling everything fits.
    """

    def __init__(self, limits: LineLimits) -> None:
        self._limits = limits
        ceiling = limits.max_down_kbps
        self._room_kbps = None if ceiling is None else ceiling - 2 * VOICE_KBPS

    def take(self, source: Source, height: int, *, main: bool) -> int:
        """The lines a picture may have, of those wanted; 0: it is not sent."""
        height = received_height(self._limits, source, height, main=main)
        if self._room_kbps is None or height == 0:
            return height
        if source is Source.SCREEN:
            steps = [(height, SCREEN_KBPS)]
        else:
            steps = [(lines, kbps) for lines, kbps in LAYER_KBPS.items() if lines < height]
            steps.append((height, _kbps_of(height)))
        for lines, kbps in reversed(steps):
            if kbps <= self._room_kbps:
                self._room_kbps -= kbps
                return lines
        return 0


def _kbps_of(height: int) -> int:
    """What the layer that fills so many lines takes."""
    return next(
        (kbps for lines, kbps in LAYER_KBPS.items() if lines >= height * 0.75),
        max(LAYER_KBPS.values()),
    )


def received_height(limits: LineLimits, source: Source, height: int, *, main: bool) -> int:
    """The lines a picture may have at a site with these limits; 0: it is not sent there."""
    if limits.profile is Profile.AUDIO:
        return 0
    if limits.profile is Profile.NORMAL or (main and source is Source.SCREEN):
        return height
    return min(height, SMALL_HEIGHT) if main else 0
