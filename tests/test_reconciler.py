"""The pulse with a real database: what others stored is pushed, whatever goes wrong meanwhile."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
import socketio
from bson import ObjectId
from pymongo.errors import AutoReconnect

from chat.database.client import Database
from chat.models import Membership, Message, Room, RoomKind, User
from chat.realtime import pulse as beating
from chat.realtime.channels import ChannelManager, room_channel
from chat.realtime.connections import Connection, Connections
from chat.realtime.pulse import Pulse
from chat.realtime.push_log import PushLog
from chat.repositories.documents import new_id, object_id
from chat.repositories.messages import MessageRepository
from chat.repositories.rooms import RoomRepository
from chat.repositories.sessions import SessionRepository
from chat.repositories.user_rooms import UserRoomRepository
from chat.repositories.users import UserRepository
from tests.realtime.nobodys import NOBODYS


class Failing(MessageRepository):
    """Cannot read the logs of some rooms."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.errors: dict[str, Exception] = {}

    def list_range(self, room_id: str, first: int, last: int) -> list[Message]:
        if room_id in self.errors:
            raise self.errors[room_id]
        return super().list_range(room_id, first, last)


class Clients:
    """Stands where the publisher is: one client, who hears what it was let into."""

    def __init__(self, push_log: PushLog, user_id: str) -> None:
        self._push_log = push_log
        self._user_id = user_id
        self._hears: set[str] = set()
        self.seqs: dict[str, list[int]] = {}
        self.told: list[str] = []  # ids of rooms that are deleted, people, sessions that ended

    def room_entered(self, room: Room, user_ids: Iterable[str]) -> None:
        self._push_log.start(room)
        self._hears.add(room.id)

    def member_left(self, room: Room, user_id: str) -> None:
        self._hears.discard(room.id)

    def message_created(self, room: Room, message: Message) -> None:
        self.seqs.setdefault(room.id, []).append(message.seq)
        self._push_log.note(room.id, message.seq)

    def message_created_for(self, user_id: str, room: Room, message: Message) -> None:
        self.message_created(room, message)

    def room_deleted(self, room_id: str, kind: RoomKind) -> None:
        self.told.append(room_id)

    def own_user_changed(self, user: User) -> None:
        self.told.append(user.id)

    def is_told(self, user: User) -> bool:
        return True

    def is_request_told(self, request_id: str) -> bool:
        return False

    def session_ended(self, session_id: str) -> None:
        self.told.append(session_id)

    def listeners(self, channel: str, namespace: str) -> set[str]:
        return {self._user_id} if channel.removeprefix("room:") in self._hears else set()

    def is_heard(self, room_id: str) -> bool:
        return room_id in self._hears


class Process:
    """A process with one client who is connected, and what others do to the same database."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.user_id = new_id()
        self.rooms = RoomRepository(database)
        self.user_rooms = UserRoomRepository(database)
        self.messages = Failing(database)
        self.push_log = PushLog()
        self.clients = Clients(self.push_log, self.user_id)
        self.connections = Connections()
        self.connect("sid", self.user_id, pending=False)
        self.learned: list[Message] = []
        self.compared: list[str] = []  # rooms whose members were read
        self.pulse = Pulse(
            rooms=self.rooms,
            messages=self.messages,
            user_rooms=self.user_rooms,
            users=UserRepository(database),
            sessions=SessionRepository(database),
            connections=self.connections,
            publisher=self.clients,  # type: ignore[arg-type]
            push_log=self.push_log,
            tell_two=lambda room: None,
            list_requests=lambda since, until, is_told: (),
            sign=list,
            sign_rooms=list,
            forget_names=lambda user_id: None,
            exclude_ended=lambda: None,
            list_told_of=lambda user_id: (),
            read_members=self.read_members,
            confirm_members=lambda moment, room_ids: None,
            learn=self.learned.append,
            look_for_contention=lambda now: None,
            check_past=lambda: False,
            clock=lambda: database.now(),
        )

    def read_members(self, room_id: str) -> list[Membership]:
        self.compared.append(room_id)
        return self.user_rooms.list_of_room(room_id)

    def connect(self, sid: str, user_id: str, pending: bool = True) -> Connection:
        """Note somebody who is connected, or being let in."""
        user = User(user_id, sid, "", 0, "", "", None, 0, 0)
        connection = Connection(
            sid, sid, "/group", user, new_id(), 0, None, NOBODYS, pending=pending
        )
        self.connections.add(connection)
        return connection

    def room(self) -> Room:
        """Make a room that the client belongs to and hears."""
        room = self.rooms.insert_group(new_id(), "A group", "")
        self.user_rooms.insert(Membership(room.id, self.user_id, "member", 0, False, 1))
        self.clients.room_entered(room, [self.user_id])
        return room

    def direct_room(self) -> Room:
        """Make a room of two that the client belongs to and hears."""
        room = self.rooms.insert_direct(self.user_id, new_id())
        assert room is not None
        self.user_rooms.insert(Membership(room.id, self.user_id, "member", 0, False, 1))
        self.clients.room_entered(room, [self.user_id])
        return room

    def store(self, room: Room, first: int, last: int, touch: bool = True) -> None:
        """Append to a room's log as another process does."""
        draft = Message(new_id(), room.id, new_id(), 0, "", "hello", 1, 1)
        stored = [
            replace(draft, id=new_id(), seq=seq, client_id=f"c{seq}")
            for seq in range(first, last + 1)
        ]
        for start in range(0, len(stored), 100):
            self.messages.append(stored[start : start + 100])
        if touch:
            self.rooms.advance_heads([stored[-1]])

    def touched_ago(self, room: Room, seconds: float) -> None:
        """Let the last change of a room be so long ago."""
        then = self.database.now() - timedelta(seconds=seconds)
        self.database.db["room"].update_one(
            {"_id": object_id(room.id)}, {"$set": {"touched_at": then}}
        )


