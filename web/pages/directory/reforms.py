"""Reform days: upload of the lists, preview, choices, confirmation."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import ClassVar

from aiohttp import web

from rooms.directory.directory import today
from rooms.directory.imports.tables import parse_day
from rooms.directory.reforms.moves import RETIRE, Choice, Subject
from rooms.directory.reforms.plan import SHARE_NAMES
from rooms.directory.reforms.service import (
    CANCELLED,
    CONFIRMED,
    DONE,
    DRAFT,
    Reform,
    ReformDraft,
    ReformPreview,
)
from rooms.errors import Invalid, RequestRefused
from rooms.records.audit import Action
from web.auth import redirect, require, signed_in
from web.i18n import gettext, mark
from web.pages.common import SCHEDULERS
from web.pages.directory.common import file_of, form_of, id_of, tabs, translated_errors
from web.pages.directory.noting import note
from web.pages.tabs import Tab
from web.services import SERVICES
from web.views import Page, render

STATE_NAMES = {
    DRAFT: mark("Bản thảo"),
    CONFIRMED: mark("Chờ đến ngày có hiệu lực"),
    DONE: mark("Đã có hiệu lực"),
    CANCELLED: mark("Đã hủy"),
}
SUBJECT_NAMES = {
    Subject.SITE: mark("Điểm cầu"),
    Subject.PERSON: mark("Cán bộ"),
    Subject.ACCOUNT: mark("Tài khoản"),
}
_MOVE = ("unit", "name", "short_name")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReformsPage(Page):
    template: ClassVar[str] = "directory/reforms.html"
    place: ClassVar[str] = "directory"
    tabs: tuple[Tab, ...]
    reforms: tuple[Reform, ...]
    states: dict[str, str]
    values: dict[str, str]
    errors: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReformPage(Page):
    template: ClassVar[str] = "directory/reform.html"
    place: ClassVar[str] = "directory"
    tabs: tuple[Tab, ...]
    reform: Reform
    state: str
    day_before: date
    preview: ReformPreview | None  # while it is a draft or waits for its day
    units: tuple[tuple[str, str], ...]  # codes and names of the tree to come
    shares: dict[str, str]
    subjects: dict[str, str]
    retire: str
    draft: bool
    waiting: bool
    error: str


async def _show_all(
    request: web.Request, values: Mapping[str, str], errors: Mapping[str, str]
) -> web.Response:
    page = ReformsPage(
        tabs=tabs(request, "reforms"),
        reforms=tuple(await request.app[SERVICES].reforms.all()),
        states={state: gettext(name) for state, name in STATE_NAMES.items()},
        values={name: values.get(name, "") for name in ("name", "act", "effective")},
        errors=translated_errors(errors),
    )
    return render(request, page, status=422 if errors else 200)


@require(*SCHEDULERS)
async def show_all(request: web.Request) -> web.Response:
    return await _show_all(request, {}, {})


@require(*SCHEDULERS)
async def create(request: web.Request) -> web.Response:
    values = await form_of(request, ("name", "act", "effective"))
    draft = ReformDraft(
        name=values["name"],
        act=values["act"],
        effective=parse_day(values["effective"]),
        succession=await file_of(request, "succession") or b"",
        new_units=await file_of(request, "new_units") or b"",
    )
    reforms = request.app[SERVICES].reforms
    try:
        reform = await reforms.create(draft, signed_in(request), datetime.now(UTC), today())
    except Invalid as invalid:
        return await _show_all(request, values, invalid.errors)
    return redirect(f"/danh-ba/sap-xep/{reform}")


@require(*SCHEDULERS)
async def show(request: web.Request) -> web.Response:
    return await _show(request)


async def _show(request: web.Request, error: str = "") -> web.Response:
    reforms = request.app[SERVICES].reforms
    reform = await reforms.get(id_of(request))
    if reform is None:
        raise RequestRefused("not-found")
    open_ = reform.state in (DRAFT, CONFIRMED)
    preview = await reforms.preview(reform.id) if open_ else None
    future = preview.plan.future if preview is not None else {}
    page = ReformPage(
        tabs=tabs(request, "reforms"),
        reform=reform,
        state=gettext(STATE_NAMES[reform.state]),
        day_before=reform.effective - timedelta(days=1),
        preview=preview,
        units=tuple((code, values["short_name"]) for code, values in future.items()),
        shares={share.value: gettext(name) for share, name in SHARE_NAMES.items()},
        subjects={subject.value: gettext(name) for subject, name in SUBJECT_NAMES.items()},
        retire=RETIRE,
        draft=reform.state == DRAFT,
        waiting=reform.state == CONFIRMED,
        error=error,
    )
    return render(request, page, status=409 if error else 200)


async def _choices(request: web.Request) -> dict[str, Choice]:
    """By the key of each move that the form shows."""
    form = await request.post()
    keys = [str(key) for key in form.getall("move", [])][:20_000]
    return {
        key: Choice(**{name: str(form.get(f"{name}:{key}", ""))[:200].strip() for name in _MOVE})
        for key in keys
    }


@require(*SCHEDULERS)
async def choose(request: web.Request) -> web.Response:
    """Keep the choices; with the other button, confirm as well."""
    reforms, reform = request.app[SERVICES].reforms, id_of(request)
    await reforms.choose(reform, await _choices(request))
    form = await form_of(request, ("action",))
    if form["action"] != "confirm":
        return redirect(f"/danh-ba/sap-xep/{reform}#chuyen")
    try:
        await reforms.confirm(reform, today())
    except RequestRefused as refused:
        return await _show(request, gettext(refused.text))
    await note(request, Action.REFORM_CONFIRMED, f"reform {reform}")
    return redirect(f"/danh-ba/sap-xep/{reform}")


@require(*SCHEDULERS)
async def cancel(request: web.Request) -> web.Response:
    reform = id_of(request)
    try:
        await request.app[SERVICES].reforms.cancel(reform)
    except RequestRefused as refused:
        if refused.code == "not-found":
            raise
        return await _show(request, gettext(refused.text))
    await note(request, Action.REFORM_CANCELLED, f"reform {reform}")
    return redirect("/danh-ba/sap-xep")


ROUTES = [
    web.get("/danh-ba/sap-xep", show_all),
    web.post("/danh-ba/sap-xep", create),
    web.get(r"/danh-ba/sap-xep/{id:\d{1,10}}", show),
    web.post(r"/danh-ba/sap-xep/{id:\d{1,10}}", choose),
    web.post(r"/danh-ba/sap-xep/{id:\d{1,10}}/huy", cancel),
]
