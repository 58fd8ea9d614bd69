"""A reform rehearsed on a small invented province: two districts end, communes are merged."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import argon2
import pytest
from sqlalchemy import select

from rooms.directory.accounts import Account, AccountRole, Accounts
from rooms.directory.directory import Directory
from rooms.directory.imports.service import Imports, ListKind
from rooms.directory.people import People
from rooms.directory.reforms.moves import RETIRE, Choice, bare_name
from rooms.directory.reforms.service import ReformDraft, Reforms
from rooms.directory.units import Units
from rooms.errors import Invalid, RequestRefused
from rooms.meetings.drafts import MeetingDraft, draft_sites
from rooms.meetings.meetings import Meetings
from rooms.store.database import Database
from rooms.store.tables import Base, SiteRow

TODAY = date(2026, 11, 25)
DAY = date(2027, 1, 1)
NOW = datetime(2026, 11, 25, 1, tzinfo=UTC)

UNITS = """code,parent_code,level,kind,name_vi
P,,province,tinh,Tỉnh Thử
P-TU,P,agency,tinh_uy,Tỉnh ủy
P-UB,P,agency,ubnd,Ủy ban nhân dân tỉnh
P-SO,P-UB,agency,so,Sở Nội vụ
10,P,district,huyen,Huyện Đông
20,P,district,huyen,Huyện Tây
10-HU,10,agency,huyen_uy,Huyện ủy Đông
10-UB,10,agency,ubnd,Ủy ban nhân dân huyện Đông
20-UB,20,agency,ubnd,Ủy ban nhân dân huyện Tây
101,10,commune,xa,Xã Suối
102,10,commune,xa,Xã Đồi
201,20,commune,xa,Xã Rừng
202,20,commune,xa,Xã Biên
202-UB,202,agency,ubnd,Ủy ban nhân dân xã Biên
"""
SITES = """code,unit_code,name,short_name
tinh,P-UB,UBND tỉnh,UBND tỉnh
dong,10-UB,UBND huyện Đông,Đông
tay,20-UB,UBND huyện Tây,Tây
bien,202-UB,UBND xã Biên,Biên
"""
PEOPLE = """full_name,unit_code,position,username
Lê An,10-UB,Chủ tịch UBND huyện Đông,
Trần Bình,20-UB,Chủ tịch UBND huyện Tây,binh
"""
SUCCESSION = """Mã cũ;Cách chuyển;Mã mới
10;Giải thể;
20;Giải thể;
10-HU;Giải thể;
10-UB;Một phần;A1-UB
10-UB;Một phần;A2-UB
20-UB;Toàn bộ;A2-UB
101;Toàn bộ;101
102;Toàn bộ;101
201;Một phần;101
201;Một phần;A2
202;Giữ nguyên;202
"""
NEW_UNITS = """code,parent_code,level,kind,name_vi
101,P,commune,xa,Xã Suối Mới
A2,P,commune,phuong,Phường Rừng
A1-UB,101,agency,ubnd,Ủy ban nhân dân xã Suối Mới
A2-UB,A2,agency,ubnd,Ủy ban nhân dân phường Rừng
202,P,commune,xa,Xã Biên
"""


def cheap(db: Database) -> Accounts:
    hasher = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    return Accounts(db, hasher=hasher)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The province, made once; tests work on copies."""
    file = tmp_path_factory.mktemp("province") / "rooms.db"
    asyncio.run(_make(file))
    return file


async def _make(file: Path) -> None:
    db = Database(f"sqlite+aiosqlite:///{file}")
    await db.migrate()
    imports = Imports(db)
    await imports.write(ListKind.UNITS, UNITS.encode(), TODAY)
    await imports.write(ListKind.SITES, SITES.encode(), TODAY)
    units = {unit.short_name: unit.id for unit in await Directory(db).units(on=TODAY)}
    sites = {site.code: site.id for site in await Directory(db).sites()}
    west, province = units["UBND huyện Tây"], units["UBND tỉnh"]
    for name, role, unit, site in (
        ("binh", AccountRole.OFFICIAL, west, None),
        ("tay", AccountRole.SITE_DEVICE, west, sites["tay"]),
        ("thuky", AccountRole.SECRETARIAT, province, None),
    ):
        password = "mot-mat-khau"
        await cheap(db).create(
            username=name, full_name=name, role=role, password=password, unit_id=unit, site_id=site
        )
    plan = await imports.write(ListKind.PEOPLE, PEOPLE.encode(), TODAY)
    assert not plan.faults
    await db.close()


@pytest.fixture
async def province(made: Path, tmp_path: Path) -> AsyncIterator[Database]:
    shutil.copy(made, tmp_path / "rooms.db")
    db = Database(f"sqlite+aiosqlite:///{tmp_path}/rooms.db")
    yield db
    await db.close()


