"""The newest value of each key is written, and nothing is forgotten when writing fails."""

from __future__ import annotations

import threading
import tracemalloc
from typing import Any

from pymongo.errors import AutoReconnect, OperationFailure

from chat.coalescer import Coalescer
from harness.servers import PATIENCE


def test_only_the_newest_value_of_a_key_is_written() -> None:
    written: list[dict[str, int]] = []
    done = threading.Event()

    def write(values: dict[str, int]) -> None:
        written.append(values)
        done.set()

    coalescer: Coalescer[str, int] = Coalescer(1.0, write)  # long enough for all of them
    for value in range(100):
        coalescer.put("a", value)
    coalescer.put("b", 7)
    assert done.wait(PATIENCE)
    assert written == [{"a": 99, "b": 7}]


def test_what_could_not_be_written_is_tried_again_unless_newer_came() -> None:
    written: list[dict[str, Any]] = []

    def write(values: dict[str, int]) -> None:
        if not written:
            written.append({})
            coalescer.put("a", 2)
            raise AutoReconnect("away")
        written.append(dict(values))

    coalescer: Coalescer[str, int] = Coalescer(60, write)
    coalescer.put("a", 1)
    coalescer.put("b", 1)
    assert not coalescer.flush()
    assert coalescer.flush()
    assert written[1] == {"a": 2, "b": 1}


def test_what_the_database_refuses_is_not_tried_for_ever() -> None:
    written: list[dict[str, int]] = []

    def write(values: dict[str, int]) -> None:
        written.append(values)
        if "bad" in values:
            raise OperationFailure("not valid")

    coalescer: Coalescer[str, int] = Coalescer(60, write)
    coalescer.put("bad", 1)
    assert not coalescer.flush()
    coalescer.put("good", 2)
    assert coalescer.flush()
    assert written == [{"bad": 1}, {"good": 2}]


def test_a_piece_costs_the_same_however_much_waits() -> None:
    asked_for: list[int] = []

    def write(values: dict[int, int]) -> None:
        asked_for.append(tracemalloc.get_traced_memory()[1])

    coalescer: Coalescer[int, int] = Coalescer(60, write)
    for number in range(20_000):
        coalescer.put(number, number)
    tracemalloc.start()
    try:
        assert coalescer.flush()
    finally:
        tracemalloc.stop()
    assert asked_for[0] < 50_000  # bytes: a list of all keys takes 160,000
