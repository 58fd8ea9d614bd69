"""The offer a light client writes, and what it reads from the answer.

One offer, one answer, no renegotiation: send sections first, then receive sections (slots). The
lines are those browsers write (RFC 8829), with one codec per kind: VP8 + RTX, Opus.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

MID_URI = "urn:ietf:params:rtp-hdrext:sdes:mid"
RID_URI = "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id"
REPAIRED_RID_URI = "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id"
AUDIO_LEVEL_URI = "urn:ietf:params:rtp-hdrext:ssrc-audio-level"
SEND_TIME_URI = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"
TRANSPORT_CC_URI = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"

# Chromium's numbers, so that a server meets what it meets from browsers
EXTENSION_IDS = {
    AUDIO_LEVEL_URI: 1,
    SEND_TIME_URI: 2,
    TRANSPORT_CC_URI: 3,
    MID_URI: 4,
    RID_URI: 10,
    REPAIRED_RID_URI: 11,
}
VP8_TYPE = 96
RTX_TYPE = 97
OPUS_TYPE = 111


class Direction(StrEnum):
    SEND = "sendonly"
    RECEIVE = "recvonly"


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One m-line of an offer."""

    kind: str  # "audio" | "video"
    direction: Direction
    rids: tuple[str, ...] = ()  # simulcast layers, smallest first; empty: one stream
    ssrc: int = 0  # 0: not announced (simulcast, trackless, receive)
    rtx_ssrc: int = 0
    transport_cc: bool = True  # offer transport-wide feedback


def new_ssrc() -> int:
    return secrets.randbelow(2**32 - 1) + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaPlan:
    """What a peer sends and how much it can receive."""

    microphone: bool = False
    camera: bool = False
    rids: tuple[str, ...] = ()  # simulcast layers of the camera
    screen: bool = False  # a send section without a track, as browsers offer it
    audio_slots: int = 0
    video_slots: int = 0
    transport_cc: bool = True  # of the slots; False: a receiver that reports loss alone

    def sections(self) -> list[Section]:
        """Send sections, then slots."""
        send, receive = Direction.SEND, Direction.RECEIVE
        sections = []
        if self.microphone:
            sections.append(Section(kind="audio", direction=send, ssrc=new_ssrc()))
        if self.camera:
            single = () if self.rids else (new_ssrc(), new_ssrc())
            ssrc, rtx_ssrc = single or (0, 0)
            sections.append(
                Section(kind="video", direction=send, rids=self.rids, ssrc=ssrc, rtx_ssrc=rtx_ssrc)
            )
        if self.screen:
            sections.append(Section(kind="video", direction=send))
        for kind, count in (("audio", self.audio_slots), ("video", self.video_slots)):
            slot = Section(kind=kind, direction=receive, transport_cc=self.transport_cc)
            sections += [slot] * count
        return sections


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """Local ICE credentials (RFC 8839 section 5.4)."""

    ufrag: str = field(default_factory=lambda: secrets.token_hex(4))
    password: str = field(default_factory=lambda: secrets.token_hex(12))


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerSection:
    """What the answer says about one m-line."""

    mid: str
    kind: str
    accepted: bool
    extensions: dict[str, int]  # URI -> id
    rids: tuple[str, ...]  # simulcast layers the server wants, in its order


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a client needs from an answer."""

    ufrag: str
    password: str
    fingerprints: tuple[tuple[str, str], ...]  # (algorithm, value)
    passive: bool  # True: the server waits for our DTLS hello
    candidates: tuple[tuple[str, int], ...]  # UDP addresses, best first
    sections: tuple[AnswerSection, ...]


class BadAnswer(Exception):
    """The server's answer lacks something or is not SDP."""


def write_offer(
    sections: Sequence[Section],
    credentials: Credentials,
    fingerprints: Sequence[tuple[str, str]],
    address: tuple[str, int],
    *,
    stream: str = "diemcau",
) -> str:
    """The offer; the mid of a section is its position. `address`: our one host candidate."""
    lines = [
        "v=0",
        f"o=- {secrets.randbits(62)} 2 IN IP4 127.0.0.1",
        "s=-",
        "t=0 0",
        "a=group:BUNDLE " + " ".join(str(mid) for mid in range(len(sections))),
        "a=extmap-allow-mixed",
        f"a=msid-semantic: WMS {stream}",
    ]
    transport = [
        f"a=ice-ufrag:{credentials.ufrag}",
        f"a=ice-pwd:{credentials.password}",
        *(f"a=fingerprint:{algorithm} {value}" for algorithm, value in fingerprints),
        "a=setup:actpass",
    ]
    candidate = (
        f"a=candidate:1 1 udp 2130706431 {address[0]} {address[1]} typ host",
        "a=end-of-candidates",
    )
    for mid, section in enumerate(sections):
        lines += _media_line(section)
        lines += transport
        if mid == 0:
            lines += candidate
        lines += [f"a=mid:{mid}", f"a={section.direction}"]
        lines += _codec_lines(section)
        if section.direction is Direction.SEND:
            lines += _source_lines(section, f"{stream} {section.kind}-{mid}")
    return "\r\n".join(lines) + "\r\n"


