"""Which forms may send files, by whom, and how large."""

import re

from aiohttp import web
from aiohttp.typedefs import Handler

from rooms.directory.accounts import AccountRole
from rooms.directory.imports.tables import MAX_BYTES as MAX_LIST_BYTES
from rooms.invitations.signed import MAX_BYTES as MAX_LETTER_BYTES
from web.auth import account_of

_FORM_BYTES = 64 * 1024  # the other fields, and what separates them
_CLERKS = (AccountRole.SECRETARIAT, AccountRole.ADMINISTRATOR)
_FORMS = (
    (re.compile(r"/cuoc-hop/[^/]+/(giay-moi|bien-ban)/da-ky"), MAX_LETTER_BYTES),
    (re.compile(r"/danh-ba/nhap|/api/v1/lists/[a-z]+"), MAX_LIST_BYTES),
    (re.compile(r"/danh-ba/sap-xep"), 2 * MAX_LIST_BYTES),  # two lists
)


@web.middleware
async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Let a file through to its form; to all others bodies stay small."""
    account = account_of(request)
    if account is not None and account.role in _CLERKS and request.method == "POST":
        size = next((size for form, size in _FORMS if form.fullmatch(request.path)), None)
        if size is not None:
            request = request.clone(client_max_size=size + _FORM_BYTES)
    return await handler(request)
