"""Green threads. Everything here works in an unpatched process too.

In the server, eventlet has patched `threading`, `time` and `socket`, so locks, events and futures
of the standard library are green already. This module starts green threads, moves work to real
threads, and meters green threads.
"""

from __future__ import annotations

import atexit
import codecs
import ipaddress
import logging
import socket
import sys
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

SPAWNED = "spawned"  # the name of a thread that `spawn` starts
LOOKUPS = 2  # of host names at a time; the other real threads stay free for hashing passwords
SLICE = 0.004  # seconds after which work yields to other green threads
NOTIFY_SLICE = 0.01  # the same for pushing what was stored, which is more urgent
STEPS_PER_SLICE = 16  # of the work of one client

log = logging.getLogger(__name__)


class Payer:
    """A caller that is charged for work: `used` are the seconds that the work ran.

    They are charged to its `parent` as well, if it has one.
    """

    def __init__(self, parent: Payer | None = None) -> None:
        self.used = 0.0
        self.parent = parent

    def charge(self, seconds: float) -> None:
        """Charge seconds to this payer and its parents."""
        payer: Payer | None = self
        while payer is not None:
            payer.used += seconds
            payer = payer.parent

    def pause(self) -> float:
        """Return the seconds that long work of this payer should pause now."""
        return 0.0

    def repay(self) -> None:
        """Wait until there is no debt."""


class SharedPayer(Payer):
    """Work for several callers at once, to be divided among them."""

    def divide(self, shares: Collection[tuple[Payer, int]]) -> None:
        """Charge what was used to the payers, in proportion to their shares."""
        total = sum(share for _, share in shares)
        for payer, share in shares:
            payer.charge(self.used * share / total)
        self.used = 0.0


def is_green() -> bool:
    """Return whether this process runs on eventlet's patched standard library."""
    if "eventlet" not in sys.modules:
        return False
    from eventlet import patcher

    return bool(patcher.is_monkey_patched("thread"))


