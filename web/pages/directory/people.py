"""People: found by name or position, sorted by protocol or given name, added and changed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import urlencode

from aiohttp import web

from rooms.directory.accounts import Account, AccountRole
from rooms.directory.people import HONORIFICS, Order, Person, PersonDraft
from rooms.errors import Invalid, RequestRefused
from rooms.records.audit import Action
from web.auth import redirect, require, signed_in
from web.pages.common import SCHEDULERS
from web.pages.directory.common import (
    NOT_DEVICES,
    UnitOption,
    form_of,
    id_of,
    may_edit,
    number,
    sees_contacts,
    tabs,
    translated_errors,
    unit_options,
)
from web.pages.directory.noting import note
from web.pages.tabs import Tab
from web.services import SERVICES
from web.views import Page, render

PAGE = 50
FIELDS = (
    "honorific", "full_name", "position", "unit_id", "rank", "email", "phone", "account_id",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class PeoplePage(Page):
    template: ClassVar[str] = "directory/people.html"
    place: ClassVar[str] = "directory"
    tabs: tuple[Tab, ...]
    people: tuple[Person, ...]
    total: int
    text: str
    order: str
    unit: str
    units: tuple[UnitOption, ...]
    retired: bool
    first: int
    previous: str  # addresses of the pages beside this one; "" when there is none
    following: str
    contacts: bool
    editor: bool


@require(*NOT_DEVICES)
async def show_all(request: web.Request) -> web.Response:
    services, query = request.app[SERVICES], request.query
    text, unit = query.get("tim", "").strip()[:100], number(query.get("don-vi", ""))
    order = Order.GIVEN_NAME if query.get("xep") == Order.GIVEN_NAME else Order.PROTOCOL
    retired, start = query.get("nghi") == "1", number(query.get("tu", "")) or 0
    tree = await services.directory.tree()
    found = await services.people.find(
        text,
        unit_ids=tree.branch(unit) if unit is not None else None,
        order=order,
        limit=PAGE,
        offset=start,
        active=not retired,
    )
    account = signed_in(request)
    page = PeoplePage(
        tabs=tabs(request, "people"),
        people=found.people,
        total=found.total,
        text=text,
        order=order.value,
        unit=str(unit or ""),
        units=unit_options(tree),
        retired=retired,
        first=start + 1,
        previous=_at(request, start - PAGE) if start > 0 else "",
        following=_at(request, start + PAGE) if start + PAGE < found.total else "",
        contacts=sees_contacts(account),
        editor=may_edit(account),
    )
    return render(request, page)


def _at(request: web.Request, start: int) -> str:
    query = {**request.query, "tu": str(max(0, start))}
    return f"/danh-ba/can-bo?{urlencode(query)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonFormPage(Page):
    template: ClassVar[str] = "directory/person_form.html"
    place: ClassVar[str] = "directory"
    tabs: tuple[Tab, ...]
    person: Person | None
    values: dict[str, str]
    errors: dict[str, str]
    honorifics: tuple[str, ...]
    units: tuple[UnitOption, ...]
    accounts: tuple[Account, ...]


async def _form(
    request: web.Request,
    person: Person | None,
    values: Mapping[str, str],
    errors: Mapping[str, str] | None = None,
) -> web.Response:
    services = request.app[SERVICES]
    page = PersonFormPage(
        tabs=tabs(request, "people"),
        person=person,
        values={name: values.get(name, "") for name in FIELDS},
        errors=translated_errors(errors or {}),
        honorifics=HONORIFICS[1:],
        units=unit_options(await services.directory.tree()),
        accounts=tuple(
            account
            for account in await services.accounts.everyone()
            if account.role is not AccountRole.SITE_DEVICE
        ),
    )
    return render(request, page, status=422 if errors else 200)


async def _person(request: web.Request) -> Person:
    person = await request.app[SERVICES].people.get(id_of(request))
    if person is None:
        raise RequestRefused("not-found")
    return person


@require(*SCHEDULERS)
async def show_new(request: web.Request) -> web.Response:
    return await _form(request, None, {"rank": "1", "unit_id": request.query.get("don-vi", "")})


@require(*SCHEDULERS)
async def show_edit(request: web.Request) -> web.Response:
    person = await _person(request)
    typed = {name: getattr(person, name) for name in FIELDS}
    values = {name: "" if value is None else str(value) for name, value in typed.items()}
    return await _form(request, person, values)


def to_draft(values: Mapping[str, str], active: bool) -> PersonDraft:
    """The form as a draft; what is no number becomes one the checks refuse."""
    plain = ("honorific", "full_name", "position", "email", "phone")
    return PersonDraft(
        **{name: values[name] for name in plain},
        unit_id=number(values["unit_id"]),
        rank=number(values["rank"]) or 0,
        account_id=number(values["account_id"]),
        active=active,
    )


@require(*SCHEDULERS)
async def create(request: web.Request) -> web.Response:
    values = await form_of(request, FIELDS)
    try:
        person_id = await request.app[SERVICES].people.add(to_draft(values, True))
    except Invalid as invalid:
        return await _form(request, None, values, invalid.errors)
    await note(request, Action.DIRECTORY_CHANGED, f"person {person_id} added")
    return redirect("/danh-ba/can-bo")


@require(*SCHEDULERS)
async def save(request: web.Request) -> web.Response:
    person, values = await _person(request), await form_of(request, FIELDS)
    try:
        await request.app[SERVICES].people.change(person.id, to_draft(values, person.active))
    except Invalid as invalid:
        return await _form(request, person, values, invalid.errors)
    await note(request, Action.DIRECTORY_CHANGED, f"person {person.id} changed")
    return redirect("/danh-ba/can-bo")


@require(*SCHEDULERS)
async def retire(request: web.Request) -> web.Response:
    await request.app[SERVICES].people.set_active(id_of(request), False)
    await note(request, Action.DIRECTORY_CHANGED, f"person {id_of(request)} retired")
    return redirect("/danh-ba/can-bo")


@require(*SCHEDULERS)
async def restore(request: web.Request) -> web.Response:
    await request.app[SERVICES].people.set_active(id_of(request), True)
    await note(request, Action.DIRECTORY_CHANGED, f"person {id_of(request)} restored")
    return redirect("/danh-ba/can-bo")


ROUTES = [
    web.get("/danh-ba/can-bo", show_all),
    web.get("/danh-ba/can-bo/moi", show_new),
    web.post("/danh-ba/can-bo/moi", create),
    web.get(r"/danh-ba/can-bo/{id:\d{1,10}}/sua", show_edit),
    web.post(r"/danh-ba/can-bo/{id:\d{1,10}}/sua", save),
    web.post(r"/danh-ba/can-bo/{id:\d{1,10}}/nghi", retire),
    web.post(r"/danh-ba/can-bo/{id:\d{1,10}}/tro-lai", restore),
]
