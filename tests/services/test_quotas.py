"""Daily quotas, across processes and restarts."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from chat.clock import DAY_MS
from chat.database.client import Database
from chat.errors import QuotaExceeded, Unavailable
from chat.repositories.usage import UsageRepository
from chat.services.quotas import UNWRITTEN, Kind, Quotas
from tests.clocks import Clock

MESSAGE = 16_000  # bytes: 4,000 characters of 4 bytes
MOST = 100 * MESSAGE


Make = Callable[..., Quotas]


@pytest.fixture
def clock() -> Clock[int]:
    return Clock(20_000 * DAY_MS + DAY_MS // 2)


@pytest.fixture
def usage(migrated: Database) -> UsageRepository:
    return UsageRepository(migrated)


@pytest.fixture
def make(usage: UsageRepository, clock: Clock[int]) -> Iterator[Make]:
    """A function that makes the quotas of one process."""
    made: list[Quotas] = []

    def make(user: int = MOST, room: int = 0) -> Quotas:
        most: dict[Kind, int] = {"user": user, "room": room}
        made.append(Quotas(usage, most, clock))
        return made[-1]

    yield make
    for quotas in made:  # otherwise their threads would write to a closed database
        quotas.flush()


def store(quotas: Quotas, size: int, *, user: str, room: str) -> None:
    """Store a message of `size` bytes, or raise the refusal."""
    refusal = quotas.find_refusal(size, user=user, room=room)
    if refusal is not None:
        raise refusal
    quotas.count(size, user=user, room=room)


def send_many(quotas: Quotas, user: str = "ada", room: str = "hall", times: int = 600) -> int:
    """Return how many messages are let through until one is refused."""
    for sent in range(times):
        try:
            store(quotas, MESSAGE, user=user, room=room)
        except QuotaExceeded:
            return sent
    return times


def test_an_account_stores_so_many_bytes_on_a_day_in_whatever_rooms(make: Make) -> None:
    quotas = make()
    for number in range(100):
        store(quotas, MESSAGE, user="ada", room=f"room {number}")
    with pytest.raises(QuotaExceeded) as refused:
        store(quotas, MESSAGE, user="ada", room="another")
    assert DAY_MS // 2000 <= refused.value.retry_after <= DAY_MS // 2000 + 1
    store(quotas, MESSAGE, user="bob", room="room 1")


def test_a_room_takes_so_many_bytes_on_a_day_from_whomever(make: Make) -> None:
    quotas = make(user=0, room=MOST)
    for number in range(100):
        store(quotas, MESSAGE, user=f"user {number}", room="hall")
    with pytest.raises(QuotaExceeded):
        store(quotas, 1, user="another", room="hall")
    store(quotas, MESSAGE, user="another", room="elsewhere")


def test_what_one_quota_refuses_the_other_does_not_count(make: Make) -> None:
    quotas = make(user=MOST, room=MOST // 2)
    assert send_many(quotas) == 50
    assert send_many(quotas, room="elsewhere") == 50


def test_the_next_day_begins_anew(make: Make, clock: Clock[int]) -> None:
    quotas = make()
    assert send_many(quotas) == 100
    clock.now += DAY_MS // 2
    assert send_many(quotas) == 100


def test_without_a_quota_nothing_is_refused_or_written(
    make: Make, usage: UsageRepository, migrated: Database
) -> None:
    quotas = make(user=0, room=0)
    assert send_many(quotas) == 600
    assert quotas.flush()
    assert migrated.db["usage"].count_documents({}) == 0


def test_a_restart_forgets_no_more_than_what_was_not_worth_a_write(make: Make) -> None:
    before = make()
    assert send_many(before, times=60) == 60
    assert before.flush()
    after = make()
    sent = send_many(after, times=UNWRITTEN // MESSAGE + 1)
    assert after.flush()
    sent += send_many(after)
    assert 40 <= sent <= 40 + UNWRITTEN // MESSAGE + 1


def test_processes_count_together(make: Make) -> None:
    processes = [make() for _ in range(3)]
    sent, rounds = 0, 0
    while rounds < 100:
        now = sum(send_many(process, times=5) for process in processes)
        sent, rounds = sent + now, rounds + 1
        assert all(process.flush() for process in processes)
        if now == 0:
            break
    # Each may be late by what it had not written when the others looked.
    assert 100 <= sent <= 100 + 3 * 5


def test_little_is_not_written(make: Make, usage: UsageRepository, migrated: Database) -> None:
    quotas = make()
    for _ in range(100):
        store(quotas, 100, user="ada", room="hall")
    assert quotas.flush()
    assert migrated.db["usage"].count_documents({}) == 0


def test_what_could_not_be_written_is_written_later(
    make: Make, usage: UsageRepository, clock: Clock[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    quotas = make()

    def fail(*_: object) -> dict[str, int]:
        raise Unavailable()

    with monkeypatch.context() as outage:
        outage.setattr(usage, "add", fail)
        outage.setattr("chat.write_behind.is_outage", lambda _: True)
        assert send_many(quotas, times=60) == 60
        assert not quotas.flush()
    assert quotas.flush()
    assert usage.add(clock.now // DAY_MS, {"user ada": 0}) == {"user ada": 60 * MESSAGE}
