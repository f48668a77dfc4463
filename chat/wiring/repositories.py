"""The repositories that several services share."""

from __future__ import annotations

from dataclasses import dataclass

from chat.database.client import Database
from chat.repositories.changes import ChangeRepository
from chat.repositories.cursors import CursorRepository
from chat.repositories.membership_requests import MembershipRequestRepository
from chat.repositories.memberships import MembershipRepository
from chat.repositories.messages import MessageRepository
from chat.repositories.removals import RemovalRepository
from chat.repositories.room_invitations import RoomInvitationRepository
from chat.repositories.rooms import RoomRepository
from chat.repositories.search import SearchRepository
from chat.repositories.sessions import SessionRepository
from chat.repositories.users import UserRepository


@dataclass(frozen=True)
class Repositories:
    """Repositories used by more than one service, and only by services."""

    users: UserRepository
    sessions: SessionRepository
    rooms: RoomRepository
    memberships: MembershipRepository
    removals: RemovalRepository
    invitations: RoomInvitationRepository
    requests: MembershipRequestRepository
    messages: MessageRepository
    changes: ChangeRepository
    search: SearchRepository
    cursors: CursorRepository


def wire_repositories(database: Database) -> Repositories:
    return Repositories(
        users=UserRepository(database),
        sessions=SessionRepository(database),
        rooms=RoomRepository(database),
        memberships=MembershipRepository(database),
        removals=RemovalRepository(database),
        invitations=RoomInvitationRepository(database),
        requests=MembershipRequestRepository(database),
        messages=MessageRepository(database),
        changes=ChangeRepository(database),
        search=SearchRepository(database),
        cursors=CursorRepository(database),
    )
