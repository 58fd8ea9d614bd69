"""RTP streams of a light client: what it sends under one SSRC, what it counts under one SSRC.

Pure. Packets leave here unencrypted; receive counting looks at the clear header alone.
"""

import random
import struct
from collections import deque
from dataclasses import dataclass

from media.load.offer import (
    AUDIO_LEVEL_URI,
    MID_URI,
    REPAIRED_RID_URI,
    RID_URI,
    SEND_TIME_URI,
    TRANSPORT_CC_URI,
)

HISTORY_PACKETS = 256
_HEADER = struct.Struct("!BBHII")
_ONE_BYTE_PROFILE = 0xBEDE  # RFC 8285 section 4.2
_NTP_EPOCH = 2208988800  # seconds from 1900 to 1970
_SENDER_REPORT = struct.Struct("!BBHIIIIII")
_RECEIVER_REPORT = struct.Struct("!BBHI")
_MAX_BLOCKS = 31
_REPORT_BLOCK = struct.Struct("!IIIIII")


class ExtensionTemplate:
    """The header-extension block of a stream, with the places that change per packet."""

    def __init__(
        self, ids: dict[str, int], *, mid: str = "", rid: str = "", repaired: bool = False
    ) -> None:
        """`ids`: URI -> id of the answer; an empty `mid` or `rid` leaves that extension out."""
        self.bytes = bytearray()
        self.send_time_at = self._add(ids.get(SEND_TIME_URI), bytes(3))
        self.transport_cc_at = self._add(ids.get(TRANSPORT_CC_URI), bytes(2))
        self.level_at = self._add(ids.get(AUDIO_LEVEL_URI), bytes(1))
        if mid:
            self._add(ids.get(MID_URI), mid.encode())
        if rid:
            self._add(ids.get(REPAIRED_RID_URI if repaired else RID_URI), rid.encode())
        self.bytes += bytes(-len(self.bytes) % 4)
        if self.bytes:
            words = len(self.bytes) // 4
            self.bytes[:0] = struct.pack("!HH", _ONE_BYTE_PROFILE, words)

    def _add(self, id_: int | None, value: bytes) -> int:
        """Append one element; where its value will stand in the finished block, -1 if absent."""
        if id_ is None:
            return -1
        self.bytes.append(id_ << 4 | len(value) - 1)
        self.bytes += value
        return 4 + len(self.bytes) - len(value)


@dataclass(slots=True)
class SentPacket:
    """What a retransmission needs."""

    marker: bool
    rtp_time: int
    payload: bytes
    level: int


class OutStream:
    """One SSRC we send, with its RTX stream."""

    def __init__(
        self,
        *,
        payload_type: int,
        clock_hz: int,
        extensions: dict[str, int],
        mid: str,
        rid: str = "",
        ssrc: int = 0,
        rtx_ssrc: int = 0,
        rtx_type: int | None = None,
        rng: random.Random | None = None,
    ) -> None:
        rng = rng or random.Random()
        self.ssrc = ssrc or rng.randrange(1, 2**32)
        self.rtx_ssrc = rtx_ssrc or rng.randrange(1, 2**32)
        self.clock_hz = clock_hz
        self.rid = rid
        self.packets = 0
        self.octets = 0
        self.time_base = rng.randrange(2**31)
        self.identified = False  # the server's RR named this SSRC: mid and rid may stop
        self._payload_type = payload_type
        self._rtx_type = rtx_type
        self._seq = rng.randrange(2**15)
        self._rtx_seq = rng.randrange(2**15)
        self._named = ExtensionTemplate(extensions, mid=mid, rid=rid)
        self._named_rtx = ExtensionTemplate(extensions, mid=mid, rid=rid, repaired=True)
        self._plain = ExtensionTemplate(extensions)
        self._history: dict[int, SentPacket] = {}
        self._order: deque[int] = deque()

    def packet(
        self,
        marker: bool,
        rtp_time: int,
        payload: bytes,
        *,
        level: int = 127,
        transport_seq: int = 0,
        send_time: float = 0.0,
    ) -> bytes:
        """The next RTP packet. `level`: RFC 6464 -dBov, 128 added when there is voice;
        `send_time`: seconds of any steady clock, for abs-send-time."""
        seq = self._seq
        self._seq = seq + 1 & 0xFFFF
        self.packets += 1
        self.octets += len(payload)
        if self._rtx_type is not None:
            self._remember(seq, SentPacket(marker, rtp_time, payload, level))
        return self._write(
            self._plain if self.identified else self._named,
            self._payload_type | marker << 7,
            seq,
            rtp_time,
            self.ssrc,
            payload,
            level,
            transport_seq,
            send_time,
        )

    def repeat(self, seq: int, transport_seq: int, send_time: float) -> bytes | None:
        """The RTX packet (RFC 4588) for a lost one; None when it is too old or RTX is off."""
        sent = self._history.get(seq)
        if sent is None or self._rtx_type is None:
            return None
        rtx_seq = self._rtx_seq
        self._rtx_seq = rtx_seq + 1 & 0xFFFF
        return self._write(
            self._plain if self.identified else self._named_rtx,
            self._rtx_type | sent.marker << 7,
            rtx_seq,
            sent.rtp_time,
            self.rtx_ssrc,
            struct.pack("!H", seq) + sent.payload,
            sent.level,
            transport_seq,
            send_time,
        )

    def _remember(self, seq: int, sent: SentPacket) -> None:
        self._history[seq] = sent
        self._order.append(seq)
        if len(self._order) > HISTORY_PACKETS:
            del self._history[self._order.popleft()]

    @staticmethod
    def _write(
        template: ExtensionTemplate,
        second: int,
        seq: int,
        rtp_time: int,
        ssrc: int,
        payload: bytes,
        level: int,
        transport_seq: int,
        send_time: float,
    ) -> bytes:
        block = template.bytes
        if not block:
            return _HEADER.pack(0x80, second, seq, rtp_time & 0xFFFFFFFF, ssrc) + payload
        if (at := template.send_time_at) >= 0:  # 6.18 fixed-point seconds
            block[at : at + 3] = (int(send_time * 262144) & 0xFFFFFF).to_bytes(3, "big")
        if (at := template.transport_cc_at) >= 0:
            block[at : at + 2] = transport_seq.to_bytes(2, "big")
        if (at := template.level_at) >= 0:
            block[at] = level
        return _HEADER.pack(0x90, second, seq, rtp_time & 0xFFFFFFFF, ssrc) + block + payload

    def sender_report(self, utc: float, rtp_time: int) -> bytes:
        """RTCP SR without blocks (RFC 3550 section 6.4.1): `rtp_time` is the media time at `utc`
        (epoch seconds)."""
        seconds = int(utc)
        return _SENDER_REPORT.pack(
            0x80,
            200,
            6,
            self.ssrc,
            seconds + _NTP_EPOCH,
            int((utc - seconds) * 2**32),
            rtp_time & 0xFFFFFFFF,
            self.packets & 0xFFFFFFFF,
            self.octets & 0xFFFFFFFF,
        )


