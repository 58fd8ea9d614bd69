"""Feedback by stream (RFC 8888) read as feedback about transport-wide numbers. Pure."""

from media.bwe.arrival import WINDOW
from media.rtp.congestion_feedback import LONG_AGO, OFFSET_S, CongestionFeedback
from media.rtp.sequence import Extender
from media.rtp.transport_cc import REFERENCE_S, TICK_S, TransportFeedback

_CLOCK_BITS = 32
_CLOCK_HZ = 65536
_REFERENCE_MASK = 0xFFFFFF
_REFERENCE_TICKS = round(REFERENCE_S / TICK_S)

Reported = tuple[int, int | None]  # transport-wide number, ticks of arrival; None: lost


class StreamNumbers:
    """Under which transport-wide numbers the last packets of each stream of one transport left."""

    def __init__(self) -> None:
        # By SSRC and 16-bit sequence number, oldest first.
        self._numbers: dict[tuple[int, int], int] = {}
        self._clock = Extender(_CLOCK_BITS)

    def note(self, ssrc: int, sequence: int, number: int) -> None:
        """A packet is sent."""
        key = ssrc, sequence
        self._numbers.pop(key, None)
        self._numbers[key] = number
        if len(self._numbers) > WINDOW:
            del self._numbers[next(iter(self._numbers))]

    def read(self, feedback: CongestionFeedback) -> list[TransportFeedback]:
        """The same in runs of numbers, ascending; packets nobody knows of are left out, as are
        arrivals whose time was not told."""
        at_s = self._clock.extend(feedback.timestamp) / _CLOCK_HZ
        runs: list[list[Reported]] = []
        for number, ticks in sorted(self._reported(feedback, at_s).items()):
            if not runs or runs[-1][-1][0] + 1 != number:
                runs.append([])
            runs[-1].append((number, ticks))
        reference = int(at_s / REFERENCE_S)
        return [_feedback(feedback.sender_ssrc, run, reference) for run in runs]

    def _reported(self, feedback: CongestionFeedback, at_s: float) -> dict[int, int | None]:
        found: dict[int, int | None] = {}
        for stream in feedback.streams:
            for place in range(len(stream.packets)):
                number = self._numbers.get((stream.ssrc, stream.first + place & 0xFFFF))
                offset = stream.offset(place)
                if number is not None and (offset is None or offset < LONG_AGO):
                    arrived = None if offset is None else round((at_s - offset * OFFSET_S) / TICK_S)
                    found[number] = arrived
        return found


def _feedback(sender: int, run: list[Reported], reference: int) -> TransportFeedback:
    wrapped = reference & _REFERENCE_MASK
    shift = (reference - wrapped) * _REFERENCE_TICKS
    arrivals = tuple(None if ticks is None else ticks - shift for _, ticks in run)
    return TransportFeedback(sender, 0, run[0][0] & 0xFFFF, 0, arrivals, wrapped)
