"""Read an SDP offer: browsers, aiortc, WHIP encoders and WHEP players.

Tolerant where offers differ, strict in what it keeps: every value that an answer repeats (mid, rid,
payload type, H.264 profile) has passed a pattern here. What to answer is decided in `answer.py`.

Source: RFC 8866 (SDP), RFC 8829 (JSEP), RFC 8853 (simulcast), RFC 8285 (extmap).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

MAX_OFFER_BYTES = 256 * 1024  # Chromium with 4+49 slots offers 266 kB before codec preferences
MAX_SECTIONS = 128

# Hash functions accepted in a=fingerprint, with the bytes of a digest. RFC 8122 section 5.
FINGERPRINT_BYTES = {"sha-256": 32, "sha-384": 48, "sha-512": 64}

_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`{|}~-]{1,32}")  # RFC 8866 token, bounded for mid
_WORD = re.compile(r"[A-Za-z0-9/._-]{1,32}")
_RID = re.compile(r"[A-Za-z0-9_-]{1,16}")  # RFC 8852 section 3.1; 16 fit a one-byte extension
_ICE_UFRAG = re.compile(r"[A-Za-z0-9+/=_-]{4,256}")  # RFC 8839 section 5.4; "=_-" seen in the wild
_ICE_PASSWORD = re.compile(r"[A-Za-z0-9+/=_-]{22,256}")
_HEX_PAIRS = re.compile(r"[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2})*")
_RTPMAP = re.compile(r"([0-9]{1,3}) ([A-Za-z0-9._-]{1,32})/([0-9]{1,7})(?:/([0-9]{1,2}))?")
_EXTMAP = re.compile(r"([0-9]{1,3})(?:/[a-z]+)? (\S{1,256})(?: .*)?")
_RED_BLOCKS = re.compile(r"[0-9]{1,3}(/[0-9]{1,3}){1,7}")  # RFC 2198 section 5
_NUMBER_AND_TEXT = re.compile(r"([0-9]{1,10})(?: (.*))?")

FEEDBACK = frozenset({"nack", "nack pli", "ccm fir", "transport-cc", "ack ccfb"})  # what we answer
DIRECTIONS = ("sendrecv", "sendonly", "recvonly", "inactive")


class OfferRefused(Exception):
    """This offer cannot be taken.

    `code` is one of those in `media.control.Failed`: "malformed", "no-fingerprint",
    "no-known-codec", "too-large". `detail` is English and quotes nothing of the offer but mids.
    """

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail


@dataclass(slots=True)
class Format:
    """One payload type of a section, from its rtpmap, fmtp and rtcp-fb lines."""

    payload_type: int
    name: str  # lower case
    clock_hz: int
    channels: int
    parameters: dict[str, str] = field(default_factory=dict)
    feedback: set[str] = field(default_factory=set)  # of `FEEDBACK`
    blocks: tuple[int, ...] = ()  # of red: the payload types of its blocks

    @property
    def apt(self) -> int | None:
        """The payload type an rtx codec repairs. RFC 4588 section 8.6."""
        value = self.parameters.get("apt", "")
        return int(value) if re.fullmatch(r"[0-9]{1,3}", value) else None


DtlsRole = Literal["server", "client"]


@dataclass(slots=True)
class Section:
    """One m-line with the attributes that matter to us."""

    kind: str  # "audio", "video", or what else the offer has
    port: int
    protocol: str
    tokens: tuple[str, ...]  # the m-line's format list
    mid: str = ""
    direction: str = "sendrecv"
    bundle_only: bool = False
    rtcp_mux: bool = False
    ice_ufrag: str | None = None
    ice_password: str | None = None
    setup: str | None = None
    fingerprints: list[tuple[str, str]] = field(default_factory=list)
    formats: dict[int, Format] = field(default_factory=dict)  # in the order of the m-line
    extensions: dict[str, int] = field(default_factory=dict)  # URI -> id 1…14
    send_rids: tuple[str, ...] = ()  # in the order of a=simulcast, all announced by a=rid
    ssrcs: tuple[int, ...] = ()
    fid: dict[int, int] = field(default_factory=dict)  # media SSRC -> RTX SSRC

    @property
    def offered(self) -> bool:
        """Port 0 rejects a section unless it is bundle-only (RFC 9143 section 6)."""
        return self.port != 0 or self.bundle_only


@dataclass(frozen=True, slots=True)
class Offer:
    """A parsed offer."""

    sections: tuple[Section, ...]
    bundle: tuple[str, ...]  # mids of the first BUNDLE group; empty when there is none
    fingerprints: tuple[tuple[str, str], ...]  # (hash function, upper-case hex pairs)
    dtls_role: DtlsRole  # ours: "client" only for an offerer that insists on a=setup:passive
    allow_mixed: bool  # a=extmap-allow-mixed: RFC 8285 section 6

    def __repr__(self) -> str:
        return f"<Offer of {len(self.sections)} sections>"  # credentials stay out of logs


def parse_offer(text: str) -> Offer:
    """Parse an offer.

    Raises:
        OfferRefused: "too-large", "malformed", "no-fingerprint".
    """
    if len(text) > MAX_OFFER_BYTES or len(text.encode("utf-8", "replace")) > MAX_OFFER_BYTES:
        raise OfferRefused("too-large", f"an offer is at most {MAX_OFFER_BYTES} bytes")
    if not text.startswith("v=0"):
        raise OfferRefused("malformed", "not a session description")
    session, blocks = _blocks(text)
    if not blocks:
        raise OfferRefused("malformed", "no m-line")
    if len(blocks) > MAX_SECTIONS:
        raise OfferRefused("too-large", f"an offer has at most {MAX_SECTIONS} m-lines")
    general = Section(kind="", port=0, protocol="", tokens=())
    for name, value in _attributes(session):
        _take_attribute(general, name, value)
    sections = tuple(_section(block, general.direction) for block in blocks)
    _check_mids(sections)
    bundle = _bundle(session)
    tagged = _tagged_section(sections, bundle)
    _check_transport(tagged, general)
    return Offer(
        sections=sections,
        bundle=bundle,
        fingerprints=tuple(tagged.fingerprints or general.fingerprints),
        dtls_role=_dtls_role(tagged, general),
        allow_mixed=any(name == "extmap-allow-mixed" for name, _ in _attributes(session)),
    )


def _blocks(text: str) -> tuple[list[str], list[list[str]]]:
    """Session lines, and the lines of each m-section."""
    session: list[str] = []
    blocks: list[list[str]] = []
    for line in text.replace("\r\n", "\n").split("\n"):
        line = line.rstrip()
        if line.startswith("m="):
            blocks.append([line])
        elif blocks:
            blocks[-1].append(line)
        else:
            session.append(line)
    return session, blocks


def _attributes(lines: list[str]) -> Iterator[tuple[str, str]]:
    for line in lines:
        if line.startswith("a="):
            name, _, value = line[2:].partition(":")
            yield name, value.strip()


def _section(block: list[str], direction: str) -> Section:
    fields = block[0][2:].split()
    if len(fields) < 4 or not re.fullmatch(r"[0-9]{1,5}", fields[1]):
        raise OfferRefused("malformed", "an m-line lacks port, protocol or formats")
    if not all(_WORD.fullmatch(word) for word in (fields[0], *fields[2:4])):
        raise OfferRefused("malformed", "an m-line holds an unusual token")
    section = Section(
        kind=fields[0],
        port=int(fields[1]),
        protocol=fields[2],
        tokens=tuple(fields[3:]),
        direction=direction,
    )
    mapped: dict[int, Format] = {}
    attributes = list(_attributes(block))
    for name, value in attributes:
        if name == "rtpmap":
            _take_rtpmap(mapped, value)
    for name, value in attributes:
        if name == "fmtp":
            _take_fmtp(mapped, value)
        elif name == "rtcp-fb":
            _take_feedback(mapped, value)
        else:
            _take_attribute(section, name, value)
    section.formats = _in_order(section.tokens, mapped)
    section.send_rids = _send_rids(attributes)
    return section


def _in_order(tokens: tuple[str, ...], mapped: dict[int, Format]) -> dict[int, Format]:
    order = (int(text) for text in tokens if re.fullmatch(r"[0-9]{1,3}", text))
    return {number: mapped[number] for number in order if number in mapped}


def _take_attribute(section: Section, name: str, value: str) -> None:
    """Keep one attribute; unknown ones and those out of bounds are left aside."""
    taker = _TAKERS.get(name)
    if taker is not None:
        taker(section, value)
    elif name in DIRECTIONS:
        section.direction = name


def _take_mid(section: Section, value: str) -> None:
    if not _TOKEN.fullmatch(value):
        raise OfferRefused("malformed", "a=mid is not a token of 1 to 32 characters")
    section.mid = value


def _take_fingerprint(section: Section, value: str) -> None:
    algorithm, _, digest = value.partition(" ")
    algorithm = algorithm.lower()
    size = FINGERPRINT_BYTES.get(algorithm)
    if size and _HEX_PAIRS.fullmatch(digest) and len(digest) == 3 * size - 1:
        section.fingerprints.append((algorithm, digest.upper()))


def _take_extmap(section: Section, value: str) -> None:
    match = _EXTMAP.fullmatch(value)
    if match is None:
        return
    number, uri = int(match[1]), match[2]
    if 1 <= number <= 14 and uri not in section.extensions:
        section.extensions[uri] = number


def _take_ssrc(section: Section, value: str) -> None:
    match = _NUMBER_AND_TEXT.fullmatch(value)
    if match is None:
        return
    number = int(match[1])
    if 0 < number < 2**32 and number not in section.ssrcs:
        section.ssrcs = (*section.ssrcs[:31], number)


def _take_ssrc_group(section: Section, value: str) -> None:
    match = re.fullmatch(r"FID ([0-9]{1,10}) ([0-9]{1,10})", value)
    if match and int(match[1]) < 2**32 and int(match[2]) < 2**32:
        section.fid[int(match[1])] = int(match[2])


def _take_ice_ufrag(section: Section, value: str) -> None:
    section.ice_ufrag = value if _ICE_UFRAG.fullmatch(value) else None


def _take_ice_password(section: Section, value: str) -> None:
    section.ice_password = value if _ICE_PASSWORD.fullmatch(value) else None


def _take_setup(section: Section, value: str) -> None:
    section.setup = value


def _take_bundle_only(section: Section, value: str) -> None:
    section.bundle_only = True


def _take_rtcp_mux(section: Section, value: str) -> None:
    section.rtcp_mux = True


_TAKERS = {
    "mid": _take_mid,
    "fingerprint": _take_fingerprint,
    "extmap": _take_extmap,
    "ssrc": _take_ssrc,
    "ssrc-group": _take_ssrc_group,
    "ice-ufrag": _take_ice_ufrag,
    "ice-pwd": _take_ice_password,
    "setup": _take_setup,
    "bundle-only": _take_bundle_only,
    "rtcp-mux": _take_rtcp_mux,
}


def _take_rtpmap(formats: dict[int, Format], value: str) -> None:
    match = _RTPMAP.fullmatch(value)
    if match is None:
        return
    number = int(match[1])
    # 64…95 would be taken for RTCP on a multiplexed transport: RFC 5761 section 4.
    if number > 127 or 64 <= number <= 95:
        return
    formats[number] = Format(
        payload_type=number,
        name=match[2].lower(),
        clock_hz=int(match[3]),
        channels=int(match[4] or 1),
    )


def _take_fmtp(formats: dict[int, Format], value: str) -> None:
    match = _NUMBER_AND_TEXT.fullmatch(value)
    format_ = formats.get(int(match[1])) if match else None
    if match is None or format_ is None:
        return
    if _RED_BLOCKS.fullmatch(match[2] or ""):
        format_.blocks = tuple(int(number) for number in match[2].split("/"))
        return
    for part in (match[2] or "").split(";")[:32]:
        name, equals, text = part.strip().partition("=")
        if equals:
            format_.parameters[name.lower()] = text


def _take_feedback(formats: dict[int, Format], value: str) -> None:
    target, _, kind = value.partition(" ")
    if kind not in FEEDBACK:
        return
    if target == "*":
        for format_ in formats.values():
            format_.feedback.add(kind)
    elif re.fullmatch(r"[0-9]{1,3}", target) and int(target) in formats:
        formats[int(target)].feedback.add(kind)


def _send_rids(attributes: list[tuple[str, str]]) -> tuple[str, ...]:
    """Layers of `a=simulcast:send`, first alternative of each, in its order.

    RFC 8853 section 5.1: ";" separates layers, "," alternatives, "~" marks a paused one.
    """
    announced = set()
    layers: list[str] = []
    for name, value in attributes:
        words = value.split()
        if name == "rid" and len(words) >= 2 and words[1] == "send" and _RID.fullmatch(words[0]):
            announced.add(words[0])
        elif name == "simulcast" and "send" in words[:-1]:
            described = words[words.index("send") + 1]
            layers = [layer.split(",")[0].lstrip("~") for layer in described.split(";")]
    return tuple(dict.fromkeys(layer for layer in layers if layer in announced))[:8]


def _check_mids(sections: tuple[Section, ...]) -> None:
    mids = [section.mid for section in sections]
    if not all(mids):
        raise OfferRefused("malformed", "every m-line needs a=mid")
    if len(set(mids)) != len(mids):
        raise OfferRefused("malformed", "two m-lines share a mid")


def _bundle(session: list[str]) -> tuple[str, ...]:
    for name, value in _attributes(session):
        words = value.split()
        if name == "group" and words and words[0] == "BUNDLE":
            return tuple(words[1:])
    return ()


def _tagged_section(sections: tuple[Section, ...], bundle: tuple[str, ...]) -> Section:
    """The section whose transport values count for the bundle. RFC 9143 section 7.2."""
    for section in sections:
        if bundle and section.mid == bundle[0]:
            return section
    return sections[0]


def _check_transport(tagged: Section, general: Section) -> None:
    """An ICE-lite server never sends checks, so the offer's credentials need only be there."""
    if not (tagged.fingerprints or general.fingerprints):
        raise OfferRefused("no-fingerprint", "no a=fingerprint of SHA-256, SHA-384 or SHA-512")
    if not (tagged.ice_ufrag or general.ice_ufrag):
        raise OfferRefused("malformed", "no valid a=ice-ufrag")
    if not (tagged.ice_password or general.ice_password):
        raise OfferRefused("malformed", "no valid a=ice-pwd")
    if (tagged.setup or general.setup or "actpass") not in ("actpass", "active", "passive"):
        raise OfferRefused("malformed", "a=setup must be actpass, active or passive")


def _dtls_role(tagged: Section, general: Section) -> DtlsRole:
    """Our role. RFC 8842 section 5.3: the answerer may choose when the offer says actpass."""
    return "client" if (tagged.setup or general.setup) == "passive" else "server"
