"""The reconciler pushes what other processes stored, in spite of failures."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from bson import ObjectId
from pymongo.errors import AutoReconnect

from chat.database.client import Database
from chat.ids import new_id
from chat.log.previews import Previews
from chat.log.room_log import RoomLog
from chat.models import Membership, Message, ReceivedRequest, Room, RoomKind, User
from chat.realtime.channels import ChannelManager, room_channel
from chat.realtime.connections import Connection, Connections
from chat.realtime.pushed_rooms import PushedRooms
from chat.realtime.transport.server import TransportServer
from chat.reconciler import members
from chat.reconciler import reconciler as reconciling
from chat.reconciler.members import MemberReconciler
from chat.reconciler.people import PeopleReconciler
from chat.reconciler.reconciler import Reconciler
from chat.reconciler.rooms import RoomReconciler
from chat.repositories.changes import ChangeRepository
from chat.repositories.documents import object_id
from chat.repositories.epoch import EpochRepository
from chat.repositories.memberships import MembershipRepository
from chat.repositories.messages import MessageRepository
from chat.repositories.rooms import RoomRepository
from chat.repositories.sessions import SessionRepository
from chat.repositories.users import UserRepository
from chat.services.epoch_watch import EpochWatch
from chat.services.membership_cache import MembershipCache
from chat.services.usernames import Usernames
from tests.log.desk import message_in
from tests.realtime.accounts import UNMETERED


class Failing(MessageRepository):
    """Fails to read the logs of some rooms."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.errors: dict[str, Exception] = {}

    def list_range(self, room_id: str, first: int, last: int) -> list[Message]:
        if room_id in self.errors:
            raise self.errors[room_id]
        return super().list_range(room_id, first, last)


