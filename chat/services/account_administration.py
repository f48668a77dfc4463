"""The operator's commands about accounts: view, delete, disable, issue links.

The audit log records every one of them, views included.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from chat.errors import NotFound
from chat.models import OPERATOR, Action, Link, Session, User
from chat.repositories.memberships import MembershipRepository
from chat.repositories.rooms import RoomRepository
from chat.repositories.users import UserRepository
from chat.services.account_deletion import AccountDeletion
from chat.services.audit import Audit
from chat.services.links import Links
from chat.services.sessions import SessionService


@dataclass(frozen=True, slots=True)
class AccountView:
    """An account, its sessions, the number of its rooms, and the number of groups it owns."""

    user: User
    sessions: list[Session]
    rooms: int
    owned: int


class AccountAdministration:
    """The operator's verbs about links and accounts. An account is named by username or id."""

    def __init__(
        self,
        *,
        users: UserRepository,
        rooms: RoomRepository,
        memberships: MembershipRepository,
        deletion: AccountDeletion,
        sessions: SessionService,
        links: Links,
        audit: Audit,
        clock: Callable[[], int],
    ) -> None:
        self._users = users
        self._rooms = rooms
        self._memberships = memberships
        self._deletion = deletion
        self._sessions = sessions
        self._links = links
        self._audit = audit
        self._clock = clock

    def issue_registration(self, uses: int, days: int) -> tuple[Link, str]:
        """Return a new registration link for `uses` accounts, and its token."""
        link, token = self._links.issue_registration(uses, days)
        self._record("site_invitation_made", detail=f"{link.id} uses={uses} days={days}")
        return link, token

    def list_registrations(self) -> list[Link]:
        """Return the registration links that have not expired, the oldest first."""
        self._record("site_invitations_listed")
        return self._links.list_registrations()

    def revoke_registration(self, link_id: str) -> None:
        """Revoke a registration link; raise NotFound."""
        if not self._links.revoke_registration(link_id):
            raise NotFound()
        self._record("site_invitation_revoked", detail=link_id)

    def list_users(self, *, disabled: bool = False) -> Iterator[User]:
        """Yield all accounts, or only the disabled ones."""
        self._record("accounts_listed")
        return self._users.list_all(disabled)

    def show_user(self, name: str) -> AccountView:
        """Return an account with its sessions and its room counts; raise NotFound."""
        user = self._get_user(name)
        self._record("account_shown", target_id=user.id)
        memberships = self._memberships.list_of_user(user.id)
        rooms = self._rooms.list_by_ids(one.room_id for one in memberships)
        return AccountView(
            user=user,
            sessions=self._sessions.list(user.id),
            rooms=len(rooms),
            owned=sum(room.owner_id == user.id for room in rooms),
        )

    def get_user(self, name: str) -> User:
        """Return an account without an audit entry for the view; raise NotFound."""
        return self._get_user(name)

    def end_user(self, user_id: str) -> None:
        """Delete an account as its owner would; raise NotFound."""
        user = self._get_user(user_id)
        self._record("account_ended", target_id=user.id)
        self._deletion.end(user)

    def disable_user(self, name: str) -> User:
        """Refuse log-ins to an account and end its sessions; raise NotFound.

        Its messages stay.
        """
        user = self._get_user(name)
        if user.disabled_at is None:
            now = self._clock()
            user = self._users.update(user.id, {"disabled_at": now}, now)
            self._record("account_disabled", target_id=user.id)
        # After the write, so that no later log-in succeeds. For an account that is disabled already
        # too, because the first call may have failed here.
        self._sessions.end_all(user.id)
        return user

    def enable_user(self, name: str) -> User:
        """Allow log-ins to an account again; raise NotFound."""
        user = self._get_user(name)
        if user.disabled_at is not None:
            user = self._users.update(user.id, {"disabled_at": None}, self._clock())
            self._record("account_enabled", target_id=user.id)
        return user

    def issue_reset(self, name: str) -> tuple[User, Link, str]:
        """Return a user, a link with which they can set a new password once, and its token."""
        user = self._get_user(name)
        link, token = self._links.issue_reset(user.id)
        self._record("reset_link_made", target_id=user.id)
        return user, link, token

    def _get_user(self, name: str) -> User:
        user = self._users.find_by_username(name) or self._users.find(name)
        if user is None:
            raise NotFound()
        return user

    def _record(self, action: Action, *, target_id: str = "", detail: str = "") -> None:
        self._audit.record(action, OPERATOR, target_id=target_id, detail=detail)
