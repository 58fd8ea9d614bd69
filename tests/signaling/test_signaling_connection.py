"""The state machine of one connection: every state with everything that can happen to it."""

import pytest

from signaling.codes import ByeCode
from signaling.connection import (
    Allowance,
    AnswerPing,
    Close,
    Connection,
    Depart,
    Dismissed,
    Gone,
    Happening,
    Join,
    Joined,
    Limits,
    Malformed,
    Perform,
    Received,
    Stage,
    TimePassed,
    transition,
)
from signaling.messages import Hello, Leave, MuteAll, Ping, ProtocolError

HELLO = Hello(protocol=1, meeting="demo")
OLD_HELLO = Hello(protocol=0, meeting="demo")
MUTE = MuteAll(request_id=1)
BAD = ProtocolError(4400, "not JSON")

LOST = (Depart(False),)


def bye(code: ByeCode, close_code: int, reason: str) -> Close:
    return Close(code, close_code, reason)


HAPPENINGS: dict[str, Happening] = {
    "hello": Received(HELLO),
    "old hello": Received(OLD_HELLO),
    "request": Received(MUTE),
    "ping": Received(Ping()),
    "leave": Received(Leave()),
    "malformed": Malformed(BAD),
    "joined": Joined(),
    "ended": Dismissed(ByeCode.ENDED),
    "gone": Gone(),
    "silence": TimePassed(),
}

HELLO_FIRST = bye(ByeCode.PROTOCOL, 4400, "hello must come first")
SECOND = bye(ByeCode.PROTOCOL, 4400, "a second hello")
EARLY = bye(ByeCode.PROTOCOL, 4400, "requests come after welcome")
NOT_JSON = bye(ByeCode.PROTOCOL, 4400, "not JSON")
ENDED = bye(ByeCode.ENDED, 4410, "ended")
SILENT = bye(ByeCode.SILENT, 4408, "silent")
LEFT = Close(None, 1000, "left")

TABLE = {
    (Stage.HELLO, "hello"): (Stage.JOINING, (Join(HELLO),)),
    (Stage.HELLO, "old hello"): (
        Stage.CLOSED,
        (bye(ByeCode.PROTOCOL, 4426, "this server speaks protocol 1"),),
    ),
    (Stage.HELLO, "request"): (Stage.CLOSED, (HELLO_FIRST,)),
    (Stage.HELLO, "ping"): (Stage.CLOSED, (HELLO_FIRST,)),
    (Stage.HELLO, "leave"): (Stage.CLOSED, (HELLO_FIRST,)),
    (Stage.HELLO, "malformed"): (Stage.CLOSED, (NOT_JSON,)),
    (Stage.HELLO, "ended"): (Stage.CLOSED, (ENDED,)),
    (Stage.HELLO, "gone"): (Stage.CLOSED, ()),
    (Stage.HELLO, "silence"): (
        Stage.CLOSED,
        (bye(ByeCode.PROTOCOL, 4400, "no hello in time"),),
    ),
    (Stage.JOINING, "hello"): (Stage.CLOSED, (*LOST, SECOND)),
    (Stage.JOINING, "old hello"): (Stage.CLOSED, (*LOST, SECOND)),
    (Stage.JOINING, "request"): (Stage.CLOSED, (*LOST, EARLY)),
    (Stage.JOINING, "ping"): (Stage.JOINING, (AnswerPing(),)),
    (Stage.JOINING, "leave"): (Stage.CLOSED, (Depart(True), LEFT)),
    (Stage.JOINING, "malformed"): (Stage.CLOSED, (*LOST, NOT_JSON)),
    (Stage.JOINING, "joined"): (Stage.JOINED, ()),
    (Stage.JOINING, "ended"): (Stage.CLOSED, (*LOST, ENDED)),
    (Stage.JOINING, "gone"): (Stage.CLOSED, LOST),
    (Stage.JOINING, "silence"): (Stage.CLOSED, (*LOST, SILENT)),
    (Stage.JOINED, "hello"): (Stage.CLOSED, (*LOST, SECOND)),
    (Stage.JOINED, "old hello"): (Stage.CLOSED, (*LOST, SECOND)),
    (Stage.JOINED, "request"): (Stage.JOINED, (Perform(MUTE),)),
    (Stage.JOINED, "ping"): (Stage.JOINED, (AnswerPing(),)),
    (Stage.JOINED, "leave"): (Stage.CLOSED, (Depart(True), LEFT)),
    (Stage.JOINED, "malformed"): (Stage.CLOSED, (*LOST, NOT_JSON)),
    (Stage.JOINED, "ended"): (Stage.CLOSED, (*LOST, ENDED)),
    (Stage.JOINED, "gone"): (Stage.CLOSED, LOST),
    (Stage.JOINED, "silence"): (Stage.CLOSED, (*LOST, SILENT)),
    **{(Stage.CLOSED, name): (Stage.CLOSED, ()) for name in HAPPENINGS},
}


@pytest.mark.parametrize("name", HAPPENINGS)
@pytest.mark.parametrize("stage", Stage)
def test_every_stage_with_every_happening(stage: Stage, name: str) -> None:
    happening = HAPPENINGS[name]
    if name == "joined" and stage in (Stage.HELLO, Stage.JOINED):
        with pytest.raises(AssertionError):  # only the shell says it, once
            transition(stage, happening)
    else:
        assert transition(stage, happening) == TABLE[stage, name]


def joined(now: float, limits: Limits) -> Connection:
    connection = Connection(now, limits)
    assert connection.handle(Received(HELLO), now) == (Join(HELLO),)
    assert connection.handle(Joined(), now) == ()
    return connection


def test_hello_deadline_does_not_move() -> None:
    connection = Connection(100.0, Limits(hello_seconds=10))
    assert connection.deadline == 110.0
    assert connection.handle(TimePassed(), 109.9) == ()
    assert connection.stage is Stage.HELLO
    connection.handle(TimePassed(), 110.0)
    assert connection.stage is Stage.CLOSED


def test_every_message_moves_the_silence_deadline() -> None:
    connection = joined(0.0, Limits(silence_seconds=10))
    for second in range(2, 60, 2):
        assert connection.handle(Received(Ping()), float(second)) == (AnswerPing(),)
        assert connection.deadline == second + 10
    assert connection.handle(TimePassed(), 67.9) == ()
    assert connection.handle(TimePassed(), 68.0) == (Depart(False), SILENT)


def test_flood_is_cut_off_after_the_burst() -> None:
    connection = joined(0.0, Limits(rate=50, burst=200))
    for _ in range(199):  # the hello took one
        assert connection.handle(Received(Ping()), 0.0) == (AnswerPing(),)
    assert connection.handle(Received(Ping()), 0.0) == (
        Depart(False),
        bye(ByeCode.PROTOCOL, 4429, "too many messages"),
    )


def test_large_messages_count_as_several() -> None:
    connection = joined(0.0, Limits(rate=1, burst=12, bytes_per_message=1024))
    for _ in range(2):
        assert connection.handle(Received(MUTE, size=4096), 0.0) == (Perform(MUTE),)
    connection.handle(Received(MUTE, size=4096), 0.0)
    assert connection.stage is Stage.CLOSED


def test_allowance_refills_at_its_rate_up_to_the_burst() -> None:
    allowance = Allowance(rate=2.0, burst=3, now=0.0)
    assert [allowance.take(0.0) for _ in range(4)] == [True, True, True, False]
    assert [allowance.take(0.5) for _ in range(2)] == [True, False]
    assert [allowance.take(100.0) for _ in range(4)] == [True, True, True, False]
