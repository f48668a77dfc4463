"""Shared counts in the database: they survive restarts, and fail closed."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from limits import RateLimitItemPerMinute

from chat.database.client import Database
from chat.errors import RateLimited, Unavailable
from chat.limits.limits import Limits
from chat.limits.rules import Rule
from chat.repositories.rate_limits import DatabaseWindows
from harness.accounts import new_password

TWO = Rule("two", RateLimitItemPerMinute(2), shared=True)
TEN = Rule("ten", RateLimitItemPerMinute(10), shared=True)
OWN = Rule("own", RateLimitItemPerMinute(2))
SECRET = new_password() * 3

MakeLimits = Callable[[], Limits]


@pytest.fixture
def process(migrated: Database) -> MakeLimits:
    """A function that gives what another process, or the same after a restart, counts with."""
    return lambda: Limits(shared=DatabaseWindows(migrated), secret=SECRET)


def is_let(limits: Limits, rule: Rule, key: str) -> bool:
    try:
        limits.count(rule, key)
    except RateLimited:
        return False
    return True


def test_processes_count_together_and_a_restart_forgets_nothing(process: MakeLimits) -> None:
    assert is_let(process(), TWO, "a") and is_let(process(), TWO, "a")
    with pytest.raises(RateLimited) as refused:
        process().count(TWO, "a")
    assert 50 <= refused.value.retry_after <= 60
    with pytest.raises(RateLimited):
        process().check(TWO, "a")
    process().check(TWO, "b")


def test_what_happens_with_every_message_asks_no_database(
    process: MakeLimits, migrated: Database
) -> None:
    one, other = process(), process()
    assert is_let(one, OWN, "a") and is_let(one, OWN, "a") and not is_let(one, OWN, "a")
    assert is_let(other, OWN, "a")
    assert migrated.db["rate_limit"].count_documents({}) == 0


def test_many_at_once_are_let_through_up_to_the_limit(process: MakeLimits) -> None:
    both = (process(), process())
    with ThreadPoolExecutor(12) as pool:
        let = list(pool.map(lambda number: is_let(both[number % 2], TEN, "a"), range(24)))
    assert let.count(True) == 10


def count_ago(migrated: Database, *seconds: float) -> None:
    """Move the stored entries to these ages in seconds, the newest first."""
    now = migrated.now().timestamp()
    times = [now - ago for ago in seconds]
    assert migrated.db["rate_limit"].update_one({}, {"$set": {"entries": times}}).matched_count


def test_a_window_passes(process: MakeLimits, migrated: Database) -> None:
    assert is_let(process(), TWO, "a") and is_let(process(), TWO, "a")
    count_ago(migrated, 20, 40)
    with pytest.raises(RateLimited) as refused:
        process().count(TWO, "a")
    assert 15 <= refused.value.retry_after <= 20
    count_ago(migrated, 30, 61)
    assert is_let(process(), TWO, "a") and not is_let(process(), TWO, "a")


@pytest.mark.parametrize("days", [1, 365], ids="{} days".format)
def test_a_clock_that_was_ahead_locks_nobody_out_for_longer_than_a_window(
    process: MakeLimits, migrated: Database, days: int
) -> None:
    assert is_let(process(), TWO, "a") and is_let(process(), TWO, "a")
    count_ago(migrated, *(-days * 86_400.0 - second for second in (1, 0)))
    for refuse in (Limits.check, Limits.count):
        with pytest.raises(RateLimited) as refused:
            refuse(process(), TWO, "a")
        assert 50 <= refused.value.retry_after <= 60
    (stored,) = migrated.db["rate_limit"].find()
    now = migrated.now().timestamp()
    assert all(now - 10 < counted <= now for counted in stored["entries"])
    count_ago(migrated, *(now - counted + 60 for counted in stored["entries"]))
    process().check(TWO, "a")


def test_the_clock_of_a_process_does_not_matter(
    process: MakeLimits, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = time.time
    for ahead in (86_400.0, -300.0, 300.0):
        monkeypatch.setattr(time, "time", lambda ahead=ahead: real() + ahead)
        with suppress(RateLimited):
            process().count(TWO, "a")
    with pytest.raises(RateLimited) as refused:
        process().check(TWO, "a")
    assert 50 <= refused.value.retry_after <= 60


def test_nobody_can_read_what_was_typed_as_a_name(process: MakeLimits, migrated: Database) -> None:
    typed = new_password()
    process().count(TWO, f"name {typed}")
    (stored,) = migrated.db["rate_limit"].find()
    assert typed not in str(stored)
    assert stored["expireAt"]


def test_a_database_that_is_away_lets_nobody_through(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chat.database.client.TIMEOUT_MS", 200)  # it stays away
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound but not listening, so it refuses connections
        database = Database(f"mongodb://127.0.0.1:{taken.getsockname()[1]}/chat")
        limits = Limits(shared=DatabaseWindows(database), secret=SECRET)
        with pytest.raises(Unavailable):
            limits.check(TWO, "a")
        database.close()
    limits.count(OWN, "a")
