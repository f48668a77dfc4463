"""Nobody learns of many usernames that they are taken."""

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
    """Looks names up for those who register, and counts the taken ones that they were told of."""

    def __init__(self, users: UserRepository, codes: VerificationCodes, limits: Limits) -> None:
        self._users = users
        self._codes = codes
        self._limits = limits
        # Names are looked up one by one for each code or invitation: otherwise many tries at once
        # would all pass before the first was counted.
        self._locks = KeyedLocks()

    def require_free(self, username: str, code_of: str, link_id: str, address: str) -> None:
        """Raise Conflict for a name that is taken, or RateLimited where many were told of.

        `code_of` is whose code proves somebody, `link_id` the invitation of somebody without one.
        With too many for its mailbox the code is void, and an invitation lets nobody in for the
        rest of the hour: each would tell of any number of names, because free ones register.
        """
        proof = (TAKEN_NAMES_PER_MAILBOX, mailbox_of(code_of))
        if not code_of:
            proof = (TAKEN_NAMES_PER_LINK, link_id)
        with self._locks.lock_for(proof[1]):  # many tries at once are told of no more names
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
