"""A sender with the estimator, a narrow line and a receiver's feedback, in virtual time."""

from array import array
from collections.abc import Callable
from dataclasses import dataclass

from media.bwe.arrival import LINE_BYTES, SendLog, record
from media.bwe.estimator import TRACE_HEADER, BandwidthEstimator
from media.bwe.probe import CLUSTER_S, plan
from media.receive.twcc import TransportFeedbackGenerator
from tests.sim.net import SimNet

STEP_S = 0.005
VOICE_BYTES = 80 + 24 + LINE_BYTES  # 20 ms at 32 kbit/s, header with extension, UDP and IP


@dataclass
class Sample:
    at: float
    estimate_bps: float
    queue_s: float
    link_bps: float


class Line:
    """Voice always, and pictures that use what the estimator allows (as layers would, 30 a second).

    Args:
        wanted_bps: what the pictures take at most.
        pictures: False leaves voice alone.
    """

    def __init__(
        self,
        *,
        rate_bps: float,
        wanted_bps: float = 2_500_000,
        loss: float = 0.0,
        jitter: float = 0.0,
        queue_s: float = 1.0,
        delay: float = 0.03,
        pictures: bool = True,
        probes: bool = True,
        seed: int = 1,
    ) -> None:
        self.net = SimNet(seed)
        self.log = SendLog(1)
        self.lines: list[str] = [TRACE_HEADER]
        self.estimator = BandwidthEstimator(self.log, 0, 0.0, trace=self.lines.append)
        self.estimator.needed_bps = wanted_bps
        self.wanted_bps = wanted_bps
        self.pictures = pictures
        self.probes = probes
        self.probed = 0
        self.following = 1
        self.samples: list[Sample] = []
        self.voices: list[tuple[float, float]] = []  # (sent, arrived)
        self.sent: dict[int, float] = {}
        self._feedback = TransportFeedbackGenerator()
        self.down = self.net.narrow_link(
            self._arrive,
            rate_bps=rate_bps,
            delay=delay,
            queue_s=queue_s,
            loss=loss,
            jitter=jitter,
        )
        self._up = self.net.link(self._hear, delay=delay)

    def run(self, until: float, changes: dict[float, float] | None = None) -> None:
        """Args:
        changes: seconds -> rate of the line from then on, bit/s.
        """
        net = self.net
        for at, rate in (changes or {}).items():
            net.call_at(at, self._set_rate, rate)
        net.every(0.02, self._voice, until)
        if self.pictures:
            net.every(1 / 30, self._picture, until)
        net.every(STEP_S, self._poll, until)
        net.every(0.1, self._sample, until)
        net.run(until)

    def _set_rate(self, rate: float) -> None:
        self.down.rate_bps = rate

    def send(self, size_bytes: int, voice: bool = False) -> None:
        self.log.write(0, self.following, array("Q", [record(self.net.now, size_bytes)]))
        self.down.send(size_bytes, self.following & 0xFFFF, self.net.now, voice)
        self.following += 1

    def _voice(self) -> None:
        self.send(VOICE_BYTES, voice=True)

    def _picture(self) -> None:
        voice_bps = VOICE_BYTES * 8 * 50
        room_bps = min(self.wanted_bps, self.estimator.estimate_bps(self.net.now) - voice_bps)
        left = int(max(0.0, room_bps) / 30 / 8)
        while left > 100:
            size = min(1200, left)
            self.send(size)
            left -= size

    def _poll(self) -> None:
        now = self.net.now
        wanted = self.estimator.wants_probe(now) if self.probes else None
        if wanted is not None:
            self._probe(wanted)
        for feedback in self._feedback.poll(1, 2, now):
            self._up(feedback)

    def _probe(self, rate_bps: float) -> None:
        self.probed += 1
        count, size = plan(rate_bps)
        first = self.following
        for index in range(count):
            self.net.call_at(self.net.now + index * CLUSTER_S / count, self.send, size)
        last = first + count - 1
        self.estimator.probes.sent(rate_bps, first, last, count * size, self.net.now)

    def _arrive(self, number: int, sent: float, voice: bool) -> None:
        self._feedback.on_packet(number, self.net.now)
        if voice:
            self.voices.append((sent, self.net.now))

    def _hear(self, feedback) -> None:  # type: ignore[no-untyped-def]
        self.estimator.on_feedback(feedback, self.following, self.net.now)

    def _sample(self) -> None:
        self.samples.append(
            Sample(
                self.net.now,
                self.estimator.estimate_bps(self.net.now),
                self.down.waiting_s,
                self.down.rate_bps,
            )
        )

    def between(self, start: float, end: float, of: Callable[[Sample], float]) -> list[float]:
        return [of(s) for s in self.samples if start <= s.at < end]

    def estimates(self, start: float, end: float) -> list[float]:
        return self.between(start, end, lambda s: s.estimate_bps)

    def queues(self, start: float, end: float) -> list[float]:
        return self.between(start, end, lambda s: s.queue_s)
