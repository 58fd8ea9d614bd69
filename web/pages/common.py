"""What several pages ask for: the meeting of an address, and how a meeting stands."""

from datetime import date, datetime, time, timedelta

from aiohttp import web

from rooms.directory.accounts import Account, AccountRole
from rooms.errors import RequestRefused
from rooms.meetings import seating
from rooms.meetings.meetings import Meeting, MeetingState
from rooms.session.model import Seat, Session, site_of
from web.formats import ZONE
from web.services import SERVICES

OVERSEERS = (AccountRole.ADMINISTRATOR, AccountRole.SECRETARIAT, AccountRole.TECHNICIAN)
DUMPERS = (AccountRole.ADMINISTRATOR, AccountRole.TECHNICIAN)
SCHEDULERS = (AccountRole.ADMINISTRATOR, AccountRole.SECRETARIAT)
CEILINGS = (2000, 1000, 512, 256)  # kbit/s, those of a line that people choose from
MAX_REFERENCE = 40  # characters of an id or short name in an address


def reference(meeting: Meeting) -> str:
    """What stands for the meeting in addresses."""
    return meeting.short_name or str(meeting.id)


def _id_or_short(text: str) -> int | str:
    if text.isascii() and text.isdigit() and len(text) <= 15:
        return int(text)
    return text[:MAX_REFERENCE]


async def meeting_of(request: web.Request, text: str | None = None) -> Meeting:
    """The meeting named in the address.

    Raises:
        RequestRefused: "not-found".
    """
    text = request.match_info["meeting"] if text is None else text
    meeting = await request.app[SERVICES].meetings.get(_id_or_short(text))
    if meeting is None:
        raise RequestRefused("not-found")
    return meeting


def seat_of(request: web.Request, meeting: Meeting, account: Account) -> Seat | None:
    return request.app[SERVICES].meetings.seat_for(meeting, account)


def may_see(_request: web.Request, meeting: Meeting, account: Account) -> bool:
    """Invited, or watches over all meetings; before the approval, few do."""
    return seating.may_see(meeting, account)


async def visible_meeting(
    request: web.Request, account: Account, text: str | None = None
) -> Meeting:
    """The meeting of the address, when the account may see it.

    Raises:
        RequestRefused: "not-found", "not-invited".
    """
    meeting = await meeting_of(request, text)
    if not may_see(request, meeting, account):
        raise RequestRefused("not-invited")
    return meeting


def session_of(request: web.Request, meeting: Meeting) -> Session | None:
    """The live session, when the meeting is in session in this process."""
    if meeting.state not in (MeetingState.LIVE, MeetingState.REHEARSAL):
        return None
    return request.app[SERVICES].live.session(meeting.id)


def present_sites(session: Session | None) -> frozenset[int]:
    """Ids of the sites that are in the room now."""
    if session is None:
        return frozenset()
    return frozenset(
        site
        for seat, state in session.seats.items()
        if state.present and (site := site_of(seat)) is not None
    )


def week_of(day: date) -> tuple[date, date]:
    """Monday of the week and the Monday after."""
    monday = day - timedelta(days=day.weekday())
    return monday, monday + timedelta(days=7)


def midnight(day: date) -> datetime:
    """Start of a local day."""
    return datetime.combine(day, time.min, ZONE)


def site_url(request: web.Request) -> str:
    """The address people reach the service by, without a slash at its end."""
    settings = request.app[SERVICES].settings
    scheme = "https" if settings.secure_cookies else request.scheme
    return settings.public_url or f"{scheme}://{request.host}"
