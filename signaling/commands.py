"""Requests and what becomes of them: one table, one function that turns failures into codes.

Who may do what is decided in `rooms.session.policy`; here is only which message means what.
"""

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from rooms.errors import RequestRefused
from rooms.media_port import Connected, MediaRefused
from rooms.session import commands
from rooms.session.model import SeatId
from rooms.session.slots import Tile
from signaling import messages
from signaling.codes import FAILED_CODE, FAILED_TEXT, MEDIA_REFUSALS, Translate

log = logging.getLogger(__name__)

Reply = messages.Done | messages.Answer | messages.Refused


class Seated(Protocol):
    """What a request may use: `rooms.service.Attendance`."""

    async def submit(self, command: commands.Command) -> None: ...
    async def offer(self, sdp: str, restart: bool, path: str = "any") -> Connected: ...
    async def set_view(self, main_height: int, tiles: Sequence[Tile]) -> None: ...
    async def withhold(self, on: bool) -> None: ...


class Lane(StrEnum):
    """Requests of one lane are carried out in order; a slow offer does not hold up a mute."""

    MEDIA = "media"
    SESSION = "session"


@dataclass(frozen=True, slots=True)
class Handler:
    lane: Lane
    run: Callable[[Seated, Any], Awaitable[Reply]]


def _command(make: Callable[[Any], commands.Command]) -> Handler:
    async def run(seated: Seated, request: messages.Request) -> Reply:
        await seated.submit(make(request))
        return messages.Done(request_id=request.request_id)

    return Handler(Lane.SESSION, run)


async def _offer(seated: Seated, request: messages.Offer) -> Reply:
    connected = await seated.offer(request.sdp, request.restart, request.path)
    return messages.Answer(
        request_id=request.request_id,
        sdp=connected.answer,
        audio_mids=connected.audio_mids,
        video_mids=connected.video_mids,
    )


async def _set_view(seated: Seated, request: messages.SetView) -> Reply:
    tiles = [
        Tile(seat=SeatId(tile.seat), source=tile.source, height=tile.height)
        for tile in request.tiles
    ]
    await seated.set_view(request.main_height, tiles)
    return messages.Done(request_id=request.request_id)


async def _withhold(seated: Seated, request: messages.Withhold) -> Reply:
    await seated.withhold(request.on)
    return messages.Done(request_id=request.request_id)


def _optional_seat(seat: str | None) -> SeatId | None:
    return None if seat is None else SeatId(seat)


HANDLERS: dict[type[messages.Request], Handler] = {
    messages.Offer: Handler(Lane.MEDIA, _offer),
    messages.SetView: Handler(Lane.MEDIA, _set_view),
    messages.Withhold: Handler(Lane.MEDIA, _withhold),
    messages.SetMicrophone: _command(lambda m: commands.SetMicrophone(on=m.on)),
    messages.SetCamera: _command(lambda m: commands.SetCamera(on=m.on)),
    messages.SetScreen: _command(lambda m: commands.SetScreen(on=m.on)),
    messages.RaiseHand: _command(lambda m: commands.RaiseHand()),
    messages.LowerHand: _command(lambda m: commands.LowerHand(seat=_optional_seat(m.seat))),
    messages.SetLimits: _command(
        lambda m: commands.SetLimits(
            seat=_optional_seat(m.seat),
            profile=m.profile,
            max_down_kbps=m.max_down_kbps,
            max_up_kbps=m.max_up_kbps,
        )
    ),
    messages.MuteSeat: _command(lambda m: commands.MuteSeat(seat=SeatId(m.seat))),
    messages.MuteAll: _command(lambda m: commands.MuteAll()),
    messages.ShowOnMain: _command(lambda m: commands.ShowOnMain(seat=_optional_seat(m.seat))),
    messages.StartRecording: _command(lambda m: commands.StartRecording()),
    messages.StopRecording: _command(lambda m: commands.StopRecording()),
    messages.EndMeeting: _command(lambda m: commands.EndMeeting(text=m.text)),
    messages.Command: _command(lambda m: m.command),
}


async def perform(
    seated: Seated, request: messages.Request, language: str, translate: Translate
) -> Reply:
    """Carry out a request; its one reply, whatever happens."""
    try:
        return await HANDLERS[type(request)].run(seated, request)
    except Exception as error:
        code, text = refusal(error)
        if code == FAILED_CODE:
            log.exception("request %s failed", type(request).__name__)
        return refused(request, code, translate(text, language))


def refusal(error: Exception) -> tuple[str, str]:
    """Stable code and message id for what a request may raise."""
    match error:
        case RequestRefused(code=code, text=text):
            return code, text
        case MediaRefused(code=code) if code in MEDIA_REFUSALS:
            return code, MEDIA_REFUSALS[code]
        case _:
            return FAILED_CODE, FAILED_TEXT


def refused(request: messages.Request, code: str, text: str) -> messages.Refused:
    return messages.Refused(request_id=request.request_id, code=code, text=text)
