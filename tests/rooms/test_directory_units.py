"""The tree of a day, parallel lines, versions, codes and aliases."""

from datetime import date

import pytest

from rooms.directory.directory import Directory
from rooms.directory.sites import SiteDraft, Sites, site_faults
from rooms.directory.trees import Tree, UnitTree, default_superior
from rooms.directory.units import UnitDraft, Units, unit_faults
from rooms.errors import Invalid, RequestRefused
from rooms.store.database import Database

TODAY = date(2026, 11, 25)


@pytest.fixture
async def tree(db: Database) -> UnitTree:
    return await Directory(db).tree(TODAY)


def named(tree: UnitTree, short_name: str) -> int:
    return next(unit.id for unit in tree.units.values() if unit.short_name == short_name)


async def test_party_and_government_are_parallel_trees(tree: UnitTree):
    party, government = (named(tree, name) for name in ("Tỉnh ủy", "UBND tỉnh"))
    assert [unit.name for unit in tree.roots(Tree.PARTY)][:1] == ["Tỉnh ủy Gia Lai"]
    below_party = [unit.name for unit in tree.subordinates(party)]
    assert "Huyện ủy KBang" in below_party
    assert "Văn phòng Tỉnh ủy" in below_party
    below_government = [unit.short_name for unit in tree.subordinates(government)]
    assert "UBND huyện KBang" in below_government
    assert "Sở Nội vụ" in below_government
    assert "Huyện ủy KBang" not in below_government
    assert len(tree.roots(Tree.PLACE)) == 1


async def test_a_committee_acts_for_its_place_and_a_department_for_itself(tree: UnitTree):
    kbang, department = (named(tree, name) for name in ("UBND huyện KBang", "Sở Nội vụ"))
    branch = {tree.units[unit].name for unit in tree.branch(kbang)}
    assert {"Huyện KBang", "Huyện ủy KBang", "Xã KRong"} <= branch
    assert "Huyện Đăk Đoa" not in branch
    assert tree.branch(department) == {department}
    assert len(tree.branch(named(tree, "UBND tỉnh"))) == 308
    assert tree.branch(999_999) == {999_999}
    assert [u.name for u in tree.path(kbang)][1] == "Huyện KBang"


async def test_the_superior_of_a_committee_is_the_committee_above(tree: UnitTree):
    place = named(tree, "Huyện KBang")
    assert default_superior("huyen_uy", place, tree.units) == named(tree, "Tỉnh ủy")
    assert default_superior("so", place, tree.units) is None


def as_draft(story) -> UnitDraft:
    unit = story.unit
    same = {
        name: getattr(unit, name) for name in UnitDraft.__struct_fields__ if hasattr(unit, name)
    }
    return UnitDraft(**same, code=story.code, aliases=story.aliases)


async def changed(units: Units, unit_id: int, since: date | None, **values: object) -> None:
    story = await units.story(unit_id)
    draft = {name: getattr(as_draft(story), name) for name in UnitDraft.__struct_fields__}
    await units.change(unit_id, UnitDraft(**{**draft, **values}), since, TODAY)


async def test_a_renamed_unit_keeps_its_id_and_its_name_of_then(db: Database, tree: UnitTree):
    units, directory = Units(db), Directory(db)
    unit_id = named(tree, "Sở Nội vụ")
    await changed(units, unit_id, date(2026, 3, 1), name="Sở Nội vụ mới", code="GL-NV2")
    await changed(units, unit_id, date(2026, 9, 1), name="Sở Nội vụ mới nữa")
    names = [
        (await directory.tree(day)).units[unit_id].name
        for day in (date(2026, 2, 28), date(2026, 3, 1), date(2026, 8, 31), date(2026, 9, 1))
    ]
    assert names == ["Sở Nội vụ", "Sở Nội vụ mới", "Sở Nội vụ mới", "Sở Nội vụ mới nữa"]
    codes = [(await units.codes(day))[unit_id] for day in (date(2026, 2, 1), date(2026, 3, 1))]
    assert codes == ["GL-SNV", "GL-NV2"]
    story = await units.story(unit_id)
    assert [past.name for past in story.versions] == ["Sở Nội vụ", "Sở Nội vụ mới"]


async def test_changes_come_one_after_another(db: Database, tree: UnitTree):
    units, unit_id = Units(db), named(tree, "Sở Nội vụ")
    await changed(units, unit_id, date(2026, 9, 1), name="Sở Nội vụ mới")
    with pytest.raises(Invalid) as refused:
        await changed(units, unit_id, date(2026, 3, 1), name="Sở Nội vụ cũ")
    assert list(refused.value.errors) == ["since"]


