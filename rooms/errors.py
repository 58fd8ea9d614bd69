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
    "roll-call-runs": N_("Đang điểm danh các điểm cầu."),
    "no-roll-call": N_("Hiện không điểm danh."),
    "roll-confirmed": N_("Thư ký đã xác nhận điểm danh của điểm cầu này."),
    "empty-text": N_("Nội dung không được để trống."),
    "chat-closed": N_("Chủ trì đã tắt trao đổi chung."),
    "too-many-questions": N_("Đã có quá nhiều câu hỏi."),
    "unknown-question": N_("Không có câu hỏi này."),
    "too-many-notes": N_("Đã có quá nhiều ghi chú."),
    "unknown-note": N_("Không có ghi chú này."),
    "vote-runs": N_("Đang biểu quyết."),
    "vote-closed": N_("Đã kết thúc biểu quyết."),
    "too-many-votes": N_("Cuộc họp đã có quá nhiều lần biểu quyết."),
    "nobody-votes": N_("Chưa có ai được biểu quyết: hãy điểm danh hoặc ghi số phiếu."),
    "unknown-vote": N_("Không có lần biểu quyết này."),
    "not-entitled": N_("Điểm cầu này không biểu quyết lần này."),
    "already-voted": N_("Điểm cầu này đã biểu quyết."),
    "bad-ballot": N_("Số phiếu không khớp với số đại biểu của điểm cầu."),
    "removed": N_("Chủ trì không cho vào cuộc họp này."),
    "waiting": N_("Đang chờ chủ trì cho vào."),
    "bad-scene": N_("Chọn đủ số điểm cầu cho bố cục này."),
    "unknown-document": N_("Cuộc họp không có tài liệu này."),
    "document-waits": N_("Tài liệu đang được chuyển sang PDF. Xin thử lại sau ít phút."),
    "document-unreadable": N_("Tài liệu này không xem được trong phòng họp."),
    "document-restricted": N_(
        "Tài liệu này không dành cho mọi đại biểu nên không trình chiếu được."
    ),
    "unknown-page": N_("Tài liệu không có trang này."),
    "no-document": N_("Hiện không có tài liệu nào đang trình chiếu."),
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
    "file-gone": N_("Tệp xem trước đã hết hạn. Xin chọn lại tệp."),
    "reform-confirmed": N_("Lần sắp xếp này không còn là bản thảo."),
    "reform-done": N_("Lần sắp xếp này đã có hiệu lực hoặc đã hủy."),
    "reform-late": N_("Ngày có hiệu lực phải sau hôm nay."),
    "reform-not-ready": N_("Còn lỗi trong danh sách hoặc còn chỗ chưa chọn đơn vị mới."),
    "reform-waiting": N_("Đang có một lần sắp xếp khác chờ đến ngày có hiệu lực."),
    "unit-in-use": N_("Còn đơn vị, điểm cầu hoặc cán bộ thuộc đơn vị này."),
    "invalid": N_("Dữ liệu không hợp lệ."),
    "changed-meanwhile": N_("Có người đã sửa trước bạn. Xin tải lại trang rồi sửa lại."),
    "answers-early": N_("Cuộc họp chưa được duyệt nên chưa nhận xác nhận tham dự."),
    "answers-locked": N_("Đã khóa xác nhận tham dự. Xin gọi thư ký cuộc họp để sửa."),
    "answers-off": N_("Cuộc họp đã hủy hoặc hoãn nên không nhận xác nhận tham dự."),
    "comments-closed": N_("Chỉ góp ý được trước khi cuộc họp bắt đầu."),
    "outside-branch": N_("Điểm cầu này không thuộc đơn vị của bạn hoặc đơn vị cấp dưới."),
    "no-series": N_("Chưa có sổ giấy mời cho đơn vị chủ trì."),
    "no-number": N_("Giấy mời chưa có số."),
    "not-sent": N_("Giấy mời chưa gửi cho ai."),
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
