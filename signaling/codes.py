"""Every way a connection or a request ends badly: stable codes, texts for people, close codes.

Texts are Vietnamese message ids; the composition root passes the function that translates them.
`PROTOCOL.md` lists them all.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from rooms.errors import N_

Translate = Callable[[str, str], str]
"""(message id, language "vi" | "en") -> text for the person."""


class ByeCode(StrEnum):
    """Why the server closes: the `code` of `bye`."""

    ENDED = "ended"
    CANCELLED = "cancelled"
    NOT_OPEN = "not-open"
    SUPERSEDED = "superseded"
    NOT_FOUND = "not-found"
    NOT_INVITED = "not-invited"
    SIGNED_OUT = "signed-out"
    PROTOCOL = "protocol"
    SILENT = "silent"
    SLOW = "slow"
    BUSY = "busy"
    SHUTDOWN = "shutdown"
    FAILED = "failed"
    WAITING = "waiting"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Ending:
    """How one `ByeCode` looks on the wire.

    Attributes:
        close_code: of the WebSocket close frame, 4000-4999 (RFC 6455 section 7.4.2). The last
            three digits are those of the HTTP status that says the same, where there is one.
        retry: whether coming back by itself makes sense.
        text: message id.
    """

    close_code: int
    retry: bool
    text: str


ENDINGS: dict[ByeCode, Ending] = {
    ByeCode.ENDED: Ending(4410, False, N_("Cuộc họp đã kết thúc.")),
    ByeCode.CANCELLED: Ending(4411, False, N_("Cuộc họp đã hủy.")),
    ByeCode.NOT_OPEN: Ending(4425, False, N_("Cuộc họp chưa được phê duyệt hoặc đang tạm hoãn.")),
    ByeCode.SUPERSEDED: Ending(4409, False, N_("Điểm cầu đã kết nối từ thiết bị khác.")),
    ByeCode.NOT_FOUND: Ending(4404, False, N_("Không tìm thấy cuộc họp.")),
    ByeCode.NOT_INVITED: Ending(4403, False, N_("Bạn không có trong thành phần cuộc họp này.")),
    ByeCode.SIGNED_OUT: Ending(4401, False, N_("Phiên đăng nhập đã hết. Xin đăng nhập lại.")),
    ByeCode.PROTOCOL: Ending(4400, False, N_("Trang này đã cũ hoặc bị lỗi. Xin tải lại trang.")),
    ByeCode.SILENT: Ending(4408, True, N_("Mất liên lạc với máy chủ. Đang kết nối lại.")),
    ByeCode.SLOW: Ending(
        4413, True, N_("Đường truyền quá chậm, chưa nhận kịp thông tin. Đang kết nối lại.")
    ),
    ByeCode.BUSY: Ending(4429, True, N_("Hệ thống đang bận. Đang kết nối lại.")),
    ByeCode.SHUTDOWN: Ending(4503, True, N_("Hệ thống đang khởi động lại. Xin chờ giây lát.")),
    ByeCode.FAILED: Ending(4500, True, N_("Máy chủ gặp lỗi. Đang kết nối lại.")),
    ByeCode.WAITING: Ending(4425, True, N_("Đang chờ chủ trì cho vào.")),
    ByeCode.REMOVED: Ending(4406, False, N_("Chủ trì không cho vào cuộc họp này.")),
}

MEDIA_REFUSALS: dict[str, str] = {
    "malformed": N_("Máy chủ không đọc được yêu cầu kết nối hình và tiếng. Xin tải lại trang."),
    "no-fingerprint": N_("Thiết bị không mã hóa hình và tiếng nên không kết nối được."),
    "no-known-codec": N_("Thiết bị không dùng được chuẩn hình và tiếng của hệ thống."),
    "too-large": N_("Yêu cầu kết nối hình và tiếng quá lớn. Xin tải lại trang."),
    "busy": N_("Hệ thống đang bận. Xin thử lại."),
    "unavailable": N_("Bộ phận truyền hình và tiếng chưa sẵn sàng. Xin thử lại."),
}
"""`MediaRefused` codes, as refusals of `offer`."""

FAILED_CODE = "failed"
FAILED_TEXT = N_("Máy chủ gặp lỗi khi thực hiện yêu cầu này. Xin thử lại.")


def bye_code(code: str) -> ByeCode:
    """The `ByeCode` for a code of `rooms` (`RequestRefused.code`, `Listener.on_closed`)."""
    try:
        return ByeCode(code)
    except ValueError:
        return ByeCode.NOT_INVITED if code == "not-allowed" else ByeCode.FAILED
