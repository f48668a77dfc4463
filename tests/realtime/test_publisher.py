"""What goes through the message queue, and what of it counts as pushed to a room."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import pytest

from chat.models import Changes, Message, Reaction, ReceivedRequest, Room, User
from chat.realtime.channels import room_channel, user_channel
from chat.realtime.connections import Connection, Connections
from chat.realtime.publisher import Publisher
from chat.realtime.queue import QueuedChannelManager
from chat.realtime.queued_pushes import read_push
from chat.realtime.recent_pushes import RecentPushes
from chat.realtime.server import ChatServer, ChatSocketIO
from chat.realtime.told_rooms import ToldRooms
from chat.schemas.messages import dump_message
from chat.schemas.users import dump_user
from tests.log.desk import log_without_database
from tests.realtime.nobodys import NOBODYS

ADA = User("a" * 24, "ada", "", 0, "", "", None, 0, 0)
ROOM = Room("7" * 24, "group", "123456789", "A group", "", ADA.id, 0, None, 1, 1)
MESSAGE = Message("m", ROOM.id, ADA.id, 1, "c", "hello", 1, 1, ADA.username)
REACTED = replace(MESSAGE, version=1, reactions=(Reaction("👍", ADA.id, 1),))
CHANGES = Changes((REACTED,), (1,), 0, 1, reacted={ADA.id: frozenset({1})})


class Queue(QueuedChannelManager):
    """Keeps what would go to the others."""

    def __init__(self, heard: Callable[[str, Any], None]) -> None:
        super().__init__("redis://127.0.0.1:1/0", heard)
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
        self.told_rooms = ToldRooms()
        self.recent_pushes = RecentPushes()
        self.connections = Connections()
        self.manager = Queue(self.heard)
        self.socketio = ChatSocketIO(self.connections)
        self.socketio.server = ChatServer(self.connections, self.manager, async_mode="threading")
        self.room_log.listen(ROOM)
        sid = self.manager.pre_connect("transport", "/group") or ""
        connection = Connection(sid, "transport", "/group", ADA, "session", 0, None, NOBODYS)
        self.connections.add(connection)
        connection.channels.update((room_channel(ROOM.id), user_channel(ADA.id)))
        self.manager.connect(sid, "/group")

    def publisher(self, here_alone: bool) -> Publisher:
        publisher = Publisher(
            self.connections, self.room_log, self.told_rooms, self.recent_pushes, self.socketio
        )
        return publisher.here_alone() if here_alone else publisher

    def heard(self, event: str, payload: Any) -> None:
        self.publisher(here_alone=False).heard(event, payload)

    def hear(
        self,
        channel: str | list[str],
        event: str = "message_created",
        data: dict[str, Any] | None = None,
    ) -> None:
        """Take from the queue what another process told a channel, or several."""
        push = {
            "method": "emit",
            "event": event,
            "data": [data or dump_message(MESSAGE)],
            "namespace": "/group",
            "room": channel,
            "host_id": "another",
        }
        received = read_push(json.dumps(push).encode())
        assert received is not None
        self.manager.receive(received)


def tell_everything(publisher: Publisher) -> None:
    publisher.room_entered(ROOM, [ADA.id])
    publisher.stored(ROOM, MESSAGE)
    publisher.message_created_for(ADA.id, ROOM, MESSAGE)
    publisher.changed(ROOM, CHANGES)  # to her, who reacted, and to all
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


def test_what_every_process_finds_out_by_itself_is_told_to_its_own_clients(
    process: Process,
) -> None:
    tell_everything(process.publisher(here_alone=False))
    assert len(process.manager.queued) == 16, "all that is told, and nothing else"
    assert all(read_push(json.dumps(push).encode()) for push in process.manager.queued)
    process.manager.queued.clear()
    tell_everything(process.publisher(here_alone=True))
    assert process.manager.queued == []


def test_what_another_process_told_one_user_is_still_told_to_the_others(process: Process) -> None:
    process.hear(user_channel(ADA.id))
    assert process.room_log.told_upto(ROOM.id) == 0
    process.hear(room_channel(ROOM.id))
    assert process.room_log.told_upto(ROOM.id) == MESSAGE.seq
    assert process.room_log.known_id(ROOM.id, MESSAGE.seq) == MESSAGE.id


@pytest.mark.parametrize("by_queue", [False, True])
def test_whoever_reacted_and_is_no_member_any_more_is_not_told_how_the_message_is_now(
    process: Process, monkeypatch: pytest.MonkeyPatch, by_queue: bool
) -> None:
    sent: list[list[str]] = []  # of each push, to which connections it goes

    def send(eio_sids: Iterable[str], frame: object) -> None:
        sent.append(list(eio_sids))

    monkeypatch.setattr(process.socketio.server.eio, "send_to_all", send)
    publisher = process.publisher(here_alone=False)
    own = {"room_id": ROOM.id, "messages": [], "after_rev": 0, "last_rev": 0}

    def tell() -> None:
        if by_queue:
            process.hear(user_channel(ADA.id), "messages_changed", own)
        else:
            publisher.changed(ROOM, CHANGES)

    tell()
    assert sent == [["transport"]] if by_queue else [["transport"], ["transport"]]
    process.manager.unsubscribe(ADA.id, "/group", room_channel(ROOM.id))
    sent.clear()
    tell()
    assert sent and not any(sent)


def test_what_is_caught_up_with_is_told_to_clients_here_alone(process: Process) -> None:
    process.publisher(here_alone=False).caught_up(ROOM, MESSAGE)
    assert process.manager.queued == []


def test_a_room_that_nobody_hears_any_more_is_forgotten_in_both_places(process: Process) -> None:
    publisher = process.publisher(here_alone=False)
    publisher.listen(ROOM)
    assert process.room_log.listened() == process.told_rooms.with_presence() == {ROOM.id: "group"}
    publisher.unlisten(ROOM.id)
    assert process.room_log.listened() == process.told_rooms.with_presence() == {}


def test_a_profile_that_another_process_told_is_not_told_again(process: Process) -> None:
    publisher = process.publisher(here_alone=True)
    assert not publisher.is_told(ADA)
    process.hear([user_channel(ADA.id), room_channel(ROOM.id)], "user_changed", dump_user(ADA))
    assert publisher.is_told(ADA)
    assert not publisher.is_told(replace(ADA, nickname="Ada L."))
