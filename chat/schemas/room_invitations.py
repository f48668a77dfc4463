"""Invitations to groups on the wire."""

from __future__ import annotations

from typing import Any

from chat.models import Invited, RoomInvitation, User
from chat.schemas import fields
from chat.schemas.base import Schema
from chat.schemas.users import dump_user

MINUTE = 60  # seconds
DAY = 24 * 60 * MINUTE
MAX_DAYS = 30
DEFAULT_DAYS = 7
MAX_USES = 1_000
DEFAULT_USES = 100


class NewInvitationSchema(Schema):
    """`expires_in` is in seconds."""

    expires_in = fields.Integer(min=MINUTE, max=MAX_DAYS * DAY, load_default=DEFAULT_DAYS * DAY)
    uses = fields.Integer(min=1, max=MAX_USES, load_default=DEFAULT_USES)


def dump_invitation(invitation: RoomInvitation) -> dict[str, Any]:
    """Return an invitation without its token, of which only the hash is stored."""
    return {
        "id": invitation.id,
        "expires_at": invitation.expires_at,
        "uses_left": invitation.uses_left,
        "created_at": invitation.created_at,
    }


def dump_new_invitation(invitation: RoomInvitation, token: str) -> dict[str, Any]:
    """Return an invitation with its token, once, for its creator."""
    return dump_invitation(invitation) | {"token": token}


def dump_listed_invitation(invitation: RoomInvitation, invited_by: User) -> dict[str, Any]:
    """Return an invitation for the owner and the admins of its group."""
    return dump_invitation(invitation) | {"invited_by": dump_user(invited_by)}


def dump_invited(invited: Invited) -> dict[str, Any]:
    """Return what the bearer of a token sees; the room's id only for its members."""
    room = invited.room
    return {
        "room": {
            "name": room.name,
            "info": room.info,
            "avatar": room.avatar,
            "members": invited.members,
        },
        "invited_by": dump_user(invited.invited_by),
        "room_id": room.id if invited.is_member else None,
    }
