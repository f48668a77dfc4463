"""The registration rules: open to everybody, only by a link, or closed."""

from __future__ import annotations

from chat.errors import Forbidden, InvalidInput
from chat.i18n import Text
from chat.text.addresses import domain_of, parse_domains

NAMED_DOMAINS = 5  # listed in the text of an error


class RegistrationClosed(Forbidden):
    """Nobody may register."""

    text_key = "error.registration_closed"


class LinkRequired(Forbidden):
    """Registration needs a link."""

    text_key = "error.link_required"


class Registration:
    """The rules of the settings REGISTRATION (`mode`) and REGISTRATION_DOMAINS (`domains`)."""

    def __init__(self, mode: str, domains: str) -> None:
        self.mode = mode
        self.domains = parse_domains(domains)
        self._written = [part.strip() for part in domains.split(",") if part.strip()]

    def require_allowed(self, email: str, *, by_link: bool) -> None:
        """Raise Forbidden if registration is closed or needs a link, InvalidInput for the domain.

        `email` may be empty for a caller with a link.
        """
        if self.mode == "closed":
            raise RegistrationClosed()
        if self.mode == "invitation" and not by_link:
            raise LinkRequired()
        if email and self.domains and domain_of(email) not in self.domains:
            raise InvalidInput(
                {"email": [Text("invalid.email_domain", domains=self.displayed_domains())]}
            )

    def displayed_domains(self) -> str:
        """Return the first few domains as text for users."""
        named = ", ".join(self._written[:NAMED_DOMAINS])
        return f"{named}, …" if len(self._written) > NAMED_DOMAINS else named
