"""The administrator's accounts: see them, make one, set a new password."""

import secrets
from dataclasses import dataclass
from typing import ClassVar

from aiohttp import web

from rooms.directory.accounts import Account, AccountRole
from rooms.directory.directory import Site, Unit
from rooms.errors import Invalid, RequestRefused
from web.auth import require
from web.i18n import gettext, mark
from web.services import SERVICES
from web.views import ROLE_NAMES, Page, render

MAX_TEXT = 200
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # without 0 o 1 i l, which are confused when told

NEEDS_NAME = mark("Nhập họ và tên.")
NEEDS_ROLE = mark("Chọn vai trò.")
NEEDS_SITE = mark("Chọn điểm cầu của máy này.")


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountValues:
    """The form as typed."""

    username: str = ""
    full_name: str = ""
    position: str = ""
    role: str = ""
    unit: str = ""
    site: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FreshPassword:
    """A password that is shown once."""

    account: Account
    password: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountsPage(Page):
    template: ClassVar[str] = "accounts.html"
    place: ClassVar[str] = "accounts"
    accounts: tuple[Account, ...]
    values: AccountValues
    errors: dict[str, str]
    roles: tuple[AccountRole, ...]
    units: tuple[Unit, ...]
    sites: tuple[Site, ...]
    site_names: dict[int, str]
    fresh: FreshPassword | None


def new_password() -> str:
    """Twelve letters and digits in groups of four, easy to tell by telephone (about 59 bits)."""
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(3))


async def _show(
    request: web.Request,
    *,
    values: AccountValues | None = None,
    errors: dict[str, str] | None = None,
    fresh: FreshPassword | None = None,
) -> web.Response:
    services = request.app[SERVICES]
    sites = tuple(await services.directory.sites())
    page = AccountsPage(
        accounts=tuple(await services.accounts.everyone()),
        values=values or AccountValues(),
        errors={field: gettext(text) for field, text in (errors or {}).items()},
        roles=tuple(ROLE_NAMES),
        units=tuple(await services.directory.units(("agency",))),
        sites=sites,
        site_names={site.id: site.name for site in sites},
        fresh=fresh,
    )
    return render(request, page, status=422 if errors else 200)


@require(AccountRole.ADMINISTRATOR)
async def show(request: web.Request) -> web.Response:
    return await _show(request)


def _id(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def _read_role(text: str) -> AccountRole | None:
    return next((role for role in AccountRole if role == text), None)


async def _faults(request: web.Request, values: AccountValues) -> dict[str, str]:
    directory = request.app[SERVICES].directory
    errors: dict[str, str] = {}
    if not values.full_name:
        errors["full_name"] = NEEDS_NAME
    role = _read_role(values.role)
    if role is None:
        errors["role"] = NEEDS_ROLE
    site = _id(values.site)
    known = site is not None and await directory.site(site) is not None
    if (values.site or role is AccountRole.SITE_DEVICE) and not known:
        errors["site_id"] = NEEDS_SITE
    unit = _id(values.unit)
    if values.unit and (unit is None or await directory.unit(unit) is None):
        errors["unit_id"] = mark("Chọn đơn vị.")
    return errors


async def _create(request: web.Request, values: AccountValues) -> FreshPassword:
    """Make the account with a password of our own choice.

    Raises:
        Invalid: a text for each field at fault.
    """
    errors = await _faults(request, values)
    role = _read_role(values.role)
    if errors or role is None:
        raise Invalid(errors)
    password = new_password()
    try:
        account = await request.app[SERVICES].accounts.create(
            username=values.username,
            full_name=values.full_name,
            position=values.position,
            role=role,
            password=password,
            unit_id=_id(values.unit),
            site_id=_id(values.site),
        )
    except RequestRefused as refused:
        raise Invalid({"username": refused.text}) from None
    return FreshPassword(account=account, password=password)


@require(AccountRole.ADMINISTRATOR)
async def create(request: web.Request) -> web.Response:
    form = await request.post()
    names = ("username", "full_name", "position", "role", "unit", "site")
    values = AccountValues(**{name: str(form.get(name, ""))[:MAX_TEXT].strip() for name in names})
    try:
        fresh = await _create(request, values)
    except Invalid as invalid:
        return await _show(request, values=values, errors=invalid.errors)
    return await _show(request, fresh=fresh)


@require(AccountRole.ADMINISTRATOR)
async def reset_password(request: web.Request) -> web.Response:
    accounts = request.app[SERVICES].accounts
    account = await accounts.by_id(int(request.match_info["account"]))
    if account is None:
        raise RequestRefused("not-found")
    password = new_password()
    await accounts.set_password(account.id, password)
    return await _show(request, fresh=FreshPassword(account=account, password=password))


ROUTES = [
    web.get("/quan-tri/tai-khoan", show),
    web.post("/quan-tri/tai-khoan", create),
    web.post(r"/quan-tri/tai-khoan/{account:\d{1,9}}/mat-khau", reset_password),
]
