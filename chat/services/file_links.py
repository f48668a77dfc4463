"""Links by which a browser downloads a file without a token."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from itsdangerous import BadData, URLSafeSerializer

from chat.errors import NotFound

LIFETIME_MS = 60_000
MAX_GRANT = 512  # ours have about 150 characters


class Grant(NamedTuple):
    """What a link is for: the session of a user, who still has to be allowed to read the file."""

    user_id: str
    session_id: str


class FileLinks:
    """Makes and checks grants: signed, for one file and one session, good for a minute.

    A browser's download sends no token, and what is in an address ends up in histories and logs.
    So an address holds something that soon opens nothing.
    """

    def __init__(self, secret: str, clock: Callable[[], int]) -> None:
        self._serializer = URLSafeSerializer(secret, salt="file-link")
        self._clock = clock

    def make(self, file_id: str, user_id: str, session_id: str) -> str:
        """Return the grant of a link."""
        expires_at = self._clock() + LIFETIME_MS
        return str(self._serializer.dumps([file_id, user_id, session_id, expires_at]))

    def read(self, file_id: str, grant: str) -> Grant:
        """Return what a link is for; raise NotFound if it is none, or not any more."""
        try:
            if len(grant) > MAX_GRANT:
                raise NotFound()
            granted, user_id, session_id, expires_at = self._serializer.loads(grant)
        except (BadData, ValueError, TypeError):
            raise NotFound() from None
        if granted != file_id or expires_at < self._clock():
            raise NotFound()
        return Grant(user_id, session_id)
