"""Changes of the directory go to the audit record."""

from datetime import UTC, datetime

from aiohttp import web

from rooms.records.audit import Action
from web.auth import signed_in
from web.services import SERVICES


async def note(request: web.Request, action: Action, subject: str) -> None:
    audit = request.app[SERVICES].audit
    await audit.note(signed_in(request), action, datetime.now(UTC), subject=subject[:200])