async def test_a_code_is_used_again_when_it_is_free(db: Database, tree: UnitTree):
    units, above = Units(db), named(tree, "UBND tỉnh")
    draft = UnitDraft(code="T1", name="Tổ một", kind="to", level="agency", parent_id=above)
    first = await units.add(draft, None, TODAY)
    await units.retire(first, date(2026, 6, 1))
    with pytest.raises(Invalid):
        await units.retire(first, date(2026, 7, 1))
    second = await units.add(draft, None, TODAY)
    assert (await units.codes(date(2026, 5, 31)))[first] == "T1"
    assert (await units.codes(date(2026, 6, 1)))[second] == "T1"
    assert first not in await units.codes(date(2026, 6, 1))


async def test_a_correction_leaves_no_version(db: Database, tree: UnitTree):
    units, unit_id = Units(db), named(tree, "Sở Nội vụ")
    await changed(units, unit_id, None, name="Sở Nội vụ tỉnh", aliases=("SNV", "Nội vụ"))
    story = await units.story(unit_id)
    assert (story.unit.name, story.versions, story.aliases) == (
        "Sở Nội vụ tỉnh", (), ("Nội vụ", "SNV"),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"code": "622"}, "code"),
        ({"level": "no-level"}, "level"),
        ({"parent_id": 999_999}, "parent_id"),
        ({"name": ""}, "name"),
        ({"rank": 0}, "rank"),
        ({"kind": "Sở"}, "kind"),
    ],
)
async def test_what_does_not_fit_the_tree_is_refused(db: Database, tree: UnitTree, change, field):
    with pytest.raises(Invalid) as refused:
        await changed(Units(db), named(tree, "Sở Nội vụ"), None, **change)
    assert field in refused.value.errors


async def test_a_unit_is_not_put_below_itself(db: Database, tree: UnitTree):
    kbang, committee = named(tree, "Huyện KBang"), named(tree, "UBND huyện KBang")
    with pytest.raises(Invalid) as refused:
        await changed(Units(db), kbang, None, parent_id=committee)
    assert list(refused.value.errors) == ["parent_id"]
    with pytest.raises(Invalid) as refused:
        await changed(Units(db), committee, None, superior_id=named(tree, "Tỉnh ủy"))
    assert list(refused.value.errors) == ["superior_id"]


async def test_a_unit_ends_when_nothing_belongs_to_it(db: Database, tree: UnitTree):
    units, directory = Units(db), Directory(db)
    with pytest.raises(RequestRefused, match="unit-in-use"):
        await units.retire(named(tree, "UBND huyện KBang"), TODAY)
    draft = UnitDraft(
        code="GL-TCT", name="Tổ công tác", kind="to", level="agency",
        parent_id=named(tree, "UBND tỉnh"),
    )  # fmt: skip
    unit_id = await units.add(draft, date(2026, 1, 1), TODAY)
    assert unit_id not in (await directory.tree(date(2025, 12, 31))).units
    await units.retire(unit_id, date(2026, 6, 1))
    assert unit_id in (await directory.tree(date(2026, 5, 31))).units
    assert unit_id not in (await directory.tree(date(2026, 6, 1))).units


async def test_levels_are_rows_with_names(db: Database):
    levels = await Directory(db).levels(TODAY)
    assert [level.code for level in levels] == ["province", "district", "commune", "agency"]
    assert levels[1].plural == "Các huyện, thị xã, thành phố"


async def test_other_spellings_are_known(db: Database, tree: UnitTree):
    assert "K'Bang" in (await Units(db).aliases())[named(tree, "Huyện KBang")]


def test_a_unit_as_typed_is_checked():
    assert set(unit_faults(UnitDraft())) == {"code", "name", "kind"}


async def test_sites_are_added_changed_and_retired(db: Database, tree: UnitTree, template):
    sites, directory = Sites(db), Directory(db)
    draft = SiteDraft(
        code="soytế", name="Sở Y tế", short_name="Sở Y tế", unit_id=named(tree, "Sở Y tế")
    )
    with pytest.raises(Invalid) as refused:
        await sites.add(draft)
    assert list(refused.value.errors) == ["code"]
    values = {name: getattr(draft, name) for name in SiteDraft.__struct_fields__}
    site_id = await sites.add(SiteDraft(**{**values, "code": "soyte", "microphone": "request"}))
    site = await directory.site(site_id)
    assert site is not None
    assert (site.code, site.microphone) == ("soyte", "request")
    with pytest.raises(Invalid):
        await sites.change(site_id, SiteDraft(**{**values, "code": "kbang"}))
    await sites.set_active(site_id, False)
    assert site_id not in {site.id for site in await directory.sites()}
    assert set(site_faults(SiteDraft(capacity=-1, email="x", technician_phone="y"))) == {
        "code", "name", "short_name", "unit_id", "capacity", "technician_phone", "email",
    }  # fmt: skip
