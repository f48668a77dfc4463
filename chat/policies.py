"""Permissions: pure functions that return if an action is allowed and raise if it is not.

A membership of None means "not a member". A non-member gets `NotFound`, as for a missing room.
"""

from __future__ import annotations

from collections.abc import Collection, Container, Iterable
from dataclasses import replace

from chat.errors import (
    AdminsPost,
    Conflict,
    Forbidden,
    InvalidInput,
    MessageDeleted,
    NotFound,
    PeerLeft,
    TooManyEmoji,
)
from chat.models import Membership, Message, Role, Room
from chat.text.visibility import is_blank

MAX_EMOJI = 20  # different ones on a message
MAX_USED_EMOJI = 100  # different ones that a message ever had; a removed one leaves a mark


def require_member(membership: Membership | None) -> Membership:
    """Return the membership; raise NotFound for a non-member."""
    if membership is None:
        raise NotFound()
    return membership


def resolve_role(room: Room, membership: Membership) -> Membership:
    """Return the membership with its role in the room.

    Only `Room.owner_id` decides who the owner is. Any other member stored as "owner" is an admin.
    """
    role = membership.role
    if room.owner_id == membership.user_id:
        role = "owner"
    elif role == "owner":
        role = "admin"
    return membership if role == membership.role else replace(membership, role=role)


def require_group(room: Room) -> None:
    """Refuse actions that direct rooms do not have: names, roles, joining and leaving."""
    if room.kind != "group":
        raise Forbidden()


def require_direct(room: Room) -> None:
    """Refuse actions that only direct rooms have."""
    if room.kind != "direct":
        raise Forbidden()


def is_manager(room: Room, membership: Membership) -> bool:
    """Return whether a member is the owner or an admin of a group."""
    role = resolve_role(room, membership).role
    return room.kind == "group" and role in ("owner", "admin")


def require_manager(room: Room, membership: Membership | None) -> None:
    """Allow the owner and the admins of a group."""
    if not is_manager(room, require_member(membership)):
        raise Forbidden()


def may_post(room: Room, membership: Membership) -> bool:
    """Return whether a member may post: anybody, unless only the owner and admins post there."""
    return room.posting != "admins" or is_manager(room, membership)


def require_may_post(room: Room, membership: Membership) -> None:
    """Allow members who may post."""
    if not may_post(room, membership):
        raise AdminsPost()


def require_author(message: Message, user_id: str) -> None:
    """Allow the author of a message."""
    if message.user_id != user_id:
        raise Forbidden()


def require_may_pin(room: Room, membership: Membership) -> None:
    """Allow the owner and the admins of a group, and both members of a direct room."""
    if room.kind == "group":
        require_manager(room, membership)


def require_undeleted(message: Message) -> None:
    """Refuse changes of a deleted message."""
    if message.deleted:
        raise MessageDeleted()


def require_content(message: Message, data: str) -> None:
    """Require a text unless the message has files."""
    if is_blank(data) and not message.files:
        raise InvalidInput({"data": ["invalid.blank"]})


def require_emoji_capacity(message: Message, emoji: str) -> None:
    """Refuse an additional emoji on a message that has as many different ones as allowed."""
    shown = {reaction.emoji for reaction in message.reactions}
    if emoji in shown:
        return
    if len(shown) >= MAX_EMOJI or message.used_emoji >= MAX_USED_EMOJI:
        raise TooManyEmoji()


def require_owner(room: Room, membership: Membership | None) -> None:
    """Allow the owner of a group."""
    membership = require_member(membership)
    require_group(room)
    if membership.role != "owner":
        raise Forbidden()


def require_may_remove(room: Room, actor: Membership | None, target: Membership) -> None:
    """Allow the owner to remove anyone, and admins to remove plain members."""
    require_manager(room, actor)
    if actor is not None and actor.role == "admin" and target.role != "member":
        raise Forbidden()


def require_may_leave(room: Room, membership: Membership | None, member_count: int) -> None:
    """Allow every member to leave a group, but its owner only as the last member."""
    membership = require_member(membership)
    require_group(room)
    if membership.role == "owner" and member_count > 1:
        raise Conflict()


def require_may_set_role(
    room: Room, actor: Membership | None, target: Membership, role: Role
) -> None:
    """Allow the owner to set the roles of others, and to transfer ownership."""
    require_owner(room, actor)
    if target.role == "owner" and role != "owner":
        raise Conflict()


def require_peer(is_there: bool) -> None:
    """Refuse to write in a direct room whose other member has deleted their account."""
    if not is_there:
        raise PeerLeft()


def require_unblocked(blockers: Collection[str]) -> None:
    """Refuse messages and invitations between two users one of whom blocks the other.

    `blockers` are the ids of those who block. Both get the same error, so it does not reveal them.
    """
    if blockers:
        raise Forbidden()


def choose_next_owner(
    candidates: Iterable[Membership], disabled: Container[str] = ()
) -> Membership | None:
    """Return the next owner of a group: the oldest admin, else the oldest member, else None.

    Users in `disabled` cannot log in, so they are chosen only if nobody else is left.
    """
    return min(
        candidates,
        key=lambda one: (one.user_id in disabled, one.role == "member", one.created_at),
        default=None,
    )


def require_not_self(user_id: str, other_id: str, field: str) -> None:
    """Refuse an action on oneself; `field` is the input field of the error."""
    if user_id == other_id:
        raise InvalidInput({field: ["invalid.oneself"]})
