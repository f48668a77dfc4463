"""All that touches the green runtime. Everything here works in an unpatched process too.

In the server eventlet has patched `threading`, `time` and `socket`, so locks, events and futures of
the standard library are green already; what is left is to start work and to move work off the event
loop.
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
from collections.abc import Callable, Iterable, Iterator
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

SPAWNED = "spawned"  # the name of a thread that `spawn` starts
LOOKUPS = 2  # of names at the same time: a resolver that hangs leaves threads to passwords
TURN = 0.01  # seconds after which long work lets everybody else have a turn
READ_TURN = 0.004  # the same for reads, which are no hurry

log = logging.getLogger(__name__)


class Payer:
    """Somebody for whom work runs: `used` grows by the seconds that the work really ran.

    That of its `parent`, if it has one, grows with it.
    """

    def __init__(self, parent: Payer | None = None) -> None:
        self.used = 0.0
        self.parent = parent

    def pause(self) -> float:
        """Return how long long work should rest before it goes on, in seconds."""
        return 0.0

    def repay(self) -> None:
        """Wait until nothing is owed."""


def is_green() -> bool:
    """Tell whether this process runs on eventlet's patched standard library."""
    if "eventlet" not in sys.modules:
        return False
    from eventlet import patcher

    return bool(patcher.is_monkey_patched("thread"))


def offload(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run what would stall the event loop in a real thread and wait for its result."""
    if not is_green():
        return function(*args, **kwargs)
    from eventlet import tpool

    result: T = tpool.execute(function, *args, **kwargs)
    return result


def resolve_beside() -> None:
    """Let names of hosts be looked up in real threads; called when the process has been patched.

    The system's resolver blocks: in the event loop it would stop everybody for as long as it takes,
    at each mail and at each new connection to a database or a Redis with a name.
    """
    from eventlet import tpool
    from eventlet.green import socket as green
    from eventlet.semaphore import Semaphore

    atexit.unregister(tpool.killall)  # the end of the process would wait for a lookup that hangs
    # Every lookup needs it, and real threads should not be the ones to import.
    codecs.lookup("idna")
    turns = Semaphore(LOOKUPS)

    def beside(function: Callable[P, T]) -> Callable[P, T]:
        def look_up(*args: P.args, **kwargs: P.kwargs) -> T:
            if function is addresses and _is_literal(args[0] if args else kwargs.get("host")):
                return function(*args, **kwargs)
            with turns:
                return offload(function, *args, **kwargs)

        return look_up

    addresses: Any = socket.getaddrinfo
    for name in ("getaddrinfo", "gethostbyname", "gethostbyaddr", "getnameinfo"):
        found = beside(getattr(socket, name))
        setattr(socket, name, found)
        setattr(green, name, found)  # eventlet's own `create_connection` looks there


def _is_literal(host: object) -> bool:
    """Tell whether it is an address already, or none at all."""
    if host is None:
        return True
    try:
        ipaddress.ip_address(host.decode() if isinstance(host, bytes) else str(host))
    except ValueError:
        return False
    return True


def cooperatively(items: Iterable[T], seconds: float | None = None) -> Iterator[T]:
    """Yield the items, and let everybody else have a turn whenever they took READ_TURN or so."""
    seconds = READ_TURN if seconds is None else seconds
    turn_ends = time.monotonic() + seconds
    for item in items:
        yield item
        if time.monotonic() > turn_ends:
            give_way()
            turn_ends = time.monotonic() + seconds


def give_way() -> None:
    """Let everybody else have a turn; a payer in debt rests for longer."""
    payer = current_payer()
    if payer is None:
        time.sleep(0)
        return
    _settle(payer)
    time.sleep(payer.pause())


def repay() -> None:
    """Let whoever pays here repay what they owe; whoever owes nothing goes on at once.

    For the end of a connection, before more is taken from it: what waits there keeps nobody else.
    """
    payer = current_payer()
    if payer is not None:
        _settle(payer)
        payer.repay()


def start_metering() -> None:
    """Measure from now on how long each greenlet runs; called when the process is patched."""
    global _current
    import greenlet

    _current = greenlet.getcurrent
    greenlet.settrace(lambda _, greenlets: _settle(getattr(greenlets[0], "payer", None)))


def charge_to(payer: Payer | None) -> None:
    """Charge what this greenlet runs from here on to a payer, or to nobody.

    Waiting is free, and without metering everything is.
    """
    if _current is not None:
        current = _current()
        _settle(getattr(current, "payer", None))
        current.payer = payer


def current_payer() -> Payer | None:
    """Return to whom is charged what this greenlet runs."""
    return None if _current is None else getattr(_current(), "payer", None)


def _settle(payer: Payer | None) -> None:
    """Charge the time since the last switch of greenlets, or the last call, to a payer."""
    global _switched_at
    now = time.perf_counter()
    passed = now - _switched_at
    _switched_at = now
    while payer is not None:
        payer.used += passed
        payer = payer.parent


_current: Callable[[], Any] | None = None  # greenlet.getcurrent, once metering has started
_switched_at = time.perf_counter()


def spawn(function: Callable[..., Any], *args: Any) -> None:
    """Start `function` beside the caller; what it raises is logged, never lost."""

    def run() -> None:
        try:
            function(*args)
        except Exception:
            log.exception("background task %s failed", getattr(function, "__qualname__", function))

    if is_green():
        import eventlet

        eventlet.spawn_n(run)
    else:
        threading.Thread(target=run, name=SPAWNED, daemon=True).start()
