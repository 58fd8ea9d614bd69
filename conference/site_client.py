"""One simulated site: an ordinary client of the WebSocket protocol whose camera is a clip."""

import asyncio
import contextlib
import logging
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import msgspec
from aiortc import RTCCertificate

from conference import __version__
from conference.duties import owed_after, owed_on_entering
from media.load.clipfile import Clip
from media.load.offer import MediaPlan
from media.load.peer import Peer, PeerFailed, Ticker
from rooms.session import commands, events
from rooms.session.model import SeatId, Session, Source
from rooms.session.notices import Layers, MediaLost, MediaReset, Speakers
from signaling import messages
from signaling.messages import Codec

log = logging.getLogger(__name__)

PLAN = MediaPlan(
    microphone=True,
    camera=True,
    rids=("q", "h", "f"),
    screen=True,
    audio_slots=4,
    video_slots=3,
)
TILES = PLAN.video_slots - 1
TILE_HEIGHT = 180
ANSWER_SECONDS = 10.0
BACKOFF_SECONDS = (0.3, 0.5, 1.0, 1.5)
PERSON_SECONDS = 1.0  # shorter sounds of a person interrupt nobody
LISTEN_SECONDS = 0.2  # how often a speaking site notices what others do
GOODBYE_SECONDS = 0.5  # for the server's closing handshake
DUTY_SECONDS = (1.0, 4.0)  # how long a site takes to answer the roll call or to vote
OBEY_MUTE_SECONDS = 60.0  # a muted site does not speak again for so long

_decoder: msgspec.json.Decoder[messages.AnyServerMessage] = msgspec.json.Decoder(
    messages.AnyServerMessage
)


class Refused(Exception):
    """The server refused a request; `code` as in PROTOCOL.md."""


class Finished(Exception):
    """The server said goodbye for good."""


