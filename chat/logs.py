"""Logging: one line per event, without texts of messages and without secrets.

A line is `time level logger [id] text`. The id is that of the HTTP request or of the Socket.IO
connection.
"""

from __future__ import annotations

import logging
import secrets
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from contextvars import ContextVar
from itertools import islice

OWN = ("chat", "wsgi")

# `extra=REPEATS` marks a line that `Repetitions` drops if the same line was logged lately.
REPEATS = {"repeats": True}
QUIET_SECONDS = 60.0
MAX_TEXT = 2_000  # escaped characters of a message, or of a line of a traceback
MAX_TRACEBACK = 200  # lines

_id: ContextVar[str] = ContextVar("log_id", default="-")
log = logging.getLogger(__name__)


def bind_id(value: str | None = None) -> str:
    """Set the id in all further lines of this request or connection; return it, by default new."""
    value = value or secrets.token_hex(6)
    _id.set(value)
    return value


def configure(level: str = "INFO") -> None:
    """Log to standard error: our own lines from `level` on, those of libraries from WARNING on.

    `level` does not apply to libraries: at DEBUG, PyMongo and Socket.IO log the texts of messages.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(LineFormatter())
    handler.addFilter(Repetitions())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    for name in OWN:
        logging.getLogger(name).setLevel(level)


def escape(text: str) -> str:
    """Escape line ends and control characters, so that no value can forge a log line."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _shortened(text: str) -> str:
    """Return a text escaped and cut to MAX_TEXT characters."""
    written = escape(text[:MAX_TEXT])
    if len(text) <= MAX_TEXT and len(written) <= MAX_TEXT:
        return written
    return f"{written[:MAX_TEXT]}… ({len(text)} characters)"


class Repetitions(logging.Filter):
    """Passes the same line marked REPEATS only once in QUIET_SECONDS.

    The next one says how many were dropped. Lines are the same if their logger, level, text and,
    with a traceback, the place of the error are equal.
    """

    MAX_KINDS = 1_000  # different lines that are remembered

    def __init__(self) -> None:
        super().__init__()
        self._seen: dict[tuple[object, ...], tuple[float, int]] = {}
        self._lock = threading.Lock()

    def filter(self, record: logging.LogRecord) -> bool:
        if not getattr(record, "repeats", False):
            return True
        key = (record.name, record.levelno, record.getMessage(), _place(record))
        with self._lock:
            since, dropped = self._seen.pop(key, (0.0, 0))
            if since and time.monotonic() - since < QUIET_SECONDS:
                self._seen[key] = since, dropped + 1
                return False
            self._seen[key] = time.monotonic(), 0
            if len(self._seen) > self.MAX_KINDS:
                del self._seen[next(iter(self._seen))]
        if dropped:
            record.msg, record.args = f"{record.getMessage()} ({dropped} times more before)", None
        return True


def _place(record: logging.LogRecord) -> object:
    """Return where the error of a record was raised, or None."""
    trace = record.exc_info[2] if record.exc_info else None
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return (trace.tb_frame.f_code, trace.tb_lineno) if trace is not None else None


class LineFormatter(logging.Formatter):
    """Formats one line per event; each line of a traceback begins with a bar."""

    converter = staticmethod(time.gmtime)
    default_msec_format = "%s.%03dZ"
    default_time_format = "%Y-%m-%dT%H:%M:%S"

    def format(self, record: logging.LogRecord) -> str:
        head = f"{self.formatTime(record)} {record.levelname} {record.name} [{escape(_id.get())}]"
        lines = [f"{head} {_shortened(record.getMessage())}"]
        if record.exc_info:
            shown = islice(self._traceback(record), MAX_TRACEBACK)
            lines += [f"  | {_shortened(line)}" for line in shown]
        return "\n".join(lines)

    def _traceback(self, record: logging.LogRecord) -> Iterator[str]:
        assert record.exc_info is not None
        error = record.exc_info[1]
        chain = []
        while error is not None and error not in chain:
            chain.append(error)
            error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        for error in reversed(chain):
            yield from "".join(traceback.format_tb(error.__traceback__)).rstrip("\n").split("\n")
            yield f"{type(error).__module__}.{type(error).__qualname__}{_error_text(error)}"


def _error_text(error: BaseException) -> str:
    """Return the text of an error, but not of PyMongo's, which may contain whole documents."""
    return "" if type(error).__module__.startswith("pymongo") else f": {error}"
