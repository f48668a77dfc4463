"""The index of messages follows the logs; a late holder of its lease brings no text back."""

from __future__ import annotations

from chat.consumers.consumer import Batch
from chat.database.client import Database
from chat.models import Message, Room
from chat.repositories.search import SearchRepository
from chat.services.search_index import SearchIndex
from tests.consumers.conftest import OpenProcess
from tests.consumers.processes import Process
from tests.consumers.test_runner import ANN
from tests.log.desk import change_of, results


def open_index(open_process: OpenProcess, database: Database) -> tuple[Process, SearchIndex]:
    """Start a process whose only consumer is an index."""
    index = SearchIndex(SearchRepository(database))
    return open_process(index), index


def found(database: Database, room: Room, term: str) -> list[str]:
    """Return the ids of the messages of a room that the index has under a term."""
    search = SearchRepository(database)
    read = search.find([term], search.weeks(), [room.id], None, 100)
    assert read is not None
    return [one.place.message_id for one in read[0]]


def send(process: Process, room: Room, text: str) -> Message:
    return results([process.send(room, ANN, text)])[0].message


def test_it_has_everything_from_the_first_message_on(
    open_process: OpenProcess, migrated: Database, room: Room
) -> None:
    process, _ = open_index(open_process, migrated)
    old = send(process, room, "apple")
    process.write_down()
    process.runner.run_due()
    new = send(process, room, "apple")
    process.runner.run_due()
    assert {*found(migrated, room, "app")} == {old.id, new.id}


def test_edits_and_deletions_follow(
    open_process: OpenProcess, migrated: Database, room: Room
) -> None:
    process, _ = open_index(open_process, migrated)
    message, other = send(process, room, "apple"), send(process, room, "apple")
    process.runner.run_due()
    results([process.log.change(room, change_of(message, ANN, "text", "pears"))])
    results([process.log.change(room, change_of(other, ANN, "deleted"))])
    process.runner.run_due()
    assert found(migrated, room, "app") == []
    assert found(migrated, room, "pea") == [message.id]


def test_what_is_handled_twice_is_there_once_and_nothing_deleted_comes_back(
    open_process: OpenProcess, migrated: Database, room: Room
) -> None:
    """As after a crash before the cursor moved, or by an old holder of the lease."""
    process, index = open_index(open_process, migrated)
    kept, gone = send(process, room, "apple"), send(process, room, "apple")
    late = Batch(room, [kept, gone], [])
    process.runner.run_due()
    results([process.log.change(room, change_of(gone, ANN, "deleted"))])
    process.runner.run_due()
    index.handle([late])
    index.handle([Batch(room, [], [kept, gone])])
    assert found(migrated, room, "app") == [kept.id]


def test_a_second_process_goes_on_where_the_first_one_ended(
    open_process: OpenProcess, migrated: Database, room: Room
) -> None:
    first, _ = open_index(open_process, migrated)
    second, _ = open_index(open_process, migrated)
    first.runner.run_due()
    send(first, room, "apple")
    first.write_down()
    second.runner.run_due()
    assert found(migrated, room, "app") == []  # the first one has the lease
    first.runner.stop(5)
    second.touch(room)
    second.runner.run_due()
    assert len(found(migrated, room, "app")) == 1
