"""Rooms, their members and their messages over HTTP."""

from __future__ import annotations

from flask import Blueprint, Response, request

from chat.auth import Identity, require_user
from chat.blueprints.http import answer, heavy, load, load_query, no_content
from chat.concurrency import cooperatively
from chat.log.futures import wait_for
from chat.middleware.deadline import seconds_left
from chat.middleware.transfers import IncomingBody
from chat.models import Conversation
from chat.schemas.messages import (
    HistorySchema,
    PostMessageSchema,
    ReadSchema,
    dump_message,
    dump_page,
)
from chat.schemas.rooms import (
    AddMemberSchema,
    CreateRoomSchema,
    DirectRoomSchema,
    HiddenSchema,
    JoinRoomSchema,
    MutedSchema,
    NotifySchema,
    PinnedSchema,
    RoleSchema,
    UpdateRoomSchema,
    dump_addition,
    dump_conversation,
    dump_member,
    presence_in,
)
from chat.wiring import services

rooms = Blueprint("rooms", __name__, url_prefix="/api/rooms")


@rooms.get("")
@require_user
@heavy
def list_rooms(identity: Identity) -> Response:
    found = services().conversations.list_of(identity.user)
    return answer([_dump(conversation) for conversation in cooperatively(found)])


@rooms.post("")
@require_user
def create_room(identity: Identity) -> Response:
    room = services().groups.create_group(identity.user, **load(CreateRoomSchema()))
    return _answer_room(identity, room.id, 201)


@rooms.post("/direct")
@require_user
def open_direct_room(identity: Identity) -> Response:
    room, created = services().direct_rooms.direct_with(identity.user, **load(DirectRoomSchema()))
    return _answer_room(identity, room.id, 201 if created else 200)


@rooms.post("/join")
@require_user
def join_room(identity: Identity) -> Response:
    room = services().joining.join(identity.user, **load(JoinRoomSchema()))
    return _answer_room(identity, room.id)


@rooms.get("/<room_id>")
@require_user
def get_room(identity: Identity, room_id: str) -> Response:
    return _answer_room(identity, room_id)


@rooms.patch("/<room_id>")
@require_user
def update_room(identity: Identity, room_id: str) -> Response:
    services().groups.update(identity.user, room_id, load(UpdateRoomSchema()))
    return _answer_room(identity, room_id)


@rooms.put("/<room_id>/avatar")
@require_user
def set_avatar(identity: Identity, room_id: str) -> Response:
    services().avatars.set_of_group(identity.user, room_id, IncomingBody(request.environ, identity))
    return _answer_room(identity, room_id)


@rooms.delete("/<room_id>/avatar")
@require_user
def remove_avatar(identity: Identity, room_id: str) -> Response:
    services().avatars.remove_of_group(identity.user, room_id)
    return _answer_room(identity, room_id)


@rooms.delete("/<room_id>")
@require_user
def delete_room(identity: Identity, room_id: str) -> Response:
    services().groups.delete(identity.user, room_id)
    return no_content()


@rooms.get("/<room_id>/members")
@require_user
@heavy
def list_members(identity: Identity, room_id: str) -> Response:
    room, found = services().conversations.members(identity.user, room_id)
    is_online = presence_in(room, services().presence.is_online)
    return answer([dump_member(*member, is_online) for member in cooperatively(found)])


@rooms.post("/<room_id>/members")
@require_user
def add_member(identity: Identity, room_id: str) -> Response:
    addition = services().joining.add_member(identity.user, room_id, **load(AddMemberSchema()))
    return answer(*dump_addition(addition, services().presence.is_online))


@rooms.patch("/<room_id>/members/<user_id>")
@require_user
def set_role(identity: Identity, room_id: str, user_id: str) -> Response:
    user, membership = services().roles.set_role(
        identity.user, room_id, user_id, **load(RoleSchema())
    )
    return answer(dump_member(user, membership, services().presence.is_online))


@rooms.delete("/<room_id>/members/<user_id>")
@require_user
def remove_member(identity: Identity, room_id: str, user_id: str) -> Response:
    services().member_removal.remove_member(identity.user, room_id, user_id)
    return no_content()


@rooms.get("/<room_id>/messages")
@require_user
def list_messages(identity: Identity, room_id: str) -> Response:
    query = load_query(HistorySchema())
    page = services().history.history(identity.user, room_id, **query)
    dumped, _ = dump_page(page, identity.user.id, newest_first=query["after_seq"] is None)
    return answer(dumped | {"last_rev": page.last_rev})


@rooms.post("/<room_id>/messages")
@require_user
def post_message(identity: Identity, room_id: str) -> Response:
    future = services().messages.send(identity.user, room_id, **load(PostMessageSchema()))
    stored = wait_for(future, seconds_left())
    return answer(dump_message(stored.message, identity.user.id), 201 if stored.created else 200)


@rooms.put("/<room_id>/read")
@require_user
def mark_read(identity: Identity, room_id: str) -> Response:
    services().reading.mark_read(identity.user, room_id, **load(ReadSchema()))
    return _answer_room(identity, room_id)


@rooms.put("/<room_id>/muted")
@require_user
def set_muted(identity: Identity, room_id: str) -> Response:
    found = services().room_settings.set_muted(identity.user, room_id, **load(MutedSchema()))
    return answer(_dump(found))


@rooms.put("/<room_id>/notify")
@require_user
def set_notify(identity: Identity, room_id: str) -> Response:
    found = services().room_settings.set_notify(identity.user, room_id, **load(NotifySchema()))
    return answer(_dump(found))


@rooms.put("/<room_id>/hidden")
@require_user
def set_hidden(identity: Identity, room_id: str) -> Response:
    found = services().room_settings.set_hidden(identity.user, room_id, **load(HiddenSchema()))
    return answer(_dump(found))


@rooms.put("/<room_id>/pinned")
@require_user
def set_pinned(identity: Identity, room_id: str) -> Response:
    found = services().room_settings.set_pinned(identity.user, room_id, **load(PinnedSchema()))
    return answer(_dump(found))


@rooms.post("/<room_id>/number")
@require_user
def renew_number(identity: Identity, room_id: str) -> Response:
    services().groups.renew_number(identity.user, room_id)
    return _answer_room(identity, room_id)


def _answer_room(identity: Identity, room_id: str, status: int = 200) -> Response:
    return answer(_dump(services().conversations.get(identity.user, room_id)), status)


def _dump(conversation: Conversation) -> dict[str, object]:
    return dump_conversation(conversation, services().presence.is_online)
