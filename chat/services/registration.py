"""Registration is open to everybody, to those with a link, or to nobody."""

from __future__ import annotations

from chat.errors import Forbidden, InvalidInput
from chat.i18n import Text
from chat.text.addresses import domain_of, parse_domains

NAMED_DOMAINS = 5  # in the text of an error


class RegistrationClosed(Forbidden):
    """Nobody may register."""

    text_key = "error.registration_closed"


class LinkRequired(Forbidden):
    """Only those may register who have a link for it."""

    text_key = "error.link_required"


class Registration:
    """The rules of the settings REGISTRATION (`mode`) and REGISTRATION_DOMAINS (`domains`)."""

    def __init__(self, mode: str, domains: str) -> None:
        self.mode = mode
        self.domains = parse_domains(domains)
        self._written = [part.strip() for part in domains.split(",") if part.strip()]

    def require_allowed(self, email: str, *, by_link: bool) -> None:
        """Raise Forbidden where the settings let nobody register so, InvalidInput for the address.

        `email` may be empty for somebody with a link.
        """
        if self.mode == "closed":
            raise RegistrationClosed()
        if self.mode == "invitation" and not by_link:
            raise LinkRequired()
        if email and self.domains and domain_of(email) not in self.domains:
            raise InvalidInput({"email": [Text("invalid.email_domain", domains=self.named())]})

    def named(self) -> str:
        """Return the domains as people read them, the first few of many."""
        named = ", ".join(self._written[:NAMED_DOMAINS])
        return f"{named}, …" if len(self._written) > NAMED_DOMAINS else named