@pytest.fixture
def process(migrated: Database) -> Process:
    return Process(migrated)


def test_long_backlog_is_pushed_once_and_in_order(process: Process) -> None:
    room = process.room()
    process.store(room, 1, 250)
    process.pulse.beat()
    process.pulse.beat()
    assert process.clients.seqs[room.id] == list(range(1, 251))
    assert [message.seq for message in process.learned] == list(range(1, 251))


def test_message_that_is_not_told_of_yet_is_left_to_the_next_beat(process: Process) -> None:
    room = process.room()
    process.store(room, 1, 2)
    process.store(room, 3, 3, touch=False)
    process.pulse.beat()
    assert process.clients.seqs[room.id] == [1, 2]
    process.rooms.advance_heads(process.messages.list_range(room.id, 3, 3))
    process.pulse.beat()
    assert process.clients.seqs[room.id] == [1, 2, 3]


def test_one_room_that_cannot_be_read_does_not_keep_the_others_waiting(process: Process) -> None:
    rooms = [process.room() for _ in range(3)]
    for room in rooms:
        process.store(room, 1, 2)
    process.messages.errors[rooms[1].id] = ValueError("what is this?")
    process.pulse.beat()
    assert process.clients.seqs == {rooms[0].id: [1, 2], rooms[2].id: [1, 2]}
    process.messages.errors.clear()
    process.pulse.beat()
    assert process.clients.seqs[rooms[1].id] == [1, 2]


