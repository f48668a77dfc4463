"""How many transfers run at a time."""

from __future__ import annotations

import pytest

from chat.errors import RateLimited
from chat.services.transfer_slots import TransferSlots


def test_so_many_transfers_run_at_a_time() -> None:
    """Of one user two, of all three; a released one makes room, once."""
    slots = TransferSlots(2, 3)
    release = slots.take("ada")
    slots.take("ada")
    with pytest.raises(RateLimited):
        slots.take("ada")
    slots.take("bob")
    with pytest.raises(RateLimited):
        slots.take("eve")
    release()
    release()
    slots.take("eve")
    with pytest.raises(RateLimited):
        slots.take("bob")


def test_without_limits_nobody_is_refused() -> None:
    slots = TransferSlots(1, 1, enabled=False)
    for _ in range(3):
        slots.take("ada")
