"""What arrives from one publisher: SSRCs find their source, packets become SourcePackets, and the
feedback the publisher needs is collected."""

from collections.abc import Callable
from dataclasses import replace
from struct import Struct

from media.drops import Counters, DropReason
from media.negotiated import (
    AUDIO_LEVEL,
    MID,
    REPAIRED_RID,
    RID,
    TRANSPORT_CC,
    Codec,
    NegotiatedMedia,
    SignalledSsrc,
    Uplink,
)
from media.receive.source_packet import SourcePacket
from media.receive.twcc import TransportFeedbackGenerator
from media.receive.up_track import LAYER_TIMEOUT_S, Encoding, UpTrack
from media.rtp import h264, red, vp8
from media.rtp.extensions import Element, elements
from media.rtp.keyframes import starts_keyframe
from media.rtp.packet import HEADER, Buffer, layout
from media.rtp.rtcp import (
    FullIntraRequest,
    Goodbye,
    Nack,
    PictureLoss,
    ReportBlock,
    Rtcp,
    SenderReport,
)

MAX_SSRCS = 32
REPORT_INTERVAL_S = 0.5
FIRST_REPORT_S = 0.03  # a new SSRC: browsers repeat mid and rid until our first report
VOICE_NACK_RTT_S = 0.1  # a repeated voice packet comes too late on slower lines
MAX_HEARD_LOSS = 0.2  # more makes an Opus encoder spend no more on redundancy
MIN_HEARD_LOSS = 0.01
_SSRC = Struct("!I")
_UNLEVELLED_VOICE = 47  # dBov assumed for packets with sound when the publisher sends no levels
_SILENT_BYTES = 12  # Opus silence and DTX frames are smaller

LevelListener = Callable[[str, int, float], None]


