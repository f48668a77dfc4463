"""Files of messages and pictures of people and groups: who may add, send and read them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence

from chat.concurrency import yield_to_others
from chat.errors import InvalidInput, NotFound
from chat.models import Content, File, Message, Room, StoredFile, User
from chat.repositories.file_chunks import CHUNK, FileChunkRepository
from chat.repositories.files import FileRepository
from chat.repositories.messages import MessageRepository
from chat.services.membership_cache import MembershipCache
from chat.services.transfer_slots import TransferSlots
from chat.services.uploads import UNUSED_MS, Body, Uploads

CHECK_SECONDS = 5.0  # after which a download asks again whether it may go on


class FileService:
    """Keeps files that users upload, until they are sent and after."""

    def __init__(
        self,
        *,
        files: FileRepository,
        chunks: FileChunkRepository,
        messages: MessageRepository,
        membership_cache: MembershipCache,
        uploads: Uploads,
        slots: TransferSlots,
        small_slots: TransferSlots,
        clock: Callable[[], int],
    ) -> None:
        self._files = files
        self._chunks = chunks
        self._messages = messages
        self._membership_cache = membership_cache
        self._uploads = uploads
        self._slots = slots
        self._small_slots = small_slots
        self._clock = clock

    def receive(self, user: User, room_id: str, body: Body, name: str) -> File:
        """Store a file that the user may send to a room later."""
        room, _ = self._membership_cache.require_may_post(user.id, room_id, None)
        return self._uploads.receive(user.id, body, name=name, purpose="message", room_id=room.id)

    def receive_avatar(self, user: User, body: Body, room_id: str = "") -> File:
        """Store a picture of the user, or of a group, whose use the caller has to note.

        It is removed after a day unless `User.avatar` or `Room.avatar` is its id by then.
        """
        return self._uploads.receive(
            user.id, body, name="avatar", purpose="avatar", room_id=room_id
        )

    def claim(
        self, room: Room, user: User, client_id: str, file_ids: Sequence[str]
    ) -> tuple[File, ...]:
        """Reserve the user's files in the room for the message with that `client_id`.

        Repeating the call is no error. All files are checked before the first one is claimed. Each
        claim is one guarded write, so of two messages one gets the file. A claim whose message is
        not stored ends after a day.
        """
        found = [self._find_free(room, user, client_id, file_id) for file_id in file_ids]
        for stored in found:
            self._claim(stored, client_id)
        return tuple(stored.file for stored in found)

    def find(self, user: User, file_id: str) -> StoredFile:
        """Return a file that the user may read now; raise NotFound for any other."""
        stored = self._files.find(file_id)
        if stored is None or not self._may_read(stored, user.id):
            raise NotFound()
        return stored

    def find_preview(self, user: User, file_id: str) -> tuple[StoredFile, Content]:
        """Return a picture that the user may read now, and its preview: a small one is its own."""
        stored = self.find(user, file_id)
        if stored.file.width is None:
            raise NotFound()
        return stored, stored.preview or stored.content

    def begin_reading(self, user: User, address: str, size: int) -> Callable[[], None]:
        """Return a function to call at the end of a download; raise RateLimited for too many.

        Downloads of one chunk have slots of their own, which nobody holds for long: a page needs
        previews and avatars, whoever downloads large files.
        """
        slots = self._small_slots if size <= CHUNK else self._slots
        return slots.take(user.id, address)

    def read(
        self, content: Content, first: int, end: int, require_access: Callable[[], object]
    ) -> Iterator[bytes]:
        """Yield the bytes from `first` to before `end`, chunk by chunk.

        `require_access` is called again and again, and raises an error once the reader may read the
        file no more. Raises NotFound when the file is removed meanwhile.
        """
        checked_at = time.monotonic()
        for number in range(first // CHUNK, -(-end // CHUNK)):
            if time.monotonic() >= checked_at + CHECK_SECONDS:
                require_access()
                checked_at = time.monotonic()
            piece = self._chunks.find(content.id, number)
            if piece is None:
                raise NotFound()
            start = number * CHUNK
            yield piece[max(0, first - start) : end - start]
            yield_to_others()

    def _find_free(self, room: Room, user: User, client_id: str, file_id: str) -> StoredFile:
        """Return a file that the message may claim."""
        stored = self._files.find(file_id)
        if (
            stored is None
            or stored.purpose != "message"
            or (stored.room_id, stored.user_id) != (room.id, user.id)
        ):
            raise InvalidInput({"files": ["invalid.no_file"]})
        if stored.client_id not in (None, client_id):
            raise InvalidInput({"files": ["invalid.file_used"]})
        return stored

    def _claim(self, stored: StoredFile, client_id: str) -> None:
        # A repeat of the same send may have claimed it since it was found.
        for claimed in (stored.client_id, client_id):
            if self._files.claim(stored.id, client_id, claimed, self._clock() + UNUSED_MS):
                return
        raise InvalidInput({"files": ["invalid.file_used"]})

    def _may_read(self, stored: StoredFile, user_id: str) -> bool:
        if stored.purpose == "avatar":
            return True
        message = find_message_of(self._messages, stored)
        if message is None:  # not sent yet
            return stored.user_id == user_id
        # A repeated send with other files is answered with the first message, which lacks these.
        is_of_message = any(file.id == stored.id for file in message.files)
        return is_of_message and self._membership_cache.is_member(user_id, stored.room_id)


def find_message_of(messages: MessageRepository, stored: StoredFile) -> Message | None:
    """Return the message that has claimed a file, or None when it is not stored."""
    if stored.client_id is None:
        return None
    return messages.find_sent(stored.room_id, stored.user_id, stored.client_id)
