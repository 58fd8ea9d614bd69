"""Invitation letters over the API: number series, the letter, its number."""

from datetime import date, datetime
from typing import Annotated, Any

from aiohttp import web
from msgspec import Meta

from rooms.directory.api_tokens import Scope
from rooms.errors import Invalid, RequestRefused
from rooms.invitations.letters import LetterDraft
from rooms.invitations.numbers import MAX_NUMBER
from rooms.invitations.records import (
    BookLine,
    Letter,
    LetterForm,
    Series,
)
from rooms.invitations.signed import MAX_BYTES
from rooms.meetings.meetings import Meeting
from rooms.records.audit import Action
from web.api.framework import (
    Body,
    Call,
    Created,
    Id,
    Line,
    Listing,
    Query,
    Resource,
    Resources,
    Text,
)
from web.errors import Problem
from web.files import disposition
from web.formats import local
from web.i18n import mark
from web.pages.common import SCHEDULERS, meeting_of, visible_meeting

Number = Annotated[int, Meta(ge=1, le=MAX_NUMBER)]
Year = Annotated[int, Meta(ge=1900, le=2200)]

api = Resources("letters")


# ---------------------------------------------------------------- what is sent and answered


class SeriesBody(Body, frozen=True, kw_only=True):
    """`signature` and `recipients` have a line for each."""

    unit_id: Id
    form: LetterForm = LetterForm.STATE
    symbol: Line
    first_number: Number = 1
    superior: Line = ""
    issuer: Line
    inviter: Line
    place: Line
    signature: Text = ""
    signer: Line = ""
    recipients: Text = ""


class SeriesResource(Resource, frozen=True, kw_only=True):
    id: int
    unit_id: int
    form: LetterForm
    symbol: str
    first_number: int
    superior: str
    issuer: str
    inviter: str
    place: str
    signature: str
    signer: str
    recipients: str


class BookQuery(Query, frozen=True, kw_only=True):
    year: Year | None = None  # this one


class BookResource(Resource, frozen=True, kw_only=True):
    """A number that was given."""

    number: int
    text: str  # "123/GM-UBND"
    year: int
    abstract: str
    meeting_id: int | None
    typed: bool
    replaced: bool
    given_at: datetime
    given_by: str


class LetterBody(Body, frozen=True, kw_only=True):
    """What a clerk writes; the rest comes from the meeting."""

    series_id: Id
    issue_date: date | None = None
    abstract: Line
    requirements: Text = ""
    contact: Line = ""
    signature: Text = ""
    signer: Line = ""
    recipients: Text = ""


class SignedResource(Resource, frozen=True, kw_only=True):
    sha256: str
    name: str
    size: int
    digital: bool
    at: datetime


class LetterResource(Resource, frozen=True, kw_only=True):
    meeting_id: int
    series_id: int
    number: str | None  # "123/GM-UBND"
    issue_date: date | None
    abstract: str
    requirements: str
    contact: str
    signature: str
    signer: str
    recipients: str
    signed: SignedResource | None
    sent_at: datetime | None
    revision: int  # 0: nobody has written to it yet


class NumberBody(Body, frozen=True, kw_only=True):
    """Without `number` the next one is drawn; `again` replaces the number there is."""

    number: Number | None = None
    issue_date: date | None = None
    again: bool = False


class NumberResource(Resource, frozen=True, kw_only=True):
    number: int
    text: str
    year: int


def _series(series: Series) -> SeriesResource:
    fields = {name: getattr(series, name) for name in SeriesResource.__struct_fields__}
    return SeriesResource(**fields)


def _book(line: BookLine) -> BookResource:
    return BookResource(
        number=line.number.number,
        text=line.number.text,
        year=line.number.year,
        abstract=line.abstract,
        meeting_id=line.meeting_id,
        typed=line.typed,
        replaced=line.replaced,
        given_at=line.given_at,
        given_by=line.given_by,
    )


def _letter(letter: Letter) -> LetterResource:
    signed = letter.signed
    return LetterResource(
        meeting_id=letter.meeting_id,
        series_id=letter.series.id,
        number=letter.number.text if letter.number else None,
        issue_date=letter.issue_date,
        abstract=letter.abstract,
        requirements=letter.requirements,
        contact=letter.contact,
        signature=letter.signature,
        signer=letter.signer,
        recipients=letter.recipients,
        signed=SignedResource(
            sha256=signed.digest,
            name=signed.name,
            size=signed.size,
            digital=signed.digital,
            at=signed.at,
        )
        if signed
        else None,
        sent_at=letter.sent_at,
        revision=letter.revision,
    )


# ---------------------------------------------------------------- series


@api.get(
    "/letter-series",
    "Series of letter numbers",
    scope=Scope.INVITATIONS_READ,
    roles=SCHEDULERS,
)
async def all_series(call: Call[None, None]) -> Listing[SeriesResource]:
    known = await call.services.invitations.numbers.all_series()
    return call.part([_series(series) for series in known])


@api.post("/letter-series", "Make a series", scope=Scope.INVITATIONS_WRITE, roles=SCHEDULERS)
async def add_series(call: Call[None, SeriesBody]) -> Created[SeriesResource]:
    series = await _save_series(call, 0)
    return Created(_series(series), f"/letter-series/{series.id}")


@api.get(
    "/letter-series/{series:int}", "One series", scope=Scope.INVITATIONS_READ, roles=SCHEDULERS
)
async def one_series(call: Call[None, None]) -> SeriesResource:
    return _series(await _known_series(call))