def offload(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a blocking function in a real thread and wait for its result."""
    if not is_green():
        return function(*args, **kwargs)
    from eventlet import tpool

    result: T = tpool.execute(function, *args, **kwargs)
    return result


def resolve_names_in_threads() -> None:
    """Resolve host names in real threads from now on; called after the process was patched.

    The system's resolver blocks. In the event loop it would block all green threads at each mail
    and at each new connection to a database or a Redis with a host name.
    """
    from eventlet import tpool
    from eventlet.green import socket as green
    from eventlet.semaphore import Semaphore

    atexit.unregister(tpool.killall)  # it would wait at exit for a lookup that hangs
    codecs.lookup("idna")  # every lookup needs it; import it here, not in a real thread
    slots = Semaphore(LOOKUPS)

    def in_thread(function: Callable[P, T]) -> Callable[P, T]:
        def look_up(*args: P.args, **kwargs: P.kwargs) -> T:
            if function is getaddrinfo and _is_literal(args[0] if args else kwargs.get("host")):
                return function(*args, **kwargs)
            with slots:
                return offload(function, *args, **kwargs)

        return look_up

    getaddrinfo: Any = socket.getaddrinfo
    for name in ("getaddrinfo", "gethostbyname", "gethostbyaddr", "getnameinfo"):
        found = in_thread(getattr(socket, name))
        setattr(socket, name, found)
        setattr(green, name, found)  # eventlet's own `create_connection` uses this module


def _is_literal(host: object) -> bool:
    """Return whether a host is an address or None, so that it needs no lookup."""
    if host is None:
        return True
    try:
        ipaddress.ip_address(host.decode() if isinstance(host, bytes) else str(host))
    except ValueError:
        return False
    return True


class Slice:
    """The work of a green thread before all others that are ready run.

    Requests and events take turns of their caller (`chat/budgets.py`). Within a turn, as elsewhere,
    long work is cut into slices. A slice of one client's work (its messages, packets and events)
    ends after STEPS_PER_SLICE or SLICE, other work after `seconds`.
    """

    __slots__ = ("_seconds", "_steps", "_ends_at")

    def __init__(self, seconds: float | None = None) -> None:
        self._seconds = SLICE if seconds is None else seconds
        self._begin()

    def _begin(self) -> None:
        self._steps = 0
        self._ends_at = time.monotonic() + self._seconds

    def is_over(self, most_steps: int = sys.maxsize) -> bool:
        """Count a step and return whether it was the last one of this slice."""
        self._steps += 1
        return self._steps >= most_steps or time.monotonic() > self._ends_at

    def end(self) -> None:
        """Yield to others, then begin the next slice."""
        yield_to_others()
        self._begin()


def cooperatively(items: Iterable[T], seconds: float | None = None) -> Iterator[T]:
    """Yield the items in slices of some seconds, or of SLICE."""
    current = Slice(seconds)
    for item in items:
        yield item
        if current.is_over():
            current.end()


def yield_to_others() -> None:
    """Yield to other green threads; a payer in debt pauses for longer."""
    payer = current_payer()
    if payer is None:
        time.sleep(0)
        return
    _settle(payer)
    time.sleep(payer.pause())


def repay() -> None:
    """Wait until the present payer has repaid its debt; without a debt, return at once.

    Call it before the next read from a connection: the wait there delays no other caller.
    """
    payer = current_payer()
    if payer is not None:
        _settle(payer)
        payer.repay()


def start_metering() -> None:
    """Measure how long each greenlet runs from now on; called after the process was patched."""
    global _current
    import greenlet

    _current = greenlet.getcurrent
    greenlet.settrace(lambda _, greenlets: _settle(getattr(greenlets[0], "payer", None)))


def charge_to(payer: Payer | None) -> None:
    """Charge the further run time of this greenlet to a payer, or to nobody.

    Time spent waiting is free. Without metering nothing is charged.
    """
    if _current is not None:
        current = _current()
        _settle(getattr(current, "payer", None))
        current.payer = payer


def current_payer() -> Payer | None:
    """Return the payer of this greenlet, or None."""
    return None if _current is None else getattr(_current(), "payer", None)


def _settle(payer: Payer | None) -> None:
    """Charge the time since the last switch of greenlets, or since the last call, to a payer."""
    global _switched_at
    now = time.perf_counter()
    passed = now - _switched_at
    _switched_at = now
    while payer is not None:  # as `charge` does; this runs at each switch
        payer.used += passed
        payer = payer.parent


_current: Callable[[], Any] | None = None  # greenlet.getcurrent, once metering has started
_switched_at = time.perf_counter()


def spawn(function: Callable[..., Any], *args: Any) -> None:
    """Start `function` in a green thread, or in a real one if unpatched; log what it raises."""
    if is_green():
        import eventlet

        eventlet.spawn_n(_run_green, function, args)
    else:
        threading.Thread(target=_run, args=(function, args), name=SPAWNED, daemon=True).start()


def spawn_after(function: Callable[..., Any], *args: Any) -> None:
    """Start `function` when the calling green thread has done its work, in the same one.

    That saves a turn of the event loop. A thread that `spawn` did not start, or that has something
    to start already, starts a new one instead.
    """
    if is_green():
        import greenlet

        current: Any = greenlet.getcurrent()
        if getattr(current, "after", function) is None:
            current.after = (function, args)
            return
    spawn(function, *args)


def _run_green(function: Callable[..., Any], args: tuple[Any, ...]) -> None:
    import greenlet

    current: Any = greenlet.getcurrent()
    current.after = None
    _run(function, args)
    while current.after is not None:
        (function, args), current.after = current.after, None
        _run(function, args)


def _run(function: Callable[..., Any], args: tuple[Any, ...]) -> None:
    try:
        function(*args)
    except Exception:
        log.exception("background task %s failed", getattr(function, "__qualname__", function))
