"""What an operator does by commands: look at accounts and rooms, end them, keep people out.

All of it is in the audit log, looking too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from chat import policies
from chat.errors import NotFound
from chat.models import OPERATOR, Action, Link, Membership, Room, Session, User
from chat.repositories.rooms import RoomRepository
from chat.repositories.user_rooms import UserRoomRepository
from chat.repositories.users import UserRepository
from chat.services.audit import Audit
from chat.services.groups import Groups
from chat.services.links import Links
from chat.services.sessions import SessionService
from chat.services.users import UserService


@dataclass(frozen=True, slots=True)
class AccountView:
    """An account, where it is logged in, its rooms, and how many groups it owns."""

    user: User
    sessions: list[Session]
    rooms: int
    owned: int


@dataclass(frozen=True, slots=True)
class RoomView:
    """A room and who is in it, by username; an account that is gone has the empty name."""

    room: Room
    members: list[tuple[str, Membership]]


class Administration:
    """The operator's verbs. People are named by username or id, rooms by number or id."""

    def __init__(
        self,
        *,
        users: UserRepository,
        rooms: RoomRepository,
        user_rooms: UserRoomRepository,
        accounts: UserService,
        sessions: SessionService,
        groups: Groups,
        links: Links,
        audit: Audit,
        clock: Callable[[], int],
    ) -> None:
        self._users = users
        self._rooms = rooms
        self._user_rooms = user_rooms
        self._accounts = accounts
        self._sessions = sessions
        self._groups = groups
        self._links = links
        self._audit = audit
        self._clock = clock

    def issue_registration(self, uses: int, days: int) -> tuple[Link, str]:
        """Return a new link by which so many people can register, and its token."""
        link, token = self._links.issue_registration(uses, days)
        self._note("site_invitation_made", detail=f"{link.id} uses={uses} days={days}")
        return link, token

    def list_registrations(self) -> list[Link]:
        """Return the links to register that have not expired, the oldest first."""
        self._note("site_invitations_listed")
        return self._links.list_registrations()

    def revoke_registration(self, link_id: str) -> None:
        """End a link to register; raise NotFound."""
        if not self._links.revoke_registration(link_id):
            raise NotFound()
        self._note("site_invitation_revoked", detail=link_id)

    def list_users(self, *, disabled: bool = False) -> Iterator[User]:
        """Yield all accounts, or those that are disabled."""
        self._note("accounts_listed")
        return self._users.list_all(disabled)

    def show_user(self, name: str) -> AccountView:
        """Return what there is to know about an account; raise NotFound."""
        user = self._get_user(name)
        self._note("account_shown", target_id=user.id)
        memberships = self._user_rooms.list_of_user(user.id)
        rooms = self._rooms.list_by_ids(one.room_id for one in memberships)
        return AccountView(
            user=user,
            sessions=self._sessions.list(user.id),
            rooms=len(rooms),
            owned=sum(room.owner_id == user.id for room in rooms),
        )

    def get_user(self, name: str) -> User:
        """Return an account without a note that it was looked at; raise NotFound."""
        return self._get_user(name)

    def end_user(self, user_id: str) -> None:
        """End an account for good, as its owner would; raise NotFound."""
        user = self._get_user(user_id)
        self._note("account_ended", target_id=user.id)
        self._accounts.end(user)

    def disable_user(self, name: str) -> User:
        """Keep a person out and end their sessions; what they said stays. Raise NotFound."""
        user = self._get_user(name)
        if user.disabled_at is None:
            now = self._clock()
            user = self._users.update(user.id, {"disabled_at": now}, now)
            self._note("account_disabled", target_id=user.id)
        # After the write, so that no log-in comes later; once more where the first call failed.
        self._sessions.end_all(user.id)
        return user

    def enable_user(self, name: str) -> User:
        """Let a person in again; raise NotFound."""
        user = self._get_user(name)
        if user.disabled_at is not None:
            user = self._users.update(user.id, {"disabled_at": None}, self._clock())
            self._note("account_enabled", target_id=user.id)
        return user

    def issue_reset(self, name: str) -> tuple[User, Link, str]:
        """Return who may set a new password once, the link for it and its token."""
        user = self._get_user(name)
        link, token = self._links.issue_reset(user.id)
        self._note("reset_link_made", target_id=user.id)
        return user, link, token

    def list_rooms(self) -> Iterator[Room]:
        """Yield all rooms."""
        self._note("rooms_listed")
        return self._rooms.list_all()

    def show_room(self, name: str) -> RoomView:
        """Return a room with its members, the oldest membership first; raise NotFound."""
        room = self._get_room(name)
        self._note("room_shown", room_id=room.id)
        found = self._user_rooms.list_of_room(room.id)
        memberships = [policies.resolve_role(room, one) for one in found]
        names = self._accounts.names_of(one.user_id for one in memberships)
        return RoomView(room, [(names[one.user_id], one) for one in memberships])

    def get_room(self, name: str) -> Room:
        """Return a room without a note that it was looked at; raise NotFound."""
        return self._get_room(name)

    def end_room(self, room_id: str) -> None:
        """End a room of any kind with all that was said in it; raise NotFound."""
        room = self._get_room(room_id)
        self._groups.end(room.id, OPERATOR)
        if room.kind == "direct":  # what ends a group is noted wherever it ends
            self._note("direct_room_ended", room_id=room.id)

    def _get_user(self, name: str) -> User:
        user = self._users.find_by_username(name) or self._users.find(name)
        if user is None:
            raise NotFound()
        return user

    def _get_room(self, name: str) -> Room:
        room = self._rooms.find_by_number(name) or self._rooms.find(name)
        if room is None:
            raise NotFound()
        return room

    def _note(
        self, action: Action, *, target_id: str = "", room_id: str = "", detail: str = ""
    ) -> None:
        self._audit.note(action, OPERATOR, target_id=target_id, room_id=room_id, detail=detail)
