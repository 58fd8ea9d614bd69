"""Why packets were not forwarded, and the counters of the packet path.

Nothing on the packet path raises: what cannot go on is dropped and counted here.
"""

from collections import Counter
from enum import StrEnum


class DropReason(StrEnum):
    """Reasons, one counter each, named `drop_<reason>` in /metrics."""

    MALFORMED = "malformed"  # not RTP version 2, or its lengths disagree
    UNKNOWN_SSRC = "unknown_ssrc"  # no mid/rid/ssrc/payload type says which source this is
    UNKNOWN_PAYLOAD = "unknown_payload"  # payload type the answer did not contain
    TOO_MANY_SSRC = "too_many_ssrc"  # a peer may use 32
    PADDING = "padding"  # bandwidth probes without media
    DUPLICATE = "duplicate"
    LATE = "late"  # too old to be placed
    NOT_ALLOWED = "not_allowed"  # source muted by the service
    CODEC_MISMATCH = "codec_mismatch"  # copies not made: the slot did not negotiate the codec
    OVERSIZE = "oversize"  # copy would not fit in one datagram
    BEFORE_SWITCH = "before_switch"  # copies not made: older than the slot's key frame
    PACER_FULL = "pacer_full"  # copies not made: a narrow line holds too much already
    SRTP = "srtp"  # srtp_protect refused a copy
    NO_ROUTE = "no_route"  # the subscriber has no address yet
    SEND_QUEUE = "send_queue"  # the socket stayed full; oldest datagrams went
    SEND_ERROR = "send_error"  # the kernel refused a datagram
    NACK_UNANSWERED = "nack_unanswered"  # asked for a packet the cache no longer holds
    NACK_LIMITED = "nack_limited"  # asked again too soon, or too much
    RTCP_MALFORMED = "rtcp_malformed"


class Counters:
    """Monotonic counters: `packets_in`, `packets_out`, `bytes_out`, ... and one per drop reason."""

    __slots__ = ("_values",)

    def __init__(self) -> None:
        self._values: Counter[str] = Counter()

    def add(self, name: str, amount: int = 1) -> None:
        self._values[name] += amount

    def drop(self, reason: DropReason, amount: int = 1) -> None:
        self._values[f"drop_{reason.value}"] += amount

    def dropped(self, reason: DropReason) -> int:
        return self._values[f"drop_{reason.value}"]

    def get(self, name: str) -> int:
        return self._values[name]

    def snapshot(self) -> dict[str, int]:
        return dict(self._values)
