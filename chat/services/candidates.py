"""Walks through the messages that may match a search, the newest first."""

from __future__ import annotations

import heapq
import time
from collections.abc import Collection, Iterator, Sequence
from itertools import accumulate, chain, groupby

from chat.chunks import chunked
from chat.concurrency import cooperatively
from chat.models import SearchCursor
from chat.repositories.search import Candidate, SearchRepository, Week, place_of

# Candidates that are read at first, of many rooms and of a few of them; later more.
FIRST, FEWEST = 48, 4
MOST = 1_000
MERGED = 20  # candidates of a few rooms each, between two looks at the clock
WEEKS, GROWTH = 4, 16  # weeks that are read at first, and by what the number grows
SCANS = 200  # of rooms in parts: as many are merged by time without reading all matches
BUSY = 5_000  # matches in a week, from which on to read and sort all of them takes long
PROBED = 200  # candidates that are counted, to begin with the rarest term
PROBED_TERMS = 6
FIRST_ID = "0" * 24


class _TooMuch(Exception):
    """Less is to be read at once."""


class Candidates:
    """Finds the messages of some rooms with some terms, in a number of weeks at a time.

    With more rooms than one query takes, messages of all rooms are read, also of others: a rare
    word is in few of them, and of a frequent one the newest are soon found. Only where a week has
    very many, or many parts, or reading it takes long, each group of rooms is asked by itself.

    `rest` is where a walk goes on that has ended for lack of time, else None: at a message of
    these rooms or at the beginning of a week, because the place of a foreign message tells of it.
    """

    def __init__(
        self, search: SearchRepository, room_ids: Collection[str], terms: Sequence[str]
    ) -> None:
        self._search = search
        self._room_ids = frozenset(room_ids)
        self._are_few = len(room_ids) <= search.rooms_at_once
        self._terms = list(terms)
        self.rest: SearchCursor | None = None

    def newest(
        self, before: SearchCursor | None, since: int | None, deadline: float
    ) -> Iterator[Candidate]:
        """Yield the messages before a place, the newest first, until time is over.

        It is never over before there is a new place to go on at, so that each walk gets on.
        """
        weeks = [
            week
            for week in self._search.weeks()
            if (before is None or _beginning_of(week) < before)
            and (since is None or since < week.ends_at)
        ]
        self._begin_with_rarest(weeks[:WEEKS])
        self.rest = before
        size = max(WEEKS, SCANS // len(self._room_ids)) if self._are_few else WEEKS
        expected = BUSY  # matches in a week, as in those before
        by_rooms = False
        while weeks:
            some = _first(weeks, min(size, self._search.parts_at_once))
            if expected * len(some) >= BUSY and self._is_busy(some):
                if len(some) > 1:
                    size = 1
                    continue
                by_rooms = True
            count = 0
            try:
                for piece in self._pieces(some, self.rest, by_rooms):
                    count += len(piece)
                    for one in cooperatively(piece):
                        if since is not None and one.place.at < since:
                            self.rest = None
                            return
                        if one.room_id in self._room_ids:
                            self.rest = one.place
                            yield one
                    if self.rest != before and time.monotonic() > deadline:
                        return
            except _TooMuch:
                if self.rest != before and time.monotonic() > deadline:
                    return
                size, expected, by_rooms = 1, BUSY, True
                continue
            self.rest = _beginning_of(some[-1])
            weeks = weeks[len(some) :]
            if time.monotonic() > deadline:
                break
            if len(self._terms) == 1:
                expected = 1 + count // len(some)
            size, by_rooms = size * GROWTH, False
        if not weeks:
            self.rest = None

    def _begin_with_rarest(self, weeks: Sequence[Week]) -> None:
        """Put first the term that the fewest of the newest messages have."""
        if len(self._terms) > 1 and weeks:
            probed = sorted(self._terms, key=len, reverse=True)[:PROBED_TERMS]
            rarest = min(probed, key=lambda term: self._search.count(term, weeks, PROBED))
            self._terms = [rarest, *(term for term in self._terms if term != rarest)]

    def _is_busy(self, weeks: Sequence[Week]) -> bool:
        return not self._are_few and self._search.count(self._terms[0], weeks, BUSY) == BUSY

    def _pieces(
        self, weeks: Sequence[Week], before: SearchCursor | None, by_rooms: bool
    ) -> Iterator[Sequence[Candidate]]:
        """Yield the messages of some weeks in pieces, the newest first."""
        parts = sum(week.parts for week in weeks)
        is_wide = self._are_few and len(weeks) == 1 and parts * len(self._room_ids) > SCANS
        if not (by_rooms or is_wide):
            return self._read(weeks, self._room_ids if self._are_few else None, before, FIRST)
        at_once = min(self._search.rooms_at_once, max(1, SCANS // parts))
        groups = chunked(self._room_ids, at_once)
        streams = (chain.from_iterable(self._read(weeks, some, before, FEWEST)) for some in groups)
        merged = heapq.merge(*streams, key=place_of, reverse=True)
        # Two rooms may have one number: then each of their groups has the messages of both.
        return chunked((one for one, _ in groupby(merged)), MERGED)

    def _read(
        self,
        weeks: Sequence[Week],
        room_ids: Collection[str] | None,
        before: SearchCursor | None,
        limit: int,
    ) -> Iterator[Sequence[Candidate]]:
        is_all = False
        count = 0
        while not is_all:
            read = self._search.find(self._terms, weeks, room_ids, before, limit)
            if read is None:
                raise _TooMuch
            found, is_all = read
            yield found
            count += len(found)
            if room_ids is None and count > BUSY and not is_all:
                raise _TooMuch
            before = found[-1].place if found else before
            limit = min(MOST, limit * 4)


def _first(weeks: Sequence[Week], most: int) -> Sequence[Week]:
    """Return the first weeks that have no more parts together; at least one week."""
    sums = accumulate(week.parts for week in weeks)
    return weeks[: max(1, sum(parts <= most for parts in sums))]


def _beginning_of(week: Week) -> SearchCursor:
    """Return the place before all messages of a week."""
    return SearchCursor(week.begins_at, FIRST_ID)