class Ingress:
    """The receiving half of a peer. Returned packets are allowed to be forwarded."""

    def __init__(self, peer_id: str, negotiated: NegotiatedMedia, counters: Counters) -> None:
        self.peer_id = peer_id
        self.negotiated = negotiated
        self.counters = counters
        self.tracks = [UpTrack(peer_id, uplink, 0) for uplink in negotiated.uplinks]
        self.new_encodings: list[Encoding] = []
        self.on_level: LevelListener | None = None
        self.bytes_in = 0
        self.urgent = False  # feedback is due now: a loss was noticed
        self._by_ssrc: dict[int, tuple[Encoding, bool]] = {}
        self._by_mid = {track.uplink.mid: track for track in self.tracks}
        ids: dict[str, int] = {}
        for uplink in negotiated.uplinks:
            ids.update(uplink.extensions)
        self._mid_id = ids.get(MID, -1)
        self._rid_id = ids.get(RID, -1)
        self._repaired_id = ids.get(REPAIRED_RID, -1)
        self._level_id = ids.get(AUDIO_LEVEL, -1)
        self._twcc_id = ids.get(TRANSPORT_CC, -1)
        self.feedback = TransportFeedbackGenerator()
        self._last_ssrc = 0
        self._report_due = float("inf")
        self._fir_number = 0
        for track in self.tracks:
            self._bind_signalled(track, track.uplink)

    def _bind_signalled(self, track: UpTrack, uplink: Uplink) -> None:
        for index, signalled in enumerate(uplink.ssrcs):
            rid = signalled.rid
            if rid is None:
                rid = track.rids[index] if index < len(track.rids) else ""
            if rid not in track.rids or rid in track.encodings:
                continue
            encoding = Encoding(track, rid, signalled.ssrc)
            track.encodings[rid] = encoding
            self._by_ssrc[signalled.ssrc] = (encoding, False)
            if signalled.rtx_ssrc is not None:
                encoding.rtx_ssrc = signalled.rtx_ssrc
                self._by_ssrc[signalled.rtx_ssrc] = (encoding, True)

    # Packets

    def accept(self, buffer: bytearray, size: int, now: float) -> SourcePacket | None:
        """One decrypted packet; None when it is not to be forwarded (the reason is counted)."""
        parts = layout(buffer, size)
        if parts is None:
            self.counters.drop(DropReason.MALFORMED)
            return None
        self.bytes_in += size
        profile, extension, extension_end, start, end = parts
        found = elements(buffer, profile, extension, extension_end) if profile else []
        for number, data in found:
            if number == self._twcc_id and len(data) == 2:
                self.feedback.on_packet(data[0] << 8 | data[1], now)
                break
        ssrc = int.from_bytes(buffer[8:12], "big")
        binding = self._by_ssrc.get(ssrc) or self._learn(ssrc, buffer[1] & 0x7F, found)
        if binding is None:
            return None
        encoding, is_rtx = binding
        if is_rtx:
            return self._accept_repair(encoding, buffer, start, end, found, now)
        return self._accept_original(encoding, buffer, size, start, end, found, now)

    def _accept_original(
        self,
        encoding: Encoding,
        buffer: bytearray,
        size: int,
        start: int,
        end: int,
        found: list[Element],
        now: float,
    ) -> SourcePacket | None:
        """A packet under the encoding's own SSRC; behind here everything sees plain ones, without
        redundancy."""
        _, second, sequence, timestamp, ssrc = HEADER.unpack_from(buffer)
        codec, redundant = _codec_of(encoding.track, buffer, start, end)
        if codec is None:
            self.counters.drop(DropReason.UNKNOWN_PAYLOAD)
            return None
        self._last_ssrc = ssrc
        extended = encoding.reception.on_packet(sequence, timestamp, now)
        self._note(encoding, codec, sequence, size, now)
        encoding.redundant = redundant is not None
        if second & 0x80:
            encoding.frames += 1
        if redundant is None:
            raw = bytes(memoryview(buffer)[:size])
        else:
            raw = _without_redundancy(buffer, start, redundant.start, end, codec.payload_type)
        packet = SourcePacket(
            encoding,
            encoding.track.codec_keys[codec.payload_type],
            extended,
            timestamp,
            second & 0x80,
            raw,
            start,
            end if redundant is None else len(raw),
            found,
            now,
        )
        if redundant is not None and redundant.uniform:
            packet.red = bytes(memoryview(buffer)[start:end])
        return self._finish(packet)

    def _note(self, encoding: Encoding, codec: Codec, sequence: int, size: int, now: float) -> None:
        """Counters, gaps, layers that begin."""
        if encoding.nack is not None and encoding.nack.on_packet(sequence, now):
            self.urgent = True
        if now - encoding.last_arrival > LAYER_TIMEOUT_S:
            self._begin(encoding, now)
        encoding.last_arrival = now
        encoding.last_codec = codec
        encoding.packets_in += 1
        encoding.bytes_in += size

    def _accept_repair(
        self,
        encoding: Encoding,
        buffer: Buffer,
        start: int,
        end: int,
        found: list[Element],
        now: float,
    ) -> SourcePacket | None:
        """RFC 4588 section 4: the payload starts with the original sequence number."""
        if end - start < 3:
            self.counters.drop(DropReason.PADDING)
            return None
        original = encoding.track.rtx.get(buffer[1] & 0x7F)
        codec = encoding.track.codecs.get(original) if original is not None else None
        highest = encoding.reception.extender.highest
        if codec is None or encoding.ssrc is None or highest is None:
            self.counters.drop(DropReason.UNKNOWN_PAYLOAD)
            return None
        sequence = buffer[start] << 8 | buffer[start + 1]
        if encoding.nack is not None:
            if not encoding.nack.lacks(sequence):  # a publisher looks for room by repeating itself
                self.counters.drop(DropReason.DUPLICATE)
                return None
            encoding.nack.on_packet(sequence, now, repaired=True)
        extended = encoding.reception.extender.extend(sequence)
        timestamp = int.from_bytes(buffer[4:8], "big")
        marker = buffer[1] & 0x80
        head = bytearray(buffer[:start])
        head[0] &= 0xDF  # padding was the retransmission's own
        HEADER.pack_into(
            head, 0, head[0], marker | codec.payload_type, sequence, timestamp, encoding.ssrc
        )
        raw = bytes(head) + bytes(memoryview(buffer)[start + 2 : end])
        packet = SourcePacket(
            encoding,
            encoding.track.codec_keys[codec.payload_type],
            extended,
            timestamp,
            marker,
            raw,
            start,
            end - 2,
            found,
            now,
        )
        packet.repaired = True
        self.counters.add("repaired_in")
        return self._finish(packet)

    def _finish(self, packet: SourcePacket) -> SourcePacket | None:
        """Permission, duplicates, codec knowledge."""
        encoding = packet.encoding
        track = encoding.track
        if not track.allowed:
            self.counters.drop(DropReason.NOT_ALLOWED)
            return None
        if track.kind == "audio":
            self._level(packet)
        if encoding.cache is not None:
            if not encoding.cache.put(packet):
                self.counters.drop(DropReason.DUPLICATE)
                return None
            self._look_into(packet)
        if packet.extended >= encoding.reception.extender.highest:  # type: ignore[operator]
            encoding.last_timestamp = packet.timestamp
        return packet

    def _level(self, packet: SourcePacket) -> None:
        if self.on_level is None or packet.repaired:
            return
        for number, data in packet.elements:
            if number == self._level_id and data:
                self.on_level(self.peer_id, data[0] & 0x7F, packet.arrival)
                return
        loud = packet.end - packet.start > _SILENT_BYTES
        self.on_level(self.peer_id, _UNLEVELLED_VOICE if loud else 127, packet.arrival)

    def _look_into(self, packet: SourcePacket) -> None:
        """Key frames and picture sizes of video payloads."""
        encoding = packet.encoding
        raw, start, end = packet.raw, packet.start, packet.end
        if packet.codec.startswith("vp8/"):
            packet.vp8 = descriptor = vp8.parse(raw, start, end)
            if descriptor is None:
                return
            temporal = encoding.temporal
            if descriptor.keyframe:
                temporal.key_timestamp = packet.timestamp
                packet.keyframe = True
                encoding.keyframes.satisfy()
                if descriptor.height:
                    encoding.width, encoding.height = descriptor.width, descriptor.height
            if packet.timestamp != temporal.key_timestamp:
                temporal.add(descriptor.temporal_id, len(raw))
            return
        known = starts_keyframe(packet.codec, raw, start, end)
        begins = self._answers_request(packet) if known is None else known
        new_frame = packet.timestamp != encoding.last_timestamp and not packet.repaired
        packet.keyframe = begins and new_frame
        if packet.keyframe and known:
            encoding.keyframes.satisfy()
        if packet.keyframe and packet.codec.startswith("h264/"):
            size = h264.picture_size(raw, start, end)
            if size is not None:
                encoding.width, encoding.height = size

    @staticmethod
    def _answers_request(packet: SourcePacket) -> bool:
        """Codecs we cannot read: the first frame that starts soon after our request is taken for
        the key frame; the receiver's own PLI repairs a wrong guess."""
        since = packet.arrival - packet.encoding.keyframes.asked_at
        return 0.05 <= since < 2.0

    # SSRCs

    def _learn(
        self, ssrc: int, payload_type: int, found: list[Element]
    ) -> tuple[Encoding, bool] | None:
        """Which source a new SSRC is: by mid and rid, else by an unambiguous payload type."""
        if len(self._by_ssrc) >= MAX_SSRCS:
            self.counters.drop(DropReason.TOO_MANY_SSRC)
            return None
        texts = dict(found)
        track = self._track_of(texts, payload_type)
        if track is None:
            self.counters.drop(DropReason.UNKNOWN_SSRC)
            return None
        is_rtx = payload_type in track.rtx
        rid_bytes = texts.get(self._repaired_id if is_rtx else self._rid_id)
        rid = rid_bytes.decode("ascii", "replace") if rid_bytes is not None else ""
        if rid not in track.rids:
            if len(track.rids) != 1:
                self.counters.drop(DropReason.UNKNOWN_SSRC)
                return None
            rid = track.rids[0]
        return self._bind(track, rid, ssrc, is_rtx)

    def _track_of(self, texts: dict[int, bytes], payload_type: int) -> UpTrack | None:
        mid = texts.get(self._mid_id)
        if mid is not None:
            return self._by_mid.get(mid.decode("ascii", "replace"))
        rid = texts.get(self._rid_id, texts.get(self._repaired_id))
        takers = [
            t
            for t in self.tracks
            if payload_type in t.codecs or payload_type in t.rtx or payload_type in t.red
        ]
        if rid is not None:
            name = rid.decode("ascii", "replace")
            takers = [t for t in takers if name in t.uplink.rids]
        return takers[0] if len(takers) == 1 else None

    def _bind(self, track: UpTrack, rid: str, ssrc: int, is_rtx: bool) -> tuple[Encoding, bool]:
        encoding = track.encodings.get(rid)
        if is_rtx:
            if encoding is None:
                encoding = track.encodings[rid] = Encoding(track, rid)
            self._by_ssrc.pop(encoding.rtx_ssrc or 0, None)
            encoding.rtx_ssrc = ssrc
        elif encoding is None or encoding.ssrc is not None:
            # A layer that restarts with another SSRC is a new encoding: its numbers start anew.
            if encoding is not None:
                self._by_ssrc.pop(encoding.ssrc or 0, None)
            fresh = Encoding(track, rid, ssrc)
            if encoding is not None and encoding.rtx_ssrc is not None:
                fresh.rtx_ssrc = encoding.rtx_ssrc
                self._by_ssrc[encoding.rtx_ssrc] = (fresh, True)
            encoding = track.encodings[rid] = fresh
        else:
            encoding.ssrc = ssrc
        self._by_ssrc[ssrc] = (encoding, is_rtx)
        return encoding, is_rtx

    def _begin(self, encoding: Encoding, now: float) -> None:
        """The first packet of a layer, or the first after a pause."""
        if encoding.first_at is None:
            encoding.first_at = now
        self.new_encodings.append(encoding)
        self._report_due = min(self._report_due, now + FIRST_REPORT_S)

    def bind(self, track: UpTrack, rid: str, ssrc: int) -> None:
        """Somebody else knows which layer an SSRC is: the worker that relays it."""
        if ssrc not in self._by_ssrc:
            self._bind(track, rid, ssrc, is_rtx=False)

    def known_media(self) -> NegotiatedMedia:
        """What was agreed on, with the SSRCs learnt since: packets name a layer at first only."""
        uplinks = tuple(
            replace(
                track.uplink,
                ssrcs=tuple(
                    SignalledSsrc(encoding.ssrc, encoding.rtx_ssrc, rid)
                    for rid, encoding in track.encodings.items()
                    if encoding.ssrc is not None
                ),
            )
            for track in self.tracks
        )
        return replace(self.negotiated, uplinks=uplinks)

    def encoding_of(self, ssrc: int) -> Encoding | None:
        binding = self._by_ssrc.get(ssrc)
        return binding[0] if binding is not None else None

    def snapshot(self) -> dict[str, object]:
        """Layers of pictures: lines, rate, and the part of it up to each temporal layer."""
        return {
            f"{track.source} {rid}".strip(): {
                "lines": encoding.height,
                "bps": round(encoding.rate_bps),
                "temporal": [
                    round(encoding.temporal.share(tid), 2)
                    for tid in range(encoding.temporal.highest + 1)
                ],
            }
            for track in self.tracks
            if track.kind == "video"
            for rid, encoding in track.encodings.items()
        }

    # RTCP

    def on_rtcp(self, packet: Rtcp, now: float) -> None:
        if isinstance(packet, SenderReport):
            encoding = self.encoding_of(packet.ssrc)
            if encoding is not None and encoding.ssrc == packet.ssrc:
                encoding.on_sender_report(packet, now)
        elif isinstance(packet, Goodbye):
            for ssrc in packet.ssrcs:
                encoding = self.encoding_of(ssrc)
                if encoding is not None and encoding.ssrc == ssrc:
                    encoding.last_arrival = float("-inf")

    def look(self, now: float) -> tuple[bool, bool]:
        """Whether `poll` or `report_blocks` have something to say, and whether packets are missing
        and will be asked for again. For every publisher twenty times a second."""
        feedback_due = self.feedback.due
        due = self._report_due <= now or (feedback_due is not None and feedback_due <= now)
        missing = False
        for track in self.tracks:
            for encoding in track.encodings.values():
                due = due or encoding.keyframes.due <= now
                nack = encoding.nack
                if nack is not None and (nack.pending or nack.overrun):
                    missing = missing or nack.pending > 0
                    due = due or nack.due <= now
        return due, missing

    def report_blocks(self, now: float) -> list[ReportBlock]:
        """Reception reports when they are due, else nothing."""
        if now < self._report_due:
            return []
        self._report_due = now + REPORT_INTERVAL_S
        blocks = []
        for track in self.tracks:
            for encoding in track.encodings.values():
                if encoding.ssrc is not None and encoding.arriving(now, 5.0):
                    block = encoding.reception.block(encoding.ssrc, now)
                    if block is not None:
                        blocks.append(_with_heard_loss(encoding, block, now))
        if not blocks:
            self._report_due = float("inf") if not self._any_started() else now + REPORT_INTERVAL_S
        return blocks[:31]

    def _any_started(self) -> bool:
        return any(track.started for track in self.tracks)

    def poll(self, now: float, rtt: float) -> list[Rtcp]:
        """NACKs, key frame requests and transport-wide feedback due now."""
        self.urgent = False
        sender = self.negotiated.local_ssrc
        packets: list[Rtcp] = []
        for track in self.tracks:
            for encoding in track.encodings.values():
                if encoding.ssrc is None:
                    continue
                packets.extend(self._repair_requests(encoding, sender, now, rtt))
        packets.extend(self.feedback.poll(sender, self._last_ssrc, now))
        return packets

    def _repair_requests(
        self, encoding: Encoding, sender: int, now: float, rtt: float
    ) -> list[Rtcp]:
        assert encoding.ssrc is not None
        packets: list[Rtcp] = []
        if encoding.nack is not None and (encoding.nack.pending or encoding.nack.overrun):
            voice = encoding.track.kind == "audio"
            if encoding.nack.overrun:
                encoding.nack.overrun = False
                if not voice:
                    encoding.keyframes.request(now)
            if voice and rtt >= VOICE_NACK_RTT_S:
                encoding.nack.forget()
            lost = encoding.nack.poll(now, rtt)
            if lost:
                self.counters.add("nack_sent", len(lost))
                packets.append(Nack(sender, encoding.ssrc, tuple(lost)))
        if encoding.keyframes.due <= now and encoding.keyframes.poll(now):
            codec = encoding.last_codec
            self.counters.add("keyframe_requests")
            if codec is not None and codec.fir and not codec.pli:
                self._fir_number = (self._fir_number + 1) & 0xFF
                packets.append(FullIntraRequest(sender, ((encoding.ssrc, self._fir_number),)))
            else:
                packets.append(PictureLoss(sender, encoding.ssrc))
        return packets


