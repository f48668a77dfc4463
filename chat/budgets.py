"""Budgets: each caller has a few turns at a time and a share of the server's time.

A caller is a user, or a network if no user is known. Requests and events take a turn of their
caller; further ones wait in that caller's own queue, so other callers do not wait behind them. The
time that a turn runs, without its waits for the database, is charged to the caller's account. An
account in debt has one turn at a time. While other callers are active, it first waits until its
share of the time has repaid the debt. The work of a network is charged to its site, too.
"""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from weakref import WeakValueDictionary

from chat.concurrency import Payer
from chat.errors import RateLimited

WAIT_SECONDS = 4.0  # for a turn; shorter than the deadline of every answer
STEP_SECONDS = 0.05  # a caller in debt checks so often whether it is the only active one
SHORTEST = 0.001  # seconds; the shortest pause for a debt
ACTIVE_SECONDS = 1.0  # a caller counts as active so long after its last request for a turn
KNOWN_ACCOUNTS = 20_000  # more are kept only while they have something to repay
CHECKS_PER_LOOKUP = 4  # accounts that each lookup checks for removal
ACCOUNT = "chat.account"  # in the WSGI environment: the account whose turn the request has
LARGE_BODIES = 64  # of one caller, in memory before their turns
HEAVY_AT_ONCE = 4  # heavy reads of all callers together; each caller may have one


@dataclass(frozen=True, slots=True)
class Allowance:
    """What one kind of caller may use.

    `turns` run at a time and `waiting` ones may be queued. While other callers are active, the
    caller may run for `share` of the time. After a pause it may run `credit` seconds more.
    `most_debt` is the maximum debt in seconds.
    """

    turns: int
    waiting: int
    share: float
    credit: float
    most_debt: float


USER = Allowance(turns=8, waiting=64, share=0.15, credit=0.1, most_debt=0.5)
# One network may be a whole school in which all pages load at once.
NETWORK = Allowance(turns=16, waiting=1_024, share=0.5, credit=0.1, most_debt=1.0)
# A /48 of IPv6 has 65,536 networks. Together they have the turns of three of them, and the share
# of the time of one.
SITE = Allowance(turns=48, waiting=3_072, share=0.5, credit=0.3, most_debt=1.0)


