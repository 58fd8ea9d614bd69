"""The states of one connection, without a socket.

    hello ──Hello──▶ joining ──Joined──▶ joined
      │                 │                  │
      └─────────────────┴──── any end ─────┴──▶ closed

`Connection.handle` takes what happened and `now`, and returns what the shell has to do. After
`closed` nothing comes out any more.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from signaling.codes import ENDINGS, ByeCode
from signaling.messages import (
    PROTOCOL_VERSION,
    AnyClientMessage,
    Hello,
    Leave,
    Ping,
    ProtocolError,
    Request,
)

CLOSE_NORMAL = 1000  # RFC 6455 section 7.4.1: the purpose was fulfilled
CLOSE_FLOOD = 4429
CLOSE_VERSION = 4426


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one connection may ask of the server."""

    hello_seconds: float = 10.0  # from the open socket to `hello`
    silence_seconds: float = 10.0  # without any message; clients ping every 2 s
    rate: float = 50.0  # messages a second, in the long run
    burst: int = 200  # messages at once
    bytes_per_message: int = 16 * 1024  # a larger one counts as several
    pending_requests: int = 64  # of each lane, not yet answered
    batch_seconds: float = 0.1  # events and notices wait this long for company
    waiting_bytes: int = 1024 * 1024  # not yet handed to the socket
    waiting_messages: int = 2000
    stall_seconds: float = 10.0  # a message may wait this long for the socket
    goodbye_seconds: float = 2.0  # for the last message and the closing handshake


class Stage(StrEnum):
    HELLO = "hello"
    JOINING = "joining"
    JOINED = "joined"
    CLOSED = "closed"


# ---------------------------------------------------------------- what happens to a connection


@dataclass(frozen=True, slots=True)
class Received:
    message: AnyClientMessage
    size: int = 0  # characters on the wire


@dataclass(frozen=True, slots=True)
class Malformed:
    """The client sent something that is no message."""

    error: ProtocolError


@dataclass(frozen=True, slots=True)
class Joined:
    """The live meeting took the seat."""


@dataclass(frozen=True, slots=True)
class Dismissed:
    """The service ends the connection: refused, superseded, meeting over, too slow, shutdown."""

    code: ByeCode


@dataclass(frozen=True, slots=True)
class Gone:
    """The socket is closed, or its line was lost."""


@dataclass(frozen=True, slots=True)
class TimePassed:
    """`deadline` may have come."""


Happening = Received | Malformed | Joined | Dismissed | Gone | TimePassed


# ---------------------------------------------------------------- what the shell has to do


@dataclass(frozen=True, slots=True)
class Join:
    """Find out who it is and enter the meeting, then report `Joined` or `Dismissed`."""

    hello: Hello


@dataclass(frozen=True, slots=True)
class Perform:
    """Carry out a request and answer it once."""

    request: Request


@dataclass(frozen=True, slots=True)
class AnswerPing:
    pass


@dataclass(frozen=True, slots=True)
class Depart:
    """Tell the live meeting, once it has let the connection in."""

    left: bool  # True: the person left on purpose


@dataclass(frozen=True, slots=True)
class Close:
    """Send `bye` (when there is a code), then close the socket."""

    bye: ByeCode | None
    close_code: int
    reason: str  # English, for developers; goes into the close frame


Effect = Join | Perform | AnswerPing | Depart | Close


class Allowance:
    """A token bucket: `rate` takes a second in the long run, `burst` at once."""

    def __init__(self, rate: float, burst: int, now: float) -> None:
        self._rate = rate
        self._burst = burst
        self._tokens = float(burst)
        self._at = now

    def take(self, now: float, cost: float = 1.0) -> bool:
        """Use `cost` tokens; False when there are not so many."""
        refill = (now - self._at) * self._rate
        self._tokens = min(self._burst, self._tokens + refill)
        self._at = now
        if self._tokens < cost:
            return False
        self._tokens -= cost
        return True


class Connection:
    """One connection's protocol state.

    Args:
        now: monotonic seconds when the socket opened; the clock of every later `now`.
    """

    def __init__(self, now: float, limits: Limits) -> None:
        self._limits = limits
        self._stage = Stage.HELLO
        self._opened = now
        self._heard = now
        self._allowance = Allowance(limits.rate, limits.burst, now)

    @property
    def stage(self) -> Stage:
        return self._stage

    @property
    def deadline(self) -> float:
        """When the client will have been silent for too long, monotonic seconds."""
        if self._stage is Stage.HELLO:
            return self._opened + self._limits.hello_seconds
        return self._heard + self._limits.silence_seconds

    def handle(self, happening: Happening, now: float) -> Sequence[Effect]:
        """What to do about `happening`, in order."""
        if isinstance(happening, Received):
            self._heard = now
            cost = 1 + happening.size / self._limits.bytes_per_message
            if not self._allowance.take(now, cost):
                happening = Malformed(ProtocolError(CLOSE_FLOOD, "too many messages"))
        elif isinstance(happening, TimePassed) and now < self.deadline:
            return ()
        self._stage, effects = transition(self._stage, happening)
        return effects


def transition(stage: Stage, happening: Happening) -> tuple[Stage, tuple[Effect, ...]]:
    """The whole state machine. `TimePassed` means here that the deadline has come."""
    match stage, happening:
        case Stage.CLOSED, _:
            return stage, ()
        case _, Gone():
            return Stage.CLOSED, _departing(stage, left=False)
        case _, Dismissed(code):
            return _end(stage, code, ENDINGS[code].close_code, code.value)
        case _, Malformed(error):
            return _end(stage, ByeCode.PROTOCOL, error.code, error.reason)
        case Stage.HELLO, Received(message=Hello() as hello):
            if hello.protocol == PROTOCOL_VERSION:
                return Stage.JOINING, (Join(hello),)
            reason = f"this server speaks protocol {PROTOCOL_VERSION}"
            return _end(stage, ByeCode.PROTOCOL, CLOSE_VERSION, reason)
        case Stage.HELLO, TimePassed():
            return _broken(stage, "no hello in time")
        case _, TimePassed():
            return _end(stage, ByeCode.SILENT, ENDINGS[ByeCode.SILENT].close_code, "silent")
        case Stage.JOINING, Joined():
            return Stage.JOINED, ()
        case Stage.JOINED, Received(message=Request() as request):
            return stage, (Perform(request),)
        case Stage.JOINING | Stage.JOINED, Received(message=Ping()):
            return stage, (AnswerPing(),)
        case Stage.JOINING | Stage.JOINED, Received(message=Leave()):
            departing = _departing(stage, left=True)
            return Stage.CLOSED, (*departing, Close(None, CLOSE_NORMAL, "left"))
        case Stage.HELLO, Received():
            return _broken(stage, "hello must come first")
        case _, Received(message=Hello()):
            return _broken(stage, "a second hello")
        case Stage.JOINING, Received():
            return _broken(stage, "requests come after welcome")
        case _:
            raise AssertionError(f"{happening} in {stage}")


def _end(
    stage: Stage, code: ByeCode, close_code: int, reason: str
) -> tuple[Stage, tuple[Effect, ...]]:
    return Stage.CLOSED, (*_departing(stage, left=False), Close(code, close_code, reason))


def _broken(stage: Stage, reason: str) -> tuple[Stage, tuple[Effect, ...]]:
    return _end(stage, ByeCode.PROTOCOL, ENDINGS[ByeCode.PROTOCOL].close_code, reason)


def _departing(stage: Stage, *, left: bool) -> tuple[Effect, ...]:
    return () if stage is Stage.HELLO else (Depart(left),)
