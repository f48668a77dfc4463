"""The log of changes in the database: any order of applying leads to the same message."""

from __future__ import annotations

import itertools
from functools import partial
from typing import Any

import pytest
from bson import ObjectId
from pymongo import MongoClient, monitoring

from chat.database.client import Database
from chat.ids import new_id
from chat.models import NO_MENTIONS, Change, Mentions, Message, Reaction
from chat.repositories.appends import Appended
from chat.repositories.changes import ChangeRepository
from chat.repositories.messages import MessageRepository
from chat.repositories.rooms import RoomRepository
from tests.log.desk import change_of

ROOM, ALICE, BOB = new_id(), new_id(), new_id()
HEART = "❤️"
LAST_MENTIONS = Mentions((ALICE, BOB))


@pytest.fixture
def changes(migrated: Database) -> ChangeRepository:
    return ChangeRepository(migrated)


@pytest.fixture
def message(migrated: Database) -> Message:
    found = Message(new_id(), ROOM, ALICE, 1, new_id(), "as it was", 1, 1)
    MessageRepository(migrated).append([found])
    return found


def now(database: Database, message: Message) -> Message:
    (found,) = MessageRepository(database).list_by_ids([message.id])
    return found


def entries(database: Database) -> list[dict[str, Any]]:
    return list(database.db["change"].find({"room_identity": ObjectId(ROOM)}).sort("rev", 1))


def test_what_was_appended_is_read_back_as_it_was(
    changes: ChangeRepository, message: Message
) -> None:
    stored = [
        change_of(message, ALICE, "text", "other", rev=1),
        change_of(message, BOB, "reaction", True, HEART, rev=2),
        change_of(message, BOB, "reaction", False, HEART, rev=3),
        change_of(message, BOB, "pinned", True, rev=4),
        change_of(message, ALICE, "deleted", rev=5),
    ]
    assert changes.append(stored) == Appended(5)
    assert changes.list_range(ROOM, 1, 9) == stored
    assert changes.list_range(ROOM, 2, 3) == stored[1:3]
    assert changes.list_range(ROOM, 6, 9) == changes.list_range("no id", 1, 9) == []
    assert changes.find_stored([stored[4], change_of(message, BOB, "deleted")]) == {
        stored[4].id: stored[4]
    }


def test_an_append_stops_where_another_process_was_first(
    changes: ChangeRepository, message: Message
) -> None:
    first = change_of(message, ALICE, "pinned", True, rev=2)
    changes.append([first])
    others = [change_of(message, BOB, "pinned", False, rev=rev) for rev in (1, 2, 3)]
    assert changes.append(others) == Appended(1, "taken", at=1)
    assert changes.append([first]).stored == 0


def test_each_register_gets_its_value(
    changes: ChangeRepository, migrated: Database, message: Message
) -> None:
    changes.apply([change_of(message, ALICE, "text", "other", rev=1)])
    edited = now(migrated, message)
    assert (edited.data, edited.version, edited.edited_at, edited.updated_at) == ("other", 1, 2, 2)
    changes.apply([change_of(message, BOB, "reaction", True, HEART, rev=2)])
    assert now(migrated, message).reactions == (Reaction(HEART, BOB, 2),)
    changes.apply([change_of(message, ALICE, "reaction", True, HEART, rev=3)])
    changes.apply([change_of(message, BOB, "reaction", False, HEART, rev=4)])
    reacted = now(migrated, message)
    assert reacted.reactions == (Reaction(HEART, ALICE, 3),) and reacted.used_emoji == 1
    changes.apply([change_of(message, ALICE, "pinned", True, rev=5)])
    assert now(migrated, message).pinned
    assert [one.id for one in MessageRepository(migrated).list_pinned(ROOM, 9)] == [message.id]
    changes.apply([change_of(message, ALICE, "pinned", False, rev=6)])
    assert MessageRepository(migrated).list_pinned(ROOM, 9) == []
    changes.apply([change_of(message, ALICE, "pinned", True, rev=7)])
    changes.apply([change_of(message, ALICE, "deleted", rev=8)])
    gone = now(migrated, message)
    assert gone.deleted and (gone.data, gone.reactions, gone.pinned) == ("", (), False)
    assert (gone.version, gone.seq, gone.client_id) == (8, 1, message.client_id)
    assert MessageRepository(migrated).list_pinned(ROOM, 9) == []


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_a_text_and_its_mentions_are_one_register(
    changes: ChangeRepository, migrated: Database, message: Message, order: tuple[int, ...]
) -> None:
    done = [
        change_of(message, ALICE, "text", f"text {rev}", rev=rev, mentions=mentions)
        for rev, mentions in enumerate((Mentions((BOB,), True), NO_MENTIONS, LAST_MENTIONS), 1)
    ]
    assert changes.append(done) == Appended(3)
    assert changes.list_range(ROOM, 1, 3) == done
    for place in order:
        changes.apply([done[place]])
    last = now(migrated, message)
    assert (last.data, last.mentions) == ("text 3", LAST_MENTIONS)
    left = [entry for entry in entries(migrated) if "mentions" in entry or "mentions_all" in entry]
    assert [entry["rev"] for entry in left] == [3], "the others are scrubbed"
    changes.apply([change_of(message, ALICE, "deleted", rev=4)])
    assert now(migrated, message).mentions == NO_MENTIONS
    assert all("mentions" not in entry for entry in entries(migrated))


