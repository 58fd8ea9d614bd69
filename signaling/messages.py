"""Every message of the WebSocket protocol, parsed and serialized. `PROTOCOL.md` describes each.

JSON text frames; the field `type` names the class. Strings and lists are bounded here, so nothing
past `parse` needs to check a length. Who is asking comes from the connection, never from a message.
"""

from typing import Annotated, ClassVar, Literal, get_args

import msgspec
from msgspec import Meta

from rooms.session.commands import ClientCommand
from rooms.session.events import Entry
from rooms.session.limits import LEAST_CEILING_KBPS, MOST_CEILING_KBPS
from rooms.session.model import Profile, SeatId, SeatRef, Session, Source
from rooms.session.notices import AnyNotice
from rooms.turn import IceServer

PROTOCOL_VERSION = 1
MAX_MESSAGE_BYTES = 512 * 1024  # an offer with 29 sections and all codecs is 142 kB

RequestId = Annotated[int, Meta(ge=1, le=2**31 - 1)]
Mid = Annotated[str, Meta(min_length=1, max_length=16)]
Kbps = Annotated[int, Meta(ge=LEAST_CEILING_KBPS, le=MOST_CEILING_KBPS)]
Sdp = Annotated[str, Meta(min_length=1, max_length=256 * 1024)]


class ProtocolError(Exception):
    """The peer broke the protocol; the connection closes with `code`."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class Message(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    tag_field="type",
    rename="camel",
    forbid_unknown_fields=True,
):
    """Base of all messages."""


# ---------------------------------------------------------------- client -> server


class Resume(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Where a client that reconnects stands."""

    connection: Annotated[str, Meta(max_length=64)]  # from its last welcome
    seq: Annotated[int, Meta(ge=0)]  # last seq it folded in


class Hello(Message, frozen=True, tag="hello"):
    """First message of a connection."""

    protocol: int
    meeting: Annotated[str, Meta(min_length=1, max_length=64)]  # id or short name
    token: Annotated[str, Meta(max_length=4096)] = ""  # bearer token of clients without a cookie
    client: Annotated[str, Meta(max_length=200)] = ""  # program and version, for the technician
    resume: Resume | None = None


class Request(Message, frozen=True):
    """Base of messages that are answered by `done`, `refused` or `answer`."""

    request_id: RequestId


class Offer(Request, frozen=True, tag="offer"):
    """The client's one offer. `restart`: same peer connection, new ICE credentials; then `path` may
    ask to be kept off UDP."""

    sdp: Sdp
    restart: bool = False
    path: Literal["any", "tcp"] = "any"


class WantedTile(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True
):
    """A picture the client shows."""

    seat: SeatRef
    source: Source
    height: Annotated[int, Meta(ge=0, le=4320)]  # picture lines on screen, device pixels


class SetView(Request, frozen=True, tag="set-view"):
    """What the client shows: the main picture's height (0: not shown) and its tiles in order."""

    main_height: Annotated[int, Meta(ge=0, le=4320)]
    tiles: Annotated[tuple[WantedTile, ...], Meta(max_length=64)]


class Withhold(Request, frozen=True, tag="withhold"):
    """Whether one's own line does not carry one's own pictures: the client sends none."""

    on: bool


class SetMicrophone(Request, frozen=True, tag="set-microphone"):
    on: bool


class SetCamera(Request, frozen=True, tag="set-camera"):
    on: bool


class SetScreen(Request, frozen=True, tag="set-screen"):
    on: bool


class RaiseHand(Request, frozen=True, tag="raise-hand"):
    pass


class LowerHand(Request, frozen=True, tag="lower-hand"):
    """Lower one's own hand, or (chair, secretary) that of `seat`."""

    seat: SeatRef | None = None


class SetLimits(Request, frozen=True, tag="set-limits"):
    """What one's own line, or (chair, secretary, technician) that of `seat`, is asked to carry."""

    profile: Profile
    seat: SeatRef | None = None
    max_down_kbps: Kbps | None = None
    max_up_kbps: Kbps | None = None


class MuteSeat(Request, frozen=True, tag="mute-seat"):
    seat: SeatRef


