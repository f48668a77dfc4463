"""The consumer of the rooms' logs that removes the files of deleted messages."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from chat.consumers.consumer import Batch


class DeletedFiles:
    """Marks the files of a deleted message within a second or two, or after a crash later.

    There were no files before its first start, so it begins at the head. The files of what is
    deleted in that very moment are found by their `remove_at`, within a day.
    """

    name = "files"
    begins_at_head = True
    tells_people = False
    reads_messages = False

    def __init__(self, remove_of_message: Callable[[str, str, str], None]) -> None:
        self._remove_of_message = remove_of_message

    def handle(self, batches: Sequence[Batch]) -> None:
        for batch in batches:
            for message in batch.changed:
                if message.deleted:
                    self._remove_of_message(message.room_id, message.user_id, message.client_id)

    def clear(self) -> Iterator[object]:
        """Do nothing: it stores nothing of its own."""
        return iter(())
