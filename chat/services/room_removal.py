"""Removal of a room: the room is deleted at once, and a job deletes its contents in pieces."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from chat.models import Room
from chat.repositories.messages import MessageRepository
from chat.repositories.rooms import RoomRepository
from chat.services.audit import Audit
from chat.services.jobs import Jobs, Progress
from chat.services.room_notifier import RoomNotifier

REMOVE = "remove_room"
SWEEP = "sweep_room"
# Seconds until the room's contents are searched once more, in case a process stored something
# before it learned of the removal.
SWEEP_AFTER = 60.0


class Contents(Protocol):
    """A collection with contents of rooms other than messages."""

    def delete_of_room(self, room_id: str) -> Iterable[object]: ...


class RoomRemoval:
    """Removes rooms by jobs, so that the removal is completed after a crash at any point.

    `contents` are deleted in this order, and then the messages.
    """

    def __init__(
        self,
        *,
        rooms: RoomRepository,
        messages: MessageRepository,
        contents: Sequence[Contents],
        notifier: RoomNotifier,
        audit: Audit,
        jobs: Jobs,
    ) -> None:
        self._rooms = rooms
        self._messages = messages
        self._contents = contents
        self._notifier = notifier
        self._audit = audit
        self._jobs = jobs
        jobs.register(REMOVE, self._remove)
        jobs.register(SWEEP, self._sweep)

    def remove(self, room: Room, actor_id: str, *, unchanged: bool) -> bool:
        """Delete a room whose owner is still the same; return whether it is deleted.

        With `unchanged`, only if nobody has joined or left since `room` was read. The job is stored
        first. If the room is not deleted after all, the job finds it and does nothing.
        """
        arguments = {
            "room_id": room.id,
            "owner_id": room.owner_id,
            "members_version": room.members_version if unchanged else None,
            "actor_id": actor_id,
        }
        self._jobs.enqueue(REMOVE, arguments)
        if not self._end(arguments):
            return False
        self._notifier.ended(room)
        return True

    def _end(self, arguments: Mapping[str, Any]) -> bool:
        """Delete the document of the room unless it changed; return whether it is deleted."""
        room_id, owner_id = arguments["room_id"], arguments["owner_id"]
        if self._rooms.delete(room_id, owner_id, arguments["members_version"]):
            if owner_id is not None:
                self._audit.record("group_deleted", arguments["actor_id"], room_id=room_id)
            return True
        return self._rooms.find(room_id) is None

    def _remove(self, arguments: Mapping[str, Any], progress: Progress) -> Iterator[Progress]:
        room_id = arguments["room_id"]
        # The process that began the removal may have died before this, or may still be on its way.
        if self._rooms.find(room_id) is not None and not self._end(arguments):
            return
        yield from self._sweep(arguments, progress)
        self._jobs.enqueue(SWEEP, {"room_id": room_id}, SWEEP_AFTER)

    def _sweep(self, arguments: Mapping[str, Any], progress: Progress) -> Iterator[Progress]:
        """Delete the contents of a room; stop if the room exists, which is checked at each piece.

        A restore may bring it back, and a dump of a running server may hold both a room and the
        job of its removal.
        """
        pieces = self._remove_contents(arguments["room_id"], progress)
        while self._rooms.find(arguments["room_id"]) is None:
            done = next(pieces, None)
            if done is None:
                return
            yield done

    def _remove_contents(self, room_id: str, progress: Progress) -> Iterator[Progress]:
        """Delete all contents in pieces; the progress is the first seq that may still exist."""
        for repository in self._contents:
            for _ in repository.delete_of_room(room_id):
                yield progress
        for seq in self._messages.delete_of_room(room_id, progress.get("seq", 1)):
            yield {"seq": seq}
