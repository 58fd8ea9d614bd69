"""Who may do what in a live meeting: one table, and what the main picture shows."""

import msgspec

from rooms.session import commands as c
from rooms.session.model import Role, SeatId


class Actor(msgspec.Struct, frozen=True):
    """Who acts. `role` None: the service itself."""

    seat: SeatId
    role: Role | None


SERVICE = Actor(SeatId("system"), None)

_ALL = frozenset(Role)
_LEADS = frozenset({Role.CHAIR, Role.SECRETARY})
_MUTERS = _LEADS | {Role.TECHNICIAN}
_SHOWN = frozenset({Role.CHAIR, Role.SITE, Role.DELEGATE})
_SERVICE: frozenset[Role] = frozenset()

PERMISSIONS: dict[type[c.Command], frozenset[Role]] = {
    c.Enter: _SERVICE,
    c.Depart: _SERVICE,
    c.FollowSpeaker: _SERVICE,
    c.SetMicrophone: _ALL,
    c.SetCamera: _SHOWN,
    c.SetScreen: _ALL,
    c.RaiseHand: _SHOWN,
    c.LowerHand: _SHOWN | _LEADS,
    c.MuteSeat: _MUTERS,
    c.MuteAll: _MUTERS,
    c.ShowOnMain: _LEADS,
    c.StartRecording: _LEADS,
    c.StopRecording: _LEADS,
    c.EndMeeting: _LEADS,
}


def may(role: Role | None, command: type[c.Command]) -> bool:
    """Whether a role may give a command at all; the service may give those nobody else may."""
    allowed = PERMISSIONS[command]
    return role in allowed if role is not None else allowed is _SERVICE or command in _BY_SERVICE


# What the service also does by itself: stop the recording and end the meeting.
_BY_SERVICE = frozenset({c.StopRecording, c.EndMeeting})


def permissions(role: Role) -> tuple[str, ...]:
    """Command types (wire names) a role may use, for clients to show the right buttons."""
    return tuple(
        str(command.__struct_config__.tag)
        for command, roles in PERMISSIONS.items()
        if role in roles
    )
