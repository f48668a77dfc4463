"""Counts that all processes share, in the database: they hold beyond restarts, and fail closed."""

from __future__ import annotations

import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from limits import RateLimitItemPerMinute, RateLimitItemPerSecond

from chat.database.client import Database
from chat.errors import RateLimited, Unavailable
from chat.repositories.rate_limits import SharedWindows
from chat.services.limits import Limits, Rule
from tests.accounts import new_password

TWO = Rule("two", RateLimitItemPerMinute(2), shared=True)
TEN = Rule("ten", RateLimitItemPerMinute(10), shared=True)
OWN = Rule("own", RateLimitItemPerMinute(2))
SECRET = new_password() * 3

MakeLimits = Callable[[], Limits]


@pytest.fixture
def process(migrated: Database) -> MakeLimits:
    """A function that gives what another process, or the same after a restart, counts with."""
    return lambda: Limits(shared=SharedWindows(migrated), secret=SECRET)


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


def test_a_window_passes(process: MakeLimits, monkeypatch: pytest.MonkeyPatch) -> None:
    short = Rule("short", RateLimitItemPerSecond(1), shared=True)
    seconds = 1_800_000_000.0
    monkeypatch.setattr("limits.storage.mongodb.time.time", lambda: seconds)
    assert is_let(process(), short, "a") and not is_let(process(), short, "a")
    seconds += 1.5
    assert is_let(process(), short, "a")


def test_nobody_can_read_what_was_typed_as_a_name(process: MakeLimits, migrated: Database) -> None:
    typed = new_password()
    process().count(TWO, f"name {typed}")
    (stored,) = migrated.db["rate_limit"].find()
    assert typed not in str(stored)
    assert stored["expireAt"]


def test_a_database_that_is_away_lets_nobody_through(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chat.database.client.TIMEOUT_MS", 200)  # it will not come back
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound but not listening: it refuses
        database = Database(f"mongodb://127.0.0.1:{taken.getsockname()[1]}/chat")
        limits = Limits(shared=SharedWindows(database), secret=SECRET)
        with pytest.raises(Unavailable):
            limits.check(TWO, "a")
        database.close()
    limits.count(OWN, "a")