@pytest.fixture
async def secretary(province: Database) -> Account:
    account = await cheap(province).by_username("thuky")
    assert account is not None
    return account


def draft(succession: str = SUCCESSION, new_units: str = NEW_UNITS) -> ReformDraft:
    return ReformDraft(
        name="Sắp xếp 2027",
        act="NQ 1/2026",
        effective=DAY,
        succession=succession.encode(),
        new_units=new_units.encode(),
    )


async def drafted(db: Database, by: Account, **files: str) -> tuple[Reforms, int]:
    reforms = Reforms(db)
    return reforms, await reforms.create(draft(**files), by, NOW, TODAY)


async def confirmed(db: Database, by: Account) -> tuple[Reforms, int]:
    reforms, reform = await drafted(db, by)
    preview = await reforms.preview(reform)
    choices = {move.key: Choice(unit="A1-UB") for move in preview.moves if move.undecided}
    await reforms.choose(reform, choices)
    await reforms.confirm(reform, TODAY)
    return reforms, reform


async def names(db: Database, on: date) -> set[str]:
    return {unit.name for unit in await Directory(db).units(on=on)}


async def test_a_preview_tells_everything_and_writes_nothing(province, secretary):
    reforms, reform = await drafted(province, secretary)
    before = await names(province, DAY)
    preview = await reforms.preview(reform)
    assert preview.plan.faults == ()
    assert [ended.code for ended in preview.plan.ended] == [
        "10", "20", "10-HU", "10-UB", "20-UB", "101", "102", "201",
    ]  # fmt: skip
    heirs = {ended.code: [heir.code for heir in ended.heirs] for ended in preview.plan.ended}
    assert heirs["201"] == ["101", "A2"]
    assert heirs["10"] == []
    assert preview.plan.added == 4
    stays, follows = [change for change in preview.plan.changes if not change.new]
    assert [(f.title, f.old, f.new) for f in stays.fields] == [("Mã đơn vị cấp trên", "20", "P")]
    assert [(f.title, f.old, f.new) for f in follows.fields] == [
        ("Mã cơ quan cấp trên cùng hệ thống", "20-UB", "P-UB")
    ]
    chosen = {move.occupant.name: move.unit for move in preview.moves}
    assert chosen == {
        "UBND huyện Đông": "", "UBND huyện Tây": "A2-UB", "Lê An": "", "Trần Bình": "A2-UB",
        "tay": "A2-UB", "binh": "A2-UB",
    }  # fmt: skip
    assert not preview.ready
    with pytest.raises(RequestRefused, match="reform-not-ready"):
        await reforms.confirm(reform, TODAY)
    assert await names(province, DAY) == before


async def test_both_trees_stand_side_by_side_until_the_day(province, secretary):
    await confirmed(province, secretary)
    directory = Directory(province)
    old, new = await names(province, DAY - timedelta(days=1)), await names(province, DAY)
    assert {"Huyện Đông", "Xã Suối", "Ủy ban nhân dân huyện Tây"} <= old
    assert {"Xã Suối Mới", "Phường Rừng", "Ủy ban nhân dân phường Rừng"} <= new
    assert not old & {"Xã Suối Mới", "Phường Rừng"}
    assert not new & {"Huyện Đông", "Xã Suối", "Huyện ủy Đông"}
    assert {unit.level for unit in await directory.units(on=DAY)} == {
        "province", "commune", "agency",
    }  # fmt: skip
    tree = await directory.tree(DAY)
    paths = {u.name: [above.name for above in tree.path(u.id)] for u in tree.units.values()}
    assert paths["Xã Biên"] == ["Tỉnh Thử", "Xã Biên"]
    committee = next(u for u in tree.units.values() if u.short_name == "UBND phường Rừng")
    assert tree.units[committee.superior_id or 0].name == "Ủy ban nhân dân tỉnh"
    today = {site.name: site.short_name for site in await directory.sites()}
    then = {site.name: site.short_name for site in await directory.sites(on=DAY)}
    assert today == {
        "UBND tỉnh": "UBND tỉnh", "UBND huyện Đông": "Đông", "UBND huyện Tây": "Tây",
        "UBND xã Biên": "Biên",
    }  # fmt: skip
    assert then == {
        "UBND tỉnh": "UBND tỉnh", "UBND xã Suối Mới": "Suối Mới", "UBND phường Rừng": "Rừng",
        "UBND xã Biên": "Biên",
    }  # fmt: skip


