"""Lists as CSV: every fault by line and column, all or nothing, twice is once."""

from datetime import date
from importlib import resources

import pytest
from sqlalchemy import func, select

from rooms.directory.directory import Directory
from rooms.directory.groups import Groups
from rooms.directory.imports.faults import FAULTS
from rooms.directory.imports.service import Imports, ListKind
from rooms.directory.imports.tables import read_table
from rooms.directory.imports.units import unit_columns
from rooms.directory.people import People, PersonDraft
from rooms.directory.units import Units
from rooms.errors import RequestRefused
from rooms.store.database import Database
from rooms.store.tables import Base

TODAY = date(2026, 11, 25)
UNITS, SITES, PEOPLE, GROUPS = ListKind
UNIT_HEAD = "code,parent_code,level,kind,name_vi"
SITE_HEAD = "code,unit_code,name,short_name"
PERSON_HEAD = "full_name,unit_code"
GROUP_HEAD = "group,site_code"
CONTACT = "Điện thoại đầu mối"
PARENT, SUPERIOR = "Mã đơn vị cấp trên", "Mã cơ quan cấp trên cùng hệ thống"
MANY = "|".join("abcdefghijklmnopqrstu")
UNIT_ALL = f"{UNIT_HEAD},tree,superior_code,rank,aliases,valid_from"


def seed(file: str) -> bytes:
    return resources.files("rooms.seed").joinpath(file).read_bytes()


async def content_of(db: Database) -> dict[str, list[tuple]]:
    """Everything in the store."""
    async with db.reading() as session:
        return {
            table.name: sorted(map(tuple, await session.execute(select(table))), key=repr)
            for table in Base.metadata.sorted_tables
        }


