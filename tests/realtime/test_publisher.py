"""Pushes through the message queue, and those that are recorded as pushed to a room."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import pytest

from chat.models import Changes, Message, Reaction, ReceivedRequest, Room, User
from chat.realtime.channels import room_channel, user_channel
from chat.realtime.connections import Connection, Connections
from chat.realtime.publisher import Publisher
from chat.realtime.pushed_rooms import PushedRooms
from chat.realtime.queue import QueuedChannelManager
from chat.realtime.queued_pushes import read_pushes
from chat.realtime.recent_pushes import RecentPushes
from chat.realtime.server import ChatServer, ChatSocketIO
from chat.schemas.messages import dump_message
from chat.schemas.users import dump_user
from chat.schemas.writing import write_json
from tests.log.desk import log_without_database
from tests.realtime.accounts import UNMETERED

ADA = User("a" * 24, "ada", "", 0, "", "", None, 0, 0)
ROOM = Room("7" * 24, "group", "123456789", "A group", "", ADA.id, 0, None, 1, 1)
MESSAGE = Message("m", ROOM.id, ADA.id, 1, "c", "hello", 1, 1, ADA.username)
REACTED = replace(MESSAGE, version=1, reactions=(Reaction("👍", ADA.id, 1),))
CHANGES = Changes((REACTED,), (1,), 0, 1, reacted={ADA.id: frozenset({1})})


class Queue(QueuedChannelManager):
    """Records the pushes for other processes."""

    def __init__(self, on_push: Callable[[str, Any], None]) -> None:
        super().__init__("redis://127.0.0.1:1/0", on_push)
        self.queued: list[dict[str, Any]] = []

    def _publish(self, data: dict[str, Any]) -> None:
        self.queued.append(data)

    def receive(self, push: dict[str, Any]) -> None:
        """Take what another process put in."""
        self._handle_emit(push)


class Process:
    """A process with one client and a queue."""

    def __init__(self) -> None:
        self.room_log = log_without_database()
        self.pushed_rooms = PushedRooms()
        self.recent_pushes = RecentPushes()
        self.connections = Connections()
        self.manager = Queue(self.record_push_elsewhere)
        self.socketio = ChatSocketIO(self.connections)
        self.socketio.server = ChatServer(self.connections, self.manager, async_mode="threading")
        self.room_log.track_room(ROOM)
        sid = self.manager.pre_connect("transport", "/group") or ""
        connection = Connection(sid, "transport", "/group", ADA, "session", 0, None, UNMETERED)
        self.connections.add_connection(connection)
        connection.channels.update((room_channel(ROOM.id), user_channel(ADA.id)))
        self.manager.connect(sid, "/group")

    def publisher(self, local_only: bool) -> Publisher:
        publisher = Publisher(
            self.connections, self.room_log, self.pushed_rooms, self.recent_pushes, self.socketio
        )
        return publisher.local_only() if local_only else publisher

    def record_push_elsewhere(self, event: str, payload: Any) -> None:
        self.publisher(local_only=False).record_push_elsewhere(event, payload)

    def hear(
        self,
        channel: str | list[str],
        event: str = "message_created",
        data: dict[str, Any] | None = None,
    ) -> None:
        """Handle a push of another process to one or several channels."""
        push = {
            "method": "emit",
            "event": event,
            "data": [data or dump_message(MESSAGE)],
            "namespace": "/group",
            "room": channel,
            "host_id": "another",
        }
        (received,) = read_pushes(write_json(push))
        assert received is not None
        self.manager.receive(received)


def tell_everything(publisher: Publisher) -> None:
    publisher.room_entered(ROOM, [ADA.id])
    publisher.on_stored(ROOM, MESSAGE)
    publisher.message_created_for(ADA.id, ROOM, MESSAGE)
    publisher.on_changed(ROOM, CHANGES)  # one push to the user who reacted, one to the room
    publisher.message_read(ROOM, ADA.id, 1, to_members=True)
    publisher.message_read(ROOM, ADA.id, 1, to_members=False)
    publisher.user_typing(ROOM, ADA.id)
    publisher.user_changed(ADA, [ROOM.id])
    publisher.presence_changed(ADA.id, True, {ROOM.id: ROOM.kind})
    publisher.room_updated(ROOM)
    publisher.member_joined(ROOM, ADA)
    publisher.member_left(ROOM, ADA.id)
    publisher.invitation_received(ADA.id, ReceivedRequest("i", ROOM, 1, ADA, 1))
    publisher.room_deleted(ROOM.id, ROOM.kind)


@pytest.fixture
def process() -> Process:
    return Process()


def test_a_local_publisher_pushes_nothing_to_the_queue(
    process: Process,
) -> None:
    tell_everything(process.publisher(local_only=False))
    assert len(process.manager.queued) == 16, "all that is told, and nothing else"
    assert all(all(read_pushes(write_json(push))) for push in process.manager.queued)
    process.manager.queued.clear()
    tell_everything(process.publisher(local_only=True))
    assert process.manager.queued == []


def test_a_push_of_another_process_to_one_user_is_not_recorded_as_pushed_to_the_room(
    process: Process,
) -> None:
    process.hear(user_channel(ADA.id))
    assert process.room_log.pushed_upto(ROOM.id) == 0
    process.hear(room_channel(ROOM.id))
    assert process.room_log.pushed_upto(ROOM.id) == MESSAGE.seq
    assert process.room_log.known_id(ROOM.id, MESSAGE.seq) == MESSAGE.id


@pytest.mark.parametrize("by_queue", [False, True])
def test_a_former_member_who_reacted_does_not_receive_the_changed_message(
    process: Process, monkeypatch: pytest.MonkeyPatch, by_queue: bool
) -> None:
    sent: list[list[str]] = []  # the recipients of each push

    def send(eio_sids: Iterable[str], frame: object) -> None:
        sent.append(list(eio_sids))

    monkeypatch.setattr(process.socketio.server.eio, "send_to_all", send)
    publisher = process.publisher(local_only=False)
    own = {"room_id": ROOM.id, "messages": [], "after_rev": 0, "last_rev": 0}

    def tell() -> None:
        if by_queue:
            process.hear(user_channel(ADA.id), "messages_changed", own)
        else:
            publisher.on_changed(ROOM, CHANGES)

    tell()
    assert sent == [["transport"]] if by_queue else [["transport"], ["transport"]]
    process.manager.unsubscribe(ADA.id, "/group", room_channel(ROOM.id))
    sent.clear()
    tell()
    assert sent and not any(sent)


def test_caught_up_messages_are_pushed_to_local_clients_only(process: Process) -> None:
    process.publisher(local_only=False).on_caught_up(ROOM, MESSAGE)
    assert process.manager.queued == []


def test_an_untracked_room_is_forgotten_in_both_places(process: Process) -> None:
    publisher = process.publisher(local_only=False)
    publisher.track_room(ROOM)
    assert (
        process.room_log.tracked_rooms()
        == process.pushed_rooms.with_presence()
        == {ROOM.id: "group"}
    )
    publisher.untrack_room(ROOM.id)
    assert process.room_log.tracked_rooms() == process.pushed_rooms.with_presence() == {}


def test_a_profile_pushed_by_another_process_is_not_pushed_again(process: Process) -> None:
    publisher = process.publisher(local_only=True)
    assert not publisher.is_user_pushed(ADA)
    process.hear([user_channel(ADA.id), room_channel(ROOM.id)], "user_changed", dump_user(ADA))
    assert publisher.is_user_pushed(ADA)
    assert not publisher.is_user_pushed(replace(ADA, nickname="Ada L."))
