"""Passwords: argon2id, always off the event loop."""

from __future__ import annotations

import secrets
import unicodedata

from argon2 import PasswordHasher, Type, extract_parameters
from argon2.exceptions import InvalidHashError, VerificationError

from chat.concurrency import offload
from chat.text.normalization import nfc

MEMORY_KIB = 19 * 1024  # the floor that OWASP names, with two passes and one lane
PASSES = 2
LANES = 1
# Of a hash that another server made: checking one costs what its maker chose.
MOST_MEMORY_KIB = 128 * 1024
MOST_PASSES = 8
MOST_LANES = 8


class Passwords:
    """Hashes and checks passwords; what it returns carries its own salt and parameters.

    The composed form (NFC) of a password is hashed, because keyboards differ in what they send for
    one letter. Older hashes were made of what was typed, so that is tried as well.
    """

    def __init__(self) -> None:
        self._hasher = PasswordHasher(time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=LANES)
        self._nobody: str | None = None

    def hash(self, password: str) -> str:
        """Return the hash to store."""
        return offload(self._hasher.hash, nfc(password))

    def verify(self, password_hash: str | None, password: str) -> bool:
        """Tell whether the password is right; None (no such user) takes as long and is wrong.

        So does a hash that is too expensive to check: its owner sets a new password by a mailed
        code.
        """
        if password_hash is None or not is_affordable(password_hash):
            if self._nobody is None:
                self._nobody = self.hash(secrets.token_urlsafe(16))
            offload(self._matches_any, self._nobody, password)
            return False
        return offload(self._matches_any, password_hash, password)

    def is_outdated(self, password_hash: str, password: str) -> bool:
        """Tell whether `hash` would make another hash of a password that this one fits."""
        if self._hasher.check_needs_rehash(password_hash):
            return True
        return not password.isascii() and not offload(self._matches, password_hash, nfc(password))

    def _matches_any(self, password_hash: str, password: str) -> bool:
        return any(self._matches(password_hash, form) for form in _forms(password))

    def _matches(self, password_hash: str, password: str) -> bool:
        try:
            return self._hasher.verify(password_hash, password)
        except (VerificationError, InvalidHashError):
            return False


def is_affordable(password_hash: str) -> bool:
    """Tell whether this is a hash of argon2id whose parameters are within the bounds above."""
    try:
        found = extract_parameters(password_hash)
    except ValueError:  # no hash of argon2 at all
        return False
    return (
        found.type is Type.ID
        and found.memory_cost <= MOST_MEMORY_KIB
        and found.time_cost <= MOST_PASSES
        and found.parallelism <= MOST_LANES
    )


def _forms(password: str) -> list[str]:
    """Return the ways in which the password may have been hashed, today's first."""
    forms = (nfc(password), password, unicodedata.normalize("NFD", password))
    return list(dict.fromkeys(forms))
