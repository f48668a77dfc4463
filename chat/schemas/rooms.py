"""Rooms on the wire."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from chat.models import Addition, Conversation, Membership, Room, User
from chat.schemas import fields
from chat.schemas.base import Schema
from chat.schemas.messages import dump_message
from chat.schemas.users import dump_member_user

MAX_NAME = 50
MAX_INFO = 500

IsOnline = Callable[[str], bool]


class CreateRoomSchema(Schema):
    name = fields.String(required=True, min=1, max=MAX_NAME, blank=False, line=True)
    info = fields.String(max=MAX_INFO, plain=True, load_default="")


class UpdateRoomSchema(Schema):
    name = fields.String(min=1, max=MAX_NAME, blank=False, line=True)
    info = fields.String(max=MAX_INFO, plain=True)
    access = fields.Choice(["number", "invitation"])
    posting = fields.Choice(["members", "admins"])


class JoinRoomSchema(Schema):
    number = fields.Digits(required=True, min=1)


class RoomIdSchema(Schema):
    room_id = fields.Id(required=True)


class DirectRoomSchema(Schema):
    username = fields.String(required=True, min=1, max=100)


class AddMemberSchema(DirectRoomSchema):
    pass


class RoleSchema(Schema):
    role = fields.Choice(["owner", "admin", "member"], required=True)


class MutedSchema(Schema):
    muted = fields.Boolean(required=True)


class NotifySchema(Schema):
    notify = fields.Choice(["all", "mentions", "none"], required=True)


class HiddenSchema(Schema):
    hidden = fields.Boolean(required=True)


class PinnedSchema(Schema):
    pinned = fields.Boolean(required=True)


def dump_room(room: Room) -> dict[str, Any]:
    """Return a room as all its members see it, for pushes."""
    return {
        "id": room.id,
        "number": room.number,
        "kind": room.kind,
        "name": room.name,
        "info": room.info,
        "avatar": room.avatar,
        "owner_id": room.owner_id,
        "access": room.access,
        "posting": room.posting,
        "last_seq": room.last_seq,
        "last_rev": room.last_rev,
        "last_message": dump_message(room.last_message) if room.last_message else None,
        "created_at": room.created_at,
        "updated_at": room.updated_at,
    }


def dump_conversation(conversation: Conversation, is_online: IsOnline) -> dict[str, Any]:
    """Return a room with the member's own fields, for answers."""
    found = dump_room(conversation.room) | {
        "last_read_seq": conversation.membership.last_read_seq,
        "unread": conversation.unread,
        "last_mention_seq": conversation.last_mention_seq,
        **dump_settings(conversation),
    }
    if conversation.room.kind == "direct":
        peer, is_online = conversation.peer, presence_in(conversation.room, is_online)
        found["peer"] = dump_member_user(peer, is_online(peer.id)) if peer else None
        found["blocked"] = conversation.blocked
    return found


def dump_settings(conversation: Conversation) -> dict[str, Any]:
    """Return what a member has set of a room for themselves."""
    notify = conversation.membership.notify
    return {
        "notify": notify,
        "muted": notify == "none",
        "hidden": conversation.hidden,
        "pinned": conversation.membership.pinned,
    }


def presence_in(room: Room, is_online: IsOnline) -> IsOnline:
    """Return the presence that members of a room see; after a block nobody is online."""
    return (lambda _: False) if room.blocked_by else is_online


def dump_addition(addition: Addition, is_online: IsOnline) -> tuple[dict[str, Any], int]:
    """Return the answer to adding a user, and its HTTP status."""
    if addition.membership is None:
        return {"invited": True}, 202
    dumped = dump_member(addition.user, addition.membership, is_online)
    return dumped, 201 if addition.is_new else 200


def dump_member(user: User, membership: Membership, is_online: IsOnline) -> dict[str, Any]:
    """Return one entry of a room's list of members."""
    return {
        "user": dump_member_user(user, is_online(user.id)),
        "role": membership.role,
        "last_read_seq": membership.last_read_seq,
        "created_at": membership.created_at,
    }
