"""The durable log of live meetings: entries and snapshots."""

from collections.abc import Sequence

from rooms.session.events import Entry
from rooms.session.model import Session
from rooms.store.database import Database


class EventLog:
    def __init__(self, db: Database) -> None:
        self._db = db

    async def append(self, meeting_id: int, entries: Sequence[Entry]) -> None:
        """One transaction. Raises sqlalchemy.exc.IntegrityError when a seq is already taken."""
        raise NotImplementedError

    async def entries(self, meeting_id: int, after: int = 0) -> list[Entry]:
        """Entries with seq > after, in order."""
        raise NotImplementedError

    async def save_snapshot(self, session: Session) -> None:
        raise NotImplementedError

    async def snapshot(self, meeting_id: int) -> Session | None:
        """The newest snapshot."""
        raise NotImplementedError