def _media_line(section: Section) -> list[str]:
    types = f"{VP8_TYPE} {RTX_TYPE}" if section.kind == "video" else f"{OPUS_TYPE}"
    return [f"m={section.kind} 9 UDP/TLS/RTP/SAVPF {types}", "c=IN IP4 0.0.0.0"]


def _codec_lines(section: Section) -> list[str]:
    audio_only = {AUDIO_LEVEL_URI}
    video_only = {RID_URI, REPAIRED_RID_URI}
    unfit = video_only if section.kind == "audio" else audio_only
    if not section.transport_cc:
        unfit |= {TRANSPORT_CC_URI}
    lines = [f"a=extmap:{id_} {uri}" for uri, id_ in EXTENSION_IDS.items() if uri not in unfit]
    lines += ["a=rtcp-mux", "a=rtcp-rsize"]
    if section.kind == "audio":
        return [
            *lines,
            f"a=rtpmap:{OPUS_TYPE} opus/48000/2",
            *[f"a=rtcp-fb:{OPUS_TYPE} transport-cc"] * section.transport_cc,
            f"a=fmtp:{OPUS_TYPE} minptime=10;useinbandfec=1",
        ]
    return [
        *lines,
        f"a=rtpmap:{VP8_TYPE} VP8/90000",
        f"a=rtcp-fb:{VP8_TYPE} goog-remb",
        *[f"a=rtcp-fb:{VP8_TYPE} transport-cc"] * section.transport_cc,
        f"a=rtcp-fb:{VP8_TYPE} ccm fir",
        f"a=rtcp-fb:{VP8_TYPE} nack",
        f"a=rtcp-fb:{VP8_TYPE} nack pli",
        f"a=rtpmap:{RTX_TYPE} rtx/90000",
        f"a=fmtp:{RTX_TYPE} apt={VP8_TYPE}",
    ]


def _source_lines(section: Section, msid: str) -> list[str]:
    lines = [f"a=msid:{msid}"]
    if section.rids:
        lines += [f"a=rid:{rid} send" for rid in section.rids]
        return [*lines, "a=simulcast:send " + ";".join(section.rids)]
    if section.ssrc and section.rtx_ssrc:
        lines.append(f"a=ssrc-group:FID {section.ssrc} {section.rtx_ssrc}")
    lines += [f"a=ssrc:{ssrc} cname:diemcau" for ssrc in (section.ssrc, section.rtx_ssrc) if ssrc]
    return lines


def read_answer(text: str) -> Answer:
    """Read an answer, ours or another server's.

    Raises:
        BadAnswer: no credentials, fingerprint, candidate or m-line, or a broken line.
    """
    session, *media = _split(text)
    first = media[0] if media else []
    attributes = [*session, *first]
    try:
        candidates = _candidates([line for part in media for line in part] + session)
        sections = tuple(_section(part) for part in media)
        prints = tuple(
            (algorithm.lower(), value)
            for algorithm, value in (
                line.split(" ", 1) for line in dict.fromkeys(_values(attributes, "fingerprint"))
            )
        )
    except (ValueError, IndexError) as error:
        raise BadAnswer(f"broken line in the answer: {error}") from None
    ufrag, password = _first(attributes, "ice-ufrag"), _first(attributes, "ice-pwd")
    if not (ufrag and password and prints and candidates and sections):
        raise BadAnswer("the answer lacks credentials, fingerprint, candidates or sections")
    return Answer(
        ufrag=ufrag,
        password=password,
        fingerprints=prints,
        passive=_first(attributes, "setup") != "active",
        candidates=candidates,
        sections=sections,
    )


def _split(text: str) -> list[list[str]]:
    """Session lines, then the lines of each m-section, m-line included."""
    parts: list[list[str]] = [[]]
    for line in text.replace("\r\n", "\n").split("\n"):
        if line.startswith("m="):
            parts.append([])
        if line:
            parts[-1].append(line)
    return parts


def _values(lines: Sequence[str], name: str) -> list[str]:
    prefix = f"a={name}:"
    return [line[len(prefix) :] for line in lines if line.startswith(prefix)]


def _first(lines: Sequence[str], name: str) -> str:
    return next(iter(_values(lines, name)), "")


def _candidates(lines: Sequence[str]) -> tuple[tuple[str, int], ...]:
    """IPv4 UDP candidates of component 1 by falling priority (RFC 8839 section 5.1)."""
    found: dict[tuple[str, int], int] = {}
    for value in _values(lines, "candidate"):
        _, component, protocol, priority, host, port = value.split()[:6]
        if component == "1" and protocol.lower() == "udp" and host.count(".") == 3:
            found[host, int(port)] = int(priority)
    return tuple(sorted(found, key=lambda address: -found[address]))


def _section(lines: Sequence[str]) -> AnswerSection:
    kind, port, *_ = lines[0][2:].split()
    mid = _first(lines, "mid")
    extensions: dict[str, int] = {}
    for value in _values(lines, "extmap"):
        id_, uri = value.split()[:2]
        extensions[uri] = int(id_.split("/")[0])
    layers = _first(lines, "simulcast").removeprefix("recv ").split(" ")[0]
    rids = tuple(rid.split(",")[0].lstrip("~") for rid in layers.split(";") if rid)
    return AnswerSection(
        mid=mid,
        kind=kind,
        accepted=(port != "0" or "a=bundle-only" in lines) and "a=inactive" not in lines,
        extensions=extensions,
        rids=rids,
    )