# what is wrong, kind of list, the file, line and column the fault names
WRONG = [
    ("not-text", UNITS, b"code,parent_code\n64,\xff\xfe\xfa", 2, ""),
    ("not-text", UNITS, b"code\n\x00", 2, ""),
    ("empty-file", UNITS, " \n \n", 0, ""),
    ("no-lines", UNITS, UNIT_HEAD, 1, ""),
    ("missing-column", UNITS, "code,level,kind,name_vi\n1,province,tinh,A", 1, PARENT),
    ("unknown-column", UNITS, f"{UNIT_HEAD},màu\n1,,province,tinh,A,đỏ", 1, "màu"),
    ("twice-column", UNITS, f"{UNIT_HEAD},code\n1,,province,tinh,A,1", 1, "Mã"),
    ("bad-quotes", UNITS, f'{UNIT_HEAD}\n1,,province,tinh,"A', 2, ""),
    ("cells-missing", UNITS, f"{UNIT_HEAD}\n1,,province,tinh", 2, ""),
    ("cells-extra", UNITS, f"{UNIT_HEAD}\n1,,province,tinh,A,B", 2, ""),
    ("empty", UNITS, f"{UNIT_HEAD}\n1,64,commune,xa,", 2, "Tên đơn vị"),
    ("too-long", UNITS, f"{UNIT_HEAD}\n1,64,commune,xa,{'A' * 201}", 2, "Tên đơn vị"),
    ("control-character", UNITS, f'{UNIT_HEAD}\n1,64,commune,xa,"A\nB"', 2, "Tên đơn vị"),
    ("bad-code", UNITS, f"{UNIT_HEAD}\nmã số,64,commune,xa,A", 2, "Mã"),
    ("bad-kind", UNITS, f"{UNIT_HEAD}\n1,64,commune,Xã,A", 2, "Loại"),
    ("unknown-level", UNITS, f"{UNIT_HEAD}\n1,64,làng,xa,A", 2, "Cấp"),
    ("unknown-tree", UNITS, f"{UNIT_ALL}\n1,64,commune,xa,A,rừng,,,,", 2, "Hệ thống"),
    ("not-a-number", UNITS, f"{UNIT_ALL}\n1,64,commune,xa,A,,,một,,", 2, "Thứ tự"),
    ("out-of-range", UNITS, f"{UNIT_ALL}\n1,64,commune,xa,A,,,0,,", 2, "Thứ tự"),
    ("bad-date", UNITS, f"{UNIT_ALL}\n1,64,commune,xa,A,,,,,31/02/2025", 2, "Từ ngày"),
    ("bad-alias", UNITS, f"{UNIT_ALL}\n1,64,commune,xa,A,,,,{MANY},", 2, "Tên khác"),
    ("twice-code", UNITS, f"{UNIT_HEAD}\n1,64,commune,xa,A\n1,64,commune,xa,B", 3, "Mã"),
    ("unknown-parent", UNITS, f"{UNIT_HEAD}\n1,9999,commune,xa,A", 2, PARENT),
    ("own-parent", UNITS, f"{UNIT_HEAD}\n1,1,commune,xa,A", 2, PARENT),
    ("parent-cycle", UNITS, f"{UNIT_HEAD}\n64,625,province,tinh,A", 2, PARENT),
    ("level-order", UNITS, f"{UNIT_HEAD}\n1,625,district,huyen,A", 2, "Cấp"),
    ("unknown-superior", UNITS, f"{UNIT_ALL}\nA1,625,agency,ubnd,A,,9999,,,", 2, SUPERIOR),
    ("own-superior", UNITS, f"{UNIT_ALL}\nA1,625,agency,ubnd,A,,A1,,,", 2, SUPERIOR),
    ("superior-other-tree", UNITS, f"{UNIT_ALL}\nA1,625,agency,ubnd,A,,GL-TU,,,", 2, SUPERIOR),
    ("unknown-unit", SITES, f"{SITE_HEAD}\nmoi,9999,A,A", 2, "Mã đơn vị"),
    ("bad-code", SITES, f"{SITE_HEAD}\nMới,625,A,A", 2, "Mã điểm cầu"),
    ("twice-code", SITES, f"{SITE_HEAD}\nmoi,625,A,A\nmoi,625,A,A", 3, "Mã điểm cầu"),
    ("bad-phone", SITES, f"{SITE_HEAD},contact_phone\nmoi,625,A,A,gọi sau", 2, CONTACT),
    ("bad-email", SITES, f"{SITE_HEAD},email\nmoi,625,A,A,a@", 2, "Thư điện tử"),
    ("unknown-microphone", SITES, f"{SITE_HEAD},micro\nmoi,625,A,A,to", 2, "Micro"),
    ("not-yes-or-no", SITES, f"{SITE_HEAD},active\nmoi,625,A,A,có lẽ", 2, "Đang dùng"),
    ("out-of-range", SITES, f"{SITE_HEAD},capacity\nmoi,625,A,A,-1", 2, "Số chỗ"),
    ("unknown-honorific", PEOPLE, f"{PERSON_HEAD},honorific\nLê Minh,625,Ngài", 2, "Xưng hô"),
    ("unknown-unit", PEOPLE, f"{PERSON_HEAD}\nLê Minh,9999", 2, "Mã đơn vị"),
    ("unknown-person", PEOPLE, f"id,{PERSON_HEAD}\n9999,Lê Minh,625", 2, "Số"),
    ("twice-person", PEOPLE, f"{PERSON_HEAD}\nLê Minh,625\nLê Minh,625", 3, "Họ và tên"),
    ("ambiguous-person", PEOPLE, f"{PERSON_HEAD}\nHai Người,GL-SNV", 2, "Họ và tên"),
    ("unknown-account", PEOPLE, f"{PERSON_HEAD},username\nLê Minh,625,khongco", 2, "Tài khoản"),
    ("twice-account", PEOPLE, f"{PERSON_HEAD},username\nA,625,vptu\nB,625,vptu", 3, "Tài khoản"),
    ("account-taken", PEOPLE, f"{PERSON_HEAD},username\nLê Minh,625,chutri", 2, "Tài khoản"),
    ("unknown-site", GROUPS, f"{GROUP_HEAD}\nCụm 1,khongco", 2, "Mã điểm cầu"),
    ("retired-site", GROUPS, f"{GROUP_HEAD}\nCụm 1,chupuh", 2, "Mã điểm cầu"),
    ("twice-site", GROUPS, f"{GROUP_HEAD}\nCụm 1,kbang\nCụm 1,kbang", 3, "Mã điểm cầu"),
    ("two-ranks", GROUPS, f"{GROUP_HEAD},rank\nCụm 1,kbang,1\nCụm 1,ankhe,2", 3, "Thứ tự"),
]  # fmt: skip


