"""Whole lists of the directory as CSV, and reform days, of the REST API."""

from datetime import date, datetime

from aiohttp import web

from rooms.directory.api_tokens import Scope
from rooms.directory.directory import today
from rooms.directory.imports.plans import Plan
from rooms.directory.imports.service import ListKind
from rooms.directory.reforms.service import Reform
from rooms.errors import RequestRefused
from rooms.records.audit import Action
from web.api.framework import Call, Listing, Query, Resource, Resources
from web.i18n import gettext
from web.pages.common import SCHEDULERS

api = Resources("lists")


class ImportQuery(Query, frozen=True, kw_only=True):
    """`write=false` only says what would change. `since`: see the changing of a unit."""

    write: bool = False
    since: date | None = None


class FaultResource(Resource, frozen=True, kw_only=True):
    line: int  # the header is line 1; 0: the file as a whole
    column: str
    code: str
    text: str
    value: str


class ChangeResource(Resource, frozen=True, kw_only=True):
    line: int
    new: bool
    key: str
    label: str
    fields: dict[str, tuple[str, str]]  # by column: before, after


class ImportResource(Resource, frozen=True, kw_only=True):
    """Nothing is written when there are faults."""

    written: bool
    same: int
    changes: tuple[ChangeResource, ...]
    faults: tuple[FaultResource, ...]


class ReformResource(Resource, frozen=True, kw_only=True):
    id: int
    name: str
    act: str
    effective: date
    state: str  # "draft", "confirmed", "done", "cancelled"
    created_at: datetime


def _kind(text: str) -> ListKind:
    if text not in list(ListKind):
        raise RequestRefused("not-found")
    return ListKind(text)


def _answer(plan: Plan, written: bool) -> ImportResource:
    return ImportResource(
        written=written and not plan.faults,
        same=plan.same,
        changes=tuple(
            ChangeResource(
                line=change.line,
                new=change.new,
                key=change.key,
                label=change.label,
                fields={field.title: (field.old, field.new) for field in change.fields},
            )
            for change in plan.changes
        ),
        faults=tuple(
            FaultResource(
                line=fault.line,
                column=fault.column,
                code=fault.code,
                text=gettext(fault.text),
                value=fault.value,
            )
            for fault in plan.faults
        ),
    )


@api.get(
    "/lists/{kind}",
    "A list as CSV: units, sites, people or groups",
    scope=Scope.DIRECTORY_READ,
    roles=SCHEDULERS,
    media_type="text/csv",
)
async def export(call: Call[None, None]) -> web.Response:
    kind = _kind(call.text("kind"))
    content = await call.services.imports.export(kind, today())
    audit = call.services.audit
    await audit.note(call.account, Action.LIST_EXPORTED, call.now, subject=kind.value)
    headers = {"Cache-Control": "no-store"}
    return web.Response(body=content, content_type="text/csv", charset="utf-8", headers=headers)


@api.post(
    "/lists/{kind}",
    "Import a list: every change and every fault, written as a whole or not at all",
    scope=Scope.DIRECTORY_WRITE,
    roles=SCHEDULERS,
    takes="text/csv",
)
async def load(call: Call[ImportQuery, None]) -> ImportResource:
    kind, imports = _kind(call.text("kind")), call.services.imports
    content = await call.request.read()
    if not call.query.write:
        return _answer(await imports.preview(kind, content, today()), False)
    plan = await imports.write(kind, content, today(), since=call.query.since)
    if not plan.faults:
        done = f"{kind}: {plan.added} added, {plan.changed} changed"
        audit = call.services.audit
        await audit.note(call.account, Action.LIST_IMPORTED, call.now, subject=done)
    return _answer(plan, True)


@api.get("/reforms", "Reform days", scope=Scope.DIRECTORY_READ, roles=SCHEDULERS)
async def reforms(call: Call[None, None]) -> Listing[ReformResource]:
    return call.part([_reform(reform) for reform in await call.services.reforms.all()])


@api.get("/reforms/{reform:int}", "One reform day", scope=Scope.DIRECTORY_READ, roles=SCHEDULERS)
async def show_reform(call: Call[None, None]) -> ReformResource:
    reform = await call.services.reforms.get(call.number("reform"))
    if reform is None:
        raise RequestRefused("not-found")
    return _reform(reform)


def _reform(reform: Reform) -> ReformResource:
    return ReformResource(**{name: getattr(reform, name) for name in Reform.__struct_fields__})
