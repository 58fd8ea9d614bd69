"""Words of the calendar."""

from rooms.dates.entries import Scope
from web.i18n import mark
from web.pages.calendar_query import View

VIEW_NAMES = {View.DAY: mark("Ngày"), View.WEEK: mark("Tuần"), View.MONTH: mark("Tháng")}
SCOPE_NAMES = {
    Scope.MINE: mark("Của tôi"),
    Scope.UNIT: mark("Đơn vị tôi"),
    Scope.PROVINCE: mark("Toàn tỉnh"),
}
PART_NAMES = {"sang": mark("Sáng"), "chieu": mark("Chiều"), "toi": mark("Tối")}
