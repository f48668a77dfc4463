"""Permissions: pure functions that return nothing when it is allowed and raise when it is not.

A membership of None means "not a member". What a stranger may not see does not exist for them:
`NotFound`.
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

MOST_EMOJI = 20  # different ones that a message has
MOST_USED_EMOJI = 100  # different ones that it ever had: taking one back leaves a mark


def require_member(membership: Membership | None) -> Membership:
    """Return the membership, or say that the room does not exist."""
    if membership is None:
        raise NotFound()
    return membership


def resolve_role(room: Room, membership: Membership) -> Membership:
    """Return the membership with the role it stands for in its room.

    `Room.owner_id` alone says who the owner is. A stored "owner" who is not, or no longer, is an
    admin.
    """
    role = membership.role
    if room.owner_id == membership.user_id:
        role = "owner"
    elif role == "owner":
        role = "admin"
    return membership if role == membership.role else replace(membership, role=role)


def require_group(room: Room) -> None:
    """Refuse what has no meaning between two people: names, roles, coming and going."""
    if room.kind != "group":
        raise Forbidden()


def require_direct(room: Room) -> None:
    """Refuse what has a meaning between two people alone."""
    if room.kind != "direct":
        raise Forbidden()


def is_manager(room: Room, membership: Membership) -> bool:
    """Tell whether somebody is the owner or an admin of a group."""
    role = resolve_role(room, membership).role
    return room.kind == "group" and role in ("owner", "admin")


def require_manager(room: Room, membership: Membership | None) -> None:
    """Allow owners and admins of a group."""
    if not is_manager(room, require_member(membership)):
        raise Forbidden()


def may_post(room: Room, membership: Membership) -> bool:
    """Tell whether a member may write: all do, unless the group wants owner and admins alone."""
    return room.posting != "admins" or is_manager(room, membership)


def require_may_post(room: Room, membership: Membership) -> None:
    """Allow whoever may write."""
    if not may_post(room, membership):
        raise AdminsPost()


def require_author(message: Message, user_id: str) -> None:
    """Allow to change a text to the one who wrote it."""
    if message.user_id != user_id:
        raise Forbidden()


def require_may_pin(room: Room, membership: Membership) -> None:
    """Allow owners and admins of a group, and both in a direct room."""
    if room.kind == "group":
        require_manager(room, membership)


def require_undeleted(message: Message) -> None:
    """Refuse to change what is deleted."""
    if message.deleted:
        raise MessageDeleted()


def require_room_for_emoji(message: Message, emoji: str) -> None:
    """Refuse one more emoji on a message that has as many different ones as it may have."""
    shown = {reaction.emoji for reaction in message.reactions}
    if emoji in shown:
        return
    if len(shown) >= MOST_EMOJI or message.used_emoji >= MOST_USED_EMOJI:
        raise TooManyEmoji()


def require_owner(room: Room, membership: Membership | None) -> None:
    """Allow the owner of a group."""
    membership = require_member(membership)
    require_group(room)
    if membership.role != "owner":
        raise Forbidden()


def require_may_remove(room: Room, actor: Membership | None, target: Membership) -> None:
    """Allow owners to remove anyone, admins to remove members."""
    require_manager(room, actor)
    if actor is not None and actor.role == "admin" and target.role != "member":
        raise Forbidden()


def require_may_leave(room: Room, membership: Membership | None, member_count: int) -> None:
    """Allow everyone to leave a group; its owner only when nobody else is left in it."""
    membership = require_member(membership)
    require_group(room)
    if membership.role == "owner" and member_count > 1:
        raise Conflict()


def require_may_set_role(
    room: Room, actor: Membership | None, target: Membership, role: Role
) -> None:
    """Allow the owner to make members admins and back, and to hand the room over to another."""
    require_owner(room, actor)
    if target.role == "owner" and role != "owner":
        raise Conflict()


def require_peer(is_there: bool) -> None:
    """Refuse to write into a direct room that the other one has left for good."""
    if not is_there:
        raise PeerLeft()


def require_unblocked(blockers: Collection[str]) -> None:
    """Refuse to write to or invite each other where one of the two blocks the other one.

    `blockers` are those of the two who do. The answer is the same to both: it does not tell who.
    """
    if blockers:
        raise Forbidden()


def choose_heir(
    candidates: Iterable[Membership], disabled: Container[str] = ()
) -> Membership | None:
    """Return who a group passes to: the admin, or else the member, who came first; or None.

    Those whose ids are in `disabled` cannot log in, so they get it only where nobody else is left.
    """
    return min(
        candidates,
        key=lambda one: (one.user_id in disabled, one.role == "member", one.created_at),
        default=None,
    )


def require_other(user_id: str, other_id: str, field: str) -> None:
    """Refuse a talk with oneself."""
    if user_id == other_id:
        raise InvalidInput({field: ["invalid.oneself"]})
