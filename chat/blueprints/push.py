"""Push subscriptions over HTTP."""

from __future__ import annotations

from flask import Blueprint, Response

from chat.auth import Identity, require_user
from chat.blueprints.http import answer, load, no_content
from chat.schemas.push import SubscribeSchema
from chat.wiring import services

push = Blueprint("push", __name__, url_prefix="/api")


@push.get("/push/key")
@require_user
def get_push_key(identity: Identity) -> Response:
    return answer({"key": services().push_subscriptions.public_key()})


@push.put("/session/push")
@require_user
def subscribe(identity: Identity) -> Response:
    data = load(SubscribeSchema())
    services().push_subscriptions.subscribe(identity.user, identity.session_id, **data)
    return no_content()


@push.delete("/session/push")
@require_user
def unsubscribe(identity: Identity) -> Response:
    services().push_subscriptions.unsubscribe(identity.user, identity.session_id)
    return no_content()
