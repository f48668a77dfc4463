"""Measures several processes that write into one room at once, against one process."""

from __future__ import annotations

from collections.abc import Generator

from bench.talking import Figures
from bench.two_processes import run
from harness.clients import LoadError

NAMES = {1: "one", 2: "two", 3: "three"}


def against_one(seconds: float) -> Generator[Figures, None, None]:
    """Yield the messages per second of one, two and three processes, and their ratios.

    `least share` is the least that a process stored compared with the other one or two.
    """
    rates, shares = {}, []
    for processes, name in NAMES.items():
        try:
            outcome = run(processes, seconds)
        except SystemExit as error:  # there is no Redis
            raise LoadError(str(error)) from None
        if not outcome.is_gapless or outcome.inverted:
            raise LoadError(f"{name}: a gap in the log, or messages in the wrong order")
        rates[name] = sum(outcome.rates)
        shares.append(min(outcome.rates) / max(outcome.rates))
    yield {
        "two/one": rates["two"] / rates["one"],
        "three/one": rates["three"] / rates["one"],
        "least share": min(shares),
        **{f"messages/s of {name}": rate for name, rate in rates.items()},
    }