class RecordingRooms(RoomRepository):
    """Records the touched rooms that it found."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.found: list[str] = []

    def list_touched(self, since: datetime, until: datetime | None = None) -> list[Room]:
        touched = super().list_touched(since, until)
        self.found += [room.id for room in touched]
        return touched


class RecordingCache(MembershipCache):
    """Records the rooms whose members were read."""

    def __init__(self, rooms: RoomRepository, memberships: MembershipRepository) -> None:
        super().__init__(rooms, memberships)
        self.rooms: list[str] = []

    def reload_members(self, room_id: str) -> list[Membership]:
        self.rooms.append(room_id)
        return super().reload_members(room_id)


class Clients:
    """Replaces the publisher: one client, with the rooms that it is subscribed to."""

    def __init__(self, room_log: RoomLog, pushed_rooms: PushedRooms, user_id: str) -> None:
        self._room_log = room_log
        self._pushed_rooms = pushed_rooms
        self._user_id = user_id
        self._subscribed: set[str] = set()
        self.seqs: dict[str, list[int]] = {}
        self.told: list[str] = []  # ids of deleted rooms, changed users and ended sessions
        self.updated: list[str | None] = []  # names of rooms

    def track_room(self, room: Room) -> None:
        self._room_log.track_room(room)
        self._pushed_rooms.track(room)

    def untrack_room(self, room_id: str) -> None:
        self._room_log.untrack_room(room_id)
        self._pushed_rooms.untrack(room_id)

    def room_entered(self, room: Room, user_ids: Iterable[str]) -> None:
        self.track_room(room)
        self._subscribed.add(room.id)

    def room_updated(self, room: Room) -> None:
        self.updated.append(room.name)
        self._pushed_rooms.record_details(room)

    def member_left(self, room: Room, user_id: str) -> None:
        self._subscribed.discard(room.id)

    def on_stored(self, room: Room, message: Message) -> None:
        raise AssertionError("nothing is stored here")

    def on_caught_up(self, room: Room, message: Message) -> None:
        self.seqs.setdefault(room.id, []).append(message.seq)

    def message_created_for(self, user_id: str, room: Room, message: Message) -> None:
        self.on_caught_up(room, message)

    def room_deleted(self, room_id: str, kind: RoomKind) -> None:
        self.told.append(room_id)

    def own_user_changed(self, user: User) -> None:
        self.told.append(user.id)

    def user_changed_in_room(self, room: Room, user: User) -> None:
        self.told.append(user.id)

    def is_user_pushed(self, user: User) -> bool:
        return True

    def is_request_pushed(self, request_id: str) -> bool:
        return False

    def session_ended(self, session_id: str) -> None:
        self.told.append(session_id)

    def listeners(self, channel: str, namespace: str) -> set[str]:
        return {self._user_id} if channel.removeprefix("room:") in self._subscribed else set()

    def has_listeners(self, room_id: str) -> bool:
        return room_id in self._subscribed


class Silent:
    """Replaces presence, ended accounts and membership requests; it only records blocks."""

    def __init__(self) -> None:
        self.told_of: list[Room] = []  # blocks
        self.is_away = False  # the database

    def block_changed(self, room: Room) -> None:
        if self.is_away:
            raise AutoReconnect("away")
        self.told_of.append(room)

    def exclude_deleted(self) -> None:
        """Do nothing: no account has ended."""

    def list_created(
        self, since: datetime, until: datetime | None, is_told: Callable[[str], bool]
    ) -> Iterable[tuple[str, ReceivedRequest]]:
        return ()


class Process:
    """A process with one connected client, and the writes of other processes."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.user_id = new_id()
        self.rooms = RecordingRooms(database)
        self.memberships = MembershipRepository(database)
        self.messages = Failing(database)
        self.pushed_rooms = PushedRooms()
        self.room_log = RoomLog(
            self.messages,
            ChangeRepository(database),
            self.rooms,
            Previews(self.rooms),
            add_names=list,
        )
        self.clients = Clients(self.room_log, self.pushed_rooms, self.user_id)
        self.room_log.followers = (self.clients,)
        self.connections = Connections()
        self.connect("sid", self.user_id, pending=False)
        self.membership_cache = RecordingCache(self.rooms, self.memberships)
        self.silent = Silent()
        self.clock_is_ahead = timedelta()
        users = UserRepository(database)
        self.epoch_watch = EpochWatch(EpochRepository(database), forget=(), start_over=())
        usernames = Usernames(users)
        publisher: Any = self.clients
        silent: Any = self.silent
        self.reconciler = Reconciler(
            rooms=RoomReconciler(
                rooms=self.rooms,
                users=users,
                members=MemberReconciler(
                    rooms=self.rooms,
                    memberships=self.memberships,
                    connections=self.connections,
                    publisher=publisher,
                    room_log=self.room_log,
                    usernames=usernames,
                    membership_cache=self.membership_cache,
                ),
                publisher=publisher,
                pushed_rooms=self.pushed_rooms,
                room_log=self.room_log,
                usernames=usernames,
                presence=silent,
            ),
            people=PeopleReconciler(
                users=users,
                sessions=SessionRepository(database),
                publisher=publisher,
                usernames=usernames,
                membership_cache=self.membership_cache,
                deleted_accounts=silent,
                requests=silent,
            ),
            room_log=self.room_log,
            membership_cache=self.membership_cache,
            epoch_watch=self.epoch_watch,
            clock=lambda: database.now() + self.clock_is_ahead,
        )

    def connect(self, sid: str, user_id: str, pending: bool = True) -> Connection:
        """Add a connection of a user, pending or accepted."""
        user = User(user_id, sid, "", 0, "", "", None, 0, 0)
        connection = Connection(sid, sid, "/group", user, new_id(), 0, None, UNMETERED)
        connection.pending = pending
        self.connections.add_connection(connection)
        return connection

    def room(self) -> Room:
        """Create a group with the client as a subscribed member."""
        room = self.rooms.insert_group(new_id(), "A group", "")
        self.memberships.insert(Membership(room.id, self.user_id, "member", 0, 1))
        self.clients.room_entered(room, [self.user_id])
        return room

    def direct_room(self) -> Room:
        """Create a direct room with the client as a subscribed member."""
        room = self.rooms.insert_direct(self.user_id, new_id())
        assert room is not None
        self.memberships.insert(Membership(room.id, self.user_id, "member", 0, 1))
        self.clients.room_entered(room, [self.user_id])
        return room

    def store(self, room: Room, first: int, last: int, touch: bool = True) -> None:
        """Append to a room's log as another process does."""
        stored = [message_in(room, new_id(), seq=seq) for seq in range(first, last + 1)]
        for start in range(0, len(stored), 100):
            self.messages.append(stored[start : start + 100])
        if touch:
            self.rooms.advance_heads([stored[-1]])

    def touched_ago(self, room: Room, seconds: float) -> None:
        """Set the last touch of a room to so many seconds ago."""
        then = self.database.now() - timedelta(seconds=seconds)
        self.database.db["room"].update_one(
            {"_id": object_id(room.id)}, {"$set": {"touched_at": then}}
        )