@dataclass(slots=True)
class Floor:
    """Who else speaks: simulated sites keep quiet while a person does."""

    simulated: set[SeatId] = field(default_factory=set)
    _since: dict[SeatId, float] = field(default_factory=dict)  # people who speak now

    def hear(self, seat: SeatId, speaking: bool, now: float) -> None:
        """A seat began or stopped speaking; `now` is monotonic."""
        if speaking and seat not in self.simulated:
            self._since.setdefault(seat, now)
        else:
            self._since.pop(seat, None)

    def taken(self, now: float) -> bool:
        """Whether a person speaks: a cough or an echo of ours does not count."""
        return any(now - since > PERSON_SECONDS for since in self._since.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What all sites of the process share."""

    http: aiohttp.ClientSession
    url: str  # of the service, "http://…"
    address: str  # ours, towards the service
    meeting: str
    certificate: RTCCertificate
    ticker: Ticker
    floor: Floor
    rng: random.Random


class SimulatedSite:
    """Joins, stays, speaks when told, comes back when thrown out."""

    def __init__(
        self, around: Surroundings, seat: SeatId, token: Callable[[], str], clip: Clip
    ) -> None:
        """`token`: issues a fresh bearer token; asked at each connection."""
        self.seat = seat
        self._around = around
        self._token = token
        self._clip = clip
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._waiting: dict[int, asyncio.Future[messages.AnyServerMessage]] = {}
        self._request_id = 0
        self._peer: Peer | None = None
        self._new_media = asyncio.Event()
        self._seats: list[SeatId] = []  # those shown on tiles, protocol order
        self._owed: set[asyncio.Task[None]] = set()
        self._quiet_until = 0.0  # monotonic; obeying a mute

    @property
    def ready(self) -> bool:
        """In the meeting, with media, and free to speak."""
        peer = self._peer
        connected = peer is not None and peer.publication is not None and peer.lost is None
        return connected and time.monotonic() >= self._quiet_until

    @property
    def microphone(self) -> bool:
        publication = self._peer.publication if self._peer else None
        return publication is not None and publication.microphone

    async def run(self) -> None:
        """Attend until the meeting ends or somebody else takes the seat."""
        failures = 0
        while True:
            started = time.monotonic()
            try:
                await self._attend()
            except Finished as end:
                log.info("simulated site stays away seat=%s reason=%s", self.seat, end)
                return
            except (aiohttp.ClientError, OSError, TimeoutError, PeerFailed, Refused) as error:
                log.info("simulated site returns seat=%s error=%s", self.seat, error)
            failures = 0 if time.monotonic() - started > 10 else failures + 1
            pause = BACKOFF_SECONDS[min(failures, len(BACKOFF_SECONDS) - 1)]
            await asyncio.sleep(pause * self._around.rng.uniform(0.7, 1.3))

    async def leave(self) -> None:
        """Say goodbye; `run` is to be cancelled next."""
        if self._socket is not None and not self._socket.closed:
            with contextlib.suppress(ConnectionError, aiohttp.ClientError):
                await self._socket.send_str(Codec.serialize(messages.Leave()))

    # ------------------------------------------------------------ speaking

    async def speak(self, seconds: float) -> None:
        """Switch the microphone on, talk, switch it off; ends early when muted or interrupted."""
        try:
            await self.request(messages.SetMicrophone, on=True)
            self._set_sound(True)
            await self._talk(seconds)
            if self.microphone:
                self._set_sound(False)
                await self.request(messages.SetMicrophone, on=False)
        except (Refused, TimeoutError, ConnectionError, aiohttp.ClientError) as error:
            log.debug("simulated site cannot speak seat=%s error=%s", self.seat, error)
            self._set_sound(False)

    async def _talk(self, seconds: float) -> None:
        """Wait out the turn; until muted, cut off, or a person speaks."""
        for _ in range(round(seconds / LISTEN_SECONDS)):
            if not self.microphone or self._around.floor.taken(time.monotonic()):
                return
            await asyncio.sleep(LISTEN_SECONDS)

    async def raise_hand(self, seconds: float) -> None:
        """Ask for the floor, and think better of it after a while."""
        with contextlib.suppress(Refused, TimeoutError, ConnectionError, aiohttp.ClientError):
            await self.request(messages.RaiseHand)
            await asyncio.sleep(seconds)
            await self.request(messages.LowerHand)

    def _set_sound(self, on: bool) -> None:
        publication = self._peer.publication if self._peer else None
        if publication is not None:
            publication.microphone = publication.speaking = on

    # ------------------------------------------------------------ one connection

    async def _attend(self) -> None:
        around = self._around
        url = around.url.replace("http", "ws", 1).rstrip("/") + "/ws"
        async with around.http.ws_connect(
            url, max_msg_size=0, timeout=aiohttp.ClientWSTimeout(ws_close=GOODBYE_SECONDS)
        ) as socket:
            self._socket = socket
            hello = messages.Hello(
                protocol=messages.PROTOCOL_VERSION,
                meeting=around.meeting,
                token=self._token(),
                client=f"diemcau-simulated/{__version__}",
            )
            await socket.send_str(Codec.serialize(hello))
            async with asyncio.timeout(ANSWER_SECONDS):
                welcome = await self._next(socket)
            if not isinstance(welcome, messages.Welcome) or welcome.session is None:
                raise Refused("no welcome")
            self._enter(welcome.session)
            for duty in owed_on_entering(self.seat, welcome.session, around.rng):
                self._owe(duty)
            tasks = [
                asyncio.create_task(self._ping(socket, welcome.ping_seconds)),
                asyncio.create_task(self._media(welcome.session)),
                asyncio.create_task(self._read(socket)),
            ]
            try:
                await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            finally:
                await self._end(tasks)
        for task in tasks:
            if not task.cancelled() and (error := task.exception()) is not None:
                raise error

    async def _end(self, tasks: list[asyncio.Task[None]]) -> None:
        running = [*tasks, *self._owed]
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        self._socket = None
        for waiting in self._waiting.values():
            waiting.cancel()
        self._waiting.clear()
        self._close_peer()

    async def _next(self, socket: aiohttp.ClientWebSocketResponse) -> messages.AnyServerMessage:
        """The next message; a goodbye and a closed socket end the connection."""
        frame = await socket.receive()
        if frame.type is not aiohttp.WSMsgType.TEXT:
            raise ConnectionResetError("the server closed the connection")
        message = _decoder.decode(frame.data)
        if isinstance(message, messages.Bye):
            if not message.retry:
                raise Finished(message.code)
            raise ConnectionResetError(message.code)
        return message

    async def _read(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        while True:
            self._take(await self._next(socket))

    @staticmethod
    async def _ping(socket: aiohttp.ClientWebSocketResponse, interval: float) -> None:
        while True:
            await asyncio.sleep(interval)
            await socket.send_str(Codec.serialize(messages.Ping()))

    async def request(self, kind: type[messages.Request], **fields: Any) -> Any:
        """Send a request and wait for its answer.

        Raises:
            Refused, TimeoutError, ConnectionError.
        """
        if self._socket is None:
            raise ConnectionResetError("not connected")
        self._request_id += 1
        id_ = self._request_id
        waiting = self._waiting[id_] = asyncio.get_running_loop().create_future()
        try:
            await self._socket.send_str(Codec.serialize(kind(request_id=id_, **fields)))
            async with asyncio.timeout(ANSWER_SECONDS):
                answer = await waiting
        finally:
            self._waiting.pop(id_, None)
        if isinstance(answer, messages.Refused):
            raise Refused(answer.code)
        return answer

    def _take(self, message: messages.AnyServerMessage) -> None:
        match message:
            case messages.Done() | messages.Refused() | messages.Answer():
                waiting = self._waiting.get(message.request_id)
                if waiting is not None and not waiting.done():
                    waiting.set_result(message)
            case messages.Events(entries=entries):
                for entry in entries:
                    self._follow(entry.event)
                    duty = owed_after(self.seat, entry.event, self._around.rng)
                    if duty is not None:
                        self._owe(duty)
            case Speakers(levels=levels):
                for level in levels:
                    self._around.floor.hear(level.seat, level.speaking, time.monotonic())
            case Layers():
                self._send_watched(message)
            case MediaReset() | MediaLost():
                self._new_media.set()
            case _:
                pass

    def _send_watched(self, layers: Layers) -> None:
        """Nobody watches the other layers; without a word about the camera, all are sent."""
        publication = self._peer.publication if self._peer else None
        if publication is not None:
            camera = [sent.rids for sent in layers.sources if sent.source is Source.CAMERA]
            publication.watch(camera[0] if camera else None)

    def _enter(self, session: Session) -> None:
        seats = sorted(session.seats.values(), key=lambda seat: (seat.rank, seat.id))
        self._seats = [seat.id for seat in seats if seat.on_tiles]

    def _follow(self, event: events.AnyEvent) -> None:
        match event:
            case events.MicrophoneSet(seat=seat, on=False, by=by) if seat == self.seat:
                self._set_sound(False)
                if by != self.seat:
                    self._quiet_until = time.monotonic() + OBEY_MUTE_SECONDS
            case events.SeatLeft(seat=seat):
                self._around.floor.hear(seat, False, time.monotonic())
            case _:
                pass

    def _owe(self, duty: commands.ClientCommand) -> None:
        task = asyncio.create_task(self._do(duty))
        self._owed.add(task)
        task.add_done_callback(self._owed.discard)

    async def _do(self, duty: commands.ClientCommand) -> None:
        """After a moment, as people do; what is no longer wanted by then is refused."""
        await asyncio.sleep(self._around.rng.uniform(*DUTY_SECONDS))
        with contextlib.suppress(Refused, TimeoutError, ConnectionError, aiohttp.ClientError):
            await self.request(messages.Command, command=duty)

    # ------------------------------------------------------------ media

    async def _media(self, session: Session) -> None:
        """One peer connection after another, for as long as the server has none for us."""
        seat = session.seats.get(self.seat)
        if seat is not None and seat.microphone:
            await self.request(messages.SetMicrophone, on=False)
        while True:
            self._new_media.clear()
            peer = await self._connect_media()
            await self._show_tiles()
            while peer.lost is None and not self._new_media.is_set():
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._new_media.wait(), 1.0)
            self._close_peer()
            if seat is not None:
                with contextlib.suppress(Refused):
                    await self.request(messages.SetMicrophone, on=False)
            await asyncio.sleep(0.3)

    def make_peer(self) -> Peer:
        around = self._around
        return Peer(around.certificate, PLAN, clip=self._clip, address=around.address)

    async def _connect_media(self) -> Peer:
        peer = self._peer = self.make_peer()
        self._around.ticker.add(peer)
        answer = await self.request(messages.Offer, sdp=peer.offer())
        await peer.connect(answer.sdp)
        return peer

    def view(self) -> tuple[int, Sequence[SeatId]]:
        """The main picture's height, and the tiles: the next sites in protocol order."""
        at = self._seats.index(self.seat) if self.seat in self._seats else 0
        return 360, [*self._seats[at + 1 :], *self._seats[:at]][:TILES]

    async def _show_tiles(self) -> None:
        main_height, seats = self.view()
        tiles = tuple(
            messages.WantedTile(seat=seat, source=Source.CAMERA, height=TILE_HEIGHT)
            for seat in seats
        )
        with contextlib.suppress(Refused):
            await self.request(messages.SetView, main_height=main_height, tiles=tiles)

    def _close_peer(self) -> None:
        if self._peer is not None:
            self._around.ticker.remove(self._peer)
            self._peer.close()
            self._peer = None
