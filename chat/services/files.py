"""Files of messages."""

from __future__ import annotations

from collections.abc import Sequence

from chat.errors import InvalidInput
from chat.models import File, Room, User


class FileService:
    """Keeps files that users upload, until they are sent and after."""

    def claim(
        self, room: Room, user: User, client_id: str, file_ids: Sequence[str]
    ) -> tuple[File, ...]:
        """Reserve the user's files in the room for the message with that `client_id`."""
        raise InvalidInput({"files": ["invalid.no_file"]})
