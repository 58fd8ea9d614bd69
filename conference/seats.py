"""Who sits where: turns a request's cookie or token into a seat of a meeting."""

import time

from aiohttp import web

from rooms.directory.accounts import Account
from rooms.directory.tokens import TokenRefused, TokenRole, read_token
from rooms.meetings.meetings import Meeting, Meetings
from rooms.meetings.seating import knocking_seat, site_seat
from rooms.session.model import Seat
from signaling.codes import ByeCode
from signaling.messages import Hello
from signaling.socket import Identity, TurnedAway
from web.auth import account_of
from web.i18n import current_language
from web.pages.links import holds_link, seat_by_link


class Seats:
    """Identifies the clients of `/ws`: people by their sign-in or personal link, simulated sites by
    token."""

    def __init__(self, meetings: Meetings, token_key: bytes) -> None:
        self._meetings = meetings
        self._token_key = token_key

    async def identify(self, request: web.Request, hello: Hello) -> Identity | TurnedAway:
        """The seat this client takes in the meeting it names."""
        language = current_language()
        meeting = await self._meetings.get(hello.meeting)
        if hello.token:
            seat = self._by_token(meeting, hello.token)
        else:
            account = account_of(request)
            if account is None and not holds_link(request):
                return TurnedAway(code=ByeCode.SIGNED_OUT, language=language)
            seat = await self._by_cookie(request, meeting, account)
        if meeting is None:
            return TurnedAway(code=ByeCode.NOT_FOUND, language=language)
        if seat is None:
            return TurnedAway(code=ByeCode.NOT_INVITED, language=language)
        return Identity(meeting=meeting, seat=seat, language=language)

    async def _by_cookie(
        self, request: web.Request, meeting: Meeting | None, account: Account | None
    ) -> Seat | None:
        """By a sign-in, else by a personal link that was opened in this browser.

        Somebody of the province who is not invited knocks.
        """
        if meeting is None:
            return None
        seat = self._meetings.seat_for(meeting, account) if account is not None else None
        seat = seat or await seat_by_link(request, meeting)
        if seat is None and account is not None:
            return knocking_seat(meeting, account)
        return seat

    def _by_token(self, meeting: Meeting | None, text: str) -> Seat | None:
        """The site a "site" token names, when it is invited to the token's meeting."""
        try:
            token = read_token(self._token_key, text, now=time.time())
        except TokenRefused:
            return None
        if meeting is None or token.role is not TokenRole.SITE:
            return None
        if token.meeting not in (str(meeting.id), meeting.short_name):
            return None
        seats = (site_seat(site) for site in meeting.sites)
        return next((seat for seat in seats if seat.id == token.seat), None)
