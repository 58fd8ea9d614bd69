"""What the technician's pages say of a line, in the words of the page's language."""

from typing import Any

from rooms.health import SeatHealth
from rooms.media_port import Pause
from rooms.session.model import LineLimits, Profile, Role
from web.formats import rate
from web.i18n import gettext, mark

TROUBLES = {
    "lost": mark("Mất kết nối"),
    "media-lost": mark("Mất đường hình và tiếng"),
    "not-arriving": mark("Hình hoặc tiếng không tới nơi"),
    "up-loss": mark("Mất gói khi gửi"),
    "down-loss": mark("Mất gói khi nhận"),
    "slow": mark("Độ trễ cao"),
    "unsteady": mark("Đường truyền chập chờn"),
    "narrow": mark("Đường truyền không chở hết hình"),
    "reset": mark("Máy chủ hình ảnh khởi động lại"),
}

QUALITIES = {
    "good": mark("Tốt"),
    "weak": mark("Tín hiệu yếu"),
    "lost": mark("Mất kết nối"),
    "absent": mark("Chưa kết nối"),
}

PROFILES = {
    Profile.NORMAL: mark("Bình thường"),
    Profile.WEAK: mark("Đường truyền yếu"),
    Profile.AUDIO: mark("Chỉ nghe"),
}

# Said while a line is limited; by the role of who limited it.
LIMITED_BY = {
    "": mark("do điểm cầu đặt"),
    Role.TECHNICIAN: mark("do kỹ thuật đặt"),
    Role.CHAIR: mark("do chủ trì đặt"),
    Role.SECRETARY: mark("do thư ký đặt"),
}

PAUSED = {
    Pause.LINE: mark("Đường truyền yếu: tạm dừng {count} hình"),
    Pause.LIMIT: mark("Giới hạn băng thông: tạm dừng {count} hình"),
    Pause.LOAD: mark("Máy chủ quá tải: tạm dừng {count} hình"),
}

WHY = {
    Pause.LINE: mark("Đường truyền yếu"),
    Pause.LIMIT: mark("Giới hạn băng thông"),
    Pause.LOAD: mark("Máy chủ quá tải"),
}

CEILING_DOWN = mark("nhận tối đa {rate}")
CEILING_UP = mark("gửi tối đa {rate}")


def translated(texts: dict[Any, str]) -> dict[str, str]:
    return {str(code): gettext(text) for code, text in texts.items()}


def held(seat: SeatHealth) -> str:
    """What a line is limited to and who did it; "": nothing."""
    limits = seat.limits
    if limits == LineLimits():
        return ""
    ceilings = ((CEILING_DOWN, limits.max_down_kbps), (CEILING_UP, limits.max_up_kbps))
    parts = [gettext(text).format(rate=rate(kbps)) for text, kbps in ceilings if kbps is not None]
    by = LIMITED_BY.get(seat.limits_by)
    return ", ".join(parts + ([gettext(by)] if by is not None else []))


def pauses(seat: SeatHealth) -> str:
    """How many pictures are paused, by reason."""
    counts = {why: sum(picture.why == why for picture in seat.paused) for why in Pause}
    return " · ".join(
        gettext(PAUSED[why]).format(count=count) for why, count in counts.items() if count
    )


def words() -> dict[str, Any]:
    """The same for the pages' modules."""
    return {
        "limitedBy": translated(LIMITED_BY),
        "paused": translated(PAUSED),
        "why": translated(WHY),
        "ceilingDown": gettext(CEILING_DOWN),
        "ceilingUp": gettext(CEILING_UP),
        "since": gettext(mark("từ {time}")),
        "notIn": gettext(mark("chưa vào")),
        "none": gettext(mark("Không có")),
        "failed": gettext(mark("Chưa đặt được chế độ. Xin thử lại.")),
        "document": gettext(mark("tài liệu trình chiếu")),
    }
