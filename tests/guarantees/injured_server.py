"""The server with an injury: `python tests/guarantees/injured_server.py`, told by its environment.

- `INJURY_KILL`: it kills itself when a message gets this text, before anybody hears of it
- `INJURY_KILL_AT`: where: "stored" (of a new message, by default) or "claimed" (its files are, and
  it is not stored); of a change "appended", "applied" (and the log not scrubbed yet) or "scrubbed"
- `INJURY_DELAY`: looking up a membership, and storing a batch, take up to so many seconds longer
- `INJURY_CLOCK`: its clock is ahead by so many seconds
- `INJURY_LEASE`: another process is dead so many seconds after it last renewed its lease
"""

from __future__ import annotations

import datetime
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))


def shift_clock(seconds: float) -> None:
    """Let everything that is imported from now on see another time; durations stay true."""
    real_time, real_ns, real = time.time, time.time_ns, datetime.datetime
    ahead = datetime.timedelta(seconds=seconds)

    class Kind(type):
        def __instancecheck__(cls, value: object) -> bool:
            return isinstance(value, real)

    class Shifted(real, metaclass=Kind):  # type: ignore[misc, valid-type]
        @classmethod
        def now(cls, tz: datetime.tzinfo | None = None) -> datetime.datetime:
            return real.now(tz) + ahead

        @classmethod
        def utcnow(cls) -> datetime.datetime:
            return real.now(datetime.UTC).replace(tzinfo=None) + ahead

    time.time = lambda: real_time() + seconds
    time.time_ns = lambda: real_ns() + round(seconds * 1_000_000_000)
    datetime.datetime = Shifted  # type: ignore[misc]


def kill_at(place: str, text: str) -> None:
    """End as by a crash, at a place before something with this text is told of."""
    from chat.repositories.changes import ChangeRepository
    from chat.repositories.messages import MessageRepository
    from chat.services.quotas import Quotas

    places: dict[str, tuple[type, str, bool]] = {  # and whether before that method or after it
        "claimed": (MessageRepository, "append", True),
        "stored": (Quotas, "on_stored", True),  # the first follower
        "appended": (ChangeRepository, "append", False),
        "applied": (ChangeRepository, "_scrub", True),
        "scrubbed": (ChangeRepository, "apply", False),
    }
    owner, name, is_before = places[place]
    method = getattr(owner, name)

    def die(*arguments: Any) -> None:
        found = [arguments[-1]] if place == "stored" else arguments[-1]
        if any(text in (getattr(one, "data", None), getattr(one, "value", None)) for one in found):
            os.kill(os.getpid(), signal.SIGKILL)

    def injured(*arguments: Any) -> Any:
        if is_before:
            die(*arguments)
        result = method(*arguments)
        if not is_before:
            die(*arguments)
        return result

    setattr(owner, name, injured)


def delay(seconds: float) -> None:
    """Let what a message waits for take a random while longer."""
    from chat.repositories.messages import MessageRepository
    from chat.services.membership_cache import MembershipCache

    def slowly(function: Callable[..., Any]) -> Callable[..., Any]:
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            time.sleep(random.uniform(0, seconds))
            return function(*args, **kwargs)

        return wrapper

    MembershipCache.require = slowly(MembershipCache.require)  # type: ignore[method-assign]
    MessageRepository.append = slowly(MessageRepository.append)  # type: ignore[method-assign]


def shorten_lease(seconds: float) -> None:
    """Let processes that were killed be noticed sooner."""
    from chat.realtime import others_presence, own_presence

    others_presence.LEASE = seconds
    own_presence.RENEW_AFTER = seconds / 4


if __name__ == "__main__":
    if "INJURY_CLOCK" in os.environ:
        shift_clock(float(os.environ["INJURY_CLOCK"]))
    import wsgi

    if "INJURY_KILL" in os.environ:
        kill_at(os.environ.get("INJURY_KILL_AT", "stored"), os.environ["INJURY_KILL"])
    if "INJURY_LEASE" in os.environ:
        shorten_lease(float(os.environ["INJURY_LEASE"]))
    if "INJURY_DELAY" in os.environ:
        delay(float(os.environ["INJURY_DELAY"]))
    sys.exit(wsgi.main())
