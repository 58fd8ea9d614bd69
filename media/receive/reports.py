"""Reception statistics of one SSRC, its RTCP report blocks (RFC 3550 sections 6.4.1, A.3, A.8)."""

from media.rtp.rtcp import ReportBlock, SenderReport, middle32
from media.rtp.sequence import Extender


class ReceptionStats:
    """Counts packets of one SSRC. Repaired ones (RTX) are not counted: losses are before repair."""

    __slots__ = (
        "_expected_prior",
        "_received_prior",
        "_report_at",
        "_report_middle",
        "_transit",
        "base",
        "clock_hz",
        "extender",
        "jitter_ticks",
        "received",
    )

    def __init__(self, clock_hz: int) -> None:
        self.clock_hz = clock_hz
        self.extender = Extender()
        self.base = 0
        self.received = 0
        self.jitter_ticks = 0.0
        self._transit: float | None = None
        self._expected_prior = 0
        self._received_prior = 0
        self._report_middle = 0
        self._report_at = 0.0

    def on_packet(self, sequence: int, timestamp: int, now: float) -> int:
        """Count one packet; returns its extended sequence number."""
        extended = self.extender.extend(sequence)
        if not self.received:
            self.base = extended
        self.received += 1
        transit = (now * self.clock_hz - timestamp) % 4294967296.0
        if self._transit is not None:
            change = abs(transit - self._transit)
            if change > 2147483648.0:
                change = 4294967296.0 - change
            # A pause or a new clock is no jitter: cap a change at one second.
            if change < self.clock_hz:
                self.jitter_ticks += (change - self.jitter_ticks) / 16.0
        self._transit = transit
        return extended

    @property
    def jitter_ms(self) -> float:
        return self.jitter_ticks * 1000.0 / self.clock_hz

    @property
    def expected(self) -> int:
        highest = self.extender.highest
        return 0 if highest is None else highest - min(self.base, highest) + 1

    @property
    def lost(self) -> int:
        """Cumulative; negative when packets came twice."""
        return self.expected - self.received

    def on_sender_report(self, report: SenderReport, now: float) -> None:
        self._report_middle = middle32(report.ntp)
        self._report_at = now

    def block(self, ssrc: int, now: float) -> ReportBlock | None:
        """The next report block; fraction lost covers the time since the previous call."""
        if not self.received:
            return None
        expected = self.expected
        expected_now = expected - self._expected_prior
        lost_now = expected_now - (self.received - self._received_prior)
        self._expected_prior = expected
        self._received_prior = self.received
        fraction = 0
        if expected_now > 0 and lost_now > 0:
            fraction = min(255, (lost_now << 8) // expected_now)
        highest = self.extender.highest or 0
        dlsr = 0
        if self._report_middle:
            dlsr = min(0xFFFFFFFF, int((now - self._report_at) * 65536))
        return ReportBlock(
            ssrc=ssrc,
            fraction_lost=fraction,
            packets_lost=max(-0x800000, min(0x7FFFFF, self.lost)),
            # Extenders start one cycle up; the peer counts its cycles from 0.
            highest_sequence=(highest - 65536) & 0xFFFFFFFF,
            jitter=int(self.jitter_ticks),
            lsr=self._report_middle,
            dlsr=dlsr,
        )