def test_what_is_applied_again_changes_nothing(
    changes: ChangeRepository, migrated: Database, message: Message
) -> None:
    done = [
        change_of(message, ALICE, "text", "other", rev=1),
        change_of(message, BOB, "reaction", True, HEART, rev=2),
        change_of(message, BOB, "pinned", True, rev=3),
        change_of(message, ALICE, "deleted", rev=4),
    ]
    for change in done:
        changes.apply([change])
        once = now(migrated, message)
        changes.apply([change])
        assert now(migrated, message) == once


def conflicting(message: Message) -> list[Change]:
    return [
        change_of(message, ALICE, "text", "first", rev=1),
        change_of(message, BOB, "reaction", True, HEART, rev=2),
        change_of(message, ALICE, "text", "second", rev=3),
        change_of(message, BOB, "reaction", False, HEART, rev=4),
    ]


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
def test_the_order_of_applying_does_not_matter(
    changes: ChangeRepository, migrated: Database, message: Message, order: tuple[int, ...]
) -> None:
    done = conflicting(message)
    for place in order:
        changes.apply([done[place]])
    found = now(migrated, message)
    assert (found.data, found.reactions) == ("second", ())


@pytest.mark.parametrize("before", range(5))
def test_a_deletion_wins_whenever_it_is_applied(
    changes: ChangeRepository, migrated: Database, message: Message, before: int
) -> None:
    done = conflicting(message)
    changes.apply(done[:before])
    changes.apply([change_of(message, ALICE, "deleted", rev=5)])
    gone = now(migrated, message)
    changes.apply(done[before:])
    changes.apply([change_of(message, ALICE, "text", "too late", rev=6)])
    changes.apply([change_of(message, BOB, "pinned", True, rev=7)])
    assert now(migrated, message) == gone and gone.deleted and gone.data == ""


def test_an_older_text_leaves_the_log_when_a_later_one_is_applied(
    changes: ChangeRepository, migrated: Database, message: Message
) -> None:
    done = conflicting(message)
    changes.append(done)
    changes.apply(done[:1])
    assert [one.get("value") for one in entries(migrated)] == ["first", True, "second", False]
    changes.apply(done[2:3])
    assert [one.get("value") for one in entries(migrated)] == [None, True, "second", False]
    changes.apply(done[:1])  # late
    assert [one.get("value") for one in entries(migrated)] == [None, True, "second", False]
    assert now(migrated, message).data == "second"


class Updates(monitoring.CommandListener):
    """Keeps how many documents each update of a collection found."""

    def __init__(self, collection: str) -> None:
        self._collection = collection
        self.found: list[int] = []
        self._updates: set[int] = set()

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        if event.command_name == "update" and event.command["update"] == self._collection:
            self._updates.add(event.request_id)

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        if event.request_id in self._updates:
            self.found.append(event.reply["n"])

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        """Say nothing."""


def test_an_edit_costs_the_same_however_often_the_message_was_edited(
    migrated: Database, message: Message, monkeypatch: pytest.MonkeyPatch
) -> None:
    scrubbed = Updates("change")
    heard = partial(MongoClient, event_listeners=[scrubbed])
    monkeypatch.setattr("chat.database.client.MongoClient", heard)
    migrated.close()  # so that the next use creates a client with the listener
    changes = ChangeRepository(migrated)
    for rev in range(1, 6):
        edit = change_of(message, ALICE, "text", f"text {rev}", rev=rev)
        changes.append([edit])
        changes.apply([edit])
    assert scrubbed.found == [1, 1, 1, 1]


def test_an_older_entry_that_is_applied_late_pins_nothing_again(
    changes: ChangeRepository, migrated: Database, message: Message
) -> None:
    pin = change_of(message, ALICE, "pinned", True, rev=1)
    changes.apply([change_of(message, ALICE, "pinned", False, rev=2)])
    changes.apply([pin])
    assert MessageRepository(migrated).list_pinned(ROOM, 9) == []
    changes.apply([change_of(message, ALICE, "deleted", rev=4)])
    changes.apply([change_of(message, ALICE, "pinned", True, rev=3)])
    assert MessageRepository(migrated).list_pinned(ROOM, 9) == []


