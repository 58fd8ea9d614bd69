"""Feeds a packet dump to the cores, offline, and tells what they decide.

The cores are those of the service: sources and SSRCs, loss requests, key frame requests, layers,
voices. Time is that of the dump. What no dump holds (other peers of the room) is stood in for:
three slots of different heights that want the camera.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from media.drops import Counters
from media.dump import Kind, Record
from media.forward.layers import select_layer
from media.negotiated import NegotiatedMedia
from media.receive.ingress import Ingress
from media.receive.speakers import SpeakerSelector
from media.receive.up_track import Encoding
from media.rtp.packet import ParseError
from media.rtp.rtcp import FullIntraRequest, Nack, PictureLoss, Rtcp, parse
from media.rtp.transport_cc import TransportFeedback

POLL_S = 0.01
CHECK_S = 0.25
HEIGHTS = (1080, 360, 180)  # lines of the slots that want each picture
DEFAULT_RTT_S = 0.1


class Decision(NamedTuple):
    at: float  # seconds since the dump began
    core: str  # "source" | "nack" | "repair" | "key frame" | "layer" | "voice" | "told"
    what: str


@dataclass
class _Layers:
    chosen: dict[int, str] = field(default_factory=dict)  # wanted height -> name of the layer


class Replay:
    """One dump. `run` yields decisions in order; afterwards `summary` has the totals."""

    def __init__(self, media: NegotiatedMedia, rtt_s: float = DEFAULT_RTT_S) -> None:
        self.rtt_s = rtt_s
        self.counters = Counters()
        self.ingress = Ingress("a", media, self.counters)
        self.ingress.on_level = self._on_level
        for track in self.ingress.tracks:
            track.allowed = True
        self.speakers = SpeakerSelector(1)
        self._layers = {track.source: _Layers() for track in self.ingress.tracks}
        self._speaking = False
        self._repaired: dict[str, int] = {}
        self._poll_at = 0.0
        self._check_at = 0.0

    def run(self, records: Iterable[Record]) -> Iterator[Decision]:
        end = 0.0
        for record in records:
            yield from self._until(record.at)
            yield from self._take(record)
            end = max(end, record.at)
        yield from self._until(end + POLL_S)

    def _until(self, now: float) -> Iterator[Decision]:
        """The timers due before `now`; a silence in the dump is not stepped through."""
        self._poll_at = max(self._poll_at, now - 2.0)
        while self._poll_at <= now:
            yield from self._poll(self._poll_at)
            if self._poll_at >= self._check_at:
                self._check_at = self._poll_at + CHECK_S
                yield from self._choose(self._poll_at)
            self._poll_at += POLL_S

    def _take(self, record: Record) -> Iterator[Decision]:
        if record.kind is Kind.RTP_IN:
            yield from self._take_rtp(record)
        elif record.kind is Kind.RTCP_IN:
            for packet in _packets(record.data):
                self.ingress.on_rtcp(packet, record.at)
        else:
            for packet in _packets(record.data):
                text = _request(packet)
                if text:
                    yield Decision(record.at, "told", f"the service said then: {text}")

    def _take_rtp(self, record: Record) -> Iterator[Decision]:
        before = self.counters.get("repaired_in")
        packet = self.ingress.accept(bytearray(record.data), len(record.data), record.at)
        for encoding in self.ingress.new_encodings:
            yield Decision(
                record.at, "source", f"{name_of(encoding)} is SSRC {encoding.ssrc or 0:08x}"
            )
        self.ingress.new_encodings.clear()
        if packet is None:
            return
        if self.counters.get("repaired_in") > before:
            name = name_of(packet.encoding)
            yield Decision(record.at, "repair", f"{name} {packet.extended & 0xFFFF}")
        if packet.keyframe:
            size = f"{packet.encoding.width}x{packet.encoding.height}"
            yield Decision(record.at, "key frame", f"{name_of(packet.encoding)} {size}")
        if self.ingress.urgent:
            yield from self._poll(record.at)

    def _poll(self, now: float) -> Iterator[Decision]:
        for packet in self.ingress.poll(now, self.rtt_s):
            text = _request(packet)
            if text:
                kind = "nack" if isinstance(packet, Nack) else "key frame"
                yield Decision(now, kind, self._named(text))

    def _named(self, text: str) -> str:
        """Requests name sources, not SSRCs."""
        for track in self.ingress.tracks:
            for encoding in track.encodings.values():
                text = text.replace(f"{encoding.ssrc or 0:08x}", name_of(encoding))
        return text

    def _choose(self, now: float) -> Iterator[Decision]:
        for track in self.ingress.tracks:
            if track.kind == "video":
                keys = set(track.codec_keys.values())
                chosen = self._layers[track.source].chosen
                for height in HEIGHTS:
                    layer = select_layer(track.encodings.values(), height, keys, now)
                    name = "nothing" if layer is None else name_of(layer)
                    if chosen.get(height, "nothing") != name:
                        chosen[height] = name
                        yield Decision(now, "layer", f"{track.source} for {height} lines: {name}")
        self.speakers.update(now)
        voice = self.speakers.voices.get("a")
        speaking = voice is not None and voice.speaking(now)
        if speaking != self._speaking:
            self._speaking = speaking
            assert voice is not None
            state = "speaks" if speaking else "is silent"
            yield Decision(now, "voice", f"{state}, loudness {voice.loudness(now):.0f}")

    def _on_level(self, peer_id: str, dbov: int, now: float) -> None:
        self.speakers.add(peer_id, now).on_level(dbov, now)

    def summary(self) -> list[str]:
        """One line for each encoding, then what was dropped."""
        lines = []
        for track in self.ingress.tracks:
            for encoding in track.encodings.values():
                if encoding.first_at is None:
                    continue
                nack = encoding.nack
                lines.append(
                    f"{name_of(encoding):<12} {encoding.packets_in:>7} packets, "
                    f"{max(0, encoding.reception.lost):>5} lost, "
                    f"{nack.reordered if nack else 0:>5} reordered, "
                    f"{nack.given_up if nack else 0:>5} given up, "
                    f"jitter {encoding.reception.jitter_ms:.1f} ms"
                )
        drops = {n: c for n, c in sorted(self.counters.snapshot().items()) if n.startswith("drop_")}
        lines += [f"{name:<28} {count:>7}" for name, count in drops.items()]
        return lines


def name_of(encoding: Encoding) -> str:
    return f"{encoding.track.source} {encoding.rid}".rstrip()


def _packets(data: bytes) -> list[Rtcp]:
    try:
        return parse(data)
    except ParseError:
        return []


def _request(packet: Rtcp) -> str:
    """What a publisher is asked; "" for reports."""
    match packet:
        case Nack(_, ssrc, lost):
            return f"{ssrc:08x} again: {', '.join(map(str, lost[:12]))}{' …' * (len(lost) > 12)}"
        case PictureLoss(_, ssrc):
            return f"{ssrc:08x} key frame wanted"
        case FullIntraRequest(_, requests):
            return ", ".join(f"{ssrc:08x} key frame wanted" for ssrc, _ in requests)
        case TransportFeedback():
            return ""
        case _:
            return ""


def table(decisions: Iterable[Decision]) -> Iterator[str]:
    yield f"{'seconds':>9}  {'core':<10} decision"
    for decision in decisions:
        yield f"{decision.at:>9.3f}  {decision.core:<10} {decision.what}"