async def test_on_the_day_sites_people_and_devices_are_in_their_new_units(province, secretary):
    reforms, reform = await confirmed(province, secretary)
    directory = Directory(province)
    assert await reforms.take_effect(DAY - timedelta(days=1)) == []
    assert [done.id for done in await reforms.take_effect(DAY)] == [reform]
    assert await reforms.take_effect(DAY) == []
    tree = await directory.tree(DAY)
    sites = {site.code: tree.units[site.unit_id].short_name for site in await directory.sites()}
    assert sites["dong"] == "UBND xã Suối Mới"
    assert sites["tay"] == "UBND phường Rừng"
    people = {p.full_name: p.unit_name for p in (await People(province).find()).people}
    assert people == {"Lê An": "UBND xã Suối Mới", "Trần Bình": "UBND phường Rừng"}
    device = await cheap(province).by_username("tay")
    assert device is not None
    assert device.unit_name == "UBND phường Rừng"
    story = await Units(province).story(tree.path(await unit_named(province, "Xã Biên"))[-1].id)
    assert story is not None
    assert [(v.valid_from, v.valid_to) for v in story.versions] == [(None, DAY)]
    assert [level.code for level in await directory.levels(DAY)] == [
        "province", "commune", "agency",
    ]  # fmt: skip
    old = await directory.tree(DAY - timedelta(days=1))
    assert [u.name for u in old.path(story.unit.id)] == ["Tỉnh Thử", "Huyện Tây", "Xã Biên"]


async def unit_named(db: Database, name: str) -> int:
    return next(u.id for u in await Directory(db).units(on=DAY) if u.name == name)


async def test_successions_are_many_to_many(province, secretary):
    await confirmed(province, secretary)
    story = await Units(province).story(await unit_named(province, "Xã Suối Mới"))
    assert story is not None
    assert [(s.name, s.share) for s in story.predecessors] == [
        ("Xã Suối", "whole"), ("Xã Đồi", "whole"), ("Xã Rừng", "part"),
    ]  # fmt: skip
    assert story.code == "101"  # the code of a predecessor, used again
    old = next(u for u in await Directory(province).units(on=TODAY) if u.name == "Xã Rừng")
    before = await Units(province).story(old.id)
    assert before is not None
    assert [s.name for s in before.successors] == ["Xã Suối Mới", "Phường Rừng"]
    ended = next(u for u in await Directory(province).units(on=TODAY) if u.name == "Huyện Đông")
    story = await Units(province).story(ended.id)
    assert story is not None
    assert [(s.unit_id, s.act) for s in story.successors] == [(None, "NQ 1/2026")]


async def content_of(db: Database) -> dict[str, list[tuple]]:
    async with db.reading() as session:
        return {
            table.name: sorted(map(tuple, await session.execute(select(table))), key=repr)
            for table in Base.metadata.sorted_tables
            if table.name != "reforms"
        }


async def test_a_reform_taken_back_leaves_no_trace(province, secretary):
    before = await content_of(province)
    reforms, reform = await confirmed(province, secretary)
    assert await content_of(province) != before
    await reforms.cancel(reform)
    assert await content_of(province) == before
    with pytest.raises(RequestRefused, match="reform-done"):
        await reforms.cancel(reform)


async def test_a_new_unit_in_use_keeps_the_reform(province, secretary):
    reforms, reform = await confirmed(province, secretary)
    unit = await unit_named(province, "Ủy ban nhân dân phường Rừng")
    async with province.session() as session:
        site = await session.scalar(select(SiteRow).where(SiteRow.code == "tay"))
        site.unit_id = unit
    with pytest.raises(RequestRefused, match="unit-in-use"):
        await reforms.cancel(reform)


async def test_one_reform_waits_at_a_time_and_comes_before_its_day(province, secretary):
    await confirmed(province, secretary)
    reforms, second = await drafted(province, secretary)
    with pytest.raises(RequestRefused, match="reform-waiting"):
        await reforms.confirm(second, TODAY)
    with pytest.raises(Invalid) as refused:
        await reforms.create(ReformDraft(succession=b"\xff", new_units=b""), secretary, NOW, TODAY)
    assert set(refused.value.errors) == {"name", "effective", "succession"}


async def test_a_site_may_be_given_up_or_named_by_hand(province, secretary):
    reforms, reform = await drafted(province, secretary)
    moves = (await reforms.preview(reform)).moves
    keys = {move.occupant.name: move.key for move in moves}
    await reforms.choose(
        reform,
        {
            keys["UBND huyện Đông"]: Choice(unit=RETIRE),
            keys["UBND huyện Tây"]: Choice(name="Hội trường phường Rừng", short_name="Rừng 1"),
            keys["Lê An"]: Choice(unit="P-SO"),
        },
    )
    await reforms.confirm(reform, TODAY)
    assert "Hội trường phường Rừng" in {s.name for s in await Directory(province).sites(on=DAY)}
    await reforms.take_effect(DAY)
    sites = {site.code: site.name for site in await Directory(province).sites()}
    assert sites == {"tinh": "UBND tỉnh", "tay": "Hội trường phường Rừng", "bien": "UBND xã Biên"}
    people = {p.full_name: p.unit_name for p in (await People(province).find()).people}
    assert people["Lê An"] == "Sở Nội vụ"


