"""Verification codes: they prove that an e-mail address is the caller's own."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable

from chat.clock import now_ms
from chat.errors import InvalidInput
from chat.models import Purpose
from chat.repositories.codes import CodeRepository, StoredCode

# A reset code takes over an account, so it is longer.
DIGITS: dict[Purpose, int] = {"register": 6, "reset": 8}
MINUTES = 10
LIFETIME_MS = MINUTES * 60_000
CLOCK_STEP_MS = 60_000  # a clock may be set back by so much during a code's lifetime
MAX_WRONG_TRIES = 5
TRIES_WHEN_GUESSED = 1  # during an attack, for a caller with several wrong codes


class VerificationCodes:
    """Issues, checks and uses up codes. The database holds only HMACs under the server's secret."""

    def __init__(
        self, *, codes: CodeRepository, secret: str, clock: Callable[[], int] = now_ms
    ) -> None:
        self._codes = codes
        self._key = hashlib.sha256(b"codes\0" + secret.encode()).digest()
        self._clock = clock

    def issue(self, email: str, purpose: Purpose) -> str:
        """Return a new code; it replaces the earlier one of this address and purpose."""
        digits = DIGITS[purpose]
        code = f"{secrets.randbelow(10**digits):0{digits}}"
        salt = secrets.token_bytes(16)
        self._store(email, purpose, StoredCode(salt, self._hash(salt, code)))
        return code

    def issue_decoy(self, email: str, purpose: Purpose) -> None:
        """Store a random hash that no code matches, for an address that gets no code.

        So checking a code takes the same time as for other addresses, which reveals nothing.
        """
        self._store(email, purpose, StoredCode(secrets.token_bytes(16), secrets.token_bytes(32)))

    def check(
        self, email: str, purpose: Purpose, code: str, max_tries: int = MAX_WRONG_TRIES
    ) -> None:
        """Raise InvalidInput unless the code is right; it stays usable.

        After `max_tries` wrong tries every code is wrong.
        """
        # Count the try before comparing, so that concurrent guesses get no additional tries.
        stored = self._codes.spend_try(
            email, purpose, max_tries, self._clock(), LIFETIME_MS + CLOCK_STEP_MS
        )
        if stored is None or not hmac.compare_digest(
            stored.code_hash, self._hash(stored.salt, code)
        ):
            raise wrong_code()
        self._codes.restore_try(email, purpose, stored)

    def use_up(self, email: str, purpose: Purpose) -> bool:
        """Delete the code; return whether this call deleted it."""
        return self._codes.delete(email, purpose)

    def _store(self, email: str, purpose: Purpose, code: StoredCode) -> None:
        self._codes.replace(email, purpose, code, self._clock() + LIFETIME_MS)

    def _hash(self, salt: bytes, code: str) -> bytes:
        return hmac.new(self._key, salt + code.encode(), hashlib.sha256).digest()


def wrong_code() -> InvalidInput:
    """Return the one error for a code that is wrong, used, void, expired or was never sent."""
    return InvalidInput({"code": ["invalid.code"]})
