"""What offer and answer agreed on: the SDP side fills it, the packet side reads it."""

from dataclasses import dataclass, field

# Header extensions the packet path understands. Others pass untouched when both ends know the URI.
MID = "urn:ietf:params:rtp-hdrext:sdes:mid"
RID = "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id"
REPAIRED_RID = "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id"
AUDIO_LEVEL = "urn:ietf:params:rtp-hdrext:ssrc-audio-level"
TRANSPORT_CC = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
ABS_SEND_TIME = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"


@dataclass(frozen=True, slots=True)
class Codec:
    """One payload type of an m-line in the answer (never rtx, red or fec: those are attributes)."""

    payload_type: int  # 0..127
    name: str  # as in a=rtpmap, any case: "VP8", "opus"
    clock_hz: int
    channels: int = 1
    fmtp: str = ""  # the a=fmtp value without payload type
    nack: bool = False  # a=rtcp-fb nack is in the answer
    pli: bool = False  # a=rtcp-fb nack pli is in the answer
    fir: bool = False  # a=rtcp-fb ccm fir is in the answer
    rtx_payload_type: int | None = None  # RFC 4588 payload type whose apt is this one
    red_payload_type: int | None = None  # RFC 2198 payload type whose blocks are this one

    @property
    def key(self) -> str:
        """What must be equal for a source to play in a slot: name, clock and decisive parameters.

        "vp8/90000", "opus/48000", "h264/90000/42/1" (profile_idc and packetization-mode; encoders
        of room hardware name the baseline family 4200, 42c0 or 42e0, and every receiver decodes
        all three), "vp9/90000/0" (profile-id).
        """
        name = self.name.lower()
        base = f"{name}/{self.clock_hz}"
        if name == "h264":
            profile = self._parameter("profile-level-id", "42000a").lower()[:2]
            return f"{base}/{profile}/{self._parameter('packetization-mode', '0')}"
        if name == "vp9":
            return f"{base}/{self._parameter('profile-id', '0')}"
        return base

    def _parameter(self, name: str, default: str) -> str:
        for item in self.fmtp.split(";"):
            key, _, value = item.strip().partition("=")
            if key.lower() == name:
                return value
        return default


@dataclass(frozen=True, slots=True)
class SignalledSsrc:
    """From a=ssrc and a=ssrc-group:FID lines of an offer. `rid` by order of the lines, if known."""

    ssrc: int
    rtx_ssrc: int | None = None
    rid: str | None = None


@dataclass(frozen=True, slots=True)
class Uplink:
    """A send section of the offer: one source of the peer."""

    mid: str
    kind: str  # "audio" | "video"
    source: str  # "microphone" | "camera" | "screen"
    codecs: tuple[Codec, ...]  # the answer's, best first
    extensions: dict[str, int] = field(default_factory=dict)  # URI -> id of the answer
    rids: tuple[str, ...] = ()  # simulcast, smallest picture first; () = one encoding
    ssrcs: tuple[SignalledSsrc, ...] = ()


@dataclass(frozen=True, slots=True)
class SlotMedia:
    """A receive section of the offer: one slot we send into, with the SSRCs of our answer."""

    mid: str
    kind: str  # "audio" | "video"
    index: int  # 0.. among the slots of its kind, in the order of the offer
    ssrc: int  # random 32 bits, chosen by whoever writes the answer
    rtx_ssrc: int | None
    codecs: tuple[Codec, ...]
    extensions: dict[str, int] = field(default_factory=dict)  # URI -> id of the answer


@dataclass(frozen=True, slots=True)
class NegotiatedMedia:
    """Everything the packet path needs from one offer and answer."""

    uplinks: tuple[Uplink, ...]
    slots: tuple[SlotMedia, ...]
    cname: str = "diemcau"  # in our SDES and the answer's a=ssrc lines
    local_ssrc: int = 1  # sender SSRC of our RTCP when we have no slot
    by_stream: bool = False  # arrivals are told by RFC 8888, not transport-wide
