"""Which forms may send files, by whom, and how large."""

import re

from aiohttp import web
from aiohttp.typedefs import Handler

from rooms.directory.accounts import AccountRole
from rooms.invitations.signed import MAX_BYTES
from web.auth import account_of

_FORM_BYTES = 64 * 1024  # the other fields, and what separates them
_CLERKS = (AccountRole.SECRETARIAT, AccountRole.ADMINISTRATOR)
_SIGNED_LETTER = re.compile(r"/cuoc-hop/[^/]+/giay-moi/da-ky")


@web.middleware
async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Let a file through to its form; to all others bodies stay small."""
    account = account_of(request)
    if (
        account is not None
        and account.role in _CLERKS
        and request.method == "POST"
        and _SIGNED_LETTER.fullmatch(request.path)
    ):
        request = request.clone(client_max_size=MAX_BYTES + _FORM_BYTES)
    return await handler(request)
