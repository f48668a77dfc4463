"""Invitations to groups over HTTP: create, list, revoke, preview and accept.

These calls have no events, because clients use them seldom.
"""

from __future__ import annotations

from flask import Blueprint, Response

from chat.auth import Identity, require_user
from chat.blueprints.http import answer, heavy, load, no_content
from chat.schemas.room_invitations import (
    NewInvitationSchema,
    dump_invited,
    dump_listed_invitation,
    dump_new_invitation,
)
from chat.schemas.rooms import dump_conversation
from chat.wiring import services

room_invitations = Blueprint("room_invitations", __name__, url_prefix="/api")


@room_invitations.post("/rooms/<room_id>/invitations")
@require_user
def create_invitation(identity: Identity, room_id: str) -> Response:
    made = services().room_invitations.create(identity.user, room_id, **load(NewInvitationSchema()))
    return answer(dump_new_invitation(*made), 201)


@room_invitations.get("/rooms/<room_id>/invitations")
@require_user
@heavy
def list_invitations(identity: Identity, room_id: str) -> Response:
    found = services().room_invitations.list(identity.user, room_id)
    return answer([dump_listed_invitation(*listed) for listed in found])


@room_invitations.delete("/rooms/<room_id>/invitations/<invitation_id>")
@require_user
def revoke_invitation(identity: Identity, room_id: str, invitation_id: str) -> Response:
    services().room_invitations.revoke(identity.user, room_id, invitation_id)
    return no_content()


@room_invitations.get("/invitations/<invitation_token>")
@require_user
def preview_invitation(identity: Identity, invitation_token: str) -> Response:
    return answer(
        dump_invited(services().room_invitations.preview(identity.user, invitation_token))
    )


@room_invitations.post("/invitations/<invitation_token>")
@require_user
def accept_invitation(identity: Identity, invitation_token: str) -> Response:
    room = services().room_invitations.accept(identity.user, invitation_token)
    found = services().conversations.get(identity.user, room.id)
    return answer(dump_conversation(found, services().presence.is_online))
