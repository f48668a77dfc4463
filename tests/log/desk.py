"""A `RoomLog` as one process has it, with followers that record their calls."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import cast

from chat.database.client import Database
from chat.errors import ChatError
from chat.ids import new_id
from chat.log.followers import ChangeFollower, Follower
from chat.log.futures import Stored, StoredFuture
from chat.log.previews import Previews
from chat.log.room_log import RoomLog
from chat.models import NO_MENTIONS, Change, ChangeKind, Changes, Mentions, Message, Room
from chat.repositories.changes import ChangeRepository
from chat.repositories.messages import MessageRepository
from chat.repositories.rooms import RoomRepository
from harness.servers import PATIENCE


def message_in(
    room: Room, user_id: str, data: str = "hello", *, seq: int = 0, client_id: str | None = None
) -> Message:
    """Return a message that is not stored yet, or one that another process stores at `seq`."""
    return Message(
        id=new_id(),
        room_id=room.id,
        user_id=user_id,
        username=f"name of {user_id}",
        seq=seq,
        client_id=new_id() if client_id is None else client_id,
        data=data,
        created_at=1,
        updated_at=1,
    )


def change_of(
    message: Message,
    user_id: str,
    kind: ChangeKind,
    value: str | bool | None = None,
    emoji: str = "",
    rev: int = 0,
    mentions: Mentions = NO_MENTIONS,
) -> Change:
    """Return a change that is not stored yet, or one that another process stores at `rev`."""
    return Change(
        id=new_id(),
        room_id=message.room_id,
        rev=rev,
        message_id=message.id,
        seq=message.seq,
        kind=kind,
        user_id=user_id,
        created_at=2,
        value=value,
        emoji=emoji,
        mentions=mentions,
    )


class Listener:
    """A follower that records its calls; it calls `meanwhile` first."""

    def __init__(self, meanwhile: Callable[[Message], object] = lambda message: None) -> None:
        self._meanwhile = meanwhile
        self.told: list[Message] = []  # stored by this process
        self.caught: list[Message] = []  # stored elsewhere

    def on_stored(self, room: Room, message: Message) -> None:
        self._meanwhile(message)
        self.told.append(message)

    def on_caught_up(self, room: Room, message: Message) -> None:
        self._meanwhile(message)
        self.caught.append(message)


class ChangeListener:
    """A follower of changes that records its calls."""

    def __init__(self) -> None:
        self.told: list[Changes] = []  # at least partly stored by this process
        self.caught: list[Changes] = []  # stored elsewhere

    def on_changed(self, room: Room, changes: Changes) -> None:
        self.told.append(changes)

    def on_changes_caught_up(self, room: Room, changes: Changes) -> None:
        self.caught.append(changes)


class Desk:
    """A `RoomLog` as one process has it, with a recording follower before the previews."""

    def __init__(
        self, database: Database, messages: MessageRepository, changes: ChangeRepository
    ) -> None:
        self.database = database
        self.messages = messages
        self.changes = changes
        self.rooms = RoomRepository(database)
        self.previews = Previews(self.rooms)
        self.log = RoomLog(messages, changes, self.rooms, self.previews, add_names=list)
        self.listener = Listener()
        self.follow(self.listener)
        self.change_listener = ChangeListener()
        self.follow_changes(self.change_listener)

    def follow(self, *followers: Follower) -> None:
        """Set the followers of messages; the previews come last."""
        self.log.followers = (*followers, self.previews)

    def follow_changes(self, *followers: ChangeFollower) -> None:
        """Set the followers of changes."""
        self.log.change_followers = followers

    @property
    def told(self) -> list[Message]:
        """The messages stored by this process, as the follower got them."""
        return self.listener.told

    def send(
        self,
        room: Room,
        user_id: str,
        data: str,
        client_id: str | None = None,
        refusal: ChatError | None = None,
        reply_to: int | None = None,
    ) -> StoredFuture:
        message = message_in(room, user_id, data, client_id=client_id)
        if reply_to is not None:
            quote = self.log.find_quote(room.id, reply_to)
            message = replace(
                message, reply_to=reply_to, reply_to_id=quote.message_id or new_id(), quote=quote
            )
        return self.log.append(room, message, refusal)

    def store(self, room: Room, first: int, last: int) -> list[Message]:
        """Append to a log as another process does, without a push."""
        stored = [message_in(room, new_id(), seq=seq) for seq in range(first, last + 1)]
        for start in range(0, len(stored), 100):
            self.messages.append(stored[start : start + 100])
        return stored


OpenDesk = Callable[..., Desk]


def results(futures: Iterable[StoredFuture]) -> list[Stored]:
    """Wait for all futures."""
    return [future.result(PATIENCE) for future in futures]


def log_without_database() -> RoomLog:
    """Return a `RoomLog` without a database, for tests that need only its memory."""
    nowhere = cast(Database, None)
    rooms = RoomRepository(nowhere)
    messages, changes = MessageRepository(nowhere), ChangeRepository(nowhere)
    return RoomLog(messages, changes, rooms, Previews(rooms), add_names=list)
