"""Bits per second the way to one subscriber carries, from its transport-wide feedback.

Pure: packets sent are in a `SendLog`, feedback and time are arguments. See `media/BWE.md`.
"""

from collections import deque
from collections.abc import Callable

from media.bwe.arrival import Arrival, ArrivalReader, PacketGroups, SendLog
from media.bwe.loss import LossBound
from media.bwe.probe import ProbeControl
from media.bwe.rate_control import RateControl
from media.bwe.trendline import Trendline, Usage
from media.rtp.sequence import extend
from media.rtp.transport_cc import TransportFeedback

START_BPS = 130_000  # two voices; the first probe, at once, asks for four times that
MIN_BPS = 40_000  # one voice
MAX_BPS = 50_000_000
RATE_S = 0.5  # arriving rate is taken over this
SHORT_RATE_S = 0.2  # and over this when the line got slower
MARK_S = 0.01  # arrivals this close are added up
USED_UP = 0.8  # sending less than this part of the estimate: limited by the sources (ALR)
BASE_S = 15.0  # the shortest delay of the last one to two of these is "no queue"
SILENT_S = 1.0  # sending without hearing of it for this long: the line is in trouble
SILENT_BETA = 0.8  # a check (a quarter of a second) while it lasts
STANDING_S = 0.4  # a queue is what even the luckiest packet of this time met
EPISODE_S = 2.0  # decreases that follow each other faster have one cause
LONG_QUEUE_S = 0.2  # a queue this long is over-use even when it does not grow any more
QUIET_S = 0.015  # delays that differ by less show no queue: `glance`
FLAT_S = 1.5  # one that stays the same this long although less is sent: the way got longer
FALLEN = 0.8  # less is sent: what arrives is this part of before
FLAT_PART, FLAT_BY_S = 0.1, 0.02  # the same: within this
MAX_SILENCE_FACTOR = 8.0  # a probe after a silence asks for what was before it, up to this
TRACE_HEADER = (
    "at,estimate_bps,delay_bps,loss_bps,arriving_bps,queue_ms,trend_ms,threshold_ms,loss,usage"
)


