"""Files that were previewed and wait for a person's word. In memory, few, for a while."""

import secrets
from datetime import date, datetime, timedelta

import msgspec

from rooms.directory.imports.service import ListKind

KEPT_FOR = timedelta(minutes=30)
MOST = 20


class PendingFile(msgspec.Struct, frozen=True, kw_only=True):
    account_id: int
    kind: ListKind
    content: bytes
    since: date | None
    at: datetime


class PendingFiles:
    def __init__(self) -> None:
        self._files: dict[str, PendingFile] = {}  # the oldest first

    def put(self, file: PendingFile) -> str:
        """Keep a file; its token. The oldest ones give way."""
        self._files = {t: f for t, f in self._files.items() if file.at - f.at < KEPT_FOR}
        while len(self._files) >= MOST:
            del self._files[next(iter(self._files))]
        token = secrets.token_urlsafe(12)
        self._files[token] = file
        return token

    def get(self, token: str, account_id: int, now: datetime) -> PendingFile | None:
        """The file, for who uploaded it, while it is kept."""
        file = self._files.get(token)
        kept = file is not None and now - file.at < KEPT_FOR and file.account_id == account_id
        return file if kept else None

    def drop(self, token: str) -> None:
        self._files.pop(token, None)
