"""Who receives whom: slots that should flow and do not, and what is done about each.

We know what a slot should play, whether that arrives here and what we sent of it; the subscriber's
reception reports tell what came. Where the two differ for seconds, the slot is healed step by step,
mildest first: a new key frame; the slot put together anew (its numbers go on, so that the receiver
sees one stream); the subscriber's transport. Each step gets its time, and after the last the slot
is left alone for ever longer.
"""

from collections import deque
from enum import StrEnum
from typing import NamedTuple

# Browsers report on a picture every 0.5 to 1.5 s, on a voice every 2.5 to 7.5 s (RFC 3550
# section 6.2 with libwebrtc's intervals of 1 and 5 s).
PATIENCE_S = {"video": 3.0, "audio": 9.0}
ALIVE_S = 3.0  # a subscriber that reported nothing for so long has another trouble: its line
MIN_PACKETS = 10  # sent before silence means anything; a muted voice sends five a second
MIN_BLOCKS = 2  # reports about the slot that name no new packet: one may have crossed our packets
HEALTHY_S = 20.0  # flowing for so long, a slot starts again with the mildest step
FIRST_REST_S = 60.0  # after the last step; doubles each time
MAX_REST_S = 960.0
TRANSPORTS_PER_WINDOW = 3  # of a room: if everybody misses something, it is not their transports
WINDOW_S = 10.0


class Step(StrEnum):
    KEYFRAME = "keyframe"
    RESLOT = "reslot"
    TRANSPORT = "transport"


class Facts(NamedTuple):
    """One slot now. Clocks: monotonic seconds."""

    kind: str  # "audio" | "video"
    playing: bool  # a stretch of a source is connected; False: it waits for a key frame
    sent: int  # packets sent in the slot so far
    reported: int | None  # highest sequence number the subscriber reported; None: it never did
    blocks: int  # its reports about this slot so far
    heard_at: float  # its last report about any slot; -inf: it never reports


class SlotAudit:
    """One slot. Call `idle` when nothing should flow, else `check`, about once a second."""

    __slots__ = (
        "_blocks",
        "_healed_at",
        "_reported",
        "_rest_s",
        "_rests_until",
        "_sent",
        "_since",
        "_steps",
    )

    def __init__(self) -> None:
        self._reported: int | None = None
        self._blocks = 0
        self._sent = 0
        self._since: float | None = None  # since when it should have flowed
        self._healed_at = float("-inf")
        self._steps = 0  # taken since it last flowed for `HEALTHY_S`
        self._rest_s = FIRST_REST_S
        self._rests_until = float("-inf")

    def idle(self) -> None:
        """Nothing should flow: muted, paused, empty, not connected yet."""
        self._since = None

    def check(self, facts: Facts, now: float) -> Step | None:
        """What to do about the slot now."""
        if facts.playing and self._flows(facts, now):
            return None
        if self._since is None:
            self._since = now
        if now < self._rests_until or now - self._since < PATIENCE_S[facts.kind]:
            return None
        return self._next_step(facts, now)

    def _flows(self, facts: Facts, now: float) -> bool:
        """It does, or nothing proves that it does not."""
        arrives = facts.reported != self._reported
        self._reported = facts.reported
        if arrives and self._steps and now - self._healed_at > HEALTHY_S:
            self._steps = 0
            self._rest_s = FIRST_REST_S
        silent = now - facts.heard_at > ALIVE_S
        if arrives or silent:
            self._since = None
            self._sent = facts.sent
            self._blocks = facts.blocks
            return True
        if self._since is not None:
            return False
        # A busy client reports late: silence is proven by reports, not by their absence. Of a slot
        # that never received anything browsers send none.
        unproven = facts.reported is not None and facts.blocks - self._blocks < MIN_BLOCKS
        return unproven or facts.sent - self._sent < MIN_PACKETS

    def _next_step(self, facts: Facts, now: float) -> Step | None:
        steps = [Step.RESLOT]
        if facts.kind == "video":
            steps.insert(0, Step.KEYFRAME)
        if facts.playing:  # else the source owes a key frame, which no transport of ours brings
            steps.append(Step.TRANSPORT)
        if self._steps >= len(steps):
            self._rests_until = now + self._rest_s
            self._rest_s = min(MAX_REST_S, 2 * self._rest_s)
            self._steps = 0
            return None
        step = steps[self._steps]
        self._steps += 1
        self._healed_at = now
        self._since = now  # the step gets its time
        return step


class TransportLimit:
    """Rebuilding a transport is felt by its owner: rarely for one seat, and few at a time."""

    def __init__(self) -> None:
        self._seats: dict[str, tuple[float, float]] = {}  # seat -> (not before, pause after that)
        self._recent: deque[float] = deque(maxlen=TRANSPORTS_PER_WINDOW)

    def allows(self, seat: str, now: float) -> bool:
        """Whether the seat's transport may be ended now; remembered when it may."""
        not_before, rest_s = self._seats.get(seat, (float("-inf"), FIRST_REST_S))
        if now < not_before:
            return False
        if len(self._recent) == TRANSPORTS_PER_WINDOW and now - self._recent[0] < WINDOW_S:
            return False
        if now > not_before + MAX_REST_S:
            rest_s = FIRST_REST_S
        self._recent.append(now)
        self._seats[seat] = (now + rest_s, min(MAX_REST_S, 2 * rest_s))
        return True
