"""Which hashes of other servers are checked, because their parameters set the cost."""

from __future__ import annotations

import base64
import time

import pytest
from argon2 import PasswordHasher

from chat.services.passwords import (
    MAX_LANES,
    MAX_MEMORY_KIB,
    MAX_PASSES,
    Passwords,
    is_affordable,
)
from harness.accounts import new_password


def hash_with(memory_kib: int, passes: int = 1, lanes: int = 1, kind: str = "argon2id") -> str:
    """Return what has the form of a hash with these parameters; no password fits it."""
    salt, digest = (base64.b64encode(bytes(size)).decode().rstrip("=") for size in (16, 32))
    return f"${kind}$v=19$m={memory_kib},t={passes},p={lanes}${salt}${digest}"


@pytest.mark.parametrize(
    "costs",
    [(1 << 20, 1, 1), (MAX_MEMORY_KIB + 1, 1, 1), (8, MAX_PASSES + 1, 1), (64, 1, MAX_LANES + 1)]
    + [(8, 10**9, 1), (10**30, 1, 1)],
)
def test_a_hash_that_is_too_expensive_is_never_computed(costs: tuple[int, int, int]) -> None:
    passwords = Passwords()
    passwords.verify(None, new_password())  # makes what every wrong log-in is compared with
    began = time.process_time()
    assert not passwords.verify(hash_with(*costs), new_password())
    assert time.process_time() - began < 1.0  # 1 GiB takes longer, and is memory besides
    assert not is_affordable(hash_with(*costs))


@pytest.mark.parametrize("text", ["", "$argon2id$", "$argon2id$v=19$m=x,t=1,p=1$AA$AA", "é" * 99])
def test_what_is_no_hash_of_argon2id_is_not_checked(text: str) -> None:
    assert not is_affordable(text)
    assert not Passwords().verify(text, new_password())


def test_another_kind_of_argon2_is_not_checked() -> None:
    assert not is_affordable(hash_with(64, kind="argon2i"))


@pytest.mark.parametrize("costs", [(64 * 1024, 3, 4), (100 * 1024, 2, 8), (MAX_MEMORY_KIB, 1, 1)])
def test_a_hash_as_other_servers_make_them_is_good(costs: tuple[int, int, int]) -> None:
    memory, passes, lanes = costs
    password = new_password()
    made = PasswordHasher(memory_cost=memory, time_cost=passes, parallelism=lanes).hash(password)
    assert Passwords().verify(made, password)
    assert not Passwords().verify(made, new_password())
