"""Listing and answering membership requests over HTTP."""

from __future__ import annotations

from flask import Blueprint, Response

from chat.auth import Identity, require_user
from chat.blueprints.http import answer, heavy, no_content
from chat.schemas.membership_requests import dump_request
from chat.schemas.rooms import dump_conversation
from chat.wiring import services

membership_requests = Blueprint(
    "membership_requests", __name__, url_prefix="/api/users/me/invitations"
)


@membership_requests.get("")
@require_user
@heavy
def list_requests(identity: Identity) -> Response:
    found = services().membership_requests.list_of(identity.user)
    return answer([dump_request(request) for request in found])


@membership_requests.post("/<request_id>")
@require_user
def accept(identity: Identity, request_id: str) -> Response:
    room = services().joining.accept_request(identity.user, request_id)
    found = services().conversations.get(identity.user, room.id)
    return answer(dump_conversation(found, services().presence.is_online))


@membership_requests.delete("/<request_id>")
@require_user
def decline(identity: Identity, request_id: str) -> Response:
    services().membership_requests.decline(identity.user, request_id)
    return no_content()
