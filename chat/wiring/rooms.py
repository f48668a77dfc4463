"""Rooms and their members."""

from __future__ import annotations

from dataclasses import dataclass

from chat.repositories.blocks import BlockRepository
from chat.services.blocks import Blocks
from chat.services.capacity import Capacity
from chat.services.consent import Consent
from chat.services.direct_rooms import DirectRooms
from chat.services.groups import Groups
from chat.services.invitation_tokens import InvitationTokens
from chat.services.joining import Joining
from chat.services.leaving import Leaving
from chat.services.member_removal import MemberRemoval
from chat.services.membership_requests import MembershipRequests
from chat.services.new_members import NewMembers
from chat.services.received_requests import ReceivedRequests
from chat.services.roles import Roles
from chat.services.room_invitations import RoomInvitationService
from chat.services.room_notifier import RoomNotifier
from chat.services.room_removal import RoomRemoval
from chat.services.room_repair import RoomRepair
from chat.wiring.core import Core
from chat.wiring.files import Files
from chat.wiring.repositories import Repositories


@dataclass(frozen=True)
class Rooms:
    """Rooms and their members."""

    blocks: Blocks
    membership_requests: MembershipRequests
    groups: Groups
    direct_rooms: DirectRooms
    joining: Joining
    leaving: Leaving
    member_removal: MemberRemoval
    roles: Roles
    room_repair: RoomRepair
    room_invitations: RoomInvitationService


def wire_rooms(core: Core, repositories: Repositories, files: Files) -> Rooms:
    blocks = Blocks(
        blocks=BlockRepository(core.database),
        rooms=repositories.rooms,
        users=repositories.users,
        membership_cache=core.membership_cache,
        limits=core.limits,
        jobs=core.jobs,
    )
    requests = MembershipRequests(
        requests=repositories.requests,
        received=ReceivedRequests(
            requests=repositories.requests,
            rooms=repositories.rooms,
            memberships=repositories.memberships,
            users=repositories.users,
            membership_cache=core.membership_cache,
            blocks=blocks,
        ),
        consent=Consent(
            repositories.rooms, repositories.memberships, repositories.messages, core.limits
        ),
        blocks=blocks,
        limits=core.limits,
        events=core.publisher,
        clock=core.database.now_ms,
    )
    notifier = RoomNotifier(core.membership_cache, core.room_log, core.usernames, core.publisher)
    removal = RoomRemoval(
        rooms=repositories.rooms,
        messages=repositories.messages,
        contents=(
            repositories.memberships,
            repositories.invitations,
            repositories.removals,
            repositories.requests,
            repositories.changes,
            files.file_removal,
            repositories.cursors,
            repositories.search,
        ),
        notifier=notifier,
        audit=core.audit,
        jobs=core.jobs,
    )
    roles = Roles(
        rooms=repositories.rooms,
        memberships=repositories.memberships,
        users=repositories.users,
        invitations=repositories.invitations,
        membership_cache=core.membership_cache,
        notifier=notifier,
        limits=core.limits,
        audit=core.audit,
    )
    leaving = Leaving(
        rooms=repositories.rooms,
        memberships=repositories.memberships,
        removals=repositories.removals,
        invitations=repositories.invitations,
        membership_cache=core.membership_cache,
        roles=roles,
        removal=removal,
        notifier=notifier,
    )
    capacity = Capacity(repositories.rooms, repositories.memberships)
    new_members = NewMembers(
        memberships=repositories.memberships,
        users=repositories.users,
        removals=repositories.removals,
        membership_cache=core.membership_cache,
        room_log=core.room_log,
        leaving=leaving,
        notifier=notifier,
        clock=core.database.now_ms,
    )
    joining = Joining(
        rooms=repositories.rooms,
        users=repositories.users,
        removals=repositories.removals,
        membership_cache=core.membership_cache,
        requests=requests,
        new_members=new_members,
        capacity=capacity,
        limits=core.limits,
    )
    return Rooms(
        blocks=blocks,
        membership_requests=requests,
        groups=Groups(
            rooms=repositories.rooms,
            membership_cache=core.membership_cache,
            new_members=new_members,
            capacity=capacity,
            removal=removal,
            notifier=notifier,
            limits=core.limits,
            audit=core.audit,
        ),
        direct_rooms=DirectRooms(
            rooms=repositories.rooms,
            memberships=repositories.memberships,
            users=repositories.users,
            messages=repositories.messages,
            new_members=new_members,
            blocks=blocks,
            limits=core.limits,
        ),
        joining=joining,
        leaving=leaving,
        member_removal=MemberRemoval(
            users=repositories.users,
            removals=repositories.removals,
            membership_cache=core.membership_cache,
            requests=requests,
            leaving=leaving,
            jobs=core.jobs,
            limits=core.limits,
            audit=core.audit,
        ),
        roles=roles,
        room_repair=RoomRepair(repositories.rooms, repositories.memberships, core.room_log, roles),
        room_invitations=RoomInvitationService(
            invitations=repositories.invitations,
            tokens=InvitationTokens(
                invitations=repositories.invitations,
                removals=repositories.removals,
                rooms=repositories.rooms,
                users=repositories.users,
                membership_cache=core.membership_cache,
                clock=core.database.now_ms,
            ),
            users=repositories.users,
            membership_cache=core.membership_cache,
            joining=joining,
            limits=core.limits,
            audit=core.audit,
            clock=core.database.now_ms,
        ),
    )
