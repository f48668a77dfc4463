"""Cost is counted by caller: each has few turns at a time and a budget of the server's time.

A caller is a user, or a network where no user is known. Requests and events take a turn of their
caller; the others wait in that caller's own queue, so that nobody else waits behind them. The time
that a turn really runs, not the time it waits for the database, is charged to the caller's account.
An account in debt has one turn at a time. While other callers are active, it first waits until its
share of the time has repaid the debt. What a network does counts for its site, too.
"""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from weakref import WeakValueDictionary

from chat.concurrency import Payer
from chat.errors import RateLimited

WAIT_SECONDS = 4.0  # for a turn: less than the time within which everything is answered
STEP_SECONDS = 0.05  # a caller in debt looks so often whether it is alone
SHORTEST = 0.001  # seconds; a smaller debt is not worth a rest of its own length
ACTIVE_SECONDS = 1.0  # a caller counts as active for so long after it last wanted a turn
KNOWN_ACCOUNTS = 20_000  # that have nothing to repay
LOOKS = 4  # at accounts to be forgotten, each time one is asked for
ACCOUNT = "chat.account"  # in the WSGI environment: whose turn the request has
LARGE_BODIES = 64  # that a caller may have in memory before their turns come
HEAVY_AT_ONCE = 4  # reads of much, of all callers together; each caller has one


@dataclass(frozen=True, slots=True)
class Allowance:
    """What one kind of caller may use.

    `share` is the part of the time that it may run while others are active, `credit` the seconds
    that it may run beyond that after a rest, `most_debt` the most seconds that it has to repay.
    """

    turns: int
    waiting: int
    share: float
    credit: float
    most_debt: float


USER = Allowance(turns=8, waiting=64, share=0.15, credit=0.1, most_debt=0.5)
# A network may be a whole school whose pages load at once.
NETWORK = Allowance(turns=16, waiting=1_024, share=0.5, credit=0.1, most_debt=1.0)
# A /48 of IPv6 has 65,536 networks: together they may do what a few of them may, and no longer run
# for more of the time than one.
SITE = Allowance(turns=48, waiting=3_072, share=0.5, credit=0.3, most_debt=1.0)


class Account(Payer):
    """What one caller has running, waiting, and left of its budget; its `parent` is its site's."""

    parent: Account | None

    def __init__(
        self, budgets: Budgets, allowance: Allowance, parent: Account | None = None
    ) -> None:
        super().__init__(parent)
        self._budgets = budgets
        self._allowance = allowance
        self._free = [True] * allowance.turns  # taken and given back in one step, without a lock
        self._queue: deque[threading.Event] = deque()
        self._lock = threading.Lock()  # of the queue
        self._single_file = threading.Lock()  # held by the one turn of an account in debt
        self.heavy = threading.Lock()
        self._large_bodies = threading.BoundedSemaphore(LARGE_BODIES)  # of requests without a turn
        self._repaying = threading.Lock()  # held by the one who waits at a connection's end
        self._reader: int | None = None  # the thread that has a place, for which others wait
        self._balance = allowance.credit
        self._settled_at = budgets.clock()
        self._settled_used = 0.0

    def take_turn(self, wait: float = WAIT_SECONDS) -> Callable[[], None]:
        """Wait for a turn and return the function that gives it back, to be called once.

        Raises RateLimited when too many wait, or when it does not come in time.
        """
        if not self._budgets.enabled:
            return _nothing
        until = self._budgets.clock() + wait
        give_back = self._take_own_turn(until)
        if self.parent is None:
            return give_back
        try:
            give_back_of_site = self.parent.take_turn(until - self._budgets.clock())
        except BaseException:
            give_back()
            raise

        def give_both() -> None:
            give_back_of_site()
            give_back()

        return give_both

    @contextmanager
    def turn(self, wait: float = WAIT_SECONDS) -> Iterator[None]:
        """Hold a turn; raises what `take_turn` raises."""
        give_back = self.take_turn(wait)
        try:
            yield
        finally:
            give_back()

    def debt(self) -> float:
        """Return how many seconds it ran beyond its budget; none where that is not positive."""
        now = self._budgets.clock()
        earned = (now - self._settled_at) * self._allowance.share
        used, self._settled_used = self.used - self._settled_used, self.used
        balance = min(self._allowance.credit, self._balance + earned) - used
        self._balance = max(balance, -self._allowance.most_debt)
        self._settled_at = now
        return -self._balance

    def is_rested(self) -> bool:
        """Tell whether it is as good as a new one: no turn is taken, and all credit is there."""
        is_idle = len(self._free) == self._allowance.turns
        return is_idle and self.debt() <= -self._allowance.credit

    def pause(self) -> float:
        """Return how long long work should rest before it goes on, in seconds."""
        if self._reader == threading.get_ident():
            return 0.0
        return max(self._own_pause(), 0.0 if self.parent is None else self.parent.pause())

    def repay(self) -> None:
        """Wait in single file until nothing is owed here or by the site, for WAIT_SECONDS at most.

        Whoever is alone goes on, but in single file all the same, and lets everybody else have a
        turn first: nobody else could become active before.
        """
        if self._owes():
            until = self._budgets.clock() + WAIT_SECONDS
            with suppress(RateLimited), self._held(self._repaying, until):
                self._rest(until)
        if self.parent is not None:
            self.parent.repay()

    def _own_pause(self) -> float:
        if not self._owes() or self._budgets.is_alone(self):
            return 0.0
        return max(SHORTEST, min(STEP_SECONDS, self.debt() / self._allowance.share))

    def _owes(self) -> bool:
        return self._budgets.enabled and self.debt() > 0

    @contextmanager
    def place(self, places: threading.BoundedSemaphore, until: float) -> Iterator[None]:
        """Hold one of the places that all callers share; each caller has one at a time.

        What is owed is repaid before, because others wait for who rests there.
        """
        with self._held(self.heavy, until):
            self._rest(until)
            with self._held(places, until):
                self._reader = threading.get_ident()
                try:
                    yield
                finally:
                    self._reader = None

    @contextmanager
    def room_for_body(self) -> Iterator[None]:
        """Hold room for a large body in memory; raise RateLimited when there is none."""
        is_counted = self._budgets.enabled
        if is_counted and not self._large_bodies.acquire(blocking=False):
            raise self._too_much()
        try:
            yield
        finally:
            if is_counted:
                self._large_bodies.release()

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

    def _rest_in_single_file(self, until: float) -> None:
        if not self._single_file.acquire(timeout=max(SHORTEST, until - self._budgets.clock())):
            raise self._too_much()
        try:
            self._rest(until)
        except BaseException:
            self._single_file.release()
            raise

    def _rest(self, until: float) -> None:
        """Wait until nothing is owed, or nobody else is active; raise RateLimited at `until`.

        In any case everybody else has a turn.
        """
        while (rest := self._own_pause()) > 0:
            if self._budgets.clock() > until:
                raise self._too_much()
            self._budgets.sleep(rest)
        self._budgets.sleep(0)

    def _take_own_turn(self, until: float) -> Callable[[], None]:
        self._take_slot(until - self._budgets.clock())
        if self.debt() <= 0:
            return self._give_slot
        try:
            self._rest_in_single_file(until)
        except BaseException:
            self._give_slot()
            raise
        return self._give_single_slot

    def _take_slot(self, wait: float) -> None:
        if self._take_free_slot():
            return
        with self._lock:
            if len(self._queue) >= self._allowance.waiting:
                raise self._too_much()
            ready = threading.Event()
            self._queue.append(ready)
            self._serve_queue()  # a slot may have come back since we looked
        if ready.wait(wait):
            return
        with self._lock:
            if ready.is_set():  # at the last moment
                return
            self._queue.remove(ready)
        raise self._too_much()

    def _give_slot(self) -> None:
        self._free.append(True)
        if self._queue:
            with self._lock:
                self._serve_queue()

    def _give_single_slot(self) -> None:
        self._single_file.release()
        self._give_slot()

    def _serve_queue(self) -> None:
        while self._queue and self._take_free_slot():
            self._queue.popleft().set()

    def _take_free_slot(self) -> bool:
        try:
            return self._free.pop()
        except IndexError:
            return False

    def _too_much(self) -> RateLimited:
        return RateLimited(max(1, math.ceil(self.debt() / self._allowance.share)))


