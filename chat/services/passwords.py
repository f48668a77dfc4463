"""Passwords: argon2id, always off the event loop."""

from __future__ import annotations

import secrets

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from chat.concurrency import offload

MEMORY_KIB = 19 * 1024  # the floor that OWASP names, with two passes and one lane
PASSES = 2
LANES = 1


class Passwords:
    """Hashes and checks passwords; what it returns carries its own salt and parameters."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher(time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=LANES)
        self._nobody: str | None = None

    def hash(self, password: str) -> str:
        """Return the hash to store."""
        return offload(self._hasher.hash, password)

    def verify(self, password_hash: str | None, password: str) -> bool:
        """Tell whether the password is right; None (no such user) takes as long and is wrong."""
        if password_hash is None:
            if self._nobody is None:
                self._nobody = self.hash(secrets.token_urlsafe(16))
            offload(self._matches, self._nobody, password)
            return False
        return offload(self._matches, password_hash, password)

    def is_outdated(self, password_hash: str) -> bool:
        """Tell whether the hash was made with other parameters than today's."""
        return self._hasher.check_needs_rehash(password_hash)

    def _matches(self, password_hash: str, password: str) -> bool:
        try:
            return self._hasher.verify(password_hash, password)
        except (VerificationError, InvalidHashError):
            return False