@pytest.fixture
def process(migrated: Database) -> Process:
    return Process(migrated)


def test_messages_stored_elsewhere_are_pushed_once_and_in_order(process: Process) -> None:
    room = process.room()
    process.store(room, 1, 3)
    process.reconciler.run_once()
    process.reconciler.run_once()
    assert process.clients.seqs[room.id] == [1, 2, 3]
    assert process.room_log.pushed_upto(room.id) == 3


def test_a_message_whose_room_is_not_touched_yet_is_left_to_the_next_run(process: Process) -> None:
    room = process.room()
    process.store(room, 1, 2)
    process.store(room, 3, 3, touch=False)
    process.reconciler.run_once()
    assert process.clients.seqs[room.id] == [1, 2]
    process.rooms.advance_heads(process.messages.list_range(room.id, 3, 3))
    process.reconciler.run_once()
    assert process.clients.seqs[room.id] == [1, 2, 3]


def test_a_room_that_cannot_be_read_does_not_delay_the_others(process: Process) -> None:
    rooms = [process.room() for _ in range(3)]
    for room in rooms:
        process.store(room, 1, 2)
    process.messages.errors[rooms[1].id] = ValueError("what is this?")
    process.reconciler.run_once()
    assert process.clients.seqs == {rooms[0].id: [1, 2], rooms[2].id: [1, 2]}
    process.messages.errors.clear()
    process.reconciler.run_once()
    assert process.clients.seqs[rooms[1].id] == [1, 2]


