"""What a caller costs is charged to them, and they wait for it rather than others."""

from __future__ import annotations

import gc
import threading
import time
import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from chat import budgets as accounts
from chat.budgets import HEAVY_AT_ONCE, LARGE_BODIES, NETWORK, SITE, USER, Account, Budgets
from chat.errors import RateLimited
from tests.clocks import Clock

PATIENCE = 30.0  # seconds with a busy machine; no test's promise
SOON = 0.05  # seconds to wait for what must not come


@pytest.fixture
def clock() -> Clock[float]:
    return Clock(1_000.0)


@pytest.fixture
def budgets(clock: Clock[float]) -> Budgets:
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


def test_a_caller_in_debt_waits_until_their_share_has_repaid_it(clock: Clock[float]) -> None:
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


def test_a_caller_who_is_alone_rests_for_nobody_but_lets_others_begin(clock: Clock[float]) -> None:
    rests: list[float] = []
    eve = Budgets(clock=clock, sleep=rests.append).of_user("eve")
    eve.used += 60
    with eve.turn():
        assert rests == [0]
    eve.repay()
    assert rests == [0, 0]


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


def test_a_rest_gives_back_the_credit_and_no_more(budgets: Budgets, clock: Clock[float]) -> None:
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


def test_without_limits_nobody_is_held_up(clock: Clock[float]) -> None:
    ada = Budgets(enabled=False, clock=clock).of_user("ada")
    ada.used += 60
    for _ in range(10 * USER.turns):
        ada.take_turn(wait=0)


@pytest.fixture
def rests() -> list[float]:
    return []


@pytest.fixture
def busy(clock: Clock[float], rests: list[float]) -> Budgets:
    """The accounts of a process in which somebody else is always active; rests are noted."""

    def sleep(seconds: float) -> None:
        rests.append(seconds)
        clock.now += seconds
        found.note_active(found.of_user("ada"))

    found = Budgets(clock=clock, sleep=sleep)
    found.note_active(found.of_user("ada"))
    return found


def test_nobody_rests_in_a_place_that_others_wait_for(busy: Budgets, rests: list[float]) -> None:
    eve = busy.of_user("eve")
    eve.used += USER.credit + 0.3
    with busy.heavy(eve, wait=60):
        assert sum(rests) == pytest.approx(0.3 / USER.share, rel=0.05)
        eve.used += 1
        assert eve.pause() == 0
    assert eve.pause() > 0


def test_work_beside_a_heavy_read_rests_all_the_same(busy: Budgets) -> None:
    eve = busy.of_user("eve")
    with busy.heavy(eve), ThreadPoolExecutor(1) as pool:
        eve.used += 1
        assert pool.submit(eve.pause).result(PATIENCE) > 0


def test_whoever_repays_owes_nothing_afterwards(busy: Budgets, rests: list[float]) -> None:
    eve = busy.of_user("eve")
    eve.used += USER.credit + 0.3
    eve.repay()
    assert sum(rests) == pytest.approx(0.3 / USER.share, rel=0.05)
    eve.repay()
    assert eve.debt() <= 0


def test_what_a_site_owes_its_networks_repay(busy: Budgets, rests: list[float]) -> None:
    network = busy.of_network("2001:db8::/64", "2001:db8::/48")
    assert network.parent is not None
    network.parent.used += SITE.credit + 0.3
    network.repay()
    assert sum(rests) == pytest.approx(0.3 / SITE.share, rel=0.05)


@pytest.mark.parametrize("is_alone", [False, True])
def test_the_ends_of_many_connections_repay_in_single_file(
    clock: Clock[float], is_alone: bool
) -> None:
    asleep, ended = threading.Semaphore(0), threading.Event()

    def sleep(seconds: float) -> None:
        asleep.release()
        ended.wait(PATIENCE)
        clock.now += seconds

    budgets = Budgets(clock=clock, sleep=sleep)
    eve = budgets.of_user("eve")
    if not is_alone:
        budgets.note_active(budgets.of_user("ada"))
    eve.used += USER.credit + 0.005
    threads = [begin(eve.repay) for _ in range(3)]
    assert asleep.acquire(timeout=PATIENCE)
    assert not asleep.acquire(timeout=SOON)
    ended.set()
    for thread in threads:
        thread.join(PATIENCE)
    assert not any(thread.is_alive() for thread in threads)


