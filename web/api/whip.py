"""WHIP (RFC 9725) and WHEP endpoints: encoders, room hardware and load tools.

`POST /whip/{meeting}` publishes as a seat of its own; `POST /whep/{meeting}` watches without a
seat. Both take `application/sdp` and a bearer token, and answer `201` with the SDP answer and the
resource's `Location`; `DELETE` on it ends the session. ICE restarts and trickling are not offered.
"""

import asyncio
import hashlib
import json
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from aiohttp import web

from rooms.directory.tokens import Token, TokenRefused, TokenRole, read_token
from rooms.errors import RequestRefused
from rooms.media_port import Connected, MediaRefused
from rooms.meetings.meetings import Meeting, MeetingState
from rooms.meetings.records import WAITING
from rooms.service import Attendance, LiveMeeting, LiveMeetings
from rooms.session.commands import SetCamera, SetMicrophone
from rooms.session.events import Entry
from rooms.session.model import PeerId, Role, Seat, SeatId
from rooms.session.notices import AnyNotice, MediaLost, MediaReset
from rooms.turn import IceServer
from web.services import SERVICES, Services

MAX_OFFER_BYTES = 256 * 1024
SDP = "application/sdp"
ENCODER_RANK = 1_000_000  # after every site of the directory
STATUS_OF = {
    "malformed": 422,
    "no-fingerprint": 422,
    "no-known-codec": 422,
    "too-large": 413,
    "busy": 503,
    "unavailable": 503,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One WHIP or WHEP session: a seat's attendance, or a viewer's peer in a live meeting."""

    token_hash: str
    attendance: Attendance | None = None
    viewer: tuple[LiveMeeting, PeerId] | None = None


@dataclass(slots=True)
class Resources:
    """The sessions that are open, by their id in `Location`."""

    live: LiveMeetings
    open: dict[str, Resource] = field(default_factory=dict)
    seats: set[SeatId] = field(default_factory=set)  # of encoders, entering or inside
    ending: set[asyncio.Task[None]] = field(default_factory=set)

    async def end(self, resource_id: str) -> None:
        resource = self.open.pop(resource_id, None)
        if resource is None:
            return
        if resource.attendance is not None:
            self.seats.discard(resource.attendance.seat_id)
            await self.live.depart(resource.attendance, left=True)
        if resource.viewer is not None:
            live, peer = resource.viewer
            await live.disconnect_viewer(peer)

    def end_later(self, resource_id: str) -> None:
        """End from synchronous code; the task's reference is kept until it is done."""
        task = asyncio.get_running_loop().create_task(self.end(resource_id))
        self.ending.add(task)
        task.add_done_callback(self.ending.discard)


RESOURCES = web.AppKey("whip-resources", Resources)


class _Listener:
    """Ends the resource when its media or its meeting is gone; an encoder reads no events."""

    def __init__(self, resources: Resources, resource_id: str) -> None:
        self._resources = resources
        self._resource_id = resource_id

    def on_entries(self, entries: Sequence[Entry]) -> None:
        pass

    def on_notice(self, notice: AnyNotice) -> None:
        if isinstance(notice, MediaReset | MediaLost):
            self.on_closed("media")

    def on_closed(self, code: str) -> None:
        self._resources.end_later(self._resource_id)


def add_routes(app: web.Application) -> None:
    app[RESOURCES] = Resources(app[SERVICES].live)
    for kind in ("whip", "whep"):
        app.router.add_post(f"/{kind}/{{meeting}}", publish if kind == "whip" else watch)
        app.router.add_route("OPTIONS", f"/{kind}/{{meeting}}", options)
        app.router.add_delete(f"/{kind}/{{meeting}}/{{resource}}", end)
        app.router.add_patch(f"/{kind}/{{meeting}}/{{resource}}", no_patch)


async def options(request: web.Request) -> web.Response:
    return web.Response(status=204, headers={"Accept-Post": SDP})


async def publish(request: web.Request) -> web.Response:
    token, meeting, offer = await _admitted(request, TokenRole.PUBLISHER)
    resources = request.app[RESOURCES]
    resource_id = secrets.token_urlsafe(12)
    attendance = await _take_seat(resources, resource_id, meeting, token)
    resources.open[resource_id] = Resource(
        token_hash=_hash(_bearer(request)), attendance=attendance
    )
    try:
        connected = await attendance.offer(offer, restart=False)
        await attendance.submit(SetMicrophone(on=True))
        await attendance.submit(SetCamera(on=True))
    except MediaRefused as refused:
        await resources.end(resource_id)
        raise _refusal(refused) from None
    except RequestRefused as refused:
        await resources.end(resource_id)
        raise _problem(409, refused.code, "the meeting was left meanwhile") from None
    return _created(request, resource_id, connected, token)


async def _take_seat(
    resources: Resources, resource_id: str, meeting: Meeting, token: Token
) -> Attendance:
    seat = _encoder_seat(token, resources.seats)
    resources.seats.add(seat.id)
    listener = _Listener(resources, resource_id)
    try:
        return await resources.live.enter(meeting, seat, secrets.token_hex(4), listener)
    except RequestRefused as refused:
        resources.seats.discard(seat.id)
        raise _problem(409, refused.code, "the meeting cannot be entered") from None


async def watch(request: web.Request) -> web.Response:
    token, meeting, offer = await _admitted(request, TokenRole.VIEWER)
    resources = request.app[RESOURCES]
    resource_id = secrets.token_urlsafe(12)
    peer = PeerId(f"viewer:{resource_id}#0")
    try:
        live = await resources.live.live(meeting)
        resources.open[resource_id] = Resource(
            token_hash=_hash(_bearer(request)), viewer=(live, peer)
        )
        connected = await live.connect_viewer(peer, offer, lambda: resources.end_later(resource_id))
    except RequestRefused as refused:
        await resources.end(resource_id)
        raise _problem(409, refused.code, "the meeting cannot be entered") from None
    except MediaRefused as refused:
        await resources.end(resource_id)
        raise _refusal(refused) from None
    return _created(request, resource_id, connected, token)


async def end(request: web.Request) -> web.Response:
    resource_id = request.match_info["resource"]
    resource = request.app[RESOURCES].open.get(resource_id)
    token = _bearer(request)
    if resource is None:  # an ended session is gone, whoever asks
        raise _problem(404, "not-found", "no such resource")
    if not secrets.compare_digest(resource.token_hash, _hash(token)):
        raise _problem(403, "not-allowed", "this resource belongs to another token")
    await request.app[RESOURCES].end(resource_id)
    return web.Response(status=200)


async def no_patch(request: web.Request) -> web.Response:
    raise _problem(405, "not-supported", "trickle ICE and ICE restart are not supported here")


# ---------------------------------------------------------------- helpers


async def _admitted(request: web.Request, role: TokenRole) -> tuple[Token, Meeting, str]:
    """The token, the meeting and the offer, each checked in the order of its status."""
    services = request.app[SERVICES]
    token = _token(request, services, role)
    meeting = await services.meetings.get(request.match_info["meeting"])
    if meeting is None:
        raise _problem(404, "not-found", "no such meeting")
    if token.meeting not in (str(meeting.id), meeting.short_name):
        raise _problem(403, "wrong-meeting", "the token is for another meeting")
    if meeting.state not in (*WAITING, MeetingState.LIVE):
        raise _problem(409, "ended", "the meeting has ended or is not to take place")
    if request.content_type != SDP:
        raise _problem(415, "not-sdp", f"Content-Type must be {SDP}")
    if not _accepts_sdp(request.headers.get("Accept", "*/*")):
        raise _problem(406, "not-acceptable", f"the answer is {SDP}")
    return token, meeting, await _offer(request)


async def _offer(request: web.Request) -> str:
    if (request.content_length or 0) > MAX_OFFER_BYTES:
        raise _problem(413, "too-large", f"an offer has at most {MAX_OFFER_BYTES} bytes")
    body = bytearray()
    async for chunk in request.content.iter_chunked(65536):
        body += chunk
        if len(body) > MAX_OFFER_BYTES:
            raise _problem(413, "too-large", f"an offer has at most {MAX_OFFER_BYTES} bytes")
    try:
        return body.decode()
    except UnicodeDecodeError:
        raise _problem(422, "malformed", "the offer is not UTF-8") from None


def _token(request: web.Request, services: Services, role: TokenRole) -> Token:
    try:
        token = read_token(services.settings.token_key, _bearer(request), now=time.time())
    except TokenRefused as refused:
        raise _problem(401, refused.code, refused.detail) from None
    if token.role is not role:
        raise _problem(403, "wrong-role", f"this needs a {role} token")
    return token


def _bearer(request: web.Request) -> str:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise _problem(401, "no-token", "Authorization: Bearer TOKEN is missing")
    return token.strip()


def _accepts_sdp(header: str) -> bool:
    """Does an Accept header admit application/sdp (RFC 9110 section 12.5.1)?"""
    for part in header.split(","):
        media_range, *parameters = (piece.strip().lower() for piece in part.split(";"))
        if media_range in (SDP, "application/*", "*/*") and "q=0" not in parameters:
            return True
    return False


def _encoder_seat(token: Token, taken: set[SeatId]) -> Seat:
    """The token's own seat; a further session under the same token gets a seat beside it."""
    name = token.name or "Encoder"
    seat_id = SeatId(token.seat)
    if seat_id in taken:
        seat_id = SeatId(f"{token.seat}.{secrets.token_hex(4)}")
    return Seat(
        id=seat_id,
        name=name,
        short_name=name,
        rank=ENCODER_RANK,
        role=Role.DELEGATE,
        on_tiles=True,
    )


def _created(
    request: web.Request, resource_id: str, connected: Connected, token: Token
) -> web.Response:
    response = web.Response(
        status=201,
        body=connected.answer.encode(),
        headers={
            "Content-Type": SDP,
            "Location": f"{request.path.rstrip('/')}/{resource_id}",
        },
    )
    for server in request.app[SERVICES].turn.for_seat(token.seat, time.time()):
        for url in server.urls:
            response.headers.add("Link", _ice_server_link(url, server))
    return response


def _ice_server_link(url: str, server: IceServer) -> str:
    """RFC 9725 section 4.6."""
    return (
        f'<{url}>; rel="ice-server"; username="{server.username}"; '
        f'credential="{server.credential}"; credential-type="password"'
    )


def _refusal(refused: MediaRefused) -> web.HTTPException:
    return _problem(STATUS_OF.get(refused.code, 500), refused.code, refused.detail)


def _problem(status: int, code: str, detail: str) -> web.HTTPException:
    """An RFC 9457 problem document as an exception of its status."""
    body = json.dumps({"type": "about:blank", "status": status, "code": code, "detail": detail})
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else {}
    kinds: dict[int, type[web.HTTPException]] = {
        401: web.HTTPUnauthorized,
        403: web.HTTPForbidden,
        404: web.HTTPNotFound,
        406: web.HTTPNotAcceptable,
        409: web.HTTPConflict,
        415: web.HTTPUnsupportedMediaType,
        422: web.HTTPUnprocessableEntity,
        503: web.HTTPServiceUnavailable,
    }
    if status == 405:
        return web.HTTPMethodNotAllowed(
            "PATCH", ["DELETE"], text=body, content_type="application/problem+json"
        )
    if status == 413:
        return web.HTTPRequestEntityTooLarge(
            MAX_OFFER_BYTES, 0, text=body, content_type="application/problem+json"
        )
    kind = kinds.get(status, web.HTTPInternalServerError)
    return kind(text=body, content_type="application/problem+json", headers=headers)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