@api.put(
    "/letter-series/{series:int}",
    "Change a series",
    scope=Scope.INVITATIONS_WRITE,
    roles=SCHEDULERS,
)
async def change_series(call: Call[None, SeriesBody]) -> SeriesResource:
    return _series(await _save_series(call, (await _known_series(call)).id))


@api.get(
    "/letter-series/{series:int}/numbers",
    "The numbers given in a year, the newest first",
    scope=Scope.INVITATIONS_READ,
    roles=SCHEDULERS,
)
async def numbers(call: Call[BookQuery, None]) -> Listing[BookResource]:
    series = await _known_series(call)
    year = call.query.year or local(call.now).year
    lines = await call.services.invitations.numbers.book(series.id, year)
    return call.part([_book(line) for line in lines])


async def _known_series(call: Call[Any, Any]) -> Series:
    series = await call.services.invitations.numbers.series(call.number("series"))
    if series is None:
        raise RequestRefused("not-found")
    return series


async def _save_series(call: Call[None, SeriesBody], series_id: int) -> Series:
    body, services = call.body, call.services
    if await services.directory.unit(body.unit_id) is None:
        raise Invalid({"unit_id": mark("Chọn đơn vị.")})
    fields = {name: getattr(body, name) for name in SeriesBody.__struct_fields__}
    saved = await services.invitations.numbers.save_series(
        Series(id=series_id, **fields), call.account
    )
    await services.audit.note(call.account, Action.SERIES_CHANGED, call.now, subject=f"{saved}")
    found = await services.invitations.numbers.series(saved)
    assert found is not None
    return found


# ---------------------------------------------------------------- the letter


@api.get("/meetings/{meeting}/letter", "The letter of a meeting", scope=Scope.INVITATIONS_READ)
async def letter(call: Call[None, None]) -> LetterResource:
    _, found = await _readable(call)
    return _letter(found)


@api.put(
    "/meetings/{meeting}/letter",
    "Write the letter",
    scope=Scope.INVITATIONS_WRITE,
    roles=SCHEDULERS,
)
async def write_letter(call: Call[None, LetterBody]) -> LetterResource:
    meeting = await meeting_of(call.request)
    invitations = call.services.invitations
    stored = await invitations.stored_letter(meeting)
    fields = {name: getattr(call.body, name) for name in LetterBody.__struct_fields__}
    saved = await invitations.letters.save(
        meeting.id,
        LetterDraft(**fields),
        call.account,
        revision=call.revision or stored.revision,
    )
    return _letter(saved)


@api.get(
    "/meetings/{meeting}/letter.pdf",
    "The signed letter, or the letter as it is",
    scope=Scope.INVITATIONS_READ,
    media_type="application/pdf",
)
async def letter_pdf(call: Call[None, None]) -> web.StreamResponse:
    meeting, found = await _readable(call)
    if found.signed is not None:
        content = await call.services.files.get(found.signed.digest)
    else:
        content = await call.services.invitations.pdf(found, meeting, call.now)
    if content is None:
        raise RequestRefused("not-found")
    headers = {"Content-Disposition": disposition("attachment", "giay-moi.pdf")}
    return web.Response(body=content, content_type="application/pdf", headers=headers)


@api.put(
    "/meetings/{meeting}/letter/signed",
    "Upload the signed letter",
    scope=Scope.INVITATIONS_WRITE,
    roles=SCHEDULERS,
    takes="application/octet-stream",
)
async def put_signed(call: Call[None, None]) -> SignedResource:
    meeting = await meeting_of(call.request)
    content = await _upload(call.request)
    await call.services.invitations.stored_letter(meeting)
    signed = await call.services.invitations.letters.put_signed(
        meeting.id, content, "giay-moi-da-ky.pdf", call.account, call.now
    )
    await call.services.audit.note(
        call.account,
        Action.LETTER_SIGNED,
        call.now,
        meeting_id=meeting.id,
        subject=signed.digest[:16],
    )
    return SignedResource(
        sha256=signed.digest,
        name=signed.name,
        size=signed.size,
        digital=signed.digital,
        at=signed.at,
    )


async def _upload(request: web.Request) -> bytes:
    """The body as it comes, as far as letters go."""
    content = bytearray()
    async for part in request.content.iter_chunked(64 * 1024):
        content += part
        if len(content) > MAX_BYTES:
            raise Problem(413, "too-large", mark("Tệp lớn quá 20 MB."))
    return bytes(content)


@api.post(
    "/meetings/{meeting}/letter/number",
    "Give the letter its number",
    scope=Scope.INVITATIONS_WRITE,
    roles=SCHEDULERS,
)
async def give_number(call: Call[None, NumberBody]) -> NumberResource:
    meeting = await meeting_of(call.request)
    invitations, body = call.services.invitations, call.body
    await invitations.stored_letter(meeting)
    given = await invitations.numbers.give(
        meeting.id,
        body.issue_date or local(call.now).date(),
        call.account,
        call.now,
        number=body.number,
        again=body.again,
    )
    await call.services.audit.note(
        call.account, Action.NUMBER_GIVEN, call.now, meeting_id=meeting.id, subject=given.text
    )
    return NumberResource(number=given.number, text=given.text, year=given.year)


async def _readable(call: Call[Any, Any]) -> tuple[Meeting, Letter]:
    """For clerks always, for others once it went out."""
    meeting = await visible_meeting(call.request, call.account)
    found = await call.services.invitations.letter(meeting)
    if found is None or (found.sent_at is None and call.account.role not in SCHEDULERS):
        raise RequestRefused("not-found")
    return meeting, found