def test_a_newer_reaction_holds_back_no_other_of_the_same_batch(
    changes: ChangeRepository, migrated: Database, message: Message
) -> None:
    newer = change_of(message, BOB, "reaction", False, HEART, rev=3)
    batch = [
        change_of(message, ALICE, "reaction", True, HEART, rev=1),
        change_of(message, BOB, "reaction", True, HEART, rev=2),
    ]
    changes.append([*batch, newer])
    changes.apply([newer])
    changes.apply(batch)
    found = now(migrated, message)
    assert [(one.user_id, one.rev) for one in found.reactions] == [(ALICE, 1)]
    assert found.version == 2


def test_all_reactions_of_a_batch_are_one_update_of_their_message(
    migrated: Database, message: Message, monkeypatch: pytest.MonkeyPatch
) -> None:
    updates = Updates("message")
    heard = partial(MongoClient, event_listeners=[updates])
    monkeypatch.setattr("chat.database.client.MongoClient", heard)
    migrated.close()  # so that the next use creates a client with the listener
    batch = [change_of(message, new_id(), "reaction", True, HEART, rev=rev) for rev in range(1, 51)]
    ChangeRepository(migrated).append(batch)
    ChangeRepository(migrated).apply(batch)
    assert updates.found == [1]
    found = now(migrated, message)
    assert len(found.reactions) == found.version == 50


def test_of_a_message_with_very_many_changes_nothing_is_left_once_it_is_deleted(
    changes: ChangeRepository, migrated: Database, message: Message
) -> None:
    reactions = [
        change_of(message, BOB, "reaction", rev % 2 == 1, HEART, rev=rev) for rev in range(1, 201)
    ]
    changes.append(reactions)
    changes.apply(reactions)
    changes.apply([change_of(message, ALICE, "deleted", rev=201)])
    found = entries(migrated)
    assert len(found) == 200 and all("value" not in one and "emoji" not in one for one in found)


def test_nothing_of_a_deleted_message_is_left_in_the_log(
    changes: ChangeRepository, migrated: Database, message: Message
) -> None:
    deletion = change_of(message, ALICE, "deleted", rev=5)
    late = change_of(message, ALICE, "text", "too late", rev=6)
    changes.append([*conflicting(message), deletion, late])
    changes.apply([deletion])
    assert all("value" not in one and "emoji" not in one for one in entries(migrated))
    changes.apply(changes.list_range(ROOM, 1, 6))  # as it stands there now
    assert now(migrated, message).data == ""
    assert [one["rev"] for one in entries(migrated)] == [1, 2, 3, 4, 5, 6]


def test_a_change_of_a_missing_message_creates_none(
    changes: ChangeRepository, migrated: Database, message: Message
) -> None:
    MessageRepository(migrated).delete_range(ROOM, 1, 1)
    changes.apply([change_of(message, ALICE, "text", "other", rev=1)])
    assert MessageRepository(migrated).list_by_ids([message.id]) == []


def test_the_changes_of_one_room_are_deleted_with_it(
    changes: ChangeRepository, message: Message
) -> None:
    changes.append([change_of(message, ALICE, "pinned", True, rev=rev) for rev in range(1, 6)])
    assert sum(changes.delete_of_room(ROOM)) == 5
    assert changes.list_range(ROOM, 1, 9) == []


def test_the_preview_of_a_changed_message_does_not_go_back(
    changes: ChangeRepository, migrated: Database
) -> None:
    rooms = RoomRepository(migrated)
    room = rooms.insert_group(ALICE, "A group", "")
    message = Message(new_id(), room.id, ALICE, 1, new_id(), "as it was", 1, 1)
    MessageRepository(migrated).append([message])
    states = [message]
    for change in (
        change_of(message, ALICE, "text", "other", rev=1),
        change_of(message, ALICE, "deleted", rev=2),
    ):
        changes.apply([change])
        states.append(now(migrated, message))
    rooms.advance_heads([states[1]])  # also where the room lags behind
    for state, expected in ((0, "other"), (2, ""), (1, ""), (0, "")):
        rooms.advance_heads([states[state]])
        found = rooms.find(room.id)
        assert found is not None and found.last_message is not None
        last = found.last_message
        assert (found.last_seq, last.data) == (1, expected)
        assert last.deleted is (expected == "") and last.version == (1 if expected else 2)
    rooms.advance_revs({room.id: 2})
    rooms.advance_revs({room.id: 1})
    found = rooms.find(room.id)
    assert found is not None and found.last_rev == 2
