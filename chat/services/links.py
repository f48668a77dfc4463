"""Links that an operator issues: to register, and to set a new password."""

from __future__ import annotations

from collections.abc import Callable

from chat.clock import DAY_MS, now_ms
from chat.models import Link, Purpose
from chat.repositories.links import LinkRepository
from chat.tokens import hash_token, new_token

RESET_MINUTES = 60


class Links:
    """Issues, uses and revokes links. Their tokens are stored as hashes and shown once."""

    def __init__(self, links: LinkRepository, clock: Callable[[], int] = now_ms) -> None:
        self._links = links
        self._clock = clock

    def issue_registration(self, uses: int, days: int) -> tuple[Link, str]:
        """Return a new registration link for `uses` accounts, and its token."""
        return self._issue("register", uses, days * DAY_MS)

    def issue_reset(self, user_id: str) -> tuple[Link, str]:
        """Return a link with which a user can set a new password once, and its token.

        Earlier ones are revoked.
        """
        self.end_resets(user_id)
        return self._issue("reset", 1, RESET_MINUTES * 60_000, user_id)

    def find(self, purpose: Purpose, token: str) -> Link | None:
        """Return the link of a token; None for an unknown, used-up or expired one."""
        return self._links.find_valid(purpose, hash_token(token), self._clock())

    def spend_use(self, link: Link) -> bool:
        """Spend one use of a link; return False if none is left."""
        return self._links.spend_use(link.id, self._clock())

    def restore_use(self, link: Link) -> None:
        """Restore a use that was spent in vain."""
        self._links.restore_use(link.id)

    def list_registrations(self) -> list[Link]:
        """Return the registration links that have not expired, the oldest first."""
        return self._links.list_unexpired("register", self._clock())

    def revoke_registration(self, link_id: str) -> bool:
        """Revoke a registration link; return whether there was one."""
        return self._links.delete("register", link_id)

    def end_resets(self, user_id: str) -> None:
        """Revoke a user's reset links."""
        self._links.delete_of_user(user_id)

    def _issue(
        self, purpose: Purpose, uses: int, lifetime_ms: int, user_id: str = ""
    ) -> tuple[Link, str]:
        token = new_token()
        now = self._clock()
        draft = Link(
            id="",
            purpose=purpose,
            user_id=user_id,
            uses=uses,
            uses_left=uses,
            created_at=now,
            expires_at=now + lifetime_ms,
        )
        return self._links.insert(draft, hash_token(token)), token
