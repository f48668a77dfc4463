"""What a caller costs is charged to them, and they wait for it rather than others."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from chat.budgets import NETWORK, USER, Account, Budgets
from chat.errors import RateLimited

PATIENCE = 30.0  # seconds with a busy machine; no test's promise
SOON = 0.05  # seconds to wait for what must not come


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def budgets(clock: Clock) -> Budgets:
    return Budgets(clock=clock)


def begin(function: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=function, daemon=True)
    thread.start()
    return thread


def test_a_caller_has_so_many_turns_and_the_next_waits_for_one(budgets: Budgets) -> None:
    ada = budgets.of_user("ada")
    turns = [ada.take_turn() for _ in range(USER.turns)]
    came = threading.Event()

    def wait() -> None:
        ada.take_turn()
        came.set()

    begin(wait)
    assert not came.wait(SOON)
    turns[0]()
    assert came.wait(PATIENCE)


def test_one_caller_never_waits_for_another(budgets: Budgets) -> None:
    ada, eve = budgets.of_user("ada"), budgets.of_user("eve")
    for _ in range(USER.turns):
        eve.take_turn()
    eve.used += 60
    with ada.turn():
        assert ada.debt() < 0


def test_a_turn_that_does_not_come_in_time_is_refused(budgets: Budgets) -> None:
    ada = budgets.of_user("ada")
    for _ in range(USER.turns):
        ada.take_turn()
    with pytest.raises(RateLimited):
        ada.take_turn(wait=SOON)


def test_what_waits_is_bounded(budgets: Budgets) -> None:
    ada = budgets.of_user("ada")
    turns = [ada.take_turn() for _ in range(USER.turns)]
    refused = threading.Semaphore(0)

    def wait() -> None:
        try:
            with ada.turn(PATIENCE):
                pass
        except RateLimited:
            refused.release()

    threads = [begin(wait) for _ in range(USER.waiting + 3)]
    for _ in range(3):
        assert refused.acquire(timeout=PATIENCE)
    for give_back in turns:
        give_back()
    for thread in threads:
        thread.join(PATIENCE)
    assert not refused.acquire(timeout=SOON)


def test_turns_taken_by_many_at_once_are_all_given_back(budgets: Budgets) -> None:
    ada = budgets.of_user("ada")
    at_once, most = 0, 0
    lock = threading.Lock()

    def work(_: int) -> None:
        nonlocal at_once, most
        with ada.turn(PATIENCE):
            with lock:
                at_once += 1
                most = max(most, at_once)
            with lock:
                at_once -= 1

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(work, range(2_000)))
    assert most <= USER.turns
    for _ in range(USER.turns):
        ada.take_turn(wait=SOON)


def test_a_caller_in_debt_waits_until_their_share_has_repaid_it(clock: Clock) -> None:
    def sleep(seconds: float) -> None:
        rests.append(seconds)
        clock.now += seconds
        budgets.note_active(ada)

    rests: list[float] = []
    budgets = Budgets(clock=clock, sleep=sleep)
    ada, eve = budgets.of_user("ada"), budgets.of_user("eve")
    budgets.note_active(ada)
    eve.used += USER.credit + 0.3
    with eve.turn(wait=60):
        assert sum(rests) == pytest.approx(0.3 / USER.share, rel=0.05)


def test_a_caller_who_is_alone_waits_for_nobody(clock: Clock) -> None:
    rests: list[float] = []
    eve = Budgets(clock=clock, sleep=rests.append).of_user("eve")
    eve.used += 60
    with eve.turn():
        assert rests == []


def test_a_caller_in_debt_has_one_turn_at_a_time(budgets: Budgets) -> None:
    eve = budgets.of_user("eve")
    eve.used += 60
    give_back = eve.take_turn()
    with pytest.raises(RateLimited):
        eve.take_turn(wait=SOON)
    give_back()
    eve.take_turn(wait=SOON)


def test_a_debt_is_bounded(budgets: Budgets) -> None:
    eve = budgets.of_user("eve")
    eve.used += 3_600
    assert eve.debt() == USER.most_debt


def test_a_rest_gives_back_the_credit_and_no_more(budgets: Budgets, clock: Clock) -> None:
    ada = budgets.of_user("ada")
    ada.used += USER.credit + 0.1
    assert ada.debt() == pytest.approx(0.1)
    clock.now += 3_600
    assert ada.debt() == pytest.approx(-USER.credit)


def test_one_caller_has_one_heavy_read_at_a_time(budgets: Budgets) -> None:
    ada, eve = budgets.of_user("ada"), budgets.of_user("eve")
    inside, done = threading.Event(), threading.Event()

    def read() -> None:
        with budgets.heavy(ada):
            inside.set()
            done.wait(PATIENCE)

    first = begin(read)
    assert inside.wait(PATIENCE)
    with budgets.heavy(eve):
        pass
    again = threading.Event()
    begin(lambda: _read(budgets, ada, again))
    assert not again.wait(SOON)
    done.set()
    first.join(PATIENCE)
    assert again.wait(PATIENCE)


def _read(budgets: Budgets, account: Account, done: threading.Event) -> None:
    with budgets.heavy(account):
        done.set()


def test_users_and_networks_have_accounts_of_their_own(budgets: Budgets) -> None:
    assert budgets.of_user("7") is budgets.of_user("7")
    assert budgets.of_user("7") is not budgets.of_network("7")
    assert NETWORK.turns > USER.turns


def test_without_limits_nobody_is_held_up(clock: Clock) -> None:
    ada = Budgets(enabled=False, clock=clock).of_user("ada")
    ada.used += 60
    for _ in range(10 * USER.turns):
        ada.take_turn(wait=0)


def test_nobody_rests_in_a_place_that_others_wait_for(clock: Clock) -> None:
    rests: list[float] = []

    def sleep(seconds: float) -> None:
        rests.append(seconds)
        clock.now += seconds
        budgets.note_active(ada)

    budgets = Budgets(clock=clock, sleep=sleep)
    ada, eve = budgets.of_user("ada"), budgets.of_user("eve")
    budgets.note_active(ada)
    eve.used += USER.credit + 0.3
    with budgets.heavy(eve, wait=60):
        assert sum(rests) == pytest.approx(0.3 / USER.share, rel=0.05)
        eve.used += 1
        assert eve.pause() == 0
    assert eve.pause() > 0
