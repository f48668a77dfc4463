"""How repositories ask the database, which depends on its engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Pacing:
    """How values are written in the background, so that live traffic goes first.

    A write has at most `chunk` values. The pause after it is `pause_factor` times its duration. All
    pauses of a round take at most `max_seconds`.
    """

    chunk: int
    pause_factor: float
    max_seconds: float


@dataclass(frozen=True, slots=True)
class Dialect:
    """What differs between the engines.

    `ids_at_once`: ids in one `$in` · `reads_whole_ranges`: a query with a sort or a limit reads
    everything that its filter matches, so filters must be narrow · `scans_for_lists`: `$or`, and
    `$in` on a field of a partial index, use no index · `delete_piece`: documents deleted in one
    call · `rooms_at_once`: rooms whose newest messages one query merges · `parts_at_once`: weeks of
    messages, or parts of them, that one search reads together · `heads`, `read_marks`: the pacing
    of updates of `room` and of `user_room`.
    """

    ids_at_once: int
    reads_whole_ranges: bool
    scans_for_lists: bool
    delete_piece: int
    rooms_at_once: int
    parts_at_once: int
    heads: Pacing
    read_marks: Pacing


MONGODB = Dialect(
    ids_at_once=1_000,  # one query, which stays far below the size limit of a command
    reads_whole_ranges=False,
    scans_for_lists=False,
    delete_piece=100,
    rooms_at_once=50,  # 200 scans are merged at most; 50 took a fifth less time than 100
    parts_at_once=128,  # one without a match costs a look at a page of the index: 0.05 ms
    # An update takes 0.2 ms. Pieces and pauses spare this process, which encodes them.
    heads=Pacing(chunk=32, pause_factor=3.0, max_seconds=0.25),
    read_marks=Pacing(chunk=32, pause_factor=3.0, max_seconds=1.0),
)
# Times of version 0.7.0b3, at a room of 4,000 messages. It is right on MongoDB too, only slower.
SECANTUSDB = Dialect(
    # 3 ms for 32 ids, 17 ms for 100, 300 ms for 500: n² time. 32 cost least per id.
    ids_at_once=32,
    # The last message of a room by a sort: 150 ms, and nobody else is served meanwhile.
    reads_whole_ranges=True,
    # Two keys in an `$or`: 150 ms; one key by itself: 0.8 ms.
    scans_for_lists=True,
    # Other writers wait meanwhile: for 6 ms.
    delete_piece=16,
    # A list of rooms or of weeks uses no index. Each week takes 2 ms, and 0.1 ms for each match.
    rooms_at_once=1,
    parts_at_once=8,
    # An update of `room` takes 2 to 3 ms, more than an insert, and sends wait for it.
    heads=Pacing(chunk=16, pause_factor=3.0, max_seconds=1.0),
    # An update of `user_room` takes 8 ms in a room of 300 members.
    read_marks=Pacing(chunk=16, pause_factor=10.0, max_seconds=30.0),
)


def dialect_of(build_info: Mapping[str, Any]) -> Dialect:
    """Return the dialect of the server that answered this to `buildInfo`."""
    return SECANTUSDB if "secantusVersion" in build_info else MONGODB
