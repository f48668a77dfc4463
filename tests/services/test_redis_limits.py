"""With a message queue, wrong passwords and codes are counted in Redis."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from limits import RateLimitItemPerMinute
from redis import Redis as Client

from chat.database.client import Database
from chat.errors import RateLimited, Unavailable
from chat.limits.limits import Limits
from chat.limits.rules import Rule
from chat.repositories.rate_limits import shared_windows
from harness.accounts import new_password
from harness.redis import Redis

TWO = Rule("two", RateLimitItemPerMinute(2), shared=True)


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Redis]:
    """A Redis of this test's own."""
    found = Redis(tmp_path)
    found.start()
    yield found
    found.kill()


def test_processes_count_together_in_redis_and_fail_closed(
    redis: Redis, migrated: Database
) -> None:
    secret = new_password() * 3
    one, other = (
        Limits(shared=shared_windows(migrated, redis.url), secret=secret) for _ in range(2)
    )
    one.count(TWO, "a")
    other.count(TWO, "a")
    with pytest.raises(RateLimited) as refused:
        one.check(TWO, "a")
    assert 30 <= refused.value.retry_after <= 60
    assert migrated.db["rate_limit"].count_documents({}) == 0
    redis.kill()
    with pytest.raises(Unavailable):
        one.check(TWO, "b")


@pytest.mark.parametrize("days", [1, 365], ids="{} days".format)
def test_a_clock_that_was_ahead_locks_nobody_out_for_longer_than_a_window(
    redis: Redis, migrated: Database, days: int
) -> None:
    limits = Limits(shared=shared_windows(migrated, redis.url), secret=new_password() * 3)
    for _ in range(2):
        limits.count(TWO, "a")
    with Client.from_url(redis.url) as client:
        (key,) = client.keys("chat-limits*")
        ahead = [float(entry) + days * 86_400 for entry in client.lrange(key, 0, -1)]
        client.delete(key)
        client.rpush(key, *ahead)
        for refuse in (limits.check, limits.count):
            with pytest.raises(RateLimited) as refused:
                refuse(TWO, "a")
            assert 50 <= refused.value.retry_after <= 60
        now = client.time()[0] + 1
        assert all(now - 10 < float(entry) <= now for entry in client.lrange(key, 0, -1))
        assert 0 < client.ttl(key) <= 60
        client.delete(key)
        client.rpush(key, now - 30, now - 61)
    limits.count(TWO, "a")
    with pytest.raises(RateLimited) as refused:
        limits.count(TWO, "a")
    assert 25 <= refused.value.retry_after <= 31
