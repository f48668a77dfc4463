"""Becoming a user."""

from __future__ import annotations

from chat.errors import Conflict, InvalidInput
from chat.models import Link, User
from chat.services.accounts import Accounts
from chat.services.audit import Audit
from chat.services.codes import VerificationCodes
from chat.services.links import Links
from chat.services.proofs import Proofs
from chat.services.registration import Registration
from chat.services.sessions import Grant, SessionService
from chat.services.taken_names import TakenNames


class SignUp:
    """Registers people who have a code, an invitation or both."""

    def __init__(
        self,
        *,
        accounts: Accounts,
        registration: Registration,
        proofs: Proofs,
        taken_names: TakenNames,
        codes: VerificationCodes,
        links: Links,
        sessions: SessionService,
        audit: Audit,
    ) -> None:
        self._accounts = accounts
        self._registration = registration
        self._proofs = proofs
        self._taken_names = taken_names
        self._codes = codes
        self._links = links
        self._sessions = sessions
        self._audit = audit

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
        if code:
            self._proofs.check_code(email, "register", code, address)
        link = None
        if invitation:
            link = self._proofs.find_link("register", invitation, "invitation", address)
        self._taken_names.require_free(
            username, email if code else "", link.id if link else "", address
        )
        draft = self._accounts.draft(
            username, password, email=email, email_is_proven=bool(code), nickname=nickname
        )
        user = self._insert_by_link(draft, link) if link else self._accounts.insert(draft)
        if code:
            self._codes.use_up(email, "register")  # an address has one account: good but once
        self._audit.note("registered", user.id, detail=f"invitation {link.id}" if link else "")
        return self._sessions.start(user, device, address=address, key=key)

    def _insert_by_link(self, draft: User, link: Link) -> User:
        """Store a new user by a use of a link, which is given back when the name is taken.

        It is taken last, so that all that can fail before costs none.
        """
        if not self._links.take_use(link):
            raise InvalidInput({"invitation": ["invalid.link"]})
        try:
            return self._accounts.insert(draft)
        except Conflict:
            self._links.give_back_use(link)
            raise
