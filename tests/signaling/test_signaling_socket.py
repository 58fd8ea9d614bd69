"""The WebSocket shell with a real server and client; the live meeting is played by the test."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp import (
    ClientSession,
    ClientWebSocketResponse,
    TCPConnector,
    WSMsgType,
    WSServerHandshakeError,
    web,
)
from aiohttp.test_utils import TestServer

from rooms.errors import RequestRefused
from rooms.media_port import Connected, MediaRefused
from rooms.meetings.meetings import Meeting, MeetingState
from rooms.session.commands import Command, MuteAll, SetMicrophone
from rooms.session.events import Entry, HandRaised, MicrophoneSet
from rooms.session.model import MeetingId, Role, Seat, SeatId, Session
from rooms.session.notices import AnyNotice, Level, Speakers
from rooms.session.slots import Tile
from rooms.turn import TurnServers
from signaling.codes import ByeCode
from signaling.connection import Limits
from signaling.messages import Hello
from signaling.socket import Identity, Sockets, TurnedAway, add_routes

NOON = datetime(2018, 3, 5, 5, tzinfo=UTC)
MEETING = Meeting(
    id=7,
    short_name="demo",
    title="Giao ban",
    host_unit_id=1,
    host_unit="UBND tỉnh",
    chair_id=1,
    chair_name="",
    chair_position="",
    chair_site_id=None,
    start=NOON,
    end=NOON,
    state=MeetingState.LIVE,
    sites=(),
    agenda=(),
    created_by=1,
    notes="",
)
TIMEOUT = 5.0  # for anything a test waits for


def seat(name: str) -> Seat:
    return Seat(id=SeatId(name), name=name, short_name=name, rank=1, role=Role.SITE, on_tiles=True)


class StagedAttendance:
    """An `Attendance` whose behaviour a test writes."""

    def __init__(self, live: "StagedLive", seat_id: SeatId, connection: str, listener: Any) -> None:
        self.live = live
        self.seat_id = seat_id
        self.connection = connection
        self.listener = listener
        self.session: Session | None = None
        self.missed: tuple[Entry, ...] = ()
        self.permissions: tuple[str, ...] = ("set-microphone",)
        self.views: list[tuple[int, Sequence[Tile]]] = []
        self.withheld = False

    async def submit(self, command: Command) -> None:
        await self.live.on_submit(self, command)

    async def offer(self, sdp: str, restart: bool, path: str = "any") -> Connected:
        return await self.live.on_offer(sdp)

    async def set_view(self, main_height: int, tiles: Sequence[Tile]) -> None:
        self.views.append((main_height, tiles))

    async def withhold(self, on: bool) -> None:
        self.withheld = on


class StagedLive:
    """`LiveMeetings` as far as signalling knows it: a log, and everyone listening to it."""

    def __init__(self) -> None:
        self.log: list[Entry] = []
        self.inside: list[StagedAttendance] = []
        self.resumed: str | None = None
        self.departed: list[tuple[SeatId, bool]] = []
        self.on_enter: Callable[[], Awaitable[None]] = _nothing
        self.on_submit: Callable[[StagedAttendance, Command], Awaitable[None]] = self.fold
        self.on_offer: Callable[[str], Awaitable[Connected]] = _connected

    async def enter(
        self,
        meeting: Meeting,
        seat: Seat,
        connection: str,
        listener: Any,
        after: int | None,
        resumed: str | None,
    ) -> StagedAttendance:
        self.resumed = resumed
        attendance = StagedAttendance(self, seat.id, connection, listener)
        self.inside.append(attendance)
        if after is None:
            attendance.session = Session(
                meeting=MeetingId(meeting.id), title=meeting.title, seq=len(self.log)
            )
        else:
            attendance.missed = tuple(self.log[after:])
        await self.on_enter()
        return attendance

    async def depart(self, attendance: StagedAttendance, left: bool) -> None:
        self.departed.append((attendance.seat_id, left))
        self.inside.remove(attendance)

    async def fold(self, attendance: StagedAttendance, command: Command) -> None:
        assert isinstance(command, SetMicrophone)
        seat_id = attendance.seat_id
        self.tell(MicrophoneSet(seat=seat_id, on=command.on, by=seat_id))

    def tell(self, event: Any) -> None:
        entries = [Entry(seq=len(self.log) + 1, at=1.0, actor="system", event=event)]
        self.log += entries
        for attendance in self.inside:
            attendance.listener.on_entries(entries)

    def notify(self, notice: AnyNotice) -> None:
        for attendance in self.inside:
            attendance.listener.on_notice(notice)


async def _nothing() -> None:
    pass


async def _connected(sdp: str) -> Connected:
    return Connected(answer=f"answer to {sdp}", audio_mids=("3", "4"), video_mids=("5",))


async def _identify(_: web.Request, hello: Hello) -> Identity | TurnedAway:
    if hello.meeting != "demo":
        return TurnedAway(code=ByeCode.NOT_FOUND, language="en")
    if not hello.token:
        return TurnedAway(code=ByeCode.SIGNED_OUT, language="vi")
    return Identity(meeting=MEETING, seat=seat(hello.token), language="en")


class Stage:
    """A running server and its clients."""

    def __init__(self, live: StagedLive, sockets: Sockets, server: TestServer) -> None:
        self.live = live
        self.sockets = sockets
        self.server = server
        self.session = ClientSession(connector=TCPConnector(limit=0))

    async def socket(self, **options: Any) -> ClientWebSocketResponse:
        return await self.session.ws_connect(self.server.make_url("/ws"), **options)

    async def enter(
        self, name: str, resume: dict[str, Any] | None = None
    ) -> tuple[ClientWebSocketResponse, dict[str, Any]]:
        socket = await self.socket()
        await socket.send_json(hello(name, resume))
        return socket, await message(socket)

    async def empty(self) -> None:
        """Until no connection is left."""
        async with asyncio.timeout(TIMEOUT):
            while self.sockets.snapshot()["connections"]:  # noqa: ASYNC110
                await asyncio.sleep(0.005)


def hello(token: str, resume: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"type": "hello", "protocol": 1, "meeting": "demo", "token": token, "resume": resume}


async def message(socket: ClientWebSocketResponse) -> dict[str, Any]:
    return dict(await socket.receive_json(timeout=TIMEOUT))


async def farewell(socket: ClientWebSocketResponse) -> tuple[dict[str, Any], int | None]:
    """The bye, skipping what comes before, and the close code."""
    while (said := await message(socket))["type"] != "bye":
        pass
    closing = await socket.receive(timeout=TIMEOUT)
    assert closing.type is WSMsgType.CLOSE
    return said, socket.close_code


@asynccontextmanager
async def staged(turn: TurnServers | None = None, **limits: Any) -> AsyncIterator[Stage]:
    live = StagedLive()
    app = web.Application()
    translate: Callable[[str, str], str] = lambda text, language: f"{language}: {text}"  # noqa: E731
    sockets = add_routes(
        app,
        live=live,  # type: ignore[arg-type]
        identify=_identify,
        translate=translate,
        public_url="https://hop.example.vn",
        limits=Limits(**{"goodbye_seconds": 0.5, **limits}),
        turn=turn,
    )
    async with TestServer(app) as server:
        stage = Stage(live, sockets, server)
        try:
            yield stage
        finally:
            await stage.session.close()


async def test_hello_is_answered_with_a_snapshot() -> None:
    async with staged() as stage:
        _, welcome = await stage.enter("site:1")
        assert welcome["type"] == "welcome"
        assert welcome["seat"] == "site:1"
        assert welcome["session"]["title"] == "Giao ban"
        assert welcome["permissions"] == ["set-microphone"]
        assert stage.live.inside[0].connection == welcome["connection"]
        assert stage.sockets.snapshot()["joined"] == 1


async def test_turn_credentials_come_with_the_welcome_and_again_before_they_run_out() -> None:
    async with staged(TurnServers(("turn:192.0.2.1:3478",), "shared", ttl_s=1)) as stage:
        socket, welcome = await stage.enter("site:1")
        (first,) = welcome["iceServers"]
        assert first["urls"] == ["turn:192.0.2.1:3478"]
        for _ in range(3):  # at half of their life, for as long as the connection lasts
            renewed = await message(socket)
            assert renewed["type"] == "ice-servers"
        (last,) = renewed["iceServers"]
        assert int(last["username"].partition(":")[0]) > int(first["username"].partition(":")[0])


async def test_what_happens_while_a_seat_enters_follows_its_welcome() -> None:
    async with staged() as stage:

        async def enter() -> None:
            stage.live.tell(HandRaised(seat=SeatId("site:2")))

        stage.live.on_enter = enter
        socket, welcome = await stage.enter("site:1")
        assert welcome["session"]["seq"] == 0
        events = await message(socket)
        assert [entry["seq"] for entry in events["entries"]] == [1]


async def test_events_reach_everybody_and_done_comes_after_them() -> None:
    async with staged() as stage:
        first, _ = await stage.enter("site:1")
        second, _ = await stage.enter("site:2")
        await first.send_json({"type": "set-microphone", "requestId": 5, "on": True})
        for socket in (first, second):
            events = await message(socket)
            assert events["entries"][0]["event"] == {
                "type": "microphone-set",
                "seat": "site:1",
                "on": True,
                "by": "site:1",
            }
        assert await message(first) == {"type": "done", "requestId": 5}


async def test_client_that_resumes_gets_what_it_missed() -> None:
    async with staged() as stage:
        for name in ("site:2", "site:3", "site:4"):
            stage.live.tell(HandRaised(seat=SeatId(name)))
        socket, welcome = await stage.enter("site:1", {"connection": "before", "seq": 1})
        assert welcome["session"] is None
        events = await message(socket)
        assert [entry["seq"] for entry in events["entries"]] == [2, 3]
        assert stage.live.resumed == "before"
        stage.live.tell(HandRaised(seat=SeatId("site:5")))
        events = await message(socket)
        assert [entry["seq"] for entry in events["entries"]] == [4]


async def test_offer_is_answered_with_sdp_and_slots() -> None:
    async with staged() as stage:
        socket, _ = await stage.enter("site:1")
        await socket.send_json({"type": "offer", "requestId": 9, "sdp": "v=0"})
        assert await message(socket) == {
            "type": "answer",
            "requestId": 9,
            "sdp": "answer to v=0",
            "audioMids": ["3", "4"],
            "videoMids": ["5"],
        }


async def test_view_reaches_the_meeting() -> None:
    async with staged() as stage:
        socket, _ = await stage.enter("site:1")
        tile = {"seat": "site:2", "source": "camera", "height": 180}
        view = {"type": "set-view", "requestId": 1, "mainHeight": 720, "tiles": [tile]}
        await socket.send_json(view)
        assert (await message(socket))["type"] == "done"
        [(height, [wanted])] = stage.live.inside[0].views
        assert (height, wanted.seat, wanted.height) == (720, "site:2", 180)


async def test_slow_offer_does_not_hold_up_a_command() -> None:
    async with staged() as stage:
        answered = asyncio.Event()

        async def offer(sdp: str) -> Connected:
            await answered.wait()
            return await _connected(sdp)

        stage.live.on_offer = offer
        socket, _ = await stage.enter("site:1")
        await socket.send_json({"type": "offer", "requestId": 1, "sdp": "v=0"})
        await socket.send_json({"type": "set-microphone", "requestId": 2, "on": True})
        assert (await message(socket))["type"] == "events"
        assert await message(socket) == {"type": "done", "requestId": 2}
        answered.set()
        assert (await message(socket))["requestId"] == 1


async def test_refusals_carry_a_code_and_a_text_in_the_persons_language() -> None:
    async with staged() as stage:

        async def submit(_: StagedAttendance, command: Command) -> None:
            assert isinstance(command, MuteAll)
            raise RequestRefused("not-allowed")

        async def offer(_: str) -> Connected:
            raise MediaRefused("no-known-codec", "only H.263")

        stage.live.on_submit, stage.live.on_offer = submit, offer
        socket, _ = await stage.enter("site:1")
        await socket.send_json({"type": "mute-all", "requestId": 1})
        assert await message(socket) == {
            "type": "refused",
            "requestId": 1,
            "code": "not-allowed",
            "text": "en: Bạn không có quyền thực hiện thao tác này.",
        }
        await socket.send_json({"type": "offer", "requestId": 2, "sdp": "v=0"})
        assert (await message(socket))["code"] == "no-known-codec"


async def test_a_bug_is_logged_once_and_refused(caplog: pytest.LogCaptureFixture) -> None:
    async with staged() as stage:

        async def submit(*_: Any) -> None:
            raise KeyError("seat")

        stage.live.on_submit = submit
        socket, _ = await stage.enter("site:1")
        with caplog.at_level(logging.ERROR):
            await socket.send_json({"type": "mute-all", "requestId": 1})
            refused = await message(socket)
        assert (refused["type"], refused["code"]) == ("refused", "failed")
        assert len(caplog.records) == 1


async def test_more_requests_than_fit_are_refused_as_busy() -> None:
    async with staged(pending_requests=2) as stage:
        started, go = asyncio.Event(), asyncio.Event()

        async def submit(*_: Any) -> None:
            started.set()
            await go.wait()

        stage.live.on_submit = submit
        socket, _ = await stage.enter("site:1")
        await socket.send_json({"type": "mute-all", "requestId": 1})
        await asyncio.wait_for(started.wait(), TIMEOUT)
        for number in range(2, 6):
            await socket.send_json({"type": "mute-all", "requestId": number})
        replies = [await message(socket) for _ in range(2)]
        assert [(reply["requestId"], reply["code"]) for reply in replies] == [
            (4, "busy"),
            (5, "busy"),
        ]
        go.set()
        assert {(await message(socket))["requestId"] for _ in range(3)} == {1, 2, 3}


@pytest.mark.parametrize(
    ("sent", "code", "close_code", "text"),
    [
        ({**hello("site:1"), "meeting": "x"}, "not-found", 4404, "en: Không tìm thấy cuộc họp."),
        (hello(""), "signed-out", 4401, "vi: Phiên đăng nhập đã hết. Xin đăng nhập lại."),
        ({**hello("site:1"), "protocol": 2}, "protocol", 4426, None),
        ({"type": "ping"}, "protocol", 4400, None),
        ({"type": "fly"}, "protocol", 4400, None),
    ],
)
async def test_bad_beginnings_end_with_a_bye(
    sent: dict[str, Any], code: str, close_code: int, text: str | None
) -> None:
    async with staged() as stage:
        socket = await stage.socket()
        await socket.send_json(sent)
        said, closed = await farewell(socket)
        assert (said["code"], said["retry"], closed) == (code, False, close_code)
        assert text is None or said["text"] == text
        await stage.empty()
        assert stage.live.departed == []


@pytest.mark.parametrize("refusal", ["ended", "cancelled", "busy", "shutdown"])
async def test_meeting_that_takes_nobody(refusal: str) -> None:
    async with staged() as stage:

        async def enter() -> None:
            raise RequestRefused(refusal)

        stage.live.on_enter = enter
        socket = await stage.socket()
        await socket.send_json(hello("site:1"))
        said, _ = await farewell(socket)
        assert said["code"] == refusal


async def test_bug_while_joining_is_a_generic_bye(caplog: pytest.LogCaptureFixture) -> None:
    async with staged() as stage:

        async def enter() -> None:
            raise KeyError("x")

        stage.live.on_enter = enter
        socket = await stage.socket()
        await socket.send_json(hello("site:1"))
        said, closed = await farewell(socket)
        assert (said["code"], said["retry"], closed) == ("failed", True, 4500)
        assert "join failed" in caplog.text


@pytest.mark.parametrize("name", ["ended", "superseded", "shutdown"])
async def test_closed_by_the_meeting(name: str) -> None:
    async with staged() as stage:
        socket, _ = await stage.enter("site:1")
        stage.live.inside[0].listener.on_closed(name)
        said, closed = await farewell(socket)
        expected = {"ended": 4410, "superseded": 4409, "shutdown": 4503}[name]
        assert (said["code"], closed) == (name, expected)
        await stage.empty()
        assert stage.sockets.snapshot()["outcomes"] == {name: 1}


async def test_leaving_and_losing_are_told_apart() -> None:
    async with staged() as stage:
        socket, _ = await stage.enter("site:1")
        await socket.send_json({"type": "leave"})
        closing = await socket.receive(timeout=TIMEOUT)
        assert (closing.type, socket.close_code) == (WSMsgType.CLOSE, 1000)
        await stage.empty()
        socket, _ = await stage.enter("site:2")
        await socket.close()
        await stage.empty()
        assert stage.live.departed == [("site:1", True), ("site:2", False)]


async def test_seat_that_goes_while_it_enters_departs() -> None:
    async with staged() as stage:
        entering, go = asyncio.Event(), asyncio.Event()

        async def enter() -> None:
            entering.set()
            await go.wait()

        stage.live.on_enter = enter
        socket = await stage.socket()
        await socket.send_json(hello("site:1"))
        await asyncio.wait_for(entering.wait(), TIMEOUT)
        await socket.close()
        go.set()
        await stage.empty()
        assert stage.live.departed == [("site:1", False)]


async def test_silent_clients_are_let_go() -> None:
    async with staged(silence_seconds=0.1, hello_seconds=0.2) as stage:
        mute = await stage.socket()
        quiet, _ = await stage.enter("site:1")
        said, closed = await farewell(quiet)
        assert (said["code"], said["retry"], closed) == ("silent", True, 4408)
        said, closed = await farewell(mute)
        assert (said["code"], closed) == ("protocol", 4400)


async def test_pings_are_answered() -> None:
    async with staged() as stage:
        socket, welcome = await stage.enter("site:1")
        assert welcome["pingSeconds"] == 2.0
        await socket.send_json({"type": "ping"})
        assert await message(socket) == {"type": "pong"}


async def test_flood_is_cut_off() -> None:
    async with staged(rate=1, burst=20) as stage:
        socket, _ = await stage.enter("site:1")
        for _ in range(100):
            await socket.send_json({"type": "ping"})
        said, closed = await farewell(socket)
        assert (said["code"], closed) == ("protocol", 4429)


@pytest.mark.parametrize(
    ("frame", "close_code"),
    [
        ("", 4400),
        ("{", 4400),
        ("[" * 100_000, 4400),
        ('{"type":"mute-seat","requestId":1,"seat":"' + "x" * 65 + '"}', 4400),
        ('{"type":"set-microphone","requestId":0,"on":true}', 4400),
        ('{"type":"set-microphone","requestId":1,"on":true,"seat":"site:9"}', 4400),
        ('{"type":"offer","requestId":1,"sdp":"' + "x" * (512 * 1024) + '"}', 1009),
        (b'{"type":"ping"}', 1003),
    ],
)
async def test_bad_frames_end_with_a_bye_and_no_traceback(
    frame: str | bytes, close_code: int, caplog: pytest.LogCaptureFixture
) -> None:
    async with staged() as stage:
        socket, _ = await stage.enter("site:1")
        if isinstance(frame, bytes):
            await socket.send_bytes(frame)
        else:
            await socket.send_str(frame)
        said, closed = await farewell(socket)
        assert (said["code"], closed) == ("protocol", close_code)
        assert "Traceback" not in json.dumps(said)
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


async def test_far_too_large_a_frame_closes_without_a_word() -> None:
    async with staged() as stage:
        socket, _ = await stage.enter("site:1")
        await socket.send_str("x" * (1024 * 1024))
        closing = await socket.receive(timeout=TIMEOUT)
        assert (closing.type, socket.close_code) == (WSMsgType.CLOSE, 1009)
        await stage.empty()
        assert stage.live.departed == [("site:1", False)]


async def test_client_that_does_not_read_is_closed_and_can_resume() -> None:
    async with staged(waiting_bytes=50_000, goodbye_seconds=0.2) as stage:
        slow, welcome = await stage.enter("site:1")
        transport = slow.get_extra_info("socket")
        assert transport is not None
        slow._conn.transport.pause_reading()  # type: ignore[union-attr]
        async with asyncio.timeout(20):
            while stage.live.inside:
                # Incompressible, so that buffers fill quickly.
                for n in range(50):
                    name = SeatId(f"{n}{id(object())}" * 20)
                    stage.live.tell(HandRaised(seat=name))
                await asyncio.sleep(0)
        await stage.empty()
        assert stage.sockets.snapshot()["outcomes"] == {"slow": 1}
        seq = len(stage.live.log) - 1
        _, again = await stage.enter("site:1", {"connection": welcome["connection"], "seq": seq})
        assert again["session"] is None


async def test_a_storm_of_joins_is_a_few_messages_for_those_inside() -> None:
    async with staged() as stage:
        watcher, _ = await stage.enter("site:0")
        for n in range(250):
            stage.live.tell(HandRaised(seat=SeatId(f"site:{n}")))
        seqs: list[int] = []
        messages = 0
        while len(seqs) < 250:
            events = await message(watcher)
            seqs += [entry["seq"] for entry in events["entries"]]
            messages += 1
        assert seqs == list(range(1, 251))
        assert messages <= 2


async def test_250_sites_joining_are_a_few_messages_for_each() -> None:
    async with staged() as stage:
        loop = asyncio.get_running_loop()

        async def enter() -> None:
            stage.live.tell(HandRaised(seat=stage.live.inside[-1].seat_id))

        stage.live.on_enter = enter
        watcher, _ = await stage.enter("site:0")
        began = loop.time()
        joins = [asyncio.create_task(stage.enter(f"site:{n}")) for n in range(1, 250)]
        joined = [(await join)[0] for join in joins]
        turns = (loop.time() - began) / 0.1 + 3
        stage.live.tell(HandRaised(seat=SeatId("last")))
        seqs: list[int] = []
        messages = 0
        while len(seqs) < 251:
            events = await message(watcher)
            seqs += [entry["seq"] for entry in events["entries"]]
            messages += 1
        assert seqs == list(range(1, 252))
        assert messages <= turns
        assert stage.sockets.snapshot()["joined"] == 250
        assert len(joined) == 249


async def test_what_all_hear_is_serialized_once() -> None:
    async with staged() as stage:
        sockets = [(await stage.enter(f"site:{n}"))[0] for n in range(20)]
        before = stage.sockets.codec.encoded
        stage.live.tell(HandRaised(seat=SeatId("site:3")))
        level = Level(seat=SeatId("site:3"), level=90, speaking=True)
        stage.live.notify(Speakers(levels=(level,)))
        for socket in sockets:
            assert (await message(socket))["type"] == "events"
            assert (await message(socket))["type"] == "speakers"
        assert stage.sockets.codec.encoded - before == 2


@pytest.mark.parametrize(
    ("origin", "admitted"),
    [
        (None, True),
        ("https://hop.example.vn", True),
        ("https://evil.example", False),
        ("null", False),
        ("same", True),
    ],
)
async def test_only_our_own_pages_may_connect(origin: str | None, admitted: bool) -> None:
    async with staged() as stage:
        if origin == "same":
            origin = str(stage.server.make_url("")).rstrip("/")
        headers = {} if origin is None else {"Origin": origin}
        if admitted:
            await stage.socket(headers=headers)
        else:
            with pytest.raises(WSServerHandshakeError) as refused:
                await stage.socket(headers=headers)
            assert refused.value.status == 403


async def test_shutdown_says_goodbye_and_takes_nobody_in() -> None:
    async with staged() as stage:
        socket, _ = await stage.enter("site:1")
        closing = asyncio.create_task(stage.sockets.close())
        said, closed = await farewell(socket)
        assert (said["code"], said["retry"], closed) == ("shutdown", True, 4503)
        await closing
        assert stage.live.departed == [("site:1", False)]
        with pytest.raises(WSServerHandshakeError) as refused:
            await stage.socket()
        assert refused.value.status == 503


async def test_snapshots_are_compressed_for_clients_that_can() -> None:
    async with staged() as stage:
        socket = await stage.socket(compress=15)
        assert socket.compress == 15
        await socket.send_json(hello("site:1"))
        assert (await message(socket))["type"] == "welcome"