class BandwidthEstimator:
    """One per subscriber transport. `now`: monotonic seconds, the clock of the send log.

    Args:
        log, transport: where this transport's sent packets are noted.
        trace: gets one CSV line (`TRACE_HEADER`) per feedback.
    """

    def __init__(
        self,
        log: SendLog,
        transport: int,
        now: float,
        *,
        trace: Callable[[str], None] | None = None,
    ) -> None:
        self.trace = trace
        self.probes = ProbeControl(now)
        self.loss = LossBound(now)
        self.needed_bps = 0.0  # what the slots would take; set by the allocator
        self.feedbacks = 0
        self.bounded = False  # the line showed that it carries no more than some rate
        self.queue_s = 0.0  # what every packet waits: a receiver short of CPU makes some wait
        self.round_trip_s = 0.2  # of feedback: from sending to hearing of it
        self._reader = ArrivalReader(log, transport)
        self._groups = PacketGroups()
        self._trend = Trendline()
        self._control = RateControl(START_BPS, MIN_BPS, MAX_BPS, now)
        self._arrived: deque[list[float]] = deque()  # [arrived, bytes, sent], `RATE_S` of them
        self._arrived_bytes = 0
        self._latest_sent = 0.0  # of what arrived
        self._first_arrival: float | None = None
        self._shortest: deque[tuple[float, float]] = deque()  # (arrival, shortest delay) lately
        self._bases = [float("inf"), float("inf")]
        self._base_due = now + BASE_S
        self._flat: tuple[float, float, float] | None = None  # a queue: since when, length, rate
        self._before_silence: float | None = None  # the estimate then
        self._before_fall = 0.0  # before decreases that followed each other
        self._heard_at = now
        self._following = 0

    def estimate_bps(self, now: float) -> float:
        """What may be sent."""
        bound = self.loss.bound_bps
        rate = self._control.rate_bps
        return rate if bound is None else max(MIN_BPS, min(rate, bound))

    @property
    def by_delay_bps(self) -> float:
        """What the line carries, whatever gets lost on it."""
        return self._control.rate_bps

    @property
    def usage(self) -> Usage:
        return self._trend.usage

    @property
    def arriving_bps(self) -> float | None:
        """Rate at the receiver over the last half second of arrivals; None before that."""
        return self._rate(RATE_S)

    def on_feedback(self, feedback: TransportFeedback, following: int, now: float) -> None:
        """Arrivals from the subscriber.

        Args:
            following: the transport-wide number to be used next, not wrapped.
        """
        arrived, lost = self._reader.read(feedback, following)
        if not arrived:
            if lost:
                self.loss.update(0, lost, self.estimate_bps(now), now)
            return
        self.feedbacks += 1
        self._heard_at = now
        self._end_silence(now)
        self._note_delays(arrived, now)
        for group in self._groups.take(arrived):
            self._trend.update(*group)
        self._note_rate(arrived)
        self.loss.update(len(arrived), lost, self.estimate_bps(now), now)
        self._control_rate(now)
        covers = extend(feedback.base_sequence, following) + len(feedback.arrivals) - 1
        proven = self.probes.on_arrivals(arrived, covers, now)
        self.bounded |= self.probes.saturated
        if proven is not None and proven > self.estimate_bps(now):
            self._control.set(proven)
            self.loss.lift(proven)
        if self.trace is not None:
            self.trace(self._line(now))

    def glance(self, feedback: TransportFeedback, following: int, now: float) -> bool:
        """Feedback of a line that has room, judged by its first and last packet alone.

        Returns:
            True when nothing is lost and no queue begins: it counts as heard. False: tell
            `on_feedback` of it.
        """
        ends = self._reader.ends(feedback, following)
        if ends is None or not self.feedbacks:
            return False
        delays = [at - sent for sent, at, _ in ends]
        if max(delays) - min(self._bases) > QUIET_S:
            return False
        self.feedbacks += 1
        self._heard_at = now
        self._note_shortest(min(delays), ends[1], now)
        self.loss.update(len(feedback.arrivals), 0, self.estimate_bps(now), now)
        self.skipped()
        return True

    def skipped(self) -> None:
        """Feedback came that was not read: what arrives is not known for the moment."""
        self._arrived.clear()
        self._arrived_bytes = 0
        self._first_arrival = None

    def check(self, following: int, now: float) -> None:
        """Four times a second: packets leave and no feedback comes, so send less."""
        sending = following != self._following
        self._following = following
        if self.feedbacks and sending and now - self._heard_at > SILENT_S:
            if self._before_silence is None:
                self._before_silence = self.estimate_bps(now)
            self._control.fall(SILENT_BETA, now)
            self.bounded = True

    def _end_silence(self, now: float) -> None:
        """The line may carry again what it did before."""
        before, self._before_silence = self._before_silence, None
        if before is not None:
            factor = min(MAX_SILENCE_FACTOR, before / self.estimate_bps(now))
            self.probes.hurry(factor, now)

    def _control_rate(self, now: float) -> None:
        long = self.queue_s > LONG_QUEUE_S
        usage = self._trend.usage
        if long and usage is Usage.NORMAL:
            usage = Usage.OVER
        self.bounded |= usage is Usage.OVER or self.loss.bound_bps is not None
        arriving = self._rate(RATE_S)
        if usage is Usage.OVER and arriving is not None:
            arriving = min(arriving, self._rate(SHORT_RATE_S) or arriving)
        fell_at, before = self._control.decreased_at, self._control.rate_bps
        self._control.update(
            usage,
            arriving,
            now,
            round_trip_s=min(1.0, self.round_trip_s),
            limited=arriving is not None and arriving < USED_UP * self.estimate_bps(now),
            idle=self._sending_bps() < USED_UP * before,
            queue_long=long,
        )
        if self._control.decreased_at != fell_at:
            if now - fell_at > EPISODE_S:
                self._before_fall = before
            self.probes.soon(self._before_fall / self._control.rate_bps, now)

    def _note_delays(self, arrived: list[tuple[float, float, int]], now: float) -> None:
        """The clocks differ by an unknown constant: the shortest delay is taken for an empty
        queue; it may grow again after a while, when the path or the clocks change."""
        self._note_shortest(min([at - sent for sent, at, _ in arrived]), arrived[-1], now)
        self._notice_longer_way(now)

    def _note_shortest(self, shortest: float, last: Arrival, now: float) -> None:
        sent, latest, _ = last
        if now >= self._base_due:
            self._base_due = now + BASE_S
            self._bases = [self._bases[1], float("inf")]
        self._bases[1] = min(self._bases[1], shortest)
        self._shortest.append((latest, shortest))
        while self._shortest[0][0] < latest - STANDING_S:
            self._shortest.popleft()
        self.queue_s = min([delay for _, delay in self._shortest]) - min(self._bases)
        self.round_trip_s += (now - sent - self.round_trip_s) / 4

    def _notice_longer_way(self, now: float) -> None:
        """A queue of ours shrinks when less is sent; a delay of the way does not."""
        rate, flat = self._rate(RATE_S), self._flat
        fell_lately = now - self._control.decreased_at < FLAT_S + 1.0
        if self.queue_s < LONG_QUEUE_S or rate is None or not fell_lately:
            self._flat = None
            return
        if flat is None or abs(self.queue_s - flat[1]) > FLAT_BY_S + FLAT_PART * flat[1]:
            self._flat = (now, self.queue_s, rate)
        elif now - flat[0] > FLAT_S and rate < FALLEN * flat[2]:
            shortest = min(self._bases) + self.queue_s
            self._bases = [shortest, shortest]
            self.queue_s = 0.0
            self._flat = None
            self.probes.hurry(MAX_SILENCE_FACTOR, now)

    def _note_rate(self, arrived: list[tuple[float, float, int]]) -> None:
        latest = arrived[-1][1]
        if self._first_arrival is None:
            self._first_arrival = arrived[0][1]
        marks = self._arrived
        mark = marks[-1] if marks else None
        for sent, at, size in arrived:
            if mark is None or at - mark[0] > MARK_S:
                mark = [at, 0, sent]
                marks.append(mark)
            mark[1] += size
            self._arrived_bytes += size
        self._latest_sent = arrived[-1][0]
        while marks[0][0] <= latest - RATE_S:
            self._arrived_bytes -= int(marks.popleft()[1])

    def _rate(self, window_s: float) -> float | None:
        if self._first_arrival is None or not self._arrived:
            return None
        latest = self._arrived[-1][0]
        if latest - self._first_arrival < window_s:
            return None
        if window_s == RATE_S:
            return self._arrived_bytes * 8 / RATE_S
        recent = (size for at, size, _ in self._arrived if at > latest - window_s)
        return sum(recent) * 8 / window_s

    def _sending_bps(self) -> float:
        """Rate at which left what arrived in the last half second."""
        if not self._arrived:
            return 0.0
        return self._arrived_bytes * 8 / max(MARK_S, self._latest_sent - self._arrived[0][2])

    # Probes

    def wants_probe(self, now: float) -> float | None:
        """The rate of a probe to be sent now, bit/s; None: none. Tell `probes.sent` of it."""
        return self.probes.wants(
            self.estimate_bps(now), self.needed_bps, self._control.decreased_at, now
        )

    # Debugging

    def snapshot(self, now: float) -> dict[str, object]:
        arriving = self.arriving_bps
        bound = self.loss.bound_bps
        return {
            "estimate_bps": round(self.estimate_bps(now)),
            "needed_bps": round(self.needed_bps),
            "arriving_bps": None if arriving is None else round(arriving),
            "loss_bound_bps": None if bound is None else round(bound),
            "queue_ms": round(self.queue_s * 1e3, 1),
            "loss": round(self.loss.loss, 3),
            "usage": self._trend.usage.value,
            "feedbacks": self.feedbacks,
            "quiet_s": round(now - self._heard_at, 1),
        }

    def _line(self, now: float) -> str:
        bound, arriving = self.loss.bound_bps, self.arriving_bps
        return (
            f"{now:.3f},{self.estimate_bps(now):.0f},{self._control.rate_bps:.0f},"
            f"{'' if bound is None else round(bound)},"
            f"{'' if arriving is None else round(arriving)},"
            f"{self.queue_s * 1e3:.1f},{self._trend.trend_ms:.2f},{self._trend.threshold_ms:.2f},"
            f"{self.loss.loss:.3f},{self._trend.usage.value}"
        )
