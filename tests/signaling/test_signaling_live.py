"""Signalling over real live meetings and a real store; only the media plane is the test's."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from aiohttp import ClientSession, ClientWebSocketResponse, TCPConnector, web
from aiohttp.test_utils import TestServer

from rooms.clock import SystemClock
from rooms.health import HealthBoard
from rooms.media_port import Connected, MediaObserver, SlotWant
from rooms.meetings.meetings import Meeting, Meetings
from rooms.meetings.seating import opening_seats, site_seat
from rooms.records.recordings import Recordings
from rooms.service import LiveMeetings
from rooms.session.model import PeerId, Source
from rooms.store.database import Database
from rooms.store.tables import AccountRow, MeetingRow, MeetingSiteRow, SiteRow, UnitRow
from signaling.codes import ByeCode
from signaling.messages import Hello
from signaling.socket import Identity, Sockets, TurnedAway, add_routes

NOW = datetime.now(UTC)
CHAIR = "user:1"
TIMEOUT = 10.0  # for anything a test waits for


class Plane:
    """A media plane that takes every offer and forwards nothing."""

    def __init__(self) -> None:
        self.peers: list[PeerId] = []
        self.observer: MediaObserver | None = None

    async def open_room(self, room: str, observer: MediaObserver) -> None:
        self.observer = observer

    async def close_room(self, room: str) -> None:
        self.observer = None

    async def connect(self, room: str, peer: PeerId, offer: str) -> Connected:
        self.peers.append(peer)
        return Connected(answer="v=0", audio_mids=("3",), video_mids=("5", "6"))

    async def connect_viewer(self, room: str, peer: PeerId, offer: str) -> Connected:
        return await self.connect(room, peer, offer)

    async def restart(self, room: str, peer: PeerId, offer: str, path: str = "any") -> str:
        return "v=0"

    async def disconnect(self, room: str, peer: PeerId) -> None:
        if peer in self.peers:
            self.peers.remove(peer)

    async def set_slots(self, room: str, peer: PeerId, wants: Sequence[SlotWant]) -> None: ...
    async def set_allowed(self, room: str, peer: PeerId, sources: frozenset[Source]) -> None: ...
    async def set_limits(
        self, room: str, peer: PeerId, max_down_kbps: int | None, video: bool
    ) -> None: ...
    async def set_main_voice(self, room: str, peer: PeerId | None) -> None: ...
    async def start_recording(self, room: str, recording: str, directory: str) -> None: ...
    async def stop_recording(self, room: str, recording: str) -> None: ...


class Client:
    """A client of the protocol that folds nothing, but checks that nothing is missing."""

    def __init__(self, socket: ClientWebSocketResponse) -> None:
        self.socket = socket
        self.welcome: dict[str, Any] = {}
        self.seq = 0
        self.heard: list[dict[str, Any]] = []
        self.frames = 0  # of type "events"
        self._request = 0

    async def hello(self, seat: str, resume: "Client | None" = None) -> "Client":
        message = {"type": "hello", "protocol": 1, "meeting": "demo", "token": seat}
        if resume is not None:
            connection = resume.welcome["connection"]
            message |= {"resume": {"connection": connection, "seq": resume.seq}}  # type: ignore[dict-item]
            self.seq = resume.seq
        await self.socket.send_json(message)
        self.welcome = await self.until("welcome")
        if self.welcome["session"] is not None:
            self.seq = self.welcome["session"]["seq"]
        return self

    async def next(self) -> dict[str, Any]:
        message: dict[str, Any] = json.loads(await self.socket.receive_str(timeout=TIMEOUT))
        if message["type"] == "events":
            self.frames += 1
            for entry in message["entries"]:
                assert entry["seq"] == self.seq + 1
                self.seq += 1
        self.heard.append(message)
        return message

    async def until(self, kind: str) -> dict[str, Any]:
        """The next message of that type."""
        while (message := await self.next())["type"] != kind:
            pass
        return message

    async def until_event(self, kind: str) -> dict[str, Any]:
        while True:
            for entry in (await self.until("events"))["entries"]:
                if entry["event"]["type"] == kind:
                    return dict(entry["event"])

    async def request(self, kind: str, **fields: Any) -> dict[str, Any]:
        """Its reply."""
        self._request += 1
        await self.socket.send_json({"type": kind, "requestId": self._request, **fields})
        while (message := await self.next()).get("requestId") != self._request:
            pass
        return message


class Hall:
    """A running service with one meeting."""

    def __init__(
        self, meeting: Meeting, live: LiveMeetings, sockets: Sockets, plane: Plane, url: str
    ) -> None:
        self.meeting = meeting
        self.live = live
        self.sockets = sockets
        self.plane = plane
        self.url = url
        self.http = ClientSession(connector=TCPConnector(limit=0))

    async def enter(self, seat: str, resume: Client | None = None) -> Client:
        return await Client(await self.http.ws_connect(self.url)).hello(seat, resume)


async def _meeting(db: Database, sites: int) -> Meeting:
    async with db.session() as session:
        session.add(
            UnitRow(
                id=1,
                name="Tỉnh",
                short_name="Tỉnh",
                name_en="",
                kind="ubnd",
                level="province",
                rank=1,
            )
        )
        await session.flush()
        session.add(
            AccountRow(
                id=1,
                username="chutri",
                full_name="Chủ trì",
                position="Chủ tịch",
                role="official",
                unit_id=1,
                language="vi",
                active=True,
                created_at=NOW,
            )
        )
        for n in range(1, sites + 1):
            session.add(
                SiteRow(
                    id=n,
                    code=f"S{n}",
                    name=f"UBND huyện {n}",
                    short_name=f"Huyện {n}",
                    unit_id=1,
                    rank=n,
                    technician_phone="",
                    capacity=10,
                    place="",
                    active=True,
                )
            )
        await session.flush()
        session.add(
            MeetingRow(
                id=7,
                short_name="demo",
                title="Giao ban",
                host_unit_id=1,
                chair_id=1,
                start=NOW,
                end=NOW + timedelta(hours=2),
                state="approved",
                notes="",
                created_by=1,
                created_at=NOW,
            )
        )
        await session.flush()
        for n in range(1, sites + 1):
            session.add(MeetingSiteRow(meeting_id=7, site_id=n))
    meeting = await Meetings(db).get("demo")
    assert meeting is not None
    return meeting


@asynccontextmanager
async def hall(folder: Path, sites: int = 4) -> AsyncIterator[Hall]:
    db = Database(f"sqlite+aiosqlite:///{folder / 'd.sqlite'}")
    await db.migrate()
    meeting = await _meeting(db, sites)
    meetings, plane = Meetings(db), Plane()
    live = LiveMeetings(db, meetings, Recordings(db, folder), plane, SystemClock(), HealthBoard())
    seats = {seat.id: seat for seat in opening_seats(meeting)}
    seats |= {f"site:{site.site_id}": site_seat(site) for site in meeting.sites}  # type: ignore[misc]

    async def identify(_: web.Request, hello: Hello) -> Identity | TurnedAway:
        found = await meetings.get(hello.meeting)
        if found is None or hello.token not in seats:
            return TurnedAway(code=ByeCode.NOT_INVITED, language="vi")
        return Identity(meeting=found, seat=seats[hello.token], language="vi")  # type: ignore[index]

    app = web.Application()
    sockets = add_routes(app, live=live, identify=identify, translate=lambda text, _: text)
    async with TestServer(app) as server:
        scene = Hall(meeting, live, sockets, plane, str(server.make_url("/ws")))
        try:
            yield scene
        finally:
            await scene.http.close()
            await sockets.close()
            await live.close()
            await db.close()


async def test_a_meeting_from_hello_to_the_end(tmp_path: Path) -> None:
    async with hall(tmp_path) as scene:
        chair = await scene.enter(CHAIR)
        site = await scene.enter("site:1")
        session = site.welcome["session"]
        assert session["seats"][CHAIR]["present"]
        assert (await chair.until_event("seat-entered"))["seat"]["id"] == "site:1"

        assert (await site.request("set-microphone", on=True))["type"] == "done"
        assert (await site.request("mute-all"))["code"] == "not-allowed"
        assert (await chair.request("mute-seat", seat="site:1"))["type"] == "done"
        assert (await site.until_event("microphone-set"))["by"] == CHAIR

        assert (await chair.request("end-meeting"))["type"] == "done"
        bye = await site.until("bye")
        assert (bye["code"], bye["retry"]) == ("ended", False)
        assert (await chair.until("bye"))["code"] == "ended"


async def test_second_connection_of_a_seat_supersedes_the_first(tmp_path: Path) -> None:
    async with hall(tmp_path) as scene:
        chair = await scene.enter(CHAIR)
        first = await scene.enter("site:1")
        await first.request("set-microphone", on=True)
        second = await scene.enter("site:1")
        bye = await first.until("bye")
        assert (bye["code"], bye["retry"]) == ("superseded", False)
        await first.socket.close()
        seat = second.welcome["session"]["seats"]["site:1"]
        assert seat["present"]
        assert seat["microphone"]
        assert (await second.request("set-camera", on=False))["type"] == "done"
        await chair.until_event("camera-set")
        assert "seat-left" not in json.dumps(chair.heard)


async def test_lost_client_resumes_without_having_been_away(tmp_path: Path) -> None:
    async with hall(tmp_path) as scene:
        chair = await scene.enter(CHAIR)
        before = await scene.enter("site:1")
        await before.request("set-microphone", on=True)
        assert (await before.request("offer", sdp="v=0"))["videoMids"] == ["5", "6"]
        before.socket._response.connection.transport.abort()  # type: ignore[union-attr]
        await chair.request("mute-all")
        await chair.request("set-camera", on=False)

        after = await scene.enter("site:1", resume=before)
        assert after.welcome["session"] is None
        assert after.welcome["connection"] != before.welcome["connection"]
        missed = [entry["event"]["type"] for entry in (await after.until("events"))["entries"]]
        assert missed == ["microphone-set", "camera-set"]
        assert (await after.until("slots"))["slots"]
        assert len(scene.plane.peers) == 1
        await chair.request("set-camera", on=True)
        assert "seat-left" not in json.dumps(chair.heard)


async def test_client_without_a_transport_to_go_on_with_is_told(tmp_path: Path) -> None:
    async with hall(tmp_path) as scene:
        before = await scene.enter("site:1")
        after = await scene.enter("site:1", resume=before)
        await after.until("media-lost")


async def test_client_from_the_future_gets_a_snapshot(tmp_path: Path) -> None:
    async with hall(tmp_path) as scene:
        before = await scene.enter("site:1")
        before.seq += 1000
        after = await scene.enter("site:1", resume=before)
        assert after.welcome["session"]["meeting"] == scene.meeting.id


async def test_leaving_frees_the_seat_at_once(tmp_path: Path) -> None:
    async with hall(tmp_path) as scene:
        chair = await scene.enter(CHAIR)
        site = await scene.enter("site:1")
        await site.socket.send_json({"type": "leave"})
        assert (await chair.until_event("seat-left"))["left"] is True


async def test_250_sites_join_at_once(tmp_path: Path) -> None:
    async with hall(tmp_path, sites=250) as scene:
        loop = asyncio.get_running_loop()
        watcher = await scene.enter(CHAIR)
        began = loop.time()
        joins = [asyncio.create_task(scene.enter(f"site:{n}")) for n in range(1, 251)]
        sites = [await join for join in joins]
        turns = (loop.time() - began) / 0.1 + 3
        await watcher.request("raise-hand")
        assert watcher.seq == watcher.welcome["session"]["seq"] + 251
        assert watcher.frames <= turns
        for site in sites:
            while site.seq < watcher.seq:
                await site.next()
        assert max(site.frames for site in sites) <= turns
