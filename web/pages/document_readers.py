"""Who reads documents on the pages of a meeting, and what they find."""

from aiohttp import web

from rooms.directory.accounts import Account
from rooms.documents.documents import Documents
from rooms.documents.records import Document, Reader
from rooms.errors import RequestRefused
from rooms.meetings import lifecycle
from rooms.meetings.meetings import Meeting
from web.pages.visitors import Visitor, visitor_of
from web.services import SERVICES


def documents_of(request: web.Request) -> Documents:
    return request.app[SERVICES].documents


async def document_of(request: web.Request, meeting: Meeting, reader: Reader) -> Document:
    document_id = int(request.match_info["document"])
    return await documents_of(request).get(meeting, document_id, reader)


def reader_of(visitor: Visitor, meeting: Meeting) -> Reader:
    actor = visitor.actor
    account = visitor.account
    return Reader(
        key=f"account:{account.id}" if account else f"link:{actor.recipient_id}",
        name=actor.name,
        invited=visitor.invited,
        edits=actor.secretary,
        leads=account is not None and account.id in lifecycle.chairs(meeting),
        sites=actor.own_sites,
    )


async def shown_to(
    request: web.Request, meeting: Meeting, account: Account
) -> tuple[Document, ...]:
    """The documents somebody who sees the meeting may open."""
    actor = await request.app[SERVICES].answers.actor(meeting.id, account)
    visitor = Visitor(actor=actor, account=account, invited=True)
    return tuple(await documents_of(request).of_meeting(meeting, reader_of(visitor, meeting)))


async def reading(request: web.Request) -> tuple[Visitor, Reader, Meeting]:
    """Who asks; the documents of a meeting are nothing to whoever is not invited.

    Raises:
        RequestRefused: "not-found".
    """
    visitor, meeting = await visitor_of(request)
    if not visitor.invited:
        raise RequestRefused("not-found")
    return visitor, reader_of(visitor, meeting), meeting
