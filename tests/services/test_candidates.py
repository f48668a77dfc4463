"""The walk through the messages that may match: newest first, whole, and within its time."""

from __future__ import annotations

import math

import pytest

from chat.chunks import chunked
from chat.database.client import Database
from chat.database.dialects import MONGODB, SECANTUSDB, Dialect
from chat.ids import new_id
from chat.models import SearchCursor
from chat.repositories import search as repository
from chat.repositories.search import WEEK, Entry, SearchRepository
from chat.services import candidates
from chat.services.candidates import Candidates, OutOfTime

ROOMS = [new_id() for _ in range(60)]  # more than one query names
NEWEST = 40 * WEEK
COUNT = 300


@pytest.fixture(
    autouse=True,
    params=[(repository.PART, candidates.SCANS), (3, 2)],
    ids=["whole_weeks", "weeks_in_parts"],
)
def sizes(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    part, scans = request.param
    monkeypatch.setattr(repository, "PART", part)
    monkeypatch.setattr(candidates, "SCANS", scans)


@pytest.fixture(params=[MONGODB, SECANTUSDB], ids=["as_mongodb", "as_secantusdb"])
def search(
    migrated: Database, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> SearchRepository:
    dialect: Dialect = request.param
    monkeypatch.setattr(Database, "dialect", dialect)
    return SearchRepository(migrated)


@pytest.fixture
def newest(search: SearchRepository) -> list[Entry]:
    """Messages of many rooms and of forty weeks, the newest first; each third has a rare word."""
    entries = [
        Entry(
            new_id(),
            ROOMS[number % len(ROOMS)],
            number,
            0,
            NEWEST - number * (40 * WEEK // COUNT),
            ["word", *(["rare"] if number % 3 == 0 else [])],
        )
        for number in range(COUNT)
    ]
    for some in chunked(entries, 3):
        search.insert(some)
    return entries


def walk(
    search: SearchRepository,
    rooms: list[str],
    *terms: str,
    before: SearchCursor | None = None,
    since: int | None = None,
) -> list[str]:
    found = Candidates(search, rooms, terms).newest(before, since, math.inf)
    return [one.place.message_id for one in found]


@pytest.mark.parametrize("busy", [5, candidates.BUSY])
def test_many_rooms_are_walked_newest_first(
    search: SearchRepository, newest: list[Entry], monkeypatch: pytest.MonkeyPatch, busy: int
) -> None:
    """Also where a week has so many that groups of rooms are asked by themselves."""
    monkeypatch.setattr(candidates, "BUSY", busy)
    ids = [one.message_id for one in newest]
    assert walk(search, ROOMS, "word") == ids
    assert walk(search, ROOMS, "word", "rare") == ids[::3]
    place = SearchCursor(newest[100].at, newest[100].message_id)
    assert walk(search, ROOMS, "word", before=place) == ids[101:]
    assert walk(search, ROOMS, "word", since=newest[100].at) == ids[:101]


def test_few_rooms_are_asked_by_themselves(search: SearchRepository, newest: list[Entry]) -> None:
    for count in (1, search.rooms_at_once):
        own = [one.message_id for one in newest if one.room_id in ROOMS[:count]]
        assert walk(search, ROOMS[:count], "word") == own


def test_a_walk_whose_time_is_over_goes_on_at_its_place(
    search: SearchRepository, newest: list[Entry]
) -> None:
    found: list[str] = []
    before = None
    while True:
        try:
            for one in Candidates(search, ROOMS, ["word"]).newest(before, None, deadline=0.0):
                found.append(one.place.message_id)
        except OutOfTime as end:
            assert before is None or end.place < before
            before = end.place
        else:
            break
    assert found == [one.message_id for one in newest]
