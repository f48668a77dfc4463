"""How many transfers run at a time."""

from __future__ import annotations

import pytest

from chat.errors import RateLimited
from chat.services.transfer_slots import TransferSlots

HOME, SCHOOL, CAFE = "192.0.2.1", "192.0.2.2", "192.0.2.3"


def test_so_many_transfers_run_at_a_time() -> None:
    """Of one user two, of all three; a released one makes room, once."""
    slots = TransferSlots(2, 3)
    release = slots.take("ada", HOME)
    slots.take("ada", HOME)
    with pytest.raises(RateLimited):
        slots.take("ada", HOME)
    slots.take("bob", SCHOOL)
    with pytest.raises(RateLimited):
        slots.take("eve", CAFE)
    release()
    release()
    slots.take("eve", CAFE)
    with pytest.raises(RateLimited):
        slots.take("bob", SCHOOL)


def test_from_half_of_all_on_each_user_has_four() -> None:
    """Those who hold more keep them; somebody who holds none gets some."""
    slots = TransferSlots(6, 18)
    releases = [slots.take("ada", HOME) for _ in range(6)]
    for _ in range(4):
        slots.take("bob", SCHOOL)
    for user, address in (("ada", HOME), ("bob", SCHOOL)):
        with pytest.raises(RateLimited):
            slots.take(user, address)
    for _ in range(4):
        slots.take("eve", CAFE)
    with pytest.raises(RateLimited):
        slots.take("eve", CAFE)
    for release in releases:
        release()
    slots.take("eve", CAFE)


@pytest.mark.parametrize(
    "addresses",
    [["192.0.2.1"], ["2001:db8:1::1", "2001:db8:1:2::1", "2001:db8:1:ffff::1"]],
    ids=["an address", "a site"],
)
def test_a_network_leaves_a_quarter_to_others(addresses: list[str]) -> None:
    slots = TransferSlots(2, 12)
    takers = [(f"user{number}", addresses[number % len(addresses)]) for number in range(10)]
    releases = [slots.take(*taker) for taker in takers[:9]]
    with pytest.raises(RateLimited):
        slots.take(*takers[9])
    for _ in range(2):
        slots.take("ada", SCHOOL)
    releases[0]()
    slots.take(*takers[9])


def test_without_limits_nobody_is_refused() -> None:
    slots = TransferSlots(1, 1, enabled=False)
    for _ in range(3):
        slots.take("ada", HOME)
