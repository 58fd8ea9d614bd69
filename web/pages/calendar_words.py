"""Words of the calendar."""

from rooms.dates.entries import Scope
from rooms.meetings.records import MeetingState
from web.i18n import mark
from web.pages.calendar_query import View

VIEW_NAMES = {View.DAY: mark("Ngày"), View.WEEK: mark("Tuần"), View.MONTH: mark("Tháng")}
SCOPE_NAMES = {
    Scope.MINE: mark("Của tôi"),
    Scope.UNIT: mark("Đơn vị tôi"),
    Scope.PROVINCE: mark("Toàn tỉnh"),
}
PART_NAMES = {"sang": mark("Sáng"), "chieu": mark("Chiều"), "toi": mark("Tối")}
KINDS = {"meeting": mark("Cuộc họp")}
STATES = {
    MeetingState.DRAFT: mark("Dự thảo"),
    MeetingState.PENDING: mark("Chờ duyệt"),
    MeetingState.APPROVED: mark("Đã duyệt"),
    MeetingState.INVITED: mark("Đã gửi giấy mời"),
    MeetingState.REHEARSAL: mark("Chạy thử"),
    MeetingState.LIVE: mark("Đang diễn ra"),
    MeetingState.ENDED: mark("Đã kết thúc"),
    MeetingState.ARCHIVED: mark("Đã lưu trữ"),
    MeetingState.POSTPONED: mark("Tạm hoãn"),
    MeetingState.CANCELLED: mark("Đã hủy"),
}
