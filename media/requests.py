"""What a worker does for each request of the service: a table, and one reply for each."""

import logging
from collections.abc import Awaitable, Callable
from typing import Any

from media import control
from media.allocator import Limits
from media.dumps import NotAllowed
from media.forward.room import Room
from media.node import Node
from media.recording.journal import RecordingError
from media.sdp import OfferRefused, parse_offer
from media.transport.transport import Transport

log = logging.getLogger(__name__)

Reply = control.AnyReply
Handler = Callable[[Node, Any, float], Reply | Awaitable[Reply]]


class Unknown(Exception):
    """The request names a room or peer this worker does not have."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


async def handle(node: Node, request: control.AnyRequest, now: float) -> Reply:
    """The reply to one request. Never raises: a bug is logged once and answered "internal"."""
    try:
        handler = HANDLERS[type(request)]
        reply = handler(node, request, now)
        return await reply if isinstance(reply, Awaitable) else reply
    except OfferRefused as refusal:
        return control.Failed(code=refusal.code, detail=refusal.detail)
    except Unknown as unknown:
        return control.Failed(code=unknown.code, detail=type(request).__name__)
    except RecordingError as error:
        return control.Failed(code="internal", detail=str(error))
    except Exception:
        log.exception("%s failed", type(request).__name__)
        return control.Failed(code="internal", detail=type(request).__name__)


def _room(node: Node, name: str) -> Room:
    room = node.rooms.get(name)
    if room is None:
        raise Unknown("unknown-room")
    return room


def _transport(node: Node, peer_id: str) -> Transport:
    transport = node.transports.get(peer_id)
    if transport is None:
        raise Unknown("unknown-peer")
    return transport


def _open_room(node: Node, request: control.OpenRoom, now: float) -> Reply:
    node.open_room(request.room)
    return control.Done()


async def _close_room(node: Node, request: control.CloseRoom, now: float) -> Reply:
    await node.close_room(request.room)
    return control.Done()


def _connect(node: Node, request: control.Connect, now: float) -> Reply:
    room = _room(node, request.room)
    if request.peer in node.transports:
        return control.Failed(code="busy", detail="this peer is connected already")
    return node.connect(room, request.peer, parse_offer(request.offer))


def _restart(node: Node, request: control.Restart, now: float) -> Reply:
    transport = _transport(node, request.peer)
    return node.restart(transport, parse_offer(request.offer), request.path)


def _disconnect(node: Node, request: control.Disconnect, now: float) -> Reply:
    node.disconnect(request.peer)
    return control.Done()


def _set_slots(node: Node, request: control.SetSlots, now: float) -> Reply:
    room = _transport(node, request.peer).room
    room.set_slots(request.peer, request.wants, now)
    node.changed(room)
    return control.Done()


def _auto_slots(node: Node, request: control.AutoSlots, now: float) -> Reply:
    room = _transport(node, request.peer).room
    room.auto_slots(request.peer, now)
    node.changed(room)
    return control.Done()


def _set_allowed(node: Node, request: control.SetAllowed, now: float) -> Reply:
    room = _transport(node, request.peer).room
    room.set_allowed(request.peer, request.sources, now)
    node.changed(room)
    return control.Done()


def _set_limits(node: Node, request: control.SetLimits, now: float) -> Reply:
    room = _transport(node, request.peer).room
    limits = Limits(max_down_bps=request.max_down_bps, video=request.video)
    room.set_limits(request.peer, limits, now)
    node.changed(room)
    return control.Done()


def _set_main_voice(node: Node, request: control.SetMainVoice, now: float) -> Reply:
    room = _room(node, request.room)
    room.set_main_voice(request.peer, now)
    node.changed(room)
    return control.Done()


def _relay_to(node: Node, request: control.RelayTo, now: float) -> Reply:
    room = _room(node, request.room)
    if node.links is None:
        return control.Failed(code="internal", detail="started without --links")
    node.links.share(request.room, request.worker)
    node.changed(room)
    return control.Done()


def _relay_stop(node: Node, request: control.RelayStop, now: float) -> Reply:
    if node.links is not None:
        node.links.unshare(request.room, request.worker, now)
    return control.Done()


async def _start_recording(node: Node, request: control.StartRecording, now: float) -> Reply:
    room = _room(node, request.room)
    await node.recordings.start(room, request.room, request.recording, request.directory)
    node.changed(room)
    return control.Done()


async def _stop_recording(node: Node, request: control.StopRecording, now: float) -> Reply:
    await node.recordings.stop(request.recording)
    return control.Done()


async def _start_dump(node: Node, request: control.StartDump, now: float) -> Reply:
    try:
        path = await node.dumps.start(
            _transport(node, request.peer), request.directory, request.seconds
        )
    except NotAllowed as error:
        return control.Failed(code="busy", detail=str(error))
    except OSError as error:
        return control.Failed(code="internal", detail=f"dump folder: {error.strerror}")
    return control.Done(value=path)


async def _stop_dump(node: Node, request: control.StopDump, now: float) -> Reply:
    return control.Done(value=await node.dumps.stop(request.peer))


def _snapshot(node: Node, request: control.Snapshot, now: float) -> Reply:
    return control.Done(value=node.reporter.snapshot())


def _shutdown(node: Node, request: control.Shutdown, now: float) -> Reply:
    return control.Done()  # the connection's loop ends after this reply


HANDLERS: dict[type[control.Request], Handler] = {
    control.OpenRoom: _open_room,
    control.CloseRoom: _close_room,
    control.Connect: _connect,
    control.Restart: _restart,
    control.Disconnect: _disconnect,
    control.SetSlots: _set_slots,
    control.AutoSlots: _auto_slots,
    control.SetAllowed: _set_allowed,
    control.SetLimits: _set_limits,
    control.SetMainVoice: _set_main_voice,
    control.RelayTo: _relay_to,
    control.RelayStop: _relay_stop,
    control.StartRecording: _start_recording,
    control.StopRecording: _stop_recording,
    control.StartDump: _start_dump,
    control.StopDump: _stop_dump,
    control.Snapshot: _snapshot,
    control.Shutdown: _shutdown,
}

# These touch the disk; the next request need not wait for them.
SLOW = (
    control.CloseRoom,
    control.StartRecording,
    control.StopRecording,
    control.StartDump,
    control.StopDump,
)
