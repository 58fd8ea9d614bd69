"""One connection of one seat in a live meeting."""

from collections.abc import Sequence
from typing import Protocol

from rooms.errors import RequestRefused
from rooms.live.media import LiveMedia
from rooms.media_port import Connected
from rooms.session import commands as c
from rooms.session.events import Entry
from rooms.session.model import Role, Seat, SeatId, Session
from rooms.session.notices import AnyNotice
from rooms.session.policy import Actor, permissions
from rooms.session.slots import Tile, View


class Listener(Protocol):
    """One connection's ear. Called on the event loop; must not block and must not raise."""

    def on_entries(self, entries: Sequence[Entry]) -> None: ...
    def on_notice(self, notice: AnyNotice) -> None: ...
    def on_closed(self, code: str) -> None:
        """ "ended" | "superseded" | "shutdown"; nothing is called after it."""


class Host(Protocol):
    """The live meeting, as its connections use it."""

    media: LiveMedia

    async def submit(self, attendance: "Attendance", command: c.Command) -> None: ...
    async def depart(self, attendance: "Attendance", left: bool) -> None: ...
    def withhold(self, seat: SeatId, on: bool) -> None: ...
    def role_of(self, seat: SeatId, own: Role) -> Role: ...


class Attendance:
    """One connection of one seat in one live meeting."""

    def __init__(
        self,
        live: Host,
        seat: Seat,
        connection: str,
        listener: Listener,
        session: Session | None,
        missed: tuple[Entry, ...],
    ) -> None:
        self.seat_id = seat.id
        self.connection = connection
        self.session = session  # snapshot at entry; None: the client resumed, `missed` has the rest
        self.missed = missed
        self.own_role = seat.role  # by the schedule
        self.listener = listener
        self.closed: str | None = None  # code, once it is over
        self.live = live

    @property
    def actor(self) -> Actor:
        """The seat, with what it is in the meeting now: the chair may have been handed over."""
        return Actor(self.seat_id, self.live.role_of(self.seat_id, self.own_role))

    @property
    def permissions(self) -> tuple[str, ...]:
        role = self.actor.role
        return () if role is None else permissions(role)

    async def submit(self, command: c.Command) -> None:
        """Carry out a command; its events are in the log when this returns.

        Raises:
            RequestRefused: the code `decide` gave, "busy", "superseded", "ended" or "shutdown".
        """
        await self.live.submit(self, command)

    async def offer(self, sdp: str, restart: bool, path: str = "any") -> Connected:
        """Take the client's offer, or (restart) new ICE credentials of its transport.

        After a restart the mids are those of the first answer. `path` "tcp" asks to be kept off UDP
        after it.

        Raises:
            MediaRefused: the media plane cannot take it; "unavailable" also when there is no
                transport to restart: the client makes a new peer connection and offers again.
            RequestRefused: "superseded", "ended", "shutdown".
        """
        self.check()
        if restart:
            return await self.live.media.restart(self.seat_id, sdp, path)
        self.live.withhold(self.seat_id, False)
        return await self.live.media.connect(self.seat_id, self.connection, sdp)

    async def set_view(self, main_height: int, tiles: Sequence[Tile]) -> None:
        """What the client shows; heights in picture lines, 0 = not shown.

        Raises:
            RequestRefused: "superseded", "ended", "shutdown".
        """
        self.check()
        self.live.media.view(self.seat_id, View(main_height=main_height, tiles=tuple(tiles)))

    async def withhold(self, on: bool) -> None:
        """Whether the client sends no picture because its line carries none.

        Raises:
            RequestRefused: "superseded", "ended", "shutdown".
        """
        self.check()
        self.live.withhold(self.seat_id, on)

    def check(self) -> None:
        if self.closed is not None:
            raise RequestRefused(self.closed)
