"""Which simulcast layer a slot gets."""

from collections.abc import Container, Iterable

from media.receive.up_track import Encoding, UpTrack, guessed_height

TOLERANCE = 0.75  # a layer this close below the wanted height is enough


def select_layer(
    encodings: Iterable[Encoding], max_height: int, codecs: Container[str], now: float
) -> Encoding | None:
    """The smallest arriving layer that fills `max_height` lines, else the largest arriving one.

    A source with one encoding needs not be arriving at the moment: a static screen pauses. A layer
    the publisher was asked to pause does not count, although its last packets may be young. None:
    no layer arrives, or none in a codec of the slot.
    """
    started = [e for e in encodings if e.first_at is not None and _codec(e) in codecs]
    if len(started) > 1:
        started = [e for e in started if e.flows(now)]
    if not started:
        return None
    filling = [e for e in started if e.estimated_height >= max_height * TOLERANCE]
    if filling:
        return min(filling, key=lambda e: e.estimated_height)
    return max(started, key=lambda e: e.estimated_height)


def ideal_layers(track: UpTrack, max_height: int) -> list[str]:
    """The layer that would fill `max_height` lines best, were all of them sent; before it the
    smaller ones, smallest first."""
    heights = {rid: _height(track, rid) for rid in track.rids}
    ordered = sorted(track.rids, key=lambda rid: heights[rid])
    for place, rid in enumerate(ordered):
        if heights[rid] >= max_height * TOLERANCE:
            return ordered[: place + 1]
    return ordered


def _height(track: UpTrack, rid: str) -> int:
    encoding = track.encodings.get(rid)
    return encoding.estimated_height if encoding is not None else guessed_height(rid)


def candidates(
    encodings: Iterable[Encoding], max_height: int, codecs: Container[str], now: float
) -> list[Encoding]:
    """Every layer that could play up to the one that fills `max_height`, smallest picture first:
    those that arrive, and those the publisher would send when asked or is about to send."""
    able = [e for e in encodings if e.first_at is not None and _codec(e) in codecs]
    if len(able) > 1:
        able = [e for e in able if e.flows(now) or e.track.coming(e.rid, now)]
    able.sort(key=lambda e: e.estimated_height)
    for place, encoding in enumerate(able):
        if encoding.estimated_height >= max_height * TOLERANCE:
            return able[: place + 1]
    return able


def _codec(encoding: Encoding) -> str:
    codec = encoding.last_codec
    return "" if codec is None else encoding.track.codec_keys[codec.payload_type]
