"""Password hashes: argon2id, computed off the event loop."""

from __future__ import annotations

import secrets
import unicodedata

from argon2 import PasswordHasher, Type, extract_parameters
from argon2.exceptions import InvalidHashError, VerificationError

from chat.concurrency import offload
from chat.text.normalization import nfc

MEMORY_KIB = 19 * 1024  # the minimum of OWASP for two passes and one lane
PASSES = 2
LANES = 1
# Bounds for hashes made by another server, because their parameters set the cost of a check.
MAX_MEMORY_KIB = 128 * 1024
MAX_PASSES = 8
MAX_LANES = 8


class Passwords:
    """Hashes and checks passwords. A hash contains its salt and parameters.

    New hashes are of the composed form (NFC) of a password, because keyboards send different code
    points for one letter. Older hashes are of the typed form, so a check tries both.
    """

    def __init__(self) -> None:
        self._hasher = PasswordHasher(time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=LANES)
        self._nobody: str | None = None

    def hash(self, password: str) -> str:
        """Return the hash to store."""
        return offload(self._hasher.hash, nfc(password))

    def verify(self, password_hash: str | None, password: str) -> bool:
        """Return whether the password is right.

        For None (no such user) and for a hash that is too expensive to check, the call takes as
        long and returns False. The owner of such a hash needs a password reset.
        """
        if password_hash is None or not is_affordable(password_hash):
            if self._nobody is None:
                self._nobody = self.hash(secrets.token_urlsafe(16))
            offload(self._matches_any, self._nobody, password)
            return False
        return offload(self._matches_any, password_hash, password)

    def is_outdated(self, password_hash: str, password: str) -> bool:
        """Return whether the hash of this right password needs to be renewed."""
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
    """Return whether this is an argon2id hash with parameters within the bounds above."""
    try:
        found = extract_parameters(password_hash)
    except ValueError:  # no hash of argon2 at all
        return False
    return (
        found.type is Type.ID
        and found.memory_cost <= MAX_MEMORY_KIB
        and found.time_cost <= MAX_PASSES
        and found.parallelism <= MAX_LANES
    )


def _forms(password: str) -> list[str]:
    """Return the Unicode forms of which a stored hash may be, that of new hashes first."""
    forms = (nfc(password), password, unicodedata.normalize("NFD", password))
    return list(dict.fromkeys(forms))
