"""The administrator's page "Nhật ký hệ thống": who did what to the service."""

from dataclasses import dataclass
from typing import ClassVar

from aiohttp import web

from rooms.directory.accounts import AccountRole
from rooms.records.audit import Action, AuditEntry
from web.auth import require
from web.i18n import mark
from web.pages.line_words import translated
from web.services import SERVICES
from web.views import Page, render

ACTIONS = {
    Action.DUMP_STARTED: mark("Bắt đầu ghi gói tin"),
    Action.DUMP_STOPPED: mark("Dừng ghi gói tin"),
    Action.DUMP_DOWNLOADED: mark("Tải gói tin về"),
    Action.TOKEN_MADE: mark("Tạo mã truy cập API"),
    Action.TOKEN_REVOKED: mark("Thu hồi mã truy cập API"),
    Action.WEBHOOK_CHANGED: mark("Sửa nơi nhận thông báo"),
    Action.DELEGATES_EXPORTED: mark("Tải danh sách đại biểu"),
    Action.DOCUMENT_REMOVED: mark("Xóa tài liệu"),
    Action.CALENDAR_DAY_SET: mark("Sửa ngày nghỉ, ngày làm bù"),
    Action.OFFICE_HOURS_SET: mark("Sửa giờ làm việc"),
    Action.DIRECTORY_CHANGED: mark("Sửa danh bạ"),
    Action.LIST_IMPORTED: mark("Nhập danh sách"),
    Action.LIST_EXPORTED: mark("Xuất danh sách"),
    Action.REFORM_CONFIRMED: mark("Xác nhận sắp xếp đơn vị"),
    Action.REFORM_CANCELLED: mark("Hủy sắp xếp đơn vị"),
    Action.NUMBER_GIVEN: mark("Cấp số giấy mời"),
    Action.LETTER_SIGNED: mark("Nhận giấy mời đã ký"),
    Action.SERIES_CHANGED: mark("Sửa sổ giấy mời"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditPage(Page):
    template: ClassVar[str] = "audit.html"
    place: ClassVar[str] = "accounts"
    entries: tuple[AuditEntry, ...]
    actions: dict[str, str]


@require(AccountRole.ADMINISTRATOR)
async def show(request: web.Request) -> web.Response:
    entries = tuple(await request.app[SERVICES].audit.recent())
    return render(request, AuditPage(entries=entries, actions=translated(ACTIONS)))


ROUTES = [web.get("/quan-tri/nhat-ky", show)]
