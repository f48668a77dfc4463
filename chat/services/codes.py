"""Codes that prove that an e-mail address is one's own."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable

from chat.clock import now_ms
from chat.errors import InvalidInput
from chat.models import Purpose
from chat.repositories.codes import CodeRepository, StoredCode

DIGITS: dict[Purpose, int] = {"register": 6, "reset": 8}  # who resets takes over an account
MINUTES = 10
LIFETIME_MS = MINUTES * 60_000
CLOCK_STEP_MS = 60_000  # by which a clock may be set back while a code is good
MAX_WRONG_TRIES = 5
TRIES_WHEN_GUESSED = 1  # for a caller who has typed the first few wrong ones


class VerificationCodes:
    """Makes, checks and uses up codes; they are stored as hashes under the server's secret."""

    def __init__(
        self, *, codes: CodeRepository, secret: str, clock: Callable[[], int] = now_ms
    ) -> None:
        self._codes = codes
        self._key = hashlib.sha256(b"codes\0" + secret.encode()).digest()
        self._clock = clock

    def issue(self, email: str, purpose: Purpose) -> str:
        """Return a new code, the only good one for this address and purpose from now on."""
        digits = DIGITS[purpose]
        code = f"{secrets.randbelow(10**digits):0{digits}}"
        salt = secrets.token_bytes(16)
        self._store(email, purpose, StoredCode(salt, self._hash(salt, code)))
        return code

    def issue_decoy(self, email: str, purpose: Purpose) -> None:
        """Store what no code fits, where none may be given out.

        Trying a code takes as long then as where one was: known addresses do not show by it.
        """
        self._store(email, purpose, StoredCode(secrets.token_bytes(16), secrets.token_bytes(32)))

    def check(
        self, email: str, purpose: Purpose, code: str, max_tries: int = MAX_WRONG_TRIES
    ) -> None:
        """Raise InvalidInput unless the code is right; it stays usable.

        It is not compared with a code that has had `max_tries` wrong ones.
        """
        # counted before compared: many guesses at once have no more tries than one by one
        stored = self._codes.spend_try(
            email, purpose, max_tries, self._clock(), LIFETIME_MS + CLOCK_STEP_MS
        )
        if stored is None or not hmac.compare_digest(
            stored.code_hash, self._hash(stored.salt, code)
        ):
            raise wrong_code()
        self._codes.give_back_try(email, purpose, stored)

    def use_up(self, email: str, purpose: Purpose) -> bool:
        """Make the code unusable; tell whether this call was the one that did."""
        return self._codes.delete(email, purpose)

    def _store(self, email: str, purpose: Purpose, code: StoredCode) -> None:
        self._codes.replace(email, purpose, code, self._clock() + LIFETIME_MS)

    def _hash(self, salt: bytes, code: str) -> bytes:
        return hmac.new(self._key, salt + code.encode(), hashlib.sha256).digest()


def wrong_code() -> InvalidInput:
    """Return what is said of a code that is wrong, used, void, too old or was never sent."""
    return InvalidInput({"code": ["invalid.code"]})
