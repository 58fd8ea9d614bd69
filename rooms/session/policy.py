"""Who may do what in a live meeting: one table; and whom the main picture shows by itself."""

import msgspec

from rooms.session import commands as c
from rooms.session.model import Role, Seat, SeatId, Session


class Actor(msgspec.Struct, frozen=True):
    """Who acts. `role` None: the service itself."""

    seat: SeatId
    role: Role | None


SERVICE = Actor(SeatId("system"), None)

_ALL = frozenset(Role)
_LEADS = frozenset({Role.CHAIR, Role.SECRETARY})
_MUTERS = _LEADS | {Role.TECHNICIAN}
_SHOWN = frozenset({Role.CHAIR, Role.SITE, Role.DELEGATE})
_NOBODY: frozenset[Role] = frozenset()
_PRESENTERS = _LEADS  # show documents whenever they want; others while they have the floor

# Rights belong to the account and its seat, never to "whoever is left": a chair who reloads is
# chair again, and nobody is promoted meanwhile. The service gives every command.
PERMISSIONS: dict[type[c.Command], frozenset[Role]] = {
    c.Enter: _NOBODY,
    c.Depart: _NOBODY,
    c.FollowSpeaker: _NOBODY,
    c.SetMicrophone: _ALL,
    c.SetCamera: _SHOWN,
    c.SetScreen: _ALL,
    c.RaiseHand: _SHOWN,
    c.LowerHand: _SHOWN | _LEADS,
    c.SetLimits: _ALL,
    c.MuteSeat: _MUTERS,
    c.MuteAll: _MUTERS,
    c.ShowOnMain: _LEADS,
    c.StartRecording: _LEADS,
    c.StopRecording: _LEADS,
    c.EndMeeting: _LEADS,
    c.InviteToSpeak: _LEADS,
    c.EndTurn: _SHOWN | _LEADS,
    c.ExtendTurn: _LEADS,
    c.NameSpeaker: _SHOWN | _LEADS,
    c.QueueSeat: _LEADS,
    c.MoveInQueue: _LEADS,
    c.SetDiscussion: _LEADS,
    c.HandOverChair: _LEADS,
    c.TakeChair: _SHOWN,
    c.GoToItem: _LEADS,
    c.StartPause: _LEADS,
    c.EndPause: _LEADS,
    c.StartRollCall: _LEADS,
    c.CallSite: _LEADS,
    c.AnswerRollCall: _SHOWN | _LEADS,
    c.EndRollCall: _LEADS,
    c.Say: _ALL,
    c.SetChat: _LEADS,
    c.Announce: _LEADS,
    c.AskPresidium: _SHOWN,
    c.SupportQuestion: _SHOWN,
    c.AnswerQuestion: _LEADS,
    c.OpenVote: _LEADS,
    c.CastVote: _SHOWN,
    c.CloseVote: _LEADS,
    c.RecountVote: _LEADS,
    c.CountVote: _NOBODY,
    c.PublishVote: _LEADS,
    c.SetLock: _LEADS,
    c.Admit: _LEADS,
    c.TurnAway: _LEADS,
    c.RemoveSeat: _LEADS,
    c.WithdrawKnock: _NOBODY,
    c.SetScene: _LEADS,
    c.StartRound: _LEADS,
    c.EndRound: _LEADS,
    c.NextInRound: _LEADS,
    c.TakeNote: _LEADS,
    c.ChangeNote: _LEADS,
    c.CheckSite: _MUTERS,
    c.ExtendMeeting: _LEADS,
    c.OpenDocument: _SHOWN | _PRESENTERS,
    c.PresentDocument: _SHOWN | _PRESENTERS,
    c.TurnPage: _SHOWN | _PRESENTERS,
    c.CloseDocument: _SHOWN | _PRESENTERS,
}


def may(role: Role | None, command: type[c.Command]) -> bool:
    """Whether a role may give a command at all; `decide` looks at the particulars."""
    return role is None or role in PERMISSIONS[command]


def leads(role: Role | None) -> bool:
    """Chair and secretary lead: they act on other seats."""
    return role is None or role in _LEADS


def assists(role: Role | None) -> bool:
    """Who leads, and the technician: they set what another seat's line carries."""
    return role is None or role in _MUTERS


def presents(session: Session, actor: Actor) -> bool:
    """Whether somebody shows documents to all: those who may, and who has the floor."""
    if actor.role is None or actor.role in _PRESENTERS:
        return True
    return session.floor is not None and session.floor.seat == actor.seat


def permissions(role: Role) -> tuple[str, ...]:
    """Command types (wire names) a role may use, for clients to show the right buttons."""
    return tuple(
        str(command.__struct_config__.tag)
        for command, roles in PERMISSIONS.items()
        if role in roles
    )


def acting_role(session: Session, seat: SeatId, own: Role) -> Role:
    """What a connection may act as: rights go with the account, and with a chair handed over.

    Args:
        own: what the account is in this meeting by the schedule. The room device of the chair's
            site shares the chair's seat and has a site's rights; a seat the chair was handed to
            has the chair's, whoever sits there.
    """
    if session.handed_to == seat:
        return Role.CHAIR
    known = session.seats.get(seat)
    return known.role if own is Role.CHAIR and known is not None else own


def presiding(session: Session) -> Seat | None:
    """The seat of the chair; None: nobody presides."""
    return next((seat for seat in session.seats.values() if seat.role is Role.CHAIR), None)


def natural_main(session: Session) -> SeatId | None:
    """Whom the main picture shows when nobody was chosen and nobody speaks.

    The chair when present; else the first present seat in protocol order; else nobody.
    """
    shown = [seat for seat in session.seats.values() if seat.present and seat.on_tiles]
    return min(shown, key=_precedence).id if shown else None


def round_order(session: Session) -> list[SeatId]:
    """The sites that can be shown now, in protocol order."""
    shown = [seat for seat in session.seats.values() if seat.present and seat.on_tiles]
    return [seat.id for seat in sorted(shown, key=lambda seat: (seat.rank, seat.id))]


def _precedence(seat: Seat) -> tuple[bool, int, str]:
    return (seat.role is not Role.CHAIR, seat.rank, seat.id)
