"""Registering accounts."""

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
    """Registers callers who have a code, an invitation or both."""

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
        """Create an account and log it in; raise InvalidInput for the code, Conflict for the name.

        With the token of an invitation the code may be missing; then the e-mail address is not
        proven. Only a caller with one of the two learns that a name or an address is taken, and
        can then try another name.

        Raises Forbidden if registration is closed or needs a link, and RateLimited for a caller (a
        network address) with too many wrong tries. After too many taken names it also raises
        RateLimited: in place of Conflict, and with an invitation alone for free names too. `key` is
        the key to bind the session to.
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
            self._codes.use_up(email, "register")  # an address registers only one account
        self._audit.record("registered", user.id, detail=f"invitation {link.id}" if link else "")
        return self._sessions.start(user, device, address=address, key=key)

    def _insert_by_link(self, draft: User, link: Link) -> User:
        """Spend a use of a link and store a new user; restore the use if the name is taken.

        Called last, so that earlier failures cost no use.
        """
        if not self._links.spend_use(link):
            raise InvalidInput({"invitation": ["invalid.link"]})
        try:
            return self._accounts.insert(draft)
        except Conflict:
            self._links.restore_use(link)
            raise
