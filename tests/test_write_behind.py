"""The newest value of each key is written, and nothing is forgotten when writing fails."""

from __future__ import annotations

import threading
import tracemalloc
from typing import Any

from pymongo.errors import AutoReconnect, OperationFailure

from chat.write_behind import WriteBehind
from harness.servers import PATIENCE


def test_only_the_newest_value_of_a_key_is_written() -> None:
    written: list[dict[str, int]] = []
    done = threading.Event()

    def write(values: dict[str, int]) -> None:
        written.append(values)
        done.set()

    write_behind: WriteBehind[str, int] = WriteBehind(1.0, write)  # long enough for all of them
    for value in range(100):
        write_behind.put("a", value)
    write_behind.put("b", 7)
    assert done.wait(PATIENCE)
    assert written == [{"a": 99, "b": 7}]


def test_what_could_not_be_written_is_tried_again_unless_newer_came() -> None:
    written: list[dict[str, Any]] = []

    def write(values: dict[str, int]) -> None:
        if not written:
            written.append({})
            write_behind.put("a", 2)
            raise AutoReconnect("away")
        written.append(dict(values))

    write_behind: WriteBehind[str, int] = WriteBehind(60, write)
    write_behind.put("a", 1)
    write_behind.put("b", 1)
    assert not write_behind.flush()
    assert write_behind.flush()
    assert written[1] == {"a": 2, "b": 1}


def test_what_the_database_refuses_is_not_tried_for_ever() -> None:
    written: list[dict[str, int]] = []

    def write(values: dict[str, int]) -> None:
        written.append(values)
        if "bad" in values:
            raise OperationFailure("not valid")

    write_behind: WriteBehind[str, int] = WriteBehind(60, write)
    write_behind.put("bad", 1)
    assert not write_behind.flush()
    write_behind.put("good", 2)
    assert write_behind.flush()
    assert written == [{"bad": 1}, {"good": 2}]


def test_a_piece_costs_the_same_however_much_waits() -> None:
    asked_for: list[int] = []

    def write(values: dict[int, int]) -> None:
        asked_for.append(tracemalloc.get_traced_memory()[1])

    write_behind: WriteBehind[int, int] = WriteBehind(60, write)
    for number in range(20_000):
        write_behind.put(number, number)
    tracemalloc.start()
    try:
        assert write_behind.flush()
    finally:
        tracemalloc.stop()
    assert asked_for[0] < 50_000  # bytes: a list of all keys takes 160,000


def test_after_a_flush_nothing_waits_for_the_next_round() -> None:
    write_behind: WriteBehind[str, int] = WriteBehind(10 * PATIENCE, lambda values: None)
    before = set(threading.enumerate())
    write_behind.put("a", 1)
    assert write_behind.flush()
    for thread in set(threading.enumerate()) - before:
        thread.join(PATIENCE)
        assert not thread.is_alive()
