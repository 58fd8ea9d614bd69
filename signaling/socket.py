"""The shell around `connection.py`: aiohttp sockets, tasks and timers.

Tasks of one connection, all of them ended before the handler returns:

    reader   socket -> messages -> Connection; its timeout is the connection's deadline
    writer   Outbox -> socket
    join     from hello to welcome, once
    lanes    two, each alive only while it has requests to carry out
"""

import asyncio
import contextlib
import logging
import secrets
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from aiohttp import ClientError, WSMessage, WSMsgType, web

from rooms.errors import RequestRefused
from rooms.meetings.meetings import Meeting
from rooms.service import Attendance, LiveMeetings
from rooms.session.events import Entry
from rooms.session.model import Seat
from rooms.session.notices import AnyNotice, IceServers
from rooms.turn import IceServer, TurnServers
from signaling.codes import ENDINGS, ByeCode, Translate, bye_code
from signaling.commands import HANDLERS, Lane, perform, refusal, refused
from signaling.connection import (
    AnswerPing,
    Close,
    Connection,
    Depart,
    Dismissed,
    Effect,
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
)
from signaling.lanes import RequestLane, cancel, finish
from signaling.messages import (
    MAX_MESSAGE_BYTES,
    Bye,
    Codec,
    Hello,
    Pong,
    ProtocolError,
    Request,
    Welcome,
)
from signaling.outbox import Outbox, SharedCodec

log = logging.getLogger(__name__)

CLOSE_UNSUPPORTED_DATA = 1003  # RFC 6455 section 7.4.1
MAX_REASON_BYTES = 123  # RFC 6455 section 5.5: a control frame holds 125, two are the code
SHUTDOWN_SECONDS = 1.5  # the whole service ends within 2 s
_FRAME_MARGIN = 1024  # a little more than MAX_MESSAGE_BYTES is read, to be answered with a bye


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who is at the other end, and where they sit."""

    meeting: Meeting
    seat: Seat
    language: str  # "vi" | "en"


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnedAway:
    """`identify`'s other answer: SIGNED_OUT, NOT_INVITED, NOT_FOUND, …"""

    code: ByeCode
    language: str


Identify = Callable[[web.Request, Hello], Awaitable[Identity | TurnedAway]]
"""From the request's cookie, or the hello's bearer token, to a seat of the hello's meeting."""


def add_routes(
    app: web.Application,
    *,
    live: LiveMeetings,
    identify: Identify,
    translate: Translate,
    public_url: str = "",
    limits: Limits | None = None,
    turn: TurnServers | None = None,
) -> "Sockets":
    """Serve `GET /ws`; connections are ended with "shutdown" when the application stops.

    Args:
        public_url: "https://hop.example.vn"; pages of this origin may connect even when a proxy
            changes the Host header.
        turn: whose credentials clients get, in `welcome` and again at half of their life.
    """
    sockets = Sockets(
        live, identify, translate, public_url, limits or Limits(), turn or TurnServers()
    )
    app.router.add_get("/ws", sockets.handle)

    async def shut_down(_: web.Application) -> None:
        await sockets.close()

    app.on_shutdown.append(shut_down)
    return sockets


class Sockets:
    """All connections of this process."""

    def __init__(
        self,
        live: LiveMeetings,
        identify: Identify,
        translate: Translate,
        public_url: str,
        limits: Limits,
        turn: TurnServers,
    ) -> None:
        self.live = live
        self.identify = identify
        self.translate = translate
        self.limits = limits
        self.turn = turn
        self.codec = SharedCodec()
        self._public_host = urlsplit(public_url).netloc
        self._clients: set[Client] = set()
        self._closing = False
        self._outcomes: dict[str, int] = {}

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """`GET /ws`: one connection, from the handshake to its end."""
        if not self._same_origin(request):
            raise web.HTTPForbidden(text="Origin not allowed")
        if self._closing:
            raise web.HTTPServiceUnavailable(headers={"Retry-After": "2"})
        socket = web.WebSocketResponse(
            timeout=self.limits.goodbye_seconds,
            max_msg_size=MAX_MESSAGE_BYTES + _FRAME_MARGIN,
            compress=True,
        )
        await socket.prepare(request)
        client = Client(self, request, socket)
        self._clients.add(client)
        await client.run()
        return socket

    def forget(self, client: "Client") -> None:
        """`client` has ended."""
        self._clients.discard(client)
        self._outcomes[client.outcome] = self._outcomes.get(client.outcome, 0) + 1

    def _same_origin(self, request: web.Request) -> bool:
        """Whether the page that connects is ours. Browsers always say; other programs carry no
        cookie of a person, so they need not."""
        origin = request.headers.get("Origin")
        if origin is None:
            return True
        host = urlsplit(origin).netloc
        return host != "" and host in (request.host, self._public_host)

    async def close(self) -> None:
        """Say goodbye to every client and wait, up to `SHUTDOWN_SECONDS`, until all are gone."""
        self._closing = True
        clients = list(self._clients)
        for client in clients:
            client.dismiss(ByeCode.SHUTDOWN)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SHUTDOWN_SECONDS):
                await asyncio.gather(*(client.ended.wait() for client in clients))

    def snapshot(self) -> dict[str, Any]:
        """Figures for `/metrics` and `/debug`."""
        return {
            "connections": len(self._clients),
            "joined": sum(client.stage is Stage.JOINED for client in self._clients),
            "outcomes": dict(self._outcomes),
        }


