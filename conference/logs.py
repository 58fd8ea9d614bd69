"""Logs: one line each, `time level logger message`, where messages are words and key=value pairs.

Names, addresses, tokens and SDP are wrapped by `redact` before they reach a log. INFO has one line
when something opens and one when it closes; nothing is logged per packet.
"""

import hashlib
import logging
import secrets
import sys
from collections.abc import MutableMapping
from typing import Any

_SALT = secrets.token_bytes(16)  # new at each start: redacted values compare within one run only


def redact(value: object) -> str:
    """A short mark that is equal for equal values of this run, and tells nothing else."""
    digest = hashlib.blake2b(str(value).encode(), key=_SALT, digest_size=4)
    return f"~{digest.hexdigest()}"


class Context(logging.LoggerAdapter[logging.Logger]):
    """Adds `room=3 participant=site:4 conn=ab12` to every line."""

    def process(
        self, msg: Any, kwargs: MutableMapping[str, Any]
    ) -> tuple[Any, MutableMapping[str, Any]]:
        pairs = " ".join(f"{key}={value}" for key, value in (self.extra or {}).items())
        return f"{msg} {pairs}", kwargs


class _Line(logging.Formatter):
    default_msec_format = "%s.%03d"

    def formatException(self, ei: Any) -> str:
        """Tracebacks stay; above DEBUG their last line loses the message, which may quote a
        person's input."""
        text = super().formatException(ei)
        if logging.getLogger().isEnabledFor(logging.DEBUG):
            return text
        kind = ei[0].__name__ if ei and ei[0] else "error"
        return "\n".join([*text.splitlines()[:-1], kind])


def set_up(level: str) -> None:
    """Log to standard error at `level` ("debug", "info", "warning", "error")."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Line("%(asctime)s %(levelname)s %(name)s %(message)s"))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for noisy in ("aiohttp.access", "aiosqlite", "alembic", "sqlalchemy", "aioice", "aiortc"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
