"""Blocking users over HTTP."""

from __future__ import annotations

from flask import Blueprint, Response

from chat.auth import Identity, require_user
from chat.blueprints.http import answer, heavy, no_content
from chat.concurrency import cooperatively
from chat.schemas.users import dump_user
from chat.wiring import services

blocks = Blueprint("blocks", __name__, url_prefix="/api/users/me/blocks")


@blocks.get("")
@require_user
@heavy
def list_blocks(identity: Identity) -> Response:
    return answer(
        [dump_user(user) for user in cooperatively(services().blocks.list_of(identity.user))]
    )


@blocks.put("/<user_id>")
@require_user
def block(identity: Identity, user_id: str) -> Response:
    services().blocks.block(identity.user, user_id)
    return no_content()


@blocks.delete("/<user_id>")
@require_user
def unblock(identity: Identity, user_id: str) -> Response:
    services().blocks.unblock(identity.user, user_id)
    return no_content()
