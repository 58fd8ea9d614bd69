"""Logs: one line each, `time LEVEL logger message key=value …`, to standard error.

Names, addresses, tokens and SDP never reach a log. INFO has one line when something opens and one
when it closes; nothing is logged per packet.

What a line is about is told by an adapter every package can use:
`logging.LoggerAdapter(log, {"room": 3, "participant": "site:4", "conn": "ab12"})`.
"""

import logging
import sys
import traceback
from types import TracebackType

CONTEXT = ("room", "participant", "conn")  # attributes of a record that end its line
_CONTROLS = {code: f"\\x{code:02x}" for code in (*range(32), 127, *range(128, 160))}
_NOISY = ("aiohttp.access", "aiosqlite", "alembic", "sqlalchemy", "aioice", "aiortc")

_ExceptionInfo = (
    tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]
)


class LineFormatter(logging.Formatter):
    """One line a record, its context last; control characters cannot forge another line."""

    default_msec_format = "%s.%03d"

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:
        context = {key: getattr(record, key, None) for key in CONTEXT}
        pairs = [f"{key}={value}" for key, value in context.items() if value is not None]
        line = " ".join([super().formatMessage(record), *pairs])
        return line.translate(_CONTROLS)

    def formatException(self, ei: _ExceptionInfo) -> str:
        """The traceback. Above DEBUG without the exceptions' messages: they may quote what a
        person typed."""
        if logging.getLogger().isEnabledFor(logging.DEBUG):
            return super().formatException(ei)
        return "\n".join(_bare_traceback(ei[1]))


def _bare_traceback(error: BaseException | None) -> list[str]:
    """Where an exception, and those it came from, were raised, and their types."""
    if error is None:
        return []
    lines = []
    earlier = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if earlier is not None:
        lines += [*_bare_traceback(earlier), "which led to:"]
    for frame in traceback.format_tb(error.__traceback__):
        lines += frame.rstrip().splitlines()
    lines.append(type(error).__qualname__)
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            lines += [f"  | {line}" for line in _bare_traceback(inner)]
    return lines


def set_up(level: str) -> None:
    """Log to standard error at `level` ("debug", "info", "warning", "error")."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(LineFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for noisy in _NOISY:
        logging.getLogger(noisy).setLevel(logging.WARNING)