class Account(Payer):
    """The turns, queue and budget of one caller. `parent` is the account of a network's site."""

    parent: Account | None

    def __init__(
        self, budgets: Budgets, allowance: Allowance, parent: Account | None = None
    ) -> None:
        super().__init__(parent)
        self._budgets = budgets
        self._allowance = allowance
        self._free = [True] * allowance.turns  # list operations are atomic: no lock is needed
        self._queue: list[threading.Event] = []
        self._lock = threading.Lock()  # of the queue and of the number of bodies
        self._locks: dict[str, threading.Lock] = {}  # those that were needed
        self._large_bodies = 0  # in memory
        self._heavy_thread: int | None = None  # the thread that holds a heavy slot
        self._balance = allowance.credit
        self._settled_at = budgets.clock()
        self._settled_used = 0.0

    @property
    def heavy(self) -> threading.Lock:
        """Return the lock that is held by the heavy read of this account."""
        return self._lock_for("heavy")

    @property
    def _single_turn(self) -> threading.Lock:
        """Return the lock that is held by the only turn of an account in debt."""
        return self._lock_for("single turn")

    @property
    def _repaying(self) -> threading.Lock:
        """Return the lock that is held by the thread that waits in `repay`."""
        return self._lock_for("repaying")

    def _lock_for(self, purpose: str) -> threading.Lock:
        """Return a lock, made at first use: a green one takes a KiB, and idle callers need none."""
        found = self._locks.get(purpose)
        return self._locks.setdefault(purpose, threading.Lock()) if found is None else found

    def take_turn(self, wait: float = WAIT_SECONDS) -> Callable[[], None]:
        """Wait for a turn and return the function that releases it, to be called once.

        Raises RateLimited when too many turns wait, or when none becomes free in time.
        """
        if not self._budgets.enabled:
            return _nothing
        until = self._budgets.clock() + wait
        release = self._take_own_turn(until)
        if self.parent is None:
            return release
        try:
            release_of_site = self.parent.take_turn(until - self._budgets.clock())
        except BaseException:
            release()
            raise

        def release_both() -> None:
            release_of_site()
            release()

        return release_both

    @contextmanager
    def turn(self, wait: float = WAIT_SECONDS) -> Iterator[None]:
        """Hold a turn; raises what `take_turn` raises."""
        release = self.take_turn(wait)
        try:
            yield
        finally:
            release()

    def debt(self) -> float:
        """Return the seconds used beyond the budget; zero or less means no debt."""
        now = self._budgets.clock()
        earned = (now - self._settled_at) * self._allowance.share
        used, self._settled_used = self.used - self._settled_used, self.used
        balance = min(self._allowance.credit, self._balance + earned) - used
        self._balance = max(balance, -self._allowance.most_debt)
        self._settled_at = now
        return -self._balance

    def is_rested(self) -> bool:
        """Return whether the account is as good as new: no turn is taken, the credit is full."""
        is_idle = len(self._free) == self._allowance.turns
        return is_idle and self.debt() <= -self._allowance.credit

    def pause(self) -> float:
        """Return the seconds that long work of this account should pause now."""
        if self._heavy_thread == threading.get_ident():
            return 0.0
        return max(self._own_pause(), 0.0 if self.parent is None else self.parent.pause())

    def repay(self) -> None:
        """Wait until this account and its site have no debt, for WAIT_SECONDS at most.

        The threads of one account wait one after the other. The only active caller need not wait
        for its debt, but yields once, because otherwise no other caller could become active.
        """
        if self._is_in_debt():
            until = self._budgets.clock() + WAIT_SECONDS
            with suppress(RateLimited), self._held(self._repaying, until):
                self._wait_for_debt(until)
        if self.parent is not None:
            self.parent.repay()

    def _own_pause(self) -> float:
        if not self._is_in_debt() or self._budgets.is_alone(self):
            return 0.0
        return max(SHORTEST, min(STEP_SECONDS, self.debt() / self._allowance.share))

    def _is_in_debt(self) -> bool:
        return self._budgets.enabled and self.debt() > 0

    @contextmanager
    def heavy_slot(self, slots: threading.BoundedSemaphore, until: float) -> Iterator[None]:
        """Hold one of the slots that all callers share; each caller has one at a time.

        The debt is repaid before, because other callers wait while the slot is held.
        """
        with self._held(self.heavy, until):
            self._wait_for_debt(until)
            with self._held(slots, until):
                self._heavy_thread = threading.get_ident()
                try:
                    yield
                finally:
                    self._heavy_thread = None

    @contextmanager
    def room_for_body(self) -> Iterator[None]:
        """Hold room for a large body in memory; raise RateLimited when there is none."""
        with self._lock:
            if self._budgets.enabled and self._large_bodies >= LARGE_BODIES:
                raise self._too_much()
            self._large_bodies += 1
        try:
            yield
        finally:
            with self._lock:
                self._large_bodies -= 1

    @contextmanager
    def _held(
        self, lock: threading.Lock | threading.BoundedSemaphore, until: float
    ) -> Iterator[None]:
        if not lock.acquire(timeout=max(SHORTEST, until - self._budgets.clock())):
            raise self._too_much()
        try:
            yield
        finally:
            lock.release()

    def _take_single_turn(self, until: float) -> None:
        if not self._single_turn.acquire(timeout=max(SHORTEST, until - self._budgets.clock())):
            raise self._too_much()
        try:
            self._wait_for_debt(until)
        except BaseException:
            self._single_turn.release()
            raise

    def _wait_for_debt(self, until: float) -> None:
        """Wait until there is no debt or no other active caller; raise RateLimited at `until`.

        It yields to other green threads at least once.
        """
        while (pause := self._own_pause()) > 0:
            if self._budgets.clock() > until:
                raise self._too_much()
            self._budgets.sleep(pause)
        self._budgets.sleep(0)

    def _take_own_turn(self, until: float) -> Callable[[], None]:
        self._take_slot(until - self._budgets.clock())
        if self.debt() <= 0:
            return self._release_slot
        try:
            self._take_single_turn(until)
        except BaseException:
            self._release_slot()
            raise
        return self._release_single_turn

    def _take_slot(self, wait: float) -> None:
        if self._take_free_slot():
            return
        with self._lock:
            if len(self._queue) >= self._allowance.waiting:
                raise self._too_much()
            ready = threading.Event()
            self._queue.append(ready)
            self._serve_queue()  # a slot may have become free since the check above
        if ready.wait(wait):
            return
        with self._lock:
            if ready.is_set():  # it was set after the time-out
                return
            self._queue.remove(ready)
        raise self._too_much()

    def _release_slot(self) -> None:
        self._free.append(True)
        if self._queue:
            with self._lock:
                self._serve_queue()

    def _release_single_turn(self) -> None:
        self._single_turn.release()
        self._release_slot()

    def _serve_queue(self) -> None:
        while self._queue and self._take_free_slot():
            self._queue.pop(0).set()

    def _take_free_slot(self) -> bool:
        try:
            return self._free.pop()
        except IndexError:
            return False

    def _too_much(self) -> RateLimited:
        return RateLimited(max(1, math.ceil(self.debt() / self._allowance.share)))


