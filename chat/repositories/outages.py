"""Which errors mean that the database did not answer, so that nobody knows what it did."""

from __future__ import annotations

from pymongo.errors import (
    BulkWriteError,
    ConnectionFailure,
    ExecutionTimeout,
    PyMongoError,
    WriteConcernError,
)

from chat.errors import Unavailable


def is_outage(error: BaseException) -> bool:
    """Tell whether the same call may succeed later, whatever became of this one."""
    if isinstance(error, Unavailable):  # the embedded database could not be had
        return True
    if not isinstance(error, PyMongoError):
        return False
    if isinstance(error, BulkWriteError):  # what of it is stored, no majority has confirmed
        return bool(error.details.get("writeConcernErrors"))
    return error.timeout or isinstance(
        error, ConnectionFailure | ExecutionTimeout | WriteConcernError
    )