class InTrack:
    """Counts one received SSRC (RFC 3550 appendix A.3): packets, gaps, jitter."""

    __slots__ = (
        "base",
        "cycles",
        "expected_seq",
        "jitter",
        "last_report",
        "last_report_at",
        "octets",
        "payload_type",
        "prior_expected",
        "prior_received",
        "received",
        "ssrc",
        "transit",
    )

    def __init__(self, ssrc: int, payload_type: int, seq: int) -> None:
        self.ssrc = ssrc
        self.payload_type = payload_type
        self.base = seq
        self.expected_seq = seq
        self.cycles = 0
        self.received = 0
        self.octets = 0
        self.jitter = 0.0  # in RTP ticks
        self.transit: int | None = None
        self.prior_expected = 0
        self.prior_received = 0
        self.last_report = 0  # middle NTP bits of the newest SR
        self.last_report_at = 0.0

    def count(self, seq: int, size: int) -> None:
        """One packet; late ones fill their gap."""
        self.received += 1
        self.octets += size
        ahead = seq - self.expected_seq & 0xFFFF
        if ahead < 0x8000:
            following = self.expected_seq + ahead + 1
            if following > 0xFFFF:
                self.cycles += 0x10000
            self.expected_seq = following & 0xFFFF

    def time(self, rtp_time: int, arrival_ticks: int) -> None:
        """Interarrival jitter (RFC 3550 section 6.4.1); both in ticks of the stream's clock."""
        transit = arrival_ticks - rtp_time & 0xFFFFFFFF
        if self.transit is not None:
            change = transit - self.transit & 0xFFFFFFFF
            change = min(change, 0x100000000 - change)
            if change < 0x100000:  # larger ones are a switched source, not the line
                self.jitter += (change - self.jitter) / 16
        self.transit = transit

    @property
    def expected(self) -> int:
        return self.cycles + self.expected_seq - self.base

    @property
    def lost(self) -> int:
        return self.expected - self.received

    def report_block(self, now: float) -> bytes:
        """RR block since the previous one; `now`: the clock of `last_report_at`."""
        expected = self.expected - self.prior_expected
        received = self.received - self.prior_received
        self.prior_expected, self.prior_received = self.expected, self.received
        return report_block(
            self.ssrc,
            expected=expected,
            received=received,
            lost=self.lost,
            highest=self.cycles + self.expected_seq - 1,
            jitter=int(self.jitter),
            last_report=self.last_report,
            since=now - self.last_report_at,
        )


def report_block(
    ssrc: int,
    *,
    expected: int,
    received: int,
    lost: int,
    highest: int,
    jitter: int,
    last_report: int,
    since: float,
) -> bytes:
    """RFC 3550 section 6.4.1.

    Args:
        expected, received: since the previous block.
        lost: in all.
        highest: extended number.
        last_report: middle NTP bits of the newest SR, 0: none.
        since: seconds from its arrival.
    """
    missing = expected - received
    fraction = min(255, missing * 256 // expected) if expected > 0 < missing else 0
    lost = max(-0x800000, min(0x7FFFFF, lost)) & 0xFFFFFF
    # a report read within this tick is newer
    delay = int(max(0.0, since) * 65536) & 0xFFFFFFFF if last_report else 0
    return _REPORT_BLOCK.pack(
        ssrc, fraction << 24 | lost, highest & 0xFFFFFFFF, jitter, last_report, delay
    )


def receiver_report(ssrc: int, blocks: list[bytes]) -> bytes:
    """RTCP RR (RFC 3550 section 6.4.2) from `ssrc`; 31 blocks are all it can hold."""
    blocks = blocks[:_MAX_BLOCKS]
    return _RECEIVER_REPORT.pack(0x80 | len(blocks), 201, 1 + 6 * len(blocks), ssrc) + b"".join(
        blocks
    )