@pytest.fixture
async def imports(db: Database, people, template) -> Imports:
    """A directory that also holds two namesakes, a person with an account, a retired site."""
    service = Imports(db)
    lines = f"{PERSON_HEAD},username\nHai Người,GL-SNV,\nLê Quang Minh,GL-UBND,chutri".encode()
    assert not (await service.write(PEOPLE, lines, TODAY)).faults
    found = (await People(db).find("hai nguoi")).people[0]
    await People(db).add(PersonDraft(full_name=found.full_name, unit_id=found.unit_id))
    retire = f"{SITE_HEAD},active\nchupuh,639-UB,UBND huyện Chư Pưh,Chư Pưh,Không".encode()
    assert not (await service.write(SITES, retire, TODAY)).faults
    return service


async def test_every_fault_is_told_by_line_and_column_and_nothing_is_written(
    db: Database, imports: Imports
):
    before = await content_of(db)
    for code, kind, text, line, column in WRONG:
        content = text if isinstance(text, bytes) else text.encode()
        plan = await imports.write(kind, content, TODAY)
        found = {(fault.line, fault.column, fault.code) for fault in plan.faults}
        assert (line, column, code) in found, (code, kind, plan.faults)
        assert not plan.changes
    assert await content_of(db) == before
    assert len({code for code, *_ in WRONG}) >= 30
    assert {code for code, *_ in WRONG} <= set(FAULTS)


async def test_all_faults_of_a_file_come_at_once(imports: Imports):
    lines = [UNIT_HEAD, "1,64,commune,xa,A", "2,9999,làng,xa,", "mã,64,commune,xa,B"]
    plan = await imports.preview(UNITS, "\n".join(lines).encode(), TODAY)
    assert [(fault.line, fault.code) for fault in plan.faults] == [
        (3, "unknown-level"), (3, "unknown-parent"), (3, "empty"), (4, "bad-code"),
    ]  # fmt: skip


def test_a_list_is_not_endless():
    content = ("code\n" + "1\n" * 20_001).encode()
    (fault,) = read_table(content, unit_columns(())).faults
    assert fault.code == "too-many-lines"


async def test_the_308_units_twice_change_nothing_the_second_time(empty_db: Database):
    imports, content = Imports(empty_db), seed("units.csv")
    first = await imports.write(UNITS, content, TODAY)
    assert (first.added, first.changed, first.faults) == (308, 0, ())
    before = await content_of(empty_db)
    second = await imports.write(UNITS, content, TODAY)
    assert (second.changes, second.same) == ((), 308)
    assert await content_of(empty_db) == before
    tree = await Directory(empty_db).tree(TODAY)
    kbang = next(u for u in tree.units.values() if u.name == "Huyện ủy KBang")
    assert tree.units[kbang.superior_id or 0].name == "Tỉnh ủy Gia Lai"


async def test_the_seed_is_the_same_as_its_list(db: Database):
    imports = Imports(db)
    for kind, file in ((UNITS, "units.csv"), (SITES, "sites.csv")):
        plan = await imports.preview(kind, seed(file), TODAY)
        assert (plan.changes, plan.faults) == ((), ())


async def test_what_is_exported_changes_nothing_when_it_comes_back(db: Database, imports: Imports):
    await imports.write(GROUPS, f"{GROUP_HEAD}\nCụm 1,kbang\nCụm 1,ankhe".encode(), TODAY)
    before = await content_of(db)
    for kind in ListKind:
        content = await imports.export(kind, TODAY)
        assert content.startswith(b"\xef\xbb\xbf")
        plan = await imports.write(kind, content, TODAY)
        assert (plan.changes, plan.faults) == ((), ())
        assert plan.same > 0
    assert await content_of(db) == before


