"""Series of letter numbers: who issues, in which form; the book of the numbers given."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar

from aiohttp import web

from rooms.directory.directory import Unit
from rooms.errors import Invalid, RequestRefused
from rooms.invitations.records import BookLine, LetterForm, Series
from rooms.records.audit import Action
from web.auth import redirect, require, signed_in
from web.formats import local
from web.i18n import gettext, mark
from web.pages.common import SCHEDULERS
from web.services import SERVICES
from web.views import Page, render

MAX_TEXT = 2000
FORM_WORDS = {
    LetterForm.STATE: mark("Cơ quan nhà nước (Nghị định 30/2020)"),
    LetterForm.PARTY: mark("Cơ quan Đảng (Hướng dẫn 36)"),
}
_TEXTS = ("symbol", "superior", "issuer", "inviter", "place", "signature", "signer", "recipients")


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesValues:
    """The form as typed."""

    unit: str = ""
    form: str = LetterForm.STATE.value
    symbol: str = ""
    first_number: str = "1"
    superior: str = ""
    issuer: str = ""
    inviter: str = ""
    place: str = ""
    signature: str = ""
    signer: str = ""
    recipients: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AllSeriesPage(Page):
    template: ClassVar[str] = "letter_series.html"
    place: ClassVar[str] = "calendar"
    series: tuple[Series, ...]
    values: SeriesValues
    errors: dict[str, str]
    units: tuple[Unit, ...]
    forms: dict[str, str]
    changing: int  # id of the series the form changes; 0: a new one


@dataclass(frozen=True, slots=True, kw_only=True)
class BookPage(Page):
    template: ClassVar[str] = "letter_book.html"
    place: ClassVar[str] = "calendar"
    series: Series
    year: int
    years: tuple[int, ...]
    lines: tuple[BookLine, ...]
    next_number: str


def _values(series: Series) -> SeriesValues:
    return SeriesValues(
        unit=str(series.unit_id),
        form=series.form.value,
        first_number=str(series.first_number),
        **{name: getattr(series, name) for name in _TEXTS},
    )


async def _show(
    request: web.Request,
    values: SeriesValues,
    *,
    changing: int = 0,
    errors: dict[str, str] | None = None,
) -> web.Response:
    services = request.app[SERVICES]
    page = AllSeriesPage(
        series=tuple(await services.invitations.numbers.all_series()),
        values=values,
        errors={field: gettext(text) for field, text in (errors or {}).items()},
        units=tuple(await services.directory.units(("agency",))),
        forms={form.value: gettext(text) for form, text in FORM_WORDS.items()},
        changing=changing,
    )
    return render(request, page, status=422 if errors else 200)


@require(*SCHEDULERS)
async def show(request: web.Request) -> web.Response:
    """All series, and a form for a new one, begun for a unit."""
    unit_id = request.query.get("don-vi", "")
    place = request.app[SERVICES].settings.province.removeprefix("Tỉnh ").strip()
    values = SeriesValues(unit=unit_id, place=place)
    if unit_id.isdecimal() and len(unit_id) < 10:
        unit = await request.app[SERVICES].directory.unit(int(unit_id))
        if unit is not None:
            values = SeriesValues(
                unit=unit_id, place=place, issuer=unit.name.upper(), inviter=unit.name
            )
    return await _show(request, values)


async def _series(request: web.Request) -> Series:
    wanted = int(request.match_info["series"])
    series = await request.app[SERVICES].invitations.numbers.series(wanted)
    if series is None:
        raise RequestRefused("not-found")
    return series


@require(*SCHEDULERS)
async def edit(request: web.Request) -> web.Response:
    series = await _series(request)
    return await _show(request, _values(series), changing=series.id)


@require(*SCHEDULERS)
async def save(request: web.Request) -> web.Response:
    form, services = await request.post(), request.app[SERVICES]
    names = SeriesValues.__dataclass_fields__
    texts = {name: str(form.get(name, ""))[:MAX_TEXT].replace("\r", "") for name in names}
    values = SeriesValues(**{name: text.strip() for name, text in texts.items()})
    known = request.match_info.get("series")
    changing = (await _series(request)).id if known is not None else 0
    account, now = signed_in(request), datetime.now(UTC)
    try:
        series = _read(values, changing)
        if await services.directory.unit(series.unit_id) is None:
            raise Invalid({"unit_id": mark("Chọn đơn vị.")})
        saved = await services.invitations.numbers.save_series(series, account)
    except Invalid as invalid:
        return await _show(request, values, changing=changing, errors=invalid.errors)
    await services.audit.note(account, Action.SERIES_CHANGED, now, subject=f"{saved}")
    return redirect(f"/giay-moi/so/{saved}")


def _read(values: SeriesValues, changing: int) -> Series:
    first = values.first_number
    return Series(
        id=changing,
        unit_id=int(values.unit) if values.unit.isdecimal() and len(values.unit) < 10 else 0,
        form=LetterForm.PARTY if values.form == LetterForm.PARTY else LetterForm.STATE,
        first_number=int(first) if first.isdecimal() and len(first) < 7 else 0,
        **{name: getattr(values, name) for name in _TEXTS},
    )


@require(*SCHEDULERS)
async def show_book(request: web.Request) -> web.Response:
    series = await _series(request)
    numbers = request.app[SERVICES].invitations.numbers
    this_year = local(datetime.now(UTC)).year
    asked = request.query.get("nam", "")
    year = int(asked) if asked.isdecimal() and len(asked) == 4 else this_year
    page = BookPage(
        series=series,
        year=year,
        years=tuple(sorted({this_year, *await numbers.years(series.id)}, reverse=True)),
        lines=tuple(await numbers.book(series.id, year)),
        next_number=series.numbered(await numbers.next_number(series.id, year)),
    )
    return render(request, page)


_ONE = r"/giay-moi/so/{series:\d{1,9}}"
ROUTES = [
    web.get("/giay-moi/so", show),
    web.post("/giay-moi/so", save),
    web.get(_ONE, show_book),
    web.get(f"{_ONE}/sua", edit),
    web.post(f"{_ONE}/sua", save),
]