def test_what_was_stored_during_a_long_outage_is_pushed_after_it(
    process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = process.room()
    process.pulse.beat()
    process.store(room, 1, 2)
    process.messages.errors[room.id] = AutoReconnect("away")
    with pytest.raises(AutoReconnect):
        process.pulse.beat()
    # As if the outage had lasted longer than a beat looks back.
    process.touched_ago(room, 60)
    monkeypatch.setattr(process.pulse, "_looked_at", process.pulse._looked_at - 60)
    process.messages.errors.clear()
    process.pulse.beat()
    assert process.clients.seqs[room.id] == [1, 2]


def test_a_block_is_told_of_at_the_next_beat_when_the_database_went_away(
    process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = process.direct_room()
    process.pulse.beat()
    process.rooms.update_blocked_by(room.id, [process.user_id])
    told: list[Room] = []

    def fail(room: Room) -> None:
        raise AutoReconnect("away")

    monkeypatch.setattr(process.pulse, "_tell_two", fail)
    with pytest.raises(AutoReconnect):
        process.pulse.beat()
    monkeypatch.setattr(process.pulse, "_tell_two", told.append)
    for _ in range(2):
        process.pulse.beat()
    assert [one.blocked_by for one in told] == [(process.user_id,)]


def test_a_block_that_ended_before_the_next_beat_is_told_of_too(
    process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both have missed what the other one changed meanwhile."""
    room = process.direct_room()
    process.pulse.beat()
    for blockers in ([process.user_id], []):
        process.rooms.update_blocked_by(room.id, blockers)
    told: list[Room] = []
    monkeypatch.setattr(process.pulse, "_tell_two", told.append)
    for _ in range(2):
        process.pulse.beat()
    assert [one.blocked_by for one in told] == [()]


def test_a_clock_that_was_ahead_is_looked_back_at_once(
    process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = process.room()
    day = timedelta(days=1)
    now = process.database.now
    process.store(room, 1, 2)
    process.touched_ago(room, -day.total_seconds())
    monkeypatch.setattr(process.pulse, "_clock_was", now() + day)  # the last look was then
    process.pulse.beat()
    assert process.clients.seqs[room.id] == [1, 2]
    read: list[Room] = []
    monkeypatch.setattr(process.pulse, "_push_missing", read.append)
    process.pulse.beat()
    assert read == []


def test_what_happened_while_the_clock_was_ahead_is_told_once(
    process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    ahead = process.database.now() + timedelta(days=1)
    db, deleted, user, session = process.database.db, process.room(), ObjectId(), ObjectId()
    db["room"].delete_one({"_id": object_id(deleted.id)})
    db["deleted_room"].insert_one({"_id": object_id(deleted.id), "deleted_at": ahead})
    db["user"].insert_one({"_id": user, "touched_at": ahead})
    ended_at = round(ahead.timestamp() * 1000)
    db["session"].insert_one({"_id": session, "user_identity": user, "ended_at": ended_at})
    monkeypatch.setattr(process.pulse, "_clock_was", ahead)  # the last look was then
    process.pulse.beat()
    assert process.clients.told == [deleted.id, str(user), str(session)]
    process.clients.room_entered(deleted, [])
    process.pulse.beat()
    assert process.clients.told == [deleted.id, str(user), str(session)]


def test_message_that_is_missing_for_ever_does_not_stop_what_follows(process: Process) -> None:
    room = process.room()
    process.store(room, 1, 250)
    (lost,) = process.messages.list_range(room.id, 5, 5)
    process.database.db["message"].delete_one({"_id": object_id(lost.id)})
    process.pulse.beat()
    assert process.clients.seqs[room.id] == [seq for seq in range(1, 251) if seq != 5]
    assert process.push_log.upto(room.id) == 250


def test_member_who_came_without_a_word_hears_the_room_in_the_end(
    process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = process.rooms.insert_group(new_id(), "A group", "")
    process.store(room, 1, 1)
    process.pulse.beat()
    # A process that crashed right after writing this has told nobody.
    process.user_rooms.insert(Membership(room.id, process.user_id, "member", 1, False, 1))
    process.store(room, 2, 2)
    process.pulse.beat()
    assert not process.clients.is_heard(room.id)
    monkeypatch.setattr(beating, "COMPARE_AGAIN", 0.0)
    process.pulse.beat()
    assert process.clients.is_heard(room.id)
    assert process.clients.seqs[room.id] == [2]


def test_stranger_who_is_being_let_in_lets_nobody_read_members_again(process: Process) -> None:
    room = process.room()
    process.store(room, 1, 1)
    process.connect("stranger", new_id())
    for _ in range(3):
        process.pulse.beat()
    assert process.compared == [room.id]


def test_member_who_is_being_let_in_is_compared_again(process: Process) -> None:
    room = process.room()
    process.store(room, 1, 1)
    coming = process.connect("second tab", process.user_id)
    for _ in range(2):
        process.pulse.beat()
    process.connections.accept(coming)
    for _ in range(2):
        process.pulse.beat()
    assert process.compared == [room.id] * 3, "and once more when they are in"


def test_who_left_while_being_let_in_does_not_hear_the_room(process: Process) -> None:
    manager = ChannelManager()
    manager.connections = process.connections
    socketio.Server(client_manager=manager, async_mode="threading")
    sid = manager.pre_connect("transport", "/group")
    assert sid is not None
    coming = process.connect(sid, new_id())
    room = process.room()
    process.store(room, 1, 1)
    process.pulse.beat()
    # What was read of them before another process took them out of the room comes only now.
    coming.channels.add(room_channel(room.id))
    manager.connect(sid, "/group")
    assert list(manager.get_participants("/group", room_channel(room.id))) == []


def test_a_beat_asks_the_database_for_its_time_once(
    process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    moments: list[datetime] = []
    now = Database.now

    def count(self: Database) -> datetime:
        moments.append(now(self))
        return moments[-1]

    monkeypatch.setattr(Database, "now", count)
    process.pulse.beat()
    process.pulse.beat()
    assert len(moments) == 2
