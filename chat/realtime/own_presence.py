"""Writes which users are online at this process: a few writes for any number of users."""

from __future__ import annotations

import threading
import time
import zlib
from collections.abc import Callable

from chat.repositories.presence import PresenceRepository

DOCUMENTS = 16  # the users of a process are spread over so many
END_SECONDS = 1.0
RENEW_AFTER = 5.0  # seconds after which a lease is renewed even if nothing changed


class OwnPresence:
    """The users online at this process, and its lease.

    If other processes declared this one dead, it starts again under a new id, so they cannot delete
    what it writes now.
    """

    def __init__(
        self, repository: PresenceRepository, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._repository = repository
        self._clock = clock
        self.process_id: str | None = None
        self._users: list[set[str]] = [set() for _ in range(DOCUMENTS)]
        self._versions = [0] * DOCUMENTS
        self._unwritten: set[int] = set()
        self._renewed_at = 0.0
        self._writing = threading.Lock()
        self._ended = False

    def __contains__(self, user_id: object) -> bool:
        """Return whether a user counts as online here."""
        return isinstance(user_id, str) and user_id in self._users[_number_of(user_id)]

    def add_user(self, user_id: str) -> None:
        """Record that a user is online here."""
        number = _number_of(user_id)
        self._users[number].add(user_id)
        self._unwritten.add(number)

    def remove_user(self, user_id: str) -> None:
        """Record that a user is offline here."""
        number = _number_of(user_id)
        self._users[number].discard(user_id)
        self._unwritten.add(number)

    def write(self) -> None:
        """Write what changed, and renew the lease when it is due."""
        with self._writing:
            if self._ended:
                return
            if self.process_id is None:
                self._begin()
            if self._unwritten or self._clock() - self._renewed_at >= RENEW_AFTER:
                self._write_changes()

    def end(self) -> None:
        """Delete this process and its users from the database, and write nothing any more."""
        self._ended = True
        # Do not wait for a write that hangs: the lease will expire.
        if self._writing.acquire(timeout=END_SECONDS):
            try:
                if self.process_id is not None:
                    self._repository.delete_process(self.process_id)
            finally:
                self._writing.release()

    def _begin(self) -> None:
        self._repository.delete_orphans()
        self.process_id = self._repository.insert_lease(self._versions)
        self._renewed_at = self._clock()
        self._unwritten = {number for number, users in enumerate(self._users) if users}

    def _write_changes(self) -> None:
        assert self.process_id is not None
        changed, self._unwritten = self._unwritten, set()
        began = self._clock()
        try:
            self._repository.write_users(
                self.process_id, {number: list(self._users[number]) for number in changed}
            )
            for number in changed:
                self._versions[number] += 1
            renewed = self._repository.renew_lease(self.process_id, self._versions)
        except Exception:
            self._unwritten |= changed
            raise
        self._renewed_at = began
        if not renewed:
            self.process_id = None
            self._begin()
            self._write_changes()


def _number_of(user_id: str) -> int:
    """Return the number of the document that holds a user."""
    return zlib.crc32(user_id.encode()) % DOCUMENTS
