"""What a composed recording shows when. Pure: plain data in, shots out.

The service writes the `Plan` (who was meant to be seen when, from the meeting's log); the journals
say what pictures arrived (`Footage`); `shots` brings both together.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import msgspec

KEEP_PICTURE_S = 1.0  # a shorter hole keeps the picture before it
WAIT_FOR_KEYFRAME_S = 1.0  # a key frame this soon is worth waiting for …
FRESH_KEYFRAME_S = 2.0  # … unless the last one is not older than this
_LAYERS = {"q": 0, "h": 1, "f": 2, "": 2}


class PlanError(ValueError):
    """A plan that cannot be read, or contradicts itself."""


class Segment(msgspec.Struct, frozen=True, kw_only=True):
    """Who is on the main picture for a while. Times in seconds since `Plan.started`."""

    start: float
    end: float
    seat: str = ""  # "" : nobody
    peers: tuple[str, ...] = ()  # peer ids, or seats: "site:12" stands for every "site:12#…"
    source: str = "camera"  # "camera" | "screen"
    label: str = ""  # for the name plate


class Chapter(msgspec.Struct, frozen=True, kw_only=True):
    start: float  # seconds since `Plan.started`
    title: str


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """One recording. Segments are in order and do not overlap; holes show the card."""

    recording: str
    started: float  # UTC epoch seconds
    ended: float | None  # None: with the last packet that was recorded
    title: str
    segments: tuple[Segment, ...] = ()
    chapters: tuple[Chapter, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Footage:
    """One stretch of decodable pictures of one journal. Times in seconds since `Plan.started`."""

    track: int  # whose: an index the caller knows
    peer: str
    source: str
    rid: str
    height: int  # picture lines; 0 when unknown
    start: float  # first frame that can be shown
    end: float  # last frame
    keyframes: Sequence[float]  # of the whole journal, ascending; the first is not after `start`


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """One picture source, or the card, on screen. `start` < `end`, seconds since `Plan.started`."""

    start: float
    end: float
    track: int | None  # None: the card
    label: str


def read_plan(data: bytes) -> Plan:
    """A plan from JSON.

    Raises:
        PlanError: malformed, or segments out of order.
    """
    try:
        plan = msgspec.json.decode(data, type=Plan)
    except msgspec.DecodeError as error:
        raise PlanError(f"plan: {error}") from error
    ends = 0.0
    for segment in plan.segments:
        if not ends <= segment.start <= segment.end:
            raise PlanError(f"plan: segment at {segment.start} s out of order")
        ends = segment.end
    if plan.ended is not None and plan.ended < plan.started:
        raise PlanError("plan: ends before it starts")
    return plan


def matches(segment: Segment, peer: str) -> bool:
    """Is this peer meant by the segment?"""
    return peer in segment.peers or peer.partition("#")[0] in segment.peers


def shots(plan: Plan, footage: Sequence[Footage], length: float) -> list[Shot]:
    """Gapless shots from 0 to `length` seconds.

    Within a segment the best picture is taken as layers come and go: the wanted source before the
    seat's other one, then more lines, then the higher layer, then the newer connection. A new
    picture starts with a key frame when one is near; until then, and in short holes, the picture
    before stays, with its name, so a name never stands below another site's picture.
    """
    raw: list[Shot] = []
    at = 0.0
    for segment in plan.segments:
        start, end = max(segment.start, at), min(segment.end, length)
        if start >= end:
            continue
        raw.append(Shot(start=at, end=start, track=None, label=""))
        raw += _of_segment(segment, footage, start, end)
        at = end
    raw.append(Shot(start=at, end=length, track=None, label=""))
    return _merged(_held(shot for shot in raw if shot.end > shot.start))


def _of_segment(
    segment: Segment, footage: Sequence[Footage], start: float, end: float
) -> list[Shot]:
    usable = [
        (item, from_)
        for item in footage
        if matches(segment, item.peer)
        and item.start < end
        and (from_ := _usable_from(item, start)) < min(item.end, end)
    ]
    cuts = {start, end}
    for item, from_ in usable:
        cuts |= {from_, min(item.end, end)}
    return [
        Shot(start=a, end=b, track=_best(segment, usable, a, b), label=segment.label)
        for a, b in pairwise(sorted(cuts))
    ]


def _usable_from(item: Footage, start: float) -> float:
    """When a picture wanted at `start` can come up: a near key frame spares decoding from afar."""
    if item.start >= start:
        return item.start
    before = item.keyframes[bisect_right(item.keyframes, start) - 1]
    index = bisect_left(item.keyframes, start)
    if start - before > FRESH_KEYFRAME_S and index < len(item.keyframes):
        next_one = item.keyframes[index]
        if next_one - start <= WAIT_FOR_KEYFRAME_S:
            return next_one
    return start


def _best(
    segment: Segment, usable: Iterable[tuple[Footage, float]], start: float, end: float
) -> int | None:
    there = [item for item, from_ in usable if from_ <= start and item.end >= end]
    if not there:
        return None
    return max(
        there,
        key=lambda item: (
            item.source == segment.source,
            item.height,
            _LAYERS.get(item.rid, 0),
            item.start,
        ),
    ).track


def _held(raw: Iterable[Shot]) -> list[Shot]:
    """Short holes taken over by the picture before them."""
    held: list[Shot] = []
    for shot in raw:
        short = shot.end - shot.start <= KEEP_PICTURE_S
        if shot.track is None and short and held and held[-1].track is not None:
            before = held[-1]
            held[-1] = Shot(
                start=before.start, end=shot.end, track=before.track, label=before.label
            )
        else:
            held.append(shot)
    return held


def _merged(raw: list[Shot]) -> list[Shot]:
    merged: list[Shot] = []
    for shot in raw:
        if merged and (merged[-1].track, merged[-1].label) == (shot.track, shot.label):
            shot = Shot(start=merged.pop().start, end=shot.end, track=shot.track, label=shot.label)
        merged.append(shot)
    return merged
