"""One's own page "Mã truy cập API": make, see and revoke tokens for programs."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from aiohttp import web
from multidict import MultiDictProxy

from rooms.directory.accounts import AccountRole
from rooms.directory.api_tokens import MAX_NAME_CHARS, ApiToken, Scope
from rooms.errors import Invalid
from rooms.records.audit import Action
from web.auth import redirect, require, signed_in
from web.i18n import gettext, mark
from web.pages.line_words import translated
from web.services import SERVICES
from web.views import Page, render

ADDRESS = "/ca-nhan/ma-truy-cap"

SCOPE_NAMES = {
    Scope.MEETINGS_READ: mark("Xem cuộc họp"),
    Scope.MEETINGS_WRITE: mark("Lập và sửa cuộc họp"),
    Scope.DIRECTORY_READ: mark("Xem danh bạ"),
    Scope.DIRECTORY_WRITE: mark("Sửa danh bạ"),
    Scope.INVITATIONS_READ: mark("Xem giấy mời"),
    Scope.INVITATIONS_WRITE: mark("Lập và gửi giấy mời"),
    Scope.ANSWERS_READ: mark("Xem xác nhận tham dự"),
    Scope.ANSWERS_WRITE: mark("Xác nhận tham dự"),
    Scope.DOCUMENTS_READ: mark("Xem tài liệu"),
    Scope.DOCUMENTS_WRITE: mark("Tải tài liệu lên"),
    Scope.CALENDAR_READ: mark("Xem ngày nghỉ và giờ làm việc"),
    Scope.CALENDAR_WRITE: mark("Sửa ngày nghỉ và giờ làm việc"),
    Scope.RECORDINGS_READ: mark("Xem bản ghi hình"),
    Scope.REPORTS_READ: mark("Xem báo cáo"),
    Scope.TECHNICAL_READ: mark("Xem sức khỏe phòng họp"),
    Scope.TECHNICAL_WRITE: mark("Ghi gói tin của điểm cầu"),
    Scope.WEBHOOKS_READ: mark("Xem nơi nhận thông báo"),
    Scope.WEBHOOKS_WRITE: mark("Sửa nơi nhận thông báo"),
    Scope.AUDIT_READ: mark("Xem nhật ký hệ thống"),
}

LIFETIMES = {"90": timedelta(days=90), "365": timedelta(days=365), "": None}
HOLDERS = tuple(role for role in AccountRole if role is not AccountRole.SITE_DEVICE)


@dataclass(frozen=True, slots=True, kw_only=True)
class TokensPage(Page):
    template: ClassVar[str] = "tokens.html"
    tokens: tuple[ApiToken, ...]
    scopes: dict[str, str]
    chosen: frozenset[str]
    name: str
    lifetime: str
    fresh: str  # the text of the token just made, shown once
    errors: dict[str, str]


async def _show(
    request: web.Request,
    *,
    fresh: str = "",
    name: str = "",
    lifetime: str = "365",
    chosen: frozenset[str] = frozenset(),
    errors: dict[str, str] | None = None,
) -> web.Response:
    tokens = await request.app[SERVICES].tokens.of(signed_in(request).id)
    page = TokensPage(
        tokens=tuple(tokens),
        scopes=translated(SCOPE_NAMES),
        chosen=chosen,
        name=name,
        lifetime=lifetime,
        fresh=fresh,
        errors={field: gettext(text) for field, text in (errors or {}).items()},
    )
    return render(request, page, status=422 if errors else 200)


@require(*HOLDERS)
async def show(request: web.Request) -> web.Response:
    return await _show(request)


def _scopes(form: MultiDictProxy[Any]) -> frozenset[Scope]:
    known = {scope.value: scope for scope in Scope}
    sent = [str(value) for value in form.getall("quyen", ())]
    return frozenset(known[value] for value in sent if value in known)


@require(*HOLDERS)
async def make(request: web.Request) -> web.Response:
    form = await request.post()
    account, now = signed_in(request), datetime.now(UTC)
    name, lifetime = str(form.get("ten", ""))[: MAX_NAME_CHARS + 1], str(form.get("han", "365"))
    scopes = _scopes(form)
    services = request.app[SERVICES]
    try:
        token, text = await services.tokens.make(
            account, name, scopes, now, lifetime=LIFETIMES.get(lifetime, LIFETIMES["365"])
        )
    except Invalid as invalid:
        return await _show(
            request, name=name, lifetime=lifetime, chosen=frozenset(scopes), errors=invalid.errors
        )
    await services.audit.note(account, Action.TOKEN_MADE, now, subject=f"{token.hint}… {name}")
    return await _show(request, fresh=text)


@require(*HOLDERS)
async def revoke(request: web.Request) -> web.Response:
    account, now = signed_in(request), datetime.now(UTC)
    services = request.app[SERVICES]
    token = await services.tokens.revoke(int(request.match_info["token"]), account, now)
    subject = f"{token.hint}… {token.name}"
    await services.audit.note(account, Action.TOKEN_REVOKED, now, subject=subject)
    return redirect(ADDRESS)


ROUTES = [
    web.get(ADDRESS, show),
    web.post(ADDRESS, make),
    web.post(ADDRESS + r"/{token:\d{1,9}}/thu-hoi", revoke),
]
