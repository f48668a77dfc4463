"""Moving windows: which callers count together, and when entries expire."""

from __future__ import annotations

import threading

import pytest
from limits import RateLimitItemPerHour, RateLimitItemPerMinute, RateLimitItemPerSecond

from chat.addresses import network_of
from chat.errors import RateLimited
from chat.limits.limits import Limits
from chat.limits.rules import Rule, per_caller
from chat.limits.windows import LocalWindows
from tests.clocks import Clock
from tests.memory import least_memory

TWO = Rule("two", RateLimitItemPerMinute(2))


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock[float]:
    found = Clock(1_000.0)
    monkeypatch.setattr("chat.limits.windows.time.monotonic", found)
    return found


def test_a_count_over_the_limit_is_refused_with_the_time_to_wait() -> None:
    limits = Limits()
    limits.count(TWO, "a")
    limits.count(TWO, "a")
    with pytest.raises(RateLimited) as refused:
        limits.count(TWO, "a")
    assert 55 <= refused.value.retry_after <= 60


def test_each_key_and_each_rule_counts_for_itself() -> None:
    limits = Limits()
    for _ in range(2):
        limits.count(TWO, "a")
    limits.count(TWO, "b")
    limits.count(Rule("other", TWO.item), "a")


def test_checking_counts_nothing() -> None:
    limits = Limits()
    for _ in range(5):
        limits.check(TWO, "a")
    limits.count(TWO, "a")
    limits.count(TWO, "a")
    with pytest.raises(RateLimited):
        limits.check(TWO, "a")


def test_a_setting_overrides_the_limit_of_a_rule() -> None:
    limits = Limits(per_minute={"two": 3})
    for _ in range(3):
        limits.count(TWO, "a")
    with pytest.raises(RateLimited):
        limits.count(TWO, "a")


def test_disabled_limits_refuse_nothing() -> None:
    limits = Limits(enabled=False)
    for _ in range(5):
        limits.count(TWO, "a")
        limits.check(TWO, "a")


def test_entries_leave_the_window_one_by_one(clock: Clock[float]) -> None:
    limits = Limits()
    limits.count(TWO, "a")
    clock.now += 20
    limits.count(TWO, "a")
    clock.now += 20
    with pytest.raises(RateLimited) as refused:
        limits.count(TWO, "a")
    assert refused.value.retry_after == 20
    clock.now += 20.5
    limits.count(TWO, "a")
    with pytest.raises(RateLimited) as refused:
        limits.check(TWO, "a")
    assert refused.value.retry_after == 20


def test_keys_whose_window_is_over_are_forgotten_whatever_window_is_before_them(
    clock: Clock[float],
) -> None:
    windows = LocalWindows()
    windows.hit(RateLimitItemPerHour(1), "an hour")
    for number in range(100):
        windows.hit(RateLimitItemPerSecond(1), f"early{number}")
    clock.now += 2
    for number in range(60):
        windows.hit(RateLimitItemPerSecond(1), f"late{number}")
    assert len(windows) == 61


def test_a_count_starts_no_thread() -> None:
    threads = set(threading.enumerate())  # of which some may just end
    Limits().count(TWO, "a")
    assert set(threading.enumerate()) <= threads


def test_a_count_touches_few_of_many_keys() -> None:
    limits = Limits()
    for number in range(5_000):
        limits.count(TWO, str(number))
    keys = map(str, range(5_000))
    asked_for = least_memory(lambda: limits.count(TWO, next(keys)))
    assert asked_for.peak < 5_000  # bytes: a list of all keys takes 40,000


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("", "unknown"),
        ("unix", "unknown"),
    ],
)
def test_an_ipv6_network_counts_as_one_caller(address: str, network: str) -> None:
    assert network_of(address) == network


def test_the_networks_of_a_site_are_counted_together_too() -> None:
    limits = Limits()

    def is_let(address: str) -> bool:
        try:
            for rule, key in per_caller(TWO, address):
                limits.count(rule, key)
        except RateLimited:
            return False
        return True

    let = [is_let(f"2001:db8:1:{number:x}::{number:x}") for number in range(21)]
    assert let == [True] * 20 + [False]
    assert is_let("2001:db8:2::1")
    assert [is_let("192.0.2.1") for _ in range(3)] == [True, True, False]
