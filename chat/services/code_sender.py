"""Sending verification codes by e-mail."""

from __future__ import annotations

from typing import Protocol

from chat.concurrency import spawn
from chat.errors import InvalidInput
from chat.limits.limits import Limits
from chat.limits.rules import CODES_PER_ADDRESS, CODES_PER_EMAIL, per_caller
from chat.models import Purpose, User
from chat.repositories.users import UserRepository
from chat.services.codes import MINUTES, VerificationCodes
from chat.services.registration import Registration
from chat.text.addresses import is_international, mailbox_of, tidy_address


class Mails(Protocol):
    """The mails of this module; the mailer logs failures and raises nothing."""

    def can_send_to(self, email: str) -> bool: ...

    def send_code(
        self, email: str, code: str, purpose: Purpose, minutes: int, locale: str
    ) -> None: ...

    def send_taken_notice(self, email: str, username: str, locale: str) -> None: ...


class CodeSender:
    """Sends verification codes without revealing which addresses have an account."""

    def __init__(
        self,
        *,
        users: UserRepository,
        codes: VerificationCodes,
        registration: Registration,
        mailer: Mails,
        limits: Limits,
    ) -> None:
        self._users = users
        self._codes = codes
        self._registration = registration
        self._mailer = mailer
        self._limits = limits

    def send_code(self, email: str, purpose: Purpose, *, locale: str, address: str) -> int:
        """Mail a code and return its lifetime in seconds.

        Raises RateLimited, Forbidden when nobody can register by a code, and InvalidInput for an
        address that may not register or that the mail server cannot send to.

        Neither the answer nor its time shows whether the address has an account, because the two
        cases differ only in what is done after the answer. `address` is the caller's network
        address.
        """
        if purpose == "register":
            self._registration.require_allowed(email, by_link=False)
        callers = per_caller(CODES_PER_ADDRESS, address)
        for rule, key in callers:
            self._limits.check(rule, key)
        self._limits.count(CODES_PER_EMAIL, f"{purpose} {mailbox_of(email)}")
        for rule, key in callers:
            self._limits.count(rule, key)
        if is_international(email) and not self._mailer.can_send_to(email):
            raise InvalidInput({"email": ["invalid.email_international"]})
        known = self._users.find_by_email(email)
        spawn(self._deliver, email, purpose, known, locale)
        return MINUTES * 60

    def _deliver(self, email: str, purpose: Purpose, known: User | None, locale: str) -> None:
        # Send to the stored address: the typed one equals it here, but not for every mail server.
        to = tidy_address(known.email) if known else email
        # Reset codes are for addresses with an account, registration codes for all others.
        if bool(known) == (purpose == "reset"):
            code = self._codes.issue(email, purpose)
            self._mailer.send_code(to, code, purpose, MINUTES, locale)
            return
        self._codes.issue_decoy(email, purpose)
        if known:
            self._mailer.send_taken_notice(to, known.username, locale)
