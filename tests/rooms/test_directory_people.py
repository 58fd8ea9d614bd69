"""People and groups in the store."""

import pytest

from rooms.directory.directory import Directory
from rooms.directory.groups import Groups
from rooms.directory.people import Order, People, PersonDraft, person_faults
from rooms.errors import Invalid, RequestRefused
from rooms.store.database import Database


@pytest.fixture
async def units(db: Database) -> dict[str, int]:
    return {unit.short_name: unit.id for unit in await Directory(db).units()}


def draft(name: str, unit_id: int, **more: object) -> PersonDraft:
    return PersonDraft(full_name=name, unit_id=unit_id, **more)  # type: ignore[arg-type]


async def test_people_are_found_without_accents_and_sorted_both_ways(db: Database, units):
    people = People(db)
    kbang, province = units["UBND huyện KBang"], units["UBND tỉnh"]
    await people.add(draft("Đinh Hạnh", kbang, position="Chủ tịch UBND huyện K'Bang"))
    await people.add(draft("Lê Văn An", kbang, rank=2))
    await people.add(draft("Lê Minh", province, position="Phó Chủ tịch"))
    protocol = await people.find()
    assert [p.full_name for p in protocol.people] == ["Lê Minh", "Đinh Hạnh", "Lê Văn An"]
    by_name = await people.find(order=Order.GIVEN_NAME)
    assert [p.full_name for p in by_name.people] == ["Lê Văn An", "Đinh Hạnh", "Lê Minh"]
    assert [p.full_name for p in (await people.find("kbang dinh")).people] == ["Đinh Hạnh"]
    assert (await people.find("le", limit=1)).total == 2
    assert (await people.find("100%")).total == 0
    assert (await people.find(unit_ids=frozenset({province}))).total == 1


async def test_a_person_has_at_most_one_account_and_an_account_one_person(db, units, people):
    service, unit = People(db), units["UBND tỉnh"]
    account = people["chutri"].id
    person = await service.add(draft("Lê Quang Minh", unit, honorific="Ông", account_id=account))
    found = await service.of_account(account)
    assert found is not None
    assert (found.id, found.username) == (person, "chutri")
    with pytest.raises(Invalid) as refused:
        await service.add(draft("Lê Khác", unit, account_id=account))
    assert list(refused.value.errors) == ["account_id"]


async def test_a_retired_person_is_no_longer_offered(db: Database, units):
    people = People(db)
    person = await people.add(draft("Lê Minh", units["UBND tỉnh"]))
    await people.set_active(person, False)
    assert (await people.find()).total == 0
    assert (await people.find(active=None)).total == 1
    with pytest.raises(RequestRefused):
        await people.set_active(999_999, False)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"full_name": ""}, "full_name"),
        ({"honorific": "Ngài"}, "honorific"),
        ({"unit_id": None}, "unit_id"),
        ({"rank": 0}, "rank"),
        ({"email": "khong-phai-thu"}, "email"),
        ({"phone": "gọi sau"}, "phone"),
        ({"position": "x" * 201}, "position"),
    ],
)
def test_a_draft_says_which_field_is_wrong(change, field):
    right = {"full_name": "Lê Minh", "unit_id": 1}
    assert list(person_faults(PersonDraft(**{**right, **change}))) == [field]
    assert person_faults(PersonDraft(**right)) == {}


async def test_groups_hold_sites_in_protocol_order(db: Database, template):
    groups, sites = Groups(db), template.sites
    east = frozenset({sites["kbang"], sites["ankhe"]})
    group = await groups.add("Cụm phía đông", east)
    found = await groups.get(group)
    assert found is not None
    assert found.site_ids == (sites["ankhe"], sites["kbang"])
    with pytest.raises(Invalid):
        await groups.add("Cụm phía đông", east)
    with pytest.raises(Invalid):
        await groups.add("Cụm trống", frozenset())
    await groups.change(group, "Cụm 1", frozenset({sites["kbang"]}), 2)
    await groups.remove(group)
    assert await groups.all() == []
