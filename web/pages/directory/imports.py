"""Lists as CSV: upload, preview of every change, write; download."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import ClassVar

from aiohttp import web

from rooms.directory.directory import today
from rooms.directory.imports.pending import PendingFile
from rooms.directory.imports.plans import Plan
from rooms.directory.imports.service import LIST_NAMES, ListKind
from rooms.directory.imports.tables import parse_day
from rooms.errors import Invalid, RequestRefused
from rooms.records.audit import Action
from web.auth import redirect, require, signed_in
from web.i18n import gettext, mark
from web.pages.common import SCHEDULERS
from web.pages.directory.common import file_of, form_of, number, tabs
from web.pages.directory.noting import note
from web.pages.tabs import Tab
from web.services import SERVICES
from web.views import Page, render

_COUNTS = ("them", "sua", "giu")  # added, changed, left as they were


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportsPage(Page):
    template: ClassVar[str] = "directory/imports.html"
    place: ClassVar[str] = "directory"
    tabs: tuple[Tab, ...]
    kinds: tuple[tuple[str, str], ...]
    kind: str
    since: str
    errors: dict[str, str]
    done: tuple[int, ...]  # of `_COUNTS`, after an import


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportPage(Page):
    template: ClassVar[str] = "directory/import.html"
    place: ClassVar[str] = "directory"
    tabs: tuple[Tab, ...]
    token: str
    kind: str
    since: date | None
    plan: Plan
    expired: bool


def _kinds() -> tuple[tuple[str, str], ...]:
    return tuple((kind.value, gettext(name)) for kind, name in LIST_NAMES.items())


@require(*SCHEDULERS)
async def show(request: web.Request) -> web.Response:
    return _show(request, {"kind": request.query.get("loai", "units"), "since": ""}, {})


def _show(request: web.Request, values: dict[str, str], errors: dict[str, str]) -> web.Response:
    counts = [number(request.query.get(name, "")) for name in _COUNTS]
    page = ImportsPage(
        tabs=tabs(request, "imports"),
        kinds=_kinds(),
        kind=values["kind"],
        since=values["since"],
        errors={field: gettext(text) for field, text in errors.items()},
        done=tuple(count for count in counts if count is not None),
    )
    return render(request, page, status=422 if errors else 200)


@require(*SCHEDULERS)
async def upload(request: web.Request) -> web.Response:
    values = await form_of(request, ("kind", "since"))
    content = await file_of(request, "file")
    since = parse_day(values["since"]) if values["since"] else None
    errors: dict[str, str] = {}
    if values["kind"] not in list(ListKind):
        errors["kind"] = mark("Chọn loại danh sách.")
    if content is None:
        errors["file"] = mark("Chọn tệp CSV.")
    if values["since"] and (since is None or since > today()):
        errors["since"] = mark("Nhập ngày không sau hôm nay, dạng ngày/tháng/năm.")
    if errors or content is None:
        return _show(request, values, errors)
    pending = PendingFile(
        account_id=signed_in(request).id,
        kind=ListKind(values["kind"]),
        content=content,
        since=since,
        at=datetime.now(UTC),
    )
    return redirect(f"/danh-ba/nhap/{request.app[SERVICES].pending.put(pending)}")


def _pending(request: web.Request) -> PendingFile:
    token = request.match_info["token"]
    pending = request.app[SERVICES].pending
    file = pending.get(token, signed_in(request).id, datetime.now(UTC))
    if file is None:
        raise RequestRefused("file-gone")
    return file


@require(*SCHEDULERS)
async def preview(request: web.Request) -> web.Response:
    return await _preview(request, _pending(request))


async def _preview(
    request: web.Request, file: PendingFile, *, expired: bool = False
) -> web.Response:
    plan = await request.app[SERVICES].imports.preview(file.kind, file.content, today())
    page = ImportPage(
        tabs=tabs(request, "imports"),
        token=request.match_info["token"],
        kind=gettext(LIST_NAMES[file.kind]),
        since=file.since,
        plan=plan,
        expired=expired,
    )
    return render(request, page, status=409 if expired else 422 if plan.faults else 200)


@require(*SCHEDULERS)
async def write(request: web.Request) -> web.Response:
    file, form = _pending(request), await form_of(request, ("digest",))
    imports = request.app[SERVICES].imports
    try:
        plan = await imports.write(
            file.kind, file.content, today(), digest=form["digest"], since=file.since
        )
    except RequestRefused as refused:
        if refused.code != "plan-changed":
            raise
        return await _preview(request, file, expired=True)
    except Invalid as invalid:
        return _show(request, {"kind": file.kind.value, "since": ""}, invalid.errors)
    if plan.faults:
        return await _preview(request, file)
    request.app[SERVICES].pending.drop(request.match_info["token"])
    done = f"{plan.added} added, {plan.changed} changed"
    await note(request, Action.LIST_IMPORTED, f"{file.kind}: {done}")
    counts = f"them={plan.added}&sua={plan.changed}&giu={plan.same}"
    return redirect(f"/danh-ba/nhap?loai={file.kind}&{counts}")


@require(*SCHEDULERS)
async def download(request: web.Request) -> web.Response:
    kind = ListKind(request.match_info["kind"])
    content = await request.app[SERVICES].imports.export(kind, today())
    await note(request, Action.LIST_EXPORTED, kind.value)
    name = f"{kind}-{today():%Y%m%d}.csv"
    disposition = f'attachment; filename="{name}"'
    return web.Response(
        body=content,
        content_type="text/csv",
        charset="utf-8",
        headers={"Content-Disposition": disposition, "Cache-Control": "no-store"},
    )


ROUTES = [
    web.get("/danh-ba/nhap", show),
    web.post("/danh-ba/nhap", upload),
    web.get(r"/danh-ba/nhap/{token:[A-Za-z0-9_-]{8,40}}", preview),
    web.post(r"/danh-ba/nhap/{token:[A-Za-z0-9_-]{8,40}}", write),
    web.get(f"/danh-ba/xuat/{{kind:{'|'.join(ListKind)}}}.csv", download),
]