async def test_semicolons_tabs_and_utf_16_are_read(imports: Imports):
    lines = ["Mã;Mã đơn vị cấp trên;Cấp;Loại;Tên đơn vị", "625;64;Cấp huyện;huyen;Huyện Kbang"]
    text = "\r\n".join(lines)
    for content in (text.encode("utf-8-sig"), text.replace(";", "\t").encode("utf-16")):
        plan = await imports.preview(UNITS, content, TODAY)
        (change,) = plan.changes
        (field,) = change.fields
        assert (change.key, field.title, field.old, field.new) == (
            "625", "Tên đơn vị", "Huyện KBang", "Huyện Kbang",
        )  # fmt: skip


async def test_a_parent_may_come_later_in_the_file(db: Database, imports: Imports):
    lines = [
        f"{UNIT_HEAD},aliases,superior_code",
        "A-UB,A2,agency,ubnd,Ủy ban nhân dân xã A,,A-TREN",
        "A2,625,commune,xa,Xã A,Xã Á | Xã Ạ,",
        "A-TREN,625,agency,ubnd,Ủy ban nhân dân trên,,",
    ]
    plan = await imports.write(UNITS, "\n".join(lines).encode(), TODAY)
    assert (plan.added, plan.faults) == (3, ())
    tree = await Directory(db).tree(TODAY)
    units = {unit.name: unit for unit in tree.units.values()}
    committee = units["Ủy ban nhân dân xã A"]
    assert committee.short_name == "UBND xã A"
    assert committee.parent_id == units["Xã A"].id
    assert committee.superior_id == units["Ủy ban nhân dân trên"].id
    assert (await Units(db).aliases())[units["Xã A"].id] == ["Xã Á", "Xã Ạ"]


async def test_a_change_with_a_date_keeps_the_name_of_before(db: Database, imports: Imports):
    content = f"{UNIT_HEAD}\nGL-SNV,GL-UBND,agency,so,Sở Nội vụ mới".encode()
    await imports.write(UNITS, content, TODAY, since=date(2026, 3, 1))
    names = [
        {unit.name for unit in await Directory(db).units(on=day)}
        for day in (date(2026, 2, 28), date(2026, 3, 1))
    ]
    assert ["Sở Nội vụ" in found for found in names] == [True, False]
    assert ["Sở Nội vụ mới" in found for found in names] == [False, True]


async def test_what_was_shown_is_what_is_written(db: Database, imports: Imports):
    content = f"{GROUP_HEAD}\nCụm 1,kbang".encode()
    shown = await imports.preview(GROUPS, content, TODAY)
    sites = {site.code: site.id for site in await Directory(db).sites()}
    await Groups(db).add("Cụm 1", frozenset({sites["ankhe"]}))
    with pytest.raises(RequestRefused, match="plan-changed"):
        await imports.write(GROUPS, content, TODAY, digest=shown.digest)
    again = await imports.preview(GROUPS, content, TODAY)
    await imports.write(GROUPS, content, TODAY, digest=again.digest)
    (group,) = await Groups(db).all()
    assert group.site_ids == (sites["kbang"],)


async def test_accounts_may_change_hands_within_a_file(db: Database, imports: Imports):
    content = await imports.export(PEOPLE, TODAY)
    text = content.decode("utf-8-sig")
    text = text.replace(",chutri,", ",vptu,").replace(
        "Hai Người,,GL-SNV,1,,,,", "Hai Người,,GL-SNV,1,,,chutri,", 1
    )
    plan = await imports.write(PEOPLE, text.encode(), TODAY)
    assert (plan.changed, plan.faults) == (2, ())


async def test_an_import_counts_in_one_transaction(empty_db: Database):
    """A list that fails on its last line leaves nothing of the first ones."""
    lines = seed("units.csv").decode() + "X,NO-PARENT,commune,xa,Xã X,\n"
    plan = await Imports(empty_db).write(UNITS, lines.encode(), TODAY)
    assert [(fault.line, fault.code) for fault in plan.faults] == [(310, "unknown-parent")]
    async with empty_db.reading() as session:
        units = Base.metadata.tables["units"]
        assert await session.scalar(select(func.count()).select_from(units)) == 0
