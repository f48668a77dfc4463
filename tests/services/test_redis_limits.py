"""Where a message queue is configured, wrong passwords and codes are counted in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from limits import RateLimitItemPerMinute

from chat.database.client import Database
from chat.errors import RateLimited, Unavailable
from chat.repositories.rate_limits import shared_windows
from chat.services.limits import Limits, Rule
from tests.accounts import new_password
from tests.sockets.test_queue import Redis

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