def test_few_large_bodies_of_a_caller_wait_in_memory(budgets: Budgets) -> None:
    ada = budgets.of_user("ada")
    with ExitStack() as stack:
        for _ in range(LARGE_BODIES):
            stack.enter_context(ada.room_for_body())
        with pytest.raises(RateLimited), ada.room_for_body():
            pass
        with budgets.of_user("eve").room_for_body():
            pass
    with ada.room_for_body():
        pass


def test_the_networks_of_a_site_have_few_times_what_one_has(budgets: Budgets) -> None:
    networks = [budgets.of_network(f"2001:db8:0:{n}::/64", "2001:db8::/48") for n in range(9)]
    for number in range(SITE.turns):
        networks[number % 8].take_turn()
    with pytest.raises(RateLimited):
        networks[8].take_turn(wait=SOON)
    for _ in range(NETWORK.turns):  # and nothing of the ninth's own was kept
        budgets.of_network("192.0.2.1").take_turn(wait=SOON)
    assert networks[8].is_rested()


def test_what_a_network_runs_is_charged_to_its_site(budgets: Budgets) -> None:
    network = budgets.of_network("2001:db8::/64", "2001:db8::/48")
    site = network.parent
    assert (
        site is not None and site is budgets.of_network("2001:db8:0:1::/64", "2001:db8::/48").parent
    )
    assert budgets.of_network("192.0.2.1").parent is None


def test_a_site_in_debt_has_one_turn_at_a_time(budgets: Budgets) -> None:
    one, other = (budgets.of_network(f"2001:db8:0:{n}::/64", "2001:db8::/48") for n in range(2))
    assert one.parent is not None
    one.parent.used += 60
    give_back = one.take_turn()
    with pytest.raises(RateLimited):
        other.take_turn(wait=SOON)
    give_back()
    other.take_turn(wait=SOON)


def test_the_networks_of_a_site_are_not_others_to_it(budgets: Budgets) -> None:
    one, other = (budgets.of_network(f"2001:db8:0:{n}::/64", "2001:db8::/48") for n in range(2))
    budgets.note_active(one)
    assert one.parent is not None
    assert budgets.is_alone(one.parent) and budgets.is_alone(one)
    assert not budgets.is_alone(other)


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch, budgets: Budgets) -> Budgets:
    """The accounts of a process that keeps three."""
    monkeypatch.setattr(accounts, "KNOWN_ACCOUNTS", 3)
    return budgets


def ask_for_many(budgets: Budgets) -> list[weakref.ref[Account]]:
    return [weakref.ref(budgets.of_network(f"192.0.2.{number}")) for number in range(50)]


def test_an_account_in_debt_is_not_forgotten(few: Budgets, clock: Clock[float]) -> None:
    few.of_user("eve").used += USER.credit + 0.2
    ask_for_many(few)
    assert few.of_user("eve").debt() == pytest.approx(0.2)
    clock.now += 3_600
    asked_for = ask_for_many(few)
    gc.collect()
    assert sum(account() is not None for account in asked_for) == 3
    assert few.of_user("eve").used == 0


def test_an_account_with_a_turn_taken_is_not_forgotten(few: Budgets) -> None:
    for _ in range(USER.turns):
        few.of_user("eve").take_turn()
        ask_for_many(few)
    with pytest.raises(RateLimited):
        few.of_user("eve").take_turn(wait=SOON)


def test_whoever_holds_an_account_finds_no_second_one(few: Budgets) -> None:
    held = few.of_user("eve")  # as a connection does, for what comes from it
    ask_for_many(few)
    assert few.of_user("eve") is held


def test_a_site_whose_networks_take_turns_is_not_alone_among_others(budgets: Budgets) -> None:
    one, other = (budgets.of_network(f"2001:db8:0:{n}::/64", "2001:db8::/48") for n in range(2))
    for account in (budgets.of_user("ada"), one, other, one):
        budgets.note_active(account)
    assert one.parent is not None
    assert not budgets.is_alone(one.parent)
    assert not budgets.is_alone(one)


def test_without_limits_few_heavy_reads_run_at_a_time_and_none_is_refused() -> None:
    budgets = Budgets(enabled=False)
    with ExitStack() as stack:
        for number in range(HEAVY_AT_ONCE):
            stack.enter_context(budgets.heavy(budgets.of_user(str(number)), SOON))
        began = time.monotonic()
        with budgets.heavy(budgets.of_user("late"), SOON):
            assert time.monotonic() - began >= SOON
    began = time.monotonic()
    with budgets.heavy(budgets.of_user("later"), PATIENCE):
        assert time.monotonic() - began < PATIENCE