class LastTwo:
    """The two accounts that were active last, the latest first, and when: enough to see another."""

    def __init__(self) -> None:
        self._latest: tuple[Account | None, float] = (None, 0.0)
        self._other: tuple[Account | None, float] = (None, 0.0)

    def note(self, account: Account, now: float) -> None:
        """Note that an account is active now."""
        if self._latest[0] is not account:
            self._other = self._latest
        self._latest = (account, now)

    def has_other(self, account: Account, since: float) -> bool:
        """Tell whether another account than this one was active since then."""
        return any(
            found is not None and found is not account and at > since
            for found, at in (self._latest, self._other)
        )


class Budgets:
    """The accounts of all callers of this process; where not `enabled`, nobody is held up."""

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
        # Whoever holds an account, as a connection does, finds no second one under its name.
        self._accounts: WeakValueDictionary[str, Account] = WeakValueDictionary()
        self._kept: OrderedDict[Account, None] = OrderedDict()  # the one used least lately first
        self._lock = threading.Lock()  # of the accounts
        self._heavy = threading.BoundedSemaphore(HEAVY_AT_ONCE)
        self._callers = LastTwo()
        self._tops = LastTwo()  # the same, with sites in place of their networks

    def of_user(self, user_id: str) -> Account:
        """Return the account of a user."""
        return self._account(f"user {user_id}", USER)

    def of_network(self, network: str, site: str | None = None) -> Account:
        """Return the account of a network of a site, as `network_of` and `site_of` name them."""
        parent = None if site is None else self._account(f"site {site}", SITE)
        return self._account(f"network {network}", NETWORK, parent)

    @contextmanager
    def heavy(self, account: Account, wait: float = WAIT_SECONDS) -> Iterator[None]:
        """Hold one of the few places for reads of much; raises RateLimited when none comes free."""
        if not self.enabled:
            yield
            return
        with account.place(self._heavy, self.clock() + wait):
            yield

    def note_active(self, account: Account) -> None:
        """Remember that a caller wants something."""
        now = self.clock()
        self._callers.note(account, now)
        self._tops.note(account.parent or account, now)

    def is_alone(self, account: Account) -> bool:
        """Tell whether no other has wanted a turn lately; to a site its networks are no others."""
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
        """Forget accounts that are too many, but none that a new one would be better than."""
        for _ in range(LOOKS):
            if len(self._kept) <= KNOWN_ACCOUNTS:
                return
            oldest = next(iter(self._kept))
            if oldest.is_rested():
                del self._kept[oldest]
            else:
                self._kept.move_to_end(oldest)


def _nothing() -> None:
    """Give back what was not taken."""
