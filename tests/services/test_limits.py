"""Moving windows: who is counted together, and what is forgotten."""

from __future__ import annotations

import pytest
from limits import RateLimitItemPerMinute, RateLimitItemPerSecond
from limits.storage import MemoryStorage

from chat.errors import RateLimited
from chat.services.limits import Limits, Rule, network_of

TWO = Rule("two", RateLimitItemPerMinute(2))


def test_what_is_too_many_is_refused_with_the_time_to_wait() -> None:
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


def test_a_setting_has_another_amount_than_the_rule() -> None:
    limits = Limits(per_minute={"two": 3})
    for _ in range(3):
        limits.count(TWO, "a")
    with pytest.raises(RateLimited):
        limits.count(TWO, "a")


def test_switched_off_nothing_is_refused() -> None:
    limits = Limits(enabled=False)
    for _ in range(5):
        limits.count(TWO, "a")
        limits.check(TWO, "a")


def test_keys_whose_window_is_over_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    limits = Limits()
    rule = Rule("short", RateLimitItemPerSecond(1))
    seconds = 1_000.0
    monkeypatch.setattr("chat.services.limits.time.monotonic", lambda: seconds)
    for number in range(100):
        limits.count(rule, f"early{number}")
    seconds += 2
    for number in range(60):
        limits.count(rule, f"late{number}")
    assert not any(key.startswith("early") for _, key in limits._ends)
    storage = limits._windows(rule).storage
    assert isinstance(storage, MemoryStorage)
    assert not any("early" in key for key in storage.events)


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("", ""),
        ("unix", "unix"),
    ],
)
def test_an_ipv6_network_counts_as_one_caller(address: str, network: str) -> None:
    assert network_of(address) == network
