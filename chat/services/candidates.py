"""Merges the newest messages of many rooms that may match a search."""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable, Iterator, Sequence

from chat.chunks import chunked
from chat.models import Room, SearchCursor
from chat.repositories.search import Candidate, SearchRepository

# Candidates that are read at first, of all groups of rooms together and of one of them; later more.
FIRST, FEWEST = 48, 4
MOST = 400
PROBED = 200  # candidates that are counted, to begin with the rarest term
PROBED_TERMS = 6
# A room's last message may be known late, and an earlier one may have a later time than it.
LATE = 60_000  # milliseconds

Key = tuple[float, float]


class Candidates:
    """Finds the messages with a term in some rooms, the newest first.

    Rooms are read in groups, those with the newest messages first. A group is not asked before its
    newest message may be the next one, so a frequent word costs a query or two.
    """

    def __init__(self, search: SearchRepository, rooms: Iterable[Room]) -> None:
        by_end = sorted(rooms, key=_end_of, reverse=True)[: search.rooms_searched]
        self._search = search
        self._groups = list(chunked(by_end, search.rooms_at_once))

    def rarest(self, terms: Sequence[str]) -> str:
        """Return a term that few messages have, judged by the rooms with the newest messages."""
        probed = sorted(terms, key=len, reverse=True)[:PROBED_TERMS]
        if len(probed) == 1:
            return probed[0]
        ids = [room.id for room in self._groups[0]]
        return min(probed, key=lambda term: self._search.count(ids, term, PROBED))

    def newest(
        self, term: str, before: SearchCursor | None, since: int | None
    ) -> Iterator[Candidate]:
        """Yield the messages with a term before a place, the newest first."""
        ends = [_end_of(group[0]) for group in self._groups]
        streams = [self._of_group(group, term, before, since) for group in self._groups]
        # Of a group that was not asked yet there is no candidate, only the latest possible time.
        heap: list[tuple[Key, int, Candidate | None]] = [
            ((-end, -math.inf), number, None) for number, end in enumerate(ends)
        ]
        heapq.heapify(heap)
        while heap:
            _, number, candidate = heap[0]
            if candidate is not None:
                yield candidate
            following = next(streams[number], None)
            if following is None:
                heapq.heappop(heap)
            else:
                heapq.heapreplace(heap, (_key_of(following.place), number, following))

    def _of_group(
        self, rooms: Sequence[Room], term: str, before: SearchCursor | None, since: int | None
    ) -> Iterator[Candidate]:
        ids = [room.id for room in rooms]
        limit, is_all = max(FEWEST, FIRST // len(self._groups)), False
        while not is_all:
            found, is_all = self._search.find(ids, term, before, since, limit)
            yield from found
            before = found[-1].place if found else before
            limit = min(MOST, limit * 4)


def _end_of(room: Room) -> float:
    """Return the latest time that a message of a room may have."""
    return room.last_message.created_at + LATE if room.last_message else math.inf


def _key_of(place: SearchCursor) -> Key:
    return -place.at, -int(place.message_id, 16)
