"""Checking the codes and link tokens of callers, with limits on wrong ones."""

from __future__ import annotations

import logging

from chat.errors import InvalidInput, RateLimited
from chat.keyed_locks import KeyedLocks
from chat.limits.limits import Limits
from chat.limits.rules import (
    ALL,
    FIRST_WRONG_CODES,
    GUESSING_ALARMS,
    WRONG_CODES,
    WRONG_CODES_OF_ALL,
    WRONG_LINKS,
    per_caller,
)
from chat.models import Link, Purpose, User
from chat.services.audit import Audit
from chat.services.codes import MAX_WRONG_TRIES, TRIES_WHEN_GUESSED, VerificationCodes
from chat.services.links import Links

log = logging.getLogger(__name__)


class Proofs:
    """Checks the proofs needed to register or to set a new password."""

    def __init__(
        self, *, codes: VerificationCodes, links: Links, limits: Limits, audit: Audit
    ) -> None:
        self._codes = codes
        self._links = links
        self._limits = limits
        self._audit = audit
        # One try at a time for each caller. Otherwise many concurrent tries would all pass the
        # limits before the first one was counted.
        self._locks = KeyedLocks()

    def check_code(self, email: str, purpose: Purpose, code: str, address: str) -> None:
        """Raise InvalidInput for a wrong code and count it; raise RateLimited without a try."""
        usual = per_caller(WRONG_CODES, address)
        first = per_caller(FIRST_WRONG_CODES, address)
        with self._locks.lock_for(usual[-1][1]):
            try:
                for rule, key in usual:
                    self._limits.check(rule, key)
            except RateLimited:
                self._warn_of_guessing("one network")
                raise
            is_guessed = self._limits.is_reached(WRONG_CODES_OF_ALL, ALL)
            had_first = is_guessed and any(self._limits.is_reached(*counted) for counted in first)
            tries = TRIES_WHEN_GUESSED if had_first else MAX_WRONG_TRIES
            try:
                self._codes.check(email, purpose, code, tries)
            except InvalidInput:
                is_counted = all(self._limits.try_count(*counted) for counted in first)
                if is_guessed:
                    self._warn_of_guessing("many networks")
                elif is_counted:
                    self._limits.try_count(WRONG_CODES_OF_ALL, ALL)
                for rule, key in usual:
                    self._limits.count(rule, key)
                raise

    def find_link(self, purpose: Purpose, token: str, field: str, address: str) -> Link:
        """Return the link of a token; raise InvalidInput for `field`, RateLimited after many."""
        link = self._links.find(purpose, token)
        if link is None:
            for rule, key in per_caller(WRONG_LINKS, address):
                self._limits.count(rule, key)
            raise InvalidInput({field: ["invalid.link"]})
        return link

    def end_resets(self, user: User) -> None:
        """Invalidate the user's reset links and reset code."""
        self._links.end_resets(user.id)
        if user.email_is_proven:
            self._codes.use_up(user.email, "reset")

    def _warn_of_guessing(self, by: str) -> None:
        """Warn the operator of guessed codes, once an hour over all processes."""
        if self._limits.try_count(GUESSING_ALARMS, by):
            log.warning("codes are guessed: more wrong ones by %s than people mistype", by)
            self._audit.record("codes_guessed", detail=by)