class MuteAll(Request, frozen=True, tag="mute-all"):
    pass


class ShowOnMain(Request, frozen=True, tag="show-on-main"):
    seat: SeatRef | None


class StartRecording(Request, frozen=True, tag="start-recording"):
    pass


class StopRecording(Request, frozen=True, tag="stop-recording"):
    pass


class EndMeeting(Request, frozen=True, tag="end-meeting"):
    text: Annotated[str, Meta(max_length=300)] = ""


class Command(Request, frozen=True, tag="command"):
    """Any command of `rooms.session.commands.ClientCommand`, as it stands there."""

    command: ClientCommand


class Leave(Message, frozen=True, tag="leave"):
    """The person leaves on purpose; the server closes the connection."""


class Ping(Message, frozen=True, tag="ping"):
    """Sent every 2 s by clients, so that both ends notice a dead line."""


AnyClientMessage = (
    Hello
    | Offer
    | SetView
    | Withhold
    | SetMicrophone
    | SetCamera
    | SetScreen
    | RaiseHand
    | LowerHand
    | SetLimits
    | MuteSeat
    | MuteAll
    | ShowOnMain
    | StartRecording
    | StopRecording
    | EndMeeting
    | Command
    | Leave
    | Ping
)


# ---------------------------------------------------------------- server -> client


class ServerMessage(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", rename="camel"):
    """Base of what the server sends; clients ignore fields they do not know."""


class Welcome(ServerMessage, frozen=True, tag="welcome"):
    """Answer to `hello`. `session` is None when the client resumed: `events` follows instead."""

    connection: str
    seat: SeatId
    permissions: tuple[str, ...]  # command types this seat may use, e.g. "mute-all"
    session: Session | None
    now: float  # server's UTC epoch seconds, for clocks and timers
    ping_seconds: float = 2.0
    ice_servers: tuple[IceServer, ...] = ()  # TURN, with credentials of this seat


class Events(ServerMessage, frozen=True, tag="events"):
    """Log entries in order; `entries[0].seq` follows the last one seen."""

    entries: tuple[Entry, ...]


class Answer(ServerMessage, frozen=True, tag="answer"):
    request_id: int
    sdp: str
    audio_mids: tuple[str, ...]
    video_mids: tuple[str, ...]


class Done(ServerMessage, frozen=True, tag="done"):
    request_id: int


class Refused(ServerMessage, frozen=True, tag="refused"):
    """A request was not carried out. `code` is stable, `text` is for the person."""

    request_id: int
    code: str
    text: str


class Pong(ServerMessage, frozen=True, tag="pong"):
    pass


class Bye(ServerMessage, frozen=True, tag="bye"):
    """Last message before the server closes. `retry`: whether coming back makes sense."""

    code: str  # a `codes.ByeCode`
    text: str  # for the person, in their language
    retry: bool


AnyServerMessage = Welcome | Events | Answer | Done | Refused | Pong | Bye | AnyNotice

CLIENT_MESSAGES: dict[str, type[Message]] = {
    str(message.__struct_config__.tag): message for message in get_args(AnyClientMessage)
}
SERVER_MESSAGES: dict[str, type[msgspec.Struct]] = {
    str(message.__struct_config__.tag): message for message in get_args(AnyServerMessage)
}


class Codec:
    """JSON text <-> messages."""

    _decoder: ClassVar[msgspec.json.Decoder[AnyClientMessage]] = msgspec.json.Decoder(
        AnyClientMessage
    )
    _encoder: ClassVar[msgspec.json.Encoder] = msgspec.json.Encoder()

    @classmethod
    def parse(cls, text: str | bytes) -> AnyClientMessage:
        """One client message.

        Raises:
            ProtocolError: not JSON, unknown type, a field missing, too long or out of range.
        """
        if len(text) > MAX_MESSAGE_BYTES:
            raise ProtocolError(1009, "message too large")
        try:
            return cls._decoder.decode(text)
        except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
            raise ProtocolError(4400, str(error)[:100]) from None

    @classmethod
    def serialize(cls, message: msgspec.Struct) -> str:
        return cls._encoder.encode(message).decode()