class Client:
    """One connection: the listener of its seat, and what feeds and obeys its `Connection`."""

    def __init__(
        self, sockets: Sockets, request: web.Request, socket: web.WebSocketResponse
    ) -> None:
        self._sockets = sockets
        self._limits = sockets.limits
        self._request = request
        self._socket = socket
        self._loop = asyncio.get_running_loop()
        self._id = secrets.token_urlsafe(12)
        self._context = {"conn": self._id}
        self._log = logging.LoggerAdapter(log, self._context)
        self._opened = self._loop.time()
        self._core = Connection(self._opened, self._limits)
        self._outbox = Outbox(sockets.codec, self._limits)
        self._wake = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None
        self._renewal: asyncio.TimerHandle | None = None
        self._lanes = {
            lane: RequestLane(self._answer, self._limits.pending_requests, f"{lane} {self._id}")
            for lane in Lane
        }
        self._join: asyncio.Task[None] | None = None
        self._ending: asyncio.Task[None] | None = None
        self._attendance: Attendance | None = None
        self._language = "vi"
        self._left = False
        self._close: Close | None = None
        self.outcome = "lost"  # a bye code, "left" or "lost"
        self.ended = asyncio.Event()

    @property
    def stage(self) -> Stage:
        return self._core.stage

    # ------------------------------------------------------------ life

    async def run(self) -> None:
        """From the first message to the closed socket.

        The server may cancel this when the line is lost; the ending goes on all the same, so that
        the meeting hears of every departure.
        """
        reader = asyncio.create_task(self._read(), name=f"reader {self._id}")
        writer = asyncio.create_task(self._write(), name=f"writer {self._id}")
        try:
            await asyncio.wait({reader, writer}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._happen(Gone())
            self._ending = asyncio.create_task(self._end(reader, writer), name=f"end {self._id}")
            await asyncio.shield(self._ending)

    async def _end(self, reader: asyncio.Task[None], writer: asyncio.Task[None]) -> None:
        await cancel(reader)
        for result in await asyncio.gather(
            self._say_goodbye(writer), self._leave_meeting(), return_exceptions=True
        ):
            if isinstance(result, Exception):
                self._log.error("ending failed", exc_info=result)
        for timer in (self._timer, self._renewal):
            if timer is not None:
                timer.cancel()
        seconds = self._loop.time() - self._opened
        self._log.info("closed: %s after %.1f s", self.outcome, seconds)
        self.ended.set()
        self._sockets.forget(self)

    async def _say_goodbye(self, writer: asyncio.Task[None]) -> None:
        """Write what is left, then the closing handshake; both bounded, then the line is cut."""
        goodbye = self._close or Close(None, 1000, "")
        try:
            async with asyncio.timeout(self._limits.goodbye_seconds):
                if self._close is not None:
                    await asyncio.wait({writer})
            async with asyncio.timeout(self._limits.goodbye_seconds):
                await self._socket.close(code=goodbye.close_code, message=_reason(goodbye.reason))
        except (TimeoutError, OSError, ClientError):
            transport = self._request.transport
            if transport is not None:
                transport.abort()
        finally:
            await cancel(writer)

    async def _leave_meeting(self) -> None:
        """Once nothing of this connection runs in the meeting any more, tell it so."""
        if self._join is not None:
            await finish(self._join, self._limits.silence_seconds)
        for lane in self._lanes.values():
            await lane.close(self._limits.goodbye_seconds)
        if self._attendance is not None:
            await self._sockets.live.depart(self._attendance, self._left)

    def dismiss(self, code: ByeCode) -> None:
        self._happen(Dismissed(code))

    # ------------------------------------------------------------ from the socket

    async def _read(self) -> None:
        while self._core.stage is not Stage.CLOSED:
            timeout = max(0.001, self._core.deadline - self._loop.time())
            try:
                frame = await self._socket.receive(timeout=timeout)
            except TimeoutError:
                self._happen(TimePassed())
                continue
            self._happen(_happening(frame))

    async def _write(self) -> None:
        """Until the outbox is closed and empty, or the line breaks."""
        while True:
            texts = self._outbox.take(self._loop.time())
            try:
                for text in texts:
                    await self._socket.send_frame(text, WSMsgType.TEXT)
            except (OSError, ClientError):
                return
            if self._outbox.closed and not texts:
                return
            await self._until_due()

    async def _until_due(self) -> None:
        due = self._outbox.due
        if self._outbox.closed or (due is not None and due <= self._loop.time()):
            return
        self._wake.clear()
        self._timer = None if due is None else self._loop.call_at(due, self._wake.set)
        await self._wake.wait()
        if self._timer is not None:
            self._timer.cancel()

    # ------------------------------------------------------------ the connection's decisions

    def _happen(self, happening: Happening) -> None:
        for effect in self._core.handle(happening, self._loop.time()):
            self._carry_out(effect)

    def _carry_out(self, effect: Effect) -> None:
        match effect:
            case Join(hello):
                self._join = asyncio.create_task(self._enter(hello), name=f"join {self._id}")
            case Perform(request):
                self._accept(request)
            case AnswerPing():
                self._outbox.pong(Pong(), self._loop.time())
                self._pushed()
            case Depart(left):
                self._left = left
            case Close():
                self._prepare_close(effect)

    def _accept(self, request: Request) -> None:
        if not self._lanes[HANDLERS[type(request)].lane].put(request):
            code, text = refusal(RequestRefused("busy"))
            self._reply(refused(request, code, self._translate(text)))

    def _prepare_close(self, close: Close) -> None:
        bye = None
        if close.bye is not None:
            ending = ENDINGS[close.bye]
            bye = Bye(code=close.bye, text=self._translate(ending.text), retry=ending.retry)
        self._close = close
        self.outcome = "left" if close.bye is None else close.bye.value
        self._outbox.close(bye, self._loop.time(), drop=close.bye is ByeCode.SLOW)
        self._wake.set()

    def _translate(self, text: str) -> str:
        return self._sockets.translate(text, self._language)

    # ------------------------------------------------------------ into the meeting

    async def _enter(self, hello: Hello) -> None:
        try:
            identity = await self._sockets.identify(self._request, hello)
            self._language = identity.language
            if isinstance(identity, TurnedAway):
                self.dismiss(identity.code)
            else:
                await self._take_seat(identity, hello)
        except RequestRefused as error:
            self.dismiss(bye_code(error.code))
        except Exception:
            self._log.exception("join failed")
            self.dismiss(ByeCode.FAILED)

    async def _take_seat(self, identity: Identity, hello: Hello) -> None:
        after, resumed = None, None
        if hello.resume is not None:
            after, resumed = hello.resume.seq, hello.resume.connection
        attendance = await self._sockets.live.enter(
            identity.meeting, identity.seat, self._id, self, after, resumed
        )
        self._attendance = attendance
        session = attendance.session
        self._context |= {"room": str(identity.meeting.id), "participant": attendance.seat_id}
        how = "joined" if session is not None else "resumed"
        self._log.info("%s client=%r before=%r", how, hello.client, resumed)
        self._happen(Joined())
        if self._core.stage is not Stage.JOINED:
            return
        welcome = Welcome(
            connection=self._id,
            seat=attendance.seat_id,
            permissions=attendance.permissions,
            session=session,
            now=time.time(),
            ice_servers=self._ice_servers(),
        )
        self._renew_later()
        seq = session.seq if session is not None else after or 0
        self._outbox.start(welcome, seq, attendance.missed)
        self._pushed()

    def _ice_servers(self) -> tuple[IceServer, ...]:
        assert self._attendance is not None
        return self._sockets.turn.for_seat(self._attendance.seat_id, time.time())

    def _renew_later(self) -> None:
        turn = self._sockets.turn
        if turn.urls:
            self._renewal = self._loop.call_later(turn.ttl_s / 2, self._renew)

    def _renew(self) -> None:
        if self._core.stage is Stage.JOINED:
            self.on_notice(IceServers(ice_servers=self._ice_servers()))
            self._renew_later()

    async def _answer(self, request: Request) -> None:
        assert self._attendance is not None
        self._reply(
            await perform(self._attendance, request, self._language, self._sockets.translate)
        )

    # ------------------------------------------------------------ towards the client

    def _reply(self, message: Any) -> None:
        if self._core.stage is Stage.JOINED:
            self._outbox.reply(message, self._loop.time())
            self._pushed()

    def on_entries(self, entries: Sequence[Entry]) -> None:
        if self._core.stage is not Stage.CLOSED:
            self._outbox.add_entries(entries, self._loop.time())
            self._pushed()

    def on_notice(self, notice: AnyNotice) -> None:
        if self._core.stage is not Stage.CLOSED:
            self._outbox.add_notice(notice, self._loop.time())
            self._pushed()

    def on_closed(self, code: str) -> None:
        # A request settled in this turn of the loop ("end-meeting") gets its reply before the bye.
        self._loop.call_soon(self.dismiss, bye_code(code))

    def _pushed(self) -> None:
        """Something was put into the outbox."""
        if self._outbox.overflowing(self._loop.time()):
            self.dismiss(ByeCode.SLOW)
        self._wake.set()


def _happening(frame: WSMessage) -> Happening:
    """What a frame from the client means."""
    if frame.type is WSMsgType.TEXT:
        try:
            return Received(Codec.parse(frame.data), len(frame.data))
        except ProtocolError as error:
            return Malformed(error)
    if frame.type is WSMsgType.BINARY:
        return Malformed(ProtocolError(CLOSE_UNSUPPORTED_DATA, "text frames only"))
    return Gone()  # closed, or the line broke the rules of RFC 6455 and aiohttp closed it


def _reason(text: str) -> bytes:
    return text.encode()[:MAX_REASON_BYTES].decode(errors="ignore").encode()
