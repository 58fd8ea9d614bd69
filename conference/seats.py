"""Who sits where: turns a request's cookie or token into a seat of a meeting."""

import time

from aiohttp import web

from rooms.directory.tokens import TokenRefused, TokenRole, read_token
from rooms.errors import RequestRefused
from rooms.meetings.meetings import Meeting, Meetings
from rooms.session.model import Role, Seat, SeatId
from signaling.messages import Hello
from signaling.socket import Identity
from web.auth import account_of


class Seats:
    """Identifies the clients of `/ws`: people by their sign-in, simulated sites by token."""

    def __init__(self, meetings: Meetings, token_key: bytes) -> None:
        self._meetings = meetings
        self._token_key = token_key

    async def identify(self, request: web.Request, hello: Hello) -> Identity:
        """The seat this client takes.

        Raises:
            RequestRefused: "not-found", "signed-out", "not-invited".
        """
        meeting = await self._meetings.get(hello.meeting)
        if hello.token:
            return self._by_token(meeting, hello.token)
        account = account_of(request)
        if account is None:
            raise RequestRefused("signed-out")
        if meeting is None:
            raise RequestRefused("not-found")
        seat = self._meetings.seat_for(meeting, account)
        if seat is None:
            raise RequestRefused("not-invited")
        return Identity(meeting=meeting, seat=seat, language=account.language)

    def _by_token(self, meeting: Meeting | None, text: str) -> Identity:
        try:
            token = read_token(self._token_key, text, now=time.time())
        except TokenRefused:
            raise RequestRefused("signed-out") from None
        if meeting is None or token.meeting not in (str(meeting.id), meeting.short_name):
            raise RequestRefused("not-invited")
        if token.role is not TokenRole.SITE:
            raise RequestRefused("not-allowed")
        seat = _site_seat(meeting, token.seat)
        if seat is None:
            raise RequestRefused("not-invited")
        return Identity(meeting=meeting, seat=seat, language="vi")


def _site_seat(meeting: Meeting, seat_id: str) -> Seat | None:
    for site in meeting.sites:
        if seat_id == f"site:{site.site_id}":
            return Seat(
                id=SeatId(seat_id),
                name=site.name,
                short_name=site.short_name,
                rank=site.rank,
                role=Role.SITE,
                on_tiles=True,
                unit=site.unit_name,
                phone=site.phone,
            )
    return None