def _with_heard_loss(encoding: Encoding, block: ReportBlock, now: float) -> ReportBlock:
    """The block a publisher's Opus encoder reads to decide on in-band FEC.

    The encoder protects its frames as strongly as `fraction_lost` says. It hears of us alone, and
    its own line may be clean while a listener's is not: so the worst smoothed loss of the listeners
    counts too. Only the fraction: bandwidth estimators take the cumulative count, which stays true.
    """
    if encoding.track.kind != "audio":
        return block
    heard = min(MAX_HEARD_LOSS, encoding.heard_loss(now))
    fraction = int(heard * 256)
    if heard < MIN_HEARD_LOSS or fraction <= block.fraction_lost:
        return block
    return replace(block, fraction_lost=fraction)


def _codec_of(
    track: UpTrack, buffer: Buffer, start: int, end: int
) -> tuple[Codec | None, red.Red | None]:
    """By payload type; of redundant audio also what it is made of: that names its codec inside."""
    payload_type = buffer[1] & 0x7F
    codec = track.codecs.get(payload_type)
    if codec is not None:
        return codec, None
    codec = track.red.get(payload_type)
    redundant = red.parse(buffer, start, end) if codec is not None else None
    if codec is None or redundant is None or redundant.payload_type != codec.payload_type:
        return None, None
    return codec, redundant


def _without_redundancy(
    buffer: bytearray, start: int, primary: int, end: int, payload_type: int
) -> bytes:
    """The packet as if it had been sent without redundancy and padding."""
    head = bytearray(buffer[:start])
    head[0] &= 0xDF
    head[1] = head[1] & 0x80 | payload_type
    return bytes(head) + bytes(memoryview(buffer)[primary:end])
