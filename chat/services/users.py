"""Becoming a user, one's profile, finding others."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

from chat.chunks import CHUNK, chunked
from chat.clock import now_ms
from chat.concurrency import spawn
from chat.errors import Conflict, InvalidInput, NotFound, RateLimited, Unauthorized
from chat.ids import new_id
from chat.keyed_locks import KeyedLocks
from chat.limits.limits import Limits
from chat.limits.rules import (
    ALL,
    CHANGES,
    CODES_PER_ADDRESS,
    CODES_PER_EMAIL,
    FIRST_WRONG_CODES,
    GUESSING_ALARMS,
    SEARCHES,
    TAKEN_NAMES_PER_ADDRESS,
    TAKEN_NAMES_PER_LINK,
    TAKEN_NAMES_PER_MAILBOX,
    WRONG_CODES,
    WRONG_CODES_OF_ALL,
    WRONG_LINKS,
    per_caller,
)
from chat.models import Link, Purpose, User
from chat.repositories.codes import CodeRepository
from chat.repositories.users import PUBLIC, UserRepository
from chat.services import codes as verification
from chat.services.account_removal import AccountRemoval
from chat.services.audit import Audit
from chat.services.events import Events
from chat.services.links import Links
from chat.services.memberships import Memberships
from chat.services.passwords import Passwords
from chat.services.registration import Registration
from chat.services.sessions import Grant, SessionService
from chat.services.usernames import Usernames
from chat.text.addresses import is_international, mailbox_of, tidy_address

log = logging.getLogger(__name__)


class Mails(Protocol):
    """What is told by e-mail; failures are logged there and raise nothing."""

    def can_send_to(self, email: str) -> bool: ...

    def send_code(
        self, email: str, code: str, purpose: Purpose, minutes: int, locale: str
    ) -> None: ...

    def send_taken_notice(self, email: str, username: str, locale: str) -> None: ...


class UserService:
    """The verbs about people. `secret` is the server's secret key."""

    def __init__(
        self,
        *,
        users: UserRepository,
        memberships: Memberships,
        codes: CodeRepository,
        links: Links,
        registration: Registration,
        sessions: SessionService,
        removal: AccountRemoval,
        usernames: Usernames,
        mailer: Mails,
        limits: Limits,
        passwords: Passwords,
        events: Events,
        audit: Audit,
        secret: str,
        clock: Callable[[], int] = now_ms,
    ) -> None:
        self._users = users
        self._memberships = memberships
        self._codes = verification.VerificationCodes(codes=codes, secret=secret, clock=clock)
        self._links = links
        self._registration = registration
        self._sessions = sessions
        self._removal = removal
        self._usernames = usernames
        self._mailer = mailer
        self._limits = limits
        self._passwords = passwords
        self._events = events
        self._audit = audit
        self._clock = clock
        # Callers try their codes one by one, and names are looked up one by one for each code or
        # invitation: otherwise many tries at once would all pass before the first was counted.
        self._locks = KeyedLocks()

    def send_code(self, email: str, purpose: Purpose, *, locale: str, address: str) -> int:
        """Mail a code and return for how many seconds it is good.

        Raises RateLimited, Forbidden where codes register nobody, and InvalidInput for an address
        that may not register or that the mail server cannot send to.

        Whether the address is known shows neither in the answer nor in its time: what differs
        happens after it. `address` is the caller's network address.
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
        return verification.MINUTES * 60

    def register(
        self,
        *,
        username: str,
        password: str,
        email: str = "",
        code: str = "",
        invitation: str = "",
        nickname: str | None = None,
        address: str,
        device: str,
        key: str | None = None,
    ) -> Grant:
        """Create the account and log it in; raise InvalidInput for the code, Conflict for the name.

        With the token of an invitation the code may be left out: an address is not proven then.
        Only with one of the two does somebody learn that a name or an address is taken, and may try
        another name. Raises Forbidden where the settings let nobody register so, and RateLimited
        for a caller (a network address) with too many wrong tries, or when too many taken names
        were told: instead of Conflict, and for an invitation without a code for free names too.
        `key` is what the session is bound to.
        """
        self._registration.require_allowed(email, by_link=bool(invitation))
        draft = replace(self._draft(username, "", email, nickname), email_is_proven=bool(code))
        if code:
            self._check_code(email, "register", code, address)
        link = (
            self._find_link("register", invitation, "invitation", address) if invitation else None
        )
        self._require_free(username, email if code else "", link.id if link else "", address)
        draft = replace(draft, password_hash=self._passwords.hash(password))
        user = self._insert_by_link(draft, link) if link else self._users.insert(draft)
        if code:
            self._codes.use_up(email, "register")  # an address has one account: good but once
        self._audit.note("registered", user.id, detail=f"invitation {link.id}" if link else "")
        return self._sessions.start(user, device, address=address, key=key)

    def change_password(
        self, user: User, *, current_password: str, password: str, address: str
    ) -> User:
        """Set a new password, end every session, and return the user as they are then.

        Raises InvalidInput for the current password.
        """
        confirmed = self._sessions.confirm(user.id, current_password, address=address)
        password_hash = self._passwords.hash(password) if confirmed else ""
        if confirmed is None or not self._users.replace_password(
            confirmed, password_hash, self._clock()
        ):
            raise InvalidInput({"current_password": ["invalid.password"]})
        self._audit.note("password_changed", user.id)
        self._end_resets(user)
        self._sessions.end_all(user.id)
        return replace(confirmed, password_hash=password_hash)

    def reset_password(self, *, email: str, code: str, password: str, address: str) -> User:
        """Set a new password by a mailed code, end every session, and return the user.

        Raises InvalidInput, and RateLimited for a caller with too many wrong codes.
        """
        self._check_code(email, "reset", code, address)
        user = self._users.find_by_email(email)
        if user is None or not self._codes.use_up(email, "reset"):
            raise verification.wrong_code()
        return self._set_password(user, self._passwords.hash(password))

    def reset_password_by_link(self, *, reset_token: str, password: str, address: str) -> User:
        """Set a new password by the token of a link, once; end every session; return the user.

        Raises InvalidInput, and RateLimited for a caller with too many wrong tokens.
        """
        link = self._find_link("reset", reset_token, "reset_token", address)
        user = self._users.find(link.user_id)
        password_hash = self._passwords.hash(password)
        if user is None or not self._links.take_use(link):
            raise InvalidInput({"reset_token": ["invalid.link"]})
        return self._set_password(user, password_hash)

    def create_many(self, usernames: Sequence[str], password: str) -> Iterator[User]:
        """Create accounts without e-mail and yield them, also those that were there before.

        They share one password hash, which is what makes it fast; for trying out and for tests.
        """
        password_hash = self._passwords.hash(password)
        for names in chunked(usernames, CHUNK):
            drafts = [replace(self._draft(name, password_hash), id=new_id()) for name in names]
            if self._users.insert_many(drafts) == len(drafts):
                yield from drafts
                continue
            found = (self._users.find_by_username(name) for name in names)
            yield from (user for user in found if user)

    def names_of(self, user_ids: Iterable[str]) -> dict[str, str]:
        """Return username by user id; an account that is gone has the empty name."""
        return {
            user_id: names.username for user_id, names in self._usernames.find(user_ids).items()
        }

    def get_by_username(self, username: str) -> User:
        """Return a user by name in any case; raise NotFound."""
        user = self._users.find_by_username(username)
        if user is None:
            raise NotFound()
        return user

    def search(self, user: User, prefix: str) -> list[User]:
        """Return at most 20 users whose username or nickname starts so; nobody for nothing."""
        self._limits.count(SEARCHES, user.id)
        return self._users.search(prefix, limit=20) if prefix else []

    def update_profile(self, user: User, changes: Mapping[str, Any]) -> User:
        """Change those of nickname, sex, avatar, locale that are given; return the user.

        Those who share a room are told, unless it is the locale alone; in a direct room only while
        neither of the two blocks the other. Raises RateLimited.
        """
        if not changes:
            return user
        self._limits.count(CHANGES, user.id)
        changed = self._users.update(user.id, changes, self._clock())
        self._usernames.forget(user.id)
        self._events.own_user_changed(changed)
        if PUBLIC & changes.keys():
            self._events.user_changed(changed, self._memberships.list_told_of(user.id))
        return changed

    def delete_account(self, user: User, *, password: str, address: str) -> None:
        """End an account for good; raise InvalidInput for the password.

        What was said stays, signed by nobody. Raises Unauthorized when the account is gone already.
        """
        confirmed = self._sessions.confirm(user.id, password, address=address)
        # Ask again, because confirming takes a while. From here on a new password keeps nothing.
        if confirmed is None or not self._users.has_password_of(confirmed):
            if self._users.find(user.id) is None:
                raise Unauthorized()
            raise InvalidInput({"password": ["invalid.password"]})
        self.end(user)

    def end(self, user: User) -> None:
        """Delete an account, as an operator may without its password."""
        # Before the address is free: the code of whoever has it next must not be used up.
        self._end_resets(user)
        self._removal.remove(user.id)

    def _require_free(self, username: str, code_of: str, link_id: str, address: str) -> None:
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

    def _check_code(self, email: str, purpose: Purpose, code: str, address: str) -> None:
        """Raise InvalidInput for a wrong code and count it; RateLimited without spending a try."""
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
            tries = verification.TRIES_WHEN_GUESSED if had_first else verification.MAX_WRONG_TRIES
            try:
                self._codes.check(email, purpose, code, tries)
            except InvalidInput:
                is_counted = all(self._limits.note(*counted) for counted in first)
                if is_guessed:
                    self._warn_of_guessing("many networks")
                elif is_counted:
                    self._limits.note(WRONG_CODES_OF_ALL, ALL)
                for rule, key in usual:
                    self._limits.count(rule, key)
                raise

    def _warn_of_guessing(self, by: str) -> None:
        """Tell an operator, once an hour over all processes, that codes are guessed."""
        if self._limits.note(GUESSING_ALARMS, by):
            log.warning("codes are guessed: more wrong ones by %s than people mistype", by)
            self._audit.note("codes_guessed", detail=by)

    def _find_link(self, purpose: Purpose, token: str, field: str, address: str) -> Link:
        """Return a good link, or raise InvalidInput that names `field`; RateLimited after many."""
        link = self._links.find(purpose, token)
        if link is None:
            for rule, key in per_caller(WRONG_LINKS, address):
                self._limits.count(rule, key)
            raise InvalidInput({field: ["invalid.link"]})
        return link

    def _insert_by_link(self, draft: User, link: Link) -> User:
        """Store a new user by a use of a link, which is given back when the name is taken.

        It is taken last, so that all that can fail before costs none.
        """
        if not self._links.take_use(link):
            raise InvalidInput({"invitation": ["invalid.link"]})
        try:
            return self._users.insert(draft)
        except Conflict:
            self._links.give_back_use(link)
            raise

    def _set_password(self, user: User, password_hash: str) -> User:
        changed = self._users.update(user.id, {"password_hash": password_hash}, self._clock())
        self._audit.note("password_reset", user.id)
        self._end_resets(user)
        self._sessions.end_all(user.id)  # after the write: no log-in with the old one comes later
        return changed

    def _end_resets(self, user: User) -> None:
        """Make useless what was handed out before to set a new password with."""
        self._links.end_resets(user.id)
        if user.email_is_proven:
            self._codes.use_up(user.email, "reset")

    def _deliver(self, email: str, purpose: Purpose, known: User | None, locale: str) -> None:
        # To the account's own address: what was typed is the same to us, not to all mail servers.
        to = tidy_address(known.email) if known else email
        # a code to reset is for those who are known, one to register for all others
        if bool(known) == (purpose == "reset"):
            code = self._codes.issue(email, purpose)
            self._mailer.send_code(to, code, purpose, verification.MINUTES, locale)
            return
        self._codes.issue_decoy(email, purpose)
        if known:
            self._mailer.send_taken_notice(to, known.username, locale)

    def _draft(
        self, username: str, password_hash: str, email: str = "", nickname: str | None = None
    ) -> User:
        now = self._clock()
        return User(
            id="",
            username=username,
            nickname=nickname or username,
            sex=0,
            email=email,
            avatar="",
            locale=None,
            created_at=now,
            updated_at=now,
            password_hash=password_hash,
        )
