"""Removal of files: whatever ends a file marks it, and one loop deletes what is marked.

Nobody reads a file any more once its removal has begun. What a process that dies has left of it is
removed by another one.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator

from chat.models import StoredFile
from chat.repositories.file_chunks import FileChunkRepository
from chat.repositories.files import FileRepository
from chat.repositories.messages import MessageRepository
from chat.repositories.outages import logged_unless_outage
from chat.repositories.rooms import RoomRepository
from chat.repositories.users import UserRepository
from chat.services.file_deletion import delete_file
from chat.services.files import find_message_of

INTERVAL = 60.0  # seconds between two searches for marked files, unless this process marks some
HOLD_MS = 60_000  # for which other processes leave a file to the one that deletes it
RELEASED_MS = 60_000  # for what uses a released file to end
AT_ONCE = 50  # files of one search

log = logging.getLogger(__name__)


class FileRemoval:
    """Marks files, and deletes them in a serving process."""

    def __init__(
        self,
        *,
        files: FileRepository,
        chunks: FileChunkRepository,
        messages: MessageRepository,
        users: UserRepository,
        rooms: RoomRepository,
        clock: Callable[[], int],
    ) -> None:
        self._files = files
        self._chunks = chunks
        self._messages = messages
        self._users = users
        self._rooms = rooms
        self._clock = clock
        self._marked = threading.Event()
        self._stopped = False

    def remove(self, file_id: str) -> None:
        """Remove a file that nothing uses any more."""
        self._files.mark(file_id, self._clock())
        self._marked.set()

    def release(self, file_id: str) -> None:
        """Have a file checked in a minute, and removed if nothing uses it then.

        Call it before a picture is replaced, and `remove` after: a crash in between loses nothing.
        """
        self._files.release(file_id, self._clock() + RELEASED_MS)

    def remove_of_message(self, room_id: str, user_id: str, client_id: str) -> None:
        """Remove the files of a deleted message. Idempotent."""
        self._files.mark_of_message(room_id, user_id, client_id, self._clock())
        self._marked.set()

    def delete_of_room(self, room_id: str) -> Iterator[int]:
        """Remove the files of a room that is deleted, in pieces."""
        yield from self._files.mark_of_room(room_id, self._clock())
        self._marked.set()

    def delete_user_data(self, user_id: str) -> None:
        """Remove the files of an account that is deleted."""
        for _ in self._files.mark_of_user(user_id, self._clock()):
            pass
        self._marked.set()

    def run(self) -> None:
        """Delete what is marked until stopped, also after database outages."""
        while not self._stopped:
            self._marked.wait(INTERVAL)
            self._marked.clear()
            with logged_unless_outage(log, "could not remove files", lambda: self._stopped):
                while not self._stopped and self.run_once():
                    pass

    def stop(self) -> None:
        """Stop the loop."""
        self._stopped = True
        self._marked.set()

    def run_once(self) -> bool:
        """Check and delete some of the due files; return whether there may be more."""
        due = self._files.list_due(self._clock(), AT_ONCE)
        for stored in due:
            if self._stopped:
                return False
            self._end(stored)
        return len(due) == AT_ONCE

    def _end(self, stored: StoredFile) -> None:
        """Delete a due file, or note that it is in use; leave it to another process that does."""
        if stored.state == "ready" and self._is_used(stored):
            self._files.keep(stored)
            return
        if not self._files.begin_removal(stored, self._clock() + HOLD_MS):
            return
        delete_file(self._files, self._chunks, stored)

    def _is_used(self, stored: StoredFile) -> bool:
        if stored.purpose == "message":
            message = find_message_of(self._messages, stored)
            return message is not None and any(file.id == stored.id for file in message.files)
        if stored.room_id:
            room = self._rooms.find(stored.room_id)
            return room is not None and room.avatar == stored.id
        user = self._users.find(stored.user_id)
        return user is not None and user.avatar == stored.id
