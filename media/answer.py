"""Decide what to take of an offer, and write the answer.

An answer repeats the payload types and extension ids of its own offer; the packet path maps them
between peers. The fingerprint stands at session level: Firefox ends the page's process when bundled
m-lines after the first have none. Credentials and candidates stand in every m-line: aiortc asks for
the former in each and takes the latter from the last.

Source: RFC 8829 section 5.3, RFC 9143 (BUNDLE), RFC 8853 (simulcast), RFC 8839 (ICE).
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from media import negotiated
from media.negotiated import Codec, NegotiatedMedia, SignalledSsrc, SlotMedia, Uplink
from media.sdp import Format, Offer, OfferRefused, Section
from media.transport.ice import Credentials

VIDEO_ORIENTATION = "urn:3gpp:video-orientation"

_UPLINK_EXTENSIONS = {
    "audio": (negotiated.MID, negotiated.AUDIO_LEVEL, negotiated.TRANSPORT_CC),
    "video": (
        negotiated.MID,
        negotiated.RID,
        negotiated.REPAIRED_RID,
        negotiated.TRANSPORT_CC,
        VIDEO_ORIENTATION,
    ),
}
_SLOT_EXTENSIONS = {
    "audio": (negotiated.MID, negotiated.AUDIO_LEVEL, negotiated.TRANSPORT_CC),
    "video": (negotiated.MID, negotiated.TRANSPORT_CC, VIDEO_ORIENTATION),
}
_SOURCES = {"audio": ("microphone",), "video": ("camera", "screen")}
_UNDERSTOOD = {"audio": ("opus",), "video": ("vp8", "h264")}
_FALLBACK = {"audio": (), "video": ("vp9", "av1")}  # forwarded, their layers not understood
_FMTP_KEPT = ("level-asymmetry-allowed", "packetization-mode", "profile-level-id", "profile-id")
_LAYERS = 3
VOICE_BPS = 24_000  # fullband speech; 52 kbit/s on the line, so that one voice fits into 64
_UDP_HOST, _TCP_HOST = 126, 90  # type preferences


@dataclass(frozen=True, slots=True)
class LocalTransport:
    """Our end of the transport, for the answer."""

    credentials: Credentials
    fingerprint: str  # SHA-256, upper-case hex pairs
    candidates: tuple[tuple[str, int], ...]  # UDP host addresses, best first
    tcp_candidates: tuple[tuple[str, int], ...] = ()  # of passive TCP, best first


def negotiate(offer: Offer, draw_ssrc: Callable[[], int]) -> NegotiatedMedia:
    """Assign sources and slots to the m-lines of an offer.

    Args:
        draw_ssrc: random 32-bit numbers; zero and repeated ones are drawn again.

    Raises:
        OfferRefused: "no-known-codec" when no m-line can be taken.
    """
    draws = _distinct(draw_ssrc, {s for section in offer.sections for s in section.ssrcs})
    uplinks: list[Uplink] = []
    slots: list[SlotMedia] = []
    free = {kind: list(names) for kind, names in _SOURCES.items()}
    by_stream = _reports_by_stream(s for s in offer.sections if s.direction == "recvonly")
    for section in offer.sections:
        codecs = _codecs(section)
        if not codecs or not _usable(offer, section):
            continue
        if section.direction == "recvonly":
            index = sum(slot.kind == section.kind for slot in slots)
            slots.append(_slot(section, index, codecs, draws, by_stream))
        elif section.direction != "inactive" and free[section.kind]:
            uplinks.append(_uplink(section, free[section.kind].pop(0), codecs))
    if not uplinks and not slots:
        raise OfferRefused("no-known-codec", "no m-line with Opus, VP8 or H.264 can be taken")
    return NegotiatedMedia(
        uplinks=tuple(uplinks),
        slots=tuple(slots),
        local_ssrc=draws(),
        by_stream=by_stream and bool(slots),
    )


def check_restart(offer: Offer, media: NegotiatedMedia) -> None:
    """An ICE restart keeps its m-lines.

    Raises:
        OfferRefused: "malformed".
    """
    kinds = {section.mid: section.kind for section in offer.sections}
    for part in _parts(media):
        if kinds.get(part.mid) != part.kind:
            raise OfferRefused("malformed", f"the restart lacks m-line {part.mid}")


def write_answer(
    offer: Offer, media: NegotiatedMedia, local: LocalTransport, session_id: int, version: int
) -> str:
    """The answer as SDP, lines ended by CRLF.

    Args:
        session_id: of the o= line, the same for all answers of a transport.
        version: of the o= line, one more for each answer.
    """
    parts = {part.mid: part for part in _parts(media)}
    taken = [section.mid for section in offer.sections if section.mid in parts]
    first, port = (local.candidates or local.tcp_candidates)[0]
    host = _family_and_host(first)
    lines = [
        "v=0",
        f"o=- {session_id} {version} IN IP4 127.0.0.1",
        "s=-",
        "t=0 0",
        "a=ice-lite",
        f"a=fingerprint:sha-256 {local.fingerprint}",
        "a=msid-semantic: WMS *",
    ]
    if offer.bundle:
        lines.append(f"a=group:BUNDLE {' '.join(taken)}")
    if offer.allow_mixed:
        lines.append("a=extmap-allow-mixed")
    for section in offer.sections:
        part = parts.get(section.mid)
        if part is None:
            lines += _rejected(section, host)
            continue
        setup = "active" if offer.dtls_role == "client" else "passive"
        lines += _opening(section, part, port, host, local.credentials, setup)
        lines += _candidates(local)
        lines += _uplink_lines(part) if isinstance(part, Uplink) else _slot_lines(part, media)
    return "\r\n".join(lines) + "\r\n"


# Negotiation


def _distinct(draw: Callable[[], int], used: set[int]) -> Callable[[], int]:
    def next_ssrc() -> int:
        while (number := draw()) == 0 or number in used:
            pass
        used.add(number)
        return number

    return next_ssrc


def _usable(offer: Offer, section: Section) -> bool:
    """One transport carries everything, so a section outside of the bundle cannot be taken."""
    bundled = section.mid in offer.bundle if offer.bundle else section is offer.sections[0]
    return (
        section.offered and bundled and section.rtcp_mux and section.protocol.endswith("RTP/SAVPF")
    )


def _codecs(section: Section) -> tuple[Codec, ...]:
    """Known codecs of a section, best first; VP9 and AV1 only where nothing better is offered."""
    if section.kind not in _SOURCES:
        return ()
    names = _UNDERSTOOD[section.kind]
    formats = [f for f in section.formats.values() if f.name in names and _playable(f)]
    if not formats:
        names = _FALLBACK[section.kind]
        formats = [f for f in section.formats.values() if f.name in names and _playable(f)]
    formats.sort(key=lambda f: (names.index(f.name), not _constrained_baseline(f)))
    codecs: dict[str, Codec] = {}
    for format_ in formats:
        codec = _codec(section, format_)
        codecs.setdefault(codec.key, codec)
    return tuple(codecs.values())


def _playable(format_: Format) -> bool:
    if format_.name == "opus":
        return format_.clock_hz == 48000 and format_.channels == 2
    if format_.name == "h264" and format_.parameters.get("packetization-mode") != "1":
        return False
    return format_.clock_hz == 90000


def _constrained_baseline(format_: Format) -> bool:
    """The H.264 profile every receiver shares. RFC 7742 section 6.2."""
    return format_.parameters.get("profile-level-id", "").lower().startswith("42e0")


def _codec(section: Section, format_: Format) -> Codec:
    rtx = [
        other.payload_type
        for other in section.formats.values()
        if other.name == "rtx" and other.apt == format_.payload_type
    ]
    red = [
        other.payload_type
        for other in section.formats.values()
        if other.name == "red"
        and (other.clock_hz, other.channels) == (format_.clock_hz, format_.channels)
        and set(other.blocks) == {format_.payload_type}
    ]
    fmtp = [
        f"{name}={format_.parameters[name]}"
        for name in _FMTP_KEPT
        if name in format_.parameters and format_.parameters[name].isalnum()
    ]
    if format_.name == "opus":
        fmtp = ["minptime=10", "useinbandfec=1"]
        if section.direction != "recvonly":
            fmtp.append("usedtx=1")  # a muted microphone sends 5 packets a second instead of 50
            fmtp.append(f"maxaveragebitrate={VOICE_BPS}")
    return Codec(
        payload_type=format_.payload_type,
        name=_SPELLING.get(format_.name, format_.name.upper()),
        clock_hz=format_.clock_hz,
        channels=format_.channels,
        fmtp=";".join(fmtp),
        nack="nack" in format_.feedback,
        pli="nack pli" in format_.feedback,
        fir="ccm fir" in format_.feedback,
        rtx_payload_type=rtx[0] if rtx else None,
        red_payload_type=red[0] if red else None,
    )


_SPELLING = {"opus": "opus"}


def _uplink(section: Section, source: str, codecs: tuple[Codec, ...]) -> Uplink:
    rids = section.send_rids[:_LAYERS] if source == "camera" else ()
    extensions = _extensions(section, _UPLINK_EXTENSIONS)
    if negotiated.RID not in extensions:
        rids = ()  # nothing would tell the layers apart
    return Uplink(
        mid=section.mid,
        kind=section.kind,
        source=source,
        codecs=codecs[:1],  # one: the publisher is told which
        extensions=extensions,
        rids=rids,
        ssrcs=_signalled(section, rids),
    )


def _signalled(section: Section, rids: tuple[str, ...]) -> tuple[SignalledSsrc, ...]:
    """Primary SSRCs in the order of the offer; Firefox lists simulcast layers in rid order."""
    repairs = set(section.fid.values())
    primary = [ssrc for ssrc in section.ssrcs if ssrc not in repairs]
    named = dict(zip(primary, rids, strict=False)) if len(primary) == len(rids) else {}
    return tuple(
        SignalledSsrc(ssrc=ssrc, rtx_ssrc=section.fid.get(ssrc), rid=named.get(ssrc))
        for ssrc in primary
    )


def _slot(
    section: Section,
    index: int,
    codecs: tuple[Codec, ...],
    draw: Callable[[], int],
    by_stream: bool,
) -> SlotMedia:
    repairs = any(codec.rtx_payload_type is not None for codec in codecs)
    return SlotMedia(
        mid=section.mid,
        kind=section.kind,
        index=index,
        ssrc=draw(),
        rtx_ssrc=draw() if repairs else None,
        codecs=codecs,
        extensions=_extensions(section, _SLOT_EXTENSIONS, numbered=by_stream),
    )


def _extensions(
    section: Section, known: Mapping[str, tuple[str, ...]], *, numbered: bool = False
) -> dict[str, int]:
    return {
        uri: section.extensions[uri]
        for uri in known[section.kind]
        if uri in section.extensions
        and (uri != negotiated.TRANSPORT_CC or numbered or _answers_arrivals(section))
    }


def _reports_by_stream(sections: Iterable[Section]) -> bool:
    """Whether arrivals can be told by RFC 8888 alone. Packets are numbered all the same: the
    estimator keeps them by that number."""
    return all(
        section.kind not in _SOURCES
        or (
            negotiated.TRANSPORT_CC in section.extensions
            and not _answers_arrivals(section)
            and any("ack ccfb" in format_.feedback for format_ in section.formats.values())
        )
        for section in sections
    )


def _answers_arrivals(section: Section) -> bool:
    return any("transport-cc" in format_.feedback for format_ in section.formats.values())


# Writing


def _parts(media: NegotiatedMedia) -> list[Uplink | SlotMedia]:
    return [*media.uplinks, *media.slots]


def _rejected(section: Section, host: str) -> list[str]:
    return [
        f"m={section.kind} 0 {section.protocol} {section.tokens[0]}",
        f"c=IN {host}",
        f"a=mid:{section.mid}",
        "a=inactive",
    ]


def _opening(
    section: Section,
    part: Uplink | SlotMedia,
    port: int,
    host: str,
    credentials: Credentials,
    setup: str,
) -> list[str]:
    numbers = [str(number) for number in _payload_types(part)]
    return [
        f"m={section.kind} {port} {section.protocol} {' '.join(numbers)}",
        f"c=IN {host}",
        f"a=mid:{section.mid}",
        f"a=ice-ufrag:{credentials.ufrag}",
        f"a=ice-pwd:{credentials.password}",
        f"a=setup:{setup}",
        "a=rtcp-mux",
        "a=rtcp-rsize",
        *(f"a=extmap:{number} {uri}" for uri, number in part.extensions.items()),
    ]


def _payload_types(part: Uplink | SlotMedia) -> Iterable[int]:
    """Best first: a publisher that is offered redundancy first sends it."""
    for codec in part.codecs:
        if codec.red_payload_type is not None and isinstance(part, Uplink):
            yield codec.red_payload_type
        yield codec.payload_type
        if codec.red_payload_type is not None and isinstance(part, SlotMedia):
            yield codec.red_payload_type
        if codec.rtx_payload_type is not None:
            yield codec.rtx_payload_type


def _candidates(local: LocalTransport) -> list[str]:
    """Host candidates of component 1, UDP before TCP: RFC 8445 section 5.1.2.1, RFC 6544 section
    4.2 (direction preference of passive candidates: 4)."""
    lines = []
    for order, (host, port) in enumerate(local.candidates):
        priority = (_UDP_HOST << 24) + ((65535 - order) << 8) + 255
        lines.append(f"a=candidate:{order + 1} 1 udp {priority} {host} {port} typ host")
    for order, (host, port) in enumerate(local.tcp_candidates):
        priority = (_TCP_HOST << 24) + (((4 << 13) + 8191 - order) << 8) + 255
        number = len(local.candidates) + order + 1
        lines.append(
            f"a=candidate:{number} 1 tcp {priority} {host} {port} typ host tcptype passive"
        )
    return [*lines, "a=end-of-candidates"]


def _codec_lines(codec: Codec, transport_cc: bool) -> list[str]:
    number = codec.payload_type
    channels = f"/{codec.channels}" if codec.channels > 1 else ""
    lines = [f"a=rtpmap:{number} {codec.name}/{codec.clock_hz}{channels}"]
    if codec.fmtp:
        lines.append(f"a=fmtp:{number} {codec.fmtp}")
    feedback = {
        "nack": codec.nack,
        "nack pli": codec.pli,
        "ccm fir": codec.fir,
        "transport-cc": transport_cc,
    }
    lines += [f"a=rtcp-fb:{number} {kind}" for kind, given in feedback.items() if given]
    if codec.red_payload_type is not None:
        lines.append(f"a=rtpmap:{codec.red_payload_type} red/{codec.clock_hz}{channels}")
        lines.append(f"a=fmtp:{codec.red_payload_type} {number}/{number}")
    if codec.rtx_payload_type is not None:
        lines.append(f"a=rtpmap:{codec.rtx_payload_type} rtx/{codec.clock_hz}")
        lines.append(f"a=fmtp:{codec.rtx_payload_type} apt={number}")
    return lines


def _uplink_lines(uplink: Uplink) -> list[str]:
    lines = ["a=recvonly"]
    for codec in uplink.codecs:
        lines += _codec_lines(codec, negotiated.TRANSPORT_CC in uplink.extensions)
    if uplink.rids:
        lines += [f"a=rid:{rid} recv" for rid in uplink.rids]
        lines.append(f"a=simulcast:recv {';'.join(uplink.rids)}")
    return lines


def _slot_lines(slot: SlotMedia, media: NegotiatedMedia) -> list[str]:
    """A slot. Main picture and main voice share a stream, so that a browser keeps them together."""
    lines = ["a=sendonly"]
    for codec in slot.codecs:
        numbered = negotiated.TRANSPORT_CC in slot.extensions
        lines += _codec_lines(codec, numbered and not media.by_stream)
    if media.by_stream:
        lines.append("a=rtcp-fb:* ack ccfb")
    stream = "main" if slot.index == 0 else f"slot{slot.mid}"
    lines.append(f"a=msid:{stream} {slot.kind}{slot.index}")
    if slot.rtx_ssrc is not None:
        lines.append(f"a=ssrc-group:FID {slot.ssrc} {slot.rtx_ssrc}")
    lines.append(f"a=ssrc:{slot.ssrc} cname:{media.cname}")
    if slot.rtx_ssrc is not None:
        lines.append(f"a=ssrc:{slot.rtx_ssrc} cname:{media.cname}")
    return lines


def _family_and_host(host: str) -> str:
    return f"IP6 {host}" if ":" in host else f"IP4 {host}"
