"""The index of messages: what is newest comes first, and no older version replaces a newer one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from bson import ObjectId

from chat.database.client import Database
from chat.database.dialects import Dialect
from chat.ids import new_id
from chat.models import SearchCursor
from chat.repositories import search as stored_search
from chat.repositories.search import (
    DELETED,
    WEEK,
    Candidate,
    Entry,
    SearchRepository,
    Week,
    number_of,
)

ROOM, OTHER = new_id(), new_id()


def entry(seq: int, *terms: str, at: int = 0, room_id: str = ROOM) -> Entry:
    return Entry(new_id(), room_id, seq, 0, at or seq, terms)


@pytest.fixture
def search(migrated: Database, each_dialect: Dialect) -> SearchRepository:
    return SearchRepository(migrated)


def found_by(search: SearchRepository, *values: Any) -> tuple[list[Candidate], bool]:
    """Return what a search finds in time."""
    found = search.find(*values)
    assert found is not None
    return found


def ids(search: SearchRepository, term: str, before: SearchCursor | None = None) -> list[str]:
    """Return the ids of all messages with a term, read in small pieces."""
    found: list[str] = []
    is_all = False
    while not is_all:
        piece, is_all = found_by(search, [term], search.weeks(), [ROOM], before, 2)
        assert piece or is_all
        found += [one.place.message_id for one in piece]
        before = piece[-1].place if piece else before
    return found


def test_the_newest_messages_with_a_term_come_first(search: SearchRepository) -> None:
    entries = [entry(seq, "word", f"only {seq % 2}") for seq in range(1, 8)]
    search.insert([*entries, entry(8, "word", room_id=OTHER)])
    newest = [one.message_id for one in reversed(entries)]
    assert ids(search, "word") == newest
    assert ids(search, "only 1") == newest[::2]
    assert ids(search, "wor") == []
    assert ids(search, "word", SearchCursor(3, "")) == newest[-2:]
    everywhere, _ = found_by(search, ["only 1", "word"], [Week(0)], None, None, 10)
    assert [one.place.message_id for one in everywhere] == newest[::2]


def test_many_messages_of_one_time_come_once_each(search: SearchRepository) -> None:
    entries = [entry(seq, "word", at=5) for seq in range(1, 30)]
    search.insert([*entries, entry(30, "word", at=9), entry(31, "word", at=1)])
    found = ids(search, "word")
    assert len(found) == len(set(found)) == 31
    assert found[1:-1] == sorted((one.message_id for one in entries), reverse=True)


def test_an_older_version_never_replaces_a_newer_one(search: SearchRepository) -> None:
    first = entry(1, "first")
    second = replace(first, version=1, terms=["second"])
    deleted = replace(first, version=2, terms=())
    for order in ([first, second, deleted], [second, deleted, first], [deleted, second, first]):
        for one in order:
            search.insert([one])
            search.replace([one])
        assert ids(search, "first") == ids(search, "second") == []
        assert [*search.delete_of_room(ROOM)] == [1]


def test_a_deleted_message_leaves_no_term_of_its_text(
    search: SearchRepository, migrated: Database
) -> None:
    one = entry(1, "word")
    search.insert([one, entry(2, "word")])
    search.replace([replace(one, version=3, terms=())])
    stored = migrated.db["search"].find_one({"_id": ObjectId(one.message_id)})
    assert stored and (stored["version"], stored["terms"]) == (3, [number_of(DELETED)])


def test_weeks_are_those_with_messages_the_newest_first(search: SearchRepository) -> None:
    search.insert([entry(1, "word", at=5 * WEEK), entry(2, "word", at=WEEK - 1)])
    search.insert([entry(3, "word", at=5 * WEEK + 9)])
    assert search.weeks() == [Week(5), Week(0)]
    found, _ = found_by(search, ["word"], [Week(5)], None, None, 10)
    assert [one.place.at - 5 * WEEK for one in found] == [9, 0]


def test_a_week_with_many_messages_has_parts_and_is_read_whole(
    search: SearchRepository, migrated: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stored_search, "PART", 4)
    entries = [entry(seq, "word", at=3 * WEEK + seq) for seq in range(1, 11)]
    for some in (entries[:3], entries[3:5], entries[5:]):
        search.insert(some)
    assert search.weeks() == [Week(3, parts=3)]
    sizes = migrated.db["search"].aggregate([{"$sortByCount": "$week"}])
    assert max(one["count"] for one in sizes) <= 5
    newest = [one.message_id for one in reversed(entries)]
    assert ids(search, "word") == newest
    search.replace([replace(entries[0], version=1, terms=["other"])])
    assert (ids(search, "other"), ids(search, "word")) == ([newest[-1]], newest[:-1])
    assert sum(search.delete_of_room(ROOM)) == 10


def test_changes_add_no_parts(search: SearchRepository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored_search, "PART", 4)
    one = entry(1, "word")
    search.insert([one])
    for version in range(1, 10):
        search.replace([replace(one, version=version)])
    assert search.weeks() == [Week(0, parts=1)]


def test_a_repeated_batch_stores_what_is_new_in_it(search: SearchRepository) -> None:
    entries = [entry(seq, "word") for seq in range(1, 5)]
    search.insert(entries[:2])
    search.insert(entries)
    assert len(ids(search, "word")) == 4


def test_the_entries_of_a_room_or_of_all_are_deleted_in_pieces(search: SearchRepository) -> None:
    search.insert([entry(seq, "word") for seq in range(1, 120)])
    search.insert([entry(seq, "word", room_id=OTHER) for seq in range(1, 120)])
    assert sum(search.delete_of_room(ROOM)) == 119
    assert ids(search, "word") == []
    assert sum(search.delete_all()) == 119