class RecentCallers:
    """The last two active accounts, and when: enough to see whether any other one is active."""

    def __init__(self) -> None:
        self._latest: tuple[Account | None, float] = (None, 0.0)
        self._other: tuple[Account | None, float] = (None, 0.0)

    def record(self, account: Account, now: float) -> None:
        """Record that an account is active now."""
        if self._latest[0] is not account:
            self._other = self._latest
        self._latest = (account, now)

    def has_other(self, account: Account, since: float) -> bool:
        """Return whether another account was active since a moment."""
        return any(
            found is not None and found is not account and at > since
            for found, at in (self._latest, self._other)
        )


class Budgets:
    """The accounts of all callers of this process. Unless `enabled`, no caller ever waits."""

    def __init__(
        self,
        enabled: bool = True,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.enabled = enabled
        self.clock = clock
        self.sleep = sleep
        # Weak: while a connection holds an account, no second one is created under its key.
        self._accounts: WeakValueDictionary[str, Account] = WeakValueDictionary()
        self._kept: OrderedDict[Account, None] = OrderedDict()  # least recently used first
        self._lock = threading.Lock()  # of the accounts
        self._heavy = threading.BoundedSemaphore(HEAVY_AT_ONCE)
        self._callers = RecentCallers()
        self._tops = RecentCallers()  # the same, with sites instead of their networks

    def of_user(self, user_id: str) -> Account:
        """Return the account of a user."""
        return self._account(f"user {user_id}", USER)

    def of_network(self, network: str, site: str | None = None) -> Account:
        """Return the account of a network of a site, as `network_of` and `site_of` name them."""
        parent = None if site is None else self._account(f"site {site}", SITE)
        return self._account(f"network {network}", NETWORK, parent)

    @contextmanager
    def heavy(self, account: Account, wait: float = WAIT_SECONDS) -> Iterator[None]:
        """Hold one of the few slots for heavy reads; raise RateLimited if none becomes free.

        Without limits nobody is refused: the read then begins after `wait` without a slot.
        """
        if self.enabled:
            with account.heavy_slot(self._heavy, self.clock() + wait):
                yield
            return
        is_held = self._heavy.acquire(timeout=max(SHORTEST, wait))
        try:
            yield
        finally:
            if is_held:
                self._heavy.release()

    def note_active(self, account: Account) -> None:
        """Record that a caller has requested a turn."""
        now = self.clock()
        self._callers.record(account, now)
        self._tops.record(account.parent or account, now)

    def is_alone(self, account: Account) -> bool:
        """Return whether no other caller is active. A site's own networks are not other callers."""
        since, top = self.clock() - ACTIVE_SECONDS, account.parent or account
        if self._tops.has_other(top, since):
            return False
        return account is top or not self._callers.has_other(account, since)

    def _account(self, key: str, allowance: Allowance, parent: Account | None = None) -> Account:
        with self._lock:
            account = self._accounts.get(key)
            if account is None:
                account = self._accounts[key] = Account(self, allowance, parent)
            self._kept[account] = None
            self._kept.move_to_end(account)
            self._forget_some()
            return account

    def _forget_some(self) -> None:
        """Remove surplus accounts, but none in use or without full credit: a new one has more."""
        for _ in range(CHECKS_PER_LOOKUP):
            if len(self._kept) <= KNOWN_ACCOUNTS:
                return
            oldest = next(iter(self._kept))
            if oldest.is_rested():
                del self._kept[oldest]
            else:
                self._kept.move_to_end(oldest)


def _nothing() -> None:
    """Release nothing, because no turn was taken."""
