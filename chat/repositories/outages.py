"""Telling outages of the database, whose writes have an unknown outcome, from other errors."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from pymongo.errors import (
    BulkWriteError,
    ConnectionFailure,
    ExecutionTimeout,
    InvalidOperation,
    OperationFailure,
    PyMongoError,
    WriteConcernError,
)

from chat.errors import Unavailable

# Errors inside the database. SecantusDB answers every call with the first one after a write has
# failed on a full disk. MongoDB gives the second one for errors of its storage engine.
INTERNAL_ERROR, UNKNOWN_ERROR = 1, 8
BROKEN_INSIDE = frozenset({INTERNAL_ERROR, UNKNOWN_ERROR})
OUT_OF_DISK_SPACE = 14031
REFUSED_LOGIN = frozenset({18, 8000})  # AuthenticationFailed, and the same from Atlas
NO_PERMISSION = 13
CLOSED = "Cannot use MongoClient after close"  # PyMongo has no class of its own for it
# Error codes of MongoDB that do not depend on the content of the call.
OUTAGES = (
    BROKEN_INSIDE
    | REFUSED_LOGIN
    | {
        6,  # HostUnreachable
        7,  # HostNotFound
        NO_PERMISSION,
        24,  # LockTimeout
        43,  # CursorNotFound: the database was started again between two batches
        50,  # MaxTimeMSExpired
        64,  # WriteConcernTimeout
        89,  # NetworkTimeout
        91,  # ShutdownInProgress
        100,  # UnsatisfiableWriteConcern
        112,  # WriteConflict
        133,  # FailedToSatisfyReadPreference
        134,  # ReadConcernMajorityNotAvailableYet
        189,  # PrimarySteppedDown
        202,  # NetworkInterfaceExceededTimeLimit
        237,  # CursorKilled
        262,  # ExceededTimeLimit
        365,  # TemporarilyUnavailable
        9001,  # SocketException
        10107,  # NotWritablePrimary
        11600,  # InterruptedAtShutdown
        11601,  # Interrupted
        11602,  # InterruptedDueToReplStateChange
        13435,  # NotPrimaryNoSecondaryOk
        13436,  # NotPrimaryOrSecondary
        OUT_OF_DISK_SPACE,
    }
)


def is_outage(error: BaseException) -> bool:
    """Return whether the same call may succeed later; this one may have taken effect."""
    if isinstance(error, Unavailable):  # the embedded database does not run
        return True
    if not isinstance(error, PyMongoError):
        return False
    if isinstance(error, BulkWriteError) and error.details.get("writeConcernErrors"):
        return True  # no majority has confirmed the writes
    return (
        error.timeout
        or isinstance(error, ConnectionFailure | ExecutionTimeout | WriteConcernError)
        or _is_use_after_close(error)
        or not OUTAGES.isdisjoint(_codes(error))
    )


def _is_use_after_close(error: PyMongoError) -> bool:
    """Return whether this process closed its client, at its end or for another, during a call."""
    return isinstance(error, InvalidOperation) and str(error) == CLOSED


def is_broken_inside(error: BaseException) -> bool:
    """Return whether the error is internal to the database, for every call or only for this."""
    return isinstance(error, PyMongoError) and not BROKEN_INSIDE.isdisjoint(_codes(error))


def reason_of(error: BaseException) -> str:
    """Return an outage's name and codes for the log, without messages, which quote documents."""
    cause = error.__cause__ if isinstance(error, Unavailable) else None
    if cause is not None:
        return reason_of(cause)
    if isinstance(error, Unavailable) and error.args != (error.code,):
        return str(error)  # it was raised with a message
    codes = [str(code) for code in _codes(error)] if isinstance(error, PyMongoError) else []
    return " ".join([_name(error), *dict.fromkeys(codes)])


def _codes(error: PyMongoError) -> Iterator[int]:
    """Yield the error codes of the database's answer."""
    if isinstance(error, BulkWriteError):
        for failure in error.details.get("writeErrors", []):
            yield failure.get("code", 0)
    elif isinstance(error, OperationFailure) and error.code is not None:
        yield error.code


def _name(error: BaseException) -> str:
    """Return the class name of an error; those of Redis get a prefix."""
    kind = type(error)
    library = kind.__module__.partition(".")[0]
    return f"Redis {kind.__name__}" if library == "redis" else kind.__name__


@contextmanager
def logged_unless_outage(
    log: logging.Logger, text: str, is_stopped: Callable[[], bool] = lambda: False
) -> Iterator[None]:
    """Let whoever calls go on after an error, such as a loop with its next round.

    Outages pass by themselves, and what still runs once its loop is stopped finds its database
    connection closed. Any other error is logged.
    """
    try:
        yield
    except Exception as error:
        if not (is_outage(error) or is_stopped()):
            log.exception(text)
