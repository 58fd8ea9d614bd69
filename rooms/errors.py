"""Refusals a person may see: a stable code and a translatable text.

Texts are Vietnamese gettext msgids, marked by `N_` for extraction and translated where shown.
"""


def N_(text: str) -> str:
    """Mark a msgid for extraction; translation happens in the page or the connection."""
    return text


REFUSALS: dict[str, str] = {
    "bad-credentials": N_("Tên đăng nhập hoặc mật khẩu không đúng."),
    "throttled": N_("Đăng nhập sai quá nhiều lần. Xin thử lại sau ít phút."),
    "not-found": N_("Không tìm thấy."),
    "not-allowed": N_("Bạn không có quyền thực hiện thao tác này."),
    "not-invited": N_("Bạn không có trong thành phần cuộc họp này."),
    "not-present": N_("Điểm cầu này hiện không có mặt trong cuộc họp."),
    "unknown-seat": N_("Không có điểm cầu này trong cuộc họp."),
    "not-shown": N_("Điểm cầu này không có hình để đưa lên màn hình chính."),
    "no-floor": N_("Hiện không có điểm cầu nào đang phát biểu."),
    "floor-closed": N_("Micro do chủ trì điều hành. Xin đăng ký phát biểu."),
    "not-in-queue": N_("Điểm cầu này không có trong danh sách đăng ký phát biểu."),
    "chair-present": N_("Chủ trì đang có mặt trong cuộc họp."),
    "unknown-item": N_("Chương trình không có nội dung này."),
    "screen-taken": N_("Điểm cầu khác đang chia sẻ màn hình."),
    "already-recording": N_("Cuộc họp đang được ghi hình."),
    "not-recording": N_("Cuộc họp không được ghi hình."),
    "ended": N_("Cuộc họp đã kết thúc."),
    "cancelled": N_("Cuộc họp đã hủy."),
    "not-open": N_("Cuộc họp chưa được phê duyệt hoặc đang tạm hoãn."),
    "clash": N_("Trùng lịch với cuộc họp khác. Muốn giữ nguyên thì ghi rõ lý do."),
    "wrong-state": N_("Không làm được việc này ở trạng thái hiện nay của cuộc họp."),
    "superseded": N_("Điểm cầu đã kết nối từ thiết bị khác."),
    "name-taken": N_("Tên đăng nhập đã có người dùng."),
    "plan-changed": N_("Danh bạ vừa thay đổi sau khi xem trước. Xin xem trước lại."),
    "unit-in-use": N_("Còn đơn vị, điểm cầu hoặc cán bộ thuộc đơn vị này."),
    "invalid": N_("Dữ liệu không hợp lệ."),
    "changed-meanwhile": N_("Có người đã sửa trước bạn. Xin tải lại trang rồi sửa lại."),
    "answers-early": N_("Cuộc họp chưa được duyệt nên chưa nhận xác nhận tham dự."),
    "answers-locked": N_("Đã khóa xác nhận tham dự. Xin gọi thư ký cuộc họp để sửa."),
    "answers-off": N_("Cuộc họp đã hủy hoặc hoãn nên không nhận xác nhận tham dự."),
    "outside-branch": N_("Điểm cầu này không thuộc đơn vị của bạn hoặc đơn vị cấp dưới."),
    "dumps-off": N_("Chưa bật việc ghi gói tin trong cài đặt của hệ thống."),
    "busy": N_("Hệ thống đang bận. Xin thử lại."),
    "shutdown": N_("Hệ thống đang khởi động lại. Xin chờ giây lát."),
}


class RequestRefused(Exception):
    """A request was understood and refused.

    `code` is stable and one of `REFUSALS`; `text` is the msgid shown to the person.
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code
        self.text = REFUSALS[code]


class Invalid(Exception):
    """Form input was refused: `errors` maps a field name to the msgid shown beside it."""

    def __init__(self, errors: dict[str, str]) -> None:
        super().__init__(", ".join(sorted(errors)))
        self.errors = errors
