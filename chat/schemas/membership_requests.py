"""Membership requests on the wire, where they are called invitations."""

from __future__ import annotations

from typing import Any

from chat.models import ReceivedRequest
from chat.schemas.users import dump_user


def dump_request(request: ReceivedRequest) -> dict[str, Any]:
    """Return a request for its recipient, with only the public fields of the group."""
    room = request.room
    return {
        "id": request.id,
        "room": {
            "id": room.id,
            "name": room.name,
            "info": room.info,
            "avatar": room.avatar,
            "members": request.member_count,
        },
        "invited_by": dump_user(request.invited_by),
        "created_at": request.created_at,
    }
