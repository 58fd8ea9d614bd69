"""Packet dumps: who may have one when, where it lies, what goes when there are too many."""

from pathlib import Path

import pytest
from rooms_world import KBANG, PLEIKU, HandClock

from rooms.directory.accounts import Account
from rooms.errors import RequestRefused
from rooms.media_port import MediaRefused
from rooms.records.audit import Audit
from rooms.records.dumps import MAX_FILE_BYTES, Dumps, described, files
from rooms.session.model import PeerId, SeatId
from rooms.store.database import Database


class Plane:
    """Writes a small file for each dump."""

    def __init__(self, clock: HandClock) -> None:
        self.clock = clock
        self.running: dict[PeerId, Path] = {}
        self.seconds = 0.0
        self.refuses = False

    async def start_dump(self, peer: PeerId, directory: str, seconds: float) -> str:
        if self.refuses:
            raise MediaRefused("busy", "as the test wishes")
        path = Path(directory) / f"{int(self.clock.now())}-{len(self.running):08x}.dcdump"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"dump")
        self.running[peer] = path
        self.seconds = seconds
        return str(path)

    async def stop_dump(self, peer: PeerId) -> None:
        if self.running.pop(peer, None) is None:
            raise MediaRefused("unknown-peer", "")


class Room:
    def __init__(self, db: Database, folder: Path, account: Account, **changes: object) -> None:
        self.clock = HandClock()
        self.plane = Plane(self.clock)
        self.audit = Audit(db)
        self.account = account
        self.peers = {KBANG: PeerId(f"{KBANG}#1"), PLEIKU: PeerId(f"{PLEIKU}#1")}
        self.dumps = Dumps(
            folder,
            self.plane,
            lambda meeting, seat: self.peers.get(seat),
            self.audit,
            self.clock,
            **{"allowed": True, "max_bytes": 1_000_000_000, **changes},  # type: ignore[arg-type]
        )

    async def start(self, seat: SeatId = KBANG, seconds: float = 60.0) -> str:
        return (await self.dumps.start(1, seat, seconds, self.account)).name


@pytest.fixture
def account(people: dict[str, Account], meeting_id: int) -> Account:
    return people["kythuat"]


@pytest.fixture
def room(db: Database, tmp_path: Path, account: Account) -> Room:
    return Room(db, tmp_path, account)


async def test_a_dump_runs_until_its_time_is_over(room: Room, tmp_path: Path):
    name = await room.start(seconds=60)
    assert room.plane.seconds == 60
    (dump,) = await room.dumps.of(1, KBANG)
    assert (dump.name, dump.seat, dump.meeting, dump.size_bytes) == (name, KBANG, 1, 4)
    assert dump.until == room.clock.now() + 60
    assert [path.parent.name for path in files(tmp_path)] == [KBANG.replace(":", "-")]
    assert await room.start() == name, "it goes on"
    assert await room.dumps.of(1, PLEIKU) == []
    room.clock.advance(62)
    assert (await room.dumps.of(1))[0].until is None
    assert await room.start() != name
    assert len(await room.dumps.of(1, KBANG)) == 2


async def test_a_dump_ends_with_the_transport_of_its_seat(room: Room):
    name = await room.start()
    room.peers[KBANG] = PeerId(f"{KBANG}#2")
    assert (await room.dumps.of(1))[0].until is None
    room.clock.advance(1)
    assert await room.start() != name


async def test_what_is_done_with_dumps_is_recorded(room: Room, account: Account):
    name = await room.start()
    await room.dumps.stop(1, KBANG, account)
    await room.dumps.stop(1, KBANG, account)
    assert room.plane.running == {}
    path = await room.dumps.fetch(name, account)
    assert path.read_bytes() == b"dump"
    entries = await room.audit.recent()
    assert [(entry.action, entry.username) for entry in reversed(entries)] == [
        ("dump-started", "kythuat"),
        ("dump-stopped", "kythuat"),
        ("dump-downloaded", "kythuat"),
    ]
    assert {(entry.meeting, entry.subject) for entry in entries} == {(1, f"{KBANG} {name}")}


async def test_when_there_is_no_dump(db: Database, tmp_path: Path, account: Account, room: Room):
    off = Room(db, tmp_path, account, allowed=False)
    with pytest.raises(RequestRefused, match="dumps-off"):
        await off.start()
    with pytest.raises(RequestRefused, match="not-present"):
        await room.start(SeatId("site:99"))
    room.peers[SeatId("../x")] = PeerId("x#1")
    with pytest.raises(RequestRefused, match="not-present"):
        await room.start(SeatId("../x"))
    room.plane.refuses = True
    with pytest.raises(RequestRefused, match="busy"):
        await room.start()
    assert list(files(tmp_path)) == []
    for name in ("../../etc/passwd", "*", "1-00000000"):
        with pytest.raises(RequestRefused, match="not-found"):
            await room.dumps.fetch(name, account)
    assert await room.audit.recent() == []


async def test_the_oldest_go_when_there_are_too_many(
    db: Database, tmp_path: Path, account: Account
):
    room = Room(db, tmp_path, account, max_bytes=2 * MAX_FILE_BYTES + 10)
    names = []
    for _ in range(3):
        names.append(await room.start())
        room.clock.advance(100)
    kept = lambda: {described(path).name for path in files(tmp_path)}  # noqa: E731
    assert kept() == set(names)
    running = await room.start(PLEIKU)
    assert kept() == {*names, running}
    newest = await room.start()
    assert kept() == {*names[1:], running, newest}, "one that is being written may become large"