def test_messages_stored_during_a_long_outage_are_pushed_after_it(
    process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = process.room()
    process.reconciler.run_once()
    process.store(room, 1, 2)
    process.messages.errors[room.id] = AutoReconnect("away")
    with pytest.raises(AutoReconnect):
        process.reconciler.run_once()
    # As if the outage had lasted longer than LOOK_BACK.
    process.touched_ago(room, 60)
    later = SimpleNamespace(monotonic=lambda: time.monotonic() + 60)
    monkeypatch.setattr(reconciling, "time", later)
    process.messages.errors.clear()
    process.reconciler.run_once()
    assert process.clients.seqs[room.id] == [1, 2]


def test_a_changed_name_of_a_room_is_pushed_once(process: Process) -> None:
    room = process.room()
    process.reconciler.run_once()
    process.rooms.update(room.id, {"name": "Another name"})
    for _ in range(2):
        process.reconciler.run_once()
    assert process.clients.updated == ["Another name"]


def test_a_block_is_pushed_by_the_next_run_after_the_database_failed(process: Process) -> None:
    room = process.direct_room()
    process.reconciler.run_once()
    process.rooms.update_blocked_by(room.id, [process.user_id])
    process.silent.is_away = True
    with pytest.raises(AutoReconnect):
        process.reconciler.run_once()
    process.silent.is_away = False
    for _ in range(2):
        process.reconciler.run_once()
    assert [one.blocked_by for one in process.silent.told_of] == [(process.user_id,)]


def test_a_block_that_ended_before_the_next_run_is_pushed_too(process: Process) -> None:
    """Both members have missed changes of the other's profile during the block."""
    room = process.direct_room()
    process.reconciler.run_once()
    for blockers in ([process.user_id], []):
        process.rooms.update_blocked_by(room.id, blockers)
    for _ in range(2):
        process.reconciler.run_once()
    assert [one.blocked_by for one in process.silent.told_of] == [()]


def test_changes_stamped_by_a_clock_that_was_ahead_are_read_once(process: Process) -> None:
    room = process.room()
    day = timedelta(days=1)
    process.clock_is_ahead = day
    process.reconciler.run_once()
    process.store(room, 1, 2)
    process.touched_ago(room, -day.total_seconds())
    process.clock_is_ahead = timedelta()
    process.rooms.found.clear()
    process.reconciler.run_once()
    assert process.clients.seqs[room.id] == [1, 2]
    assert process.rooms.found == [room.id]
    process.reconciler.run_once()
    assert process.rooms.found == [room.id], "and not in every run until then"


def test_deletions_and_ends_stamped_by_a_clock_that_was_ahead_are_pushed_once(
    process: Process,
) -> None:
    process.clock_is_ahead = timedelta(days=1)
    process.reconciler.run_once()
    ahead = process.database.now() + process.clock_is_ahead
    db, deleted, user, session = process.database.db, process.room(), ObjectId(), ObjectId()
    db["room"].delete_one({"_id": object_id(deleted.id)})
    db["deleted_room"].insert_one({"_id": object_id(deleted.id), "deleted_at": ahead})
    db["user"].insert_one({"_id": user, "touched_at": ahead})
    ended_at = round(ahead.timestamp() * 1000)
    db["session"].insert_one({"_id": session, "user_identity": user, "ended_at": ended_at})
    process.clock_is_ahead = timedelta()
    process.reconciler.run_once()
    assert process.clients.told == [deleted.id, str(user), str(session)]
    process.clients.room_entered(deleted, [])
    process.reconciler.run_once()
    assert process.clients.told == [deleted.id, str(user), str(session)]


def test_a_member_whose_join_was_never_pushed_is_subscribed_in_the_end(
    process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = process.rooms.insert_group(new_id(), "A group", "")
    process.store(room, 1, 1)
    process.reconciler.run_once()
    # A process that crashed right after this write has pushed nothing.
    process.memberships.insert(Membership(room.id, process.user_id, "member", 1, 1))
    process.store(room, 2, 2)
    process.reconciler.run_once()
    assert not process.clients.has_listeners(room.id)
    monkeypatch.setattr(members, "COMPARE_INTERVAL", 0.0)
    process.reconciler.run_once()
    assert process.clients.has_listeners(room.id)
    assert process.clients.seqs[room.id] == [2]


def test_a_connecting_non_member_does_not_cause_another_read_of_members(process: Process) -> None:
    room = process.room()
    process.store(room, 1, 1)
    process.connect("stranger", new_id())
    for _ in range(3):
        process.reconciler.run_once()
    assert process.membership_cache.rooms == [room.id]


def test_a_connecting_member_is_compared_again(process: Process) -> None:
    room = process.room()
    process.store(room, 1, 1)
    coming = process.connect("second tab", process.user_id)
    for _ in range(2):
        process.reconciler.run_once()
    process.connections.mark_accepted(coming)
    for _ in range(2):
        process.reconciler.run_once()
    assert process.membership_cache.rooms == [room.id] * 3, "and once more after the accept"


def test_a_client_whose_user_left_while_it_connected_is_not_subscribed(process: Process) -> None:
    manager = ChannelManager()
    manager.connections = process.connections
    TransportServer(client_manager=manager, async_mode="threading")
    sid = manager.pre_connect("transport", "/group")
    assert sid is not None
    coming = process.connect(sid, new_id())
    room = process.room()
    process.store(room, 1, 1)
    process.reconciler.run_once()
    # The memberships were read before another process removed the user, and arrive only now.
    coming.channels.add(room_channel(room.id))
    manager.connect(sid, "/group")
    assert list(manager.get_participants("/group", room_channel(room.id))) == []


def test_a_run_reads_the_time_of_the_database_once(
    process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    moments: list[datetime] = []
    now = Database.now

    def count(self: Database) -> datetime:
        moments.append(now(self))
        return moments[-1]

    monkeypatch.setattr(Database, "now", count)
    process.reconciler.run_once()
    process.reconciler.run_once()
    assert len(moments) == 2


def test_a_room_without_subscribers_is_untracked(process: Process) -> None:
    left, kept = process.room(), process.room()
    process.room_log.forget(left.id)  # as after a deletion in this process
    process.clients.member_left(left, process.user_id)
    process.reconciler.run_once()
    assert (
        process.room_log.tracked_rooms()
        == process.pushed_rooms.with_presence()
        == {kept.id: "group"}
    )


def test_members_are_compared_again_after_a_restore(process: Process) -> None:
    room = process.room()
    process.store(room, 1, 1)
    for _ in range(2):
        process.reconciler.run_once()
    assert process.membership_cache.rooms == [room.id]
    EpochWatch(EpochRepository(process.database), forget=(), start_over=()).renew()
    process.reconciler.run_once()
    assert process.membership_cache.rooms == [room.id] * 2
