"""The administrator's page "Thư điện tử": whether mail goes out, what waits, what failed."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar

from aiohttp import web

from rooms.directory.accounts import AccountRole
from rooms.directory.people import EMAIL
from rooms.mail import Mail, MailState, Outgoing
from web.auth import redirect, require
from web.i18n import gettext, mark
from web.pages.letter import KIND_WORDS
from web.services import SERVICES
from web.views import Page, render

SHOWN = 100
DONE = {
    "thu": mark("Thư thử đã vào hàng chờ; kết quả hiện trong bảng sau vài giây."),
    "lai": mark("Sẽ thử gửi lại ngay."),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class MailsPage(Page):
    template: ClassVar[str] = "mails.html"
    place: ClassVar[str] = "accounts"
    can_send: bool
    server: str
    sender: str
    counts: dict[str, int]
    mails: tuple[Mail, ...]
    kinds: dict[str, str]
    address: str
    error: str
    done: str


async def _show(request: web.Request, *, address: str = "", error: str = "") -> web.Response:
    services = request.app[SERVICES]
    office = services.invitations.office
    page = MailsPage(
        can_send=office.can_send,
        server=office.server,
        sender=office.sender.email,
        counts={state.value: n for state, n in (await services.mail.counts()).items()},
        mails=tuple(await services.mail.latest(SHOWN)),
        kinds={kind: gettext(text) for kind, text in KIND_WORDS.items()},
        address=address,
        error=gettext(error),
        done=gettext(DONE.get(request.query.get("xong", ""), "")),
    )
    return render(request, page, status=422 if error else 200)


@require(AccountRole.ADMINISTRATOR)
async def show(request: web.Request) -> web.Response:
    return await _show(request)


@require(AccountRole.ADMINISTRATOR)
async def try_one(request: web.Request) -> web.Response:
    """Queue a test mail; it takes the way of all others."""
    address = str((await request.post()).get("address", "")).strip()[:254]
    if not EMAIL.fullmatch(address):
        wrong = mark("Địa chỉ thư điện tử không đúng.")
        return await _show(request, address=address, error=wrong)
    mail = Outgoing(
        to=address,
        subject=gettext(mark("Thư thử của hệ thống Điểm Cầu")),
        text=gettext(mark("Thư này cho biết hệ thống họp trực tuyến gửi được thư điện tử.")),
        kind="test",
    )
    await request.app[SERVICES].mail.put(mail, datetime.now(UTC))
    return redirect("/quan-tri/thu?xong=thu")


@require(AccountRole.ADMINISTRATOR)
async def retry(request: web.Request) -> web.Response:
    """Try all that failed once more."""
    services, now = request.app[SERVICES], datetime.now(UTC)
    for mail in await services.mail.latest(SHOWN):
        if mail.state is MailState.FAILED:
            await services.mail.retry(mail.id, now)
    return redirect("/quan-tri/thu?xong=lai")


ROUTES = [
    web.get("/quan-tri/thu", show),
    web.post("/quan-tri/thu", try_one),
    web.post("/quan-tri/thu/thu-lai", retry),
]
