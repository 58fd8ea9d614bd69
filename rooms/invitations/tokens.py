"""Tokens of personal links. Pure.

A token is an HMAC of the recipient's id and link version under the service's key: it can be made
again for a reminder, the store holds its hash alone, and a new version makes the old one worthless.
"""

import base64
import hashlib
import hmac
import re
from datetime import datetime, timedelta

LINK_AFTER = timedelta(days=1)  # a link lives until so long after the meeting's end
TOKEN = re.compile(r"[A-Za-z0-9_-]{32}")
_BYTES = 24


def link_token(key: bytes, recipient_id: int, version: int) -> str:
    message = b"link\0" + f"{recipient_id}.{version}".encode()
    digest = hmac.new(key, message, hashlib.sha256).digest()[:_BYTES]
    return base64.urlsafe_b64encode(digest).decode()


def link_hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def expires(end: datetime) -> datetime:
    """When the links to a meeting that ends then cease to open."""
    return end + LINK_AFTER
