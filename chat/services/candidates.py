"""Walks through the messages that may match a search, the newest first."""

from __future__ import annotations

import heapq
import time
from collections.abc import Iterator, Sequence
from itertools import accumulate

from chat.chunks import chunked
from chat.models import SearchCursor
from chat.repositories.search import Candidate, SearchRepository, Week, place_of

# Candidates that are read at first, of many rooms and of a few of them; later more.
FIRST, FEWEST = 48, 4
MOST = 1_000
WEEKS, GROWTH = 4, 16  # weeks that are read at first, and by what the number grows
SCANS = 200  # of rooms in parts: as many are merged by time without reading all matches
BUSY = 5_000  # matches in a week, from which on to read and sort all of them takes long
PROBED = 200  # candidates that are counted, to begin with the rarest term
PROBED_TERMS = 6
FIRST_ID = "0" * 24


class OutOfTime(Exception):
    """The search ends here; all candidates after `place` were found, none before it."""

    def __init__(self, place: SearchCursor) -> None:
        super().__init__(place)
        self.place = place


class _SlowRead(Exception):
    """The database took too long."""


class Candidates:
    """Finds the messages with some terms, in a number of weeks at a time.

    With more rooms than one query takes, messages of all rooms are read, also of others: a rare
    word is in few of them, and of a frequent one the newest are soon found. Only where a week has
    very many, or very many parts, each group of rooms is asked by itself.
    """

    def __init__(
        self, search: SearchRepository, room_ids: Sequence[str], terms: Sequence[str]
    ) -> None:
        self._search = search
        self._room_ids = room_ids
        self._are_few = len(room_ids) <= search.rooms_at_once
        self._terms = list(terms)

    def newest(
        self, before: SearchCursor | None, since: int | None, deadline: float
    ) -> Iterator[Candidate]:
        """Yield the messages before a place, the newest first; raise OutOfTime."""
        weeks = [
            week
            for week in self._search.weeks()
            if (before is None or week.begins_at <= before.at)
            and (since is None or since < week.ends_at)
        ]
        self._begin_with_rarest(weeks[:WEEKS])
        size = max(WEEKS, SCANS // len(self._room_ids)) if self._are_few else WEEKS
        expected = BUSY  # matches in a week, as in those before
        while weeks:
            some = _first(weeks, min(size, self._search.parts_at_once))
            is_busy = expected * len(some) >= BUSY and self._is_busy(some)
            if is_busy and len(some) > 1:
                size = 1
                continue
            by_rooms = is_busy or self._is_wide(some)
            found = self._by_rooms(some, before) if by_rooms else self._of(some, before)
            count = 0
            try:
                for count, one in enumerate(found, 1):
                    before = one.place
                    if since is not None and before.at < since:
                        return
                    yield one
            except _SlowRead:
                raise OutOfTime(before or _after(weeks[0])) from None
            before = SearchCursor(some[-1].begins_at, FIRST_ID)
            weeks = weeks[len(some) :]
            if len(self._terms) == 1:
                expected = 1 + count // len(some)
            size *= GROWTH
            if weeks and time.monotonic() > deadline:  # not earlier: each page is to get on
                raise OutOfTime(before)

    def _begin_with_rarest(self, weeks: Sequence[Week]) -> None:
        """Put first the term that the fewest of the newest messages have."""
        if len(self._terms) > 1 and weeks:
            probed = sorted(self._terms, key=len, reverse=True)[:PROBED_TERMS]
            rarest = min(probed, key=lambda term: self._search.count(term, weeks, PROBED))
            self._terms = [rarest, *(term for term in self._terms if term != rarest)]

    def _is_busy(self, weeks: Sequence[Week]) -> bool:
        return not self._are_few and self._search.count(self._terms[0], weeks, BUSY) == BUSY

    def _is_wide(self, weeks: Sequence[Week]) -> bool:
        """Return whether it is one week with so many parts that a few rooms are too many."""
        return self._are_few and len(weeks) == 1 and weeks[0].parts * len(self._room_ids) > SCANS

    def _of(self, weeks: Sequence[Week], before: SearchCursor | None) -> Iterator[Candidate]:
        return self._pages(weeks, self._room_ids if self._are_few else None, before, FIRST)

    def _by_rooms(self, weeks: Sequence[Week], before: SearchCursor | None) -> Iterator[Candidate]:
        parts = sum(week.parts for week in weeks)
        at_once = min(self._search.rooms_at_once, max(1, SCANS // parts))
        groups = chunked(self._room_ids, at_once)
        streams = [self._pages(weeks, some, before, FEWEST) for some in groups]
        return heapq.merge(*streams, key=place_of, reverse=True)

    def _pages(
        self,
        weeks: Sequence[Week],
        room_ids: Sequence[str] | None,
        before: SearchCursor | None,
        limit: int,
    ) -> Iterator[Candidate]:
        is_all = False
        while not is_all:
            read = self._search.find(self._terms, weeks, room_ids, before, limit)
            if read is None:
                raise _SlowRead
            found, is_all = read
            yield from found
            before = found[-1].place if found else before
            limit = min(MOST, limit * 4)


def _first(weeks: Sequence[Week], most: int) -> Sequence[Week]:
    """Return the first weeks that have no more parts together; at least one week."""
    sums = accumulate(week.parts for week in weeks)
    return weeks[: max(1, sum(parts <= most for parts in sums))]


def _after(week: Week) -> SearchCursor:
    """Return the place after all messages of a week."""
    return SearchCursor(week.ends_at, FIRST_ID)
