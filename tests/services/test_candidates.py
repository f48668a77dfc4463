"""The walk through the messages that may match: newest first, whole, and within its time."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import pytest

from chat.chunks import chunked
from chat.database.client import Database
from chat.database.dialects import MONGODB, SECANTUSDB, Dialect
from chat.ids import new_id
from chat.models import SearchCursor
from chat.repositories import search as search_index
from chat.repositories.search import WEEK, Entry, SearchRepository
from chat.services import candidates
from chat.services.candidates import FIRST_ID, Candidates

ROOMS = [new_id() for _ in range(60)]  # more than one query names
NEWEST = 40 * WEEK
COUNT = 300


@pytest.fixture(
    autouse=True,
    params=[(search_index.PART, candidates.SCANS), (3, 2)],
    ids=["whole_weeks", "weeks_in_parts"],
)
def sizes(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    part, scans = request.param
    monkeypatch.setattr(search_index, "PART", part)
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
    for rooms in ([ROOMS[7]], ROOMS[: search.rooms_at_once]):
        own = [one.message_id for one in newest if one.room_id in rooms]
        assert walk(search, rooms, "word") == own


def walks(
    search: SearchRepository, rooms: list[str], *terms: str
) -> Iterator[tuple[list[str], SearchCursor | None]]:
    """Yield what walks find whose time is over at once, and where the next one goes on."""
    before: SearchCursor | None = None
    while True:
        found = Candidates(search, rooms, terms)
        ids = [one.place.message_id for one in found.newest(before, None, deadline=0.0)]
        yield ids, found.rest
        if found.rest is None:
            break
        assert before is None or found.rest < before
        before = found.rest


def test_a_walk_whose_time_is_over_goes_on_where_the_one_before_ended(
    search: SearchRepository, newest: list[Entry]
) -> None:
    found = [*walks(search, ROOMS, "word")]
    assert len(found) > 1
    assert [id for ids, _ in found for id in ids] == [one.message_id for one in newest]


@pytest.mark.parametrize("busy", [5, candidates.BUSY])
def test_where_a_walk_goes_on_tells_nothing_of_foreign_rooms(
    search: SearchRepository, newest: list[Entry], monkeypatch: pytest.MonkeyPatch, busy: int
) -> None:
    """It is the place of a message of one's own, or the beginning of a week."""
    monkeypatch.setattr(candidates, "BUSY", busy)
    rooms = ROOMS[:52]
    own = [one for one in newest if one.room_id in rooms]
    found = [*walks(search, rooms, "word")]
    assert [id for ids, _ in found for id in ids] == [one.message_id for one in own]
    places = {SearchCursor(one.at, one.message_id) for one in own}
    beginnings = {SearchCursor(week.begins_at, FIRST_ID) for week in search.weeks()}
    assert {rest for _, rest in found if rest} <= places | beginnings


@pytest.mark.parametrize("busy", [5, candidates.BUSY])
def test_a_room_with_the_number_of_another_one_is_not_mixed_up_with_it(
    search: SearchRepository, newest: list[Entry], monkeypatch: pytest.MonkeyPatch, busy: int
) -> None:
    monkeypatch.setattr(candidates, "BUSY", busy)
    monkeypatch.setattr(search_index, "room_number", lambda _: 7)
    search.replace([replace(one, version=1) for one in newest])
    for rooms in ([ROOMS[7]], ROOMS):
        own = [one.message_id for one in newest if one.room_id in rooms]
        assert walk(search, rooms, "word") == own


def test_a_walk_gets_on_where_reading_takes_long(
    search: SearchRepository, newest: list[Entry], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then less is read at once; the least takes as long as it takes."""
    monkeypatch.setattr(search_index, "FIND_SECONDS", 1e-9)
    for rooms in (ROOMS[: search.rooms_at_once + 1], [ROOMS[7]]):
        own = [one.message_id for one in newest if one.room_id in rooms]
        assert [id for ids, _ in walks(search, rooms, "word") for id in ids] == own
