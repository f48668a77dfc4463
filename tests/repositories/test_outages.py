"""Writes that no majority has confirmed count as outages."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest
from pymongo.errors import BulkWriteError, InvalidOperation, NetworkTimeout, OperationFailure
from redis.exceptions import AuthenticationError

from chat.database.client import Database
from chat.errors import Unavailable
from chat.ids import new_id
from chat.models import AuditEntry, Membership, Message, User
from chat.repositories.appends import Appended
from chat.repositories.audit import AuditRepository
from chat.repositories.memberships import MembershipRepository
from chat.repositories.messages import MessageRepository
from chat.repositories.outages import is_outage, reason_of
from chat.repositories.users import UserRepository

REPEATED = {"index": 1, "code": 11000, "keyPattern": {"room_identity": 1, "seq": 1}}
REFUSED = {"index": 1, "code": 121}
UNCONFIRMED = {"code": 64, "errmsg": "waiting for replication timed out"}

AN_ID = new_id()
USER = User(AN_ID, "alice", "Alice", 0, "", "", None, 0, 0)
MESSAGE = Message(AN_ID, AN_ID, AN_ID, 1, "c1", "text", 1, 1)
MEMBERSHIP = Membership(AN_ID, AN_ID, "member", 0, 1)
ENTRY = AuditEntry(AN_ID, 1, "logged_in", "")


def failure(*write_errors: dict[str, Any], confirmed: bool = True) -> BulkWriteError:
    return BulkWriteError(
        {
            "nInserted": 1,
            "writeErrors": list(write_errors),
            "writeConcernErrors": [] if confirmed else [UNCONFIRMED],
        }
    )


def failing(error: BulkWriteError) -> Database:
    """Return a database whose every collection fails to insert so, and so does the command."""

    def insert_many(*_: object, **__: object) -> None:
        raise error

    class Collections:
        def __getitem__(self, _: str) -> SimpleNamespace:
            return SimpleNamespace(insert_many=insert_many)

        def command(self, _: object) -> dict[str, Any]:
            answer = {"n": error.details["nInserted"], "writeErrors": error.details["writeErrors"]}
            unconfirmed = error.details["writeConcernErrors"]
            return answer | ({"writeConcernError": unconfirmed[0]} if unconfirmed else {})

    return cast(Database, SimpleNamespace(db=Collections()))


INSERTS: list[Callable[[Database], object]] = [
    lambda database: UserRepository(database).insert_many([USER, USER]),
    lambda database: MembershipRepository(database).insert_many([MEMBERSHIP, MEMBERSHIP]),
    lambda database: AuditRepository(database).insert_many([ENTRY, ENTRY], 1000),
    lambda database: MessageRepository(database).append([MESSAGE, MESSAGE]),
]
EACH = pytest.mark.parametrize("insert", INSERTS, ids=["users", "members", "audit", "messages"])


@EACH
@pytest.mark.parametrize("write_errors", [[], [REPEATED], [REFUSED]])
def test_what_no_majority_confirmed_is_an_outage_whatever_else_went_wrong(
    insert: Callable[[Database], object], write_errors: list[dict[str, Any]]
) -> None:
    with pytest.raises(BulkWriteError) as raised:
        insert(failing(failure(*write_errors, confirmed=False)))
    assert is_outage(raised.value)


@EACH
def test_what_was_there_before_is_no_failure(insert: Callable[[Database], object]) -> None:
    assert insert(failing(failure(REPEATED))) in (1, None, Appended(1, "taken", 1))


@pytest.mark.parametrize("insert", INSERTS[:3], ids=["users", "members", "audit"])
def test_what_the_database_refuses_is_a_failure_and_no_outage(
    insert: Callable[[Database], object],
) -> None:
    with pytest.raises(BulkWriteError) as raised:
        insert(failing(failure(REPEATED, REFUSED)))
    assert not is_outage(raised.value)


OUT_OF_SPACE = {"index": 1, "code": 14031}
BROKEN = {"index": 0, "code": 1}


@EACH
@pytest.mark.parametrize("write_error", [OUT_OF_SPACE, BROKEN])
def test_a_database_that_cannot_write_is_an_outage_and_refuses_no_message(
    insert: Callable[[Database], object], write_error: dict[str, Any]
) -> None:
    with pytest.raises(BulkWriteError) as raised:
        insert(failing(failure(write_error)))
    assert is_outage(raised.value)


@pytest.mark.parametrize("code", [1, 8, 13, 18, 43, 91, 112, 189, 10107, 11600, 13435, 14031])
def test_what_says_nothing_about_the_call_is_an_outage(code: int) -> None:
    error = OperationFailure(f"secret {code}", code)
    assert is_outage(error)
    assert reason_of(error) == f"OperationFailure {code}"


@pytest.mark.parametrize("code", [2, 9, 14, 26, 59, 121, 11000, None])
def test_what_is_wrong_with_the_call_is_a_failure(code: int | None) -> None:
    assert not is_outage(OperationFailure("wrong", code))


def test_a_call_whose_client_was_closed_meanwhile_is_an_outage(database: Database) -> None:
    users = database.db["user"]
    database.close()
    with pytest.raises(InvalidOperation) as raised:
        users.find_one({})
    assert is_outage(raised.value)
    assert database.db["user"].find_one({}) is None  # the next use opens a new one
    assert not is_outage(InvalidOperation("No operations to execute"))


def test_the_reason_of_an_outage_is_what_caused_it() -> None:
    assert reason_of(NetworkTimeout("127.0.0.1")) == "NetworkTimeout"
    assert reason_of(Unavailable()) == "Unavailable"
    try:
        raise Unavailable() from AuthenticationError("the password")
    except Unavailable as error:
        assert reason_of(error) == "Redis AuthenticationError"
