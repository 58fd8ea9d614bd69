"""The line towards one subscriber: what it carries, what its slots get, probes.

Looks four times a second, and at once when the estimate falls below what is allotted. A subscriber
whose line carries everything costs a sum over its slots, and most of its feedback is dropped before
it is decrypted.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from media.allocator import Grant, Limits, Pause, SlotNeed, Step, StreamAllocator
from media.bwe.estimator import BandwidthEstimator
from media.bwe.probe import CLUSTER_S, plan
from media.bwe.trendline import Usage
from media.control import PausedPicture
from media.forward.down_track import DownTrack
from media.forward.fanout import FanOut
from media.forward.layers import candidates
from media.forward.pacer import Pacer
from media.forward.relief import rank_of
from media.forward.router import Router, invalidate
from media.forward.temporal import temporal_steps
from media.negotiated import TRANSPORT_CC
from media.rtp.transport_cc import TransportFeedback
from media.rtp.vp8 import MAX_TID

if TYPE_CHECKING:
    from media.peer import Peer

HASTY_S = 3.0  # after connecting, steps up do not wait
PATIENCE_S = 1.0  # a line that showed no bound by then is used freely until it shows one
VOICE_HEADROOM = 1.15  # a voice that had to go comes back when it fits this many times
NARROW = 0.9  # of what is needed: a line that carries less gets its pictures paced
MIN_PICTURES_BPS = 50_000  # what is held leaves at least at this
REDUNDANCY_BPS = 400_000  # a line that carries less gets every voice once
FLOOR_BPS = 1_000_000  # at least this much is looked for, so that a picture to come finds its room
RELAXED = 1.3  # the estimate is this many times what the slots take
READ_S = (
    0.25  # of a relaxed line no more feedback is read; browsers send it 10 to 20 times a second
)
RELIEVED_READ_S = 1.0  # of any line, while the worker cannot send everything in time
DEAF_GRACE_S = 0.5  # for feedback to come, once it is read again
CALM_CHECK_S = 1.0  # the slots of a relaxed line are added up this often
QUIET_QUEUE_S = 0.05
PROBE_PARTS = 4  # a probe leaves in as many portions


class Downlink:
    """See the module. `now`: monotonic seconds."""

    def __init__(
        self,
        peer: "Peer",
        audio: list[DownTrack],
        video: list[DownTrack],
        fanout: FanOut,
        router: Router,
        dominant: Callable[[], str | None],
        wake: Callable[["Downlink"], None],
        now: float,
    ) -> None:
        self.peer = peer
        self.audio = audio
        self.video = video
        self.fanout = fanout
        self.router = router
        self._wake = wake  # something is to be sent: call `run` when it is due
        self._dominant = dominant  # the peer whose voice matters most
        self.limits = Limits()
        self.grants: dict[str, Grant] = {}  # by mid; empty: nothing is restricted
        self.allotted_bps = 0.0
        self.tight = False  # pictures wait for a grant
        self.redundancy = True  # the line has room to send voices twice
        self.estimator: BandwidthEstimator | None = None
        self._numbered_voices = any(TRANSPORT_CC in down.slot.extensions for down in audio)
        if any(TRANSPORT_CC in down.slot.extensions for down in audio + video):
            self.estimator = BandwidthEstimator(fanout.numbers.log, peer.index, now)
        self._probe_due = float("inf")
        self._allocator = StreamAllocator()
        self._padder = next((d for d in video if d.slot.rtx_ssrc is not None), None)
        self._parts: list[int] = []  # packets of the probe's portions still to leave
        self._part_bytes = 0
        self._relaxed = False
        self._checked_bps = 0.0  # the budget at the last look
        self._checked_at = float("-inf")

    def budget_bps(self, now: float) -> float | None:
        """What may be sent to the subscriber in all; None: anything."""
        limit = self.limits.max_down_bps
        known = self._line_bps(now)
        if known is None:
            return limit
        return known if limit is None else min(known, limit)

    def _line_bps(self, now: float) -> float | None:
        estimator = self.estimator
        connected = self.peer.connected_at
        if estimator is None or connected is None:
            return None
        if not estimator.bounded and now - connected > PATIENCE_S:
            return None
        return self.estimate_bps(now)

    def _hasty(self, now: float) -> bool:
        connected = self.peer.connected_at
        return connected is None or now - connected < HASTY_S

    # Figures

    @property
    def bounded(self) -> bool:
        """The line showed what it carries at most."""
        return self.estimator is not None and self.estimator.bounded

    def estimate_bps(self, now: float) -> float | None:
        """What the line carries, as far as it is known; at least that while not `bounded`."""
        if self.estimator is None:
            return None
        unseen = 0.0 if self._numbered_voices else self._speech_bps(now)
        return self.estimator.estimate_bps(now) + unseen

    def paused(self) -> tuple[PausedPicture, ...]:
        """What the slots want and do not get."""
        return tuple(
            PausedPicture(peer=down.want.peer_id, source=down.want.source, why=why.value)
            for down in self.video
            if down.want is not None and (why := self._why_paused(down)) is not None
        )

    def _why_paused(self, down: DownTrack) -> Pause | None:
        grant = self.grants.get(down.slot.mid)
        if grant is not None and grant.paused is not None:
            return grant.paused
        return Pause.LOAD if down.ceiling.height == 0 else None

    # Feedback

    def on_feedback(self, feedback: TransportFeedback, now: float) -> None:
        estimator = self.estimator
        if estimator is None:
            return
        following = int(self.fanout.numbers.next[self.peer.index])
        if self._relaxed and self._has_room(now) and estimator.glance(feedback, following, now):
            self._read_again(now)
            return
        estimator.on_feedback(feedback, following, now)
        estimate = estimator.estimate_bps(now)
        self._relaxed = self._has_room(now)
        self._read_again(now)
        hasty = self._hasty(now)
        if estimate < self.allotted_bps or (hasty and self.grants and estimate > self._checked_bps):
            self.check(now)
        self._look_for_room(now)

    def _read_again(self, now: float) -> None:
        """When feedback is read again: of a line that has room, a moment later. What a worker sends
        late looks like a queue in the line: then little is read of any line."""
        wait_s = READ_S if self._relaxed else 0.0
        if self.router.relief:
            wait_s = RELIEVED_READ_S
        self.peer.deaf_until = now + wait_s
        if wait_s and self.estimator is not None:
            self.estimator.skipped()

    def _has_room(self, now: float) -> bool:
        """The line carries more than the slots would take, and nobody is finding out how much."""
        estimator = self.estimator
        return (
            estimator is not None
            and estimator.estimate_bps(now) >= estimator.needed_bps
            and estimator.usage is not Usage.OVER
            and estimator.queue_s < QUIET_QUEUE_S
            and estimator.probes.cluster is None
        )

    # Slots

    def check(self, now: float) -> None:
        """Divide the budget anew."""
        budget = self.budget_bps(now)
        self._choose_redundancy()
        self._choose_pacing(now)
        self._choose_voices(budget, now)
        speech = self._speech_bps(now)
        if self.peer.pacer is not None and budget is not None:
            self.peer.pacer.rate_bps = max(MIN_PICTURES_BPS, budget - speech)
        self._checked_bps = budget or 0.0
        self._checked_at = now
        was_tight, self.tight = self.tight, budget is not None and budget < FLOOR_BPS
        restricted = bool(self.grants) or self.tight or was_tight or not self.limits.video
        wanted = sum(e.rate_bps for d in self.video if (e := d.target or d.encoding) is not None)
        if not restricted and (budget is None or budget > RELAXED * (wanted + speech)):
            needed = wanted + speech
            self.allotted_bps = needed
        else:
            needed = self._restrict(speech, budget, now)
        if self.estimator is not None:
            limit = self.limits.max_down_bps or float("inf")
            floor = FLOOR_BPS if self.video and self.limits.video else 0.0
            self.estimator.needed_bps = min(limit, max(floor, RELAXED * needed))

    def _choose_redundancy(self) -> None:
        """Losses alone make no line thin."""
        rates = [self.limits.max_down_bps] if self.limits.max_down_bps is not None else []
        if self.estimator is not None and self.estimator.bounded:
            rates.append(round(self.estimator.by_delay_bps))
        self.redundancy = min(rates, default=REDUNDANCY_BPS) >= REDUNDANCY_BPS
        if self.redundancy:
            return
        for down in self.audio:
            if down.redundant:
                down.redundant = False
                if down.epoch is not None:
                    invalidate(down.epoch.feed)

    def _choose_pacing(self, now: float) -> None:
        """Pictures for a line that showed it is narrow leave at its rate."""
        estimator = self.estimator
        if estimator is None or not estimator.bounded:
            return
        line, pacer = estimator.estimate_bps(now), self.peer.pacer
        if pacer is None and line < NARROW * estimator.needed_bps:
            self.peer.pacer = Pacer(lambda: self._wake(self), line)
        elif pacer is not None and line >= estimator.needed_bps:
            pacer.drain(now, lambda group, packet: self.fanout.send_held(group, packet, now))
            self.peer.pacer = None
        else:
            return
        for down in self.video:
            if down.epoch is not None:
                invalidate(down.epoch.feed)

    def _choose_voices(self, budget: float | None, now: float) -> None:
        """On a line that does not carry all voices, the dominant one, then those that fit."""
        left = float("inf") if budget is None else budget
        voices = [(down, rate) for down in self.audio if (rate := self._voice_bps(down, now))]
        if len(voices) > 1:
            dominant = self._dominant()
            voices.sort(key=lambda voice: voice[0].want.peer_id != dominant)  # type: ignore[union-attr]
        for place, (down, rate) in enumerate(voices):
            need = rate if down.granted_height is None else VOICE_HEADROOM * rate
            granted = None if place == 0 or need <= left else 0
            if granted is None:
                left -= rate
            if granted != down.granted_height:
                down.granted_height = granted
                self.router.select(down, now)

    def _voice_bps(self, down: DownTrack, now: float) -> float:
        """What the voice wanted in a slot takes; 0: none comes."""
        want = down.want
        track = self.router.tracks.get((want.peer_id, want.source)) if want else None
        if track is None or not track.allowed:
            return 0.0
        rates = (e.voice_bps(down.redundant) for e in track.encodings.values() if e.arriving(now))
        return max(rates, default=0.0)

    def _restrict(self, speech: float, budget: float | None, now: float) -> float:
        """Steps for every slot; returns what all of them would take at their best."""
        needs = self._needs(now)
        best = sum(need.steps[-1].rate_bps for need in needs)
        room = float("inf") if budget is None else max(0.0, budget - speech)
        line = self._line_bps(now)
        why = Pause.LINE
        if not self.limits.video:
            room, why = 0.0, Pause.LIMIT
        elif budget is not None and budget == self.limits.max_down_bps and budget != line:
            why = Pause.LIMIT
        hasty = self._hasty(now)
        grants = self._allocator.allocate(needs, room, now, hasty=hasty, why=why)
        self.allotted_bps = speech + sum(g.step.rate_bps for g in grants.values() if g.step)
        if self.estimator is not None:
            self.estimator.probes.dark = any(g.paused is Pause.LINE for g in grants.values())
        free = all(grants[n.mid].step == n.steps[-1] for n in needs)
        # On a tight line a slot without a grant gets nothing, see `_apply`.
        self.grants = {} if free and self.limits.video and not self.tight else grants
        for down in self.video:
            grant = self.grants.get(down.slot.mid)
            self._apply(down, grant, now)
        return speech + best

    def _apply(self, down: DownTrack, grant: Grant | None, now: float) -> None:
        granted, max_tid = None, MAX_TID
        if grant is not None:
            granted = grant.step.height if grant.step is not None else 0
            max_tid = grant.step.max_tid if grant.step is not None else MAX_TID
        elif self.tight or not self.limits.video:
            granted = 0  # its source is not here: it starts with a grant
        if (granted, max_tid) != (down.granted_height, down.granted_tid):
            down.granted_height, down.granted_tid = granted, max_tid
            self.router.select(down, now)

    def _needs(self, now: float) -> list[SlotNeed]:
        needs = []
        for down in self.video:
            want = down.want
            track = self.router.tracks.get((want.peer_id, want.source)) if want else None
            if want is None or track is None or not track.allowed:
                continue
            most = down.ceiling
            if most.height == 0:
                continue
            height = want.max_height if most.height is None else min(want.max_height, most.height)
            layers = candidates(track.encodings.values(), height, down.codecs, now)
            steps = temporal_steps(layers[0], now) if layers else []
            for layer in layers:
                rate = layer.expected_bps(now)
                if not steps or rate > steps[-1].rate_bps:
                    steps.append(Step(layer.estimated_height, rate))
            steps = [step for step in steps if step.max_tid <= most.max_tid] or steps[:1]
            if steps:
                rank = rank_of(down)
                assert rank is not None
                source = (want.peer_id, want.source)
                needs.append(SlotNeed(down.slot.mid, source, rank, want.max_height, tuple(steps)))
        return needs

    def _speech_bps(self, now: float) -> float:
        return sum(self._voice_bps(down, now) for down in self.audio if down.granted_height is None)

    # Probes

    def tick(self, now: float) -> None:
        """Four times a second."""
        heard_of = now >= self.peer.deaf_until + DEAF_GRACE_S  # else silence would be our own
        if self.estimator is not None and heard_of and not self.router.relief:
            self.estimator.check(int(self.fanout.numbers.next[self.peer.index]), now)
        if self._relaxed and self._has_room(now) and now - self._checked_at < CALM_CHECK_S:
            return
        self.check(now)
        self._look_for_room(now)

    def _look_for_room(self, now: float) -> None:
        estimator = self.estimator
        if estimator is None or self._padder is None or self._parts or not self.peer.ready:
            return
        if self.router.relief:  # the worker has no time to send what nobody needs
            return
        rate = estimator.wants_probe(now)
        if rate is None:
            return
        count, self._part_bytes = plan(rate)
        first = int(self.fanout.numbers.next[self.peer.index])
        estimator.probes.sent(rate, first, first + (1 << 15), count * self._part_bytes, now)
        self._relaxed = False
        self.peer.deaf_until = now
        share, rest = divmod(count, PROBE_PARTS)
        self._parts = [share + (index < rest) for index in range(PROBE_PARTS)]
        self._probe_due = now
        self._wake(self)

    @property
    def due(self) -> float:
        """When `run` has something to send."""
        pacer = self.peer.pacer
        return self._probe_due if pacer is None else min(self._probe_due, pacer.due)

    def run(self, now: float) -> None:
        """Send what is due of pictures and probes, at once: behind the lines that follow it would
        leave later than the send log says, and the line would look slow."""
        now = self.fanout.time(now)
        pacer = self.peer.pacer
        if pacer is not None and pacer.due <= now:
            pacer.release(now, lambda group, packet: self.fanout.send_held(group, packet, now))
        if self._probe_due <= now:
            self._send_probe(now)
        self.fanout.egress.flush()

    def _send_probe(self, now: float) -> None:
        """The next portion of a probe."""
        if not self._parts or self._padder is None:
            self._probe_due = float("inf")
            return
        for _ in range(self._parts.pop(0)):
            if not self.fanout.rtx.pad(self._padder, self._part_bytes, now):
                self._parts.clear()
        self._probe_due = now + CLUSTER_S / PROBE_PARTS if self._parts else float("inf")
        if not self._parts and self.estimator is not None:
            last = int(self.fanout.numbers.next[self.peer.index]) - 1
            self.estimator.probes.finished(last, self.fanout.time(now))

    # Debugging

    def snapshot(self, now: float) -> dict[str, object]:
        budget = self.budget_bps(now)
        return {
            "budget_bps": None if budget is None else round(budget),
            "allotted_bps": round(self.allotted_bps),
            "held_bytes": self.peer.pacer.bytes_held if self.peer.pacer is not None else None,
            "paused": {m: g.paused.value for m, g in self.grants.items() if g.paused is not None},
            "lines": {m: g.step.height for m, g in self.grants.items() if g.step is not None},
            "frames": {d.slot.mid: d.granted_tid for d in self.video if d.granted_tid < MAX_TID},
            "estimator": None if self.estimator is None else self.estimator.snapshot(now),
        }