async def test_old_meetings_keep_the_names_of_their_time(province, secretary):
    meetings = Meetings(province)
    units = {unit.short_name: unit.id for unit in await Directory(province).units(on=TODAY)}
    sites = {site.code: site.id for site in await Directory(province).sites()}
    chair = await cheap(province).by_username("binh")
    assert chair is not None
    held = []
    for days in (1, 60):
        draft = MeetingDraft(
            title="Giao ban",
            start=NOW + timedelta(days=days),
            end=NOW + timedelta(days=days, hours=2),
            host_unit_id=units["UBND huyện Tây"],
            chair_id=chair.id,
            sites=draft_sites(sites[code] for code in ("dong", "bien")),
        )
        held.append((await meetings.schedule(draft, secretary, NOW)).id)
    reforms, reform = await drafted(province, secretary)
    assert [meeting.id for meeting in (await reforms.preview(reform)).meetings] == held[1:]
    choices = {move.key: Choice(unit="A1-UB") for move in (await reforms.preview(reform)).moves}
    await reforms.choose(reform, choices)
    await reforms.confirm(reform, TODAY)
    await reforms.take_effect(DAY)
    old, new = [await meetings.get(meeting) for meeting in held]
    assert old is not None
    assert new is not None
    assert [site.name for site in old.sites] == ["UBND huyện Đông", "UBND xã Biên"]
    assert [site.unit_name for site in old.sites] == ["UBND huyện Đông", "UBND xã Biên"]
    assert [site.name for site in new.sites] == ["UBND xã Suối Mới", "UBND xã Biên"]
    assert old.host_unit == "UBND huyện Tây"


WRONG = [
    ("unknown-old", SUCCESSION + "999;Giải thể;\n", NEW_UNITS),
    ("twice-line", SUCCESSION + "102;Toàn bộ;101\n", NEW_UNITS),
    ("whole-and-part", SUCCESSION + "102;Một phần;A2\n", NEW_UNITS),
    ("needs-successor", SUCCESSION.replace("20-UB;Toàn bộ;A2-UB", "20-UB;Toàn bộ;"), NEW_UNITS),
    ("no-successor", SUCCESSION.replace("10-HU;Giải thể;", "10-HU;Giải thể;A2"), NEW_UNITS),
    ("stays-but-changes", SUCCESSION.replace("202;Giữ nguyên;202", "202;Giữ nguyên;A2"), NEW_UNITS),
    ("unknown-new", SUCCESSION, NEW_UNITS.replace("A1-UB,", "A9-UB,")),
    ("unknown-share", SUCCESSION.replace("Một phần", "Một ít"), NEW_UNITS),
    ("orphan", SUCCESSION.replace("202;Giữ nguyên;202\n", ""), NEW_UNITS.replace("202,P", "203,P")),
    ("unknown-parent", SUCCESSION, NEW_UNITS.replace("A2,P,", "A2,20,")),
]


async def test_lists_that_do_not_fit_are_refused(province, secretary):
    for code, succession, new_units in WRONG:
        files = {"succession": succession, "new_units": new_units}
        reforms, reform = await drafted(province, secretary, **files)
        preview = await reforms.preview(reform)
        assert code in {fault.code for fault in preview.plan.faults}
        with pytest.raises(RequestRefused, match="reform-not-ready"):
            await reforms.confirm(reform, TODAY)


async def test_those_below_follow_to_the_only_successor(province, secretary):
    """A department needs no line of its own when its committee has one successor."""
    succession = SUCCESSION + "P-UB;Toàn bộ;P2-UB\n"
    new_units = NEW_UNITS + "P2-UB,P,agency,ubnd,Ủy ban nhân dân tỉnh mới\n"
    files = {"succession": succession, "new_units": new_units}
    reforms, reform = await drafted(province, secretary, **files)
    plan = (await reforms.preview(reform)).plan
    assert plan.faults == ()
    department = next(change for change in plan.changes if change.key == "P-SO")
    assert [(f.title, f.new) for f in department.fields] == [("Mã đơn vị cấp trên", "P2-UB")]


@pytest.mark.parametrize(
    ("name", "bare"),
    [
        ("UBND xã Suối Mới", "Suối Mới"),
        ("UBND huyện KBang", "KBang"),
        ("Đảng ủy phường Rừng", "Rừng"),
        ("Sở Nội vụ", "Sở Nội vụ"),
        ("UBND thành phố Pleiku", "Pleiku"),
        ("UBND tỉnh", "UBND tỉnh"),
    ],
)
def test_tiles_bear_bare_names(name, bare):
    assert bare_name(name) == bare
