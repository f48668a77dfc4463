"""Verification codes over time, and under concurrent tries."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from pymongo.collection import Collection

from chat.database.client import Database
from chat.errors import InvalidInput
from chat.repositories.codes import CodeRepository
from chat.services.codes import DIGITS, VerificationCodes
from harness.accounts import new_email, new_password
from tests.clocks import Clock

MINUTE = 60_000


@pytest.fixture
def clock() -> Clock[int]:
    return Clock(1_800_000_000_000)


@pytest.fixture
def codes(migrated: Database, clock: Clock[int]) -> VerificationCodes:
    return VerificationCodes(codes=CodeRepository(migrated), secret=new_password() * 3, clock=clock)


def test_reset_codes_are_longer_and_older_shorter_ones_are_valid(
    codes: VerificationCodes, monkeypatch: pytest.MonkeyPatch
) -> None:
    email = new_email()
    assert len(codes.issue(email, "register")) == 6
    assert len(codes.issue(email, "reset")) == 8
    with monkeypatch.context() as before:
        before.setitem(DIGITS, "reset", 6)
        code = codes.issue(email, "reset")
    codes.check(email, "reset", code)


def is_right(codes: VerificationCodes, email: str, code: str) -> bool:
    try:
        codes.check(email, "register", code)
    except InvalidInput as error:
        assert error.fields == {"code": ["invalid.code"]}
        return False
    return True


def other_than(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06}"


def test_a_code_has_six_digits_and_is_right_in_any_case_of_the_address(
    codes: VerificationCodes,
) -> None:
    code = codes.issue("Someone@example.org", "register")
    assert len(code) == 6 and code.isascii() and code.isdigit()
    assert is_right(codes, "sOMEONE@example.org", code)
    assert not is_right(codes, "someone@example.org", f" {code}")


def test_a_code_is_void_after_ten_minutes(codes: VerificationCodes, clock: Clock[int]) -> None:
    email = new_email()
    code = codes.issue(email, "register")
    clock.now += 10 * MINUTE - 1
    assert is_right(codes, email, code)
    clock.now += 1
    assert not is_right(codes, email, code)


def test_a_code_of_a_clock_that_was_ahead_is_void(
    codes: VerificationCodes, clock: Clock[int]
) -> None:
    email = new_email()
    code = codes.issue(email, "register")
    clock.now -= 1_000  # a clock that is set by a little does no harm
    assert is_right(codes, email, code)
    clock.now -= 24 * 60 * MINUTE
    assert not is_right(codes, email, code)
    assert is_right(codes, email, codes.issue(email, "register"))


def test_right_tries_are_not_counted(codes: VerificationCodes) -> None:
    email = new_email()
    code = codes.issue(email, "register")
    assert all(is_right(codes, email, code) for _ in range(7))
    for _ in range(5):
        assert not is_right(codes, email, other_than(code))
    assert not is_right(codes, email, code)


def test_many_wrong_tries_at_once_void_it_too(codes: VerificationCodes) -> None:
    email = new_email()
    code = codes.issue(email, "register")
    with ThreadPoolExecutor(16) as pool:
        assert not any(pool.map(lambda _: is_right(codes, email, other_than(code)), range(16)))
    assert not is_right(codes, email, code)


def test_a_try_is_not_counted_for_a_code_that_replaces_the_read_one(
    codes: VerificationCodes, monkeypatch: pytest.MonkeyPatch
) -> None:
    email = new_email()
    codes.issue(email, "register")
    find, issued = Collection.find_one, list[str]()

    def find_then_issue(*args: Any, **options: Any) -> Any:
        found = find(*args, **options)
        issued.append(codes.issue(email, "register"))
        return found

    with monkeypatch.context() as patch:
        patch.setattr(Collection, "find_one", find_then_issue)
        assert not is_right(codes, email, "no code")
    for _ in range(4):
        assert not is_right(codes, email, other_than(issued[0]))
    assert is_right(codes, email, issued[0])  # none of its five tries was spent on the first code


def test_a_new_code_starts_with_all_its_tries(codes: VerificationCodes) -> None:
    email = new_email()
    wrong = other_than(codes.issue(email, "register"))
    for _ in range(5):
        is_right(codes, email, wrong)
    assert is_right(codes, email, codes.issue(email, "register"))


def test_a_code_is_valid_only_for_its_purpose(codes: VerificationCodes) -> None:
    email = new_email()
    assert not is_right(codes, email, codes.issue(email, "reset"))


def test_no_code_matches_a_decoy_and_it_replaces_a_code(
    codes: VerificationCodes, migrated: Database
) -> None:
    email = new_email()
    code = codes.issue(email, "register")
    of_code = migrated.db["verification_code"].find_one({"email": email})
    codes.issue_decoy(email, "register")
    of_decoy = migrated.db["verification_code"].find_one({"email": email})
    assert not is_right(codes, email, code)
    assert of_code and of_decoy
    for name in ("salt", "code_hash"):
        assert len(of_code[name]) == len(of_decoy[name])


def test_a_code_is_used_up_by_one(codes: VerificationCodes) -> None:
    email = new_email()
    code = codes.issue(email, "register")
    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(lambda _: codes.use_up(email, "register"), range(8))) == 1
    assert not is_right(codes, email, code)


def test_concurrent_requests_for_codes_leave_one_valid_code(codes: VerificationCodes) -> None:
    email = new_email()
    with ThreadPoolExecutor(8) as pool:
        issued = list(pool.map(lambda _: codes.issue(email, "register"), range(8)))
    assert len({code for code in issued if is_right(codes, email, code)}) <= 1
    assert is_right(codes, email, codes.issue(email, "register"))
