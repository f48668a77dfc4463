"""Limits on how many taken usernames a caller can discover."""

from __future__ import annotations

from chat.errors import Conflict, RateLimited
from chat.keyed_locks import KeyedLocks
from chat.limits.limits import Limits
from chat.limits.rules import (
    TAKEN_NAMES_PER_ADDRESS,
    TAKEN_NAMES_PER_LINK,
    TAKEN_NAMES_PER_MAILBOX,
    per_caller,
)
from chat.repositories.users import UserRepository
from chat.services.codes import VerificationCodes
from chat.text.addresses import mailbox_of


class TakenNames:
    """Checks whether names are free, and counts the taken ones that a caller learned of."""

    def __init__(self, users: UserRepository, codes: VerificationCodes, limits: Limits) -> None:
        self._users = users
        self._codes = codes
        self._limits = limits
        # One check at a time for each code or invitation. Otherwise many concurrent checks would
        # all pass the limits before the first one was counted.
        self._locks = KeyedLocks()

    def require_free(self, username: str, code_of: str, link_id: str, address: str) -> None:
        """Raise Conflict for a taken name, or RateLimited after too many of them.

        `code_of` is the e-mail address of the caller's code. `link_id` is the invitation of a
        caller without a code. Over the limit, a code is void, and an invitation admits nobody for
        the rest of the hour. Otherwise each would reveal any number of names, because free ones
        register.
        """
        proof = (TAKEN_NAMES_PER_MAILBOX, mailbox_of(code_of))
        if not code_of:
            proof = (TAKEN_NAMES_PER_LINK, link_id)
        with self._locks.lock_for(proof[1]):
            if not code_of:
                self._limits.check(*proof)
            if self._users.find_by_username(username) is None:
                return
            try:
                for rule, key in (proof, *per_caller(TAKEN_NAMES_PER_ADDRESS, address)):
                    self._limits.count(rule, key)
            except RateLimited as error:
                if code_of and self._limits.is_reached(*proof):
                    self._codes.use_up(code_of, "register")
                error.fields = {"username": ["invalid.many_taken"]}
                raise
        raise Conflict({"username": ["invalid.taken"]})
