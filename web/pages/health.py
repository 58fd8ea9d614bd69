"""The technician's page "Sức khỏe phòng họp": how every seat's line does, live."""

from dataclasses import dataclass
from typing import ClassVar

from aiohttp import web

from rooms.health import MeetingHealth
from rooms.meetings.meetings import Meeting, MeetingState
from rooms.session.model import Profile, Role, SeatId
from web.auth import ACCOUNT, require
from web.i18n import gettext, mark
from web.pages.common import OVERSEERS, meeting_of, reference
from web.services import SERVICES
from web.views import Page, render

TROUBLES = {
    "lost": mark("Mất kết nối"),
    "media-lost": mark("Mất đường hình và tiếng"),
    "not-arriving": mark("Hình hoặc tiếng không tới nơi"),
    "up-loss": mark("Mất gói khi gửi"),
    "down-loss": mark("Mất gói khi nhận"),
    "slow": mark("Độ trễ cao"),
    "unsteady": mark("Đường truyền chập chờn"),
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

# Said under the choice while a line is limited; by the role of who limited it.
LIMITED_BY = {
    "": mark("do điểm cầu đặt"),
    Role.TECHNICIAN: mark("do kỹ thuật đặt"),
    Role.CHAIR: mark("do chủ trì đặt"),
    Role.SECRETARY: mark("do thư ký đặt"),
}

SEVERITY = {"lost": 0, "weak": 1, "good": 2, "absent": 3}


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A meeting in session, to choose from."""

    reference: str
    title: str
    chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthPage(Page):
    template: ClassVar[str] = "health.html"
    place: ClassVar[str] = "health"
    choices: tuple[Choice, ...]
    meeting: Meeting | None
    health: MeetingHealth | None
    order: str  # "rank" | "worst"
    troubles: dict[str, str]
    qualities: dict[str, str]
    profiles: dict[str, str]
    limited_by: dict[str, str]


def ordered(health: MeetingHealth, order: str) -> MeetingHealth:
    """Seats in protocol order, or the worst line first."""
    if order != "worst":
        return health
    seats = sorted(health.seats, key=lambda seat: (SEVERITY.get(seat.quality, 9), seat.rank))
    return MeetingHealth(
        meeting=health.meeting,
        title=health.title,
        now=health.now,
        recording_growing=health.recording_growing,
        recording_bytes=health.recording_bytes,
        seats=tuple(seats),
    )


async def _chosen(request: web.Request, live: list[Meeting]) -> Meeting | None:
    """The meeting in `?cuoc-hop=`, else the first in session."""
    asked = request.query.get("cuoc-hop")
    if asked:
        return await meeting_of(request, asked)
    return live[0] if live else None


@require(*OVERSEERS)
async def show(request: web.Request) -> web.Response:
    services = request.app[SERVICES]
    live = await services.meetings.in_state(MeetingState.LIVE)
    meeting = await _chosen(request, live)
    order = "worst" if request.query.get("xep") == "xau-nhat" else "rank"
    health = services.health.snapshot(meeting.id, history=False) if meeting else None
    page = HealthPage(
        choices=tuple(
            Choice(
                reference=reference(choice),
                title=choice.title,
                chosen=meeting is not None and choice.id == meeting.id,
            )
            for choice in live
        ),
        meeting=meeting,
        health=ordered(health, order) if health else None,
        order=order,
        troubles={code: gettext(text) for code, text in TROUBLES.items()},
        qualities={code: gettext(text) for code, text in QUALITIES.items()},
        profiles={code.value: gettext(text) for code, text in PROFILES.items()},
        limited_by={str(role): gettext(text) for role, text in LIMITED_BY.items()},
    )
    return render(request, page)


@require(*OVERSEERS)
async def limit(request: web.Request) -> web.Response:
    """The technician chooses what a seat's line is asked to carry."""
    form = await request.post()
    meeting = await meeting_of(request, str(form.get("cuoc-hop", "")))
    seat = SeatId(str(form.get("diem-cau", ""))[:64])
    profile = next((p for p in Profile if p == form.get("che-do")), None)
    if profile is None:
        raise web.HTTPBadRequest
    account = request[ACCOUNT]
    assert account is not None
    live = request.app[SERVICES].live
    await live.limit(meeting.id, seat, profile, SeatId(f"user:{account.id}"))
    raise web.HTTPSeeOther(f"/ky-thuat?cuoc-hop={reference(meeting)}")


ROUTES = [web.get("/ky-thuat", show), web.post("/ky-thuat/che-do", limit)]
