"""People of the REST API. Telephones and addresses are shown to those who work with them."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from rooms.directory.api_tokens import Scope
from rooms.directory.people import Order, Person, PersonDraft
from rooms.errors import RequestRefused
from rooms.records.audit import Action
from web.api.framework import Body, Call, Created, Id, Line, Listing, Query, Resource, Resources
from web.pages.common import SCHEDULERS
from web.pages.directory.common import NOT_DEVICES, sees_contacts

api = Resources("people")
_Start = tuple[Annotated[int, Meta(ge=0, le=10_000_000)]]


class PersonResource(Resource, frozen=True, kw_only=True):
    id: int
    honorific: str
    full_name: str
    position: str
    unit_id: int
    unit_name: str
    rank: int  # protocol order within the unit
    email: str
    phone: str
    account_id: int | None
    active: bool


class PeopleQuery(Query, frozen=True, kw_only=True):
    """`within`: only people of this unit and those below it."""

    search: Line = ""
    within: Id | None = None
    order: Order = Order.PROTOCOL
    active: bool = True


class PersonBody(Body, frozen=True, kw_only=True):
    honorific: Line = ""
    full_name: Line
    position: Line = ""
    unit_id: Id
    rank: Annotated[int, Meta(ge=1, le=99_999)] = 1
    email: Line = ""
    phone: Line = ""
    account_id: Id | None = None
    active: bool = True


def _resource(person: Person, call: Call[Any, Any]) -> PersonResource:
    shown = PersonResource(
        **{name: getattr(person, name) for name in PersonResource.__struct_fields__}
    )
    if sees_contacts(call.account):
        return shown
    return msgspec.structs.replace(shown, email="", phone="", account_id=None)


@api.get("/people", "People", scope=Scope.DIRECTORY_READ, roles=NOT_DEVICES)
async def index(call: Call[PeopleQuery, None]) -> Listing[PersonResource]:
    query, services = call.query, call.services
    start = (call.after(_Start) or (0,))[0]
    branch = None
    if query.within is not None:
        branch = (await services.directory.tree()).branch(query.within)
    found = await services.people.find(
        query.search,
        unit_ids=branch,
        order=query.order,
        limit=call.limit + 1,
        offset=start,
        active=query.active,
    )
    people = [_resource(person, call) for person in found.people]
    return call.listing(people, lambda _: (start + call.limit,))


async def _found(call: Call[Any, Any], person_id: int) -> PersonResource:
    person = await call.services.people.get(person_id)
    if person is None:
        raise RequestRefused("not-found")
    return _resource(person, call)


@api.get("/people/{person:int}", "One person", scope=Scope.DIRECTORY_READ, roles=NOT_DEVICES)
async def show(call: Call[None, None]) -> PersonResource:
    return await _found(call, call.number("person"))


def _draft(body: PersonBody) -> PersonDraft:
    return PersonDraft(**{name: getattr(body, name) for name in PersonDraft.__struct_fields__})


async def _note(call: Call[Any, Any], subject: str) -> None:
    audit = call.services.audit
    await audit.note(call.account, Action.DIRECTORY_CHANGED, call.now, subject=subject)


@api.post("/people", "Add a person", scope=Scope.DIRECTORY_WRITE, roles=SCHEDULERS)
async def create(call: Call[None, PersonBody]) -> Created[PersonResource]:
    person_id = await call.services.people.add(_draft(call.body))
    await _note(call, f"person {person_id} added")
    return Created(await _found(call, person_id), f"/people/{person_id}")


@api.put("/people/{person:int}", "Change a person", scope=Scope.DIRECTORY_WRITE, roles=SCHEDULERS)
async def change(call: Call[None, PersonBody]) -> PersonResource:
    person_id = call.number("person")
    await call.services.people.change(person_id, _draft(call.body))
    await _note(call, f"person {person_id} changed")
    return await _found(call, person_id)
